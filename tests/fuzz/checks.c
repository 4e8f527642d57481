/* SPDX-License-Identifier: MIT */
#include "checks.h"
#include "dice.h"
#include "said.h"

#include "../kernel_choices.h"

#include "runtime/task.h"
#include "runtime/team.h"
#include <nnc/nnc.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CLASSES = 64, MAX_CATEGORIES = 64 };

static const double TOLERANCE = 1e-4, TOO_LARGE = 1e6;
/* Logits below this are what is left of larger numbers, and so is their error. */
static const double SMALL = 0.05;

/* What one run said; absent numbers are NaN. */
struct result {
    float logits[MAX_CLASSES], presence[MAX_CATEGORIES];
};

/* A model on one choice of kernels, and all that its checks need. */
struct bench {
    const char *kernels;
    struct nnc_model *model;
    struct nnc_session *sessions[2]; /* one thread, three */
    float *input;
    float gains[MAX_CATEGORIES];
    struct result full;
    size_t classes, categories;
    struct dice dice;
};

static bool make_task(struct bench *b, const uint8_t *active, const float *gains,
                      struct nnc_task **task)
{
    struct nnc_error error;
    CHECK(!nnc_task_create_from_arrays(b->model, active, gains, 0, task, &error),
          "%s: no task: %s", b->kernels, error.message);
    return true;
}

static bool run(struct bench *b, int session, const struct nnc_task *task,
                struct result *result)
{
    struct nnc_scores scores;
    struct nnc_error error;
    CHECK(!nnc_session_run_tensor(b->sessions[session], task, b->input, &scores, &error),
          "%s: no run: %s", b->kernels, error.message);
    for (size_t i = 0; i < MAX_CLASSES; i++)
        result->logits[i] = NAN;
    for (size_t i = 0; i < scores.n; i++)
        result->logits[nnc_taxonomy_category(nnc_model_taxonomy(b->model),
                                             scores.ranked[i].category)
                           ->logit] = scores.ranked[i].logit;
    for (uint32_t c = 0; c < b->categories; c++)
        if (!nnc_session_presence_logit(b->sessions[session], c, &result->presence[c]))
            result->presence[c] = NAN;
    return true;
}

/* The logits of `active` classes (NULL = all) and the presences of both, bit for bit. */
static bool same(const struct bench *b, const char *what, const struct result *result,
                 const uint8_t *active)
{
    for (size_t k = 0; k < b->classes; k++) {
        CHECK((active && !active[k]) ||
                  !memcmp(&b->full.logits[k], &result->logits[k], sizeof(float)),
              "%s: %s: logit %zu is %.9g, was %.9g", b->kernels, what, k,
              (double)result->logits[k], (double)b->full.logits[k]);
    }
    for (size_t c = 0; c < b->categories; c++)
        CHECK(isnan(b->full.presence[c]) || isnan(result->presence[c]) ||
                  !memcmp(&b->full.presence[c], &result->presence[c], sizeof(float)),
              "%s: %s: presence of %zu is %.9g, was %.9g", b->kernels, what, c,
              (double)result->presence[c], (double)b->full.presence[c]);
    return true;
}

static float *nans(uint64_t n)
{
    float *const memory = aligned_alloc(64, (n * sizeof *memory + 64) / 64 * 64);
    if (!memory)
        abort();
    for (uint64_t i = 0; i < n; i++)
        memory[i] = NAN;
    return memory;
}

/* Runs the plan in memory of its own, where reading what was not computed shows: it may
 * hold the infinities of a frame before. */
