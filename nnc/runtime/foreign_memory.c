/* SPDX-License-Identifier: MIT */
/* See foreign_memory.h. What was there once for so many threads is theirs since, or was
 * not wanted: it is not asked for again. */

#include "foreign_memory.h"

#include "../base/error.h"
#include "../base/pages.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t in_use, proven; /* threads; under the lock */

/* OpenBLAS packs matrices into a buffer of 128 MiB of addresses, and wants a little beside. */
static uint64_t thread_bytes(const struct nnc_kernels *kernels)
{
    return kernels->backend == NNC_BACKEND_BLAS ? (uint64_t)129 << 20 : 0;
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
        void *const probe = nnc_pages_reserve(bytes); /* addresses: no more is taken at once */
        if (!probe)
            status = nnc_fail_nomem(error, bytes);
        nnc_pages_unreserve(probe, bytes);
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
