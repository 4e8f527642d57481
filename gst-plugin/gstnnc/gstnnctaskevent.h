/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_EVENT_H
#define GST_NNC_TASK_EVENT_H

#include <gstnnc/gstnncprelude.h>

G_BEGIN_DECLS

GST_NNC_API GstEvent *gst_nnc_task_event_new(const GstStructure *task, gboolean sticky);
GST_NNC_API const GstStructure *gst_nnc_task_event_parse(GstEvent *event);

G_END_DECLS

#endif
