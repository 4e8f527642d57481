/* SPDX-License-Identifier: MIT */
/* Every recorded model in a folder, on all kernels this machine can run: the outputs that
 * another engine recorded, what recorded tasks compute and cost, and the invariants that
 * need no recording - cutouts, threads, neutral attention and switching there and back
 * change no bit. */

#include "../kernel_choices.h"
#include "runtime/model.h"
#include <nnc/nnc.h>

#include <check.h>
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Relative to the largest logit. fp32 sums of at most some thousand terms stay far below;
 * float16 weights are exact in both engines, and so are the quantised models. bf16 rounds
 * both factors by up to 2^-9, and errors of layers add up. */
static const double TOLERANCES[] = {
    [NNC_PRECISION_FP32] = 1e-4, [NNC_PRECISION_BF16] = 0.05, [NNC_PRECISION_INT8] = 1e-4};
static enum nnc_precision precision;
enum { RANDOM_CUTOUTS = 24, LARGE = 32, SLOW_CASES = 4, MAX_FILES = 512 };

static char files[MAX_FILES][512];
static int n_files;

static float *floats_of(const json_t *array, size_t *n)
{
    *n = json_array_size(array);
    float *const out = calloc(*n + 1, sizeof *out);
    for (size_t i = 0; i < *n; i++)
        out[i] = (float)json_number_value(json_array_get(array, i));
    return out;
}

/* Gains by category from a recorded attention vector. */
static float *gains_of(const struct nnc_model *model, const json_t *attention)
{
    const struct nnc_graph *const g = model->graph;
    float *const gains = calloc(g->taxonomy->n_categories, sizeof *gains);
    for (uint32_t c = 0; c < g->taxonomy->n_categories; c++) {
        const uint32_t k = g->branches[c].gain;
        gains[c] = attention && k != NNC_NONE
                       ? (float)json_number_value(json_array_get(attention, k))
                       : 1;
    }
    return gains;
}

static struct nnc_task *task_of(struct nnc_model *model, const uint8_t *active,
                                const float *gains)
{
    struct nnc_error error;
    struct nnc_task *task;
    ck_assert_msg(!nnc_task_create_from_arrays(model, active, gains, 0, &task, &error), "%s",
                  error.message);
    return task;
}

static struct nnc_session *session_of(struct nnc_model *model, unsigned threads)
{
    const struct nnc_session_options options = {.threads = threads,
                                                 .least_shared_macs = 1};
    struct nnc_session *session;
    struct nnc_error error;
    ck_assert_msg(!nnc_session_create(model, &options, &session, &error), "%s", error.message);
    return session;
}

/* Runs and spreads the ranked logits to logit order; absent ones stay NaN. */
static void run(struct nnc_session *session, struct nnc_model *model,
                const struct nnc_task *task, const float *input, float *logits)
{
    struct nnc_scores scores;
    struct nnc_error error;
    ck_assert_msg(!nnc_session_run_tensor(session, task, input, &scores, &error), "%s",
                  error.message);
    for (size_t k = 0; k < nnc_taxonomy_n_classes(nnc_model_taxonomy(model)); k++)
        logits[k] = NAN;
    ck_assert_uint_eq(scores.n, nnc_task_n_active(task));
    for (size_t i = 0; i < scores.n; i++)
        logits[nnc_taxonomy_category(nnc_model_taxonomy(model), scores.ranked[i].category)
                   ->logit] = scores.ranked[i].logit;
}

/* A recorded null is an output that the task does not compute. */
static void compare_recorded(const char *what, const float *got, size_t n,
                             const json_t *expected)
{
    double largest = 1e-6, worst = 0;
    ck_assert_uint_eq(json_array_size(expected), n);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(json_number_value(json_array_get(expected, i))));
    for (size_t i = 0; i < n; i++) {
        const json_t *const value = json_array_get(expected, i);
        ck_assert_msg(json_is_null(value) == !!isnan(got[i]), "%s: logit %zu is %g", what, i,
                      (double)got[i]);
        if (!json_is_null(value))
            worst = fmax(worst, fabs((double)got[i] - json_number_value(value)));
    }
    ck_assert_msg(worst <= TOLERANCES[precision] * largest, "%s: off by %g, largest value %g", what, worst,
                  largest);
}

/* `exact`: every presence that is recorded must have been computed. */
static void check_presence(const char *what, const struct nnc_model *model,
                           const struct nnc_session *session, const json_t *expected,
                           bool exact)
{
    const struct nnc_graph *const g = model->graph;
    int seen = 0;
    for (uint32_t c = 0; c < g->taxonomy->n_categories; c++) {
        const json_t *const value = json_array_get(expected, g->branches[c].presence);
        const double want = json_number_value(value);
        float logit;
        if (!nnc_session_presence_logit(session, c, &logit)) {
            ck_assert_msg(!exact || json_is_null(value), "%s: no presence of category %u",
                          what, c);
            continue;
        }
        ck_assert_msg(json_is_number(value), "%s: category %u needs no presence", what, c);
        ck_assert_msg(fabs(want - logit) <= TOLERANCES[precision] * (1 + fabs(want)), "%s: presence %g, %g",
                      what, want, (double)logit);
        seen++;
    }
    ck_assert_msg(seen > 0, "%s: no presence", what);
}

