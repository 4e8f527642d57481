/* SPDX-License-Identifier: MIT */
/* Operators that pick and place elements: Concat, Transpose, Slice, Split, Gather, Pad.
 */

#include "operators.h"

#include <math.h>

enum nnc_status nnc_read_concat(struct nnc_reading *reading)
{
    struct nnc_onnx_attribute given;
    uint32_t axis = 0;
    enum nnc_status status = NNC_OK;
    for (uint32_t i = 0; i < reading->n_inputs && !status; i++)
        status = nnc_input_float(reading, i);
    if (status)
        return status;
    if (!nnc_attribute_find(reading, "axis", &given))
        return nnc_reading_fail(reading, NNC_VALUE, "attribute 'axis' is missing");
    struct nnc_shape shape = *nnc_input_shape(reading, 0);
    status = nnc_resolve_axis(reading, given.i, shape.rank, &axis);
    if (status)
        return status;
    uint64_t along = 0;
    for (uint32_t i = 0; i < reading->n_inputs; i++) {
        const struct nnc_shape *x = nnc_input_shape(reading, i);
        bool fits = x->rank == shape.rank;
        for (uint32_t k = 0; fits && k < shape.rank; k++)
            fits = k == axis || x->dim[k] == shape.dim[k];
        if (!fits)
            return nnc_reading_fail(reading, NNC_SHAPE, "input %u does not fit input 0",
                                    i);
        along += x->dim[axis];
    }
    if (along > NNC_MAX_DIMENSION)
        return nnc_reading_fail(reading, NNC_LIMIT, "dimension %llu, limit %llu",
                                (unsigned long long)along,
                                (unsigned long long)NNC_MAX_DIMENSION);
    shape.dim[axis] = (uint32_t)along;
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_CONCAT, reading->inputs, reading->n_inputs,
                      &shape, &node);
    if (!status)
        node->axis = axis;
    return status;
}

enum nnc_status nnc_read_transpose(struct nnc_reading *reading)
{
    enum nnc_status status = nnc_input_float(reading, 0);
    if (status)
        return status;
    const struct nnc_shape *x = nnc_input_shape(reading, 0);
    struct nnc_shape shape = {.rank = x->rank};
    int64_t perm[NNC_MAX_RANK];
    uint32_t given, seen = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        perm[i] = x->rank - 1 - i;
    nnc_attribute_ints(reading, "perm", NNC_MAX_RANK, perm, &given);
    if (given && given != x->rank)
        return nnc_reading_fail(reading, NNC_VALUE, "perm has %u values, expected %u",
                                given, x->rank);
    for (uint32_t i = 0; i < x->rank; i++) {
        if (perm[i] < 0 || perm[i] >= (int64_t)x->rank || seen & (1u << perm[i]))
            return nnc_reading_fail(reading, NNC_VALUE,
                                    "perm is not a permutation; got %lld",
                                    (long long)perm[i]);
        seen |= 1u << perm[i];
        shape.dim[i] = x->dim[perm[i]];
    }
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_TRANSPOSE, reading->inputs, 1, &shape, &node);
    for (uint32_t i = 0; !status && i < x->rank; i++)
        node->perm[i] = (uint32_t)perm[i];
    return status;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* One axis of a Slice, numpy's way: negative positions count from the end, positions
 * outside are moved to the edge. Positions are clamped first, so that nothing overflows.
 */
static bool slice_axis(uint32_t dim, int64_t start, int64_t end, int64_t step,
                       uint32_t *first, uint32_t *size)
{
    const int64_t n = dim, low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    start = clamp(start < 0 ? clamp(start, -n - 1, 0) + n : start, 0, high);
    end = clamp(end < 0 ? clamp(end, -n - 1, 0) + n : end, low, high);
    const int64_t span = step < 0 ? start - end : end - start;
    const int64_t stride = step < 0 ? -step : step;
    if (span <= 0)
        return false;
    *first = (uint32_t)start;
    *size = (uint32_t)((span - 1) / stride + 1);
    return true;
}

