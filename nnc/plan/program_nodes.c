/* SPDX-License-Identifier: MIT */
/* One function per operator: each asks for its operands in the layout it works in and says
 * where its result lies. */

#include "program_parts.h"

#include <stdlib.h>

static enum nnc_status unsupported(const struct nnc_lowering *b, const struct nnc_node *node,
                                   const char *what)
{
    return nnc_fail(b->error, NNC_UNSUPPORTED, node->name, "node '%s': %s", node->name, what);
}

static enum nnc_status done(const struct nnc_lowering *b, const void *made)
{
    return made ? NNC_OK : nnc_fail_nomem(b->error, sizeof(struct nnc_step));
}

static enum nnc_status check_constants(const struct nnc_lowering *b,
                                       const struct nnc_node *node)
{
    for (uint32_t i = 1; i < node->n_inputs; i++)
        if (node->inputs[i] != NNC_NONE && !nnc_lower_is_constant(b, node->inputs[i]))
            return unsupported(b, node, "weights that are computed; they must be initializers");
    return NNC_OK;
}

static enum nnc_status lower_conv(struct nnc_lowering *b, uint32_t head, uint32_t last)
{
    const struct nnc_node *const node = &b->graph->nodes[head];
    const uint32_t out = b->graph->nodes[last].output;
    enum nnc_status status = check_constants(b, node);
    if (status)
        return status;
    const struct nnc_chain chain = nnc_lower_chain(b, head, last);
    const bool convolution = node->op == NNC_OP_CONV;
    const uint32_t channels = nnc_lower_value(b, node->inputs[0])->shape.dim[1];
    const uint32_t outs = nnc_lower_value(b, out)->shape.dim[1];
    const bool grouped = convolution && node->conv.groups > 1;
    const bool depthwise = grouped && node->conv.groups == channels && outs == channels;
    const struct nnc_node *const back = grouped ? NULL : nnc_lower_dequantized(b, node);
    const uint32_t x = depthwise || grouped ? nnc_lower_get(b, node->inputs[0], true)
                                            : nnc_lower_get_operand(b, node, back);
    if (x == NNC_NONE)
        return done(b, NULL);
    const uint32_t residual =
        chain.residual == NNC_NONE ? NNC_NONE : nnc_lower_get(b, chain.residual, convolution);
    const uint32_t gain = chain.gain == NNC_NONE ? NNC_NONE : nnc_lower_get_any(b, chain.gain);
    struct nnc_step *const step =
        nnc_lower_add_step(b,
                           depthwise ? NNC_STEP_DEPTHWISE
                           : grouped ? NNC_STEP_GROUPED
                                     : NNC_STEP_CONV,
                           head, nnc_lower_new_result(b, out, convolution), &x, 1);
    if (!step)
        return done(b, NULL);
    if (back) {
        step->scale = back->activation.alpha;
        step->zero = nnc_lower_zero(b, back);
    }
    b->program->n_narrow += b->program->edges[x].numbers != NNC_PRECISION_FP32;
    step->batch_norm = chain.batch_norm;
    step->residual = residual;
    step->gain = gain;
    step->activation = chain.activation;
    b->program->edges[step->out].constant = false;
    return NNC_OK;
}

static enum nnc_status lower_gemm(struct nnc_lowering *b, uint32_t head, uint32_t last)
{
    const struct nnc_node *const node = &b->graph->nodes[head];
    if (node->n_inputs > 2 && node->inputs[2] != NNC_NONE) {
        const struct nnc_shape *const bias = &nnc_lower_value(b, node->inputs[2])->shape;
        const uint64_t n = nnc_shape_elements(bias);
        if (n != 1 && (n != nnc_lower_value(b, node->output)->shape.dim[1] ||
                       bias->dim[bias->rank - 1] != n))
            return unsupported(b, node, "Gemm with a bias that is not one number per column");
    }
    if (node->gemm.transpose_a && nnc_lower_value(b, node->inputs[0])->shape.dim[1] != 1)
        return unsupported(b, node, "Gemm with a transposed input of several rows");
    return lower_conv(b, head, last);
}

static enum nnc_status lower_activation(struct nnc_lowering *b, const struct nnc_node *node)
{
    const uint32_t x = nnc_lower_get_any(b, node->inputs[0]);
    const bool blocked = b->program->edges[x].blocked;
    struct nnc_step *const step =
        nnc_lower_add_step(b, NNC_STEP_ACTIVATE, (uint32_t)(node - b->graph->nodes),
                           nnc_lower_new_result(b, node->output, blocked), &x, 1);
    if (step)
        step->activation = node->activation;
    return done(b, step);
}

