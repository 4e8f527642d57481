/* SPDX-License-Identifier: MIT */
/* The backward pass behind demand.h. One function per kind of operator says which channels
 * of its inputs a needed channel of its output needs; what is not said needs everything. */

#include "demand.h"

#include "../graph/taxonomy.h"

#include <stdlib.h>

static const struct nnc_category *category(const struct nnc_demand *d, uint32_t index)
{
    return &d->graph->taxonomy->categories[index];
}

/* The deepest category that holds both. */
static uint32_t unite(const struct nnc_demand *d, uint32_t a, uint32_t b)
{
    if (a == NNC_NOT_NEEDED || a == b)
        return b;
    if (b == NNC_NOT_NEEDED)
        return a;
    while (a != b && a < NNC_TRUNK && b < NNC_TRUNK) {
        uint32_t *const deeper = category(d, a)->depth >= category(d, b)->depth ? &a : &b;
        const uint32_t parent = category(d, *deeper)->parent;
        *deeper = parent == NNC_NO_CATEGORY ? NNC_TRUNK : parent;
    }
    return a == b ? a : NNC_TRUNK;
}

static void need(struct nnc_demand *d, uint32_t value, uint32_t channel, uint32_t label)
{
    uint32_t *const at = &d->labels[value][channel];
    *at = unite(d, *at, label);
}

static void need_all(struct nnc_demand *d, uint32_t value, uint32_t label)
{
    if (value == NNC_NONE || label == NNC_NOT_NEEDED)
        return;
    for (uint32_t c = 0; c < d->channels[value]; c++)
        need(d, value, c, label);
}

/* Channel for channel, where both have the same ones. */
static void need_same(struct nnc_demand *d, uint32_t out, uint32_t value)
{
    if (value == NNC_NONE)
        return;
    if (d->channels[out] != d->channels[value]) {
        need_all(d, value, nnc_demand_owner(d, out));
        return;
    }
    for (uint32_t c = 0; c < d->channels[out]; c++)
        if (d->labels[out][c] != NNC_NOT_NEEDED)
            need(d, value, c, d->labels[out][c]);
}

static void need_conv(struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t out = node->output, x = node->inputs[0];
    const uint32_t groups = node->conv.groups;
    const uint32_t outs = d->channels[out] / groups, ins = d->channels[x] / groups;
    for (uint32_t g = 0; g < groups; g++) {
        uint32_t label = NNC_NOT_NEEDED;
        for (uint32_t o = g * outs; o < (g + 1) * outs; o++)
            label = unite(d, label, d->labels[out][o]);
        if (label != NNC_NOT_NEEDED)
            for (uint32_t i = g * ins; i < (g + 1) * ins; i++)
                need(d, x, i, label);
    }
    need_same(d, out, node->inputs[1]);
    if (node->n_inputs > 2)
        need_same(d, out, node->inputs[2]);
}

/* Broadcasting aligns axes from the right. */
static void need_broadcast(struct nnc_demand *d, uint32_t out, uint32_t value)
{
    const struct nnc_shape *const o = &d->graph->values[out].shape;
    const struct nnc_shape *const v = &d->graph->values[value].shape;
    const int shift = (int)o->rank - (int)v->rank;
    if (v->rank > 0 && d->axis[value] + shift == d->axis[out])
        need_same(d, out, value);
    else
        need_all(d, value, nnc_demand_owner(d, out));
}

static void need_concat(struct nnc_demand *d, const struct nnc_node *node)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const uint32_t value = node->inputs[i];
        if (node->axis != d->axis[node->output]) {
            need_same(d, node->output, value);
            continue;
        }
        if (node->axis != d->axis[value]) { /* weights, needed by rows */
            need_all(d, value, nnc_demand_owner(d, node->output));
            before += d->graph->values[value].shape.dim[node->axis];
            continue;
        }
        for (uint32_t c = 0; c < d->channels[value]; c++) {
            const uint32_t label = d->labels[node->output][before + c];
            if (label != NNC_NOT_NEEDED)
                need(d, value, c, label);
        }
        before += d->channels[value];
    }
}

