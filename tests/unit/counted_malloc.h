/* SPDX-License-Identifier: MIT */
#ifndef COUNTED_MALLOC_H
#define COUNTED_MALLOC_H

/* Counts the allocations of statically linked code, and makes them fail on demand. Needs
 * the linker's --wrap for each function below; include it in one file of a program. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static atomic_ulong n_allocations;
static atomic_int allocations_left = -1; /* then all fail; negative: none does */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static inline bool allocation_is_granted(void)
{
    n_allocations++;
    if (allocations_left > 0)
        allocations_left--;
    else if (allocations_left == 0)
        return false;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return allocation_is_granted() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_is_granted() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_is_granted() ? __real_realloc(memory, size) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return allocation_is_granted() ? __real_aligned_alloc(alignment, size) : NULL;
}

#endif
