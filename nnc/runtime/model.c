/* SPDX-License-Identifier: MIT */
/* Opens models, and keeps the plans of the cutouts that were asked for last. */

#include "model.h"

#include "../base/isa.h"
#include "foreign_memory.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_CACHED_PLANS = 64 };

/* Presence ----------------------------------------------------------------------------- */

void nnc_model_wanted_presence(const struct nnc_model *model, const uint8_t *active,
                               uint8_t *wanted)
{
    const struct nnc_taxonomy *const t = model->graph->taxonomy;
    const struct nnc_branch *const branches = model->graph->branches;
    memset(wanted, 0, model->n_presence);
    for (uint32_t c = 0; c < t->n_categories; c++)
        if (branches[c].presence != NNC_NONE)
            wanted[branches[c].presence] = 1;
    for (uint32_t k = 0; k < t->n_classes; k++)
        for (uint32_t c = t->class_of_logit[k]; !active[k] && c != NNC_NO_CATEGORY;
             c = t->categories[c].parent)
            if (branches[c].presence != NNC_NONE)
                wanted[branches[c].presence] = 0;
    /* Depth first, parents before children; what lies under a category that answers for
     * all of it is passed over. */
    uint32_t answered = NNC_NO_CATEGORY;
    for (uint32_t c = nnc_taxonomy_next(t, NNC_NO_CATEGORY); c != NNC_NO_CATEGORY;
         c = nnc_taxonomy_next(t, c)) {
        if (branches[c].presence == NNC_NONE || !wanted[branches[c].presence])
            continue;
        if (answered != NNC_NO_CATEGORY && nnc_taxonomy_within(t, c, answered))
            wanted[branches[c].presence] = 0;
        else
            answered = c;
    }
}

/* Opening ------------------------------------------------------------------------------ */

static enum nnc_status demand_of(const struct nnc_model *model, bool all_presence,
                                 struct nnc_demand **demand, struct nnc_error *error)
{
    const struct nnc_graph *const g = model->graph;
    const uint32_t n = g->taxonomy->n_classes;
    uint8_t *const all = nnc_alloc((uint64_t)n + model->n_presence, 1);
    if (!all)
        return nnc_fail_nomem(error, n);
    uint8_t *const presence = all + n;
    memset(all, 1, n);
    if (all_presence)
        memset(presence, 1, model->n_presence);
    else
        nnc_model_wanted_presence(model, all, presence);
    const enum nnc_status status = nnc_demand_create(g, all, presence, demand, error);
    free(all);
    return status;
}

/* The cost of the full network needs no weights, only what everything demands. */
static enum nnc_status count_full_cost(struct nnc_model *model, struct nnc_error *error)
{
    const uint32_t n = model->graph->taxonomy->n_categories;
    struct nnc_demand *full = NULL;
    model->full.category = nnc_alloc(n, sizeof *model->full.category);
    if (!model->full.category)
        return nnc_fail_nomem(error, n * sizeof *model->full.category);
    enum nnc_status status = demand_of(model, true, &model->owners, error);
    if (!status)
        status = demand_of(model, false, &full, error);
    if (!status)
        nnc_cost_count(full, model->owners, &model->full);
    nnc_demand_destroy(full);
    return status;
}

static enum nnc_status choose_kernels(struct nnc_model *model,
                                      const struct nnc_model_options *options,
                                      struct nnc_error *error)
{
    enum nnc_status status =
        nnc_kernels_choose(options->backend, options->isa, &model->kernels, error);
    if (status)
        return status;
    model->image_kernels = nnc_image_kernels_get(nnc_isa_resolve(options->isa));
    status = nnc_foreign_memory_acquire(model->kernels, 1, error);
    if (status)
        return status;
    if (model->kernels->warm_up)
        model->kernels->warm_up();
    nnc_foreign_memory_release(model->kernels, 1);
    return NNC_OK;
}

static enum nnc_status choose_precision(struct nnc_model *model, enum nnc_precision precision,
                                        struct nnc_error *error)
{
    const char *needs = "";
    if (precision == NNC_PRECISION_FP32)
        return NNC_OK;
    model->narrow = nnc_narrow_get(model->kernels, precision, &needs);
    if (model->narrow)
        return NNC_OK;
    return nnc_fail(error, NNC_UNSUPPORTED, nnc_precision_name(precision),
                    "precision '%s' needs %s; got the backend '%s' (%s) on this processor. Use "
                    "precision 'fp32', or the backend 'reference', which is slow",
                    nnc_precision_name(precision), needs,
                    nnc_backend_name(model->kernels->backend),
                    nnc_isa_name(model->kernels->isa));
}

