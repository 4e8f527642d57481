/* SPDX-License-Identifier: MIT */
/* First fit over a sorted list of holes; the end of the arena grows when none fits. */

#include "arena.h"

#include <stdlib.h>
#include <string.h>

static void remove_hole(struct nnc_arena *a, uint32_t i)
{
    memmove(&a->holes[i], &a->holes[i + 1], (a->n_holes - i - 1) * sizeof *a->holes);
    a->n_holes--;
}

bool nnc_arena_take(struct nnc_arena *a, uint64_t floats, uint64_t *offset)
{
    floats = (floats + 15) & ~UINT64_C(15);
    for (uint32_t i = 0; i < a->n_holes; i++) {
        struct nnc_arena_hole *const hole = &a->holes[i];
        if (hole->floats < floats)
            continue;
        *offset = hole->offset;
        hole->offset += floats;
        hole->floats -= floats;
        if (!hole->floats)
            remove_hole(a, i);
        return true;
    }
    *offset = a->size;
    a->size += floats;
    return true;
}

bool nnc_arena_give(struct nnc_arena *a, uint64_t offset, uint64_t floats)
{
    floats = (floats + 15) & ~UINT64_C(15);
    if (!floats)
        return true;
    if (a->n_holes == a->room) {
        const uint32_t room = a->room ? 2 * a->room : 64;
        struct nnc_arena_hole *const more = realloc(a->holes, room * sizeof *more);
        if (!more)
            return false;
        a->holes = more;
        a->room = room;
    }
    uint32_t i = 0;
    while (i < a->n_holes && a->holes[i].offset < offset)
        i++;
    memmove(&a->holes[i + 1], &a->holes[i], (a->n_holes - i) * sizeof *a->holes);
    a->holes[i] = (struct nnc_arena_hole){offset, floats};
    a->n_holes++;
    if (i + 1 < a->n_holes && offset + floats == a->holes[i + 1].offset) {
        a->holes[i].floats += a->holes[i + 1].floats;
        remove_hole(a, i + 1);
    }
    if (i > 0 && a->holes[i - 1].offset + a->holes[i - 1].floats == offset) {
        a->holes[i - 1].floats += a->holes[i].floats;
        remove_hole(a, i);
    }
    return true;
}

void nnc_arena_finish(struct nnc_arena *a)
{
    free(a->holes);
    *a = (struct nnc_arena){0};
}
