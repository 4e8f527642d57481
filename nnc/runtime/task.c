/* SPDX-License-Identifier: MIT */
/* Tasks: texts or arrays in, a plan and the attention input out. */

#include "task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum nnc_status check_gain(const struct nnc_model *model, uint32_t category, float gain,
                                  struct nnc_error *error)
{
    const char *const path = model->graph->taxonomy->categories[category].path;
    if (!isfinite(gain) || gain < 0 || gain > 16)
        return nnc_fail(error, NNC_TASK, path,
                        "attention of '%s': the gain must be finite and in the range 0 to 16; "
                        "got %g",
                        path, (double)gain);
    if (gain != 1 && (model->graph->attention == NNC_NONE ||
                      model->graph->branches[category].gain == NNC_NONE))
        return nnc_fail(error, NNC_TASK, path,
                        "attention of '%s': the model has no gain for this category", path);
    return NNC_OK;
}

/* `gains` NULL: all are 1, as the model has them. */
static enum nnc_status fill_gains(struct nnc_task *task, const float *gains,
                                  struct nnc_error *error)
{
    const struct nnc_graph *const g = task->model->graph;
    if (!gains) {
        task->gains = task->attention = task->model->ones;
        return NNC_OK;
    }
    const uint32_t n = g->taxonomy->n_categories;
    const size_t padded = nnc_align(task->model->n_attention + 1u, NNC_BLOCK);
    task->gains = nnc_alloc(n, sizeof *task->gains);
    task->attention = nnc_alloc(padded, sizeof *task->attention);
    if (!task->gains || !task->attention)
        return nnc_fail_nomem(error, (n + padded) * sizeof(float));
    for (uint32_t i = 0; i < task->model->n_attention; i++)
        task->attention[i] = 1;
    for (uint32_t c = 0; c < n; c++) {
        task->gains[c] = gains[c];
        const enum nnc_status status = check_gain(task->model, c, task->gains[c], error);
        if (status)
            return status;
        if (g->attention != NNC_NONE && g->branches[c].gain != NNC_NONE)
            task->attention[g->branches[c].gain] = task->gains[c];
    }
    return NNC_OK;
}

static enum nnc_status find_plan(struct nnc_task *task, const uint8_t *active,
                                 struct nnc_error *error)
{
    const uint32_t n = task->model->graph->taxonomy->n_classes;
    uint8_t *const wanted = nnc_alloc(n, 1);
    if (!wanted)
        return nnc_fail_nomem(error, n);
    uint32_t count = 0;
    for (uint32_t k = 0; k < n; k++)
        count += wanted[k] = !active || active[k];
    const enum nnc_status status =
        count ? nnc_model_plan(task->model, wanted, &task->plan, error)
              : nnc_fail(error, NNC_TASK, NULL,
                         "empty selection: the cutout leaves no class of %u", n);
    free(wanted);
    return status;
}

/* A task that lacks its plan; NULL on failure. */
static struct nnc_task *create(struct nnc_model *model, const float *gains, uint64_t id,
                               enum nnc_status *status, struct nnc_error *error)
{
    struct nnc_task *const t = nnc_alloc(1, sizeof *t);
    if (!t) {
        *status = nnc_fail_nomem(error, sizeof *t);
        return NULL;
    }
    atomic_init(&t->refs, 1);
    t->model = nnc_model_ref(model);
    t->id = id;
    *status = fill_gains(t, gains, error);
    if (!*status)
        return t;
    nnc_task_unref(t);
    return NULL;
}

enum nnc_status nnc_task_create_from_arrays(struct nnc_model *model, const uint8_t *active,
                                            const float *gains, uint64_t id,
                                            struct nnc_task **task, struct nnc_error *error)
{
    enum nnc_status status;
    struct nnc_task *const t = create(model, gains, id, &status, error);
    if (!t)
        return status;
    status = find_plan(t, active, error);
    if (status)
        nnc_task_unref(t);
    else
        *task = t;
    return status;
}

enum nnc_status nnc_task_create_with_gains(const struct nnc_task *of, const float *gains,
                                           uint64_t id, struct nnc_task **task,
                                           struct nnc_error *error)
{
    enum nnc_status status;
    struct nnc_task *const t = create(of->model, gains, id, &status, error);
    if (!t)
        return status;
    atomic_fetch_add_explicit(&of->plan->refs, 1, memory_order_relaxed);
    t->plan = of->plan;
    *task = t;
    return NNC_OK;
}

