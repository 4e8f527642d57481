/* SPDX-License-Identifier: MIT */
/* How the channels of a result come from those of its operands: one by one, picked, or as
 * ranges of elements. What walks backwards and what writes experts both ask here. */

#include "demand.h"

static const struct nnc_shape *shape_of(const struct nnc_demand *d, uint32_t value)
{
    return &d->graph->values[value].shape;
}

bool nnc_demand_by_channel(const struct nnc_demand *d, const struct nnc_node *node, uint32_t i)
{
    const uint32_t out = node->output, value = node->inputs[i];
    const uint32_t axis = d->axis[out];
    const bool aligned = d->axis[value] == axis; /* weights have their rows along axis 0 */
    if (d->channels[value] != d->channels[out])
        return false;
    switch (node->op) {
    case NNC_OP_CONV:
        return i > 0;
    case NNC_OP_GEMM:
        return i == 1 && d->axis[value] == (node->gemm.transpose_b ? 0 : 1);
    case NNC_OP_BATCH_NORM:
        return i > 0 || aligned;
    case NNC_OP_ACTIVATION:
    case NNC_OP_POOL:
    case NNC_OP_GLOBAL_AVERAGE:
    case NNC_OP_IDENTITY:
        return aligned;
    case NNC_OP_CONCAT:
    case NNC_OP_SOFTMAX:
        return aligned && node->axis != axis;
    case NNC_OP_GATHER:
        return aligned && node->gather.axis != axis &&
               shape_of(d, out)->rank == shape_of(d, value)->rank;
    case NNC_OP_PAD:
        return aligned && !node->pad.begin[axis] && !node->pad.end[axis];
    case NNC_OP_TRANSPOSE:
        return node->perm[axis] == d->axis[value];
    default:
        return false;
    }
}

bool nnc_demand_picks(const struct nnc_demand *d, const struct nnc_node *node)
{
    const uint32_t out = node->output, x = node->inputs[0];
    if (d->axis[out] != d->axis[x])
        return false;
    if (node->op == NNC_OP_SLICE)
        return true;
    /* Indices of rank 1 keep the axis; of any other rank they move the channels. */
    return node->op == NNC_OP_GATHER && node->gather.axis == d->axis[x] &&
           shape_of(d, out)->rank == shape_of(d, x)->rank;
}

uint32_t nnc_demand_picked(const struct nnc_demand *d, const struct nnc_node *node,
                           uint32_t channel)
{
    const uint32_t axis = d->axis[node->output];
    if (node->op == NNC_OP_GATHER)
        return node->gather.indices[channel];
    return (uint32_t)((int64_t)node->slice.start[axis] +
                      (int64_t)channel * node->slice.step[axis]);
}

static uint64_t per_channel(const struct nnc_demand *d, uint32_t value)
{
    const struct nnc_shape *const s = shape_of(d, value);
    uint64_t n = 1;
    for (uint32_t i = d->axis[value] + 1u; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

/* Elements keep their order, so a channel is a range of them where everything before the
 * channel axis is 1. */
bool nnc_demand_regroups(const struct nnc_demand *d, const struct nnc_node *node,
                         uint64_t *mine, uint64_t *theirs)
{
    const uint32_t out = node->output, x = node->inputs[0];
    const uint64_t elements = nnc_shape_elements(shape_of(d, out));
    *mine = per_channel(d, out);
    *theirs = per_channel(d, x);
    return *mine * d->channels[out] == elements && *theirs * d->channels[x] == elements;
}
