/* SPDX-License-Identifier: MIT */
/* See foreign_memory.h. What was there once for so many threads is theirs since, or was
 * not wanted: it is not asked for again. */

#include "foreign_memory.h"

#include "../base/error.h"

#include <pthread.h>
#include <sys/mman.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t in_use, proven; /* threads; under the lock */

/* OpenBLAS packs matrices into a buffer of 128 MiB of addresses, and wants a little beside. */
static uint64_t thread_bytes(const struct nnc_kernels *kernels)
{
    return kernels->backend == NNC_BACKEND_BLAS ? (uint64_t)129 << 20 : 0;
}

/* No memory is taken, not even for a moment. */
static bool addresses_are_there(uint64_t bytes)
{
    void *const probe = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return probe != MAP_FAILED && !munmap(probe, (size_t)bytes);
}

enum nnc_status nnc_foreign_memory_acquire(const struct nnc_kernels *kernels, uint32_t threads,
                                           struct nnc_error *error)
{
    if (!thread_bytes(kernels))
        return NNC_OK;
    enum nnc_status status = NNC_OK;
    pthread_mutex_lock(&lock);
    const uint64_t wanted = in_use + threads;
    if (wanted > proven) {
        const uint64_t bytes = (wanted - proven) * thread_bytes(kernels);
        if (!addresses_are_there(bytes))
            status = nnc_fail_nomem(error, bytes);
    }
    if (!status) {
        in_use = wanted;
        proven = wanted > proven ? wanted : proven;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

void nnc_foreign_memory_release(const struct nnc_kernels *kernels, uint32_t threads)
{
    if (!thread_bytes(kernels))
        return;
    pthread_mutex_lock(&lock);
    in_use -= threads;
    pthread_mutex_unlock(&lock);
}
