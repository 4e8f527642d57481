/* SPDX-License-Identifier: MIT */
/* Convolution of bytes on NEON with the dot product: SDOT multiplies four channels, both
 * factors signed, and adds to a sum of 32 bits without saturation. */
#ifndef __ARM_FEATURE_DOTPROD
#error "compile with -march=armv8.2-a+dotprod"
#endif

#include "vec_neon.h"

#include "narrow_tables.h"

enum { PER_WORD = 4, LOWEST_BYTE = -128 };

static inline vec add_products(vec sum, vec value, vec weight)
{
    return vreinterpretq_f32_s32(vdotq_s32(vreinterpretq_s32_f32(sum),
                                           vreinterpretq_s8_f32(value),
                                           vreinterpretq_s8_f32(weight)));
}

/* What a sum begins with. */
static inline const float *start_of(const float *packed)
{
    return packed + 2 * NNC_BLOCK;
}

static const float *skipped_tap(const float *packed, uint32_t tap)
{
    return packed + (size_t)NNC_BLOCK * (3 + tap);
}

static inline vec add_skipped(vec sum, vec skipped)
{
    return vreinterpretq_f32_s32(
        vaddq_s32(vreinterpretq_s32_f32(sum), vreinterpretq_s32_f32(skipped)));
}

static inline vec to_float(vec sum, const float *packed)
{
    return vec_fma(vcvtq_f32_s32(vreinterpretq_s32_f32(sum)), vec_load(packed),
                   vec_load(packed + NNC_BLOCK));
}

static inline void narrow_vector(const struct nnc_narrow_args *a, vec v, size_t at)
{
    v = vdivq_f32(v, vec_set1(a->scale));
    v = vec_min(vec_max(v, vec_set1(-1024)), vec_set1(1024));
    const int32x4_t steps = vaddq_s32(vcvtnq_s32_f32(v), vdupq_n_s32(a->zero));
    const int16x4_t halves = vqmovn_s32(steps);
    const int8x8_t bytes = vqmovn_s16(vcombine_s16(halves, halves));
    vst1_lane_s32((int32_t *)((int8_t *)a->y + at), vreinterpret_s32_s8(bytes), 0);
}

static void narrow_one(const struct nnc_narrow_args *a, float x, size_t at)
{
    ((int8_t *)a->y)[at] =
        (int8_t)(nnc_byte_of(x, a->scale, a->zero - LOWEST_BYTE) + LOWEST_BYTE);
}

#include "conv_narrow_body.h"

const struct nnc_narrow_kernels nnc_narrow_neon_dot = {
    .name = "neon-dot",
    .precision = NNC_PRECISION_INT8,
    .lowest_byte = LOWEST_BYTE,
    .conv_items = direct_items,
    .conv = direct,
    .narrow = narrow,
};
