/* SPDX-License-Identifier: MIT */
/* The specification of the narrow kernels in the plainest C. Sums of bf16 are in double,
 * sums of bytes exact; the way out of an integer sum is one fused multiply-add, which every
 * backend does alike. */

#include "narrow_tables.h"

#include <math.h>
#include <string.h>

/* One output element: where its words are. */
struct element {
    const struct nnc_conv_args *args;
    const float *packed;
    uint32_t lane, y, x;
};

static uint32_t word_at(const float *words, size_t at)
{
    uint32_t word;
    memcpy(&word, words + at, sizeof word);
    return word;
}

static bool tap(uint32_t out, uint32_t stride, uint32_t k, uint32_t dilation, uint32_t pad,
                uint32_t size, size_t *in)
{
    const int64_t i = (int64_t)out * stride + (int64_t)k * dilation - pad;
    *in = (size_t)i;
    return i >= 0 && i < (int64_t)size;
}

/* Calls `add` for the words of every tap inside the picture, `skip` for every tap outside.
 * */
static void walk(const struct element *e, enum nnc_precision precision, void *sum,
                 void (*add)(void *sum, uint32_t x, uint32_t w),
                 void (*skip)(void *sum, const struct element *e, uint32_t tap))
{
    const struct nnc_conv_args *const a = e->args;
    const uint32_t taps = a->kernel[0] * a->kernel[1];
    size_t word = nnc_narrow_head(precision, taps);
    for (uint32_t c0 = 0; c0 < a->in_channels; c0 += NNC_BLOCK) {
        const uint32_t left = a->in_channels - c0;
        const uint32_t words = nnc_narrow_words(precision, left < NNC_BLOCK ? left : NNC_BLOCK);
        for (uint32_t t = 0; t < taps; t++, word += words) {
            size_t iy, ix;
            if (!tap(e->y, a->stride[0], t / a->kernel[1], a->dilation[0], a->pad[0],
                     a->in_height, &iy) ||
                !tap(e->x, a->stride[1], t % a->kernel[1], a->dilation[1], a->pad[1],
                     a->in_width, &ix)) {
                if (c0 == 0 && skip)
                    skip(sum, e, t);
                continue;
            }
            const float *const x = a->x + c0 / NNC_BLOCK * a->xs.block + iy * a->xs.row +
                                   ix * a->xs.pixel;
            for (uint32_t i = 0; i < words; i++)
                add(sum, word_at(x, i), word_at(e->packed, (word + i) * NNC_BLOCK + e->lane));
        }
    }
}

static float bf16_to_float(uint32_t bits)
{
    float x;
    bits <<= 16;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void add_bf16(void *sum, uint32_t x, uint32_t w)
{
    for (uint32_t i = 0; i < 2; i++)
        *(double *)sum += (double)bf16_to_float(x >> 16 * i & 0xffff) *
                          bf16_to_float(w >> 16 * i & 0xffff);
}

static float sum_bf16(const struct element *e)
{
    double sum = e->packed[e->lane];
    walk(e, NNC_PRECISION_BF16, &sum, add_bf16, NULL);
    return (float)sum;
}

static void add_int8(void *sum, uint32_t x, uint32_t w)
{
    for (uint32_t i = 0; i < 4; i++)
        *(int32_t *)sum += (uint8_t)(x >> 8 * i) * (int8_t)(w >> 8 * i);
}

static void skip_int8(void *sum, const struct element *e, uint32_t t)
{
    *(int32_t *)sum += (int32_t)word_at(e->packed, (size_t)NNC_BLOCK * (3 + t) + e->lane);
}

static float sum_int8(const struct element *e)
{
    int32_t sum = (int32_t)word_at(e->packed, 2 * NNC_BLOCK + e->lane);
    walk(e, NNC_PRECISION_INT8, &sum, add_int8, skip_int8);
    return fmaf((float)sum, e->packed[e->lane], e->packed[NNC_BLOCK + e->lane]);
}

static void store(const struct nnc_conv_args *a, float v, uint32_t block, size_t at)
{
    if (a->epilogue.residual)
        v += a->epilogue.residual[at];
    v = nnc_activation_scalar(&a->epilogue.activation, v);
    if (a->epilogue.gain)
        v *= nnc_gain_of_block(&a->epilogue, block);
    a->y[at] = v;
}

static void each_output(const struct nnc_conv_args *a, uint32_t first, uint32_t last,
                        float (*sum)(const struct element *e))
{
    for (uint32_t item = first; item < last; item++)
        for (uint32_t lane = 0; lane < NNC_BLOCK; lane++) {
            const uint32_t block = a->active[item];
            struct element e = {.args = a, .packed = a->packed[block], .lane = lane};
            if (block * NNC_BLOCK + lane >= a->out_channels)
                break;
            for (e.y = 0; e.y < a->out_height; e.y++)
                for (e.x = 0; e.x < a->out_width; e.x++)
                    store(a, sum(&e), block,
                          block * a->ys.block + lane + e.y * a->ys.row + e.x * a->ys.pixel);
        }
}

static uint32_t conv_items(const struct nnc_conv_args *a)
{
    return a->n_active;
}

static void conv_bf16(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    each_output(a, first, last, sum_bf16);
}

static void conv_int8(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    each_output(a, first, last, sum_int8);
}

static void narrow_bf16(const struct nnc_narrow_args *a)
{
    for (size_t p = 0; p < a->pixels; p++)
        for (uint32_t i = 0; i < NNC_BLOCK; i++) {
            const uint16_t bits =
                i < a->lanes ? nnc_bf16_of(a->x[i * a->lane + p * a->pixel]) : 0;
            memcpy((char *)a->y + 2 * (p * NNC_BLOCK + i), &bits, sizeof bits);
        }
}

static void narrow_int8(const struct nnc_narrow_args *a)
{
    uint8_t *const y = (uint8_t *)a->y;
    for (size_t p = 0; p < a->pixels; p++)
        for (uint32_t i = 0; i < NNC_BLOCK; i++)
            y[p * NNC_BLOCK + i] =
                i < a->lanes ? nnc_byte_of(a->x[i * a->lane + p * a->pixel], a->scale, a->zero)
                             : 0;
}

const struct nnc_narrow_kernels nnc_narrow_reference_bf16 = {
    .name = "reference",
    .precision = NNC_PRECISION_BF16,
    .conv_items = conv_items,
    .conv = conv_bf16,
    .narrow = narrow_bf16,
};

const struct nnc_narrow_kernels nnc_narrow_reference_int8 = {
    .name = "reference",
    .precision = NNC_PRECISION_INT8,
    .conv_items = conv_items,
    .conv = conv_int8,
    .narrow = narrow_int8,
};
