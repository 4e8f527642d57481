/* SPDX-License-Identifier: MIT */
/* The texts of tasks as tables: text, what it means, or what is said against it. */

#include "counted_malloc.h"
#include "taxonomy_fixture.h"

#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

static struct fixture fixture;

static void build(void)
{
    fixture_build(&fixture, small_rows, SMALL_ROWS, SMALL_CLASSES);
    ck_assert_msg(!fixture.status, "%s", fixture.error.message);
}

static void finish(void)
{
    fixture_finish(&fixture);
}

/* Logits: 0 tank, 1 boy, 2 girl, 3 bus, 4 train/other, 5 steam, 6 vehicles_2/other,
 * 7 café. The expectation has a digit per logit. */
static const struct {
    const char *text, *active;
} cutouts[] = {
    {NULL, "11111111"},
    {"", "11111111"},
    {"  \t", "11111111"},
    {"vehicles_1", "00011100"},
    {"vehicles_1,people/boy", "01011100"},
    {"-people", "10011111"},
    {"-people,boy", "11011111"}, /* later entries add again */
    {"people,-boy", "00100000"},
    {"-boy,people", "11111111"},
    {"vehicles_*,-bus", "10001110"},
    {"vehicles_?", "10011110"},
    {"other", "00001010"},   /* any depth */
    {"*/other", "00000010"}, /* full paths, '*' stops at '/' */
    {"*/*/other", "00001000"},
    {"vehicles_1/*", "00011100"},
    {"vehicles_1/*,-vehicles_1/train", "00010000"},
    {"-*,bus", "00010000"}, /* empty on the way is no error */
    {"bus,bus,bus", "00010000"},
    {" bus , boy ", "01010000"},
    {"bus,\n- bus,girl", "00100000"},
    {"*", "11111111"},
    {"**", "11111111"},
    {"*a*", "10001101"},  /* tank, train and all below it, café */
    {"caf?", "00000001"}, /* '?' is a character, not a byte */
    {"caf??,bus", NULL},
    {"caf\xc3\xa9", "00000001"},
    {"c*\xa9", "00000001"},
    {"b??", "01010000"},
    {"?", NULL},
    {"*s", "00010000"},
    {"*s*,-*t*m", "10011010"}, /* bus, steam, vehicles_*; then not steam */
    {"people/*", "01100000"},
    {"people/", NULL},
    {"/people", NULL},
    {"people*boy", NULL}, /* '*' never matches '/' */
    {"people?boy", NULL},
    {"vehicles_1/other", NULL},
    {"BUS", NULL},
    {"-people,-vehicles_*,-caf*", NULL}, /* nothing is left */
    {"bus,-bus", NULL},
    {"bus,nonsense", NULL},
    {"bus,-nonsense", NULL},
    {"bus,,boy", NULL},
    {",bus", NULL},
    {"bus,", NULL},
    {"bus, ,boy", NULL},
    {"-", NULL},
    {"bus,-", NULL},
    {"--bus", NULL},
    {",", NULL},
    {"bus=1", NULL},
};

START_TEST(cutouts_mean_what_they_say)
{
    uint8_t active[SMALL_CLASSES];
    memset(active, 9, sizeof active);
    struct nnc_error error = {0};
    const enum nnc_status status =
        nnc_cutout_parse(&fixture.taxonomy, cutouts[_i].text, active, &error);
    if (!cutouts[_i].active) {
        ck_assert_int_eq(status, NNC_TASK);
        ck_assert_int_eq(error.status, NNC_TASK);
        ck_assert(error.message[0]);
        for (size_t i = 0; i < SMALL_CLASSES; i++)
            ck_assert_uint_eq(active[i], 9); /* untouched */
        return;
    }
    ck_assert_msg(!status, "%s", error.message);
    for (size_t i = 0; i < SMALL_CLASSES; i++)
        ck_assert_msg(active[i] == cutouts[_i].active[i] - '0', "'%s', logit %zu",
                      cutouts[_i].text, i);
}
END_TEST

static const struct {
    const char *text;
    uint32_t category;
    float gain; /* of this category; the others must be 1 if `alone` */
    bool alone;
} attentions[] = {
    {NULL, 0, 1, true},
    {"", 0, 1, true},
    {"vehicles_1=1.5", 1, 1.5f, true}, /* the category only, not what is below */
    {"vehicles_1=1.5,people=0.5", 4, 0.5f, false},
    {"bus=2,bus=3", 0, 3, true}, /* the last one wins */
    {"*=2,bus=3", 0, 3, false},
    {"bus=3,*=2", 0, 2, false},
    {"vehicles_1/*=4", 7, 4, false},
    {"vehicles_1/*=4", 8, 1, false}, /* one level */
    {"other=0", 10, 0, false},
    {"bus=0", 0, 0, true},
    {"bus=-0", 0, 0, true},
    {"bus=16", 0, 16, true},
    {"bus=+1.25", 0, 1.25f, true},
    {"bus=.5", 0, 0.5f, true},
    {"bus=5.", 0, 5, true},
    {"bus=1e-1", 0, 0.1f, true},
    {"bus=0.125E+2", 0, 12.5f, true},
    {"bus=1e-999", 0, 0, true},
    {"bus=0.1", 0, 0.1f, true},
    {"bus=15.999999", 0, 15.999999f, true},
    {"bus=0.3333333333333333333333", 0, 0.33333333f, true},
    {" bus = 2 ", 0, 2, true},
};