/* An operand that has one number per channel of `shape`, or one number in all. */
static bool per_channel(const struct nnc_shape *operand, const struct nnc_shape *shape)
{
    const uint64_t n = nnc_shape_elements(operand);
    if (n == 1)
        return true;
    return shape->rank >= 2 && n == shape->dim[1] && operand->rank + 1 >= shape->rank &&
           operand->dim[operand->rank + 1 - shape->rank] == n;
}

static enum nnc_status lower_binary(struct nnc_lowering *b, const struct nnc_node *node)
{
    const struct nnc_shape *const out = &nnc_lower_value(b, node->output)->shape;
    bool any_blocked = false, fits = out->rank == 4;
    for (int i = 0; i < 2; i++) {
        const struct nnc_shape *const s = &nnc_lower_value(b, node->inputs[i])->shape;
        any_blocked |= b->blocked[node->inputs[i]] != NNC_NONE;
        fits &= nnc_lower_same_shape(s, out) || per_channel(s, out);
    }
    const bool blocked = any_blocked && fits;
    uint32_t in[2];
    for (int i = 0; i < 2; i++) {
        const bool full =
            nnc_lower_same_shape(&nnc_lower_value(b, node->inputs[i])->shape, out);
        in[i] = nnc_lower_get(b, node->inputs[i], blocked && full);
    }
    return done(b, nnc_lower_add_step(b, NNC_STEP_BINARY, (uint32_t)(node - b->graph->nodes),
                                      nnc_lower_new_result(b, node->output, blocked), in, 2));
}

static enum nnc_status lower_batch_norm(struct nnc_lowering *b, const struct nnc_node *node)
{
    const enum nnc_status status = check_constants(b, node);
    if (status)
        return status;
    const uint32_t x = nnc_lower_get(b, node->inputs[0], true);
    struct nnc_step *const step =
        nnc_lower_add_step(b, NNC_STEP_AFFINE, (uint32_t)(node - b->graph->nodes),
                           nnc_lower_new_result(b, node->output, true), &x, 1);
    if (step)
        step->batch_norm = step->node;
    return done(b, step);
}

static enum nnc_status lower_on_blocks(struct nnc_lowering *b, const struct nnc_node *node,
                                       enum nnc_step_kind kind)
{
    const uint32_t x = nnc_lower_get(b, node->inputs[0], true);
    return done(b, nnc_lower_add_step(
                       b, kind, (uint32_t)(node - b->graph->nodes),
                       nnc_lower_new_result(b, node->output, kind == NNC_STEP_POOL), &x, 1));
}

/* Plain in, plain out. */
static enum nnc_status lower_plainly(struct nnc_lowering *b, const struct nnc_node *node,
                                     enum nnc_step_kind kind)
{
    uint32_t *const in = nnc_alloc(node->n_inputs, sizeof *in);
    if (!in)
        return done(b, NULL);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        in[i] = nnc_lower_get(b, node->inputs[i], false);
    const struct nnc_step *const step =
        nnc_lower_add_step(b, kind, (uint32_t)(node - b->graph->nodes),
                           nnc_lower_new_result(b, node->output, false), in, node->n_inputs);
    free(in);
    return done(b, step);
}

static enum nnc_status lower_concat(struct nnc_lowering *b, const struct nnc_node *node)
{
    bool blocked = node->axis == 1 && nnc_lower_value(b, node->output)->shape.rank == 4;
    uint32_t before = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        blocked &= b->blocked[node->inputs[i]] != NNC_NONE && before % NNC_BLOCK == 0;
        before += nnc_lower_value(b, node->inputs[i])->shape.dim[blocked ? 1 : 0];
    }
    if (!blocked)
        return lower_plainly(b, node, NNC_STEP_CONCAT);
    uint32_t *const in = nnc_alloc(node->n_inputs, sizeof *in);
    if (!in)
        return done(b, NULL);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        in[i] = b->blocked[node->inputs[i]];
    const struct nnc_step *const step =
        nnc_lower_add_step(b, NNC_STEP_CONCAT, (uint32_t)(node - b->graph->nodes),
                           nnc_lower_new_result(b, node->output, true), in, node->n_inputs);
    free(in);
    return done(b, step);
}

static enum nnc_status lower_reshape(struct nnc_lowering *b, const struct nnc_node *node)
{
    const uint32_t x = nnc_lower_get(b, node->inputs[0], false);
    nnc_lower_put(
        b, node->output,
        nnc_lower_add_alias(b, x, 0, node->output, &nnc_lower_value(b, node->output)->shape));
    return NNC_OK;
}

/* Whether the elements of a slice are one contiguous run of its input: then it is an alias.
 * In `unit` floats per step along `axis`, the first axis that is cut. */
