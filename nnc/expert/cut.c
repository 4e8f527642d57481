/* SPDX-License-Identifier: MIT */
/* What of a graph is kept, where its channels are and what it is called; and the order in
 * which all of it is written. */

#include "cut_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *nnc_cut_alloc(struct nnc_cut *cut, uint64_t count, uint64_t size)
{
    void *const memory = cut->status ? NULL : nnc_pool_alloc(&cut->pool, count, size);
    if (!memory && !cut->status)
        cut->status = nnc_fail_nomem(cut->error, count * size);
    return memory;
}

/* Names ------------------------------------------------------------------------------ */

const char *nnc_cut_make_up(struct nnc_cut *cut, const char *base)
{
    enum { MOST = 200 }; /* a file's name may have 256 bytes */
    const size_t size = strlen(base), room = strlen(cut->prefix) + size + 16;
    char *const name = nnc_cut_alloc(cut, room, 1);
    if (!name)
        return "";
    const char *const kept = size <= MOST ? base : ""; /* not half a character */
    snprintf(name, room, "%s%u_%s", cut->prefix, cut->n_made_up++, kept);
    return name;
}

static bool begins_a_name(const struct nnc_graph *g, const char *prefix)
{
    const size_t n = strlen(prefix);
    for (uint32_t v = 0; v < g->n_values; v++)
        if (!strncmp(g->values[v].name, prefix, n))
            return true;
    for (uint32_t k = 0; k < g->n_nodes; k++)
        if (!strncmp(g->nodes[k].name, prefix, n))
            return true;
    return false;
}

/* "cut", or with as many lines behind it as no name has. */
static const char *choose_prefix(struct nnc_cut *cut)
{
    enum { LONGEST = 256 };
    char *const prefix = nnc_cut_alloc(cut, LONGEST + 8, 1);
    if (!prefix)
        return "";
    strcpy(prefix, "cut");
    while (strlen(prefix) < LONGEST && begins_a_name(cut->graph, prefix))
        strcat(prefix, "_");
    return prefix;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct nnc_node *const x = *(const struct nnc_node *const *)a;
    const struct nnc_node *const y = *(const struct nnc_node *const *)b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x > y) - (x < y);
}

/* Other engines want different names. Of several nodes that one record became, the last
 * one has its result. */
static void choose_node_names(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    const struct nnc_node **const sorted = nnc_cut_alloc(cut, g->n_nodes, sizeof *sorted);
    uint32_t n = 0;
    for (uint32_t k = 0; !cut->status && k < g->n_nodes; k++)
        if (cut->count[g->nodes[k].output])
            sorted[n++] = &g->nodes[k];
    if (n)
        qsort(sorted, n, sizeof *sorted, compare_nodes);
    for (uint32_t k = 0; k < n; k++)
        cut->named[sorted[k] - g->nodes] =
            k + 1 == n || strcmp(sorted[k]->name, sorted[k + 1]->name);
}

void nnc_cut_begin(struct nnc_cut *cut, const struct nnc_node *node, const char *op,
                   const char *const *inputs, uint32_t n_inputs, const char *output)
{
    bool *const named = &cut->named[node - cut->graph->nodes];
    const char *const name = *named ? node->name : nnc_cut_make_up(cut, node->name);
    *named = false;
    nnc_onnx_begin_node(&cut->writer, op, name, inputs, n_inputs, output);
}

void nnc_cut_begin_helper(struct nnc_cut *cut, const char *op, const char *const *inputs,
                          uint32_t n_inputs, const char *output)
{
    nnc_onnx_begin_node(&cut->writer, op, nnc_cut_make_up(cut, output), inputs, n_inputs,
                        output);
}

/* Channels --------------------------------------------------------------------------- */

struct nnc_channels nnc_cut_needed(struct nnc_cut *cut, uint32_t value)
{
    const struct nnc_demand *const d = cut->need;
    struct nnc_channels needed = {0};
    uint32_t *const at = nnc_cut_alloc(cut, d->channels[value], sizeof *at);
    for (uint32_t c = 0; at && c < d->channels[value]; c++)
        if (d->labels[value][c] != NNC_NOT_NEEDED)
            at[needed.n++] = c;
    needed.at = at;
    return needed;
}

