/* SPDX-License-Identifier: MIT */

/* What happens to a frame: whether it is classified at all, by which task, and where the
 * result goes. All of it is the streaming thread's. */

#include "gstnncanalytics.h"
#include "gstnncclassify.h"
#include "gstnncsegment.h"

#include <gstnnc/gstnncmeta.h>

#include <string.h>

static GPtrArray *new_predictions(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)gst_nnc_prediction_unref);
}

void gst_nnc_classify_frames_init(GstNncClassify *self)
{
    gst_nnc_input_settings_init(&self->input);
    gst_nnc_regions_init(&self->regions);
    gst_nnc_classify_async_init(self);
    self->fresh = new_predictions();
    self->last = new_predictions();
    self->taken = new_predictions();
    self->ran.active = g_byte_array_new();
}

void gst_nnc_classify_frames_finish(GstNncClassify *self)
{
    g_byte_array_unref(self->ran.active);
    g_ptr_array_unref(self->taken);
    g_ptr_array_unref(self->last);
    g_ptr_array_unref(self->fresh);
    gst_nnc_classify_async_finish(self);
    gst_nnc_regions_finish(&self->regions);
    gst_nnc_input_settings_finish(&self->input);
}

/* What was said of other pictures does not fit those that come now. */
void gst_nnc_classify_forget_results(GstNncClassify *self)
{
    gst_nnc_async_forget(self->async);
    g_ptr_array_set_size(self->last, 0);
    self->frames_to_skip = 0;
    self->regions.turn = 0;
}

void gst_nnc_classify_forget_stream(GstNncClassify *self)
{
    gst_nnc_classify_forget_results(self);
    atomic_store(&self->earliest_time, GST_CLOCK_TIME_NONE);
    memset(self->seen, 0, sizeof self->seen);
}

void gst_nnc_classify_begin(GstNncClassify *self)
{
    gst_nnc_stats_reset(&self->stats);
    gst_nnc_classify_forget_stream(self);
    self->frame = self->last_frame = 0;
    self->ran.task_id = 0;
    self->latency.told = self->latency.checked_ns = 0;
    atomic_store(&self->latency.answered, 0);
}

/* --- frames --- */

static gboolean is_late(GstNncClassify *self, GstBuffer *buffer)
{
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;
    const GstClockTime earliest = atomic_load(&self->earliest_time);

    if (!atomic_load(&self->settings.qos) || !GST_CLOCK_TIME_IS_VALID(earliest))
        return FALSE;
    const GstClockTime time = gst_nnc_running_time(segment, GST_BUFFER_PTS(buffer));
    return GST_CLOCK_TIME_IS_VALID(time) && time <= earliest;
}