static bool run_among_nans(struct bench *b, const struct nnc_task *task,
                           struct result *result)
{
    const struct nnc_plan *const plan = task->plan->plan;
    const struct nnc_graph *const g = b->model->graph;
    const uint64_t pixels = nnc_shape_elements(&g->values[g->image].shape);
    struct nnc_run r = {.plan = plan};
    r.base[NNC_SPACE_SHARED] = nans(plan->shared_floats);
    r.base[NNC_SPACE_LOCAL] = nans(plan->local_floats);
    r.base[NNC_SPACE_CONSTANT] = plan->constants;
    r.base[NNC_SPACE_IMAGE] = nans(pixels + NNC_BLOCK);
    r.base[NNC_SPACE_ATTENTION] = task->attention;
    r.scratch = nans(plan->scratch_floats);
    memcpy(r.base[NNC_SPACE_IMAGE], b->input, pixels * sizeof(float));
    const uint32_t mode = nnc_float_mode_enter();
    for (uint32_t s = 0; s < plan->n_stages; s++)
        for (uint32_t i = 0; i < plan->stages[s].n_items; i++)
            nnc_plan_stage_run(&r, &plan->stages[s], i);
    nnc_float_mode_leave(mode);
    for (size_t k = 0; k < b->classes; k++)
        result->logits[k] = r.base[plan->logits.space][plan->logits.offset + k];
    for (size_t c = 0; c < b->categories; c++) {
        const uint32_t k = g->branches[c].presence;
        result->presence[c] =
            k != NNC_NONE && plan->presence_needed && plan->presence_needed[k]
                ? r.base[plan->presence.space][plan->presence.offset + k]
                : NAN;
    }
    free(r.base[NNC_SPACE_SHARED]);
    free(r.base[NNC_SPACE_LOCAL]);
    free(r.base[NNC_SPACE_IMAGE]);
    free(r.scratch);
    return true;
}

static bool check_cost(const struct bench *b, const struct nnc_task *task)
{
    const struct nnc_cost all = nnc_model_cost(b->model), total = nnc_task_cost(task);
    struct nnc_cost sum = nnc_task_trunk_cost(task);
    for (uint32_t c = 0; c < b->categories; c++) {
        const struct nnc_cost own = nnc_task_category_cost(task, c);
        if (!nnc_task_category_active(task, c))
            continue;
        sum.params += own.params;
        sum.macs += own.macs;
    }
    CHECK(total.params == sum.params && total.macs == sum.macs,
          "%s: costs %llu, %llu; its parts %llu, %llu", b->kernels,
          (unsigned long long)total.params, (unsigned long long)total.macs,
          (unsigned long long)sum.params, (unsigned long long)sum.macs);
    CHECK(nnc_task_n_active(task) < b->classes ||
              (total.params == all.params && total.macs == all.macs),
          "%s: the full task costs other than the model", b->kernels);
    return true;
}

static bool check_cutout(struct bench *b, const uint8_t *active)
{
    struct nnc_task *task;
    struct result result;
    if (!make_task(b, active, b->gains, &task))
        return false;
    bool good = run(b, 0, task, &result) && same(b, "cutout", &result, active) &&
                run(b, 1, task, &result) &&
                same(b, "cutout on three threads", &result, active) &&
                run_among_nans(b, task, &result) &&
                same(b, "among NaNs", &result, active) && check_cost(b, task);
    nnc_task_unref(task);
    return good;
}

static bool check_cutouts(struct bench *b, uint32_t n)
{
    uint8_t active[MAX_CLASSES];
    while (n-- > 0) {
        const uint32_t of = between(&b->dice, 2, 4);
        for (size_t k = 0; k < b->classes; k++)
            active[k] = one_in(&b->dice, of);
        active[below(&b->dice, (uint32_t)b->classes)] = 1;
        if (!check_cutout(b, active))
            return false;
    }
    memset(active, 1, sizeof active);
    return check_cutout(b, active);
}

/* Gains of 1 are no attention. */
static bool check_neutral(struct bench *b)
{
    float ones[MAX_CATEGORIES];
    struct nnc_task *none, *neutral;
    const struct result full = b->full;
    struct result result;
    for (size_t c = 0; c < b->categories; c++)
        ones[c] = 1;
    if (!make_task(b, NULL, NULL, &none) || !make_task(b, NULL, ones, &neutral))
        return false;
    bool good = run(b, 0, none, &b->full) && run(b, 0, neutral, &result) &&
                same(b, "gains of 1", &result, NULL);
    b->full = full;
    nnc_task_unref(none);
    nnc_task_unref(neutral);
    return good;
}

static bool check_bits(struct bench *b, uint32_t n_cutouts)
{
    struct nnc_task *task;
    struct result result;
    if (!make_task(b, NULL, b->gains, &task))
        return false;
    const size_t bytes = nnc_task_weight_bytes(task);
    const size_t resident = nnc_model_resident_weight_bytes(b->model) +
                            task->plan->plan->constant_floats * sizeof(float);
    bool good = check_cutouts(b, n_cutouts) && check_neutral(b) && run(b, 0, task, &result) &&
                same(b, "the full network again", &result, NULL);
    nnc_task_unref(task);
    nnc_model_drop_unused_plans(b->model);
    CHECK(!good || bytes == resident, "%s: %zu bytes of weights, %zu resident",
          b->kernels, bytes, resident);
    CHECK(!nnc_model_resident_weight_bytes(b->model), "%s: %zu bytes of weights stay",
          b->kernels, nnc_model_resident_weight_bytes(b->model));
    return good;
}

