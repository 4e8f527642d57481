/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_ARENA_H
#define NNC_PLAN_ARENA_H

/* Gives out ranges of a memory that does not exist yet, first fit, and remembers how large
 * it must be. Offsets and sizes in floats, multiples of 16 (64 bytes). */

#include "../base/memory.h"

#include <stdbool.h>

struct nnc_arena_hole {
    uint64_t offset, floats;
};

struct nnc_arena {
    struct nnc_arena_hole *holes; /* by offset, not touching each other */
    uint32_t n_holes, room;
    uint64_t size;
};

/* false when memory for the list is short. */
bool nnc_arena_take(struct nnc_arena *arena, uint64_t floats, uint64_t *offset);
bool nnc_arena_give(struct nnc_arena *arena, uint64_t offset, uint64_t floats);
void nnc_arena_finish(struct nnc_arena *arena);

#endif
