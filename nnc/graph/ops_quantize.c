/* SPDX-License-Identifier: MIT */
/* QuantizeLinear and DequantizeLinear. Of a constant the second is a way to read it; of
 * what is computed both are activations, with one scale for all of it. Types, shapes and
 * values of scales and zero points are judged here, once. */

#include "../onnx/source.h"
#include "operators.h"

#include <math.h>
#include <string.h>

/* Products with any integer of 32 bits stay finite. */
static const float LARGEST_SCALE = 1e28f;

static enum nnc_status check_scale(const struct nnc_reading *reading, float scale, uint32_t i)
{
    if (scale > 0 && scale <= LARGEST_SCALE && scale >= 0x1p-126f)
        return NNC_OK;
    return nnc_reading_fail(reading, NNC_VALUE,
                            "scale %g at index %u; expected a number from 2^-126 to %g",
                            (double)scale, i, (double)LARGEST_SCALE);
}

/* The axis, and that there is one scale, or one for each index along it. */
static enum nnc_status read_axis(struct nnc_reading *reading, struct nnc_scaling *scaling)
{
    const struct nnc_shape *const x = nnc_input_shape(reading, 0);
    const struct nnc_shape *const s = nnc_input_shape(reading, 1);
    if (nnc_attribute_int(reading, "block_size", 0))
        return nnc_reading_unsupported(reading, "scales for blocks (block_size)");
    scaling->n = (uint32_t)nnc_shape_elements(s);
    if (s->rank == 0 || (s->rank == 1 && scaling->n == 1))
        return NNC_OK;
    if (s->rank != 1)
        return nnc_reading_fail(reading, NNC_SHAPE,
                                "the scale has rank %u, expected 0 or 1", s->rank);
    const enum nnc_status status = nnc_resolve_axis(
        reading, nnc_attribute_int(reading, "axis", 1), x->rank, &scaling->axis);
    if (status || x->dim[scaling->axis] == scaling->n)
        return status;
    return nnc_reading_fail(reading, NNC_SHAPE,
                            "%u scales for axis %u, which has %u elements", scaling->n,
                            scaling->axis, x->dim[scaling->axis]);
}

static enum nnc_status read_scales(struct nnc_reading *reading, float *scale, uint32_t n)
{
    enum nnc_status status = nnc_input_float(reading, 1);
    if (status)
        return status;
    if (!nnc_input_tensor(reading, 1))
        return nnc_reading_unsupported(reading, "a scale that is computed");
    status = nnc_graph_read_floats(reading->builder->graph,
                                   reading->builder->graph->values[reading->inputs[1]].source,
                                   0, n, scale, reading->builder->error);
    for (uint32_t i = 0; i < n && !status; i++)
        status = check_scale(reading, scale[i], i);
    return status;
}

/* The zero points; their type is that of the integers. Without any: 0 of `otherwise`. */
static enum nnc_status read_zeros(struct nnc_reading *reading, enum nnc_dtype *dtype,
                                  int32_t *zero, uint32_t n)
{
    if (!nnc_input_has(reading, 2))
        return NNC_OK;
    const struct nnc_tensor *const tensor = nnc_input_tensor(reading, 2);
    if (!tensor)
        return nnc_reading_unsupported(reading, "a zero point that is computed");
    const struct nnc_shape *const shape = nnc_input_shape(reading, 2);
    if (nnc_shape_elements(shape) != n || shape->rank > 1)
        return nnc_reading_fail(reading, NNC_SHAPE, "%llu zero points for %u scales",
                                (unsigned long long)nnc_shape_elements(shape), n);
    *dtype = tensor->dtype;
    for (uint32_t i = 0; i < n && tensor->dtype == NNC_DTYPE_INT; i++)
        zero[i] = (int32_t)tensor->ints[i];
    for (uint32_t i = 0; i < n && tensor->dtype != NNC_DTYPE_INT; i++) {
        uint8_t byte;
        if (tensor->dtype != NNC_DTYPE_INT8 && tensor->dtype != NNC_DTYPE_UINT8)
            return nnc_reading_fail(reading, NNC_TYPE,
                                    "zero points are float, expected int8 or uint8");
        const enum nnc_status status =
            nnc_source_read(reading->builder->graph->sources, tensor->file,
                            tensor->offset + i, 1, &byte, reading->builder->error);
        if (status)
            return status;
        zero[i] = tensor->dtype == NNC_DTYPE_INT8 ? (int8_t)byte : byte;
    }
    return NNC_OK;
}

/* All of it, in memory of the graph. `*dtype` is what there is without zero points. */
static enum nnc_status read_scaling(struct nnc_reading *reading, enum nnc_dtype *dtype,
                                    const struct nnc_scaling **scaling)
{
    struct nnc_builder *const b = reading->builder;
    void *made = NULL, *scale = NULL, *zero = NULL;
    struct nnc_scaling s = {0};
    enum nnc_status status = nnc_input_has(reading, 1) ? read_axis(reading, &s) : NNC_OK;
    if (status || reading->unsupported)
        return status;
    if ((status = nnc_builder_alloc(b, 1, sizeof s, &made)) ||
        (status = nnc_builder_alloc(b, s.n, sizeof *s.scale, &scale)) ||
        (status = nnc_builder_alloc(b, s.n, sizeof *s.zero, &zero)))
        return status;
    s.scale = scale;
    s.zero = zero;
    memcpy(made, &s, sizeof s);
    *scaling = made;
    status = read_scales(reading, scale, s.n);
    return status || reading->unsupported ? status : read_zeros(reading, dtype, zero, s.n);
}