static bool is_run(const struct nnc_shape *x, const struct nnc_shape *out,
                   const struct nnc_slice *slice, uint64_t *offset)
{
    uint64_t inner = 1;
    bool whole = true; /* all axes right of here are taken whole */
    *offset = 0;
    for (uint32_t i = x->rank; i-- > 0;) {
        const bool same = out->dim[i] == x->dim[i] && slice->start[i] == 0;
        if (slice->step[i] != 1 && out->dim[i] > 1)
            return false;
        if (!whole && out->dim[i] != 1)
            return false;
        *offset += slice->start[i] * inner;
        whole &= same;
        inner *= x->dim[i];
    }
    return true;
}

static enum nnc_status lower_slice(struct nnc_lowering *b, const struct nnc_node *node)
{
    const struct nnc_shape *const x = &nnc_lower_value(b, node->inputs[0])->shape;
    const struct nnc_shape *const out = &nnc_lower_value(b, node->output)->shape;
    const uint32_t blocked = b->blocked[node->inputs[0]];
    uint64_t offset;
    if (!is_run(x, out, &node->slice, &offset))
        return lower_plainly(b, node, NNC_STEP_PICK);
    const bool channels_only =
        x->rank == 4 && out->dim[2] == x->dim[2] && out->dim[3] == x->dim[3];
    if (blocked != NNC_NONE && channels_only && node->slice.start[1] % NNC_BLOCK == 0) {
        nnc_lower_put(b, node->output,
                      nnc_lower_add_alias(b, blocked, offset, node->output, out));
        return NNC_OK;
    }
    if (offset % NNC_BLOCK && nnc_shape_elements(out) > 1)
        return lower_plainly(b, node, NNC_STEP_PICK); /* kernels may read whole blocks */
    nnc_lower_put(b, node->output,
                  nnc_lower_add_alias(b, nnc_lower_get(b, node->inputs[0], false), offset,
                                      node->output, out));
    return NNC_OK;
}

static enum nnc_status lower_gather(struct nnc_lowering *b, const struct nnc_node *node)
{
    const struct nnc_shape *const x = &nnc_lower_value(b, node->inputs[0])->shape;
    const struct nnc_gather *const g = &node->gather;
    if (g->n_indices != 1 || nnc_shape_elements(x) != x->dim[g->axis])
        return lower_plainly(b, node, NNC_STEP_PICK);
    nnc_lower_put(b, node->output,
                  nnc_lower_add_alias(b, nnc_lower_get(b, node->inputs[0], false),
                                      g->indices[0], node->output,
                                      &nnc_lower_value(b, node->output)->shape));
    return NNC_OK;
}

enum nnc_status nnc_lower_node(struct nnc_lowering *b, uint32_t n)
{
    const struct nnc_node *const node = &b->graph->nodes[n];
    if (b->absorbed[n])
        return NNC_OK;
    if (b->chain_head[n] != n)
        return b->graph->nodes[b->chain_head[n]].op == NNC_OP_GEMM
                   ? lower_gemm(b, b->chain_head[n], n)
                   : lower_conv(b, b->chain_head[n], n);
    const struct nnc_shape *const x = &nnc_lower_value(b, node->inputs[0])->shape;
    const bool by_channel = node->op == NNC_OP_CONV || node->op == NNC_OP_BATCH_NORM ||
                            node->op == NNC_OP_POOL || node->op == NNC_OP_GLOBAL_AVERAGE;
    if (by_channel && (x->rank < 2 || x->dim[0] != 1))
        return unsupported(b, node, "an input that is not [1, channels, ...]");
    switch (node->op) {
    case NNC_OP_CONV:
        return lower_conv(b, n, n);
    case NNC_OP_GEMM:
        return lower_gemm(b, n, n);
    case NNC_OP_BATCH_NORM:
        return lower_batch_norm(b, node);
    case NNC_OP_ACTIVATION:
        return lower_activation(b, node);
    case NNC_OP_BINARY:
        return lower_binary(b, node);
    case NNC_OP_POOL:
        return lower_on_blocks(b, node, NNC_STEP_POOL);
    case NNC_OP_GLOBAL_AVERAGE:
        return lower_on_blocks(b, node, NNC_STEP_AVERAGE);
    case NNC_OP_MATMUL:
        return lower_plainly(b, node, NNC_STEP_MATMUL);
    case NNC_OP_CONCAT:
        return lower_concat(b, node);
    case NNC_OP_RESHAPE:
        return lower_reshape(b, node);
    case NNC_OP_SLICE:
        return lower_slice(b, node);
    case NNC_OP_GATHER:
        return lower_gather(b, node);
    case NNC_OP_TRANSPOSE:
    case NNC_OP_PAD:
        return lower_plainly(b, node, NNC_STEP_PICK);
    case NNC_OP_SOFTMAX:
        return lower_plainly(b, node, NNC_STEP_SOFTMAX);
    case NNC_OP_IDENTITY:
        b->plain[node->output] = b->plain[node->inputs[0]];
        b->blocked[node->output] = b->blocked[node->inputs[0]];
        return NNC_OK;
    }
    return unsupported(b, node, "an operator the planner does not know");
}
