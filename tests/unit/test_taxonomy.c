/* SPDX-License-Identifier: MIT */
/* The tree of categories: what it answers, and what it refuses to be. */

#include "taxonomy_fixture.h"

#include <check.h>
#include <stdio.h>

static struct fixture fixture;

static void build_small(void)
{
    fixture_build(&fixture, small_rows, SMALL_ROWS, SMALL_CLASSES);
    ck_assert_msg(!fixture.status, "%s", fixture.error.message);
}

static void finish(void)
{
    fixture_finish(&fixture);
}

START_TEST(paths_depths_and_leaves_are_derived)
{
    static const struct {
        uint32_t index, depth;
        const char *path;
        bool leaf;
    } rows[] = {
        {0, 1, "vehicles_1/bus", true},         {1, 0, "vehicles_1", false},
        {8, 2, "vehicles_1/train/steam", true}, {7, 1, "vehicles_1/train", false},
        {11, 0, "caf\xc3\xa9", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct nnc_category *const category =
            nnc_taxonomy_category(&fixture.taxonomy, rows[i].index);
        ck_assert_uint_eq(category->index, rows[i].index);
        ck_assert_uint_eq(category->depth, rows[i].depth);
        ck_assert_str_eq(category->path, rows[i].path);
        ck_assert(category->leaf == rows[i].leaf);
    }
    ck_assert_uint_eq(nnc_taxonomy_n_categories(&fixture.taxonomy), SMALL_ROWS);
    ck_assert_uint_eq(nnc_taxonomy_n_classes(&fixture.taxonomy), SMALL_CLASSES);
    ck_assert_ptr_null(nnc_taxonomy_category(&fixture.taxonomy, SMALL_ROWS));
}
END_TEST

START_TEST(the_walk_is_depth_first_in_file_order)
{
    static const uint32_t order[] = {1, 0, 7, 8, 9, 2, 3, 10, 4, 5, 6, 11};
    uint32_t at = NNC_NO_CATEGORY;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        at = nnc_taxonomy_next(&fixture.taxonomy, at);
        ck_assert_uint_eq(at, order[i]);
    }
    ck_assert_uint_eq(nnc_taxonomy_next(&fixture.taxonomy, at), NNC_NO_CATEGORY);
    ck_assert_uint_eq(nnc_taxonomy_next(&fixture.taxonomy, 99), NNC_NO_CATEGORY);
}
END_TEST

START_TEST(classes_are_found_by_logit)
{
    ck_assert_str_eq(nnc_taxonomy_class(&fixture.taxonomy, 0)->path, "vehicles_2/tank");
    ck_assert_str_eq(nnc_taxonomy_class(&fixture.taxonomy, 7)->name, "caf\xc3\xa9");
    ck_assert_ptr_null(nnc_taxonomy_class(&fixture.taxonomy, SMALL_CLASSES));
}
END_TEST

