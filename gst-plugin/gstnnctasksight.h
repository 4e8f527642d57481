/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_SIGHT_H
#define GST_NNC_TASK_SIGHT_H

/* What detectors upstream say is on a frame: the labels of its regions. */

#include "gstnnctaskrules.h"

#include <gst/gst.h>

G_BEGIN_DECLS

/* More regions than this of one frame are not looked at, lest a detector gone wild slows
 * the stream. */
#define GST_NNC_TASK_MAX_LABELS 256

/* Applies every rule whose pattern matches a label of `buffer`: of its
 * GstVideoRegionOfInterestMeta and, where the build has them, its GstAnalytics
 * detections. Returns how many labels matched. Threads: single. */
guint gst_nnc_task_see(struct gst_nnc_task_rules *rules, GstBuffer *buffer,
                       gint64 now_ns);

/* For each kind of meta; `*n` counts the labels that were looked at. */
guint gst_nnc_task_see_label(struct gst_nnc_task_rules *rules, const gchar *label,
                             gint64 now_ns, guint *n);

/* In gstnnctaskdetections.c; before GStreamer 1.24, gstnnctaskdetectionsnone.c, which
 * sees nothing. */
guint gst_nnc_task_see_detections(struct gst_nnc_task_rules *rules, GstBuffer *buffer,
                                  gint64 now_ns, guint *n);

G_END_DECLS

#endif
