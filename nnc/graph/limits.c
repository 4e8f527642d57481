/* SPDX-License-Identifier: MIT */
/* What a frame of this network costs, as far as it must be bounded: multiply-adds, bytes
 * of activations that are alive at one time (in the order of the file), bytes of weights.
 */

#include "builder.h"

#include <stdlib.h>

#define MAX_MULTIPLY_ADDS UINT64_C(1000000000000)
#define MAX_ACTIVATION_BYTES ((uint64_t)512 << 20)
#define MAX_WEIGHT_BYTES ((uint64_t)2 << 30)

/* Steps of arithmetic for each element that comes out; 1 where it is not a sum. The limit
 * is meant for multiply-adds, but a window of 4,000 x 4,000 pixels takes as long in a
 * pooling. Factors are below 2^31: a tensor's elements, or a window inside a picture. */
static uint64_t terms(const struct nnc_graph *graph, const struct nnc_node *node)
{
    const struct nnc_shape *a = &graph->values[node->inputs[0]].shape;
    const struct nnc_shape *w = &graph->values[node->inputs[node->n_inputs > 1]].shape;
    switch (node->op) {
    case NNC_OP_CONV:
        return (uint64_t)w->dim[1] * w->dim[2] * w->dim[3];
    case NNC_OP_GEMM:
        return a->dim[node->gemm.transpose_a ? 0 : 1];
    case NNC_OP_MATMUL:
        return a->dim[a->rank - 1];
    case NNC_OP_POOL:
        return (uint64_t)node->pool.kernel[0] * node->pool.kernel[1];
    case NNC_OP_GLOBAL_AVERAGE:
        return (uint64_t)a->dim[2] * a->dim[3];
    default:
        return 1;
    }
}

static bool multiply_adds(const struct nnc_graph *graph, const struct nnc_node *node,
                          uint64_t *macs)
{
    return nnc_mul(nnc_shape_elements(&graph->values[node->output].shape),
                   terms(graph, node), macs);
}

static enum nnc_status check_multiply_adds(const struct nnc_graph *graph,
                                           struct nnc_error *error)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        uint64_t macs;
        const struct nnc_node *node = &graph->nodes[i];
        if (multiply_adds(graph, node, &macs) && nnc_add(total, macs, &total) &&
            total <= MAX_MULTIPLY_ADDS)
            continue;
        return nnc_fail(
            error, NNC_LIMIT, node->name,
            "node '%.64s': too many multiply-adds; got %llu up to here, limit "
            "%llu",
            node->name, (unsigned long long)total, (unsigned long long)MAX_MULTIPLY_ADDS);
    }
    return NNC_OK;
}

/* The last node that reads each value; outputs stay alive. */
static void find_last_uses(const struct nnc_graph *graph, uint32_t *last)
{
    for (uint32_t i = 0; i < graph->n_values; i++)
        last[i] = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_inputs; k++)
            if (graph->nodes[i].inputs[k] != NNC_NONE)
                last[graph->nodes[i].inputs[k]] = i;
    last[graph->logits] = NNC_NONE;
    if (graph->presence != NNC_NONE)
        last[graph->presence] = NNC_NONE;
}

static uint64_t value_bytes(const struct nnc_graph *graph, uint32_t value)
{
    return nnc_shape_elements(&graph->values[value].shape) * sizeof(float);
}

static enum nnc_status check_activations(const struct nnc_graph *graph,
                                         struct nnc_pool *pool, struct nnc_error *error)
{
    uint32_t *last = nnc_pool_alloc(pool, graph->n_values, sizeof *last);
    uint64_t live = value_bytes(graph, graph->image);
    if (!last)
        return nnc_fail_nomem(error, graph->n_values * sizeof *last);
    find_last_uses(graph, last);
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct nnc_node *node = &graph->nodes[i];
        live += value_bytes(graph, node->output); /* at most 2^16 of at most 2^33 */
        if (live > MAX_ACTIVATION_BYTES)
            return nnc_fail(
                error, NNC_LIMIT, node->name,
                "node '%.64s': activations too large; got %llu bytes, limit %llu",
                node->name, (unsigned long long)live,
                (unsigned long long)MAX_ACTIVATION_BYTES);
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            const uint32_t input = node->inputs[k];
            if (input == NNC_NONE || last[input] != i ||
                graph->values[input].kind == NNC_VALUE_TENSOR)
                continue;
            live -= graph->values[input].kind == NNC_VALUE_ATTENTION
                        ? 0
                        : value_bytes(graph, input);
            last[input] = NNC_NONE; /* a node may read a value twice */
        }
    }
    return NNC_OK;
}

static int compare_places(const void *a, const void *b)
{
    const struct nnc_tensor *x = *(const struct nnc_tensor *const *)a;
    const struct nnc_tensor *y = *(const struct nnc_tensor *const *)b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return (x->dtype > y->dtype) - (x->dtype < y->dtype);
}

enum nnc_status nnc_graph_unique_floats(const struct nnc_graph *graph,
                                        struct nnc_pool *pool,
                                        const struct nnc_tensor ***unique, uint32_t *n,
                                        struct nnc_error *error)
{
    const struct nnc_tensor **sorted =
        nnc_pool_alloc(pool, graph->n_tensors, sizeof *sorted);
    uint32_t n_floats = 0, kept = 0;
    if (!sorted)
        return nnc_fail_nomem(error, graph->n_tensors * sizeof *sorted);
    for (uint32_t i = 0; i < graph->n_tensors; i++)
        if (nnc_tensor_has_floats(&graph->tensors[i]))
            sorted[n_floats++] = &graph->tensors[i];
    qsort(sorted, n_floats, sizeof *sorted, compare_places);
    for (uint32_t i = 0; i < n_floats; i++)
        if (!kept || compare_places(&sorted[kept - 1], &sorted[i]))
            sorted[kept++] = sorted[i];
    *unique = sorted;
    *n = kept;
    return NNC_OK;
}

static enum nnc_status check_weights(const struct nnc_graph *graph, struct nnc_pool *pool,
                                     struct nnc_error *error)
{
    const struct nnc_tensor **unique;
    uint32_t n;
    uint64_t total = 0;
    const enum nnc_status status =
        nnc_graph_unique_floats(graph, pool, &unique, &n, error);
    for (uint32_t i = 0; !status && i < n; i++) {
        total += nnc_shape_elements(&unique[i]->shape) * sizeof(float);
        if (total > MAX_WEIGHT_BYTES)
            return nnc_fail(
                error, NNC_LIMIT, unique[i]->name,
                "tensor '%.64s': weights total too large; got %llu bytes, limit "
                "%llu",
                unique[i]->name, (unsigned long long)total,
                (unsigned long long)MAX_WEIGHT_BYTES);
    }
    return status;
}

enum nnc_status nnc_graph_check_limits(const struct nnc_graph *graph,
                                       struct nnc_pool *pool, struct nnc_error *error)
{
    enum nnc_status status = check_multiply_adds(graph, error);
    if (!status)
        status = check_activations(graph, pool, error);
    return status ? status : check_weights(graph, pool, error);
}
