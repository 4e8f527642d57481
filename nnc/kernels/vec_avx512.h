/* SPDX-License-Identifier: MIT */
/* The vector vocabulary of the kernels on AVX-512. */
#ifndef __AVX512F__
#error "compile with -mavx512f"
#endif
#include <immintrin.h>
#include <stdbool.h>
typedef __m512 vec;
enum { VEC = 16 };
#define NNC_TILES(X) X(1, 16) X(2, 8) X(3, 8) X(4, 6)
/* 16 pixels and one block leave enough of the 32 registers. */
#define NNC_WHOLE_MAPS 1
#define NNC_DEPTHWISE_TILES(X) X(1, 8)
#define NNC_NARROW_TILES(X) X(1, 8) X(2, 8) X(3, 8) X(4, 6)
static inline vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
/* Zeros where not inside; then `p` may point anywhere. */
static inline vec vec_load_if(bool inside, const float *p)
{
    return _mm512_maskz_loadu_ps((__mmask16)-(int)inside, p);
}
static inline void vec_store(float *p, vec v) { _mm512_storeu_ps(p, v); }
static inline vec vec_set1(float v) { return _mm512_set1_ps(v); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static inline vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