/* A precision of which a model has nothing would be a slow name for float. */
static enum nnc_status check_narrow(const struct nnc_model *model, struct nnc_error *error)
{
    if (!model->narrow || model->program->n_narrow)
        return NNC_OK;
    if (model->narrow->precision == NNC_PRECISION_BF16)
        return nnc_fail(error, NNC_UNSUPPORTED, "bf16",
                        "precision 'bf16' needs a convolution or matrix product of 8 or more "
                        "input channels without groups; the model has none. Use precision "
                        "'fp32'");
    return nnc_fail(error, NNC_UNSUPPORTED, "int8",
                    "precision 'int8' needs layers with int8 weights behind QuantizeLinear and "
                    "DequantizeLinear; the model has none. Make such a model by 'nnc quantize "
                    "MODEL --calibrate DATA -o OUT.onnx'");
}

static void destroy(struct nnc_model *model)
{
    nnc_plan_cache_finish(&model->plans);
    nnc_weights_destroy(model->weights);
    nnc_demand_destroy(model->owners);
    nnc_program_destroy(model->program);
    nnc_graph_destroy(model->graph);
    free(model->full.category);
    free(model->ones);
    free(model);
}

/* The gains of tasks that name none. */
static enum nnc_status make_ones(struct nnc_model *model, struct nnc_error *error)
{
    const uint32_t categories = model->graph->taxonomy->n_categories;
    const uint32_t most = categories > model->n_attention ? categories : model->n_attention;
    const size_t padded = nnc_align(most + 1u, NNC_BLOCK);
    model->ones = nnc_alloc(padded, sizeof *model->ones);
    if (!model->ones)
        return nnc_fail_nomem(error, padded * sizeof *model->ones);
    for (size_t i = 0; i < padded; i++)
        model->ones[i] = 1;
    return NNC_OK;
}

static enum nnc_status build(struct nnc_model *model, const struct nnc_model_options *options,
                             struct nnc_error *error)
{
    const struct nnc_graph *const g = model->graph;
    enum nnc_status status = choose_kernels(model, options, error);
    if (!status)
        status = choose_precision(model, options->precision, error);
    if (status)
        return status;
    model->n_presence =
        g->presence == NNC_NONE ? 0 : (uint32_t)nnc_shape_elements(&g->values[g->presence].shape);
    model->n_attention = g->attention == NNC_NONE
                             ? 0
                             : (uint32_t)nnc_shape_elements(&g->values[g->attention].shape);
    const size_t max_cached =
        options->max_cached_plans ? options->max_cached_plans : DEFAULT_CACHED_PLANS;
    if (!nnc_plan_cache_init(&model->plans, max_cached))
        return nnc_fail_nomem(error, max_cached * sizeof *model->plans.entries);
    if ((status = make_ones(model, error)))
        return status;
    if ((status = nnc_program_create(g, model->narrow, &model->program, error)) ||
        (status = check_narrow(model, error)) || (status = count_full_cost(model, error)))
        return status;
    return nnc_weights_create(model->program, model->kernels, model->owners, &model->weights,
                              error);
}

static enum nnc_status open_model(const char *path, const void *bytes, size_t size,
                                  const struct nnc_model_options *options,
                                  struct nnc_model **model, struct nnc_error *error)
{
    static const struct nnc_model_options defaults;
    struct nnc_model *const m = nnc_alloc(1, sizeof *m);
    if (!m)
        return nnc_fail_nomem(error, sizeof *m);
    atomic_init(&m->refs, 1);
    enum nnc_status status = nnc_graph_read(path, bytes, size, &m->graph, error);
    if (!status) {
        status = build(m, options ? options : &defaults, error);
        if (status)
            nnc_error_prefix(error, m->graph->name);
    }
    if (status)
        destroy(m);
    else
        *model = m;
    return status;
}

enum nnc_status nnc_model_open(const char *path, const struct nnc_model_options *options,
                               struct nnc_model **model, struct nnc_error *error)
{
    return open_model(path, NULL, 0, options, model, error);
}

