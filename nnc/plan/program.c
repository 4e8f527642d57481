/* SPDX-License-Identifier: MIT */
/* Lowers a graph, node after node (program_nodes.c). */

#include "program.h"

#include "program_parts.h"
#include "stack.h"

#include <stdlib.h>

static void count_readers(struct nnc_lowering *b)
{
    const struct nnc_graph *const g = b->graph;
    for (uint32_t v = 0; v < g->n_values; v++)
        b->reader[v] = b->plain[v] = b->blocked[v] = b->narrow[v] = NNC_NONE;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t i = 0; i < g->nodes[n].n_inputs; i++)
            if (g->nodes[n].inputs[i] != NNC_NONE) {
                b->uses[g->nodes[n].inputs[i]]++;
                b->reader[g->nodes[n].inputs[i]] = n;
            }
    b->uses[g->logits]++;
    if (g->presence != NNC_NONE)
        b->uses[g->presence]++;
}

static void add_sources(struct nnc_lowering *b)
{
    const struct nnc_graph *const g = b->graph;
    struct nnc_program *const p = b->program;
    p->attention = NNC_NONE;
    for (uint32_t v = 0; v < g->n_values; v++) {
        const struct nnc_value *const value = &g->values[v];
        if (value->kind == NNC_VALUE_IMAGE)
            nnc_lower_put(
                b, v,
                p->image = nnc_lower_add_edge(b, NNC_EDGE_IMAGE, 0, v, &value->shape, false));
        else if (value->kind == NNC_VALUE_ATTENTION)
            nnc_lower_put(b, v,
                          p->attention = nnc_lower_add_edge(b, NNC_EDGE_ATTENTION, 0, v,
                                                            &value->shape, false));
        else if (value->kind == NNC_VALUE_TENSOR &&
                 nnc_tensor_has_floats(&g->tensors[value->source]))
            nnc_lower_put(
                b, v,
                nnc_lower_add_edge(b, NNC_EDGE_TENSOR, value->source, v, &value->shape, false));
    }
}

static bool make_room(struct nnc_lowering *b)
{
    const struct nnc_graph *const g = b->graph;
    uint64_t operands = 0;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        operands += g->nodes[n].n_inputs;
    /* Each node makes one result; each operand and output is reordered at most once, and
     * each value narrowed at most once. */
    b->edge_room = (uint32_t)(2 * (uint64_t)g->n_values + g->n_nodes + operands + 2);
    b->step_room = (uint32_t)((uint64_t)g->n_values + g->n_nodes + operands + 2);
    b->program->pool.limit = SIZE_MAX;
    b->program->edges =
        nnc_pool_alloc(&b->program->pool, b->edge_room, sizeof *b->program->edges);
    b->program->steps =
        nnc_pool_alloc(&b->program->pool, b->step_room, sizeof *b->program->steps);
    uint32_t *const words = nnc_alloc((uint64_t)g->n_values * 5 + g->n_nodes, sizeof *words);
    b->plain = words;
    if (!words)
        return false;
    b->blocked = words + g->n_values;
    b->uses = words + 2 * (size_t)g->n_values;
    b->reader = words + 3 * (size_t)g->n_values;
    b->narrow = words + 4 * (size_t)g->n_values;
    b->chain_head = words + 5 * (size_t)g->n_values;
    b->absorbed = nnc_alloc(g->n_nodes, sizeof *b->absorbed);
    return b->program->edges && b->program->steps && b->absorbed;
}

enum nnc_status nnc_program_create(const struct nnc_graph *graph,
                                   const struct nnc_narrow_kernels *narrow,
                                   struct nnc_program **program, struct nnc_error *error)
{
    struct nnc_lowering b = {.graph = graph, .error = error};
    enum nnc_status status = NNC_OK;
    b.program = nnc_alloc(1, sizeof *b.program);
    if (!b.program)
        return nnc_fail_nomem(error, sizeof *b.program);
    b.program->graph = graph;
    b.program->narrow = narrow;
    if (!make_room(&b)) {
        status = nnc_fail_nomem(error, b.edge_room * sizeof(struct nnc_edge));
        goto end;
    }
    count_readers(&b);
    add_sources(&b);
    nnc_lower_note_chains(&b);
    for (uint32_t n = 0; n < graph->n_nodes && !status; n++)
        status = nnc_lower_node(&b, n);
    if (status)
        goto end;
    b.program->logits = nnc_lower_get(&b, graph->logits, false);
    b.program->presence =
        graph->presence == NNC_NONE ? NNC_NONE : nnc_lower_get(&b, graph->presence, false);
    if (!nnc_stack_order(b.program))
        status = nnc_fail_nomem(error, b.step_room * sizeof(struct nnc_step));
end:
    free(b.plain);
    free(b.absorbed);
    if (status)
        nnc_program_destroy(b.program);
    else
        *program = b.program;
    return status;
}

void nnc_program_destroy(struct nnc_program *program)
{
    if (!program)
        return;
    nnc_pool_finish(&program->pool);
    free(program);
}
