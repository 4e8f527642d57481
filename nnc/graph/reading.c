/* SPDX-License-Identifier: MIT */
/* The view of one node that operator readers have: its inputs, its attributes, and its
 * ways to fail. */

#include "operators.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum nnc_status nnc_reading_fail(const struct nnc_reading *reading,
                                 enum nnc_status status, const char *format, ...)
{
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return nnc_fail_at(reading->builder->error, status, reading->name,
                       reading->record->begin, "node '%.64s' (%.*s): %s", reading->name,
                       NNC_TEXT(reading->record->op_type), what);
}

enum nnc_status nnc_reading_unsupported(struct nnc_reading *reading, const char *format,
                                        ...)
{
    enum { MOST_LISTED = 8 };
    struct nnc_builder *b = reading->builder;
    reading->unsupported = true;
    b->n_unsupported++;
    if (b->n_listed >= MOST_LISTED)
        return NNC_OK;
    char what[160], item[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    const struct nnc_text op = reading->record->op_type;
    const int n =
        snprintf(item, sizeof item, "%snode '%.32s' (%.*s): %s", b->n_listed ? "; " : "",
                 reading->name, (int)(op.size < 32 ? op.size : 32),
                 op.bytes ? op.bytes : "", what);
    const size_t used = strlen(b->unsupported);
    if (n < 0 || (size_t)n >= sizeof b->unsupported - used)
        return NNC_OK; /* no room: it is among the "more" */
    memcpy(b->unsupported + used, item, (size_t)n + 1);
    b->n_listed++;
    return NNC_OK;
}

bool nnc_input_has(const struct nnc_reading *reading, uint32_t i)
{
    return i < reading->n_inputs && reading->inputs[i] != NNC_NONE;
}

const struct nnc_shape *nnc_input_shape(const struct nnc_reading *reading, uint32_t i)
{
    return &reading->builder->graph->values[reading->inputs[i]].shape;
}

struct nnc_value_facts nnc_input_facts(const struct nnc_reading *reading, uint32_t i)
{
    return reading->builder->facts[reading->inputs[i]];
}

const struct nnc_tensor *nnc_input_tensor(const struct nnc_reading *reading, uint32_t i)
{
    const struct nnc_graph *graph = reading->builder->graph;
    const struct nnc_value *value = &graph->values[reading->inputs[i]];
    return value->kind == NNC_VALUE_TENSOR ? &graph->tensors[value->source] : NULL;
}

enum nnc_status nnc_input_float(const struct nnc_reading *reading, uint32_t i)
{
    if (!nnc_input_has(reading, i))
        return nnc_reading_fail(reading, NNC_ARITY, "required input %u is missing", i);
    switch (nnc_input_facts(reading, i).element) {
    case NNC_ELEMENT_FLOAT:
        return NNC_OK;
    case NNC_ELEMENT_NARROW:
        return nnc_reading_fail(reading, NNC_TYPE,
                                "input %u is float16 or double, expected float (Cast it)",
                                i);
    case NNC_ELEMENT_BYTE:
    case NNC_ELEMENT_U8:
    case NNC_ELEMENT_S8:
        return nnc_reading_fail(reading, NNC_TYPE,
                                "input %u is quantised, expected float (DequantizeLinear "
                                "first)",
                                i);
    default:
        return nnc_reading_fail(reading, NNC_TYPE, "input %u is integer, expected float",
                                i);
    }
}

enum nnc_status nnc_input_ints(const struct nnc_reading *reading, uint32_t i,
                               const int64_t **ints, uint32_t *n)
{
    if (!nnc_input_has(reading, i))
        return nnc_reading_fail(reading, NNC_ARITY, "required input %u is missing", i);
    const struct nnc_tensor *tensor = nnc_input_tensor(reading, i);
    if (!tensor)
        return nnc_reading_fail(reading, NNC_SHAPE, "input %u must be constant", i);
    if (tensor->dtype != NNC_DTYPE_INT || tensor->scaling)
        return nnc_reading_fail(reading, NNC_TYPE,
                                tensor->dtype == NNC_DTYPE_INT8 ||
                                        tensor->dtype == NNC_DTYPE_UINT8
                                    ? "input %u is int8 or uint8, expected int64"
                                    : "input %u is float, expected integers",
                                i);
    *ints = tensor->ints;
    *n = (uint32_t)nnc_shape_elements(&tensor->shape);
    return NNC_OK;
}

enum nnc_status nnc_input_scalar(struct nnc_reading *reading, uint32_t i, float *value)
{
    const enum nnc_status status = nnc_input_float(reading, i);
    if (status)
        return status;
    const struct nnc_value *input = &reading->builder->graph->values[reading->inputs[i]];
    if (input->kind != NNC_VALUE_TENSOR)
        return nnc_reading_unsupported(reading, "input %u must be constant", i);
    if (nnc_shape_elements(&input->shape) != 1)
        return nnc_reading_fail(reading, NNC_SHAPE,
                                "input %u has %llu elements, expected 1", i,
                                (unsigned long long)nnc_shape_elements(&input->shape));
    return nnc_graph_read_floats(reading->builder->graph, input->source, 0, 1, value,
                                 reading->builder->error);
}

bool nnc_attribute_find(const struct nnc_reading *reading, const char *name,
                        struct nnc_onnx_attribute *attribute)
{
    uint64_t at = reading->record->begin;
    while (
        nnc_onnx_next_attribute(reading->builder->model, reading->record, &at, attribute))
        if (nnc_text_is(attribute->name, name))
            return true;
    return false;
}

int64_t nnc_attribute_int(const struct nnc_reading *reading, const char *name,
                          int64_t otherwise)
{
    struct nnc_onnx_attribute attribute;
    return nnc_attribute_find(reading, name, &attribute) ? attribute.i : otherwise;
}

enum nnc_status nnc_attribute_float(const struct nnc_reading *reading, const char *name,
                                    float otherwise, float *value)
{
    struct nnc_onnx_attribute attribute;
    *value = nnc_attribute_find(reading, name, &attribute) ? attribute.f : otherwise;
    if (isfinite(*value))
        return NNC_OK;
    return nnc_reading_fail(reading, NNC_VALUE, "attribute '%s' is NaN or infinite",
                            name);
}

void nnc_attribute_ints(const struct nnc_reading *reading, const char *name, uint32_t n,
                        int64_t *values, uint32_t *given)
{
    struct nnc_onnx_attribute attribute;
    *given = 0;
    if (!nnc_attribute_find(reading, name, &attribute))
        return;
    *given = attribute.n;
    nnc_onnx_attribute_ints(reading->builder->model, &attribute, values, n);
}

enum nnc_status nnc_resolve_axis(const struct nnc_reading *reading, int64_t axis,
                                 uint32_t rank, uint32_t *resolved)
{
    if (axis < -(int64_t)rank || axis >= (int64_t)rank)
        return nnc_reading_fail(reading, NNC_VALUE,
                                "axis %lld is out of range for rank %u", (long long)axis,
                                rank);
    *resolved = (uint32_t)(axis < 0 ? axis + rank : axis);
    return NNC_OK;
}

enum nnc_status nnc_resolve_axes(const struct nnc_reading *reading, const int64_t *axes,
                                 uint32_t n, uint32_t rank, uint32_t *mask)
{
    *mask = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t axis = 0;
        const enum nnc_status status = nnc_resolve_axis(reading, axes[i], rank, &axis);
        if (status)
            return status;
        if (*mask & (1u << axis))
            return nnc_reading_fail(reading, NNC_DUPLICATE, "axis %u is given twice",
                                    axis);
        *mask |= 1u << axis;
    }
    return NNC_OK;
}
