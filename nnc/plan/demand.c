/* SPDX-License-Identifier: MIT */
/* The backward pass behind demand.h. One function per kind of operator says which channels
 * of its inputs a needed channel of its output needs; what is not said needs everything. */

#include "demand.h"

#include "../graph/taxonomy.h"

#include <stdlib.h>
#include <string.h>

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
    d->counts[value] += *at == NNC_NOT_NEEDED;
    *at = unite(d, *at, label);
    d->owners[value] = unite(d, d->owners[value], label);
}

static void need_all(struct nnc_demand *d, uint32_t value, uint32_t label)
{
    if (value == NNC_NONE || label == NNC_NOT_NEEDED)
        return;
    for (uint32_t c = 0; c < d->channels[value]; c++)
        need(d, value, c, label);
}

static const struct nnc_shape *shape_of(const struct nnc_demand *d, uint32_t value)
{
    return &d->graph->values[value].shape;
}

/* Channel for channel, where both have the same ones. */
static void need_same(struct nnc_demand *d, uint32_t out, uint32_t value)
{
    for (uint32_t c = 0; c < d->channels[out]; c++)
        if (d->labels[out][c] != NNC_NOT_NEEDED)
            need(d, value, c, d->labels[out][c]);
}

static void need_input(struct nnc_demand *d, const struct nnc_node *node, uint32_t i)
{
    if (node->inputs[i] == NNC_NONE)
        return;
    if (nnc_demand_by_channel(d, node, i))
        need_same(d, node->output, node->inputs[i]);
    else
        need_all(d, node->inputs[i], nnc_demand_owner(d, node->output));
}

/* The picture that is convolved, by groups. */
static void need_convolved(struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t out = node->output, x = node->inputs[0];
    const uint32_t groups = node->conv.groups;
    const uint32_t outs = d->channels[out] / groups, ins = d->channels[x] / groups;
    if (d->axis[x] != 1) {
        need_input(d, node, 0);
        return;
    }
    for (uint32_t g = 0; g < groups; g++) {
        uint32_t label = NNC_NOT_NEEDED;
        for (uint32_t o = g * outs; o < (g + 1) * outs; o++)
            label = unite(d, label, d->labels[out][o]);
        if (label != NNC_NOT_NEEDED)
            for (uint32_t i = g * ins; i < (g + 1) * ins; i++)
                need(d, x, i, label);
    }
}

/* Broadcasting aligns axes from the right. */
static void need_broadcast(struct nnc_demand *d, uint32_t out, uint32_t value)
{
    const struct nnc_shape *const o = shape_of(d, out), *const v = shape_of(d, value);
    const int shift = (int)o->rank - (int)v->rank;
    if (v->rank > 0 && d->axis[value] + shift == d->axis[out] &&
        d->channels[value] == d->channels[out])
        need_same(d, out, value);
    else
        need_all(d, value, nnc_demand_owner(d, out));
}

/* What lies side by side along the channels. */
static void need_parts(struct nnc_demand *d, const struct nnc_node *node)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const uint32_t value = node->inputs[i];
        const uint32_t n = shape_of(d, value)->dim[node->axis];
        for (uint32_t c = 0; c < n; c++) {
            const uint32_t label = d->labels[node->output][before + c];
            if (label == NNC_NOT_NEEDED)
                continue;
            if (node->axis == d->axis[value])
                need(d, value, c, label);
            else /* weights, needed by rows */
                need_all(d, value, label);
        }
        before += n;
    }
}

static void need_regrouped(struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t out = node->output;
    uint64_t mine, theirs;
    if (!nnc_demand_regroups(d, node, &mine, &theirs)) {
        need_input(d, node, 0);
        return;
    }
    for (uint32_t c = 0; c < d->channels[out]; c++) {
        const uint32_t label = d->labels[out][c];
        if (label == NNC_NOT_NEEDED)
            continue;
        const uint32_t first = (uint32_t)(c * mine / theirs);
        const uint32_t last = (uint32_t)(((c + 1) * mine - 1) / theirs);
        for (uint32_t k = first; k <= last; k++)
            need(d, node->inputs[0], k, label);
    }
}

static void need_picked(struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t out = node->output, x = node->inputs[0];
    if (nnc_demand_picks(d, node)) {
        for (uint32_t c = 0; c < d->channels[out]; c++)
            if (d->labels[out][c] != NNC_NOT_NEEDED)
                need(d, x, nnc_demand_picked(d, node, c), d->labels[out][c]);
    } else if (node->op == NNC_OP_GATHER && node->gather.axis == d->axis[x]) {
        for (uint32_t i = 0; i < node->gather.n_indices; i++)
            need(d, x, node->gather.indices[i], nnc_demand_owner(d, out));
    } else {
        need_input(d, node, 0);
    }
}

static void need_inputs(struct nnc_demand *d, const struct nnc_node *node)
{
    uint32_t first = 0, end = node->n_inputs;
    switch (node->op) {
    case NNC_OP_CONV:
        need_convolved(d, node);
        first = 1;
        break;
    case NNC_OP_GEMM:
        if (node->inputs[2] != NNC_NONE)
            need_broadcast(d, node->output, node->inputs[2]);
        end = 2;
        break;
    case NNC_OP_BINARY:
        need_broadcast(d, node->output, node->inputs[0]);
        need_broadcast(d, node->output, node->inputs[1]);
        return;
    case NNC_OP_CONCAT:
        if (node->axis != d->axis[node->output])
            break;
        need_parts(d, node);
        return;
    case NNC_OP_RESHAPE:
        need_regrouped(d, node);
        return;
    case NNC_OP_SLICE:
    case NNC_OP_GATHER:
        need_picked(d, node);
        return;
    default:
        break;
    }
    for (uint32_t i = first; i < end; i++)
        need_input(d, node, i);
}

