/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_WEIGHT_MEMORY_H
#define NNC_PLAN_WEIGHT_MEMORY_H

/* Where packed weights lie. Every block of the model has its place from the beginning, branch
 * after branch in the order in which a frame reads them; it is memory only while somebody has
 * it. What fills large pages comes in such, all in all with at most 2 MiB that nobody wants,
 * the rest in small ones; pages that nobody wants anything of any more are given back. Where
 * no addresses can be had (base/pages.h), every block comes from the heap. Threads: single;
 * the caller has a lock. */

#include <stdbool.h>
#include <stdint.h>

struct nnc_weight_memory;

/* Of n blocks; block i has `bytes[i]` and belongs to unit `unit[i]` of `n_units`. The trunk is
 * unit 0. NULL: no memory. */
struct nnc_weight_memory *nnc_weight_memory_create(uint32_t n, const uint64_t *bytes,
                                                   const uint32_t *unit, uint32_t n_units);
void nnc_weight_memory_destroy(struct nnc_weight_memory *memory); /* NULL is fine */

/* Somebody wants block i, or nobody does any more. When all that changes at one time has been
 * said, `settle` chooses pages and gives back; what was wanted can be had from then on. */
void nnc_weight_memory_want(struct nnc_weight_memory *memory, uint32_t i);
void nnc_weight_memory_leave(struct nnc_weight_memory *memory, uint32_t i);
void nnc_weight_memory_settle(struct nnc_weight_memory *memory);

/* The floats of a block that is wanted, aligned to 64 bytes, with anything in them; the same
 * until it is left. NULL: no memory. */
float *nnc_weight_memory_get(struct nnc_weight_memory *memory, uint32_t i);

#endif