struct nnc_shape nnc_cut_shape(const struct nnc_cut *cut, uint32_t value)
{
    struct nnc_shape shape = nnc_cut_source(cut, value)->shape;
    if (shape.rank)
        shape.dim[cut->need->axis[value]] = cut->count[value];
    return shape;
}

static void place_channels(struct nnc_cut *cut, uint32_t value)
{
    const uint32_t channels = cut->need->channels[value];
    const bool whole = nnc_cut_source(cut, value)->kind == NNC_VALUE_IMAGE;
    for (uint32_t c = 0; c < channels; c++)
        cut->position[value][c] = whole || cut->need->labels[value][c] != NNC_NOT_NEEDED
                                      ? cut->count[value]++
                                      : NNC_NONE;
}

static void place_all(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    for (uint32_t v = 0; v < g->n_values && !cut->status; v++) {
        cut->position[v] =
            nnc_cut_alloc(cut, cut->need->channels[v], sizeof *cut->position[v]);
        if (cut->status)
            return;
        place_channels(cut, v);
        if (cut->count[v])
            cut->name[v] = g->values[v].inner ? nnc_cut_make_up(cut, g->values[v].name)
                                              : g->values[v].name;
    }
    for (uint32_t k = 0; k < g->n_nodes; k++)
        for (uint32_t i = 0; i < g->nodes[k].n_inputs; i++)
            if (g->nodes[k].inputs[i] != NNC_NONE)
                cut->uses[g->nodes[k].inputs[i]]++;
    cut->uses[g->logits]++;
    if (g->presence != NNC_NONE)
        cut->uses[g->presence]++;
}

/* The whole -------------------------------------------------------------------------- */

static void allocate(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    cut->position = nnc_cut_alloc(cut, g->n_values, sizeof *cut->position);
    cut->count = nnc_cut_alloc(cut, g->n_values, sizeof *cut->count);
    cut->uses = nnc_cut_alloc(cut, g->n_values, sizeof *cut->uses);
    cut->name = nnc_cut_alloc(cut, g->n_values, sizeof *cut->name);
    cut->varies = nnc_cut_alloc(cut, g->n_values, sizeof *cut->varies);
    cut->named = nnc_cut_alloc(cut, g->n_nodes, sizeof *cut->named);
    cut->done = nnc_cut_alloc(cut, g->n_nodes, sizeof *cut->done);
    cut->shared = nnc_cut_alloc(cut, g->n_tensors, sizeof *cut->shared);
    cut->written = nnc_cut_alloc(cut, g->n_tensors, sizeof *cut->written);
    cut->quantised = nnc_cut_alloc(cut, g->n_values, sizeof *cut->quantised);
    cut->prefix = choose_prefix(cut);
}

void nnc_cut_init(struct nnc_cut *cut, const struct nnc_graph *graph,
                  const struct nnc_demand *need, const uint8_t *active,
                  const uint8_t *presence, const bool *kept,
                  const struct nnc_quantisation *quantisation, struct nnc_error *error)
{
    *cut = (struct nnc_cut){.graph = graph,
                            .need = need,
                            .kept = kept,
                            .active = active,
                            .presence = presence,
                            .quantisation = quantisation,
                            .pool.limit = SIZE_MAX,
                            .error = error};
    allocate(cut);
    if (!cut->status)
        place_all(cut);
    if (!cut->status)
        choose_node_names(cut);
    if (cut->status)
        return;
    nnc_cut_write_inputs(cut);
    nnc_cut_name_outputs(cut);
}

void nnc_cut_write(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    for (uint32_t k = 0; k < g->n_nodes; k++) {
        if (cut->status || cut->writer.tensors.status) /* which the whole file will say */
            return;
        if (!cut->count[g->nodes[k].output] || cut->done[k])
            continue;
        cut->read_varying = false;
        nnc_cut_write_node(cut, &g->nodes[k]);
        cut->varies[g->nodes[k].output] = cut->read_varying;
    }
    if (!cut->status)
        nnc_cut_write_outputs(cut);
}

void nnc_cut_finish(struct nnc_cut *cut)
{
    nnc_onnx_writer_finish(&cut->writer);
    nnc_pool_finish(&cut->pool);
}