static uint64_t per_channel(const struct nnc_demand *d, uint32_t value)
{
    const struct nnc_shape *const s = &d->graph->values[value].shape;
    uint64_t n = 1;
    for (uint32_t i = d->axis[value] + 1u; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

/* Elements keep their order, so a channel is a range of them; true where everything before
 * the channel axis is 1. */
static void need_reshape(struct nnc_demand *d, uint32_t out, uint32_t value)
{
    const uint64_t elements = nnc_shape_elements(&d->graph->values[out].shape);
    const uint64_t mine = per_channel(d, out), theirs = per_channel(d, value);
    if (mine * d->channels[out] != elements || theirs * d->channels[value] != elements) {
        need_all(d, value, nnc_demand_owner(d, out));
        return;
    }
    for (uint32_t c = 0; c < d->channels[out]; c++) {
        const uint32_t label = d->labels[out][c];
        if (label == NNC_NOT_NEEDED)
            continue;
        const uint32_t first = (uint32_t)(c * mine / theirs);
        const uint32_t last = (uint32_t)(((c + 1) * mine - 1) / theirs);
        for (uint32_t k = first; k <= last; k++)
            need(d, value, k, label);
    }
}

static void need_slice(struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t out = node->output, x = node->inputs[0];
    const uint32_t axis = d->axis[x];
    if (axis != d->axis[out]) { /* weights, needed by rows */
        need_all(d, x, nnc_demand_owner(d, out));
        return;
    }
    for (uint32_t c = 0; c < d->channels[out]; c++)
        if (d->labels[out][c] != NNC_NOT_NEEDED)
            need(d, x,
                 (uint32_t)((int64_t)node->slice.start[axis] +
                            (int64_t)c * node->slice.step[axis]),
                 d->labels[out][c]);
}

static void need_gather(struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t out = node->output, x = node->inputs[0];
    const struct nnc_gather *const g = &node->gather;
    if (g->axis != d->axis[x]) {
        if (d->graph->values[out].shape.rank == d->graph->values[x].shape.rank)
            need_same(d, out, x);
        else
            need_all(d, x, nnc_demand_owner(d, out));
        return;
    }
    /* Indices of rank 1 keep the axis; of any other rank they move the channels. */
    const bool kept = d->graph->values[out].shape.rank == d->graph->values[x].shape.rank &&
                      d->channels[out] == g->n_indices;
    for (uint32_t i = 0; i < g->n_indices; i++) {
        const uint32_t label = kept ? d->labels[out][i] : nnc_demand_owner(d, out);
        if (label != NNC_NOT_NEEDED)
            need(d, x, g->indices[i], label);
    }
}

static void need_pad(struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t axis = d->axis[node->output];
    if (node->pad.begin[axis] || node->pad.end[axis])
        need_all(d, node->inputs[0], nnc_demand_owner(d, node->output));
    else
        need_same(d, node->output, node->inputs[0]);
}

static void need_inputs(struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t out = node->output;
    switch (node->op) {
    case NNC_OP_CONV:
        need_conv(d, node);
        return;
    case NNC_OP_GEMM: {
        need_all(d, node->inputs[0], nnc_demand_owner(d, out));
        need_same(d, out, node->inputs[1]);
        if (node->n_inputs > 2 && node->inputs[2] != NNC_NONE)
            need_broadcast(d, out, node->inputs[2]);
        return;
    }
    case NNC_OP_BINARY:
        need_broadcast(d, out, node->inputs[0]);
        need_broadcast(d, out, node->inputs[1]);
        return;
    case NNC_OP_BATCH_NORM:
    case NNC_OP_ACTIVATION:
    case NNC_OP_POOL:
    case NNC_OP_GLOBAL_AVERAGE:
    case NNC_OP_IDENTITY:
        for (uint32_t i = 0; i < node->n_inputs; i++)
            need_same(d, out, node->inputs[i]);
        return;
    case NNC_OP_CONCAT:
        need_concat(d, node);
        return;
    case NNC_OP_RESHAPE:
        need_reshape(d, out, node->inputs[0]);
        return;
    case NNC_OP_SLICE:
        need_slice(d, node);
        return;
    case NNC_OP_GATHER:
        need_gather(d, node);
        return;
    case NNC_OP_PAD:
        need_pad(d, node);
        return;
    case NNC_OP_TRANSPOSE:
        if (node->perm[d->axis[out]] == d->axis[node->inputs[0]])
            need_same(d, out, node->inputs[0]);
        else
            need_all(d, node->inputs[0], nnc_demand_owner(d, out));
        return;
    case NNC_OP_SOFTMAX:
        if (node->axis != d->axis[out]) {
            need_same(d, out, node->inputs[0]);
            return;
        }
        break;
    case NNC_OP_MATMUL:
        break;
    }
    for (uint32_t i = 0; i < node->n_inputs; i++)
        need_all(d, node->inputs[i], nnc_demand_owner(d, out));
}

/* Weights are needed by rows: output channels first in Conv and transposed Gemm. */
static void choose_axes(struct nnc_demand *d)
{
    const struct nnc_graph *const g = d->graph;
    for (uint32_t v = 0; v < g->n_values; v++)
        d->axis[v] = g->values[v].shape.rank >= 2;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        if (g->nodes[n].op == NNC_OP_CONV ||
            (g->nodes[n].op == NNC_OP_GEMM && g->nodes[n].gemm.transpose_b))
            d->axis[g->nodes[n].inputs[1]] = 0;
}

static bool allocate_labels(struct nnc_demand *d)
{
    const struct nnc_graph *const g = d->graph;
    uint64_t total = 0;
    for (uint32_t v = 0; v < g->n_values; v++) {
        const struct nnc_shape *const s = &g->values[v].shape;
        d->channels[v] = s->rank ? s->dim[d->axis[v]] : 1;
        total += d->channels[v];
    }
    uint32_t *labels = d->memory = nnc_alloc(total, sizeof *labels);
    if (!labels)
        return false;
    for (uint64_t i = 0; i < total; i++)
        labels[i] = NNC_NOT_NEEDED;
    for (uint32_t v = 0; v < g->n_values; labels += d->channels[v], v++)
        d->labels[v] = labels;
    return true;
}

/* The category that presence output `k` speaks of. */
static uint32_t presence_category(const struct nnc_graph *g, uint32_t k)
{
    for (uint32_t c = 0; c < g->taxonomy->n_categories; c++)
        if (g->branches[c].presence == k)
            return c;
    return NNC_TRUNK;
}

enum nnc_status nnc_demand_create(const struct nnc_graph *graph, const uint8_t *logits,
                                  const uint8_t *presence, struct nnc_demand **demand,
                                  struct nnc_error *error)
{
    struct nnc_demand *const d = nnc_alloc(1, sizeof *d);
    if (!d)
        return nnc_fail_nomem(error, sizeof *d);
    d->graph = graph;
    d->labels = nnc_alloc(graph->n_values, sizeof *d->labels);
    d->channels = nnc_alloc(graph->n_values, sizeof *d->channels);
    d->axis = nnc_alloc(graph->n_values, sizeof *d->axis);
    if (!d->labels || !d->channels || !d->axis)
        goto fail;
    choose_axes(d);
    if (!allocate_labels(d))
        goto fail;
    for (uint32_t k = 0; k < graph->taxonomy->n_classes; k++)
        if (logits[k])
            need(d, graph->logits, k, graph->taxonomy->class_of_logit[k]);
    if (presence && graph->presence != NNC_NONE)
        for (uint32_t k = 0; k < d->channels[graph->presence]; k++)
            if (presence[k])
                need(d, graph->presence, k, presence_category(graph, k));
    for (uint32_t n = graph->n_nodes; n-- > 0;)
        if (nnc_demand_owner(d, graph->nodes[n].output) != NNC_NOT_NEEDED)
            need_inputs(d, &graph->nodes[n]);
    *demand = d;
    return NNC_OK;
fail:
    nnc_demand_destroy(d);
    return nnc_fail_nomem(error, (uint64_t)graph->n_values * sizeof(uint32_t));
}

void nnc_demand_destroy(struct nnc_demand *d)
{
    if (!d)
        return;
    free(d->labels);
    free(d->channels);
    free(d->axis);
    free(d->memory);
    free(d);
}

uint32_t nnc_demand_count(const struct nnc_demand *d, uint32_t value)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < d->channels[value]; c++)
        n += d->labels[value][c] != NNC_NOT_NEEDED;
    return n;
}

uint32_t nnc_demand_owner(const struct nnc_demand *d, uint32_t value)
{
    uint32_t label = NNC_NOT_NEEDED;
    for (uint32_t c = 0; c < d->channels[value] && label != NNC_TRUNK; c++)
        label = unite(d, label, d->labels[value][c]);
    return label;
}
