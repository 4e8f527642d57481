/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_PROGRAM_PARTS_H
#define NNC_PLAN_PROGRAM_PARTS_H

/* What the files that lower a graph share. Threads: single. */

#include "program.h"

struct nnc_lowering {
    struct nnc_program *program;
    const struct nnc_graph *graph;
    uint32_t *plain, *blocked; /* [values] edges, NNC_NONE if there is none yet */
    uint32_t *narrow;          /* [values] likewise, of narrow numbers */
    uint32_t *uses;            /* [values] number of readers, outputs count as one */
    uint32_t *reader;          /* [values] a node that reads it */
    uint32_t *chain_head;      /* [nodes] the node whose chain ends here, else itself */
    bool *absorbed;            /* [nodes] part of a chain that ends elsewhere */
    uint32_t edge_room, step_room;
    struct nnc_error *error;
};

static inline const struct nnc_value *nnc_lower_value(const struct nnc_lowering *b,
                                                      uint32_t value)
{
    return &b->graph->values[value];
}

static inline bool nnc_lower_is_constant(const struct nnc_lowering *b, uint32_t value)
{
    return nnc_lower_value(b, value)->kind == NNC_VALUE_TENSOR;
}

static inline bool nnc_lower_same_shape(const struct nnc_shape *a, const struct nnc_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

/* program_edges.c -------------------------------------------------------------------- */

uint32_t nnc_lower_add_edge(struct nnc_lowering *b, enum nnc_edge_kind kind, uint32_t source,
                            uint32_t value, const struct nnc_shape *shape, bool blocked);
/* Of the memory of another edge, from `offset` floats on. */
uint32_t nnc_lower_add_alias(struct nnc_lowering *b, uint32_t of, uint64_t offset,
                             uint32_t value, const struct nnc_shape *shape);
/* The edge of a node's output, which becomes the value's. */
uint32_t nnc_lower_new_result(struct nnc_lowering *b, uint32_t value, bool blocked);
void nnc_lower_put(struct nnc_lowering *b, uint32_t value, uint32_t edge);

/* The value as an edge in the wanted layout, reordered if need be; or in any that there is. */
uint32_t nnc_lower_get(struct nnc_lowering *b, uint32_t value, bool blocked);
uint32_t nnc_lower_get_any(struct nnc_lowering *b, uint32_t value);

/* NULL: no memory. */
struct nnc_step *nnc_lower_add_step(struct nnc_lowering *b, enum nnc_step_kind kind,
                                    uint32_t node, uint32_t out, const uint32_t *in,
                                    uint32_t n_in);

/* program_chains.c ------------------------------------------------------------------- */

/* A chain as it is found. */
struct nnc_chain {
    uint32_t last;              /* node */
    uint32_t batch_norm;        /* node or NNC_NONE */
    uint32_t residual, gain;    /* values or NNC_NONE */
    struct nnc_activation activation;
};

/* Finds all chains of the graph. */
void nnc_lower_note_chains(struct nnc_lowering *b);

/* The chain that was found, walked again. */
struct nnc_chain nnc_lower_chain(const struct nnc_lowering *b, uint32_t head, uint32_t last);

/* program_narrow.c ------------------------------------------------------------------- */

/* The DequantizeLinear before a convolution or product that is computed in integers, else
 * NULL: between it and a QuantizeLinear are the very bytes. */
const struct nnc_node *nnc_lower_dequantized(const struct nnc_lowering *b,
                                             const struct nnc_node *node);

/* The zero point of a QuantizeLinear or DequantizeLinear in the kernels' kind of byte. */
int32_t nnc_lower_zero(const struct nnc_lowering *b, const struct nnc_node *node);

/* What a CONV step reads: narrow numbers where it multiplies such; `back` as of
 * nnc_lower_dequantized(). */
uint32_t nnc_lower_get_operand(struct nnc_lowering *b, const struct nnc_node *node,
                               const struct nnc_node *back);

/* program_nodes.c -------------------------------------------------------------------- */

/* Lowers a node, unless a chain that ends elsewhere has it. */
enum nnc_status nnc_lower_node(struct nnc_lowering *b, uint32_t n);

#endif
