/* SPDX-License-Identifier: MIT */

/* For builds without GStreamer's analytics library (before 1.24): there are no
 * detections of its kind then. */

#include "gstnnctasksight.h"

guint gst_nnc_task_see_detections(struct gst_nnc_task_rules *rules, GstBuffer *buffer,
                                  gint64 now_ns, guint *n)
{
    return 0;
}
