/* SPDX-License-Identifier: MIT */
/* The vector vocabulary of the kernels on AVX2 with FMA. */
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile with -mavx2 -mfma"
#endif
#include <immintrin.h>
#include <stdbool.h>
typedef __m256 vec;
enum { VEC = 8 };
#define NNC_TILES(X) X(1, 6) X(2, 3)
#define NNC_DEPTHWISE_TILES(X) X(1, 6)
static inline vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
/* Zeros where not inside; then `p` may point anywhere. */
static inline vec vec_load_if(bool inside, const float *p)
{
    return _mm256_maskload_ps(p, _mm256_set1_epi32(-(int)inside));
}
static inline void vec_store(float *p, vec v) { _mm256_storeu_ps(p, v); }
static inline vec vec_set1(float v) { return _mm256_set1_ps(v); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static inline vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static inline vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
