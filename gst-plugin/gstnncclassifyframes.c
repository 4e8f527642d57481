/* SPDX-License-Identifier: MIT */

/* What happens to a frame: whether it is classified at all, by which task, and where the
 * result goes. All of it is the streaming thread's. */

#include "gstnncclassify.h"

#include <gstnnc/gstnncmeta.h>

void gst_nnc_classify_forget_stream(GstNncClassify *self)
{
    atomic_store(&self->earliest_time, GST_CLOCK_TIME_NONE);
    self->frames_to_skip = 0;
    self->seen = (struct gst_nnc_seen){.anything = FALSE};
}

/* --- frames --- */

static gboolean is_late(GstNncClassify *self, GstBuffer *buffer)
{
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;
    const GstClockTime earliest = atomic_load(&self->earliest_time);

    if (!atomic_load(&self->settings.qos) || !GST_CLOCK_TIME_IS_VALID(earliest) ||
        segment->format != GST_FORMAT_TIME)
        return FALSE;
    const GstClockTime time =
        gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    return GST_CLOCK_TIME_IS_VALID(time) && time <= earliest;
}

static void sync_controlled(GstNncClassify *self, GstBuffer *buffer)
{
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;
    const GstClockTime time =
        gst_segment_to_stream_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));

    if (GST_CLOCK_TIME_IS_VALID(time))
        gst_nnc_classify_sync(self, time);
}

static gboolean is_left_out(GstNncClassify *self)
{
    const guint interval = atomic_load(&self->settings.interval);

    if (self->frames_to_skip > interval)
        self->frames_to_skip = interval;
    if (self->frames_to_skip) {
        self->frames_to_skip--;
        return TRUE;
    }
    self->frames_to_skip = interval;
    return FALSE;
}

static GstNncPrediction *refuse_frame(GstNncClassify *self,
                                      const struct gst_nnc_live_task *live,
                                      const gchar *reason)
{
    struct nnc_error error;

    gst_nnc_count(&self->stats.frames_refused, 1);
    gst_nnc_error_set(&error, NNC_BAD_IMAGE, "frame refused: %s", reason);
    if (gst_nnc_limiter_allows(&self->frame_warnings, 1))
        gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, &error);
    return gst_nnc_result_make_status(live, GST_NNC_PREDICTION_STATUS_REFUSED, reason,
                                      self->name);
}

static GstNncPrediction *make_prediction(GstNncClassify *self,
                                         const struct gst_nnc_live_task *live,
                                         const struct nnc_scores *scores,
                                         GstBuffer *buffer)
{
    const struct gst_nnc_choice choice = {atomic_load(&self->settings.top_k),
                                          atomic_load(&self->settings.threshold)};

    gst_nnc_count(&self->stats.frames_classified, 1);
    gst_nnc_count(&self->stats.inference_ns_total, scores->run_ns);
    atomic_store(&self->stats.inference_ns_last, scores->run_ns);
    return gst_nnc_result_make(&live->engine->result, live, scores, &choice, self->name,
                               GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED));
}

static GstNncPrediction *classify(GstNncClassify *self,
                                  const struct gst_nnc_live_task *live, GstBuffer *buffer)
{
    gchar reason[GST_NNC_REASON_SIZE];
    struct gst_nnc_view view;
    struct nnc_scores scores;
    struct nnc_error error;

    if (!gst_nnc_view_open(&view, &self->geometry, buffer, reason))
        return refuse_frame(self, live, reason);
    const enum nnc_status status =
        nnc_session_run_image(live->engine->session, live->task, &view.image, &scores, &error);
    gst_nnc_view_close(&view);
    if (status)
        return refuse_frame(self, live, error.message);
    return make_prediction(self, live, &scores, buffer);
}

static GstNncPrediction *predict(GstNncClassify *self, GstBuffer *buffer)
{
    gboolean from_meta;
    struct gst_nnc_live_task *const live = gst_nnc_classify_choose_task(self, buffer, &from_meta);
    GstNncPrediction *prediction = NULL;

    if (is_late(self, buffer)) {
        gst_nnc_count(&self->stats.frames_late, 1);
        prediction = gst_nnc_result_make_status(live, GST_NNC_PREDICTION_STATUS_LATE,
                                                "the frame was late", self->name);
    } else if (!from_meta && is_left_out(self)) {
        gst_nnc_count(&self->stats.frames_skipped, 1);
    } else {
        prediction = classify(self, live, buffer);
    }
    gst_nnc_live_task_unref(live);
    return prediction;
}

/* --- messages --- */

static gboolean is_news(GstNncClassify *self, const GstNncPrediction *prediction)
{
    const struct gst_nnc_seen now = {gst_nnc_prediction_get_class_category(prediction, 0),
                                     gst_nnc_prediction_is_unknown(prediction), TRUE};
    const struct gst_nnc_seen before = self->seen;

    if (gst_nnc_prediction_get_status(prediction) != GST_NNC_PREDICTION_STATUS_CLASSIFIED)
        return FALSE;
    self->seen = now;
    return !before.anything || before.category != now.category ||
           before.unknown != now.unknown;
}

static void post_prediction(GstNncClassify *self, const GstNncPrediction *prediction,
                            GstBuffer *buffer)
{
    const gint when = atomic_load(&self->settings.post_messages);
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;
    const GstClockTime pts = GST_BUFFER_PTS(buffer);
    const gboolean news = is_news(self, prediction);

    if (when == GST_NNC_POST_MESSAGES_NONE ||
        (when == GST_NNC_POST_MESSAGES_CHANGE && !news))
        return;
    GstStructure *const structure = gst_nnc_prediction_to_structure(prediction);
    gst_structure_set(
        structure, "timestamp", G_TYPE_UINT64, pts, "stream-time", G_TYPE_UINT64,
        gst_segment_to_stream_time(segment, GST_FORMAT_TIME, pts), "running-time",
        G_TYPE_UINT64, gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts),
        "duration", G_TYPE_UINT64, GST_BUFFER_DURATION(buffer), NULL);
    gst_element_post_message(GST_ELEMENT(self),
                             gst_message_new_element(GST_OBJECT(self), structure));
}

GstFlowReturn gst_nnc_classify_transform_ip(GstBaseTransform *base, GstBuffer *buffer)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(base);

    gst_nnc_count(&self->stats.frames_in, 1);
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) {
        gst_nnc_count(&self->stats.frames_skipped, 1);
        return GST_FLOW_OK;
    }
    sync_controlled(self, buffer);
    g_autoptr(GstNncPrediction) prediction = predict(self, buffer);
    if (!prediction)
        return GST_FLOW_OK;
    gst_buffer_add_nnc_prediction_meta(buffer, prediction);
    post_prediction(self, prediction, buffer);
    return GST_FLOW_OK;
}
