/* SPDX-License-Identifier: MIT */
/* Writes the operators of the graph as ONNX, with the channels that are left.
 *
 * Where a channel of the result comes from the same channel of an operand, the operand
 * has just the channels of the result. Where it needs the whole operand, the operator is
 * written as it was, and the needed channels are taken from its result. Here are the
 * operators that work element by element and the pools; the others have files of their
 * own. */

#include "cut_parts.h"

#include <math.h>

const char *nnc_writing_whole(const struct nnc_writing *w, uint32_t input)
{
    const uint32_t value = w->node->inputs[input];
    return nnc_cut_pick(w->cut, value, w->cut->need->axis[value],
                        nnc_cut_needed(w->cut, value));
}

static bool is_by_channel(const struct nnc_writing *w)
{
    return nnc_demand_by_channel(w->cut->need, w->node, 0);
}

const char *nnc_writing_operand(const struct nnc_writing *w)
{
    const uint32_t x = w->node->inputs[0];
    return is_by_channel(w) ? nnc_cut_pick(w->cut, x, w->cut->need->axis[x], w->needed)
                            : nnc_writing_whole(w, 0);
}

const char *nnc_writing_result(const struct nnc_writing *w)
{
    const bool all = w->needed.n == w->cut->need->channels[w->node->output];
    return is_by_channel(w) || all ? nnc_writing_name(w)
                                   : nnc_cut_make_up(w->cut, nnc_writing_name(w));
}

void nnc_writing_finish(const struct nnc_writing *w, const char *result)
{
    if (result != nnc_writing_name(w))
        nnc_cut_select(w->cut, result, w->axis, w->needed.at, w->needed.n,
                       nnc_writing_name(w));
}

void nnc_writing_unary(const struct nnc_writing *w, const char *op,
                       void (*put)(const struct nnc_writing *w))
{
    const char *const x = nnc_writing_operand(w), *const result = nnc_writing_result(w);
    nnc_cut_begin(w->cut, w->node, op, &x, 1, result);
    if (put)
        put(w);
    nnc_onnx_end_node(&w->cut->writer);
    nnc_writing_finish(w, result);
}

static void put_pair(const struct nnc_writing *w, const char *attribute,
                     const uint32_t pair[2])
{
    const int64_t values[2] = {pair[0], pair[1]};
    nnc_onnx_put_ints(&w->cut->writer, attribute, values, 2);
}

void nnc_writing_put_window(const struct nnc_writing *w, const uint32_t kernel[2],
                            const uint32_t stride[2], const uint32_t dilation[2],
                            const uint32_t begins[2], const uint32_t ends[2])
{
    const int64_t pads[4] = {begins[0], begins[1], ends[0], ends[1]};
    put_pair(w, "kernel_shape", kernel);
    put_pair(w, "strides", stride);
    nnc_onnx_put_ints(&w->cut->writer, "pads", pads, 4);
    if (dilation[0] != 1 || dilation[1] != 1)
        put_pair(w, "dilations", dilation);
}

/* Element by element ----------------------------------------------------------------- */

static void write_clip(const struct nnc_writing *w)
{
    const float low = w->node->activation.alpha, high = w->node->activation.beta;
    const char *const inputs[3] = {
        nnc_writing_operand(w),
        isinf(low) && low < 0 ? NULL : nnc_cut_number(w->cut, low),
        isinf(high) && high > 0 ? NULL : nnc_cut_number(w->cut, high)};
    const uint32_t n = inputs[2] ? 3 : inputs[1] ? 2 : 1;
    const char *const result = nnc_writing_result(w);
    nnc_cut_begin(w->cut, w->node, "Clip", inputs, n, result);
    nnc_onnx_end_node(&w->cut->writer);
    nnc_writing_finish(w, result);
}

