/* SPDX-License-Identifier: MIT */
/* Attributes of sliding windows and the sizes that follow from them. All numbers are kept
 * below 2^16 or 2^24, so that 64-bit sums cannot wrap. */

#include "window.h"

static enum nnc_status read_pair(const struct nnc_reading *reading, const char *name,
                                 uint32_t otherwise, uint32_t *pair)
{
    int64_t values[2] = {otherwise, otherwise};
    uint32_t given;
    nnc_attribute_ints(reading, name, 2, values, &given);
    if (given && given != 2)
        return nnc_reading_fail(reading, NNC_SHAPE,
                                "attribute '%s' has %u values, expected 2", name, given);
    for (int i = 0; i < 2; i++) {
        if (values[i] < 1 || values[i] > NNC_MAX_STEP)
            return nnc_reading_fail(
                reading, NNC_VALUE,
                "attribute '%s' is out of range; got %lld, expected 1 to "
                "%d",
                name, (long long)values[i], NNC_MAX_STEP);
        pair[i] = (uint32_t)values[i];
    }
    return NNC_OK;
}

static enum nnc_status read_pads(const struct nnc_reading *reading,
                                 struct nnc_window *window)
{
    int64_t values[4] = {0};
    uint32_t given;
    nnc_attribute_ints(reading, "pads", 4, values, &given);
    if (given && given != 4)
        return nnc_reading_fail(reading, NNC_SHAPE,
                                "attribute 'pads' has %u values, expected 4", given);
    for (int i = 0; i < 4; i++) {
        if (values[i] < 0 || values[i] > NNC_MAX_STEP)
            return nnc_reading_fail(
                reading, NNC_VALUE,
                "attribute 'pads' is out of range; got %lld, expected 0 "
                "to %d",
                (long long)values[i], NNC_MAX_STEP);
        (i < 2 ? window->pad_begin : window->pad_end)[i % 2] = (uint32_t)values[i];
    }
    return NNC_OK;
}

static enum nnc_status read_kernel(const struct nnc_reading *reading,
                                   const uint32_t *kernel, struct nnc_window *window)
{
    int64_t values[2] = {0};
    uint32_t given;
    nnc_attribute_ints(reading, "kernel_shape", 2, values, &given);
    if (!given && !kernel)
        return nnc_reading_fail(reading, NNC_SHAPE,
                                "attribute 'kernel_shape' is missing");
    if (given && given != 2)
        return nnc_reading_fail(reading, NNC_SHAPE,
                                "attribute 'kernel_shape' has %u values, expected 2",
                                given);
    for (int i = 0; i < 2; i++) {
        if (given && kernel && values[i] != (int64_t)kernel[i])
            return nnc_reading_fail(
                reading, NNC_SHAPE,
                "attribute 'kernel_shape' contradicts the weights; got "
                "%lld, expected %u",
                (long long)values[i], kernel[i]);
        const int64_t size = kernel ? (int64_t)kernel[i] : values[i];
        if (size < 1 || size > NNC_MAX_STEP)
            return nnc_reading_fail(
                reading, NNC_VALUE,
                "kernel size is out of range; got %lld, expected 1 to %d",
                (long long)size, NNC_MAX_STEP);
        window->kernel[i] = (uint32_t)size;
    }
    return NNC_OK;
}

static uint64_t extent(const struct nnc_window *window, int i)
{
    return (uint64_t)(window->kernel[i] - 1) * window->dilation[i] + 1;
}

static enum nnc_status pad_same(const struct nnc_reading *reading,
                                const struct nnc_shape *input, bool upper,
                                struct nnc_window *window)
{
    for (int i = 0; i < 2; i++) {
        const uint32_t in = input->dim[2 + i];
        const uint64_t out = nnc_ceil_div(in, window->stride[i]);
        const uint64_t covered = (out - 1) * window->stride[i] + extent(window, i);
        const uint64_t pad = covered > in ? covered - in : 0;
        if (pad > NNC_MAX_STEP)
            return nnc_reading_fail(reading, NNC_VALUE,
                                    "auto_pad asks for %llu, limit %d",
                                    (unsigned long long)pad, NNC_MAX_STEP);
        const uint32_t half = (uint32_t)(pad / 2), rest = (uint32_t)(pad - pad / 2);
        window->pad_begin[i] = upper ? half : rest;
        window->pad_end[i] = upper ? rest : half;
    }
    return NNC_OK;
}

static enum nnc_status resolve_pads(const struct nnc_reading *reading,
                                    const struct nnc_shape *input,
                                    struct nnc_window *window)
{
    struct nnc_onnx_attribute mode;
    if (!nnc_attribute_find(reading, "auto_pad", &mode) || nnc_text_is(mode.s, "NOTSET"))
        return read_pads(reading, window);
    if (nnc_text_is(mode.s, "VALID"))
        return NNC_OK;
    const bool upper = nnc_text_is(mode.s, "SAME_UPPER");
    if (!upper && !nnc_text_is(mode.s, "SAME_LOWER"))
        return nnc_reading_fail(reading, NNC_VALUE, "attribute 'auto_pad' is '%.*s'",
                                NNC_TEXT(mode.s));
    return pad_same(reading, input, upper, window);
}

static enum nnc_status resolve_output(const struct nnc_reading *reading,
                                      const struct nnc_shape *input, bool ceil,
                                      struct nnc_window *window)
{
    for (int i = 0; i < 2; i++) {
        const uint64_t in = input->dim[2 + i];
        const uint64_t padded = in + window->pad_begin[i] + window->pad_end[i];
        if (extent(window, i) > padded)
            return nnc_reading_fail(
                reading, NNC_SHAPE,
                "kernel larger than the padded input; got %llu, limit "
                "%llu",
                (unsigned long long)extent(window, i), (unsigned long long)padded);
        const uint64_t room = padded - extent(window, i), stride = window->stride[i];
        uint64_t out = (ceil ? (room + stride - 1) / stride : room / stride) + 1;
        /* a window that would begin in the padding behind the picture does not count */
        if (ceil && (out - 1) * stride >= in + window->pad_begin[i])
            out--;
        window->out[i] = (uint32_t)out;
    }
    return NNC_OK;
}

enum nnc_status nnc_window_read(struct nnc_reading *reading,
                                const struct nnc_shape *input, const uint32_t *kernel,
                                struct nnc_window *window)
{
    *window = (struct nnc_window){0};
    const bool ceil = nnc_attribute_int(reading, "ceil_mode", 0) != 0;
    enum nnc_status status = read_kernel(reading, kernel, window);
    if (!status)
        status = read_pair(reading, "strides", 1, window->stride);
    if (!status)
        status = read_pair(reading, "dilations", 1, window->dilation);
    if (!status)
        status = resolve_pads(reading, input, window);
    return status ? status : resolve_output(reading, input, ceil, window);
}
