/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TRACER_H
#define GST_NNC_TRACER_H

/* The tracer `nnc`: with GST_TRACERS=nnc GST_DEBUG=GST_TRACER:7 every run of a network
 * leaves a record in GStreamer's log, for the tools that read such logs. */

#include <gst/gst.h>
#include <gstnnc/gstnncprediction.h>

G_BEGIN_DECLS

gboolean gst_nnc_tracer_register(GstPlugin *plugin);

/* Any thread. Leaves a record, if somebody asked for the tracer; else it costs a look. */
void gst_nnc_trace(GstElement *element, const GstNncPrediction *prediction);

G_END_DECLS

#endif