static void sync_controlled(GstNncClassify *self, GstBuffer *buffer)
{
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;
    const GstClockTime time = gst_nnc_stream_time(segment, GST_BUFFER_PTS(buffer));

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

/* --- results --- */

/* The predictions of the newest classified frame, as this frame may have them. */
static void show_last(GstNncClassify *self, const gchar *reason)
{
    const guint age = (guint)MIN(self->frame - self->last_frame, G_MAXUINT);

    for (guint i = 0; i < self->last->len; i++)
        g_ptr_array_add(self->fresh, gst_nnc_prediction_new_held(
                                         g_ptr_array_index(self->last, i), age, reason));
}

static void hold(GstNncClassify *self, const gchar *reason)
{
    if (!atomic_load(&self->input.hold) || !self->last->len)
        return;
    gst_nnc_count(&self->stats.frames_held, 1);
    show_last(self, reason);
}

static void remember(GstNncClassify *self)
{
    g_ptr_array_set_size(self->last, 0);
    for (guint i = 0; i < self->fresh->len; i++)
        g_ptr_array_add(self->last,
                        gst_nnc_prediction_ref(g_ptr_array_index(self->fresh, i)));
    self->last_frame = self->frame;
}

/* What the worker could not run is told, and not held. */
static void drop_refused(GstNncClassify *self)
{
    const guint n = self->last->len;
    GstNncPrediction *const newest = n ? g_ptr_array_index(self->last, n - 1) : NULL;

    if (!newest ||
        gst_nnc_prediction_get_status(newest) != GST_NNC_PREDICTION_STATUS_REFUSED)
        return;
    gst_nnc_classify_warn_refused(self, gst_nnc_prediction_get_reason(newest));
    g_ptr_array_add(self->fresh, gst_nnc_prediction_ref(newest));
    g_ptr_array_set_size(self->last, 0);
}

/* The newest result that no frame had yet goes on this one. */
static void take_finished(GstNncClassify *self)
{
    guint64 frame;

    if (!self->is_async || !gst_nnc_async_take(self->async, self->taken, &frame))
        return;
    GPtrArray *const old = self->last;
    self->last = self->taken;
    self->taken = old;
    self->last_frame = frame;
    g_ptr_array_set_size(self->taken, 0);
    drop_refused(self);
    show_last(self, NULL);
}

static void add_late(GstNncClassify *self, const struct gst_nnc_live_task *live,
                     const gchar *reason, GstBuffer *buffer)
{
    const struct gst_nnc_source source = gst_nnc_classify_source(self, buffer);

    g_ptr_array_add(self->fresh,
                    gst_nnc_result_make_status(live, GST_NNC_PREDICTION_STATUS_LATE,
                                               reason, &source));
}

static void classify(GstNncClassify *self, struct gst_nnc_live_task *live,
                     GstBuffer *buffer)
{
    if (!self->is_async) {
        if (gst_nnc_classify_run(self, live, buffer, self->fresh))
            remember(self);
    } else if (gst_nnc_classify_submit(self, live, buffer, self->fresh) &&
               !self->fresh->len) {
        hold(self, "there is no newer result yet");
    }
}

/* Why this frame is not classified although it is in time; NULL if it is to be. */
static const gchar *why_skipped(GstNncClassify *self, GstBuffer *buffer,
                                gboolean has_own_task)
{
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED) &&
        atomic_load(&self->input.corrupted_frames) == GST_NNC_CORRUPTED_FRAMES_SKIP) {
        gst_nnc_count(&self->stats.frames_corrupted, 1);
        if (self->frames_to_skip) /* it passes, as the interval wants some to */
            self->frames_to_skip--;
        return "the frame is corrupted";
    }
    if (!has_own_task && is_left_out(self)) {
        gst_nnc_count(&self->stats.frames_left_out, 1);
        return "the frame was left out by the interval";
    }
    return NULL;
}

static void predict(GstNncClassify *self, GstBuffer *buffer)
{
    static const gchar late[] = "the frame was late";
    const gchar *reason;
    gboolean from_meta;
    struct gst_nnc_live_task *const live =
        gst_nnc_classify_choose_task(self, buffer, &from_meta);

    take_finished(self);
    if (is_late(self, buffer)) {
        gst_nnc_count(&self->stats.frames_late, 1);
        if (!self->fresh->len)
            hold(self, late);
        if (!self->fresh->len)
            add_late(self, live, late, buffer);
    } else if ((reason = why_skipped(self, buffer, from_meta))) {
        gst_nnc_count(&self->stats.frames_skipped, 1);
        if (!self->fresh->len)
            hold(self, reason);
    } else {
        classify(self, live, buffer);
    }
    gst_nnc_live_task_unref(live);
}

/* --- messages --- */

/* What was last said of the region with this id, else a place to note it in. */
static struct gst_nnc_seen *seen_of(GstNncClassify *self, gint region_id)
{
    for (guint i = 0; i < G_N_ELEMENTS(self->seen); i++)
        if (self->seen[i].anything && self->seen[i].region_id == region_id)
            return &self->seen[i];
    struct gst_nnc_seen *const oldest = &self->seen[self->next_seen];
    self->next_seen = (self->next_seen + 1) % G_N_ELEMENTS(self->seen);
    *oldest = (struct gst_nnc_seen){.anything = FALSE};
    return oldest;
}

static gboolean is_news(GstNncClassify *self, const GstNncPrediction *prediction)
{
    const struct gst_nnc_seen now = {gst_nnc_prediction_get_region_id(prediction),
                                     gst_nnc_prediction_get_class_category(prediction, 0),
                                     gst_nnc_prediction_is_unknown(prediction), TRUE};

    if (gst_nnc_prediction_get_status(prediction) != GST_NNC_PREDICTION_STATUS_CLASSIFIED)
        return FALSE;
    struct gst_nnc_seen *const seen = seen_of(self, now.region_id);
    const struct gst_nnc_seen before = *seen;
    *seen = now;
    return !before.anything || before.category != now.category ||
           before.unknown != now.unknown;
}