static enum nnc_status emit(struct nnc_reading *reading, enum nnc_activation_kind kind,
                            const struct nnc_scaling *scaling, enum nnc_element element)
{
    const struct nnc_shape shape = *nnc_input_shape(reading, 0);
    struct nnc_node *node;
    if (scaling->n != 1)
        return nnc_reading_unsupported(reading, "a scale for each channel of what is computed");
    const enum nnc_status status =
        nnc_emit(reading, 0, NNC_OP_ACTIVATION, reading->inputs, 1, &shape, &node);
    if (status)
        return status;
    node->activation =
        (struct nnc_activation){kind, scaling->scale[0], (float)scaling->zero[0]};
    reading->builder->facts[node->output].element = element;
    return NNC_OK;
}

enum nnc_status nnc_read_quantize(struct nnc_reading *reading)
{
    const int64_t wanted = nnc_attribute_int(reading, "output_dtype", 0);
    const struct nnc_scaling *scaling = NULL;
    enum nnc_dtype dtype = wanted == NNC_ONNX_INT8 ? NNC_DTYPE_INT8 : NNC_DTYPE_UINT8;
    enum nnc_status status = nnc_input_float(reading, 0);
    if (!status)
        status = read_scaling(reading, &dtype, &scaling);
    if (status || reading->unsupported)
        return status;
    const bool is_signed = dtype == NNC_DTYPE_INT8;
    if (!is_signed && dtype != NNC_DTYPE_UINT8)
        return nnc_reading_fail(reading, NNC_TYPE,
                                "zero points are integers of 32 or 64 bits, expected int8 or "
                                "uint8");
    if (wanted && wanted != (is_signed ? NNC_ONNX_INT8 : NNC_ONNX_UINT8))
        return nnc_reading_fail(reading, NNC_TYPE,
                                "output_dtype %lld is not the type of the zero point",
                                (long long)wanted);
    return emit(reading, is_signed ? NNC_ACT_QUANTIZE_S8 : NNC_ACT_QUANTIZE_U8, scaling,
                is_signed ? NNC_ELEMENT_S8 : NNC_ELEMENT_U8);
}

/* A constant: the same integers with their meaning. */
static enum nnc_status emit_scaled(struct nnc_reading *reading,
                                   const struct nnc_scaling *scaling)
{
    struct nnc_tensor tensor = *nnc_input_tensor(reading, 0);
    tensor.scaling = scaling;
    return nnc_emit_tensor(reading, &tensor, NNC_ELEMENT_FLOAT);
}

/* What type the integers have; false for none of those that can be. */
static bool integer_type(const struct nnc_reading *reading, enum nnc_dtype *dtype)
{
    const struct nnc_tensor *const tensor = nnc_input_tensor(reading, 0);
    switch (nnc_input_facts(reading, 0).element) {
    case NNC_ELEMENT_U8:
        *dtype = NNC_DTYPE_UINT8;
        return true;
    case NNC_ELEMENT_S8:
        *dtype = NNC_DTYPE_INT8;
        return true;
    case NNC_ELEMENT_BYTE:
        *dtype = tensor->dtype;
        return true;
    case NNC_ELEMENT_INT:
        *dtype = NNC_DTYPE_INT;
        return tensor && tensor->int32;
    default:
        return false;
    }
}

static const char *type_name(enum nnc_dtype dtype)
{
    return dtype == NNC_DTYPE_INT8 ? "int8" : dtype == NNC_DTYPE_UINT8 ? "uint8" : "int32";
}

enum nnc_status nnc_read_dequantize(struct nnc_reading *reading)
{
    const struct nnc_scaling *scaling = NULL;
    enum nnc_dtype dtype;
    if (!integer_type(reading, &dtype))
        return nnc_reading_fail(reading, NNC_TYPE,
                                "input 0 is not quantised; expected int8, uint8 or int32");
    enum nnc_dtype zeros = dtype;
    const enum nnc_status status = read_scaling(reading, &zeros, &scaling);
    if (status || reading->unsupported)
        return status;
    if (zeros != dtype)
        return nnc_reading_fail(reading, NNC_TYPE,
                                "input 0 is %s, its zero point %s; expected the same type",
                                type_name(dtype), type_name(zeros));
    if (nnc_input_tensor(reading, 0))
        return emit_scaled(reading, scaling);
    return emit(reading,
                dtype == NNC_DTYPE_INT8 ? NNC_ACT_DEQUANTIZE_S8 : NNC_ACT_DEQUANTIZE_U8,
                scaling, NNC_ELEMENT_FLOAT);
}
