/* SPDX-License-Identifier: MIT */
#ifndef NNC_RUNTIME_FOREIGN_MEMORY_H
#define NNC_RUNTIME_FOREIGN_MEMORY_H

/* Memory that a backend takes for each thread when it first computes there, and keeps.
 * OpenBLAS waits for it for ever where it is short; so it is asked for here beforehand, where
 * it can be refused. Somebody else may still take it in between. Threads: shared. */

#include "../kernels/kernels.h"

/* For `threads` more threads at a time. Fails: NNC_NOMEM, nothing to release then. */
enum nnc_status nnc_foreign_memory_acquire(const struct nnc_kernels *kernels, uint32_t threads,
                                           struct nnc_error *error);
void nnc_foreign_memory_release(const struct nnc_kernels *kernels, uint32_t threads);

#endif
