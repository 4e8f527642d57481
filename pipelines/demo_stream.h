/* SPDX-License-Identifier: MIT */
#ifndef DEMO_STREAM_H
#define DEMO_STREAM_H

/* A playing pipeline, appsrc ! nncclassify ! appsink, into which the demo puts one
 * picture at a time and takes it out again with its prediction. It plays from begin to
 * end: tasks are switched under way. */

#include <gst/gst.h>
#include <gstnnc/gstnnc.h>

/* One task of the demo, in the words of the element's properties. */
struct demo_task {
    const char *title;
    const char *cutout;
    const char *attention;
};

struct demo_stream;

struct demo_stream *demo_stream_start(const char *model, GError **error);
void demo_stream_stop(struct demo_stream *stream); /* NULL is fine */

/* Shows one picture (DEMO_SIDE x DEMO_SIDE RGB, borrowed for the call). NULL and `*error`
 * if the pipeline failed. Free with gst_nnc_prediction_unref. */
GstNncPrediction *demo_stream_show(struct demo_stream *stream, const guint8 *pixels,
                                   GError **error);

/* Sets a task while playing, and goes on showing `pixels` until a frame carries the new
 * one. `*n_frames` counts the frames that still had the old one, `*wait_ms` the time. */
gboolean demo_stream_switch(struct demo_stream *stream, const struct demo_task *task,
                            const guint8 *pixels, guint *n_frames, double *wait_ms,
                            GError **error);

#endif
