/* SPDX-License-Identifier: MIT */
/* Operators that work element by element: activations, arithmetic with broadcasting,
 * softmax, and those that do nothing at inference. */

#include "operators.h"

#include <math.h>

static enum nnc_status emit_activation(struct nnc_reading *reading,
                                       enum nnc_activation_kind kind, float alpha,
                                       float beta)
{
    enum nnc_status status = nnc_input_float(reading, 0);
    if (status)
        return status;
    const struct nnc_shape shape = *nnc_input_shape(reading, 0);
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_ACTIVATION, reading->inputs, 1, &shape, &node);
    if (!status)
        node->activation = (struct nnc_activation){kind, alpha, beta};
    return status;
}

enum nnc_status nnc_read_relu(struct nnc_reading *reading)
{
    return emit_activation(reading, NNC_ACT_CLIP, 0, INFINITY);
}

enum nnc_status nnc_read_clip(struct nnc_reading *reading)
{
    float bounds[2] = {-INFINITY, INFINITY};
    for (uint32_t i = 0; i < 2; i++) {
        if (!nnc_input_has(reading, 1 + i))
            continue;
        const enum nnc_status status = nnc_input_scalar(reading, 1 + i, &bounds[i]);
        if (status || reading->unsupported)
            return status;
        if (isnan(bounds[i]))
            return nnc_reading_fail(reading, NNC_VALUE, "bound %u is NaN", i);
    }
    return emit_activation(reading, NNC_ACT_CLIP, bounds[0], bounds[1]);
}

enum nnc_status nnc_read_leaky_relu(struct nnc_reading *reading)
{
    float alpha;
    const enum nnc_status status = nnc_attribute_float(reading, "alpha", 0.01f, &alpha);
    return status ? status : emit_activation(reading, NNC_ACT_LEAKY_RELU, alpha, 0);
}

enum nnc_status nnc_read_sigmoid(struct nnc_reading *reading)
{
    return emit_activation(reading, NNC_ACT_SIGMOID, 0, 0);
}

enum nnc_status nnc_read_hard_sigmoid(struct nnc_reading *reading)
{
    float alpha, beta;
    enum nnc_status status = nnc_attribute_float(reading, "alpha", 0.2f, &alpha);
    if (!status)
        status = nnc_attribute_float(reading, "beta", 0.5f, &beta);
    return status ? status : emit_activation(reading, NNC_ACT_HARD_SIGMOID, alpha, beta);
}

enum nnc_status nnc_read_hard_swish(struct nnc_reading *reading)
{
    return emit_activation(reading, NNC_ACT_HARD_SWISH, 0, 0);
}

static uint32_t dim_from_the_right(const struct nnc_shape *shape, uint32_t rank,
                                   uint32_t i)
{
    return i + shape->rank < rank ? 1 : shape->dim[i + shape->rank - rank];
}

static enum nnc_status broadcast(const struct nnc_reading *reading,
                                 const struct nnc_shape *a, const struct nnc_shape *b,
                                 struct nnc_shape *out)
{
    *out = (struct nnc_shape){.rank = a->rank > b->rank ? a->rank : b->rank};
    for (uint32_t i = 0; i < out->rank; i++) {
        const uint32_t x = dim_from_the_right(a, out->rank, i);
        const uint32_t y = dim_from_the_right(b, out->rank, i);
        if (x != y && x != 1 && y != 1)
            return nnc_reading_fail(
                reading, NNC_SHAPE,
                "inputs do not fit together in dimension %u; got %u and "
                "%u",
                i, x, y);
        out->dim[i] = x > y ? x : y;
    }
    return NNC_OK;
}

static enum nnc_binary_kind binary_kind(struct nnc_text op_type)
{
    return nnc_text_is(op_type, "Add")   ? NNC_ADD
           : nnc_text_is(op_type, "Sub") ? NNC_SUB
           : nnc_text_is(op_type, "Mul") ? NNC_MUL
                                         : NNC_DIV;
}

enum nnc_status nnc_read_binary(struct nnc_reading *reading)
{
    struct nnc_shape shape;
    enum nnc_status status = nnc_input_float(reading, 0);
    if (!status)
        status = nnc_input_float(reading, 1);
    if (!status)
        status = broadcast(reading, nnc_input_shape(reading, 0),
                           nnc_input_shape(reading, 1), &shape);
    if (status)
        return status;
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_BINARY, reading->inputs, 2, &shape, &node);
    if (!status)
        node->binary = binary_kind(reading->record->op_type);
    return status;
}

enum nnc_status nnc_read_softmax(struct nnc_reading *reading)
{
    uint32_t axis = 0;
    enum nnc_status status = nnc_input_float(reading, 0);
    if (status)
        return status;
    const struct nnc_shape shape = *nnc_input_shape(reading, 0);
    status = nnc_resolve_axis(reading, nnc_attribute_int(reading, "axis", -1), shape.rank,
                              &axis);
    if (status)
        return status;
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_SOFTMAX, reading->inputs, 1, &shape, &node);
    if (!status)
        node->axis = axis;
    return status;
}

enum nnc_status nnc_read_identity(struct nnc_reading *reading)
{
    const struct nnc_shape shape = *nnc_input_shape(reading, 0);
    const struct nnc_tensor *tensor = nnc_input_tensor(reading, 0);
    struct nnc_node *node;
    if (tensor)
        return nnc_emit_tensor(reading, tensor, nnc_input_facts(reading, 0).element);
    return nnc_emit(reading, 0, NNC_OP_IDENTITY, reading->inputs, 1, &shape, &node);
}

enum nnc_status nnc_read_dropout(struct nnc_reading *reading)
{
    if (nnc_input_has(reading, 2)) {
        const int64_t *training;
        uint32_t n;
        const enum nnc_status status = nnc_input_ints(reading, 2, &training, &n);
        if (status)
            return status;
        if (n != 1 || training[0])
            return nnc_reading_unsupported(reading, "training mode");
    }
    return nnc_read_identity(reading);
}

/* Float to float: what is computed is float already, constants are converted on read. */
enum nnc_status nnc_read_cast(struct nnc_reading *reading)
{
    const int64_t to = nnc_attribute_int(reading, "to", 0);
    const struct nnc_tensor *tensor = nnc_input_tensor(reading, 0);
    if (to != NNC_ONNX_FLOAT)
        return nnc_reading_unsupported(reading, "a cast of floats to data type %lld",
                                       (long long)to);
    if (tensor)
        return nnc_emit_tensor(reading, tensor, NNC_ELEMENT_FLOAT);
    return nnc_read_identity(reading);
}
