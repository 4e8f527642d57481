/* SPDX-License-Identifier: MIT */
/* The vector vocabulary of image preprocessing on AVX2. Unpack and pack work within each
 * 128 bits, as everywhere on x86; lanes_store_blocks puts the columns in order. */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include "band.h"

typedef __m256i lanes;
enum { LANES = 32 }; /* bytes */

static inline lanes lanes_zero(void) { return _mm256_setzero_si256(); }
static inline lanes lanes_load(const void *p) { return _mm256_loadu_si256(p); }
static inline void lanes_store(void *p, lanes v) { _mm256_storeu_si256(p, v); }
static inline lanes lanes_add16(lanes a, lanes b) { return _mm256_add_epi16(a, b); }
static inline lanes lanes_sub16(lanes a, lanes b) { return _mm256_sub_epi16(a, b); }
static inline lanes lanes_high_bytes(lanes v) { return _mm256_srli_epi16(v, 8); }
static inline lanes lanes_low_bytes(lanes v) { return _mm256_and_si256(v, _mm256_set1_epi16(255)); }
static inline lanes lanes_high_lane(lanes v) { return _mm256_slli_epi16(v, 8); }
static inline lanes lanes_unpack_low16(lanes a, lanes b) { return _mm256_unpacklo_epi16(a, b); }
static inline lanes lanes_unpack_high16(lanes a, lanes b) { return _mm256_unpackhi_epi16(a, b); }
static inline lanes lanes_sub32(lanes a, lanes b) { return _mm256_sub_epi32(a, b); }
static inline lanes lanes_shl32(lanes v, unsigned n) { return _mm256_sll_epi32(v, _mm_cvtsi32_si128((int)n)); }
static inline lanes lanes_madd(lanes a, lanes b) { return _mm256_madd_epi16(a, b); }
static inline lanes lanes_pack32(lanes a, lanes b) { return _mm256_packs_epi32(a, b); }

/* v * factor to the nearest integer. */
static inline lanes lanes_scale32(lanes v, float factor)
{
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(v), _mm256_set1_ps(factor)));
}

static inline lanes lanes_set_pair(int16_t even, int16_t odd)
{
    return _mm256_set1_epi32((int32_t)((uint32_t)(uint16_t)odd << 16 | (uint16_t)even));
}

/* 32 columns, unpacked low and high, to two blocks. */
static inline void lanes_store_blocks(uint16_t *to, lanes low, lanes high)
{
    lanes_store(to, _mm256_permute2x128_si256(low, high, 0x20));
    lanes_store(to + NNC_BAND_BLOCK, _mm256_permute2x128_si256(low, high, 0x31));
}

#include "rows8_avx2.h"
