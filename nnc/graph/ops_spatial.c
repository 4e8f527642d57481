/* SPDX-License-Identifier: MIT */
/* Operators on pictures of features, [1, C, H, W]: convolution, batch normalisation and
 * the poolings. */

#include "window.h"

#include <string.h>

static enum nnc_status check_picture(const struct nnc_reading *reading)
{
    const enum nnc_status status = nnc_input_float(reading, 0);
    if (status)
        return status;
    const struct nnc_shape *shape = nnc_input_shape(reading, 0);
    if (shape->rank != 4)
        return nnc_reading_fail(reading, NNC_SHAPE, "input has rank %u, expected 4",
                                shape->rank);
    if (shape->dim[0] != 1)
        return nnc_reading_fail(reading, NNC_SHAPE, "input has batch size %u, expected 1",
                                shape->dim[0]);
    return NNC_OK;
}

static enum nnc_status check_weights(struct nnc_reading *reading, int64_t groups)
{
    enum nnc_status status = nnc_input_float(reading, 1);
    if (status)
        return status;
    const struct nnc_shape *x = nnc_input_shape(reading, 0);
    const struct nnc_shape *w = nnc_input_shape(reading, 1);
    if (w->rank != 4)
        return nnc_reading_fail(reading, NNC_SHAPE, "weights have rank %u, expected 4",
                                w->rank);
    if (groups < 1 || groups > (int64_t)x->dim[1] || x->dim[1] % (uint32_t)groups ||
        w->dim[0] % (uint32_t)groups)
        return nnc_reading_fail(
            reading, NNC_SHAPE,
            "group %lld does not divide the channels; input %u, output "
            "%u",
            (long long)groups, x->dim[1], w->dim[0]);
    if ((uint64_t)w->dim[1] * (uint64_t)groups != x->dim[1])
        return nnc_reading_fail(reading, NNC_SHAPE,
                                "input channels do not fit the weights; got %u, expected "
                                "%u x group %lld",
                                x->dim[1], w->dim[1], (long long)groups);
    if (!nnc_input_facts(reading, 1).constant)
        return nnc_reading_unsupported(reading,
                                       "weights that are computed from the input");
    return NNC_OK;
}

static enum nnc_status check_vector(const struct nnc_reading *reading, uint32_t i,
                                    uint32_t size)
{
    const enum nnc_status status = nnc_input_float(reading, i);
    if (status)
        return status;
    const struct nnc_shape *shape = nnc_input_shape(reading, i);
    if (shape->rank != 1 || shape->dim[0] != size)
        return nnc_reading_fail(
            reading, NNC_SHAPE,
            "input %u must have one value per channel; got rank %u and "
            "%llu values, expected %u",
            i, shape->rank, (unsigned long long)nnc_shape_elements(shape), size);
    return NNC_OK;
}

static enum nnc_status check_bias(struct nnc_reading *reading)
{
    if (!nnc_input_has(reading, 2))
        return NNC_OK;
    const enum nnc_status status =
        check_vector(reading, 2, nnc_input_shape(reading, 1)->dim[0]);
    if (status || nnc_input_facts(reading, 2).constant)
        return status;
    return nnc_reading_unsupported(reading, "a bias that is computed from the input");
}

enum nnc_status nnc_read_conv(struct nnc_reading *reading)
{
    const int64_t groups = nnc_attribute_int(reading, "group", 1);
    enum nnc_status status = check_picture(reading);
    if (!status)
        status = check_weights(reading, groups);
    if (!status)
        status = check_bias(reading);
    if (status || reading->unsupported)
        return status;
    const struct nnc_shape *w = nnc_input_shape(reading, 1);
    struct nnc_window window;
    status = nnc_window_read(reading, nnc_input_shape(reading, 0), &w->dim[2], &window);
    if (status)
        return status;
    const struct nnc_shape shape = {4, {1, w->dim[0], window.out[0], window.out[1]}};
    const uint32_t inputs[3] = {reading->inputs[0], reading->inputs[1],
                                nnc_input_has(reading, 2) ? reading->inputs[2]
                                                          : NNC_NONE};
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_CONV, inputs, 3, &shape, &node);
    if (status)
        return status;
    struct nnc_conv *conv = &node->conv;
    memcpy(conv->kernel, window.kernel, sizeof conv->kernel);
    memcpy(conv->stride, window.stride, sizeof conv->stride);
    memcpy(conv->dilation, window.dilation, sizeof conv->dilation);
    memcpy(conv->pad_begin, window.pad_begin, sizeof conv->pad_begin);
    memcpy(conv->pad_end, window.pad_end, sizeof conv->pad_end);
    conv->groups = (uint32_t)groups;
    return NNC_OK;
}

