/* SPDX-License-Identifier: MIT */
#ifndef NNC_BASE_MEMORY_H
#define NNC_BASE_MEMORY_H

/* Memory and checked sizes. Every product or sum of numbers that a file gave goes through
 * nnc_mul / nnc_add before it becomes a size. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* false on overflow, `*out` is then unspecified. */
static inline bool nnc_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool nnc_add(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline uint32_t nnc_ceil_div(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

/* Rounds up to a power of two; the caller keeps n <= SIZE_MAX - unit. */
static inline size_t nnc_align(size_t n, size_t unit)
{
    return (n + unit - 1) & ~(unit - 1);
}

/* count * size zeroed bytes; NULL if that overflows, is over PTRDIFF_MAX, or memory is
 * short; a valid pointer for 0. Release with free(). */
void *nnc_alloc(uint64_t count, uint64_t size);

/* The same, aligned to 64 bytes (not zeroed); release with free(). */
void *nnc_alloc_aligned(uint64_t bytes);

/* A zero-terminated copy of `size` bytes; NULL when memory is short. */
char *nnc_copy_string(const char *bytes, size_t size);

/* A bump allocator for many small objects with one end of life. `limit` bounds the total;
 * zero-initialise the rest. Memory comes zeroed and aligned to 16 bytes. */
struct nnc_pool {
    struct nnc_pool_block *blocks;
    size_t limit, used;
};

void *nnc_pool_alloc(struct nnc_pool *pool, uint64_t count, uint64_t size);
char *nnc_pool_string(struct nnc_pool *pool, const char *bytes, size_t size);
void nnc_pool_finish(struct nnc_pool *pool);

#endif
