/* SPDX-License-Identifier: MIT */
/* From a cutout text to a file: which classes, categories and presences; what they
 * demand; the file's bytes; and, before anybody gets them, whether they load and cost
 * what they should. */

#include "../graph/taxonomy.h"
#include "../onnx/source.h"
#include "../runtime/model.h"
#include "cut.h"
#include "expert_taxonomy.h"
#include "quantizer.h"
#include "replace_file.h"
#include <nnc/expert.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct extraction {
    const struct nnc_model *model;
    const char *cutout;
    const struct nnc_quantisation *quantisation;
    uint8_t *active, *presence; /* [classes], [presence output] */
    bool *kept;                 /* [categories] */
    bool any_presence;
    struct nnc_demand *need;
    struct nnc_wire_writer file;
    struct nnc_expert_info info;
    struct nnc_cost expected;
    struct nnc_error *error;
};

static const struct nnc_taxonomy *taxonomy_of(const struct extraction *e)
{
    return e->model->graph->taxonomy;
}

static enum nnc_status choose(struct extraction *e)
{
    const struct nnc_taxonomy *const t = taxonomy_of(e);
    e->active = nnc_alloc(t->n_classes, 1);
    e->presence = nnc_alloc(e->model->n_presence, 1);
    e->kept = nnc_alloc(t->n_categories, sizeof *e->kept);
    if (!e->active || !e->presence || !e->kept)
        return nnc_fail_nomem(e->error, t->n_classes);
    const enum nnc_status status = nnc_cutout_parse(t, e->cutout, e->active, e->error);
    if (status)
        return status;
    if (e->quantisation)
        memset(e->presence, 1, e->model->n_presence);
    else
        nnc_model_wanted_presence(e->model, e->active, e->presence);
    for (uint32_t k = 0; k < e->model->n_presence; k++)
        e->any_presence = e->any_presence || e->presence[k];
    for (uint32_t k = 0; k < t->n_classes; k++)
        for (uint32_t c = t->class_of_logit[k]; e->active[k] && c != NNC_NO_CATEGORY;
             c = t->categories[c].parent)
            e->kept[c] = true;
    return nnc_demand_create(e->model->graph, e->active,
                             e->any_presence ? e->presence : NULL, &e->need, e->error);
}

static enum nnc_status count_expected(struct extraction *e)
{
    struct nnc_cost_table table = {0};
    table.category = nnc_alloc(taxonomy_of(e)->n_categories, sizeof *table.category);
    if (!table.category)
        return nnc_fail_nomem(e->error, sizeof *table.category);
    nnc_cost_count(e->need, e->model->owners, &table);
    free(table.category);
    e->expected = e->quantisation ? e->model->full.total : table.total;
    return NNC_OK;
}

static enum nnc_status write_file(struct extraction *e, struct nnc_cut *cut)
{
    const struct nnc_graph *const g = e->model->graph;
    char *taxonomy = NULL, *origin = NULL;
    nnc_cut_init(cut, g, e->need, e->active, e->any_presence ? e->presence : NULL,
                 e->kept, e->quantisation, e->error);
    if (!cut->status)
        nnc_cut_write(cut);
    enum nnc_status status = cut->status;
    if (!status)
        status = nnc_expert_taxonomy(cut, &taxonomy, e->error);
    if (!status)
        status = nnc_expert_origin(g, e->cutout, &origin, e->error);
    if (!status) {
        const struct nnc_onnx_metadata metadata[] = {{"nnc.taxonomy", taxonomy},
                                                     {
                                                         e->quantisation ? "nnc.quantized"
                                                                         : "nnc.expert",
                                                         origin}};
        status = nnc_onnx_write_model(&cut->writer, g->opset, "expert", metadata, 2,
                                      &e->file, e->error);
    }
    if (!e->quantisation) /* whose full cost leaves out some of the presences */
        e->expected.params = status ? 0 : nnc_cut_params(cut);
    e->info.bytes = e->file.size;
    free(taxonomy);
    free(origin);
    return status;
}

