/* SPDX-License-Identifier: MIT */

/* Cameras go away: unplugged, reset, starved of bandwidth, or just silent. The stream
 * then waits, sends black frames or ends, as `on-loss` says, and looks for the camera
 * with growing pauses. Nothing here sleeps where a state change could not wake it. */

#include "gstnnccamsrc.h"

/* Before the first frame these tell of a wrong setting rather than of an accident. */
static gboolean is_final(GstNncCamSrc *self, enum nnc_camera_trouble trouble)
{
    return !self->has_played &&
           (trouble == NNC_CAMERA_ABSENT || trouble == NNC_CAMERA_DENIED ||
            trouble == NNC_CAMERA_BUSY || trouble == NNC_CAMERA_UNFIT ||
            trouble == NNC_CAMERA_UNSUPPORTED);
}

static gint on_loss(GstNncCamSrc *self)
{
    return atomic_load(&self->settings.on_loss);
}

GstFlowReturn gst_nnc_cam_src_lose(GstNncCamSrc *self,
                                   const struct nnc_camera_error *error)
{
    gst_nnc_cam_src_close(self);
    if (on_loss(self) == GST_NNC_CAM_ON_LOSS_ERROR || is_final(self, error->trouble)) {
        gst_nnc_cam_post_error(self, GST_MESSAGE_ERROR, error);
        return GST_FLOW_ERROR;
    }
    self->next_try_ns =
        gst_nnc_cam_now() + nnc_camera_backoff_next(&self->backoff) * GST_MSECOND;
    if (self->is_lost) { /* told already */
        GST_INFO_OBJECT(self, "still lost: %s", error->message);
        return GST_FLOW_CUSTOM_SUCCESS;
    }
    self->is_lost = TRUE;
    self->has_twin = nnc_camera_has_twin(&nnc_v4l2_kernel, &self->identity);
    self->lost_since_ns = gst_nnc_cam_now();
    gst_nnc_count(&self->stats.losses, 1);
    gst_nnc_cam_post(self, "lost", error->message, "device", G_TYPE_STRING,
                     self->camera.path, "trouble", G_TYPE_STRING,
                     nnc_camera_trouble_name(error->trouble), "errno", G_TYPE_INT,
                     error->number, NULL);
    gst_nnc_cam_post_error(self, GST_MESSAGE_WARNING, error);
    return GST_FLOW_CUSTOM_SUCCESS;
}

/* --- waiting --- */

static gboolean sends_black(GstNncCamSrc *self)
{
    return self->is_lost && on_loss(self) == GST_NNC_CAM_ON_LOSS_BLACK &&
           self->mode.format && self->mode.format->medium == NNC_CAMERA_RAW;
}

static gint64 frame_ms(GstNncCamSrc *self)
{
    const guint64 frame_ns = atomic_load(&self->frame_ns);

    return frame_ns ? MAX(1, (gint64)(frame_ns / GST_MSECOND)) : 33;
}

/* Slow cameras get the time of four frames, whatever the property says. */
static gint64 stall_ms(GstNncCamSrc *self)
{
    const gint64 set = atomic_load(&self->settings.stall_timeout_ms);

    return set ? MAX(set, 4 * frame_ms(self)) : 0;
}

static gint64 since_frame_ms(GstNncCamSrc *self)
{
    return (gint64)((gst_nnc_cam_now() - self->last_frame_ns) / GST_MSECOND);
}

gint gst_nnc_cam_src_patience(GstNncCamSrc *self)
{
    const gint64 stall = stall_ms(self);

    if (sends_black(self))
        return (gint)frame_ms(self);
    return stall ? (gint)CLAMP(stall - since_frame_ms(self), 0, G_MAXINT) : -1;
}

/* A driver whose buffers are all being read does not stall: it waits, too. */
static void excuse_waiting(GstNncCamSrc *self)
{
    if (self->stream && !nnc_camera_stream_n_queued(self->stream))
        self->last_frame_ns = gst_nnc_cam_now();
}

GstFlowReturn gst_nnc_cam_src_check_stall(GstNncCamSrc *self, GstBuffer **buffer)
{
    const gint64 stall = stall_ms(self);
    struct nnc_camera_error error;

    excuse_waiting(self);
    if (stall && since_frame_ms(self) >= stall) {
        if (!self->is_lost)
            gst_nnc_count(&self->stats.stalls, 1);
        nnc_camera_fail(&error, NNC_CAMERA_LOST,
                        "%s: no frame for %" G_GINT64_FORMAT " ms (stall-timeout)",
                        self->camera.path, stall);
        return gst_nnc_cam_src_lose(self, &error);
    }
    if (!sends_black(self))
        return GST_FLOW_CUSTOM_SUCCESS;
    *buffer = gst_nnc_cam_src_make_black(self);
    return *buffer ? GST_FLOW_OK : GST_FLOW_CUSTOM_SUCCESS;
}

/* --- coming back --- */

/* Where it was, or wherever it is now. */
static enum nnc_camera_trouble open_again(GstNncCamSrc *self,
                                          struct nnc_camera_error *error)
{
    gchar path[NNC_CAMERA_PATH_SIZE];
    enum nnc_camera_trouble trouble = nnc_camera_find_again(
        &nnc_v4l2_kernel, &self->identity, self->has_twin, path, error);

    if (!trouble)
        trouble = gst_nnc_cam_src_open(self, path, error);
    if (!trouble)
        self->identity = self->camera.identity;
    return trouble;
}

static enum nnc_camera_trouble bring_back(GstNncCamSrc *self,
                                          struct nnc_camera_error *error)
{
    const enum nnc_camera_trouble trouble =
        self->camera.fd < 0 ? open_again(self, error) : NNC_CAMERA_OK;

    return trouble ? trouble : gst_nnc_cam_src_stream(self, error);
}

GstFlowReturn gst_nnc_cam_src_revive(GstNncCamSrc *self, GstBuffer **buffer)
{
    const guint64 now = gst_nnc_cam_now();
    struct nnc_camera_error error;

    if (self->is_lost && now < self->next_try_ns) {
        const gint64 left = (gint64)((self->next_try_ns - now) / GST_MSECOND) + 1;
        gst_nnc_cam_src_wait(
            self, -1, (gint)(sends_black(self) ? MIN(left, frame_ms(self)) : left));
        if (sends_black(self) && !atomic_load(&self->flushing))
            *buffer = gst_nnc_cam_src_make_black(self);
        return *buffer ? GST_FLOW_OK : GST_FLOW_CUSTOM_SUCCESS;
    }
    const enum nnc_camera_trouble trouble = bring_back(self, &error);
    if (!trouble)
        return GST_FLOW_OK;
    if (trouble == NNC_CAMERA_UNSUPPORTED && self->has_played && self->camera.fd >= 0) {
        self->is_stale = TRUE; /* back, but not as it was */
        return GST_FLOW_CUSTOM_SUCCESS;
    }
    return gst_nnc_cam_src_lose(self, &error);
}