static enum nnc_status apply_slice(const struct nnc_reading *reading, uint32_t axis,
                                   int64_t start, int64_t end, int64_t step,
                                   struct nnc_slice *slice, struct nnc_shape *shape)
{
    if (!step || step > INT32_MAX || step < -INT32_MAX)
        return nnc_reading_fail(reading, NNC_VALUE, "step is 0 or too large; got %lld",
                                (long long)step);
    slice->step[axis] = (int32_t)step;
    if (slice_axis(shape->dim[axis], start, end, step, &slice->start[axis],
                   &shape->dim[axis]))
        return NNC_OK;
    return nnc_reading_fail(reading, NNC_VALUE,
                            "the slice of axis %u is empty; got %lld to %lld of %u", axis,
                            (long long)start, (long long)end, shape->dim[axis]);
}

/* The constant lists of a Slice: starts, ends, axes, steps; all as long as the first. */
static enum nnc_status read_slice_lists(const struct nnc_reading *reading,
                                        const int64_t *lists[4], uint32_t *n)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t size;
        lists[i] = NULL;
        if (!nnc_input_has(reading, 1 + i))
            continue;
        const enum nnc_status status = nnc_input_ints(reading, 1 + i, &lists[i], &size);
        if (status)
            return status;
        if (i && size != *n)
            return nnc_reading_fail(reading, NNC_SHAPE,
                                    "input %u has %u values, expected %u", 1 + i, size,
                                    *n);
        *n = size;
    }
    return NNC_OK;
}

enum nnc_status nnc_slice_resolve(struct nnc_reading *reading, struct nnc_slice *slice,
                                  struct nnc_shape *shape)
{
    const int64_t *lists[4];
    uint32_t n = 0, seen = 0;
    enum nnc_status status = read_slice_lists(reading, lists, &n);
    if (status)
        return status;
    *shape = *nnc_input_shape(reading, 0);
    *slice = (struct nnc_slice){0};
    for (uint32_t i = 0; i < NNC_MAX_RANK; i++)
        slice->step[i] = 1;
    for (uint32_t i = 0; i < n && !status; i++) {
        uint32_t axis = 0;
        status =
            nnc_resolve_axis(reading, lists[2] ? lists[2][i] : i, shape->rank, &axis);
        if (status)
            return status;
        if (seen & (1u << axis))
            return nnc_reading_fail(reading, NNC_DUPLICATE, "axis %u is given twice",
                                    axis);
        seen |= 1u << axis;
        status = apply_slice(reading, axis, lists[0][i], lists[1][i],
                             lists[3] ? lists[3][i] : 1, slice, shape);
    }
    return status;
}

enum nnc_status nnc_read_slice(struct nnc_reading *reading)
{
    struct nnc_slice slice;
    struct nnc_shape shape;
    enum nnc_status status = nnc_input_float(reading, 0);
    if (!status)
        status = nnc_slice_resolve(reading, &slice, &shape);
    if (status)
        return status;
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_SLICE, reading->inputs, 1, &shape, &node);
    if (!status)
        node->slice = slice;
    return status;
}

/* Size of part k: from the list, or equal parts of which the last may be smaller. */
static int64_t part_size(const int64_t *sizes, uint32_t dim, uint32_t parts, uint32_t k)
{
    if (sizes)
        return sizes[k];
    const int64_t each = nnc_ceil_div(dim, parts);
    return clamp((int64_t)dim - each * k, 0, each);
}

static enum nnc_status emit_parts(struct nnc_reading *reading, const int64_t *sizes,
                                  uint32_t axis)
{
    const struct nnc_shape x = *nnc_input_shape(reading, 0);
    const uint32_t parts = reading->record->n_outputs;
    int64_t at = 0;
    for (uint32_t k = 0; k < parts; k++) {
        const int64_t size = part_size(sizes, x.dim[axis], parts, k);
        if (size < 1 || size > (int64_t)x.dim[axis] - at)
            return nnc_reading_fail(reading, NNC_SHAPE,
                                    "part %u has size %lld, of %lld that are left", k,
                                    (long long)size, (long long)(x.dim[axis] - at));
        struct nnc_shape shape = x;
        shape.dim[axis] = (uint32_t)size;
        struct nnc_node *node;
        const enum nnc_status status =
            nnc_emit(reading, k, NNC_OP_SLICE, reading->inputs, 1, &shape, &node);
        if (status)
            return status;
        for (uint32_t i = 0; i < NNC_MAX_RANK; i++)
            node->slice.step[i] = 1;
        node->slice.start[axis] = (uint32_t)at;
        at += size;
    }
    if (at != x.dim[axis])
        return nnc_reading_fail(reading, NNC_SHAPE, "the parts sum to %lld, expected %u",
                                (long long)at, x.dim[axis]);
    return NNC_OK;
}