/* Input and gains are the same on all kernels, as the seed is. */
static bool prepare(struct bench *b, uint64_t seed)
{
    const struct nnc_input_spec *const spec = nnc_model_input(b->model);
    const size_t n = (size_t)spec->width * spec->height * spec->channels;
    b->dice = (struct dice){.state = seed};
    b->classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(b->model));
    b->categories = nnc_taxonomy_n_categories(nnc_model_taxonomy(b->model));
    CHECK(b->classes <= MAX_CLASSES && b->categories <= MAX_CATEGORIES,
          "too many classes");
    b->input = malloc(n * sizeof *b->input);
    if (!b->input)
        abort();
    for (size_t i = 0; i < n; i++)
        b->input[i] = ((float)below(&b->dice, 33) - 16) / 16;
    for (size_t c = 0; c < b->categories; c++)
        b->gains[c] = b->model->graph->branches[c].gain != NNC_NONE && one_in(&b->dice, 2)
                          ? (float)below(&b->dice, 9) / 4
                          : 1;
    for (int i = 0; i < 2; i++) {
        const struct nnc_session_options options = {.threads = i ? 3 : 1,
                                                     .least_shared_macs = 1};
        CHECK(!nnc_session_create(b->model, &options, &b->sessions[i], NULL),
              "no session");
    }
    return true;
}

static void finish(struct bench *b)
{
    nnc_session_destroy(b->sessions[0]);
    nnc_session_destroy(b->sessions[1]);
    nnc_model_unref(b->model);
    free(b->input);
}

static bool run_full(struct bench *b)
{
    struct nnc_task *task;
    if (!make_task(b, NULL, b->gains, &task))
        return false;
    const bool good = run(b, 0, task, &b->full);
    nnc_task_unref(task);
    return good;
}

static double largest_of(const struct bench *b)
{
    double largest = 0;
    for (size_t k = 0; k < b->classes; k++)
        if (!(fabs((double)b->full.logits[k]) <= largest))
            largest = fabs((double)b->full.logits[k]);
    return largest;
}

static bool check_near(const struct bench *b, const struct result *expected,
                       double largest)
{
    for (size_t k = 0; k < b->classes; k++)
        CHECK(fabs((double)b->full.logits[k] - expected->logits[k]) <=
                  TOLERANCE * largest,
              "%s: logit %zu is %.9g, by the reference %.9g; largest %g", b->kernels, k,
              (double)b->full.logits[k], (double)expected->logits[k], largest);
    return true;
}

static void count_refused(enum nnc_status status, const struct nnc_error *error,
                          struct tally *tally)
{
    tally->refused++;
    tally->by_status[(int)status < MAX_STATUS ? status : 0]++;
    if (tally->list_refused)
        printf("refused, %s: %s\n", nnc_status_name(status), error->message);
}

bool check_model(const void *bytes, size_t size, uint64_t seed, const struct extent *extent,
                 struct tally *tally)
{
    struct result expected;
    bool good = true;
    tally->models++;
    for (int i = 0; i < N_KERNEL_CHOICES && good; i++) {
        const struct kernel_choice *const choice = &kernel_choices[i];
        const bool wanted = extent->kernels == ALL_KERNELS || extent->kernels == i;
        if (!has_kernels(choice) || (i && !wanted)) /* the first one says what is right */
            continue;
        const struct nnc_model_options options = {.backend = choice->backend,
                                                  .isa = choice->isa};
        struct bench b = {.kernels = choice->name};
        struct nnc_error error;
        const enum nnc_status status =
            nnc_model_open_memory(bytes, size, &options, &b.model, &error);
        CHECK(status != NNC_INTERNAL && (!i || !status), "%s: %s", b.kernels,
              error.message);
        if (status) {
            count_refused(status, &error, tally);
            return true;
        }
        good = prepare(&b, seed) && run_full(&b);
        const double largest = largest_of(&b);
        if (!i)
            expected = b.full;
        if (good && !(largest <= TOO_LARGE)) {
            tally->too_large++;
            finish(&b);
            return true;
        }
        good = good && check_near(&b, &expected, largest > SMALL ? largest : SMALL) &&
               (!wanted || check_bits(&b, extent->n_cutouts));
        finish(&b);
    }
    return good;
}