static void post_prediction(GstNncClassify *self, const GstNncPrediction *prediction,
                            GstClockTime pts, GstClockTime duration)
{
    const gint when = atomic_load(&self->settings.post_messages);
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;
    const gboolean news = is_news(self, prediction);

    if (when == GST_NNC_POST_MESSAGES_NONE ||
        (when == GST_NNC_POST_MESSAGES_CHANGE && !news))
        return;
    GstStructure *const structure = gst_nnc_prediction_to_structure(prediction);
    gst_structure_set(
        structure, "timestamp", G_TYPE_UINT64, pts, "stream-time", G_TYPE_UINT64,
        gst_nnc_stream_time(segment, pts), "running-time", G_TYPE_UINT64,
        gst_nnc_running_time(segment, pts), "duration", G_TYPE_UINT64, duration, NULL);
    gst_element_post_message(GST_ELEMENT(self),
                             gst_message_new_element(GST_OBJECT(self), structure));
}

static void attach(GstNncClassify *self, GstNncPrediction *prediction, GstBuffer *buffer)
{
    gst_buffer_add_nnc_prediction_meta(buffer, prediction);
    if (gst_nnc_prediction_get_region_id(prediction) < 0)
        gst_nnc_analytics_add(buffer, prediction, NULL);
    post_prediction(self, prediction, GST_BUFFER_PTS(buffer),
                    GST_BUFFER_DURATION(buffer));
}

/* With `async` the last frame's result comes when there is no frame any more. */
static void end_stream(GstNncClassify *self)
{
    gst_nnc_async_drain(self->async);
    self->frame++;
    take_finished(self);
    for (guint i = 0; i < self->fresh->len; i++) {
        const GstNncPrediction *const prediction = g_ptr_array_index(self->fresh, i);
        post_prediction(self, prediction, gst_nnc_prediction_get_source_pts(prediction),
                        GST_CLOCK_TIME_NONE);
    }
    g_ptr_array_set_size(self->fresh, 0);
}

/* The start of a flush comes while frames are under way, on any thread. */
void gst_nnc_classify_handle_event(GstNncClassify *self, GstEventType type)
{
    if (type == GST_EVENT_FLUSH_START) {
        gst_nnc_async_set_flushing(self->async, TRUE);
    } else if (type == GST_EVENT_FLUSH_STOP) {
        gst_nnc_async_set_flushing(self->async, FALSE);
        gst_nnc_classify_forget_stream(self);
    } else if (type == GST_EVENT_EOS && self->is_async) {
        end_stream(self);
    }
}

static void note_times(GstNncClassify *self, GstClockTime start)
{
    struct gst_nnc_stats *const stats = &self->stats;
    const GstClockTime now = gst_util_get_timestamp();

    gst_nnc_histogram_add(&stats->frame_ns, now - start);
    gst_nnc_rate_tell(&stats->in, atomic_load(&stats->frames_in), now);
    gst_nnc_rate_tell(&stats->classified, atomic_load(&stats->frames_classified), now);
    gst_nnc_classify_watch_latency(self, now);
}

GstFlowReturn gst_nnc_classify_transform_ip(GstBaseTransform *base, GstBuffer *buffer)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(base);
    const GstClockTime start = gst_util_get_timestamp();

    gst_nnc_count(&self->stats.frames_in, 1);
    self->frame++;
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) {
        gst_nnc_count(&self->stats.frames_skipped, 1);
        gst_nnc_count(&self->stats.frames_gap, 1);
        return GST_FLOW_OK;
    }
    sync_controlled(self, buffer);
    predict(self, buffer);
    for (guint i = 0; i < self->fresh->len; i++)
        attach(self, g_ptr_array_index(self->fresh, i), buffer);
    g_ptr_array_set_size(self->fresh, 0);
    note_times(self, start);
    return GST_FLOW_OK;
}