static void check_cost(const struct nnc_task *task, const json_t *expected)
{
    const struct nnc_cost cost = nnc_task_cost(task);
    ck_assert_uint_eq(cost.params,
                      (uint64_t)json_integer_value(json_array_get(expected, 0)));
    ck_assert_uint_eq(cost.macs, (uint64_t)json_integer_value(json_array_get(expected, 1)));
}

/* The classes of a recorded cutout; NULL for the full network. */
static uint8_t *active_of(const struct nnc_model *model, const json_t *recorded)
{
    const char *const text = json_string_value(json_object_get(recorded, "cutout"));
    if (!text)
        return NULL;
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);
    uint8_t *const active = calloc(nnc_taxonomy_n_classes(taxonomy), 1);
    struct nnc_error error;
    ck_assert_msg(!nnc_cutout_parse(taxonomy, text, active, &error), "%s", error.message);
    return active;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static bool choose_cutout(uint32_t number, size_t classes, uint32_t *seed, uint8_t *active)
{
    size_t n = 0;
    for (size_t k = 0; k < classes; k++)
        n += active[k] = classes <= 6 ? (number + 1) >> k & 1 : next_random(seed) % 4 == 0;
    return n > 0;
}

static void check_kept(const char *what, const uint8_t *active, size_t classes,
                       const float *got, const float *full)
{
    for (size_t k = 0; k < classes; k++)
        if (active[k])
            ck_assert_msg(!memcmp(&got[k], &full[k], sizeof *full),
                          "%s: the cutout changes logit %zu from %.9g to %.9g", what, k,
                          (double)full[k], (double)got[k]);
        else
            ck_assert(isnan(got[k]));
}

/* Kept logits of cutouts, with three threads, equal the full network's with one. */
static void check_cutouts(const char *what, struct nnc_model *model, const float *input,
                          const float *gains, const float *full)
{
    const size_t classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(model));
    const uint32_t n = classes <= 6       ? (1u << classes) - 1
                       : classes <= LARGE ? RANDOM_CUTOUTS
                                          : RANDOM_CUTOUTS / 8;
    uint8_t *const active = calloc(classes, 1);
    float *const logits = calloc(classes, sizeof *logits);
    struct nnc_session *const session = session_of(model, 3);
    uint32_t seed = 1;
    for (uint32_t i = 0; i < n; i++) {
        if (!choose_cutout(i, classes, &seed, active))
            continue;
        struct nnc_task *const task = task_of(model, active, gains);
        run(session, model, task, input, logits);
        check_kept(what, active, classes, logits, full);
        const struct nnc_cost cost = nnc_task_cost(task), whole = nnc_model_cost(model);
        ck_assert(cost.macs <= whole.macs);
        nnc_task_unref(task);
    }
    nnc_session_destroy(session);
    free(active);
    free(logits);
}

/* A case of the full network: gain 1 everywhere is no attention, no cutout changes a bit. */
static void check_full(const char *what, struct nnc_model *model, struct nnc_session *session,
                       const float *input, const float *gains, bool neutral,
                       const float *logits)
{
    if (neutral) {
        const size_t classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(model));
        float *const again = calloc(classes, sizeof *again);
        struct nnc_task *const plain = task_of(model, NULL, NULL);
        run(session, model, plain, input, again);
        ck_assert_mem_eq(logits, again, classes * sizeof *logits);
        nnc_task_unref(plain);
        free(again);
    }
    check_cutouts(what, model, input, gains, logits);
}

/* A case of a cutout: its logits are the full network's. */
static void check_part(const char *what, struct nnc_model *model, struct nnc_session *session,
                       const float *input, const float *gains, const uint8_t *active,
                       const float *logits)
{
    const size_t classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(model));
    float *const full = calloc(classes, sizeof *full);
    struct nnc_task *const whole = task_of(model, NULL, gains);
    run(session, model, whole, input, full);
    check_kept(what, active, classes, logits, full);
    nnc_task_unref(whole);
    free(full);
}

