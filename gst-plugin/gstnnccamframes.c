/* SPDX-License-Identifier: MIT */

/* From a frame of the driver to a buffer of the stream: lent or copied, timed, counted
 * and marked. */

#include "gstnnccamsrc.h"

#include "gstnnccampicture.h"

/* A timestamp older than this is no timestamp. */
#define OLDEST_NS (10 * GST_SECOND)
/* Nor is one of the future, except that drivers may name the end of an exposure before it
 * has come. */
#define FUTURE_NS (40 * GST_MSECOND)

/* The time of a frame, or of now where the driver's is of no use. NONE: it is of the
 * past, from before a pause. */
static GstClockTime time_frame(GstNncCamSrc *self, const struct nnc_camera_frame *frame)
{
    const guint64 now = gst_nnc_cam_now();
    guint64 time_ns = frame->time_ns;

    if (!time_ns || time_ns > now + FUTURE_NS || time_ns + OLDEST_NS < now) {
        time_ns = now;
        gst_nnc_count(&self->stats.retimed, 1);
    }
    const GstClockTime pts = gst_nnc_cam_src_running_time(self, time_ns);
    const gboolean forward =
        !GST_CLOCK_TIME_IS_VALID(self->last_pts) || pts > self->last_pts;
    return forward ? pts : GST_CLOCK_TIME_NONE;
}

/* Frames are lent as long as the driver keeps two buffers to fill, or one of a few. */
static gboolean must_copy(GstNncCamSrc *self)
{
    const guint n_slots = nnc_camera_stream_n_slots(self->stream);
    const guint least = n_slots > 3 ? 2 : 1;

    if (self->owes_dmabuf) /* the driver waits, and drops frames, which are counted */
        return FALSE;
    if (nnc_camera_stream_n_queued(self->stream) < least)
        return TRUE;
    return !self->takes_video_meta && !gst_nnc_cam_lender_is_usual(&self->lender);
}

static void count_frame(GstNncCamSrc *self, const struct nnc_camera_frame *frame,
                        guint32 n_lost, gboolean copy)
{
    struct gst_nnc_cam_stats *const stats = &self->stats;
    const guint n_stranded = nnc_camera_stream_n_stranded(self->stream);

    gst_nnc_count(&stats->frames, 1);
    gst_nnc_count(&stats->lost, n_lost);
    gst_nnc_count(&stats->corrupted, frame->corrupted);
    gst_nnc_count(&stats->short_frames, frame->is_short);
    gst_nnc_count(&stats->copies, copy);
    gst_nnc_count(&stats->requeue_errors, n_stranded - self->n_stranded);
    self->n_stranded = n_stranded;
}

static void mark_buffer(GstNncCamSrc *self, GstBuffer *buffer,
                        const struct nnc_camera_frame *frame, GstClockTime pts)
{
    const GstClockTime frame_ns = atomic_load(&self->frame_ns);

    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = frame_ns ? frame_ns : GST_CLOCK_TIME_NONE;
    GST_BUFFER_OFFSET(buffer) = frame->sequence;
    GST_BUFFER_OFFSET_END(buffer) = (guint64)frame->sequence + 1;
    gst_nnc_cam_picture_mark(buffer, frame->field, self->mode.height);
    if (frame->corrupted)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
    if (self->discont)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    self->discont = FALSE;
    self->last_pts = pts;
}

static void welcome_back(GstNncCamSrc *self)
{
    const guint64 away_ns = gst_nnc_cam_now() - self->lost_since_ns;
    g_autofree gchar *text = NULL;

    if (!self->is_lost)
        return;
    self->is_lost = FALSE;
    gst_nnc_count(&self->stats.reopens, 1);
    text = g_strdup_printf("%s (%s) is back after %.1f s", self->camera.path,
                           self->camera.identity.card, (gdouble)away_ns / GST_SECOND);
    gst_nnc_cam_post(self, "back", text, "device", G_TYPE_STRING, self->camera.path,
                     "away-ns", G_TYPE_UINT64, away_ns, NULL);
}

/* A frame that cannot be sent: from before a pause, or compressed and empty. */
static GstFlowReturn drop(const struct nnc_camera_frame *frame)
{
    nnc_camera_slot_release(frame->slot);
    return GST_FLOW_CUSTOM_SUCCESS;
}

static GstFlowReturn send(GstNncCamSrc *self, const struct nnc_camera_frame *frame,
                          GstBuffer **buffer)
{
    const guint32 n_lost = nnc_camera_sequence_next(&self->sequence, frame->sequence);
    const GstClockTime pts = time_frame(self, frame);

    self->last_frame_ns = gst_nnc_cam_now();
    self->backoff = (struct nnc_camera_backoff){0};
    self->discont |= n_lost > 0;
    if (!frame->piece[0].used && self->mode.format->medium != NNC_CAMERA_RAW) {
        gst_nnc_count(&self->stats.short_frames, 1);
        return drop(frame);
    }
    if (!GST_CLOCK_TIME_IS_VALID(pts))
        return drop(frame);
    welcome_back(self);
    self->has_played = TRUE;
    const gboolean copy = must_copy(self);
    count_frame(self, frame, n_lost, copy);
    *buffer = copy ? gst_nnc_cam_lender_copy(&self->lender, frame)
                   : gst_nnc_cam_lender_lend(&self->lender, frame);
    mark_buffer(self, *buffer, frame, pts);
    return GST_FLOW_OK;
}

GstFlowReturn gst_nnc_cam_src_take(GstNncCamSrc *self, gint events, GstBuffer **buffer)
{
    struct nnc_camera_error error;
    struct nnc_camera_frame frame;
    const enum nnc_camera_trouble trouble =
        nnc_camera_stream_take(self->stream, &frame, &error);

    if (!trouble)
        return send(self, &frame, buffer);
    if (trouble != NNC_CAMERA_AGAIN)
        return gst_nnc_cam_src_lose(self, &error);
    if (events & (POLLERR | POLLHUP)) {
        nnc_camera_fail(&error, NNC_CAMERA_LOST, "%s: its driver has stopped the stream",
                        self->camera.path);
        return gst_nnc_cam_src_lose(self, &error);
    }
    gst_nnc_cam_src_wait(self, -1, 1); /* "ready" was not true: do not spin */
    return GST_FLOW_CUSTOM_SUCCESS;
}