/* The plan that the text of a cutout means; it is read if the cache does not know it. */
static enum nnc_status find_plan_of_text(struct nnc_task *task, const char *cutout,
                                         struct nnc_error *error)
{
    struct nnc_model *const model = task->model;
    const struct nnc_taxonomy *const t = model->graph->taxonomy;
    task->plan = nnc_plan_cache_find_text(&model->plans, cutout);
    if (task->plan)
        return NNC_OK;
    uint8_t *const active = nnc_alloc(t->n_classes, 1);
    enum nnc_status status = active ? NNC_OK : nnc_fail_nomem(error, t->n_classes);
    if (!status)
        status = nnc_cutout_parse(t, cutout, active, error);
    if (!status)
        status = nnc_model_plan(model, active, &task->plan, error);
    if (!status)
        nnc_plan_cache_remember(&model->plans, task->plan, cutout);
    free(active);
    return status;
}

static enum nnc_status read_gains(const struct nnc_taxonomy *taxonomy, const char *attention,
                                  float **gains, struct nnc_error *error)
{
    if (!attention || !*attention)
        return NNC_OK;
    *gains = nnc_alloc(taxonomy->n_categories, sizeof **gains);
    if (!*gains)
        return nnc_fail_nomem(error, taxonomy->n_categories * sizeof **gains);
    return nnc_attention_parse(taxonomy, attention, *gains, error);
}

enum nnc_status nnc_task_create(struct nnc_model *model, const char *cutout,
                                const char *attention, uint64_t id, struct nnc_task **task,
                                struct nnc_error *error)
{
    float *gains = NULL;
    struct nnc_task *t = NULL;
    enum nnc_status status = read_gains(model->graph->taxonomy, attention, &gains, error);
    if (!status)
        t = create(model, gains, id, &status, error);
    if (t)
        status = find_plan_of_text(t, cutout ? cutout : "", error);
    free(gains);
    if (status)
        nnc_task_unref(t);
    else
        *task = t;
    return status;
}

struct nnc_task *nnc_task_ref(struct nnc_task *task)
{
    atomic_fetch_add_explicit(&task->refs, 1, memory_order_relaxed);
    return task;
}

void nnc_task_unref(struct nnc_task *task)
{
    if (!task || atomic_fetch_sub_explicit(&task->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (task->plan)
        nnc_shared_plan_unref(task->plan);
    if (task->gains != task->model->ones) {
        free(task->gains);
        free(task->attention);
    }
    nnc_model_unref(task->model);
    free(task);
}

uint64_t nnc_task_id(const struct nnc_task *task)
{
    return task->id;
}

struct nnc_model *nnc_task_model(const struct nnc_task *task)
{
    return task->model;
}

const uint8_t *nnc_task_active(const struct nnc_task *task)
{
    return task->plan->plan->active;
}

const float *nnc_task_gains(const struct nnc_task *task)
{
    return task->gains;
}

size_t nnc_task_n_active(const struct nnc_task *task)
{
    return task->plan->plan->n_active;
}

bool nnc_task_category_active(const struct nnc_task *task, uint32_t category)
{
    const struct nnc_taxonomy *const t = task->model->graph->taxonomy;
    const uint8_t *const active = task->plan->plan->active;
    for (uint32_t k = 0; category < t->n_categories && k < t->n_classes; k++)
        if (active[k] && nnc_taxonomy_within(t, t->class_of_logit[k], category))
            return true;
    return false;
}

struct nnc_cost nnc_task_cost(const struct nnc_task *task)
{
    return task->plan->plan->cost.total;
}

struct nnc_cost nnc_task_trunk_cost(const struct nnc_task *task)
{
    return task->plan->plan->cost.trunk;
}

struct nnc_cost nnc_task_category_cost(const struct nnc_task *task, uint32_t category)
{
    const struct nnc_cost none = {0};
    return category < task->model->graph->taxonomy->n_categories
               ? task->plan->plan->cost.category[category]
               : none;
}

size_t nnc_task_arena_bytes(const struct nnc_task *task)
{
    const struct nnc_plan *const p = task->plan->plan;
    return (p->shared_floats + p->local_floats + p->scratch_floats) * sizeof(float);
}

size_t nnc_task_weight_bytes(const struct nnc_task *task)
{
    return task->plan->plan->weight_bytes;
}
