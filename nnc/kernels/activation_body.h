/* SPDX-License-Identifier: MIT */
/* Activations on vectors, after a vec_*.h: the same operations on every lane, so that a
 * value's bits do not depend on where in a vector it lies. */

#include "kernels.h"

#include <string.h>

typedef int32_t ivec __attribute__((vector_size(sizeof(vec))));

/* e^x within 2 ulp for -87 <= x <= 88, clamped beyond: x = n ln 2 + r, a polynomial for
 * e^r (coefficients of Cephes' expf), and n into the exponent. */
static inline vec vec_exp(vec x)
{
    const vec magic = vec_set1(12582912.0f); /* 1.5 * 2^23: adding it rounds to integer */
    x = vec_min(vec_max(x, vec_set1(-87.0f)), vec_set1(88.0f));
    const vec shifted = vec_add(vec_mul(x, vec_set1(1.44269504f)), magic);
    const ivec n = (ivec)shifted - (ivec)magic;
    const vec whole = vec_sub(shifted, magic);
    const vec r = vec_fma(whole, vec_set1(2.12194440e-4f),
                          vec_fma(whole, vec_set1(-0.693359375f), x));
    vec p = vec_set1(1.9875691500e-4f);
    p = vec_fma(p, r, vec_set1(1.3981999507e-3f));
    p = vec_fma(p, r, vec_set1(8.3334519073e-3f));
    p = vec_fma(p, r, vec_set1(4.1665795894e-2f));
    p = vec_fma(p, r, vec_set1(1.6666665459e-1f));
    p = vec_fma(p, r, vec_set1(5.0000001201e-1f));
    p = vec_add(vec_fma(vec_mul(p, r), r, r), vec_set1(1));
    return vec_mul(p, (vec)((n + 127) << 23));
}

static inline vec vec_clip(vec v, float low, float high)
{
    return vec_min(vec_max(v, vec_set1(low)), vec_set1(high));
}

static inline vec vec_leaky(vec v, float slope)
{
    const ivec negative = (ivec)(v < vec_set1(0));
    const vec scaled = vec_mul(v, vec_set1(slope));
    return (vec)(((ivec)scaled & negative) | ((ivec)v & ~negative));
}

static inline vec vec_quantize(vec v, float scale, float zero, float low)
{
    const vec magic = vec_set1(12582912.0f); /* as in vec_exp */
    v = vec_clip(v / vec_set1(scale), -1024, 1024);
    v = vec_add(v, magic) - magic;
    return vec_clip(vec_add(v, vec_set1(zero)), low, low + 255);
}

static inline vec activate_vec(const struct nnc_activation *a, vec v)
{
    const vec one = vec_set1(1);
    switch (a->kind) {
    case NNC_ACT_NONE:
        break;
    case NNC_ACT_CLIP:
        return vec_clip(v, a->alpha, a->beta);
    case NNC_ACT_LEAKY_RELU:
        return vec_leaky(v, a->alpha);
    case NNC_ACT_SIGMOID:
        return one / vec_add(one, vec_exp(vec_mul(v, vec_set1(-1))));
    case NNC_ACT_HARD_SIGMOID:
        return vec_clip(vec_fma(v, vec_set1(a->alpha), vec_set1(a->beta)), 0, 1);
    case NNC_ACT_HARD_SWISH:
        return vec_mul(v, vec_clip(vec_fma(v, vec_set1(1.0f / 6), vec_set1(0.5f)), 0, 1));
    case NNC_ACT_QUANTIZE_U8:
        return vec_quantize(v, a->alpha, a->beta, 0);
    case NNC_ACT_QUANTIZE_S8:
        return vec_quantize(v, a->alpha, a->beta, -128);
    case NNC_ACT_DEQUANTIZE_U8:
    case NNC_ACT_DEQUANTIZE_S8:
        return vec_mul(v - vec_set1(a->beta), vec_set1(a->alpha));
    }
    return v;
}

static void activate(const struct nnc_activation *a, const float *x, float *y, size_t n)
{
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        vec_store(y + i, activate_vec(a, vec_load(x + i)));
    if (i == n)
        return;
    float part[VEC] = {0};
    memcpy(part, x + i, (n - i) * sizeof *part);
    vec_store(part, activate_vec(a, vec_load(part)));
    memcpy(y + i, part, (n - i) * sizeof *part);
}