/* QuantizeLinear or DequantizeLinear, with one scale and one zero point. */
static void write_quantised(const struct nnc_writing *w, enum nnc_onnx_type type)
{
    const struct nnc_activation *const a = &w->node->activation;
    const bool back =
        a->kind == NNC_ACT_DEQUANTIZE_U8 || a->kind == NNC_ACT_DEQUANTIZE_S8;
    const int32_t zero = (int32_t)a->beta;
    const char *const inputs[3] = {nnc_writing_operand(w), nnc_cut_number(w->cut, a->alpha),
                                   nnc_cut_make_up(w->cut, "zero")};
    const char *const result = nnc_writing_result(w);
    nnc_onnx_begin_integers(&w->cut->writer, inputs[2], type, (struct nnc_onnx_dims){0});
    nnc_onnx_put_numbers(&w->cut->writer, &zero, 1);
    nnc_onnx_end_integers(&w->cut->writer);
    nnc_cut_begin(w->cut, w->node, back ? "DequantizeLinear" : "QuantizeLinear", inputs, 3,
                  result);
    nnc_onnx_end_node(&w->cut->writer);
    nnc_writing_finish(w, result);
}

static void put_slope(const struct nnc_writing *w)
{
    nnc_onnx_put_float(&w->cut->writer, "alpha", w->node->activation.alpha);
}

static void put_line(const struct nnc_writing *w)
{
    put_slope(w);
    nnc_onnx_put_float(&w->cut->writer, "beta", w->node->activation.beta);
}

static void write_activation(const struct nnc_writing *w)
{
    const struct nnc_activation *const a = &w->node->activation;
    const bool relu =
        a->alpha == 0 && !signbit(a->alpha) && isinf(a->beta) && a->beta > 0;
    switch (a->kind) {
    case NNC_ACT_NONE:
        nnc_writing_unary(w, "Identity", NULL);
        return;
    case NNC_ACT_CLIP:
        if (relu)
            nnc_writing_unary(w, "Relu", NULL);
        else
            write_clip(w);
        return;
    case NNC_ACT_LEAKY_RELU:
        nnc_writing_unary(w, "LeakyRelu", put_slope);
        return;
    case NNC_ACT_SIGMOID:
        nnc_writing_unary(w, "Sigmoid", NULL);
        return;
    case NNC_ACT_HARD_SIGMOID:
        nnc_writing_unary(w, "HardSigmoid", put_line);
        return;
    case NNC_ACT_HARD_SWISH:
        nnc_writing_unary(w, "HardSwish", NULL);
        return;
    case NNC_ACT_QUANTIZE_U8:
    case NNC_ACT_DEQUANTIZE_U8:
        write_quantised(w, NNC_ONNX_UINT8);
        return;
    case NNC_ACT_QUANTIZE_S8:
    case NNC_ACT_DEQUANTIZE_S8:
        write_quantised(w, NNC_ONNX_INT8);
        return;
    }
}

/* An operand fits the result's channels if it has them at the same place from the right.
 */
static const char *broadcast(const struct nnc_writing *w, uint32_t input)
{
    const uint32_t value = w->node->inputs[input];
    const struct nnc_shape *const v = nnc_writing_shape(w, value);
    const uint32_t drop = w->out->rank - v->rank;
    if (!w->out->rank || w->axis < drop || v->dim[w->axis - drop] == 1)
        return nnc_writing_whole(w, input);
    return nnc_cut_pick(w->cut, value, w->axis - drop, w->needed);
}

static void write_binary(const struct nnc_writing *w)
{
    static const char *const ops[] = {
        [NNC_ADD] = "Add", [NNC_SUB] = "Sub", [NNC_MUL] = "Mul", [NNC_DIV] = "Div"};
    const char *const inputs[2] = {broadcast(w, 0), broadcast(w, 1)};
    nnc_cut_begin(w->cut, w->node, ops[w->node->binary], inputs, 2, nnc_writing_name(w));
    nnc_onnx_end_node(&w->cut->writer);
}

static void put_axis(const struct nnc_writing *w)
{
    nnc_onnx_put_int(&w->cut->writer, "axis", w->node->axis);
}

/* Pools ------------------------------------------------------------------------------ */

