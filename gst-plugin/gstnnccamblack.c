/* SPDX-License-Identifier: MIT */

/* A black frame in any raw format: packed, as GStreamer's own converters do it, from a
 * row of black in the format that the packer takes. */

#include "gstnnccamsrc.h"

static void fill_row(guint8 *row, const GstVideoInfo *info, GstVideoFormat packer_format)
{
    const gboolean full = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
    const gboolean yuv = packer_format == GST_VIDEO_FORMAT_AYUV;
    const guint8 pixel[] = {255, yuv && !full ? 16 : 0, yuv ? 128 : 0, yuv ? 128 : 0};

    for (gint x = 0; x < GST_VIDEO_INFO_WIDTH(info); x++)
        memcpy(row + x * 4, pixel, sizeof pixel);
}

/* Formats of 16 bits a sample have packers of their own; zero is near enough to black. */
static void fill(GstVideoFrame *frame)
{
    const GstVideoFormatInfo *const format = frame->info.finfo;
    const GstVideoFormat packer = format->unpack_format;

    if (packer != GST_VIDEO_FORMAT_AYUV && packer != GST_VIDEO_FORMAT_ARGB) {
        memset(frame->data[0], 0, GST_VIDEO_FRAME_SIZE(frame));
        return;
    }
    g_autofree guint8 *row = g_malloc((gsize)GST_VIDEO_FRAME_WIDTH(frame) * 4);
    fill_row(row, &frame->info, packer);
    for (gint y = 0; y < GST_VIDEO_FRAME_HEIGHT(frame); y += format->pack_lines)
        format->pack_func(format, GST_VIDEO_PACK_FLAG_NONE, row, 0, frame->data,
                          frame->info.stride, GST_VIDEO_CHROMA_SITE_UNKNOWN, y,
                          GST_VIDEO_FRAME_WIDTH(frame));
}

static GstBuffer *make(GstNncCamSrc *self)
{
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(GST_BASE_SRC_PAD(self));
    GstVideoFrame frame;
    GstVideoInfo info;

    if (!caps || self->owes_dmabuf || !gst_video_info_from_caps(&info, caps))
        return NULL;
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(&info), NULL);
    if (gst_video_frame_map(&frame, &info, buffer, GST_MAP_WRITE)) {
        fill(&frame);
        gst_video_frame_unmap(&frame);
    } else {
        gst_clear_buffer(&buffer);
    }
    return buffer;
}

GstBuffer *gst_nnc_cam_src_make_black(GstNncCamSrc *self)
{
    const GstClockTime pts = gst_nnc_cam_src_running_time(self, gst_nnc_cam_now());

    if (!self->black)
        self->black = make(self);
    if (!self->black || !GST_CLOCK_TIME_IS_VALID(pts))
        return NULL;
    GstBuffer *const buffer = gst_buffer_copy(self->black);
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = atomic_load(&self->frame_ns);
    /* Nobody need look at it: classifiers pass gaps on without a prediction. */
    GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_GAP);
    self->last_pts = pts;
    gst_nnc_count(&self->stats.black, 1);
    return buffer;
}
