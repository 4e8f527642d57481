/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_FIXTURE_H
#define RUNTIME_FIXTURE_H

/* Models, tasks and sessions for tests that run networks; each call asserts success. The
 * folder of recorded models is NNC_GOLDEN_DIR. */

#include <nnc/nnc.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static inline struct nnc_model *open_recorded(const char *name, size_t max_cached_plans)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.onnx", NNC_GOLDEN_DIR, name);
    const struct nnc_model_options options = {.max_cached_plans = max_cached_plans};
    struct nnc_model *model = NULL;
    struct nnc_error error = {0};
    ck_assert_msg(!nnc_model_open(path, &options, &model, &error), "%s", error.message);
    return model;
}

static inline struct nnc_task *make_task(struct nnc_model *model, const char *cutout,
                                         const char *attention, uint64_t id)
{
    struct nnc_task *task = NULL;
    struct nnc_error error = {0};
    ck_assert_msg(!nnc_task_create(model, cutout, attention, id, &task, &error), "%s",
                  error.message);
    return task;
}

static inline struct nnc_session *make_session(struct nnc_model *model, unsigned threads)
{
    const struct nnc_session_options options = {.threads = threads,
                                                 .least_shared_macs = 1};
    struct nnc_session *session = NULL;
    struct nnc_error error = {0};
    ck_assert_msg(!nnc_session_create(model, &options, &session, &error), "%s", error.message);
    return session;
}

static inline float *make_input(const struct nnc_model *model)
{
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    const size_t n = (size_t)spec->width * spec->height * spec->channels;
    float *const input = malloc(n * sizeof *input);
    for (size_t i = 0; i < n; i++)
        input[i] = (float)(i * 7919 % 255) / 128 - 1;
    return input;
}

/* Runs and spreads the ranked logits to logit order; absent ones are NaN. */
static inline void run_logits(struct nnc_session *session, const struct nnc_task *task,
                              const float *input, float *logits)
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(nnc_task_model(task));
    struct nnc_scores scores;
    struct nnc_error error = {0};
    ck_assert_msg(!nnc_session_run_tensor(session, task, input, &scores, &error), "%s",
                  error.message);
    for (size_t k = 0; k < nnc_taxonomy_n_classes(t); k++)
        logits[k] = NAN;
    for (size_t i = 0; i < scores.n; i++)
        logits[nnc_taxonomy_category(t, scores.ranked[i].category)->logit] =
            scores.ranked[i].logit;
}

#endif