enum nnc_status nnc_read_split(struct nnc_reading *reading)
{
    const int64_t *sizes = NULL;
    uint32_t n = reading->record->n_outputs, axis = 0;
    enum nnc_status status = nnc_input_float(reading, 0);
    if (!status && nnc_input_has(reading, 1))
        status = nnc_input_ints(reading, 1, &sizes, &n);
    if (!status)
        status = nnc_resolve_axis(reading, nnc_attribute_int(reading, "axis", 0),
                                  nnc_input_shape(reading, 0)->rank, &axis);
    if (status)
        return status;
    if (n != reading->record->n_outputs ||
        nnc_attribute_int(reading, "num_outputs", n) != (int64_t)n)
        return nnc_reading_fail(reading, NNC_ARITY, "got %u parts for %u outputs", n,
                                reading->record->n_outputs);
    return emit_parts(reading, sizes, axis);
}

/* Negative indices count from the end. */
static enum nnc_status resolve_indices(struct nnc_reading *reading, const int64_t *given,
                                       uint32_t n, uint32_t dim, const uint32_t **indices)
{
    void *memory;
    const enum nnc_status status =
        nnc_builder_alloc(reading->builder, n, sizeof **indices, &memory);
    if (status)
        return status;
    uint32_t *resolved = memory;
    for (uint32_t i = 0; i < n; i++) {
        if (given[i] < -(int64_t)dim || given[i] >= (int64_t)dim)
            return nnc_reading_fail(reading, NNC_VALUE,
                                    "index out of range; got %lld, limit %u",
                                    (long long)given[i], dim);
        resolved[i] = (uint32_t)(given[i] < 0 ? given[i] + dim : given[i]);
    }
    *indices = resolved;
    return NNC_OK;
}

static enum nnc_status gather_shape(const struct nnc_reading *reading, uint32_t axis,
                                    struct nnc_shape *shape)
{
    const struct nnc_shape *x = nnc_input_shape(reading, 0),
                           *at = nnc_input_shape(reading, 1);
    if (x->rank - 1 + at->rank > NNC_MAX_RANK)
        return nnc_reading_fail(reading, NNC_LIMIT, "output rank %u, limit %d",
                                x->rank - 1 + at->rank, NNC_MAX_RANK);
    *shape = (struct nnc_shape){.rank = 0};
    for (uint32_t i = 0; i < x->rank; i++) {
        if (i != axis)
            shape->dim[shape->rank++] = x->dim[i];
        for (uint32_t k = 0; i == axis && k < at->rank; k++)
            shape->dim[shape->rank++] = at->dim[k];
    }
    return NNC_OK;
}

enum nnc_status nnc_read_gather(struct nnc_reading *reading)
{
    const int64_t *given;
    struct nnc_gather gather = {0};
    struct nnc_shape shape;
    enum nnc_status status = nnc_input_float(reading, 0);
    if (!status)
        status = nnc_input_ints(reading, 1, &given, &gather.n_indices);
    if (!status)
        status = nnc_resolve_axis(reading, nnc_attribute_int(reading, "axis", 0),
                                  nnc_input_shape(reading, 0)->rank, &gather.axis);
    if (!status)
        status = gather_shape(reading, gather.axis, &shape);
    if (!status)
        status = resolve_indices(reading, given, gather.n_indices,
                                 nnc_input_shape(reading, 0)->dim[gather.axis],
                                 &gather.indices);
    if (status)
        return status;
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_GATHER, reading->inputs, 1, &shape, &node);
    if (!status)
        node->gather = gather;
    return status;
}

