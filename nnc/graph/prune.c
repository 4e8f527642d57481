/* SPDX-License-Identifier: MIT */
/* Drops nodes, values and tensors that neither logits nor presence need, and renumbers
 * the rest in place. Nodes are in order, so one pass backwards finds what is needed. */

#include "builder.h"

#include <string.h>

/* `mark` of a value becomes 1 where it is needed. */
static void mark_values(const struct nnc_graph *graph, uint32_t *mark)
{
    const uint32_t roots[] = {graph->image, graph->attention, graph->logits,
                              graph->presence};
    memset(mark, 0, graph->n_values * sizeof *mark);
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        if (roots[i] != NNC_NONE)
            mark[roots[i]] = 1;
    for (uint32_t i = graph->n_nodes; i-- > 0;)
        for (uint32_t k = 0; mark[graph->nodes[i].output] && k < graph->nodes[i].n_inputs;
             k++)
            if (graph->nodes[i].inputs[k] != NNC_NONE)
                mark[graph->nodes[i].inputs[k]] = 1;
}

static void move_values(struct nnc_graph *graph, uint32_t *new_number)
{
    uint32_t n_values = 0, n_tensors = 0;
    for (uint32_t i = 0; i < graph->n_values; i++) {
        if (!new_number[i]) {
            new_number[i] = NNC_NONE;
            continue;
        }
        struct nnc_value value = graph->values[i];
        if (value.kind ==
            NNC_VALUE_TENSOR) { /* tensors were made in the order of values */
            graph->tensors[n_tensors] = graph->tensors[value.source];
            value.source = n_tensors++;
        }
        new_number[i] = n_values;
        graph->values[n_values++] = value;
    }
    graph->n_values = n_values;
    graph->n_tensors = n_tensors;
}

static void move_nodes(struct nnc_graph *graph, const uint32_t *new_number)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        struct nnc_node node = graph->nodes[i];
        node.output = new_number[node.output];
        if (node.output == NNC_NONE)
            continue;
        for (uint32_t k = 0; k < node.n_inputs; k++)
            if (node.inputs[k] != NNC_NONE)
                node.inputs[k] = new_number[node.inputs[k]];
        graph->values[node.output].source = n;
        graph->nodes[n++] = node;
    }
    graph->n_nodes = n;
}

static uint32_t renumber(const uint32_t *new_number, uint32_t value)
{
    return value == NNC_NONE ? NNC_NONE : new_number[value];
}

void nnc_graph_prune(struct nnc_graph *graph, uint32_t *new_number)
{
    mark_values(graph, new_number);
    move_values(graph, new_number);
    move_nodes(graph, new_number);
    graph->image = renumber(new_number, graph->image);
    graph->attention = renumber(new_number, graph->attention);
    graph->logits = renumber(new_number, graph->logits);
    graph->presence = renumber(new_number, graph->presence);
}
