/* SPDX-License-Identifier: MIT */
/* The vector vocabulary of the kernels on NEON of 64-bit ARM. A tile of 6 pixels by 16
 * channels has 24 sums, 4 weights and at least one pixel in the 32 registers. */
#include <arm_neon.h>
#include <stdbool.h>
typedef float32x4_t vec;
enum { VEC = 4 };
#define NNC_TILES(X) X(1, 6)
#define NNC_DEPTHWISE_TILES(X) X(1, 6)
#define NNC_NARROW_TILES(X) X(1, 6)
static inline vec vec_load(const float *p) { return vld1q_f32(p); }
/* Zeros where not inside; then `p` may point anywhere. */
static inline vec vec_load_if(bool inside, const float *p)
{
    return inside ? vld1q_f32(p) : vdupq_n_f32(0);
}
static inline void vec_store(float *p, vec v) { vst1q_f32(p, v); }
static inline vec vec_set1(float v) { return vdupq_n_f32(v); }
static inline vec vec_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
static inline vec vec_add(vec a, vec b) { return vaddq_f32(a, b); }
static inline vec vec_sub(vec a, vec b) { return vsubq_f32(a, b); }
static inline vec vec_mul(vec a, vec b) { return vmulq_f32(a, b); }
/* Like the x86 instructions: the second operand where the comparison fails. */
static inline vec vec_max(vec a, vec b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
static inline vec vec_min(vec a, vec b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
