// SPDX-License-Identifier: MIT
/* The pipeline of the demo. Pixels are handed over as read-only memory: the element adds
 * its prediction beside the picture and never writes into it. */

#include "demo_stream.h"

#include "demo_pictures.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

enum { FRAMES_PER_SECOND = 30, PATIENCE_SECONDS = 20 };

struct demo_stream {
    GstElement *pipeline, *classify;
    GstAppSrc *source;
    GstAppSink *sink;
    guint64 n_frames;
    guint64 task_id; /* of the last frame */
};

/* The first error or warning that waits on the bus becomes `*error`; else `otherwise`. */
static void explain(struct demo_stream *stream, const char *otherwise, GError **error)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(stream->pipeline);
    g_autoptr(GstMessage) message =
        gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
    if (!message)
        g_set_error_literal(error, GST_CORE_ERROR, GST_CORE_ERROR_FAILED, otherwise);
    else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, error, NULL);
    else
        gst_message_parse_warning(message, error, NULL);
}

static void set_caps(struct demo_stream *stream)
{
    g_autoptr(GstCaps) caps =
        gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "RGB", "width",
                            G_TYPE_INT, DEMO_SIDE, "height", G_TYPE_INT, DEMO_SIDE,
                            "framerate", GST_TYPE_FRACTION, FRAMES_PER_SECOND, 1, NULL);
    gst_app_src_set_caps(stream->source, caps);
}

struct demo_stream *demo_stream_start(const char *model, GError **error)
{
    /* Fatal errors only: else a line with an unknown element comes back half-made. */
    GstElement *const pipeline = gst_parse_launch_full(
        "appsrc name=source format=time ! nncclassify name=classify top-k=3 "
        "! appsink name=sink sync=false",
        NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
    if (!pipeline)
        return NULL;
    struct demo_stream *const stream = g_new0(struct demo_stream, 1);
    stream->pipeline = pipeline;
    stream->classify = gst_bin_get_by_name(GST_BIN(pipeline), "classify");
    stream->source = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(pipeline), "source"));
    stream->sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(pipeline), "sink"));
    set_caps(stream);
    g_object_set(stream->classify, "model", model, NULL);
    if (gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        explain(stream, "the pipeline does not start", error);
        demo_stream_stop(stream);
        return NULL;
    }
    return stream;
}

void demo_stream_stop(struct demo_stream *stream)
{
    if (!stream)
        return;
    gst_element_set_state(stream->pipeline, GST_STATE_NULL);
    gst_object_unref(stream->source);
    gst_object_unref(stream->sink);
    gst_object_unref(stream->classify);
    gst_object_unref(stream->pipeline);
    g_free(stream);
}

static GstBuffer *wrap(struct demo_stream *stream, const guint8 *pixels)
{
    GstBuffer *const buffer = gst_buffer_new_wrapped_full(
        GST_MEMORY_FLAG_READONLY, (gpointer)pixels, DEMO_PICTURE_BYTES, 0,
        DEMO_PICTURE_BYTES, NULL, NULL);
    GST_BUFFER_DURATION(buffer) = GST_SECOND / FRAMES_PER_SECOND;
    GST_BUFFER_PTS(buffer) = stream->n_frames++ * GST_BUFFER_DURATION(buffer);
    return buffer;
}

GstNncPrediction *demo_stream_show(struct demo_stream *stream, const guint8 *pixels,
                                   GError **error)
{
    if (gst_app_src_push_buffer(stream->source, wrap(stream, pixels)) != GST_FLOW_OK) {
        explain(stream, "the pipeline takes no more pictures", error);
        return NULL;
    }
    g_autoptr(GstSample) sample =
        gst_app_sink_try_pull_sample(stream->sink, PATIENCE_SECONDS * GST_SECOND);
    if (!sample) {
        explain(stream, "the picture did not come out of the pipeline", error);
        return NULL;
    }
    const GstNncPredictionMeta *const meta =
        gst_buffer_get_nnc_prediction_meta(gst_sample_get_buffer(sample));
    if (!meta || !gst_nnc_prediction_get_n_classes(meta->prediction)) {
        explain(stream, "the picture came out without a prediction", error);
        return NULL;
    }
    stream->task_id = gst_nnc_prediction_get_task_id(meta->prediction);
    return gst_nnc_prediction_ref(meta->prediction);
}

/* Cutout alone by its own property; cutout and attention as one change by `task`. */
static void set_task(GstElement *classify, const struct demo_task *task)
{
    if (!*task->attention) {
        g_object_set(classify, "cutout", task->cutout, NULL);
        return;
    }
    g_autoptr(GstStructure) structure = gst_nnc_task_new(task->cutout, task->attention);
    g_object_set(classify, "task", structure, NULL);
}

gboolean demo_stream_switch(struct demo_stream *stream, const struct demo_task *task,
                            const guint8 *pixels, guint *n_frames, double *wait_ms,
                            GError **error)
{
    const guint64 old_id = stream->task_id;
    const gint64 begin = g_get_monotonic_time();
    const gint64 deadline = begin + PATIENCE_SECONDS * G_USEC_PER_SEC;
    set_task(stream->classify, task);
    for (*n_frames = 0; g_get_monotonic_time() < deadline; ++*n_frames) {
        g_autoptr(GstNncPrediction) prediction = demo_stream_show(stream, pixels, error);
        if (!prediction)
            return FALSE;
        if (stream->task_id != old_id) {
            *wait_ms = (double)(g_get_monotonic_time() - begin) / 1e3;
            return TRUE;
        }
    }
    explain(stream, "the task did not change", error);
    return FALSE;
}
