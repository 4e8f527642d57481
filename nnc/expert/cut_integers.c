/* SPDX-License-Identifier: MIT */
/* Layers that multiply bytes, as standard ONNX writes them: what goes in passes a
 * QuantizeLinear and a DequantizeLinear, weights are int8 behind a DequantizeLinear, with a
 * scale for each output channel. A batch normalisation stays behind its convolution: it
 * changes what the integers of a channel mean, not the integers. */

#include "cut_parts.h"

#include <math.h>

static bool multiplies_bytes(const struct nnc_cut *cut, const struct nnc_node *node)
{
    return cut->quantisation && cut->quantisation->node[node - cut->graph->nodes];
}

static const char *write_zero(struct nnc_cut *cut, uint8_t zero)
{
    const char *const name = nnc_cut_make_up(cut, "zero");
    const int32_t value = zero;
    nnc_onnx_begin_integers(&cut->writer, name, NNC_ONNX_UINT8, (struct nnc_onnx_dims){0});
    nnc_onnx_put_numbers(&cut->writer, &value, 1);
    nnc_onnx_end_integers(&cut->writer);
    return name;
}

/* Once for all who read the value. */
const char *nnc_cut_multiplied(struct nnc_cut *cut, const struct nnc_node *node,
                               const char *operand)
{
    const uint32_t value = node->inputs[0];
    if (!multiplies_bytes(cut, node) || cut->status)
        return operand;
    if (cut->quantised[value])
        return cut->quantised[value];
    const char *inputs[3] = {operand, nnc_cut_number(cut, cut->quantisation->scale[value]),
                             write_zero(cut, cut->quantisation->zero[value])};
    const char *const bytes = nnc_cut_make_up(cut, operand);
    const char *const floats = nnc_cut_make_up(cut, operand);
    nnc_cut_begin_helper(cut, "QuantizeLinear", inputs, 3, bytes);
    nnc_onnx_end_node(&cut->writer);
    inputs[0] = bytes;
    nnc_cut_begin_helper(cut, "DequantizeLinear", inputs, 3, floats);
    nnc_onnx_end_node(&cut->writer);
    return cut->quantised[value] = floats;
}

/* Where the elements of a constant lie, as [outer][rows][inner]. */
struct lying {
    uint64_t outer, rows, inner;
};

static struct lying lies(const struct nnc_shape *shape, uint32_t axis)
{
    struct lying l = {1, shape->dim[axis], 1};
    for (uint32_t i = 0; i < shape->rank; i++)
        *(i < axis ? &l.outer : &l.inner) *= i == axis ? 1 : shape->dim[i];
    return l;
}

static float row_scale(const float *values, const struct lying *l, uint32_t row)
{
    float largest = 0;
    for (uint64_t o = 0; o < l->outer; o++)
        for (uint64_t i = 0; i < l->inner; i++)
            largest = fmaxf(largest, fabsf(values[(o * l->rows + row) * l->inner + i]));
    return largest >= 0x1p-100f ? largest / 127 : 1; /* a row of zeros has any scale */
}

static void write_integers(struct nnc_cut *cut, const float *values, const struct lying *l,
                           struct nnc_channels rows, const float *scale)
{
    for (uint64_t o = 0; o < l->outer; o++)
        for (uint32_t r = 0; r < rows.n; r++)
            for (uint64_t i = 0; i < l->inner; i++) {
                const float v = values[(o * l->rows + rows.at[r]) * l->inner + i] / scale[r];
                const int32_t integer = (int32_t)rintf(v);
                nnc_onnx_put_numbers(&cut->writer, &integer, 1);
            }
}

/* int8 weights, their scales and zero points; the name behind DequantizeLinear. */
static const char *write_weights(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                                 struct nnc_channels rows, const float *values, float *scale)
{
    const struct nnc_value *const source = nnc_cut_source(cut, value);
    const struct lying l = lies(&source->shape, axis);
    const int32_t zero = 0;
    struct nnc_shape shape = source->shape;
    const char *const inputs[3] = {nnc_cut_make_up(cut, source->name),
                                   nnc_cut_make_up(cut, source->name),
                                   nnc_cut_make_up(cut, source->name)};
    const char *const floats = nnc_cut_make_up(cut, source->name);
    shape.dim[axis] = rows.n;
    for (uint32_t r = 0; r < rows.n; r++)
        scale[r] = row_scale(values, &l, rows.at[r]);
    nnc_onnx_begin_integers(&cut->writer, inputs[0], NNC_ONNX_INT8,
                            (struct nnc_onnx_dims){shape.rank, shape.dim});
    write_integers(cut, values, &l, rows, scale);
    nnc_onnx_end_integers(&cut->writer);
    nnc_onnx_begin_floats(&cut->writer, inputs[1], (struct nnc_onnx_dims){1, &rows.n});
    nnc_onnx_put_values(&cut->writer, scale, rows.n);
    nnc_onnx_end_floats(&cut->writer);
    nnc_onnx_begin_integers(&cut->writer, inputs[2], NNC_ONNX_INT8,
                            (struct nnc_onnx_dims){1, &rows.n});
    for (uint32_t r = 0; r < rows.n; r++)
        nnc_onnx_put_numbers(&cut->writer, &zero, 1);
    nnc_onnx_end_integers(&cut->writer);
    nnc_cut_begin_helper(cut, "DequantizeLinear", inputs, 3, floats);
    nnc_onnx_put_int(&cut->writer, "axis", axis);
    nnc_onnx_end_node(&cut->writer);
    cut->written[source->source] += nnc_shape_elements(&shape);
    return floats;
}

const char *nnc_cut_weights(struct nnc_cut *cut, const struct nnc_node *node, uint32_t axis,
                            struct nnc_channels rows)
{
    const uint32_t value = node->inputs[1];
    if (!multiplies_bytes(cut, node) || cut->status)
        return nnc_cut_pick(cut, value, axis, rows);
    const struct nnc_value *const source = nnc_cut_source(cut, value);
    const uint64_t n = nnc_shape_elements(&source->shape);
    float *const values = nnc_cut_alloc(cut, n, sizeof *values);
    float *const scale = nnc_cut_alloc(cut, rows.n, sizeof *scale);
    if (!cut->status)
        cut->status =
            nnc_graph_read_floats(cut->graph, source->source, 0, n, values, cut->error);
    return cut->status ? "" : write_weights(cut, value, axis, rows, values, scale);
}
