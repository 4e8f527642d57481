/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_STATS_H
#define GST_NNC_STATS_H

/* What an element counts. Written by the streaming thread and by setters, read by
 * anybody: each number is atomic by itself, the set of them is not a snapshot. */

#include "gstnnchistogram.h"
#include "gstnnclivetask.h"
#include "gstnncrate.h"

#include <gst/gst.h>

G_BEGIN_DECLS

struct gst_nnc_stats {
    _Atomic guint64 frames_in;
    _Atomic guint64 frames_classified;
    _Atomic guint64 frames_refused;
    _Atomic guint64 frames_late;
    _Atomic guint64 frames_skipped;   /* the sum of the next three */
    _Atomic guint64 frames_gap;       /* marked as gaps */
    _Atomic guint64 frames_corrupted; /* marked so, and not to be classified */
    _Atomic guint64 frames_left_out;  /* by the interval */
    _Atomic guint64 frames_held;
    _Atomic guint64 frames_replaced;
    _Atomic guint64 rois_classified;
    _Atomic guint64 rois_refused;
    _Atomic guint64 rois_outside;
    _Atomic guint64 rois_unwanted;
    _Atomic guint64 rois_small;
    _Atomic guint64 rois_over_budget;
    _Atomic guint64 tasks_accepted;
    _Atomic guint64 tasks_refused;
    _Atomic guint64 task_event_ignored;
    _Atomic guint64 task_meta_ignored;
    _Atomic guint64 task_meta_conflict;
    _Atomic guint64 task_switches;
    _Atomic guint64 plan_switches;
    _Atomic guint64 inference_ns_last;
    _Atomic guint64 inference_ns_total;
    _Atomic guint64 inferences;

    struct gst_nnc_histogram inference_ns; /* of the network, for each picture */
    struct gst_nnc_histogram frame_ns;     /* of the element, for each frame */
    struct gst_nnc_rate in, classified;    /* told by the streaming thread */
};

static inline void gst_nnc_count(_Atomic guint64 *counter, guint64 by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

void gst_nnc_stats_reset(struct gst_nnc_stats *stats);

/* The structure "nnc/stats"; `live` may be NULL (nothing is loaded then). */
GstStructure *gst_nnc_stats_to_structure(const struct gst_nnc_stats *stats,
                                         const struct gst_nnc_live_task *live,
                                         guint64 task_id);

G_END_DECLS

#endif