START_TEST(categories_are_found_by_path)
{
    static const struct {
        const char *path;
        uint32_t index;
    } rows[] = {
        {"vehicles_1/train/other", 9},
        {"vehicles_2/other", 10},
        {"people", 4},
        {"vehicles_1/bus/", NNC_NO_CATEGORY},
        {"bus", NNC_NO_CATEGORY},
        {"", NNC_NO_CATEGORY},
        {"/", NNC_NO_CATEGORY},
        {"peopl", NNC_NO_CATEGORY},
        {"people/", NNC_NO_CATEGORY},
        {"people//boy", NNC_NO_CATEGORY},
        {"people2", NNC_NO_CATEGORY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(nnc_taxonomy_find(&fixture.taxonomy, rows[i].path) == rows[i].index,
                      "%s", rows[i].path);
}
END_TEST

START_TEST(classes_are_found_by_path_name_or_alias)
{
    static const char *const aliases[] = {"n02924116", "coach"};
    fixture.taxonomy.categories[0].aliases = aliases;
    fixture.taxonomy.categories[0].n_aliases = 2;
    static const struct {
        const char *text;
        uint32_t index;
    } rows[] = {
        {"coach", 0},
        {"bus", 0},
        {"vehicles_2/other", 10},
        {"other", 9},                /* the first in the order of the file */
        {"people", NNC_NO_CATEGORY}, /* no class */
        {"", NNC_NO_CATEGORY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(nnc_taxonomy_find_class(&fixture.taxonomy, rows[i].text) ==
                          rows[i].index,
                      "%s", rows[i].text);
}
END_TEST

START_TEST(within_means_itself_or_below)
{
    ck_assert(nnc_taxonomy_within(&fixture.taxonomy, 8, 1));
    ck_assert(nnc_taxonomy_within(&fixture.taxonomy, 8, 8));
    ck_assert(!nnc_taxonomy_within(&fixture.taxonomy, 1, 8));
    ck_assert(!nnc_taxonomy_within(&fixture.taxonomy, 8, 2));
    ck_assert(!nnc_taxonomy_within(&fixture.taxonomy, 8, NNC_NO_CATEGORY));
    ck_assert(!nnc_taxonomy_within(&fixture.taxonomy, NNC_NO_CATEGORY, 1));
}
END_TEST

static const struct {
    const char *reason;
    enum nnc_status status;
    uint32_t n_logits;
    struct fixture_row rows[4];
} refused[] = {
    {"unknown parent", NNC_DANGLING, 1, {{"a", 7, 0}}},
    {"its own parent", NNC_CYCLE, 1, {{"a", NO, 0}, {"b", 1, NO}}},
    {"a circle with a tail",
     NNC_CYCLE,
     1,
     {{"a", NO, 0}, {"x", 2, NO}, {"b", 3, NO}, {"c", 2, NO}}},
    {"same name, same parent",
     NNC_DUPLICATE,
     3,
     {{"a", NO, 0}, {"b", NO, 1}, {"a", NO, 2}}},
    {"a logit for two", NNC_DUPLICATE, 2, {{"a", NO, 0}, {"b", NO, 0}}},
    {"a logit for none", NNC_TAXONOMY, 2, {{"a", NO, 0}}},
    {"a leaf without logit", NNC_TAXONOMY, 1, {{"a", NO, 0}, {"b", NO, NO}}},
    {"an inner one with logit", NNC_TAXONOMY, 2, {{"a", NO, 0}, {"b", 0, 1}}},
    {"a logit out of range", NNC_TAXONOMY, 1, {{"a", NO, 1}}},
    {"no logits", NNC_TAXONOMY, 0, {{"a", NO, NO}}},
    {"too many logits", NNC_LIMIT, NNC_MAX_CLASSES + 1, {{"a", NO, 0}}},
    {"empty name", NNC_VALUE, 1, {{"", NO, 0}}},
    {"slash", NNC_VALUE, 1, {{"a/b", NO, 0}}},
    {"comma", NNC_VALUE, 1, {{"a,b", NO, 0}}},
    {"star", NNC_VALUE, 1, {{"a*", NO, 0}}},
    {"bracket", NNC_VALUE, 1, {{"a]", NO, 0}}},
    {"leading minus", NNC_VALUE, 1, {{"-a", NO, 0}}},
    {"leading space", NNC_VALUE, 1, {{" a", NO, 0}}},
    {"trailing space", NNC_VALUE, 1, {{"a ", NO, 0}}},
    {"control byte", NNC_VALUE, 1, {{"a\n", NO, 0}}},
    {"delete", NNC_VALUE, 1, {{"a\x7f", NO, 0}}},
    {"UTF-8 cut short", NNC_VALUE, 1, {{"a\xc3", NO, 0}}},
    {"overlong UTF-8", NNC_VALUE, 1, {{"\xc0\xaf", NO, 0}}},
    {"surrogate", NNC_VALUE, 1, {{"\xed\xa0\x80", NO, 0}}},
};

START_TEST(what_is_no_tree_is_refused)
{
    size_t n = 0;
    while (n < 4 && refused[_i].rows[n].name)
        n++;
    struct fixture bad;
    fixture_build(&bad, refused[_i].rows, n, refused[_i].n_logits);
    ck_assert_msg(bad.status == refused[_i].status, "%s: %s (%s)", refused[_i].reason,
                  nnc_status_name(bad.status), bad.error.message);
    ck_assert(bad.error.message[0]);
    fixture_finish(&bad);
}
END_TEST

/* A chain of `depth` categories with the class at its end. */
static enum nnc_status chain_status(size_t depth)
{
    static char names[NNC_MAX_CATEGORIES][24];
    struct fixture_row *const rows = calloc(depth, sizeof *rows);
    for (size_t i = 0; i < depth; i++) {
        snprintf(names[i], sizeof names[i], "c%zu", i);
        rows[i] = (struct fixture_row){names[i], i ? (int64_t)i - 1 : NO,
                                       i + 1 == depth ? 0 : NO};
    }
    struct fixture chain;
    fixture_build(&chain, rows, depth, 1);
    const enum nnc_status status = chain.status;
    fixture_finish(&chain);
    free(rows);
    return status;
}

START_TEST(depth_is_limited)
{
    ck_assert_int_eq(chain_status(NNC_MAX_DEPTH), NNC_OK);
    ck_assert_int_eq(chain_status(NNC_MAX_DEPTH + 1), NNC_LIMIT);
    ck_assert_int_eq(chain_status(NNC_MAX_CATEGORIES), NNC_LIMIT);
}
END_TEST

START_TEST(no_memory_is_an_answer)
{
    build_small();
    for (size_t room = 0; room < 1024; room += 16) {
        struct nnc_pool pool = {.limit = room};
        struct nnc_taxonomy taxonomy = {.categories = fixture.taxonomy.categories,
                                        .n_categories = SMALL_ROWS};
        struct nnc_error error;
        const enum nnc_status status =
            nnc_taxonomy_link(&taxonomy, SMALL_CLASSES, &pool, &error);
        ck_assert(status == NNC_NOMEM || status == NNC_OK);
        nnc_pool_finish(&pool);
        ck_assert_msg(room > 0 || status == NNC_NOMEM, "no room at all");
    }
    finish();
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("taxonomy");
    TCase *const answers = tcase_create("answers");
    tcase_add_checked_fixture(answers, build_small, finish);
    tcase_add_test(answers, paths_depths_and_leaves_are_derived);
    tcase_add_test(answers, the_walk_is_depth_first_in_file_order);
    tcase_add_test(answers, classes_are_found_by_logit);
    tcase_add_test(answers, categories_are_found_by_path);
    tcase_add_test(answers, classes_are_found_by_path_name_or_alias);
    tcase_add_test(answers, within_means_itself_or_below);
    suite_add_tcase(suite, answers);
    TCase *const refusals = tcase_create("refusals");
    tcase_add_loop_test(refusals, what_is_no_tree_is_refused, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(refusals, depth_is_limited);
    tcase_add_test(refusals, no_memory_is_an_answer);
    suite_add_tcase(suite, refusals);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
