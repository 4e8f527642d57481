/* SPDX-License-Identifier: MIT */
/* Operators that rename the dimensions of a tensor and leave its elements where they are:
 * Flatten, Reshape, Squeeze, Unsqueeze. They work on integers too (folding shapes). */

#include "operators.h"

enum nnc_status nnc_read_flatten(struct nnc_reading *reading)
{
    const struct nnc_shape x = *nnc_input_shape(reading, 0);
    int64_t axis = nnc_attribute_int(reading, "axis", 1);
    if (axis < -(int64_t)x.rank || axis > (int64_t)x.rank)
        return nnc_reading_fail(reading, NNC_VALUE,
                                "axis %lld is out of range for rank %u", (long long)axis,
                                x.rank);
    axis += axis < 0 ? x.rank : 0;
    struct nnc_shape shape = {2, {1, 1}};
    for (uint32_t i = 0; i < x.rank; i++)
        shape.dim[i < (uint32_t)axis ? 0 : 1] *= x.dim[i];
    return nnc_emit_reshape(reading, &shape);
}

static enum nnc_status fail_target(const struct nnc_reading *reading, const char *why,
                                   int64_t got)
{
    return nnc_reading_fail(reading, NNC_SHAPE, "target shape: %s; got %lld", why,
                            (long long)got);
}

/* Fills all dimensions but an inferred one, whose index goes to `*inferred`. */
static enum nnc_status read_target(const struct nnc_reading *reading,
                                   const int64_t *target, struct nnc_shape *shape,
                                   uint32_t *inferred, uint64_t *product)
{
    const struct nnc_shape *x = nnc_input_shape(reading, 0);
    const bool keep_zero = nnc_attribute_int(reading, "allowzero", 0) != 0;
    *inferred = NNC_NONE;
    *product = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        int64_t dim = target[i];
        if (dim == -1 && *inferred != NNC_NONE)
            return fail_target(reading, "more than one -1, in dimension", i);
        if (dim == -1) {
            *inferred = i;
            continue;
        }
        if (!dim && !keep_zero && i >= x->rank)
            return fail_target(reading, "0 beyond the input's rank, in dimension", i);
        if (!dim && !keep_zero)
            dim = x->dim[i];
        if (dim < 0 || dim > (int64_t)NNC_MAX_DIMENSION)
            return fail_target(reading, "dimension out of range", dim);
        shape->dim[i] = (uint32_t)dim;
        *product *= (uint32_t)dim;
        if (*product > NNC_MAX_ELEMENTS)
            return fail_target(reading, "too many elements", (int64_t)*product);
    }
    return NNC_OK;
}

enum nnc_status nnc_read_reshape(struct nnc_reading *reading)
{
    const int64_t *target;
    uint32_t n, inferred;
    uint64_t product;
    enum nnc_status status = nnc_input_ints(reading, 1, &target, &n);
    if (status)
        return status;
    if (n > NNC_MAX_RANK)
        return nnc_reading_fail(reading, NNC_LIMIT, "target shape: rank %u, limit %d", n,
                                NNC_MAX_RANK);
    struct nnc_shape shape = {.rank = n};
    status = read_target(reading, target, &shape, &inferred, &product);
    if (status)
        return status;
    const uint64_t elements = nnc_shape_elements(nnc_input_shape(reading, 0));
    if (inferred != NNC_NONE) {
        if (!product || elements % product || elements / product > NNC_MAX_DIMENSION)
            return fail_target(reading, "-1 does not come out, elements",
                               (int64_t)elements);
        shape.dim[inferred] = (uint32_t)(elements / product);
    } else if (product != elements) {
        return nnc_reading_fail(
            reading, NNC_SHAPE,
            "target shape: wrong number of elements; got %llu, expected "
            "%llu",
            (unsigned long long)product, (unsigned long long)elements);
    }
    return nnc_emit_reshape(reading, &shape);
}

enum nnc_status nnc_read_squeeze(struct nnc_reading *reading)
{
    const struct nnc_shape x = *nnc_input_shape(reading, 0);
    uint32_t mask = 0;
    for (uint32_t i = 0; i < NNC_MAX_RANK; i++)
        mask |= (uint32_t)(i < x.rank && x.dim[i] == 1) << i;
    if (nnc_input_has(reading, 1)) {
        const uint32_t ones = mask;
        const int64_t *axes;
        uint32_t n;
        enum nnc_status status = nnc_input_ints(reading, 1, &axes, &n);
        if (!status)
            status = nnc_resolve_axes(reading, axes, n, x.rank, &mask);
        if (status)
            return status;
        if (mask & ~ones)
            return nnc_reading_fail(reading, NNC_SHAPE,
                                    "a dimension to be squeezed is not 1");
    }
    struct nnc_shape shape = {.rank = 0};
    for (uint32_t i = 0; i < NNC_MAX_RANK; i++)
        if (i < x.rank && !(mask & (1u << i)))
            shape.dim[shape.rank++] = x.dim[i];
    return nnc_emit_reshape(reading, &shape);
}

enum nnc_status nnc_read_unsqueeze(struct nnc_reading *reading)
{
    const struct nnc_shape x = *nnc_input_shape(reading, 0);
    const int64_t *axes;
    uint32_t n, mask = 0;
    enum nnc_status status = nnc_input_ints(reading, 1, &axes, &n);
    if (status)
        return status;
    if (n > NNC_MAX_RANK - x.rank)
        return nnc_reading_fail(reading, NNC_LIMIT, "rank %u, limit %d", x.rank + n,
                                NNC_MAX_RANK);
    status = nnc_resolve_axes(reading, axes, n, x.rank + n, &mask);
    if (status)
        return status;
    struct nnc_shape shape = {.rank = x.rank + n};
    uint32_t from = 0;
    for (uint32_t i = 0; i < shape.rank; i++)
        shape.dim[i] = mask & (1u << i) ? 1 : x.dim[from++];
    return nnc_emit_reshape(reading, &shape);
}