START_TEST(gains_are_set)
{
    float gains[SMALL_ROWS];
    struct nnc_error error;
    const enum nnc_status status =
        nnc_attention_parse(&fixture.taxonomy, attentions[_i].text, gains, &error);
    ck_assert_msg(!status, "%s", error.message);
    ck_assert_msg(gains[attentions[_i].category] == attentions[_i].gain, "%s: %.9g",
                  attentions[_i].text, (double)gains[attentions[_i].category]);
    ck_assert(!signbit(gains[attentions[_i].category]));
    for (uint32_t i = 0; i < SMALL_ROWS && attentions[_i].alone; i++)
        ck_assert(i == attentions[_i].category || gains[i] == 1.0f);
}
END_TEST

static const struct {
    const char *text, *object, *word;
} bad_attentions[] = {
    {"bus=nan", "bus", "finite"},
    {"bus=-NaN", "bus", "finite"},
    {"bus=inf", "bus", "finite"},
    {"bus=-Infinity", "bus", "finite"},
    {"bus=1e999", "bus", "finite"},
    {"bus=-1", "bus", "range"},
    {"bus=16.000001", "bus", "range"},
    {"bus=1e9", "bus", "range"},
    {"bus=", "bus", "number"},
    {"bus=x", "bus", "number"},
    {"bus=0x1", "bus", "number"},
    {"bus=1.5.2", "bus", "number"},
    {"bus=1=2", "bus", "number"},
    {"bus=1e", "bus", "number"},
    {"bus=.", "bus", "number"},
    {"bus=-", "bus", "number"},
    {"bus=- 1", "bus", "number"},
    {"bus=1,5", "5", "category=gain"},
    {"bus", "bus", "category=gain"},
    {"=1", "=1", "category=gain"},
    {" =1", "=1", "category=gain"},
    {"bus=1,,boy=1", "", "empty"},
    {"nonsense=1", "nonsense", "no category matches 'nonsense'"},
    {"-bus=1", "-bus", "did you mean 'bus'"},
};

START_TEST(bad_gains_are_refused)
{
    float gains[SMALL_ROWS] = {7};
    struct nnc_error error;
    const enum nnc_status status =
        nnc_attention_parse(&fixture.taxonomy, bad_attentions[_i].text, gains, &error);
    ck_assert_int_eq(status, NNC_TASK);
    ck_assert_str_eq(error.object, bad_attentions[_i].object);
    ck_assert_msg(strstr(error.message, bad_attentions[_i].word), "%s", error.message);
    ck_assert(gains[0] == 7.0f);
}
END_TEST

static const struct {
    const char *text, *object, *words;
} unknown[] = {
    {"vehicles", "vehicles", "'vehicles'; did you mean 'vehicles_1', 'vehicles_2'?"},
    {"bus,-peeple", "peeple", "did you mean 'people'?"},
    {"Bus", "Bus", "did you mean 'bus'"},
    {"people/buy", "people/buy", "did you mean 'people/boy'"},
    {"othr", "othr", "did you mean 'other'?"}, /* once, though it stands twice */
    {"zzzzzzzzzz", "zzzzzzzzzz", "no category matches 'zzzzzzzzzz'"},
};

START_TEST(unknown_names_are_answered_with_near_ones)
{
    uint8_t active[SMALL_CLASSES];
    struct nnc_error error;
    ck_assert_int_eq(
        nnc_cutout_parse(&fixture.taxonomy, unknown[_i].text, active, &error), NNC_TASK);
    ck_assert_str_eq(error.object, unknown[_i].object);
    ck_assert_msg(strstr(error.message, unknown[_i].words), "%s", error.message);
    ck_assert_int_eq(nnc_cutout_parse(&fixture.taxonomy, unknown[_i].text, active, NULL),
                     NNC_TASK);
}
END_TEST

START_TEST(the_length_is_limited)
{
    char text[NNC_TASK_TEXT_MAX + 2];
    uint8_t active[SMALL_CLASSES];
    float gains[SMALL_ROWS];
    memset(text, '*', sizeof text);
    text[NNC_TASK_TEXT_MAX + 1] = 0;
    ck_assert_int_eq(nnc_cutout_parse(&fixture.taxonomy, text, active, NULL), NNC_LIMIT);
    ck_assert_int_eq(nnc_attention_parse(&fixture.taxonomy, text, gains, NULL),
                     NNC_LIMIT);
    text[NNC_TASK_TEXT_MAX] = 0;
    ck_assert_int_eq(nnc_cutout_parse(&fixture.taxonomy, text, active, NULL), NNC_OK);
    memset(text, '?', NNC_TASK_TEXT_MAX); /* an entry longer than any message */
    ck_assert_int_eq(nnc_cutout_parse(&fixture.taxonomy, text, active, NULL), NNC_TASK);
}
END_TEST

