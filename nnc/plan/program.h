/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_PROGRAM_H
#define NNC_PLAN_PROGRAM_H

/* The whole network lowered to steps: what is fused with what, and how every result lies
 * in memory. Decided once per model from the full graph, so that no cutout can change how
 * a number is computed; a plan then takes the steps it needs. Immutable. */

#include "../graph/graph.h"
#include "../kernels/narrow.h"
#include "demand.h"

enum nnc_edge_kind { NNC_EDGE_IMAGE, NNC_EDGE_ATTENTION, NNC_EDGE_TENSOR, NNC_EDGE_STEP };

/* A tensor at run time. An alias shares the memory of another edge. */
struct nnc_edge {
    enum nnc_edge_kind kind;
    uint32_t source;       /* tensor or step number */
    uint32_t value;        /* the graph's value it holds */
    struct nnc_shape shape;
    enum nnc_precision numbers; /* what it holds; see kernels/narrow.h */
    bool blocked;          /* see kernels/kernels.h; false where there is one pixel */
    uint32_t channels;     /* axis 1 of rank >= 2, else all elements */
    uint64_t pixels;       /* elements per channel */
    uint64_t floats;       /* of memory, padding included; words of narrow numbers */
    uint32_t alias;        /* edge number or NNC_NONE */
    uint64_t alias_offset; /* floats */
    bool constant;         /* depends on no input: computed when a plan is made */
};

enum nnc_step_kind {
    NNC_STEP_CONV,      /* also Gemm; with epilogue */
    NNC_STEP_GROUPED,   /* convolution with groups; with epilogue */
    NNC_STEP_DEPTHWISE, /* with epilogue */
    NNC_STEP_ACTIVATE,
    NNC_STEP_BINARY,
    NNC_STEP_AFFINE,    /* a batch normalisation that nothing could take in */
    NNC_STEP_POOL,
    NNC_STEP_AVERAGE,
    NNC_STEP_MATMUL,
    NNC_STEP_CONCAT,
    NNC_STEP_PICK,      /* Slice, Gather, Transpose, Pad: elements from elsewhere */
    NNC_STEP_SOFTMAX,
    NNC_STEP_REORDER,   /* between the two layouts */
    NNC_STEP_NARROW     /* to the numbers that a CONV multiplies */
};

struct nnc_step {
    enum nnc_step_kind kind;
    uint32_t node;         /* the graph's node (NNC_NONE for REORDER and NARROW) */
    uint32_t out;          /* edge */
    uint32_t n_in;
    const uint32_t *in;    /* edges of computed operands */
    uint32_t batch_norm;   /* CONV, DEPTHWISE: folded node or NNC_NONE */
    uint32_t residual;     /* CONV, DEPTHWISE: edge or NNC_NONE */
    uint32_t gain;         /* CONV, DEPTHWISE: edge of one float or NNC_NONE */
    struct nnc_activation activation; /* CONV, DEPTHWISE, ACTIVATE */
    float scale;           /* NARROW to bytes, and CONV of bytes: how bytes are made, and */
    int32_t zero;          /* what they mean: (byte - zero) * scale */
};

struct nnc_program {
    const struct nnc_graph *graph;
    const struct nnc_narrow_kernels *narrow; /* NULL: all is float */
    struct nnc_edge *edges;
    uint32_t n_edges;
    struct nnc_step *steps; /* in an order in which they can run */
    uint32_t n_steps;
    uint32_t n_narrow;      /* CONV steps that multiply narrow numbers */
    uint32_t image, attention, logits, presence; /* edges; NNC_NONE if absent or unused */
    struct nnc_pool pool;
};

/* `narrow` are the kernels of a precision other than float, else NULL.
 * Fails: NNC_UNSUPPORTED with node and reason, NNC_NOMEM. */
enum nnc_status nnc_program_create(const struct nnc_graph *graph,
                                   const struct nnc_narrow_kernels *narrow,
                                   struct nnc_program **program, struct nnc_error *error);
void nnc_program_destroy(struct nnc_program *program); /* NULL is fine */

/* The edge whose memory an edge uses, and the offset of the edge in it, in floats. */
uint32_t nnc_edge_root(const struct nnc_program *program, uint32_t edge, uint64_t *offset);

#endif
