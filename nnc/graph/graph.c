/* SPDX-License-Identifier: MIT */
/* The order of reading: bytes, records, taxonomy, names, inputs, nodes; then outputs are
 * held against the taxonomy, unneeded parts go, limits and values are checked. */

#include "graph.h"

#include "../onnx/source.h"
#include "builder.h"
#include "presets.h"
#include "taxonomy.h"
#include "taxonomy_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DESCRIPTION_BYTES ((uint64_t)256 << 20)

static void set_name(struct nnc_graph *graph, const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *base = !path ? "(memory)" : slash ? slash + 1 : path;
    snprintf(graph->name, sizeof graph->name, "%s", base);
}

static enum nnc_status allocate(struct nnc_builder *b)
{
    uint64_t outputs = 0;
    void *values, *tensors, *nodes;
    for (uint32_t i = 0; i < b->model->n_nodes; i++)
        outputs += b->model->nodes[i].n_outputs;
    /* what one ONNX node may become beyond its outputs: two transpositions, a product */
    b->max_nodes = (uint32_t)(outputs + 3ull * b->model->n_nodes);
    b->max_values = b->names.n + 3 * b->model->n_nodes + (uint32_t)outputs;
    enum nnc_status status =
        nnc_builder_alloc(b, b->max_values, sizeof(struct nnc_value), &values);
    if (!status)
        status = nnc_builder_alloc(b, b->max_values, sizeof(struct nnc_tensor), &tensors);
    if (!status)
        status = nnc_builder_alloc(b, b->max_nodes, sizeof(struct nnc_node), &nodes);
    if (status)
        return status;
    b->graph->values = values;
    b->graph->tensors = tensors;
    b->graph->nodes = nodes;
    b->facts = nnc_pool_alloc(&b->scratch, b->max_values, sizeof *b->facts);
    b->needed = nnc_pool_alloc(&b->scratch, b->model->n_nodes, sizeof *b->needed);
    b->inputs = nnc_pool_alloc(&b->scratch, NNC_ONNX_MAX_NODE_INPUTS, sizeof *b->inputs);
    return b->facts && b->needed && b->inputs ? NNC_OK
                                              : nnc_fail_nomem(b->error, b->max_values);
}

static enum nnc_status prune(struct nnc_builder *b)
{
    struct nnc_graph *graph = b->graph;
    uint32_t *new_number =
        nnc_pool_alloc(&b->scratch, graph->n_values, sizeof *new_number);
    if (!new_number)
        return nnc_fail_nomem(b->error, graph->n_values * sizeof *new_number);
    nnc_graph_prune(graph, new_number);
    for (uint32_t i = 0; i < graph->taxonomy->n_categories; i++) {
        uint32_t *features = &graph->branches[i].features;
        *features = *features == NNC_NONE ? NNC_NONE : new_number[*features];
        if (*features != NNC_NONE && graph->values[*features].kind != NNC_VALUE_NODE)
            *features = NNC_NONE;
    }
    return NNC_OK;
}

static enum nnc_status build(struct nnc_builder *b, const struct nnc_taxonomy_text *text)
{
    b->graph->opset = (uint32_t)b->model->opset; /* 13 to 21 */
    b->graph->taxonomy_offset =
        (uint64_t)((const uint8_t *)b->model->taxonomy.bytes - b->model->bytes);
    b->graph->taxonomy_size = b->model->taxonomy.size;
    b->graph->input = text->input;
    b->graph->presence_threshold = text->presence_threshold;
    b->graph->presets = text->presets;
    b->graph->n_presets = text->n_presets;
    enum nnc_status status =
        nnc_names_collect(b->model, &b->scratch, &b->names, b->error);
    if (!status)
        status = allocate(b);
    if (!status)
        status = nnc_builder_check_output_names(b, text);
    if (!status)
        status = nnc_builder_read_inputs(b, text);
    if (!status)
        status = nnc_builder_read_nodes(b, nnc_text_of(text->logits),
                                        nnc_text_of(text->presence));
    if (!status)
        status = nnc_builder_find_outputs(b, text);
    if (!status)
        status = nnc_presets_check(text->presets, text->n_presets, b->graph->taxonomy,
                                   b->error);
    if (!status)
        status = prune(b);
    if (!status)
        status = nnc_graph_check_limits(b->graph, &b->scratch, b->error);
    return status ? status : nnc_graph_check_values(b->graph, &b->scratch, b->error);
}

static enum nnc_status read_graph(struct nnc_graph *graph, struct nnc_error *error)
{
    struct nnc_onnx_model model;
    struct nnc_taxonomy_text text;
    struct nnc_builder builder = {.graph = graph,
                                  .model = &model,
                                  .scratch.limit = MAX_DESCRIPTION_BYTES,
                                  .error = error};
    uint64_t size;
    const uint8_t *bytes = nnc_source_bytes(graph->sources, &size);
    enum nnc_status status =
        nnc_onnx_read_model(bytes, size, &builder.scratch, &model, error);
    if (!status)
        status = nnc_taxonomy_parse(model.taxonomy.bytes, model.taxonomy.size,
                                    &graph->pool, &text, error);
    if (!status)
        status = build(&builder, &text);
    nnc_pool_finish(&builder.scratch);
    return status;
}

enum nnc_status nnc_graph_read(const char *path, const void *bytes, size_t size,
                               struct nnc_graph **graph, struct nnc_error *error)
{
    struct nnc_graph *made = nnc_alloc(1, sizeof *made);
    if (!made)
        return nnc_fail_nomem(error, sizeof *made);
    made->pool.limit = MAX_DESCRIPTION_BYTES;
    made->image = made->attention = made->logits = made->presence = NNC_NONE;
    set_name(made, path);
    enum nnc_status status =
        path ? nnc_source_open(path, &made->sources, error)
             : nnc_source_open_memory(bytes, size, &made->sources, error);
    if (!status)
        status = read_graph(made, error);
    if (status) {
        nnc_error_prefix(error, made->name);
        nnc_graph_destroy(made);
        return status;
    }
    nnc_source_forget_bytes(made->sources);
    *graph = made;
    return NNC_OK;
}

void nnc_graph_destroy(struct nnc_graph *graph)
{
    if (!graph)
        return;
    nnc_source_destroy(graph->sources);
    nnc_pool_finish(&graph->pool);
    free(graph);
}
