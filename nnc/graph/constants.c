/* SPDX-License-Identifier: MIT */
/* Constants in the middle of the graph: Constant nodes, Shape (all shapes are known), and
 * arithmetic on small integer tensors, by which exporters compute the targets of Reshape
 * and Slice. Results are bounded, overflow wraps into a refusal. */

#include "operators.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FOLDED = 65536 };

static enum nnc_status constant_tensor(struct nnc_reading *reading,
                                       const struct nnc_onnx_attribute *attribute)
{
    struct nnc_tensor tensor;
    const enum nnc_status status =
        nnc_builder_tensor(reading->builder, &attribute->t, false, &tensor);
    if (status)
        return status;
    return nnc_emit_tensor(reading, &tensor, nnc_element_of(tensor.dtype));
}

static enum nnc_status constant_floats(struct nnc_reading *reading, const float *values,
                                       const struct nnc_shape *shape)
{
    struct nnc_tensor tensor = {.dtype = NNC_DTYPE_FLOAT,
                                .shape = *shape,
                                .file = NNC_SOURCE_HEAP,
                                .size = nnc_shape_elements(shape) * sizeof *values};
    const enum nnc_status status =
        nnc_source_add_heap(reading->builder->graph->sources, values, tensor.size,
                            &tensor.offset, reading->builder->error);
    return status ? status : nnc_emit_tensor(reading, &tensor, NNC_ELEMENT_FLOAT);
}

static enum nnc_status constant_list(struct nnc_reading *reading,
                                     const struct nnc_onnx_attribute *attribute)
{
    const struct nnc_shape shape = {1, {attribute->n}};
    const struct nnc_onnx_model *model = reading->builder->model;
    void *values = nnc_alloc(attribute->n, sizeof(int64_t));
    enum nnc_status status;
    if (!values)
        return nnc_fail_nomem(reading->builder->error, attribute->n * sizeof(int64_t));
    if (attribute->type == 'I') {
        nnc_onnx_attribute_ints(model, attribute, values, attribute->n);
        status = nnc_emit_ints(reading, &shape, values);
    } else if (!attribute->n) {
        status =
            nnc_reading_fail(reading, NNC_SHAPE, "attribute 'value_floats' is empty");
    } else {
        nnc_onnx_attribute_floats(model, attribute, values, attribute->n);
        status = constant_floats(reading, values, &shape);
    }
    free(values);
    return status;
}

enum nnc_status nnc_read_constant(struct nnc_reading *reading)
{
    const struct nnc_shape scalar = {.rank = 0};
    struct nnc_onnx_attribute attribute, second;
    uint64_t at = reading->record->begin;
    const struct nnc_onnx_model *model = reading->builder->model;
    if (!nnc_onnx_next_attribute(model, reading->record, &at, &attribute))
        return nnc_reading_fail(reading, NNC_VALUE, "no value");
    if (nnc_onnx_next_attribute(model, reading->record, &at, &second))
        return nnc_reading_fail(reading, NNC_DUPLICATE, "more than one value");
    switch (attribute.type) {
    case 't':
        return constant_tensor(reading, &attribute);
    case 'f':
        return constant_floats(reading, &attribute.f, &scalar);
    case 'i':
        return nnc_emit_ints(reading, &scalar, &attribute.i);
    default:
        return constant_list(reading, &attribute);
    }
}

static int64_t clamp_position(int64_t position, int64_t rank)
{
    position += position < 0 ? rank : 0;
    return position < 0 ? 0 : position > rank ? rank : position;
}

enum nnc_status nnc_read_shape(struct nnc_reading *reading)
{
    const struct nnc_shape *x = nnc_input_shape(reading, 0);
    const int64_t rank = x->rank;
    const int64_t start = clamp_position(nnc_attribute_int(reading, "start", 0), rank);
    const int64_t end = clamp_position(nnc_attribute_int(reading, "end", rank), rank);
    int64_t dims[NNC_MAX_RANK];
    struct nnc_shape shape = {.rank = 1};
    for (int64_t i = start; i < end; i++)
        dims[shape.dim[0]++] = x->dim[i];
    return nnc_emit_ints(reading, &shape, dims);
}

static bool apply(struct nnc_text op, int64_t a, int64_t b, int64_t *out)
{
    if (nnc_text_is(op, "Add"))
        return !__builtin_add_overflow(a, b, out);
    if (nnc_text_is(op, "Sub"))
        return !__builtin_sub_overflow(a, b, out);
    if (nnc_text_is(op, "Mul"))
        return !__builtin_mul_overflow(a, b, out);
    if (!b || (a == INT64_MIN && b == -1))
        return false;
    *out = a / b;
    return true;
}

static enum nnc_status check_folded(const struct nnc_reading *reading, uint64_t n)
{
    if (n <= MAX_FOLDED)
        return NNC_OK;
    return nnc_reading_fail(reading, NNC_LIMIT, "%llu constant integers, limit %d",
                            (unsigned long long)n, MAX_FOLDED);
}

