/* SPDX-License-Identifier: MIT */
/* From a step of the program to a step of a plan: shapes become strides, attributes become
 * kernel arguments, demand becomes lists of blocks and spans. */

#include "describe.h"

#include "geometry.h"

#include <string.h>

struct describer {
    struct nnc_plan *plan;
    const struct nnc_program *program;
    const struct nnc_demand *need;
    struct nnc_plan_step *s;
};

static void *pool(const struct describer *d, uint64_t count, uint64_t size)
{
    return nnc_pool_alloc(&d->plan->pool, count, size);
}

/* Whether channel c of an edge is needed. A value whose channels are not along its labels'
 * axis is needed whole. */
static bool channel_needed(const struct describer *d, const struct nnc_edge *e, uint32_t c)
{
    if (d->need->channels[e->value] != e->channels)
        return true;
    return d->need->labels[e->value][c] != NNC_NOT_NEEDED;
}

static bool note_blocks(struct describer *d)
{
    const uint32_t channels = d->s->out_edge->channels;
    const uint32_t blocks = nnc_ceil_div(channels, NNC_BLOCK);
    uint32_t *const active = pool(d, blocks, sizeof *active);
    if (!active)
        return false;
    for (uint32_t c = 0; c < channels; c++)
        if (channel_needed(d, d->s->out_edge, c)) {
            active[d->s->n_active++] = c / NNC_BLOCK;
            c |= NNC_BLOCK - 1;
        }
    d->s->active = active;
    return true;
}

static bool note_spans(struct describer *d)
{
    const struct nnc_edge *const e = d->s->out_edge;
    struct nnc_span *const spans = pool(d, (uint64_t)e->channels / 2 + 1, sizeof *spans);
    if (!spans)
        return false;
    d->s->spans = spans;
    if (e->shape.rank < 2 || e->shape.dim[0] != 1) {
        spans[d->s->n_spans++] = (struct nnc_span){0, nnc_shape_elements(&e->shape)};
        return true;
    }
    for (uint32_t c = 0; c < e->channels; c++) {
        if (!channel_needed(d, e, c))
            continue;
        const uint32_t first = c;
        while (c + 1 < e->channels && channel_needed(d, e, c + 1))
            c++;
        spans[d->s->n_spans++] =
            (struct nnc_span){first * e->pixels, (c + 1 - first) * e->pixels};
    }
    return true;
}

static void describe_conv(struct describer *d)
{
    struct nnc_plan_step *const s = d->s;
    nnc_conv_geometry(d->program, s->step, &s->conv);
    s->conv.active = s->active;
    s->conv.n_active = s->n_active;
}

/* Every group is a convolution of its own. Its inputs are read where they lie if blocks of
 * 16 channels do not cut them apart at other places than they would in such a one; its
 * outputs are written where they belong if no other group is in the block. */
static bool describe_groups(struct describer *d)
{
    struct nnc_plan_step *const s = d->s;
    const struct nnc_edge *const in = s->in_edge[0], *const out = s->out_edge;
    const uint32_t groups = s->node->conv.groups;
    const uint32_t ins = in->channels / groups, outs = out->channels / groups;
    bool *const needed = pool(d, groups, sizeof *needed);
    if (!needed)
        return false;
    for (uint32_t c = 0; c < out->channels; c++)
        needed[c / outs] |= channel_needed(d, out, c);
    s->group_needed = needed;
    s->group_outs = outs;
    s->conv.in_channels = ins;
    if (ins % NNC_BLOCK && NNC_BLOCK % ins && in->pixels > 1)
        s->group_x_floats = nnc_align(ins, NNC_BLOCK) * in->pixels;
    if (outs % NNC_BLOCK)
        s->group_y_floats = NNC_BLOCK * out->pixels;
    return true;
}

static void describe_pool(struct describer *d)
{
    const struct nnc_pool_params *const p = &d->s->node->pool;
    struct nnc_pool_args *const a = &d->s->pool;
    *a = (struct nnc_pool_args){.average = p->average,
                                .count_include_pad = p->count_include_pad,
                                .in_height = nnc_edge_height(d->s->in_edge[0]),
                                .in_width = nnc_edge_width(d->s->in_edge[0]),
                                .out_height = nnc_edge_height(d->s->out_edge),
                                .out_width = nnc_edge_width(d->s->out_edge)};
    for (int i = 0; i < 2; i++) {
        a->kernel[i] = p->kernel[i];
        a->stride[i] = p->stride[i];
        a->dilation[i] = p->dilation[i];
        a->pad_begin[i] = p->pad_begin[i];
        a->pad_end[i] = p->pad_end[i];
    }
}

/* Index along one axis of the input for index `i` of a padded axis, or -1. */
static int64_t padded_index(const struct nnc_pad *pad, uint32_t axis, int64_t size, uint32_t i)
{
    int64_t at = (int64_t)i - pad->begin[axis];
    if (at >= 0 && at < size)
        return at;
    if (pad->mode == NNC_PAD_CONSTANT)
        return -1;
    if (pad->mode == NNC_PAD_EDGE)
        return at < 0 ? 0 : size - 1;
    if (at < 0)
        at = -at;
    return at < size ? at : 2 * (size - 1) - at;
}

static int64_t picked_index(const struct nnc_node *node, const struct nnc_shape *x,
                            uint32_t axis, uint32_t i)
{
    switch (node->op) {
    case NNC_OP_SLICE:
        return (int64_t)node->slice.start[axis] + (int64_t)i * node->slice.step[axis];
    case NNC_OP_GATHER:
        return axis == node->gather.axis ? node->gather.indices[i] : i;
    case NNC_OP_PAD:
        return padded_index(&node->pad, axis, x->dim[axis], i);
    default: /* TRANSPOSE */
        return i;
    }
}

