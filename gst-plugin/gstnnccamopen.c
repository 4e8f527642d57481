/* SPDX-License-Identifier: MIT */

/* From a closed node to a running stream and back. */

#include "gstnnccamsrc.h"

#include "gstnnccamcaps.h"

#define LEAST_BUFFERS 4

static void publish(GstNncCamSrc *self)
{
    struct gst_nnc_cam_settings *const settings = &self->settings;
    GstCaps *const caps = gst_nnc_cam_caps_from_offers(
        &self->offers, atomic_load(&settings->io_mode) == GST_NNC_CAM_IO_MODE_AUTO);

    pthread_mutex_lock(&settings->lock);
    gst_caps_take(&settings->caps, caps);
    g_free(settings->path);
    settings->path = g_strdup(self->camera.path);
    pthread_mutex_unlock(&settings->lock);
}

enum nnc_camera_trouble gst_nnc_cam_src_refresh(GstNncCamSrc *self,
                                                struct nnc_camera_error *error)
{
    struct nnc_camera_offers offers = {.rows = NULL};
    const enum nnc_camera_trouble trouble =
        nnc_camera_modes_read_all(&self->camera, &nnc_v4l2_converter, &offers, error);

    if (trouble) {
        nnc_camera_offers_clear(&offers);
        return trouble;
    }
    nnc_camera_offers_clear(&self->offers);
    self->offers = offers;
    publish(self);
    return NNC_CAMERA_OK;
}

enum nnc_camera_trouble gst_nnc_cam_src_open(GstNncCamSrc *self, const gchar *path,
                                             struct nnc_camera_error *error)
{
    enum nnc_camera_trouble trouble =
        nnc_camera_open(&self->camera, &nnc_v4l2_kernel, path, error);

    if (!trouble)
        trouble = gst_nnc_cam_src_refresh(self, error);
    if (trouble) {
        nnc_camera_close(&self->camera);
        return trouble;
    }
    gst_nnc_cam_src_subscribe(self);
    gst_nnc_cam_src_apply_settings(self, TRUE);
    return NNC_CAMERA_OK;
}

/* The converter needs a descriptor that it has opened itself. */
static enum nnc_camera_trouble choose_ops(GstNncCamSrc *self,
                                          struct nnc_camera_error *error)
{
    const struct nnc_v4l2_ops *const ops =
        self->mode.converted ? &nnc_v4l2_converter : &nnc_v4l2_kernel;
    gchar path[NNC_CAMERA_PATH_SIZE];

    if (self->camera.ops == ops)
        return NNC_CAMERA_OK;
    g_strlcpy(path, self->camera.path, sizeof path);
    nnc_camera_close(&self->camera);
    const enum nnc_camera_trouble trouble =
        nnc_camera_open(&self->camera, ops, path, error);
    if (!trouble)
        gst_nnc_cam_src_subscribe(self);
    return trouble;
}

/* Caps of memory:DMABuf are there only where downstream takes nothing else. */
static enum nnc_camera_trouble check_export(GstNncCamSrc *self,
                                            struct nnc_camera_error *error)
{
    if (!self->owes_dmabuf || nnc_camera_stream_has_dmabuf(self->stream))
        return NNC_CAMERA_OK;
    g_clear_pointer(&self->stream, nnc_camera_stream_stop);
    return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                           "%s (%s) cannot share its buffers as memory:DMABuf, and "
                           "downstream takes nothing else: put 'videoconvert' behind it",
                           self->camera.path, self->camera.identity.card);
}

enum nnc_camera_trouble gst_nnc_cam_src_stream(GstNncCamSrc *self,
                                               struct nnc_camera_error *error)
{
    const struct nnc_camera_stream_options options = {
        .n_buffers = CLAMP(self->n_wanted_buffers, LEAST_BUFFERS, NNC_CAMERA_MAX_SLOTS),
        .dmabuf = self->wants_dmabuf && !self->mode.converted};
    enum nnc_camera_trouble trouble = choose_ops(self, error);

    if (!trouble)
        trouble = nnc_camera_stream_start(&self->camera, &self->mode, &options,
                                          &self->stream, error);
    if (!trouble)
        trouble = check_export(self, error);
    if (trouble)
        return trouble;
    gst_nnc_cam_lender_open(&self->lender, self->stream, &self->mode);
    atomic_store(&self->stats.buffers, nnc_camera_stream_n_slots(self->stream));
    self->sequence = (struct nnc_camera_sequence){.known = false};
    self->last_frame_ns = gst_nnc_cam_now();
    self->n_stranded = 0;
    self->discont = TRUE;
    return NNC_CAMERA_OK;
}

void gst_nnc_cam_src_halt(GstNncCamSrc *self)
{
    gst_nnc_cam_lender_close(&self->lender);
    g_clear_pointer(&self->stream, nnc_camera_stream_stop);
}

void gst_nnc_cam_src_close(GstNncCamSrc *self)
{
    gst_nnc_cam_src_halt(self);
    nnc_camera_close(&self->camera);
}