/* Constants whose channels are along axis 0: weights that are multiplied by rows, and
 * operands [C, ...] that broadcast to [1, C, ...]. */
static bool has_rows_first(const struct nnc_demand *d, const struct nnc_node *node, uint32_t i)
{
    const struct nnc_value *const value = &d->graph->values[node->inputs[i]];
    const struct nnc_shape *const out = shape_of(d, node->output);
    switch (node->op) {
    case NNC_OP_CONV:
        return i == 1;
    case NNC_OP_GEMM:
        return i == 1 && node->gemm.transpose_b;
    case NNC_OP_BINARY:
        return value->kind == NNC_VALUE_TENSOR && value->shape.rank >= 2 &&
               value->shape.rank + 1 == out->rank && value->shape.dim[0] == out->dim[1];
    default:
        return false;
    }
}

static void choose_axes(struct nnc_demand *d)
{
    const struct nnc_graph *const g = d->graph;
    for (uint32_t v = 0; v < g->n_values; v++)
        d->axis[v] = g->values[v].shape.rank >= 2;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t i = 0; i < g->nodes[n].n_inputs; i++)
            if (has_rows_first(d, &g->nodes[n], i))
                d->axis[g->nodes[n].inputs[i]] = 0;
}

static bool allocate_labels(struct nnc_demand *d)
{
    const struct nnc_graph *const g = d->graph;
    uint64_t total = 0;
    free(d->memory);
    for (uint32_t v = 0; v < g->n_values; v++) {
        const struct nnc_shape *const s = &g->values[v].shape;
        d->channels[v] = s->rank ? s->dim[d->axis[v]] : 1;
        total += d->channels[v];
    }
    uint32_t *labels = d->memory = nnc_alloc_aligned(total * sizeof *labels);
    if (!labels)
        return false;
    for (uint64_t i = 0; i < total; i++)
        labels[i] = NNC_NOT_NEEDED;
    for (uint32_t v = 0; v < g->n_values; labels += d->channels[v], v++) {
        d->labels[v] = labels;
        d->counts[v] = 0;
        d->owners[v] = NNC_NOT_NEEDED;
    }
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

static void label(struct nnc_demand *d, const uint8_t *logits, const uint8_t *presence)
{
    const struct nnc_graph *const g = d->graph;
    for (uint32_t k = 0; k < g->taxonomy->n_classes; k++)
        if (logits[k])
            need(d, g->logits, k, g->taxonomy->class_of_logit[k]);
    if (presence && g->presence != NNC_NONE)
        for (uint32_t k = 0; k < d->channels[g->presence]; k++)
            if (presence[k])
                need(d, g->presence, k, presence_category(g, k));
    for (uint32_t n = g->n_nodes; n-- > 0;)
        if (nnc_demand_owner(d, g->nodes[n].output) != NNC_NOT_NEEDED)
            need_inputs(d, &g->nodes[n]);
}

/* Weights that are needed, but not by rows, since whoever wanted rows was cut away, are
 * constants like others: true if there are any, which then have another axis. `by_rows` is
 * room for [values]. */
static bool correct_axes(struct nnc_demand *d, bool *by_rows)
{
    const struct nnc_graph *const g = d->graph;
    bool corrected = false;
    memset(by_rows, 0, g->n_values * sizeof *by_rows);
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t i = 0; i < g->nodes[n].n_inputs; i++)
            if (has_rows_first(d, &g->nodes[n], i) &&
                nnc_demand_count(d, g->nodes[n].output))
                by_rows[g->nodes[n].inputs[i]] = true;
    for (uint32_t v = 0; v < g->n_values; v++) {
        const bool rows = g->values[v].shape.rank >= 2 && d->axis[v] == 0;
        if (!rows || by_rows[v] || !nnc_demand_count(d, v))
            continue;
        d->axis[v] = 1;
        corrected = true;
    }
    return corrected;
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
    d->counts = nnc_alloc(graph->n_values, sizeof *d->counts);
    d->owners = nnc_alloc(graph->n_values, sizeof *d->owners);
    d->axis = nnc_alloc(graph->n_values, sizeof *d->axis);
    bool *const by_rows = nnc_alloc(graph->n_values, sizeof *by_rows);
    bool enough = d->labels && d->channels && d->counts && d->owners && d->axis && by_rows;
    if (enough)
        choose_axes(d);
    do { /* each round takes at least one weight's rows; there is rarely a second */
        enough = enough && allocate_labels(d);
        if (enough)
            label(d, logits, presence);
    } while (enough && correct_axes(d, by_rows));
    free(by_rows);
    if (!enough) {
        nnc_demand_destroy(d);
        return nnc_fail_nomem(error, (uint64_t)graph->n_values * sizeof(uint32_t));
    }
    *demand = d;
    return NNC_OK;
}

void nnc_demand_destroy(struct nnc_demand *d)
{
    if (!d)
        return;
    free(d->labels);
    free(d->channels);
    free(d->counts);
    free(d->owners);
    free(d->axis);
    free(d->memory);
    free(d);
}

uint32_t nnc_demand_count(const struct nnc_demand *d, uint32_t value)
{
    return d->counts[value];
}

uint32_t nnc_demand_owner(const struct nnc_demand *d, uint32_t value)
{
    return d->owners[value];
}

uint32_t nnc_demand_top(const struct nnc_demand *d, uint32_t value)
{
    const uint32_t owner = nnc_demand_owner(d, value);
    if (owner >= NNC_TRUNK)
        return NNC_TRUNK;
    const struct nnc_category *c = category(d, owner);
    while (c->parent != NNC_NO_CATEGORY)
        c = category(d, c->parent);
    return c->index;
}
