/* SPDX-License-Identifier: MIT */
/* Binary operators and pooling, in plain loops that the compiler vectorises for the
 * instruction set it is called with. Compiled once per instruction set. */

#include "kernels.h"

#include <math.h>

static void binary(enum nnc_binary_kind kind, const float *a, size_t step_a, const float *b,
                   size_t step_b, float *y, size_t n)
{
#define LOOP(expression)                                                                       \
    do {                                                                                       \
        if (step_a && step_b)                                                                  \
            for (size_t i = 0; i < n; i++) {                                                   \
                const float p = a[i], q = b[i];                                                \
                y[i] = expression;                                                             \
            }                                                                                  \
        else                                                                                   \
            for (size_t i = 0; i < n; i++) {                                                   \
                const float p = a[i * step_a], q = b[i * step_b];                              \
                y[i] = expression;                                                             \
            }                                                                                  \
    } while (0)
    switch (kind) {
    case NNC_ADD:
        LOOP(p + q);
        break;
    case NNC_SUB:
        LOOP(p - q);
        break;
    case NNC_MUL:
        LOOP(p * q);
        break;
    case NNC_DIV:
        LOOP(p / q);
        break;
    }
#undef LOOP
}

static void binary_channels(enum nnc_binary_kind kind, bool swapped, const float *x,
                            const float *channels, float *y, size_t pixels)
{
#define LOOP(expression)                                                                       \
    for (size_t i = 0; i < pixels; i++)                                                        \
        for (int c = 0; c < NNC_BLOCK; c++) {                                                  \
            const float p = x[i * NNC_BLOCK + c], q = channels[c];                             \
            y[i * NNC_BLOCK + c] = expression;                                                 \
        }
    switch (kind) {
    case NNC_ADD:
        LOOP(p + q)
        break;
    case NNC_SUB:
        if (swapped)
            LOOP(q - p)
        else
            LOOP(p - q)
        break;
    case NNC_MUL:
        LOOP(p * q)
        break;
    case NNC_DIV:
        if (swapped)
            LOOP(q / p)
        else
            LOOP(p / q)
        break;
    }
#undef LOOP
}

static void affine(const float *x, const float *scale, const float *shift, float *y,
                   size_t pixels)
{
    for (size_t i = 0; i < pixels; i++)
        for (int c = 0; c < NNC_BLOCK; c++)
            y[i * NNC_BLOCK + c] = x[i * NNC_BLOCK + c] * scale[c] + shift[c];
}

/* [first, last) of the taps of one window along one axis that lie inside [0, size). */
static void window(int64_t start, uint32_t taps, uint32_t dilation, uint32_t size,
                   uint32_t *first, uint32_t *last)
{
    *first = 0;
    while (*first < taps && start + (int64_t)*first * dilation < 0)
        ++*first;
    *last = taps;
    while (*last > *first && start + (int64_t)(*last - 1) * dilation >= (int64_t)size)
        --*last;
}

/* Taps that count for an average which includes padding: those inside the padded picture
 * (the last window of ceil_mode may reach beyond it). */
static uint32_t padded_taps(int64_t start, uint32_t taps, uint32_t dilation, uint32_t size,
                            uint32_t pad_end)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < taps; k++)
        n += start + (int64_t)k * dilation < (int64_t)size + pad_end;
    return n;
}

static void pool(const struct nnc_pool_args *a)
{
    for (uint32_t y = 0; y < a->out_height; y++)
        for (uint32_t x = 0; x < a->out_width; x++) {
            const int64_t y0 = (int64_t)y * a->stride[0] - a->pad_begin[0];
            const int64_t x0 = (int64_t)x * a->stride[1] - a->pad_begin[1];
            uint32_t ky0, ky1, kx0, kx1;
            window(y0, a->kernel[0], a->dilation[0], a->in_height, &ky0, &ky1);
            window(x0, a->kernel[1], a->dilation[1], a->in_width, &kx0, &kx1);
            float acc[NNC_BLOCK];
            for (int c = 0; c < NNC_BLOCK; c++)
                acc[c] = a->average ? 0 : -INFINITY;
            for (uint32_t ky = ky0; ky < ky1; ky++)
                for (uint32_t kx = kx0; kx < kx1; kx++) {
                    const size_t iy = (size_t)(y0 + (int64_t)ky * a->dilation[0]);
                    const size_t ix = (size_t)(x0 + (int64_t)kx * a->dilation[1]);
                    const float *const in = a->x + (iy * a->in_width + ix) * NNC_BLOCK;
                    if (a->average)
                        for (int c = 0; c < NNC_BLOCK; c++)
                            acc[c] += in[c];
                    else
                        for (int c = 0; c < NNC_BLOCK; c++)
                            acc[c] = in[c] > acc[c] ? in[c] : acc[c];
                }
            float divisor = 1;
            if (a->average && a->count_include_pad)
                divisor = (float)(padded_taps(y0, a->kernel[0], a->dilation[0], a->in_height,
                                              a->pad_end[0]) *
                                  padded_taps(x0, a->kernel[1], a->dilation[1], a->in_width,
                                              a->pad_end[1]));
            else if (a->average)
                divisor = (float)((ky1 - ky0) * (kx1 - kx0));
            float *const out = a->y + ((size_t)y * a->out_width + x) * NNC_BLOCK;
            for (int c = 0; c < NNC_BLOCK; c++)
                out[c] = a->average ? (divisor > 0 ? acc[c] / divisor : 0) : acc[c];
        }
}

static void average(const float *x, size_t pixels, float *y)
{
    float acc[NNC_BLOCK] = {0};
    for (size_t i = 0; i < pixels; i++)
        for (int c = 0; c < NNC_BLOCK; c++)
            acc[c] += x[i * NNC_BLOCK + c];
    for (int c = 0; c < NNC_BLOCK; c++)
        y[c] = acc[c] / (float)pixels;
}
