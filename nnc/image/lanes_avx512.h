/* SPDX-License-Identifier: MIT */
/* The vector vocabulary of image preprocessing on AVX-512. */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include "band.h"

typedef __m512i lanes;
enum { LANES = 64 }; /* bytes */

static inline lanes lanes_zero(void) { return _mm512_setzero_si512(); }
static inline lanes lanes_load(const void *p) { return _mm512_loadu_si512(p); }
static inline void lanes_store(void *p, lanes v) { _mm512_storeu_si512(p, v); }
static inline lanes lanes_add16(lanes a, lanes b) { return _mm512_add_epi16(a, b); }
static inline lanes lanes_sub16(lanes a, lanes b) { return _mm512_sub_epi16(a, b); }
static inline lanes lanes_high_bytes(lanes v) { return _mm512_srli_epi16(v, 8); }
static inline lanes lanes_low_bytes(lanes v) { return _mm512_and_si512(v, _mm512_set1_epi16(255)); }
static inline lanes lanes_high_lane(lanes v) { return _mm512_slli_epi16(v, 8); }
static inline lanes lanes_unpack_low16(lanes a, lanes b) { return _mm512_unpacklo_epi16(a, b); }
static inline lanes lanes_unpack_high16(lanes a, lanes b) { return _mm512_unpackhi_epi16(a, b); }
static inline lanes lanes_sub32(lanes a, lanes b) { return _mm512_sub_epi32(a, b); }
static inline lanes lanes_shl32(lanes v, unsigned n) { return _mm512_sll_epi32(v, _mm_cvtsi32_si128((int)n)); }
static inline lanes lanes_madd(lanes a, lanes b) { return _mm512_madd_epi16(a, b); }
static inline lanes lanes_pack32(lanes a, lanes b) { return _mm512_packs_epi32(a, b); }

/* v * factor to the nearest integer. */
static inline lanes lanes_scale32(lanes v, float factor)
{
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(v), _mm512_set1_ps(factor)));
}

static inline lanes lanes_set_pair(int16_t even, int16_t odd)
{
    return _mm512_set1_epi32((int32_t)((uint32_t)(uint16_t)odd << 16 | (uint16_t)even));
}

/* 64 columns, unpacked low and high, to four blocks. */
static inline void lanes_store_blocks(uint16_t *to, lanes low, lanes high)
{
    const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    const __m512i a = _mm512_permutex2var_epi64(low, first, high);
    const __m512i b = _mm512_permutex2var_epi64(low, second, high);
    __m256i *block = (__m256i *)to;
    _mm256_storeu_si256(block, _mm512_castsi512_si256(a));
    _mm256_storeu_si256(block + NNC_BAND_ROWS, _mm512_extracti64x4_epi64(a, 1));
    _mm256_storeu_si256(block + 2 * NNC_BAND_ROWS, _mm512_castsi512_si256(b));
    _mm256_storeu_si256(block + 3 * NNC_BAND_ROWS, _mm512_extracti64x4_epi64(b, 1));
}

#include "rows8_avx2.h"