/* Only what shapes need: equal sizes, or a single number with anything. */
enum nnc_status nnc_fold_binary(struct nnc_reading *reading)
{
    const struct nnc_tensor *a = nnc_input_tensor(reading, 0);
    const struct nnc_tensor *b = nnc_input_tensor(reading, 1);
    const uint64_t n_a = nnc_shape_elements(&a->shape),
                   n_b = nnc_shape_elements(&b->shape);
    const struct nnc_tensor *larger = n_b > n_a || b->shape.rank > a->shape.rank ? b : a;
    const uint64_t n = n_a > n_b ? n_a : n_b;
    const bool same = a->shape.rank == b->shape.rank &&
                      !memcmp(a->shape.dim, b->shape.dim, sizeof a->shape.dim);
    if (!n_a || !n_b ||
        (!same && ((n_a != 1 && n_b != 1) || nnc_shape_elements(&larger->shape) != n)))
        return nnc_reading_unsupported(reading, "integers of different shapes");
    enum nnc_status status = check_folded(reading, n);
    if (status)
        return status;
    int64_t *out = nnc_alloc(n, sizeof *out);
    if (!out)
        return nnc_fail_nomem(reading->builder->error, n * sizeof *out);
    for (uint64_t i = 0; i < n && !status; i++)
        if (!apply(reading->record->op_type, a->ints[n_a == 1 ? 0 : i],
                   b->ints[n_b == 1 ? 0 : i], &out[i]))
            status = nnc_reading_fail(reading, NNC_OVERFLOW,
                                      "integer overflow or division by zero");
    if (!status)
        status = nnc_emit_ints(reading, &larger->shape, out);
    free(out);
    return status;
}

/* Along axis 0 of a list, which is how one takes a dimension out of a shape. */
enum nnc_status nnc_fold_gather(struct nnc_reading *reading)
{
    const struct nnc_tensor *x = nnc_input_tensor(reading, 0);
    const struct nnc_tensor *at = nnc_input_tensor(reading, 1);
    const uint64_t n = nnc_shape_elements(&at->shape);
    if (x->shape.rank != 1)
        return nnc_reading_unsupported(reading, "integers of rank %u", x->shape.rank);
    enum nnc_status status = check_folded(reading, n);
    if (status)
        return status;
    int64_t *out = nnc_alloc(n, sizeof *out);
    if (!out)
        return nnc_fail_nomem(reading->builder->error, n * sizeof *out);
    const int64_t size = x->shape.dim[0];
    for (uint64_t i = 0; i < n && !status; i++) {
        const int64_t index = at->ints[i];
        if (index < -size || index >= size)
            status = nnc_reading_fail(reading, NNC_VALUE,
                                      "index out of range; got %lld, limit %lld",
                                      (long long)index, (long long)size);
        else
            out[i] = x->ints[index < 0 ? index + size : index];
    }
    if (!status)
        status = nnc_emit_ints(reading, &at->shape, out);
    free(out);
    return status;
}

enum nnc_status nnc_fold_concat(struct nnc_reading *reading)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < reading->n_inputs; i++) {
        if (!nnc_input_has(reading, i) || nnc_input_shape(reading, i)->rank != 1)
            return nnc_reading_unsupported(reading, "integers that are no list");
        n += nnc_input_shape(reading, i)->dim[0];
    }
    enum nnc_status status = check_folded(reading, n);
    if (status)
        return status;
    int64_t *out = nnc_alloc(n, sizeof *out);
    if (!out)
        return nnc_fail_nomem(reading->builder->error, n * sizeof *out);
    uint64_t at = 0;
    for (uint32_t i = 0; i < reading->n_inputs; i++) {
        const struct nnc_tensor *x = nnc_input_tensor(reading, i);
        if (x->shape.dim[0])
            memcpy(out + at, x->ints, x->shape.dim[0] * sizeof *out);
        at += x->shape.dim[0];
    }
    const struct nnc_shape shape = {1, {(uint32_t)n}};
    status = nnc_emit_ints(reading, &shape, out);
    free(out);
    return status;
}

enum nnc_status nnc_fold_slice(struct nnc_reading *reading)
{
    struct nnc_slice slice;
    struct nnc_shape shape;
    const struct nnc_tensor *x = nnc_input_tensor(reading, 0);
    if (x->shape.rank != 1)
        return nnc_reading_unsupported(reading, "integers of rank %u", x->shape.rank);
    enum nnc_status status = nnc_slice_resolve(reading, &slice, &shape);
    if (!status)
        status = check_folded(reading, shape.dim[0]);
    if (status)
        return status;
    int64_t *out = nnc_alloc(shape.dim[0], sizeof *out);
    if (!out)
        return nnc_fail_nomem(reading->builder->error, shape.dim[0] * sizeof *out);
    for (uint32_t i = 0; i < shape.dim[0]; i++)
        out[i] = x->ints[(int64_t)slice.start[0] + (int64_t)i * slice.step[0]];
    status = nnc_emit_ints(reading, &shape, out);
    free(out);
    return status;
}

/* Integers stay integers or become floats; both are rare and small. */
enum nnc_status nnc_fold_cast(struct nnc_reading *reading)
{
    const struct nnc_tensor *x = nnc_input_tensor(reading, 0);
    const int64_t to = nnc_attribute_int(reading, "to", 0);
    const uint64_t n = nnc_shape_elements(&x->shape);
    if (to == NNC_ONNX_INT64 || to == NNC_ONNX_INT32)
        return nnc_emit_tensor(reading, x, NNC_ELEMENT_INT);
    if (to != NNC_ONNX_FLOAT || !n)
        return nnc_reading_unsupported(reading, "a cast of integers to data type %lld",
                                       (long long)to);
    enum nnc_status status = check_folded(reading, n);
    if (status)
        return status;
    float *out = nnc_alloc(n, sizeof *out);
    if (!out)
        return nnc_fail_nomem(reading->builder->error, n * sizeof *out);
    for (uint64_t i = 0; i < n; i++)
        out[i] = (float)x->ints[i];
    status = constant_floats(reading, out, &x->shape);
    free(out);
    return status;
}
