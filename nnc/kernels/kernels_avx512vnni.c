/* SPDX-License-Identifier: MIT */
/* Convolution of bytes on AVX512-VNNI: VPDPBUSD multiplies four channels, an unsigned
 * activation by a signed weight, and adds to a sum of 32 bits without saturation. */
#ifndef __AVX512VNNI__
#error "compile with -mavx512vnni"
#endif

#include "vec_avx512.h"

#include "narrow_tables.h"
#include "sums_int8_avx512.h"

enum { PER_WORD = 4 };

static inline vec add_products(vec sum, vec value, vec weight)
{
    return (vec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)value, (__m512i)weight);
}

static inline void narrow_vector(const struct nnc_narrow_args *a, vec v, size_t at)
{
    v = v / vec_set1(a->scale);
    v = vec_min(vec_max(v, vec_set1(-1024)), vec_set1(1024));
    const __m512i steps = _mm512_add_epi32(_mm512_cvtps_epi32(v), _mm512_set1_epi32(a->zero));
    const __m128i bytes =
        _mm512_cvtusepi32_epi8(_mm512_max_epi32(steps, _mm512_setzero_si512()));
    _mm_storeu_si128((__m128i *)((uint8_t *)a->y + at), bytes);
}

static void narrow_one(const struct nnc_narrow_args *a, float x, size_t at)
{
    ((uint8_t *)a->y)[at] = nnc_byte_of(x, a->scale, a->zero);
}

#include "conv_narrow_body.h"

const struct nnc_narrow_kernels nnc_narrow_avx512_vnni = {
    .name = "avx512-vnni",
    .precision = NNC_PRECISION_INT8,
    .conv_items = direct_items,
    .conv = direct,
    .narrow = narrow,
};
