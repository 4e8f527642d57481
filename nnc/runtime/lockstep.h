/* SPDX-License-Identifier: MIT */
#ifndef NNC_RUNTIME_LOCKSTEP_H
#define NNC_RUNTIME_LOCKSTEP_H

/* Frames of several sessions that want the same plan at the same time go through the network
 * in lockstep: a step is computed for each of them before the next step begins, so that its
 * weights come from far away once for all. Every frame keeps its own arena and gains; no bit
 * depends on what runs beside it.
 *
 * A frame that comes while few threads run the plan runs at once, alone. Later ones wait in a
 * row. Whoever ends a run hands its place to the frame that waited longest; that frame's
 * thread leads: it runs its own frame and some of those behind it, then wakes their owners.
 * So nobody waits for company, nobody is overtaken, and the threads that bring the frames are
 * all there is.
 *
 * Frames of other plans are not concerned: they share no row. */

#include "../plan/plan.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

enum { NNC_MOST_TOGETHER = 16 };

/* One session's frame. Single. */
struct nnc_rider {
    const struct nnc_run *run;
    uint32_t most_leaders;   /* it waits where as many threads run the plan already */
    uint32_t most_together;  /* frames, 1..NNC_MOST_TOGETHER */
    sem_t turn;
    struct nnc_rider *next;  /* in the row; then in the group, of which the leader is first */
    uint32_t n;              /* frames of the group */
    bool leads;
};

/* The row of a plan. Shared. */
struct nnc_lockstep {
    _Atomic uint64_t state; /* leaders:32 | waiting:32; `waiting` changes under the lock */
    pthread_mutex_t lock;   /* held for a few instructions, by frames of this plan alone */
    struct nnc_rider *first, *last; /* that wait, the oldest first; lock */
    uint32_t followers;             /* that are run by others; lock */
};

/* False: the system has no more. */
bool nnc_lockstep_init(struct nnc_lockstep *lockstep);
void nnc_lockstep_finish(struct nnc_lockstep *lockstep);

/* Returns at once, or after waiting. True: the calling thread has to run `n` frames, its own
 * and those that follow by `next`, and then to leave. False: another thread has run it, with
 * `n` - 1 others. `run`, `most_leaders` and `most_together` are set, `turn` is a semaphore at
 * 0. Allocates: nothing. */
bool nnc_lockstep_enter(struct nnc_lockstep *lockstep, struct nnc_rider *rider);
void nnc_lockstep_leave(struct nnc_lockstep *lockstep, struct nnc_rider *leader);

#endif
