/* SPDX-License-Identifier: MIT */
/* Convolution of bf16 on AVX512-BF16: VDPBF16PS multiplies pairs of channels. */
#ifndef __AVX512BF16__
#error "compile with -mavx512bf16"
#endif

#include "vec_avx512.h"

#include "narrow_tables.h"
#include "sums_bf16_avx512.h"

enum { PER_WORD = 2 };

static inline vec add_products(vec sum, vec value, vec weight)
{
    return _mm512_dpbf16_ps(sum, (__m512bh)value, (__m512bh)weight);
}

static inline void narrow_vector(const struct nnc_narrow_args *a, vec v, size_t at)
{
    const __m256bh narrow = _mm512_cvtneps_pbh(v);
    _mm256_storeu_si256((__m256i *)((uint16_t *)a->y + at), (__m256i)narrow);
}

static void narrow_one(const struct nnc_narrow_args *a, float x, size_t at)
{
    const uint16_t bits = nnc_bf16_of(x);
    __builtin_memcpy((uint16_t *)a->y + at, &bits, sizeof bits);
}

#include "conv_narrow_body.h"

const struct nnc_narrow_kernels nnc_narrow_avx512_bf16 = {
    .name = "avx512-bf16",
    .precision = NNC_PRECISION_BF16,
    .conv_items = direct_items,
    .conv = direct,
    .narrow = narrow,
};