static bool rounds_up(const struct nnc_writing *w)
{
    const struct nnc_pool_params *const p = &w->node->pool;
    for (int i = 0; i < 2; i++) {
        const uint64_t covered = (uint64_t)(p->kernel[i] - 1) * p->dilation[i] + 1;
        const uint64_t padded =
            (uint64_t)w->x->dim[2 + i] + p->pad_begin[i] + p->pad_end[i];
        if ((padded - covered) / p->stride[i] + 1 != w->out->dim[2 + i])
            return true;
    }
    return false;
}

static void put_pool(const struct nnc_writing *w)
{
    const struct nnc_pool_params *const p = &w->node->pool;
    nnc_writing_put_window(w, p->kernel, p->stride, p->dilation, p->pad_begin,
                           p->pad_end);
    if (rounds_up(w))
        nnc_onnx_put_int(&w->cut->writer, "ceil_mode", 1);
    if (p->average && p->count_include_pad)
        nnc_onnx_put_int(&w->cut->writer, "count_include_pad", 1);
}

/* Over rows and columns, which leave or stay as ones; axes are an input since opset 18.
 */
static void write_global_average(const struct nnc_writing *w)
{
    static const int64_t axes[2] = {2, 3};
    if (w->out->rank == 4) {
        nnc_writing_unary(w, "GlobalAveragePool", NULL);
        return;
    }
    const bool listed = w->cut->graph->opset >= 18;
    const char *const inputs[2] = {nnc_writing_operand(w),
                                   listed ? nnc_cut_list(w->cut, "axes", axes, 2) : NULL};
    const char *const result = nnc_writing_result(w);
    nnc_cut_begin(w->cut, w->node, "ReduceMean", inputs, listed ? 2 : 1, result);
    if (!listed)
        nnc_onnx_put_ints(&w->cut->writer, "axes", axes, 2);
    nnc_onnx_put_int(&w->cut->writer, "keepdims", 0);
    nnc_onnx_end_node(&w->cut->writer);
    nnc_writing_finish(w, result);
}

/* The whole -------------------------------------------------------------------------- */

void nnc_cut_write_node(struct nnc_cut *cut, const struct nnc_node *node)
{
    const struct nnc_writing w = {.cut = cut,
                                  .node = node,
                                  .x = &nnc_cut_source(cut, node->inputs[0])->shape,
                                  .out = &nnc_cut_source(cut, node->output)->shape,
                                  .axis = cut->need->axis[node->output],
                                  .needed = nnc_cut_needed(cut, node->output)};
    if (cut->status)
        return;
    switch (node->op) {
    case NNC_OP_CONV:
        nnc_write_conv(&w);
        break;
    case NNC_OP_BATCH_NORM:
        nnc_write_batch_norm(&w);
        break;
    case NNC_OP_ACTIVATION:
        write_activation(&w);
        break;
    case NNC_OP_BINARY:
        write_binary(&w);
        break;
    case NNC_OP_POOL:
        nnc_writing_unary(&w, node->pool.average ? "AveragePool" : "MaxPool", put_pool);
        break;
    case NNC_OP_GLOBAL_AVERAGE:
        write_global_average(&w);
        break;
    case NNC_OP_GEMM:
        nnc_write_gemm(&w);
        break;
    case NNC_OP_MATMUL:
        nnc_write_matmul(&w);
        break;
    case NNC_OP_CONCAT:
        nnc_write_concat(&w);
        break;
    case NNC_OP_RESHAPE:
        nnc_write_reshape(&w);
        break;
    case NNC_OP_TRANSPOSE:
        nnc_write_transpose(&w);
        break;
    case NNC_OP_SLICE:
        nnc_write_slice(&w);
        break;
    case NNC_OP_GATHER:
        nnc_write_gather(&w);
        break;
    case NNC_OP_SOFTMAX:
        nnc_writing_unary(&w, "Softmax", put_axis);
        break;
    case NNC_OP_PAD:
        nnc_write_pad(&w);
        break;
    case NNC_OP_IDENTITY:
        nnc_writing_unary(&w, "Identity", NULL);
        break;
    }
}
