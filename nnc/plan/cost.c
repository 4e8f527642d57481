/* SPDX-License-Identifier: MIT */
/* Counts parameters (per initializer, so a shared one counts once) and MACs (per node). */

#include "cost.h"

#include "../graph/taxonomy.h"

static struct nnc_cost *account(struct nnc_cost_table *table, uint32_t owner)
{
    return owner == NNC_TRUNK ? &table->trunk : &table->category[owner];
}

static uint64_t node_macs(const struct nnc_graph *g, const struct nnc_node *node, uint32_t rows)
{
    const struct nnc_shape *const out = &g->values[node->output].shape;
    const struct nnc_shape *const x = &g->values[node->inputs[0]].shape;
    const uint32_t channels = out->rank >= 2 ? out->dim[1] : 1;
    const uint64_t per_row = channels ? nnc_shape_elements(out) / channels : 0;
    switch (node->op) {
    case NNC_OP_CONV:
        return rows * per_row * (x->dim[1] / node->conv.groups) * node->conv.kernel[0] *
               node->conv.kernel[1];
    case NNC_OP_GEMM:
        return rows * per_row * x->dim[node->gemm.transpose_a ? 0 : 1];
    case NNC_OP_MATMUL:
        return nnc_shape_elements(out) * x->dim[x->rank - 1];
    default:
        return 0;
    }
}

static bool is_parameter(const struct nnc_graph *g, const struct nnc_value *value)
{
    return value->kind == NNC_VALUE_TENSOR && g->tensors[value->source].initializer &&
           nnc_tensor_has_floats(&g->tensors[value->source]);
}

void nnc_cost_count(const struct nnc_demand *need, const struct nnc_demand *owners,
                    struct nnc_cost_table *table)
{
    const struct nnc_graph *const g = need->graph;
    for (uint32_t v = 0; v < g->n_values; v++) {
        const uint32_t rows = nnc_demand_count(need, v);
        if (!rows || !is_parameter(g, &g->values[v]))
            continue;
        const uint64_t elements = nnc_shape_elements(&g->values[v].shape);
        account(table, nnc_demand_owner(owners, v))->params +=
            elements / need->channels[v] * rows;
    }
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        const struct nnc_node *const node = &g->nodes[n];
        const uint32_t rows = nnc_demand_count(need, node->output);
        if (rows)
            account(table, nnc_demand_owner(owners, node->output))->macs +=
                node_macs(g, node, rows);
    }
    table->total = table->trunk;
    for (uint32_t c = 0; c < g->taxonomy->n_categories; c++) {
        table->total.params += table->category[c].params;
        table->total.macs += table->category[c].macs;
    }
}
