/* SPDX-License-Identifier: MIT */
#ifndef NNC_RUNTIME_TEAM_H
#define NNC_RUNTIME_TEAM_H

/* The worker threads of the process, shared by all sessions, and the way a frame is cut
 * into work for them.
 *
 * A frame is a list of stages; the items of a stage are claimed one by one from a single
 * atomic word by whoever comes first, and whoever finishes the last item of a stage opens
 * the next. The caller works too and can do everything alone, so a worker that the system
 * takes away delays at most the one item it holds. Workers spin only around a frame, then
 * sleep. */

#include "../plan/plan.h"

#include <stdatomic.h>

struct nnc_frame {
    /* epoch:16 | stage:16 | items:16 | next item:16; items 0 = nothing to do. */
    _Atomic uint64_t state;
    _Atomic uint32_t done;  /* items finished in this stage */
    const struct nnc_plan *plan; /* these are written between frames only, */
    struct nnc_run *runs;        /* [slots], and read after an item was claimed */
    uint32_t slots;         /* threads at most, the caller (slot 0) included */
    /* Under the team's lock: */
    uint64_t slot_taken[4]; /* bit set of workers' slots, up to 256 */
    uint32_t workers_in, workers_wanted;
    struct nnc_frame *next;
    bool posted;
};

/* Makes sure the process has workers for frames of `threads` threads for as long as this is
 * not released; fewer, if the system gives no more: the caller can do everything alone. */
void nnc_team_acquire(uint32_t threads);
void nnc_team_release(void);

/* Wakes workers for a frame that will come in some microseconds. */
void nnc_team_call(struct nnc_frame *frame);

/* Runs all stages of frame->plan and returns when they are done. */
void nnc_team_run(struct nnc_frame *frame);

/* Lets go of the workers; they may look at the frame's state a little longer. */
void nnc_team_dismiss(struct nnc_frame *frame);

/* Waits until no worker looks at the frame any more. */
void nnc_team_forget(struct nnc_frame *frame);

/* Flushes subnormal numbers on this thread; the returned mode restores what was. */
uint32_t nnc_float_mode_enter(void);
void nnc_float_mode_leave(uint32_t mode);

#endif
