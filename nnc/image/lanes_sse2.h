/* SPDX-License-Identifier: MIT */
/* The vector vocabulary of image preprocessing on the baseline of x86-64. */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include "band.h"

typedef __m128i lanes;
enum { LANES = 16 }; /* bytes */

static inline lanes lanes_zero(void) { return _mm_setzero_si128(); }
static inline lanes lanes_load(const void *p) { return _mm_loadu_si128(p); }
static inline void lanes_store(void *p, lanes v) { _mm_storeu_si128(p, v); }
static inline lanes lanes_add16(lanes a, lanes b) { return _mm_add_epi16(a, b); }
static inline lanes lanes_sub16(lanes a, lanes b) { return _mm_sub_epi16(a, b); }
static inline lanes lanes_high_bytes(lanes v) { return _mm_srli_epi16(v, 8); }
static inline lanes lanes_low_bytes(lanes v) { return _mm_and_si128(v, _mm_set1_epi16(255)); }
static inline lanes lanes_high_lane(lanes v) { return _mm_slli_epi16(v, 8); }
static inline lanes lanes_unpack_low16(lanes a, lanes b) { return _mm_unpacklo_epi16(a, b); }
static inline lanes lanes_unpack_high16(lanes a, lanes b) { return _mm_unpackhi_epi16(a, b); }
static inline lanes lanes_sub32(lanes a, lanes b) { return _mm_sub_epi32(a, b); }
static inline lanes lanes_madd(lanes a, lanes b) { return _mm_madd_epi16(a, b); }
static inline lanes lanes_pack32(lanes a, lanes b) { return _mm_packs_epi32(a, b); }

static inline lanes lanes_shl32(lanes v, unsigned n)
{
    return _mm_sll_epi32(v, _mm_cvtsi32_si128((int)n));
}

/* v * factor to the nearest integer. */
static inline lanes lanes_scale32(lanes v, float factor)
{
    return _mm_cvtps_epi32(_mm_mul_ps(_mm_cvtepi32_ps(v), _mm_set1_ps(factor)));
}

static inline lanes lanes_set_pair(int16_t even, int16_t odd)
{
    return _mm_set1_epi32((int32_t)((uint32_t)(uint16_t)odd << 16 | (uint16_t)even));
}

/* 16 columns to one block. */
static inline void lanes_store_blocks(uint16_t *to, lanes low, lanes high)
{
    lanes_store(to, low);
    lanes_store(to + 8, high);
}

typedef struct {
    __m128i low, high; /* rows 0 to 3, 4 to 7 */
} rows8;

static inline rows8 rows8_zero(void)
{
    return (rows8){lanes_zero(), lanes_zero()};
}

static inline void rows8_store(int32_t *to, rows8 v)
{
    lanes_store(to, v.low);
    lanes_store(to + 4, v.high);
}

static inline rows8 rows8_add_products(rows8 sums, const uint16_t *pair, const int16_t weight[2])
{
    const lanes weights = lanes_set_pair(weight[0], weight[1]);
    return (rows8){_mm_add_epi32(sums.low, lanes_madd(lanes_load(pair), weights)),
                   _mm_add_epi32(sums.high, lanes_madd(lanes_load(pair + 8), weights))};
}

/* Turns 4 x 4 elements of 32 bits, eight of which make a row. */
static inline void turn_4x4(uint8_t *to, const __m128i row[4])
{
    const __m128i a = _mm_unpacklo_epi32(row[0], row[1]);
    const __m128i b = _mm_unpackhi_epi32(row[0], row[1]);
    const __m128i c = _mm_unpacklo_epi32(row[2], row[3]);
    const __m128i d = _mm_unpackhi_epi32(row[2], row[3]);
    lanes_store(to, _mm_unpacklo_epi64(a, c));
    lanes_store(to + 32, _mm_unpackhi_epi64(a, c));
    lanes_store(to + 64, _mm_unpacklo_epi64(b, d));
    lanes_store(to + 96, _mm_unpackhi_epi64(b, d));
}

/* Turns 8 x 8 elements of 32 bits in place. */
static inline void turn_8x8(void *elements)
{
    uint8_t *const at = elements;
    __m128i quarter[2][2][4];
    _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++)
    {
        quarter[i / 4][0][i % 4] = lanes_load(at + 32 * i);
        quarter[i / 4][1][i % 4] = lanes_load(at + 32 * i + 16);
    }
    turn_4x4(at, quarter[0][0]);
    turn_4x4(at + 16, quarter[1][0]);
    turn_4x4(at + 128, quarter[0][1]);
    turn_4x4(at + 144, quarter[1][1]);
}
