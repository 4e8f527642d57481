/* SPDX-License-Identifier: MIT */
/* Convolutions as matrix products by OpenBLAS: rows of pixels are unrolled into columns
 * (im2col), then multiplied by the packed weights of one output block at a time.
 *
 * OpenBLAS gives other bits for another number of threads or another shape, so every call
 * has one thread and a shape that only the layer decides: all pixels of an item by the 16
 * channels of a block, whatever the cutout. The rest is the portable kernels' work. */

#include "tables.h"

#include <cblas.h>
#include <string.h>

/* Not in every cblas.h. */
extern void openblas_set_num_threads(int n);

enum { MAX_PIXELS_PER_ITEM = 256 };

static uint32_t rows_per_item(const struct nnc_conv_args *a)
{
    const uint32_t rows = MAX_PIXELS_PER_ITEM / a->out_width;
    return rows < 1 ? 1 : rows < a->out_height ? rows : a->out_height;
}

/* One input channel is too little for a matrix product; and so it has the bits that a
 * channel of a depthwise convolution has. */
static bool is_small(const struct nnc_conv_args *a)
{
    return a->in_channels == 1;
}

static uint32_t conv_items(const struct nnc_conv_args *a)
{
    if (is_small(a))
        return nnc_kernels_generic.conv_items(a);
    return nnc_ceil_div(a->out_height, rows_per_item(a));
}

static size_t columns(const struct nnc_conv_args *a)
{
    return (size_t)a->in_channels * a->kernel[0] * a->kernel[1];
}

/* Patches of one item, and the product of its largest block where it cannot be stored
 * in place. */
static size_t conv_scratch_floats(const struct nnc_conv_args *a)
{
    if (is_small(a))
        return nnc_kernels_generic.conv_scratch_floats(a);
    const size_t pixels = (size_t)rows_per_item(a) * a->out_width;
    return pixels * (columns(a) + NNC_BLOCK);
}

static void copy_tap(const struct nnc_conv_args *a, const float *in, uint32_t channels,
                     float *out)
{
    if (a->xs.lane == 1) {
        memcpy(out, in, channels * sizeof *out);
        return;
    }
    for (uint32_t c = 0; c < channels; c++)
        out[c] = in[c * a->xs.lane];
}

/* One output pixel's patch, in the order of the packed weights. */
static void unroll_pixel(const struct nnc_conv_args *a, uint32_t y, uint32_t x, float *out)
{
    for (uint32_t c0 = 0; c0 < a->in_channels; c0 += NNC_BLOCK) {
        const uint32_t left = a->in_channels - c0;
        const uint32_t channels = left < NNC_BLOCK ? left : NNC_BLOCK;
        const float *const block = a->x + c0 / NNC_BLOCK * a->xs.block;
        for (uint32_t ky = 0; ky < a->kernel[0]; ky++)
            for (uint32_t kx = 0; kx < a->kernel[1]; kx++, out += channels) {
                const int64_t iy =
                    (int64_t)y * a->stride[0] + (int64_t)ky * a->dilation[0] - a->pad[0];
                const int64_t ix =
                    (int64_t)x * a->stride[1] + (int64_t)kx * a->dilation[1] - a->pad[1];
                if (iy < 0 || iy >= a->in_height || ix < 0 || ix >= a->in_width)
                    memset(out, 0, channels * sizeof *out);
                else
                    copy_tap(a,
                             block + (size_t)iy * a->xs.row + (size_t)ix * a->xs.pixel,
                             channels, out);
            }
    }
}

static void store_pixel(const struct nnc_conv_args *a, float gain, const float *sums,
                        const float *bias, size_t at, uint32_t lanes)
{
    const struct nnc_epilogue *const e = &a->epilogue;
    float v[NNC_BLOCK] = {0};
    for (uint32_t i = 0; i < lanes; i++)
        v[i] = sums[i] + bias[i] + (e->residual ? e->residual[at + i] : 0);
    if (e->activation.kind)
        nnc_kernels_generic.activate(&e->activation, v, v, NNC_BLOCK);
    for (uint32_t i = 0; i < lanes; i++)
        a->y[at + i] = v[i] * gain;
}

static void conv_block(const struct nnc_conv_args *a, uint32_t block, uint32_t y0, uint32_t y1,
                       const float *patches, float *product)
{
    const float *const packed = a->packed[block];
    const size_t pixels = (size_t)(y1 - y0) * a->out_width, k = columns(a);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)pixels, NNC_BLOCK, (int)k, 1,
                patches, (int)k, packed + NNC_BLOCK, NNC_BLOCK, 0, product, NNC_BLOCK);
    const float gain = nnc_gain_of_block(&a->epilogue, block);
    const uint32_t real = a->out_channels - block * NNC_BLOCK;
    const uint32_t lanes = real < NNC_BLOCK ? real : NNC_BLOCK;
    for (uint32_t y = y0; y < y1; y++)
        for (uint32_t x = 0; x < a->out_width; x++, product += NNC_BLOCK)
            store_pixel(a, gain, product, packed,
                        block * a->ys.block + y * a->ys.row + x * a->ys.pixel, lanes);
}

static void conv(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    if (is_small(a)) {
        nnc_kernels_generic.conv(a, first, last);
        return;
    }
    const uint32_t rows = rows_per_item(a);
    for (uint32_t item = first; item < last; item++) {
        const uint32_t y0 = item * rows;
        const uint32_t y1 = y0 + rows < a->out_height ? y0 + rows : a->out_height;
        float *patch = a->scratch;
        for (uint32_t y = y0; y < y1; y++)
            for (uint32_t x = 0; x < a->out_width; x++, patch += columns(a))
                unroll_pixel(a, y, x, patch);
        for (uint32_t i = 0; i < a->n_active; i++)
            conv_block(a, a->active[i], y0, y1, a->scratch, patch);
    }
}

/* OpenBLAS allocates its buffers in its first call, and waits for ever if it cannot: that
 * call must come while a failure to load can still be reported. */
static void warm_up(void)
{
    static const float one[NNC_BLOCK * NNC_BLOCK] = {1};
    float out[NNC_BLOCK * NNC_BLOCK];
    openblas_set_num_threads(1);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, NNC_BLOCK, NNC_BLOCK, NNC_BLOCK, 1,
                one, NNC_BLOCK, one, NNC_BLOCK, 0, out, NNC_BLOCK);
}

static void depthwise(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    nnc_kernels_generic.depthwise(a, first, last);
}

static void activate(const struct nnc_activation *a, const float *x, float *y, size_t n)
{
    nnc_kernels_generic.activate(a, x, y, n);
}

#include "elementwise_body.h"

const struct nnc_kernels nnc_kernels_blas = {
    .backend = NNC_BACKEND_BLAS,
    .isa = NNC_ISA_GENERIC,
    .warm_up = warm_up,
    NNC_KERNEL_FUNCTIONS,
};
