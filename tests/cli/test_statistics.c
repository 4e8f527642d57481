/* SPDX-License-Identifier: MIT */
/* The mathematics of `nnc eval`: the area under the ROC on cases worked out by hand and
 * against its definition, and the choice that looks random. */

#include "statistics.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_CASES = 64, N_ROUNDS = 200, N_CHOICES = 60000 };

static const struct {
    const char *why;
    size_t n_positive, n_negative;
    float positive[6], negative[6];
    double area; /* NAN: there is none */
} areas[] = {
    {"nothing at all", 0, 0, {0}, {0}, NAN},
    {"no negatives", 2, 0, {0.1f, 0.9f}, {0}, NAN},
    {"no positives", 0, 2, {0}, {0.1f, 0.9f}, NAN},
    {"one above one", 1, 1, {0.9f}, {0.1f}, 1},
    {"one below one", 1, 1, {0.1f}, {0.9f}, 0},
    {"one as high as one", 1, 1, {0.5f}, {0.5f}, 0.5},
    {"all the same", 3, 2, {1, 1, 1}, {1, 1}, 0.5},
    {"kept apart", 3, 3, {0.7f, 0.8f, 0.9f}, {0.1f, 0.2f, 0.3f}, 1},
    {"three of four pairs", 2, 2, {0.4f, 0.8f}, {0.2f, 0.6f}, 0.75},
    {"a tie inside", 2, 2, {0.4f, 0.8f}, {0.2f, 0.4f}, 0.875},
    {"ties of several", 3, 3, {0.5f, 0.5f, 1}, {0.5f, 0.5f, 0}, 7.0 / 9},
    {"many against one", 5, 1, {0.1f, 0.2f, 0.3f, 0.6f, 0.7f}, {0.4f}, 0.4},
    {"both zeros are one", 1, 1, {0.0f}, {-0.0f}, 0.5},
    {"infinities", 2, 1, {-INFINITY, INFINITY}, {0}, 0.5},
};

static void shuffle(struct cli_scored *cases, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        const size_t j = (size_t)rand() % (i + 1);
        const struct cli_scored swap = cases[i];
        cases[i] = cases[j];
        cases[j] = swap;
    }
}

START_TEST(areas_by_hand)
{
    struct cli_scored cases[12];
    size_t n = 0;
    for (size_t i = 0; i < areas[_i].n_positive; i++)
        cases[n++] = (struct cli_scored){areas[_i].positive[i], true};
    for (size_t i = 0; i < areas[_i].n_negative; i++)
        cases[n++] = (struct cli_scored){areas[_i].negative[i], false};
    shuffle(cases, n);
    const double area = cli_auroc(cases, n);
    ck_assert_msg(isnan(areas[_i].area) ? isnan(area) : area == areas[_i].area,
                  "%s: %.17g, expected %.17g", areas[_i].why, area, areas[_i].area);
}
END_TEST

static double area_by_definition(const struct cli_scored *cases, size_t n)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (cases[i].positive && !cases[j].positive) {
                pairs++;
                won += cases[i].score > cases[j].score    ? 1
                       : cases[i].score == cases[j].score ? 0.5
                                                          : 0;
            }
    return pairs > 0 ? won / pairs : (double)NAN;
}

/* Few different scores, so that there are many ties. */
START_TEST(area_is_that_of_the_definition_in_any_order)
{
    srand(1);
    for (int round = 0; round < N_ROUNDS; round++) {
        struct cli_scored cases[MAX_CASES];
        const size_t n = (size_t)rand() % MAX_CASES;
        for (size_t i = 0; i < n; i++)
            cases[i] = (struct cli_scored){(float)(rand() % 9) / 8, rand() % 3 == 0};
        const double expected = area_by_definition(cases, n);
        for (int order = 0; order < 3; order++) {
            shuffle(cases, n);
            const double area = cli_auroc(cases, n);
            ck_assert_msg(isnan(expected) ? isnan(area) : area == expected,
                          "round %d: %.17g, expected %.17g", round, area, expected);
        }
    }
}
END_TEST

START_TEST(choices_are_even_and_follow_seed_and_index)
{
    static const uint32_t counts[] = {1, 2, 3, 7, 19};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        const uint32_t n = counts[c];
        size_t chosen[19] = {0}, same = 0, differing = 0;
        for (uint64_t index = 0; index < N_CHOICES; index++) {
            const uint32_t choice = cli_random_below(5, index, n);
            if (choice >= n)
                ck_abort_msg("%u is not below %u", choice, n);
            chosen[choice]++;
            differing += choice != cli_random_below(5, index, n);
            same += choice == cli_random_below(6, index, n);
        }
        ck_assert_uint_eq(differing, 0);
        /* Binomial counts: five standard deviations are at most 5 * sqrt(N / n). */
        const double mean = (double)N_CHOICES / n, bound = n > 1 ? 5 * sqrt(mean) : 0;
        for (uint32_t i = 0; i < n; i++)
            ck_assert_msg(fabs((double)chosen[i] - mean) <= bound, "%u of %u: %zu times",
                          i, n, chosen[i]);
        ck_assert_msg(fabs((double)same - mean) <= bound,
                      "another seed chose the same %zu times of %u", same, n);
    }
}
END_TEST

START_TEST(share_of_nothing_is_no_number)
{
    ck_assert(isnan(cli_share(0, 0)));
    ck_assert(cli_share(0, 3) == 0);
    ck_assert(cli_share(3, 4) == 0.75);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("statistics");
    TCase *const cases = tcase_create("statistics");
    tcase_add_loop_test(cases, areas_by_hand, 0, sizeof areas / sizeof *areas);
    tcase_add_test(cases, area_is_that_of_the_definition_in_any_order);
    tcase_add_test(cases, choices_are_even_and_follow_seed_and_index);
    tcase_add_test(cases, share_of_nothing_is_no_number);
    suite_add_tcase(suite, cases);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