enum nnc_status nnc_model_open_memory(const void *bytes, size_t size,
                                      const struct nnc_model_options *options,
                                      struct nnc_model **model, struct nnc_error *error)
{
    return open_model(NULL, bytes, size, options, model, error);
}

struct nnc_model *nnc_model_ref(struct nnc_model *model)
{
    atomic_fetch_add_explicit(&model->refs, 1, memory_order_relaxed);
    return model;
}

void nnc_model_unref(struct nnc_model *model)
{
    if (model && atomic_fetch_sub_explicit(&model->refs, 1, memory_order_acq_rel) == 1)
        destroy(model);
}

/* Plans -------------------------------------------------------------------------------- */

static enum nnc_status make_plan(struct nnc_model *model, const uint8_t *active,
                                 struct nnc_shared_plan **shared, struct nnc_error *error)
{
    struct nnc_plan *plan = NULL;
    uint8_t *const presence = nnc_alloc(model->n_presence, 1);
    if (!presence)
        return nnc_fail_nomem(error, model->n_presence);
    nnc_model_wanted_presence(model, active, presence);
    const enum nnc_status status =
        nnc_plan_create(model->program, model->weights, model->kernels, model->owners,
                        &model->full, active, model->n_presence ? presence : NULL, &plan, error);
    free(presence);
    if (status)
        return status;
    *shared = nnc_shared_plan_create(plan);
    return *shared ? NNC_OK : nnc_fail_nomem(error, sizeof **shared);
}

enum nnc_status nnc_model_plan(struct nnc_model *model, const uint8_t *active,
                               struct nnc_shared_plan **plan, struct nnc_error *error)
{
    const uint32_t n_classes = model->graph->taxonomy->n_classes;
    *plan = nnc_plan_cache_find(&model->plans, active, n_classes);
    if (*plan)
        return NNC_OK;
    const enum nnc_status status = make_plan(model, active, plan, error);
    if (status)
        nnc_error_prefix(error, model->graph->name);
    else
        *plan = nnc_plan_cache_add(&model->plans, *plan, n_classes);
    return status;
}

struct nnc_plan_counts nnc_model_plan_counts(struct nnc_model *model)
{
    pthread_mutex_lock(&model->plans.lock);
    const struct nnc_plan_counts counts = model->plans.counts;
    pthread_mutex_unlock(&model->plans.lock);
    return counts;
}

void nnc_model_drop_unused_plans(struct nnc_model *model)
{
    nnc_plan_cache_drop_unused(&model->plans);
}

/* What a model says of itself ----------------------------------------------------------- */

const struct nnc_taxonomy *nnc_model_taxonomy(const struct nnc_model *model)
{
    return model->graph->taxonomy;
}

const struct nnc_input_spec *nnc_model_input(const struct nnc_model *model)
{
    return &model->graph->input;
}

bool nnc_model_has_attention(const struct nnc_model *model)
{
    return model->graph->attention != NNC_NONE;
}

bool nnc_model_has_presence(const struct nnc_model *model)
{
    return model->graph->presence != NNC_NONE;
}

size_t nnc_model_n_presets(const struct nnc_model *model)
{
    return model->graph->n_presets;
}

const struct nnc_preset *nnc_model_preset(const struct nnc_model *model, size_t index)
{
    return index < model->graph->n_presets ? &model->graph->presets[index] : NULL;
}

const struct nnc_preset *nnc_model_find_preset(const struct nnc_model *model, const char *name)
{
    for (uint32_t i = 0; i < model->graph->n_presets; i++)
        if (!strcmp(model->graph->presets[i].name, name))
            return &model->graph->presets[i];
    return NULL;
}

const char *nnc_model_name(const struct nnc_model *model)
{
    return model->graph->name;
}

enum nnc_backend nnc_model_backend(const struct nnc_model *model)
{
    return model->kernels->backend;
}

enum nnc_isa nnc_model_isa(const struct nnc_model *model)
{
    return model->kernels->isa;
}

enum nnc_precision nnc_model_precision(const struct nnc_model *model)
{
    return model->narrow ? model->narrow->precision : NNC_PRECISION_FP32;
}

struct nnc_cost nnc_model_cost(const struct nnc_model *model)
{
    return model->full.total;
}

size_t nnc_model_resident_weight_bytes(struct nnc_model *model)
{
    return nnc_weights_resident_bytes(model->weights);
}