/* An expert that nnc itself does not understand, that computes more or less than its
 * cutout, or that holds weights which nothing needs, must not reach anybody. */
static enum nnc_status check(struct extraction *e)
{
    const struct nnc_model_options options = {.backend = nnc_model_backend(e->model),
                                              .isa = nnc_model_isa(e->model)};
    struct nnc_model *expert = NULL;
    const enum nnc_status status =
        nnc_model_open_memory(e->file.bytes, e->file.size, &options, &expert, e->error);
    if (status) {
        nnc_error_prefix(e->error, "the expert would not load");
        return status;
    }
    e->info.cost = nnc_model_cost(expert);
    e->info.n_classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(expert));
    e->info.n_categories = nnc_taxonomy_n_categories(nnc_model_taxonomy(expert));
    nnc_model_unref(expert);
    if (e->info.cost.macs == e->expected.macs &&
        e->info.cost.params == e->expected.params)
        return NNC_OK;
    return nnc_fail(
        e->error, NNC_INTERNAL, NULL,
        "the expert needs %llu parameters and %llu MACs, expected %llu and %llu",
        (unsigned long long)e->info.cost.params, (unsigned long long)e->info.cost.macs,
        (unsigned long long)e->expected.params, (unsigned long long)e->expected.macs);
}

/* On success e->file is the caller's. */
static enum nnc_status extract(struct extraction *e)
{
    struct nnc_cut cut = {0};
    enum nnc_status status = choose(e);
    if (!status)
        status = count_expected(e);
    if (!status)
        status = write_file(e, &cut);
    nnc_cut_finish(&cut);
    if (!status)
        status = check(e);
    nnc_demand_destroy(e->need);
    free(e->active);
    free(e->presence);
    free(e->kept);
    if (status) {
        nnc_wire_finish(&e->file);
        nnc_error_prefix(e->error, e->model->graph->name);
    }
    return status;
}

enum nnc_status nnc_expert_quantise(const struct nnc_model *model,
                                    const struct nnc_quantisation *quantisation, void **bytes,
                                    size_t *size, struct nnc_expert_info *info,
                                    struct nnc_error *error)
{
    struct extraction e = {
        .model = model, .cutout = "", .quantisation = quantisation, .error = error};
    const enum nnc_status status = extract(&e);
    if (status)
        return status;
    *bytes = e.file.bytes;
    *size = (size_t)e.file.size;
    *info = e.info;
    return NNC_OK;
}

enum nnc_status nnc_expert_make(const struct nnc_model *model, const char *cutout,
                                void **bytes, size_t *size, struct nnc_expert_info *info,
                                struct nnc_error *error)
{
    struct extraction e = {
        .model = model, .cutout = cutout ? cutout : "", .error = error};
    const enum nnc_status status = extract(&e);
    if (status)
        return status;
    *bytes = e.file.bytes;
    *size = (size_t)e.file.size;
    if (info)
        *info = e.info;
    return NNC_OK;
}

enum nnc_status nnc_expert_write(const struct nnc_model *model, const char *cutout,
                                 const char *path, struct nnc_expert_info *info,
                                 struct nnc_error *error)
{
    struct nnc_expert_info made;
    struct stat there;
    void *bytes;
    size_t size;
    if (!stat(path, &there) && nnc_source_is_file(model->graph->sources, &there))
        return nnc_fail(
            error, NNC_STATE, model->graph->name,
            "%.200s: the expert would replace the model that it is cut from, or "
            "its data; expected another file",
            model->graph->name);
    enum nnc_status status = nnc_expert_make(model, cutout, &bytes, &size, &made, error);
    if (status)
        return status;
    status = nnc_replace_file(path, bytes, size, error);
    free(bytes);
    if (!status && info)
        *info = made;
    return status;
}
