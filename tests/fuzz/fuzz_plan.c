/* SPDX-License-Identifier: MIT */
/* Bytes choose cutouts and gains, one after the other, on three recorded models with a
 * cache of two plans: each task's logits are those of the full network with the same gains,
 * bit for bit, and no cutout costs more than the network. */

#include "dice.h"
#include "recorded.h"

#include <nnc/nnc.h>

#include <math.h>
#include <string.h>

enum { MAX_CLASSES = 64, MAX_CATEGORIES = 128, MAX_PIXELS = 4096, MOST_TASKS = 8 };

static const char *const names[] = {"nested_depth_1", "nested_depth_2_presence",
                                    "nested_depth_3"};
enum { N_MODELS = sizeof names / sizeof *names };

static struct bench {
    struct nnc_model *model;
    struct nnc_session *session;
    size_t classes, categories;
} benches[N_MODELS];

static float picture[MAX_PIXELS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const struct nnc_session_options options = {.threads = 1};
    for (int i = 0; i < MAX_PIXELS; i++)
        picture[i] = (float)(i * 7919 % 255) / 128 - 1;
    for (int i = 0; i < N_MODELS; i++) {
        struct bench *const b = &benches[i];
        b->model = open_recorded(names[i], 2);
        b->classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(b->model));
        b->categories = nnc_taxonomy_n_categories(nnc_model_taxonomy(b->model));
        REQUIRE(!nnc_session_create(b->model, &options, &b->session, NULL), "no session");
    }
    return 0;
}

static void run(const struct bench *b, const uint8_t *active, const float *gains,
                float logits[MAX_CLASSES])
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(b->model);
    struct nnc_task *task = NULL;
    struct nnc_scores scores;
    struct nnc_error error = {0};
    REQUIRE(!nnc_task_create_from_arrays(b->model, active, gains, 0, &task, &error), "%s",
            error.message);
    REQUIRE(!nnc_session_run_tensor(b->session, task, picture, &scores, &error), "%s",
            error.message);
    for (size_t i = 0; i < scores.n; i++)
        logits[nnc_taxonomy_category(t, scores.ranked[i].category)->logit] =
            scores.ranked[i].logit;
    const struct nnc_cost cost = nnc_task_cost(task), all = nnc_model_cost(b->model);
    REQUIRE(cost.macs <= all.macs && cost.params <= all.params, "%llu MACs of %llu",
            (unsigned long long)cost.macs, (unsigned long long)all.macs);
    REQUIRE(scores.n == nnc_task_n_active(task), "%zu classes", scores.n);
    nnc_task_unref(task);
}

static void choose(struct dice *dice, const struct bench *b, uint8_t *active, float *gains)
{
    for (size_t k = 0; k < b->classes; k++)
        active[k] = (uint8_t)below(dice, 2);
    active[below(dice, (uint32_t)b->classes)] = 1;
    for (size_t c = 0; c < b->categories; c++)
        gains[c] = one_in(dice, 3) ? (float)below(dice, 65) / 4 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dice dice = {.bytes = bytes, .n_bytes = size, .state = size};
    const struct bench *const b = &benches[below(&dice, N_MODELS)];
    for (uint32_t n = between(&dice, 1, MOST_TASKS); n-- > 0;) {
        uint8_t active[MAX_CLASSES];
        float gains[MAX_CATEGORIES], cut[MAX_CLASSES], full[MAX_CLASSES];
        choose(&dice, b, active, gains);
        run(b, active, gains, cut);
        run(b, NULL, gains, full);
        for (size_t k = 0; k < b->classes; k++)
            REQUIRE(!active[k] || !memcmp(&cut[k], &full[k], sizeof *cut),
                    "logit %zu is %.9g, of the full network %.9g", k, (double)cut[k],
                    (double)full[k]);
    }
    return 0;
}