/* A table per axis of the input as the operator sees it. */
static bool describe_pick(struct describer *d)
{
    const struct nnc_node *const node = d->s->node;
    const struct nnc_shape *const x = &d->s->in_edge[0]->shape;
    struct nnc_pick *const pick = &d->s->pick;
    int64_t stride[NNC_MAX_RANK], n = 1;
    for (uint32_t k = x->rank; k-- > 0;) {
        stride[k] = n;
        n *= x->dim[k];
    }
    pick->rank = x->rank;
    pick->fill = node->op == NNC_OP_PAD ? node->pad.value : 0;
    for (uint32_t k = 0; k < x->rank; k++) {
        const uint32_t axis = node->op == NNC_OP_TRANSPOSE ? node->perm[k] : k;
        const bool gathered = node->op == NNC_OP_GATHER;
        const uint32_t size = gathered ? (k == node->gather.axis ? node->gather.n_indices
                                                                 : x->dim[k])
                                       : d->s->out_edge->shape.dim[k];
        int64_t *const table = pool(d, size, sizeof *table);
        if (!table)
            return false;
        for (uint32_t i = 0; i < size; i++) {
            const int64_t at = picked_index(node, x, axis, i);
            table[i] = at < 0 ? -1 : at * stride[axis];
        }
        pick->dim[k] = size;
        pick->table[k] = table;
    }
    return true;
}

static bool describe_operands(struct describer *d)
{
    struct nnc_plan_step *const s = d->s;
    const uint32_t n = s->step->n_in;
    s->in = pool(d, n, sizeof *s->in);
    s->in_edge = pool(d, n, sizeof *s->in_edge);
    s->in_needed = pool(d, n, sizeof *s->in_needed);
    if (!s->in || !s->in_edge || !s->in_needed)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        s->in_edge[i] = &d->program->edges[s->step->in[i]];
        s->in_needed[i] = nnc_demand_count(d->need, s->in_edge[i]->value) > 0;
    }
    return true;
}

static bool describe(struct describer *d)
{
    struct nnc_plan_step *const s = d->s;
    if (!describe_operands(d) || !note_blocks(d) || !note_spans(d))
        return false;
    switch (s->step->kind) {
    case NNC_STEP_CONV:
        describe_conv(d);
        s->narrow = s->in_edge[0]->numbers == NNC_PRECISION_FP32 ? NULL : d->program->narrow;
        s->conv.winograd =
            nnc_weights_winograd(d->plan->weights, nnc_step_number(d->program, s->step));
        s->n_items = nnc_plan_conv_items(s);
        break;
    case NNC_STEP_NARROW:
        s->conv.xs = nnc_edge_strides(s->in_edge[0]);
        s->n_items = s->n_active;
        break;
    case NNC_STEP_GROUPED:
        describe_conv(d);
        if (!describe_groups(d))
            return false;
        s->n_items = s->n_active;
        break;
    case NNC_STEP_DEPTHWISE:
        describe_conv(d);
        s->n_items = s->n_active;
        break;
    case NNC_STEP_POOL:
        describe_pool(d);
        s->n_items = s->n_active;
        break;
    case NNC_STEP_AFFINE:
    case NNC_STEP_AVERAGE:
    case NNC_STEP_REORDER:
        s->n_items = s->n_active;
        break;
    case NNC_STEP_ACTIVATE:
    case NNC_STEP_BINARY:
        s->n_items = s->out_edge->blocked ? s->n_active : 1;
        break;
    case NNC_STEP_PICK:
        s->n_items = 1;
        return describe_pick(d);
    default:
        s->n_items = 1;
        break;
    }
    return true;
}

static bool has_packed_weights(enum nnc_step_kind kind)
{
    return kind == NNC_STEP_CONV || kind == NNC_STEP_GROUPED || kind == NNC_STEP_DEPTHWISE ||
           kind == NNC_STEP_AFFINE;
}

enum nnc_status nnc_describe_step(struct nnc_plan *plan, const struct nnc_demand *need,
                                  const struct nnc_kernels *kernels, uint32_t step,
                                  struct nnc_plan_step *out, struct nnc_error *error)
{
    struct describer d = {.plan = plan, .program = plan->program, .need = need, .s = out};
    out->step = &plan->program->steps[step];
    out->kernels = kernels;
    out->out_edge = &plan->program->edges[out->step->out];
    if (out->step->node != NNC_NONE)
        out->node = &plan->program->graph->nodes[out->step->node];
    if (!describe(&d))
        return nnc_fail_nomem(error, sizeof *out);
    if (!has_packed_weights(out->step->kind))
        return NNC_OK;
    out->packed = nnc_pool_alloc(&plan->pool,
                                 nnc_ceil_div(out->out_edge->channels, NNC_BLOCK),
                                 sizeof *out->packed);
    if (!out->packed)
        return nnc_fail_nomem(error, sizeof *out->packed);
    if (out->step->kind == NNC_STEP_CONV || out->step->kind == NNC_STEP_GROUPED) {
        const uint64_t floats = out->group_x_floats + out->group_y_floats +
                                nnc_plan_conv_scratch_floats(out);
        if (floats > plan->scratch_floats)
            plan->scratch_floats = floats;
    }
    return NNC_OK;
}
