/* SPDX-License-Identifier: MIT */
/* Which convolutions and products multiply bf16 or bytes, and where these come from: a value is
 * narrowed once, for all who read it. */

#include "program_parts.h"

/* The value in narrow numbers: made once, for all who read it. `scale` and `zero` are for
 * bytes. */
static uint32_t get_narrow(struct nnc_lowering *b, uint32_t value, uint32_t from, float scale,
                           int32_t zero)
{
    const enum nnc_precision numbers = b->program->narrow->precision;
    if (b->narrow[value] != NNC_NONE)
        return b->narrow[value];
    const uint32_t edge =
        nnc_lower_add_edge(b, NNC_EDGE_STEP, 0, value, &nnc_lower_value(b, value)->shape, true);
    struct nnc_edge *const e = &b->program->edges[edge];
    e->numbers = numbers;
    e->floats =
        nnc_ceil_div(e->channels, NNC_BLOCK) * nnc_narrow_words(numbers, NNC_BLOCK) * e->pixels;
    struct nnc_step *const step =
        nnc_lower_add_step(b, NNC_STEP_NARROW, NNC_NONE, edge, &from, 1);
    if (!step)
        return NNC_NONE;
    step->scale = scale;
    step->zero = zero;
    return b->narrow[value] = edge;
}

/* Whether a convolution or product without groups is computed in bf16. Not where a picture
 * comes in: three channels are hardly a word, and the first layer is the most sensitive. */
static bool suits_bf16(const struct nnc_lowering *b, const struct nnc_node *node)
{
    enum { FEWEST_CHANNELS = 8 };
    const struct nnc_shape *const x = &nnc_lower_value(b, node->inputs[0])->shape;
    if (!b->program->narrow || b->program->narrow->precision != NNC_PRECISION_BF16)
        return false;
    if (node->op == NNC_OP_GEMM && (node->gemm.transpose_a || x->dim[0] != 1))
        return false;
    return x->dim[1] >= FEWEST_CHANNELS;
}

static const struct nnc_node *made_by(const struct nnc_lowering *b, uint32_t value,
                                      enum nnc_activation_kind u8, enum nnc_activation_kind s8)
{
    const struct nnc_value *const v = nnc_lower_value(b, value);
    const struct nnc_node *const node =
        v->kind == NNC_VALUE_NODE ? &b->graph->nodes[v->source] : NULL;
    return node && node->op == NNC_OP_ACTIVATION &&
                   (node->activation.kind == u8 || node->activation.kind == s8)
               ? node
               : NULL;
}

/* Weights as integer kernels multiply them: int8 around zero, with a scale for all or one for
 * each output channel; and few enough that a sum of them cannot overflow. */
static bool has_integer_weights(const struct nnc_lowering *b, const struct nnc_node *node)
{
    enum { MOST_TERMS = 65536 };
    const struct nnc_value *const w = nnc_lower_value(b, node->inputs[1]);
    const struct nnc_tensor *const tensor = &b->graph->tensors[w->source];
    const uint32_t rows = node->op == NNC_OP_CONV || node->gemm.transpose_b ? 0 : 1;
    if (w->kind != NNC_VALUE_TENSOR || tensor->dtype != NNC_DTYPE_INT8 || !tensor->scaling ||
        (tensor->scaling->n > 1 && tensor->scaling->axis != rows))
        return false;
    for (uint32_t i = 0; i < tensor->scaling->n; i++)
        if (tensor->scaling->zero[i])
            return false;
    return nnc_shape_elements(&w->shape) / w->shape.dim[rows] <= MOST_TERMS;
}

const struct nnc_node *nnc_lower_dequantized(const struct nnc_lowering *b,
                                             const struct nnc_node *node)
{
    if (!b->program->narrow || b->program->narrow->precision != NNC_PRECISION_INT8 ||
        !has_integer_weights(b, node))
        return NULL;
    if (node->op == NNC_OP_GEMM && (node->gemm.transpose_a || node->gemm.alpha != 1 ||
                                    nnc_lower_value(b, node->inputs[0])->shape.dim[0] != 1))
        return NULL;
    const struct nnc_node *const back =
        made_by(b, node->inputs[0], NNC_ACT_DEQUANTIZE_U8, NNC_ACT_DEQUANTIZE_S8);
    return back && made_by(b, back->inputs[0], NNC_ACT_QUANTIZE_U8, NNC_ACT_QUANTIZE_S8) ? back
                                                                                         : NULL;
}

int32_t nnc_lower_zero(const struct nnc_lowering *b, const struct nnc_node *node)
{
    const bool is_signed = node->activation.kind == NNC_ACT_QUANTIZE_S8 ||
                           node->activation.kind == NNC_ACT_DEQUANTIZE_S8;
    return (int32_t)node->activation.beta + (is_signed ? 128 : 0) +
           b->program->narrow->lowest_byte;
}

/* Bytes of what a QuantizeLinear makes, in the kernels' kind of byte. If it is part of a
 * chain its result is there as float, else the bytes are made of its operand at once. */
static uint32_t get_bytes(struct nnc_lowering *b, uint32_t value)
{
    const uint32_t n = nnc_lower_value(b, value)->source;
    const struct nnc_node *const node = &b->graph->nodes[n];
    const int32_t zero = nnc_lower_zero(b, node);
    if (b->chain_head[n] != n || b->absorbed[n])
        return get_narrow(b, value, nnc_lower_get_any(b, value), 1,
                          zero - (int32_t)node->activation.beta);
    return get_narrow(b, value, nnc_lower_get_any(b, node->inputs[0]), node->activation.alpha,
                      zero);
}

/* What a CONV step reads; `back` as of nnc_lower_dequantized(). */
uint32_t nnc_lower_get_operand(struct nnc_lowering *b, const struct nnc_node *node,
                               const struct nnc_node *back)
{
    const uint32_t value = node->inputs[0];
    if (back)
        return get_bytes(b, back->inputs[0]);
    if (suits_bf16(b, node))
        return get_narrow(b, value, nnc_lower_get_any(b, value), 1, 0);
    return node->op == NNC_OP_CONV ? nnc_lower_get_any(b, value)
                                   : nnc_lower_get(b, value, false);
}
