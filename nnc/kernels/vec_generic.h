/* SPDX-License-Identifier: MIT */
/* The vector vocabulary for any processor: four floats by the compiler's own vectors,
 * which are SSE on x86-64 and NEON on ARM. vec_fma rounds twice where the baseline of the
 * architecture has no fused multiply-add. */
#include <stdbool.h>
#include <string.h>
typedef float vec __attribute__((vector_size(16)));
enum { VEC = 4 };
#if defined(__aarch64__)
#define NNC_TILES(X) X(1, 6)
#define NNC_DEPTHWISE_TILES(X) X(1, 6)
#else
#define NNC_TILES(X) X(1, 2)
#define NNC_DEPTHWISE_TILES(X) X(1, 4)
#endif
static inline vec vec_load(const float *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}
/* Zeros where not inside; then `p` may point anywhere. */
static inline vec vec_load_if(bool inside, const float *p)
{
    return inside ? vec_load(p) : (vec){0};
}
static inline void vec_store(float *p, vec v)
{
    memcpy(p, &v, sizeof v);
}
static inline vec vec_set1(float v)
{
    return (vec){v, v, v, v};
}
static inline vec vec_fma(vec a, vec b, vec c)
{
#if defined(__aarch64__)
    for (int i = 0; i < VEC; i++)
        c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
#else
    return a * b + c;
#endif
}
static inline vec vec_add(vec a, vec b)
{
    return a + b;
}
static inline vec vec_sub(vec a, vec b)
{
    return a - b;
}
static inline vec vec_mul(vec a, vec b)
{
    return a * b;
}
/* Like the x86 instructions: the second operand where the comparison fails. */
static inline vec vec_max(vec a, vec b)
{
    for (int i = 0; i < VEC; i++)
        b[i] = a[i] > b[i] ? a[i] : b[i];
    return b;
}
static inline vec vec_min(vec a, vec b)
{
    for (int i = 0; i < VEC; i++)
        b[i] = a[i] < b[i] ? a[i] : b[i];
    return b;
}