/* The comma of a locale must not become part of the language of tasks. */
START_TEST(the_locale_does_not_matter)
{
    setlocale(LC_ALL, "de_DE.UTF-8"); /* may be missing: then the test is weaker */
    float gains[SMALL_ROWS];
    ck_assert_int_eq(nnc_attention_parse(&fixture.taxonomy, "bus=1.5", gains, NULL),
                     NNC_OK);
    ck_assert(gains[0] == 1.5f);
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(no_memory_is_an_answer)
{
    uint8_t active[SMALL_CLASSES];
    float gains[SMALL_ROWS];
    for (int attention = 0; attention < 2; attention++) {
        enum nnc_status status = NNC_NOMEM;
        int n = 0;
        for (; status == NNC_NOMEM; n++) {
            struct nnc_error error;
            allocations_left = n;
            status = attention
                         ? nnc_attention_parse(&fixture.taxonomy, "bus=1", gains, &error)
                         : nnc_cutout_parse(&fixture.taxonomy, "bus", active, &error);
            allocations_left = -1;
        }
        ck_assert_int_eq(status, NNC_OK);
        ck_assert_int_gt(n, 4);
    }
}
END_TEST

/* Time grows with the number of categories: 4096 stand for any number. */
enum { MANY = 4096, HOSTILE_TRIES = 10 };

/* 4096 classes whose names differ at the end only: the worst for patterns with stars. */
static void build_many(void)
{
    static char names[MANY][64];
    static struct fixture_row rows[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%04d", i);
        rows[i] = (struct fixture_row){names[i], NO, i};
    }
    fixture_build(&fixture, rows, MANY, MANY);
    ck_assert(!fixture.status);
}

static const char *const hostile_units[] = {
    "*,", "-*,*,", "?*,", "*a*a*a*a*a*a*a*9,", "*", "*0,*1,*2,*3,*4,*5,*6,*7,*8,*9,",
    "*a"};

/* Time of this thread alone: other programs on the machine do not count. */
static double busy_ms(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec * 1e-6;
}

/* The bound is 50 ms of processor time. Whoever shares caches and cores still slows it, so
 * the best of several tries counts, and sanitizers get ten times as long. */
START_TEST(hostile_texts_take_no_time)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const double bound_ms = 500;
#else
    const double bound_ms = 50;
#endif
    char text[NNC_TASK_TEXT_MAX + 1] = "";
    const size_t unit = strlen(hostile_units[_i]);
    size_t used = 0;
    for (; used + unit < NNC_TASK_TEXT_MAX - 1; used += unit)
        memcpy(text + used, hostile_units[_i], unit + 1);
    memcpy(text + used, "*", 2);
    uint8_t active[MANY];
    double best_ms = HUGE_VAL;
    for (int i = 0; i < HOSTILE_TRIES && best_ms >= bound_ms; i++) {
        const double start_ms = busy_ms();
        const enum nnc_status status =
            nnc_cutout_parse(&fixture.taxonomy, text, active, NULL);
        best_ms = fmin(best_ms, busy_ms() - start_ms);
        ck_assert(status == NNC_OK || status == NNC_TASK);
    }
    ck_assert_msg(best_ms < bound_ms, "'%s...': %.2f ms, at most %g", hostile_units[_i],
                  best_ms, bound_ms);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("task_text");
    TCase *const small = tcase_create("small");
    tcase_add_checked_fixture(small, build, finish);
    tcase_add_loop_test(small, cutouts_mean_what_they_say, 0,
                        sizeof cutouts / sizeof *cutouts);
    tcase_add_loop_test(small, gains_are_set, 0, sizeof attentions / sizeof *attentions);
    tcase_add_loop_test(small, bad_gains_are_refused, 0,
                        sizeof bad_attentions / sizeof *bad_attentions);
    tcase_add_loop_test(small, unknown_names_are_answered_with_near_ones, 0,
                        sizeof unknown / sizeof *unknown);
    tcase_add_test(small, the_length_is_limited);
    tcase_add_test(small, the_locale_does_not_matter);
    tcase_add_test(small, no_memory_is_an_answer);
    suite_add_tcase(suite, small);
    TCase *const many = tcase_create("many");
    tcase_set_timeout(many, 60);
    tcase_add_checked_fixture(many, build_many, finish);
    tcase_add_loop_test(many, hostile_texts_take_no_time, 0,
                        sizeof hostile_units / sizeof *hostile_units);
    suite_add_tcase(suite, many);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
