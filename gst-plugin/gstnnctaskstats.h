/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_STATS_H
#define GST_NNC_TASK_STATS_H

/* What nnctask counts. Each number is atomic by itself, the set of them is no snapshot.
 */

#include <gst/gst.h>

#include <stdatomic.h>

G_BEGIN_DECLS

struct gst_nnc_task_stats {
    _Atomic guint64 frames;
    _Atomic guint64 gaps;
    _Atomic guint64 tasks;
    _Atomic guint64 metas_added;
    _Atomic guint64 metas_kept;
    _Atomic guint64 events_sent;
    _Atomic guint64 labels_matched;
    _Atomic guint64 texts_refused;
    _Atomic guint64 script_line; /* the one that holds; 0 for none */
};

void gst_nnc_task_stats_reset(struct gst_nnc_task_stats *stats);

/* The structure "nnc/task-stats". */
GstStructure *gst_nnc_task_stats_to_structure(const struct gst_nnc_task_stats *stats);

G_END_DECLS

#endif