enum nnc_status nnc_read_batch_norm(struct nnc_reading *reading)
{
    float epsilon;
    enum nnc_status status = nnc_input_float(reading, 0);
    if (status)
        return status;
    const struct nnc_shape *x = nnc_input_shape(reading, 0);
    if (x->rank < 2 || x->dim[0] != 1)
        return nnc_reading_fail(reading, NNC_SHAPE,
                                "input has rank %u, expected [1, C, ...]", x->rank);
    for (uint32_t i = 1; i < 5; i++) {
        status = check_vector(reading, i, x->dim[1]);
        if (status)
            return status;
        if (!nnc_input_tensor(reading, i))
            return nnc_reading_unsupported(reading, "input %u must be constant", i);
    }
    if (nnc_attribute_int(reading, "training_mode", 0))
        return nnc_reading_unsupported(reading, "training mode");
    status = nnc_attribute_float(reading, "epsilon", 1e-5f, &epsilon);
    if (status)
        return status;
    if (epsilon < 0)
        return nnc_reading_fail(reading, NNC_VALUE, "epsilon is negative");
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_BATCH_NORM, reading->inputs, 5, x, &node);
    if (!status)
        node->epsilon = epsilon;
    return status;
}

/* Whether some window has no element of the picture in it: its average or maximum would
 * be of nothing. Windows that begin inside the picture have one; of those that begin
 * before it, the first is the worst, unless the dilation steps over the whole picture. */
static bool has_empty_window(const struct nnc_window *window, uint32_t in, int i)
{
    const int64_t dilation = window->dilation[i], stride = window->stride[i];
    const int64_t first = -(int64_t)window->pad_begin[i];
    if (first + (int64_t)(window->out[i] - 1) * stride >= (int64_t)in)
        return true;
    for (int64_t start = first; start < 0; start += stride) {
        const int64_t skipped = (-start + dilation - 1) / dilation;
        if (skipped >= (int64_t)window->kernel[i] ||
            start + skipped * dilation >= (int64_t)in)
            return true;
        if (dilation <= (int64_t)in)
            return false;
    }
    return false;
}

static enum nnc_status read_pool(struct nnc_reading *reading, bool average)
{
    enum nnc_status status = check_picture(reading);
    if (status)
        return status;
    const struct nnc_shape *x = nnc_input_shape(reading, 0);
    struct nnc_window window;
    status = nnc_window_read(reading, x, NULL, &window);
    if (status)
        return status;
    for (int i = 0; i < 2; i++)
        if (has_empty_window(&window, x->dim[2 + i], i))
            return nnc_reading_fail(reading, NNC_SHAPE,
                                    "a window covers nothing but padding");
    const struct nnc_shape shape = {4, {1, x->dim[1], window.out[0], window.out[1]}};
    struct nnc_node *node;
    status = nnc_emit(reading, 0, NNC_OP_POOL, reading->inputs, 1, &shape, &node);
    if (status)
        return status;
    struct nnc_pool_params *pool = &node->pool;
    pool->average = average;
    pool->count_include_pad = nnc_attribute_int(reading, "count_include_pad", 0) != 0;
    memcpy(pool->kernel, window.kernel, sizeof pool->kernel);
    memcpy(pool->stride, window.stride, sizeof pool->stride);
    memcpy(pool->dilation, window.dilation, sizeof pool->dilation);
    memcpy(pool->pad_begin, window.pad_begin, sizeof pool->pad_begin);
    memcpy(pool->pad_end, window.pad_end, sizeof pool->pad_end);
    return NNC_OK;
}

enum nnc_status nnc_read_max_pool(struct nnc_reading *reading)
{
    return read_pool(reading, false);
}

enum nnc_status nnc_read_average_pool(struct nnc_reading *reading)
{
    return read_pool(reading, true);
}

static enum nnc_status emit_average(struct nnc_reading *reading, bool keep)
{
    const uint32_t channels = nnc_input_shape(reading, 0)->dim[1];
    const struct nnc_shape shape = {keep ? 4 : 2, {1, channels, 1, 1}};
    struct nnc_node *node;
    return nnc_emit(reading, 0, NNC_OP_GLOBAL_AVERAGE, reading->inputs, 1, &shape, &node);
}

