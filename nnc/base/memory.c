/* SPDX-License-Identifier: MIT */
/* The three ways memory is had: zeroed, aligned, and pooled. */

#include "memory.h"

#include <stdlib.h>
#include <string.h>

void *nnc_alloc(uint64_t count, uint64_t size)
{
    uint64_t bytes;
    if (!nnc_mul(count, size, &bytes) || bytes > PTRDIFF_MAX)
        return NULL;
    return calloc(1, bytes ? (size_t)bytes : 1);
}

void *nnc_alloc_aligned(uint64_t bytes)
{
    if (bytes > PTRDIFF_MAX - 64)
        return NULL;
    return aligned_alloc(64, nnc_align(bytes ? (size_t)bytes : 1, 64));
}

char *nnc_copy_string(const char *bytes, size_t size)
{
    char *copy = nnc_alloc(1, (uint64_t)size + 1);
    if (copy && size)
        memcpy(copy, bytes, size);
    return copy;
}

struct nnc_pool_block {
    struct nnc_pool_block *next;
    size_t size, used; /* of what follows this header */
    size_t unused;     /* keeps the header a multiple of 16 */
};

enum { POOL_BLOCK = 32 * 1024 };

void *nnc_pool_alloc(struct nnc_pool *pool, uint64_t count, uint64_t size)
{
    uint64_t bytes;
    if (!nnc_mul(count, size, &bytes) || bytes > pool->limit - pool->used ||
        bytes > PTRDIFF_MAX - 64) /* rounded up below */
        return NULL;
    bytes = nnc_align(bytes ? (size_t)bytes : 1, 16);
    struct nnc_pool_block *block = pool->blocks;
    if (!block || block->size - block->used < bytes) {
        const size_t room = bytes > POOL_BLOCK ? (size_t)bytes : POOL_BLOCK;
        block = nnc_alloc(1, sizeof *block + room);
        if (!block)
            return NULL;
        block->size = room;
        block->next = pool->blocks;
        pool->blocks = block;
    }
    void *result = (unsigned char *)(block + 1) + block->used;
    block->used += (size_t)bytes;
    pool->used = pool->limit - pool->used < bytes ? pool->limit : pool->used + (size_t)bytes;
    return result;
}

char *nnc_pool_string(struct nnc_pool *pool, const char *bytes, size_t size)
{
    char *copy = nnc_pool_alloc(pool, 1, (uint64_t)size + 1);
    if (copy && size)
        memcpy(copy, bytes, size);
    return copy;
}

void nnc_pool_finish(struct nnc_pool *pool)
{
    while (pool->blocks) {
        struct nnc_pool_block *next = pool->blocks->next;
        free(pool->blocks);
        pool->blocks = next;
    }
    pool->used = 0;
}