/* A case without an input of its own has that of the case before. */
static void check_case(const char *what, struct nnc_model *model, const json_t *recorded,
                       const json_t *input_of)
{
    const size_t classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(model));
    const json_t *const attention = json_object_get(recorded, "attention");
    size_t n;
    float *const input = floats_of(json_object_get(input_of, "input"), &n);
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    ck_assert_uint_eq(n, (size_t)spec->width * spec->height * spec->channels);
    float *const gains = gains_of(model, attention);
    uint8_t *const active = active_of(model, recorded);
    float *const first = calloc(classes, sizeof *first), *const again =
        calloc(classes, sizeof *again);
    const json_t *const cost = json_object_get(recorded, "cost"),
                 *const presence = json_object_get(recorded, "presence");
    struct nnc_session *const session = session_of(model, 1);
    struct nnc_task *const task = task_of(model, active, gains);
    run(session, model, task, input, first);
    compare_recorded(what, first, classes, json_object_get(recorded, "logits"));
    if (presence && nnc_model_has_presence(model))
        check_presence(what, model, session, presence, cost);
    if (cost)
        check_cost(task, cost);
    if (active)
        check_part(what, model, session, input, gains, active, first);
    else
        check_full(what, model, session, input, gains, !attention, first);
    run(session, model, task, input, again); /* A, others, A */
    ck_assert_mem_eq(first, again, classes * sizeof *first);
    nnc_task_unref(task);
    nnc_session_destroy(session);
    free(input);
    free(gains);
    free(active);
    free(first);
    free(again);
}

static bool large; /* the shipped models, rather than small ones of one operator each */

/* Sanitizers see all kernels in the small models; on the large ones the fastest will do
 * (all: 170 s). */
static bool is_worth_it(const struct kernel_choice *choice)
{
#if defined(__SANITIZE_ADDRESS__)
    if (large)
        return kernels_of(choice) == nnc_kernels_get(NNC_BACKEND_AUTO, NNC_ISA_AUTO);
#endif
    return has_kernels(choice);
}

START_TEST(recorded_model)
{
    const char *const path = files[_i / N_KERNEL_CHOICES];
    const struct kernel_choice *const choice = &kernel_choices[_i % N_KERNEL_CHOICES];
    if (!is_worth_it(choice))
        return; /* this processor cannot: said once in main */
#if defined(__SANITIZE_THREAD__)
    if (choice->isa == NNC_ISA_GENERIC || choice->isa == NNC_ISA_AVX2)
        return; /* threads know nothing of instruction sets */
#endif
    const struct nnc_kernels *const fastest =
        nnc_kernels_get(NNC_BACKEND_AUTO, NNC_ISA_AUTO);
    json_error_t json_error;
    json_t *const golden = json_load_file(path, 0, &json_error);
    ck_assert_msg(golden != NULL, "%s: %s", path, json_error.text);
    char model_path[1024], what[1200];
    snprintf(model_path, sizeof model_path, "%.*s/%s", (int)(strrchr(path, '/') - path), path,
             json_string_value(json_object_get(golden, "model")));
    snprintf(what, sizeof what, "%s on %s", model_path, choice->name);
    const struct nnc_model_options options = {
        .backend = choice->backend, .isa = choice->isa, .precision = precision};
    struct nnc_model *model;
    struct nnc_error error;
    const enum nnc_status status = nnc_model_open(model_path, &options, &model, &error);
    if (status == NNC_UNSUPPORTED && precision != NNC_PRECISION_FP32) {
        json_decref(golden);
        return; /* neither has every model a layer for it, nor every backend kernels */
    }
    ck_assert_msg(!status, "%s: %s", what, error.message);
    size_t i;
    json_t *recorded;
    const json_t *input_of = NULL;
    json_array_foreach(json_object_get(golden, "cases"), i, recorded)
    {
        if (json_object_get(recorded, "input"))
            input_of = recorded;
        if (i >= SLOW_CASES && kernels_of(choice) != fastest)
            continue; /* a frame of the shipped model takes a second under sanitizers */
        check_case(what, model, recorded, input_of);
    }
    ck_assert_uint_gt(i, 0);
    nnc_model_drop_unused_plans(model);
    ck_assert_uint_eq(nnc_model_resident_weight_bytes(model), 0);
    nnc_model_unref(model);
    json_decref(golden);
}
END_TEST

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void find_files(const char *folder)
{
    DIR *const dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *const end = strrchr(entry->d_name, '.');
        if (end && !strcmp(end, ".json") && n_files < MAX_FILES)
            snprintf(files[n_files++], sizeof *files, "%.200s/%.200s", folder, entry->d_name);
    }
    if (dir)
        closedir(dir);
    qsort(files, (size_t)n_files, sizeof *files, by_name);
}

static bool is_called(const char *path, const char *name)
{
    const char *const slash = strrchr(path, '/');
    return !strcmp(slash ? slash + 1 : path, name);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3 || (argc == 3 && !nnc_precision_from_name(argv[2], &precision))) {
        fprintf(stderr, "usage: test_golden FOLDER [fp32 | bf16 | int8]\n");
        return 2;
    }
    find_files(argv[1]);
    large = is_called(argv[1], "nest");
    if (!n_files) {
        fprintf(stderr, "%s: no recorded models\n", argv[1]);
        return 1;
    }
    name_missing_kernels();
    Suite *const suite = suite_create("golden");
    TCase *const all = tcase_create("recorded");
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, recorded_model, 0, n_files * N_KERNEL_CHOICES);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