enum nnc_status nnc_read_global_average(struct nnc_reading *reading)
{
    const enum nnc_status status = check_picture(reading);
    return status ? status : emit_average(reading, true);
}

/* The axes, an attribute until opset 17 and an input since. */
static enum nnc_status read_axes(struct nnc_reading *reading, int64_t *axes, uint32_t *n)
{
    nnc_attribute_ints(reading, "axes", NNC_MAX_RANK, axes, n);
    if (!nnc_input_has(reading, 1))
        return NNC_OK;
    const int64_t *ints;
    const enum nnc_status status = nnc_input_ints(reading, 1, &ints, n);
    for (uint32_t i = 0; !status && i < *n && i < NNC_MAX_RANK; i++)
        axes[i] = ints[i];
    return status;
}

/* The input with the reduced axes moved to the end, in the order of the file. */
static enum nnc_status move_to_end(struct nnc_reading *reading, uint32_t mask,
                                   uint32_t *value)
{
    const struct nnc_shape *x = nnc_input_shape(reading, 0);
    struct nnc_shape shape = {.rank = x->rank};
    uint32_t perm[NNC_MAX_RANK], n = 0;
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < x->rank; i++)
            if ((mask >> i & 1) == pass) {
                shape.dim[n] = x->dim[i];
                perm[n++] = i;
            }
    *value = reading->inputs[0];
    bool moved = false;
    for (uint32_t i = 0; i < n; i++)
        moved = moved || perm[i] != i;
    if (!moved)
        return NNC_OK;
    struct nnc_node *node;
    const enum nnc_status status =
        nnc_emit_inner(reading, NNC_OP_TRANSPOSE, reading->inputs, 1, &shape, &node);
    if (status)
        return status;
    memcpy(node->perm, perm, n * sizeof *perm);
    *value = node->output;
    return NNC_OK;
}

/* Any other mean: all that is kept becomes channels, all that is reduced a row. */
static enum nnc_status emit_other_mean(struct nnc_reading *reading, uint32_t mask,
                                       bool keep)
{
    const struct nnc_shape x = *nnc_input_shape(reading, 0);
    struct nnc_shape out = {.rank = 0}, flat = {4, {1, 1, 1, 1}}, means = {2, {1, 1}};
    for (uint32_t i = 0; i < x.rank; i++) {
        const bool reduced = mask >> i & 1;
        flat.dim[reduced ? 3 : 1] *= x.dim[i];
        if (!reduced || keep)
            out.dim[out.rank++] = reduced ? 1 : x.dim[i];
    }
    means.dim[1] = flat.dim[1];
    uint32_t value = NNC_NONE;
    struct nnc_node *node;
    enum nnc_status status = move_to_end(reading, mask, &value);
    if (!status)
        status = nnc_emit_inner(reading, NNC_OP_RESHAPE, &value, 1, &flat, &node);
    if (!status)
        status = nnc_emit_inner(reading, NNC_OP_GLOBAL_AVERAGE, &node->output, 1, &means,
                                &node);
    return status ? status
                  : nnc_emit(reading, 0, NNC_OP_RESHAPE, &node->output, 1, &out, &node);
}

enum nnc_status nnc_read_reduce_mean(struct nnc_reading *reading)
{
    enum { ROWS_AND_COLUMNS = 1 << 2 | 1 << 3 };
    const bool keep = nnc_attribute_int(reading, "keepdims", 1) != 0;
    int64_t axes[NNC_MAX_RANK] = {0};
    uint32_t n, mask;
    enum nnc_status status = nnc_input_float(reading, 0);
    if (!status)
        status = read_axes(reading, axes, &n);
    if (status)
        return status;
    const struct nnc_shape *x = nnc_input_shape(reading, 0);
    if (n > x->rank)
        return nnc_reading_fail(reading, NNC_VALUE, "%u axes for rank %u", n, x->rank);
    if (!n)
        return nnc_reading_unsupported(reading, "a mean without axes");
    status = nnc_resolve_axes(reading, axes, n, x->rank, &mask);
    if (status)
        return status;
    if (x->rank == 4 && x->dim[0] == 1 && mask == ROWS_AND_COLUMNS)
        return emit_average(reading, keep);
    return emit_other_mean(reading, mask, keep);
}
