/* SPDX-License-Identifier: MIT */
/* The vector vocabulary of image preprocessing on NEON. */
#include <arm_neon.h>
#include <stdint.h>
#include <string.h>
#include "band.h"

typedef uint16x8_t lanes;
enum { LANES = 16 }; /* bytes */

static inline lanes lanes_zero(void) { return vdupq_n_u16(0); }
static inline lanes lanes_load(const void *p) { return vreinterpretq_u16_u8(vld1q_u8(p)); }
static inline void lanes_store(void *p, lanes v) { vst1q_u8(p, vreinterpretq_u8_u16(v)); }
static inline lanes lanes_add16(lanes a, lanes b) { return vaddq_u16(a, b); }
static inline lanes lanes_sub16(lanes a, lanes b) { return vsubq_u16(a, b); }
static inline lanes lanes_high_bytes(lanes v) { return vshrq_n_u16(v, 8); }
static inline lanes lanes_low_bytes(lanes v) { return vandq_u16(v, vdupq_n_u16(255)); }
static inline lanes lanes_high_lane(lanes v) { return vshlq_n_u16(v, 8); }
static inline lanes lanes_unpack_low16(lanes a, lanes b) { return vzip1q_u16(a, b); }
static inline lanes lanes_unpack_high16(lanes a, lanes b) { return vzip2q_u16(a, b); }

static inline lanes lanes_sub32(lanes a, lanes b)
{
    return vreinterpretq_u16_u32(
        vsubq_u32(vreinterpretq_u32_u16(a), vreinterpretq_u32_u16(b)));
}

static inline lanes lanes_shl32(lanes v, unsigned n)
{
    return vreinterpretq_u16_u32(vshlq_u32(vreinterpretq_u32_u16(v), vdupq_n_s32((int)n)));
}

/* Products of signed lanes, added up in pairs. */
static inline lanes lanes_madd(lanes a, lanes b)
{
    const int16x8_t p = vreinterpretq_s16_u16(a), q = vreinterpretq_s16_u16(b);
    return vreinterpretq_u16_s32(vpaddq_s32(vmull_s16(vget_low_s16(p), vget_low_s16(q)),
                                            vmull_high_s16(p, q)));
}

static inline lanes lanes_pack32(lanes a, lanes b)
{
    return vreinterpretq_u16_s16(vcombine_s16(vqmovn_s32(vreinterpretq_s32_u16(a)),
                                              vqmovn_s32(vreinterpretq_s32_u16(b))));
}

/* v * factor to the nearest integer. */
static inline lanes lanes_scale32(lanes v, float factor)
{
    const float32x4_t value = vcvtq_f32_s32(vreinterpretq_s32_u16(v));
    return vreinterpretq_u16_s32(vcvtnq_s32_f32(vmulq_n_f32(value, factor)));
}

static inline lanes lanes_set_pair(int16_t even, int16_t odd)
{
    return vreinterpretq_u16_u32(
        vdupq_n_u32((uint32_t)(uint16_t)odd << 16 | (uint16_t)even));
}

/* 16 columns to one block. */
static inline void lanes_store_blocks(uint16_t *to, lanes low, lanes high)
{
    lanes_store(to, low);
    lanes_store(to + 8, high);
}

typedef struct {
    int32x4_t low, high; /* rows 0 to 3, 4 to 7 */
} rows8;

static inline rows8 rows8_zero(void)
{
    return (rows8){vdupq_n_s32(0), vdupq_n_s32(0)};
}

static inline void rows8_store(int32_t *to, rows8 v)
{
    vst1q_s32(to, v.low);
    vst1q_s32(to + 4, v.high);
}

static inline rows8 rows8_add_products(rows8 sums, const uint16_t *pair, const int16_t weight[2])
{
    const lanes weights = lanes_set_pair(weight[0], weight[1]);
    return (rows8){
        vaddq_s32(sums.low, vreinterpretq_s32_u16(lanes_madd(lanes_load(pair), weights))),
        vaddq_s32(sums.high, vreinterpretq_s32_u16(lanes_madd(lanes_load(pair + 8), weights)))};
}

/* Turns 4 x 4 elements of 32 bits, eight of which make a row. */
static inline void turn_4x4(uint8_t *to, const uint32x4_t row[4])
{
    const uint64x2_t a = vreinterpretq_u64_u32(vzip1q_u32(row[0], row[1]));
    const uint64x2_t b = vreinterpretq_u64_u32(vzip2q_u32(row[0], row[1]));
    const uint64x2_t c = vreinterpretq_u64_u32(vzip1q_u32(row[2], row[3]));
    const uint64x2_t d = vreinterpretq_u64_u32(vzip2q_u32(row[2], row[3]));
    vst1q_u8(to, vreinterpretq_u8_u64(vzip1q_u64(a, c)));
    vst1q_u8(to + 32, vreinterpretq_u8_u64(vzip2q_u64(a, c)));
    vst1q_u8(to + 64, vreinterpretq_u8_u64(vzip1q_u64(b, d)));
    vst1q_u8(to + 96, vreinterpretq_u8_u64(vzip2q_u64(b, d)));
}

/* Turns 8 x 8 elements of 32 bits in place. As bytes, which may alias everything. */
static inline void turn_8x8(void *elements)
{
    uint8_t *const at = elements;
    uint32x4_t quarter[2][2][4];
    _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++)
    {
        quarter[i / 4][0][i % 4] = vreinterpretq_u32_u8(vld1q_u8(at + 32 * i));
        quarter[i / 4][1][i % 4] = vreinterpretq_u32_u8(vld1q_u8(at + 32 * i + 16));
    }
    turn_4x4(at, quarter[0][0]);
    turn_4x4(at + 16, quarter[1][0]);
    turn_4x4(at + 128, quarter[0][1]);
    turn_4x4(at + 144, quarter[1][1]);
}