/* The pads of each axis of the input, from the lists for some or all axes. */
static enum nnc_status read_pads(struct nnc_reading *reading, uint32_t rank,
                                 struct nnc_pad *pad)
{
    const int64_t *pads, *axes = NULL;
    uint32_t n, n_axes = rank, seen = 0;
    enum nnc_status status = nnc_input_ints(reading, 1, &pads, &n);
    if (!status && nnc_input_has(reading, 3))
        status = nnc_input_ints(reading, 3, &axes, &n_axes);
    if (!status && axes)
        status = nnc_resolve_axes(reading, axes, n_axes, rank, &seen);
    if (status)
        return status;
    if (n != 2 * n_axes)
        return nnc_reading_fail(reading, NNC_SHAPE, "pads have %u values, expected %u", n,
                                2 * n_axes);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t axis = i % n_axes;
        if (pads[i] < -NNC_MAX_STEP || pads[i] > NNC_MAX_STEP)
            return nnc_reading_fail(reading, NNC_VALUE, "pad %lld, limit %d",
                                    (long long)pads[i], NNC_MAX_STEP);
        if (axes)
            status = nnc_resolve_axis(reading, axes[i % n_axes], rank, &axis);
        (i < n_axes ? pad->begin : pad->end)[axis] = (int32_t)pads[i];
    }
    return status;
}

static enum nnc_status read_pad_mode(struct nnc_reading *reading, enum nnc_pad_mode *mode)
{
    static const char *const names[] = {"constant", "reflect", "edge"};
    struct nnc_onnx_attribute given;
    *mode = NNC_PAD_CONSTANT;
    if (!nnc_attribute_find(reading, "mode", &given))
        return NNC_OK;
    for (int i = 0; i < 3; i++)
        if (nnc_text_is(given.s, names[i])) {
            *mode = (enum nnc_pad_mode)i;
            return NNC_OK;
        }
    return nnc_reading_unsupported(reading, "mode '%.*s'", NNC_TEXT(given.s));
}

/* Cropping must leave something to copy from, reflection needs enough to reflect. */
static enum nnc_status pad_axis(const struct nnc_reading *reading,
                                const struct nnc_pad *pad, uint32_t axis,
                                struct nnc_shape *shape)
{
    const int64_t dim = shape->dim[axis], begin = pad->begin[axis], end = pad->end[axis];
    const int64_t left = dim + (begin < 0 ? begin : 0) + (end < 0 ? end : 0);
    const int64_t most = begin > end ? begin : end;
    if (left < 1 || (pad->mode == NNC_PAD_REFLECT && most >= left))
        return nnc_reading_fail(reading, NNC_VALUE,
                                "pads of axis %u do not fit; got %lld and %lld for %lld",
                                axis, (long long)begin, (long long)end, (long long)dim);
    if (dim + begin + end > (int64_t)NNC_MAX_DIMENSION)
        return nnc_reading_fail(reading, NNC_LIMIT, "output size %lld, limit %llu",
                                (long long)(dim + begin + end),
                                (unsigned long long)NNC_MAX_DIMENSION);
    shape->dim[axis] = (uint32_t)(dim + begin + end);
    return NNC_OK;
}

enum nnc_status nnc_read_pad(struct nnc_reading *reading)
{
    struct nnc_pad pad = {0};
    enum nnc_status status = nnc_input_float(reading, 0);
    if (status)
        return status;
    struct nnc_shape shape = *nnc_input_shape(reading, 0);
    status = read_pads(reading, shape.rank, &pad);
    if (!status)
        status = read_pad_mode(reading, &pad.mode);
    if (!status && nnc_input_has(reading, 2))
        status = nnc_input_scalar(reading, 2, &pad.value);
    for (uint32_t i = 0; i < shape.rank && !status; i++)
        status = pad_axis(reading, &pad, i, &shape);
    if (status || reading->unsupported)
        return status;
    if (isnan(pad.value))
        return nnc_reading_fail(reading, NNC_VALUE, "the value to pad with is NaN");
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_PAD, reading->inputs, 1, &shape, &node);
    if (!status)
        node->pad = pad;
    return status;
}
