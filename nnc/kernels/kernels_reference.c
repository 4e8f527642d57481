/* SPDX-License-Identifier: MIT */
/* The specification: the same operators in the plainest C, sums in double precision.
 * Never tuned; every other backend is tested against it. */

#include "elementwise_body.h"
#include "tables.h"

static size_t element(const struct nnc_strides *s, uint32_t c, size_t y, size_t x)
{
    return (c / NNC_BLOCK) * s->block + (c % NNC_BLOCK) * s->lane + y * s->row + x * s->pixel;
}

/* The weight of (input channel c, tap ky kx, output lane) in a packed block. */
static float packed_weight(const struct nnc_conv_args *a, const float *packed, uint32_t c,
                           uint32_t ky, uint32_t kx, uint32_t lane)
{
    const uint32_t c0 = c / NNC_BLOCK * NNC_BLOCK;
    const uint32_t left = a->in_channels - c0;
    const uint32_t channels = left < NNC_BLOCK ? left : NNC_BLOCK;
    const size_t before = (size_t)c0 * a->kernel[0] * a->kernel[1] +
                          (size_t)(ky * a->kernel[1] + kx) * channels + (c - c0);
    return packed[NNC_BLOCK * (1 + before) + lane];
}

static void store(const struct nnc_conv_args *a, uint32_t block, double sum, size_t at)
{
    float v = (float)sum;
    if (a->epilogue.residual)
        v += a->epilogue.residual[at];
    v = nnc_activation_scalar(&a->epilogue.activation, v);
    a->y[at] = v * nnc_gain_of_block(&a->epilogue, block);
}

static bool tap(uint32_t out, uint32_t stride, uint32_t k, uint32_t dilation, uint32_t pad,
                uint32_t size, size_t *in)
{
    const int64_t i = (int64_t)out * stride + (int64_t)k * dilation - pad;
    *in = (size_t)i;
    return i >= 0 && i < (int64_t)size;
}

static double dense_sum(const struct nnc_conv_args *a, const float *packed, uint32_t lane,
                        uint32_t y, uint32_t x)
{
    double sum = packed[lane];
    for (uint32_t c = 0; c < a->in_channels; c++)
        for (uint32_t ky = 0; ky < a->kernel[0]; ky++)
            for (uint32_t kx = 0; kx < a->kernel[1]; kx++) {
                size_t iy, ix;
                if (tap(y, a->stride[0], ky, a->dilation[0], a->pad[0], a->in_height, &iy) &&
                    tap(x, a->stride[1], kx, a->dilation[1], a->pad[1], a->in_width, &ix))
                    sum += (double)a->x[element(&a->xs, c, iy, ix)] *
                           packed_weight(a, packed, c, ky, kx, lane);
            }
    return sum;
}

static double depthwise_sum(const struct nnc_conv_args *a, const float *packed, uint32_t c,
                            uint32_t y, uint32_t x)
{
    const uint32_t lane = c % NNC_BLOCK;
    double sum = packed[lane];
    for (uint32_t ky = 0; ky < a->kernel[0]; ky++)
        for (uint32_t kx = 0; kx < a->kernel[1]; kx++) {
            size_t iy, ix;
            if (tap(y, a->stride[0], ky, a->dilation[0], a->pad[0], a->in_height, &iy) &&
                tap(x, a->stride[1], kx, a->dilation[1], a->pad[1], a->in_width, &ix))
                sum += (double)a->x[element(&a->xs, c, iy, ix)] *
                       packed[NNC_BLOCK * (1 + ky * a->kernel[1] + kx) + lane];
        }
    return sum;
}

/* Every channel of the active blocks [first, last), each pixel. */
static void each_output(const struct nnc_conv_args *a, uint32_t first, uint32_t last,
                        bool depthwise)
{
    for (uint32_t item = first; item < last; item++)
        for (uint32_t lane = 0; lane < NNC_BLOCK; lane++) {
            const uint32_t c = a->active[item] * NNC_BLOCK + lane;
            const float *const packed = a->packed[a->active[item]];
            if (c >= a->out_channels)
                break;
            for (uint32_t y = 0; y < a->out_height; y++)
                for (uint32_t x = 0; x < a->out_width; x++)
                    store(a, a->active[item],
                          depthwise ? depthwise_sum(a, packed, c, y, x)
                                    : dense_sum(a, packed, lane, y, x),
                          element(&a->ys, c, y, x));
        }
}

static uint32_t conv_items(const struct nnc_conv_args *a)
{
    return a->n_active;
}

static size_t conv_scratch_floats(const struct nnc_conv_args *a)
{
    (void)a;
    return 0;
}

static void conv(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    each_output(a, first, last, false);
}

static void depthwise(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    each_output(a, first, last, true);
}

static void activate(const struct nnc_activation *a, const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = nnc_activation_scalar(a, x[i]);
}

const struct nnc_kernels nnc_kernels_reference = {
    .backend = NNC_BACKEND_REFERENCE,
    .isa = NNC_ISA_GENERIC,
    NNC_KERNEL_FUNCTIONS,
};
