/* SPDX-License-Identifier: MIT */
/* Chains Conv -> BatchNormalization -> Add -> activation -> Mul by one number, which become one
 * step, emitted where the chain ends. */

#include "program_parts.h"

static uint32_t other_operand(const struct nnc_node *node, uint32_t value)
{
    return node->inputs[node->inputs[0] == value];
}

/* Takes the next node into the chain if it fits what the epilogue can do, in its order. */
static bool extend(const struct nnc_lowering *b, struct nnc_chain *chain, uint32_t value,
                   const struct nnc_node *next, bool convolution)
{
    const bool bare = !chain->activation.kind && chain->gain == NNC_NONE;
    switch (next->op) {
    case NNC_OP_BATCH_NORM:
        if (!convolution || chain->batch_norm != NNC_NONE || chain->residual != NNC_NONE ||
            !bare || next->inputs[0] != value)
            return false;
        chain->batch_norm = (uint32_t)(next - b->graph->nodes);
        return true;
    case NNC_OP_ACTIVATION:
        if (!bare)
            return false;
        chain->activation = next->activation;
        return true;
    case NNC_OP_BINARY: {
        const uint32_t other = other_operand(next, value);
        if (next->inputs[0] == next->inputs[1])
            return false;
        if (next->binary == NNC_MUL && chain->gain == NNC_NONE &&
            nnc_shape_elements(&nnc_lower_value(b, other)->shape) == 1 &&
            nnc_lower_value(b, other)->shape.rank <= nnc_lower_value(b, value)->shape.rank) {
            chain->gain = other;
            return true;
        }
        if (next->binary != NNC_ADD || !convolution || !bare || chain->residual != NNC_NONE ||
            nnc_lower_is_constant(b, other) ||
            !nnc_lower_same_shape(&nnc_lower_value(b, other)->shape,
                                  &nnc_lower_value(b, value)->shape))
            return false;
        chain->residual = other;
        return true;
    }
    default:
        return false;
    }
}

static struct nnc_chain find_chain(const struct nnc_lowering *b, uint32_t head)
{
    struct nnc_chain chain = {
        .last = head, .batch_norm = NNC_NONE, .residual = NNC_NONE, .gain = NNC_NONE};
    const bool convolution = b->graph->nodes[head].op == NNC_OP_CONV;
    for (;;) {
        const uint32_t value = b->graph->nodes[chain.last].output;
        if (b->uses[value] != 1 || b->reader[value] == NNC_NONE)
            break;
        const uint32_t next = b->reader[value];
        if (b->absorbed[next] || b->chain_head[next] != next ||
            !extend(b, &chain, value, &b->graph->nodes[next], convolution))
            break;
        chain.last = next;
    }
    return chain;
}

void nnc_lower_note_chains(struct nnc_lowering *b)
{
    for (uint32_t n = 0; n < b->graph->n_nodes; n++)
        b->chain_head[n] = n;
    for (uint32_t n = 0; n < b->graph->n_nodes; n++) {
        const enum nnc_op op = b->graph->nodes[n].op;
        if (op != NNC_OP_CONV && op != NNC_OP_GEMM)
            continue;
        const struct nnc_chain chain = find_chain(b, n);
        if (chain.last == n)
            continue;
        for (uint32_t k = n; k != chain.last; k = b->reader[b->graph->nodes[k].output])
            b->absorbed[k] = true;
        b->chain_head[chain.last] = n;
    }
}

struct nnc_chain nnc_lower_chain(const struct nnc_lowering *b, uint32_t head, uint32_t last)
{
    struct nnc_chain chain = {
        .last = head, .batch_norm = NNC_NONE, .residual = NNC_NONE, .gain = NNC_NONE};
    while (chain.last != last) {
        const uint32_t value = b->graph->nodes[chain.last].output;
        const uint32_t next = b->reader[value];
        extend(b, &chain, value, &b->graph->nodes[next],
               b->graph->nodes[head].op == NNC_OP_CONV);
        chain.last = next;
    }
    return chain;
}
