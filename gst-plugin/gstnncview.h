/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_VIEW_H
#define GST_NNC_VIEW_H

/* From caps and buffers to the core's pictures. Nothing that a buffer or its metadata say
 * is believed: every plane is checked against the memory that was really mapped. */

#include <gst/video/video.h>
#include <nnc/image.h>

G_BEGIN_DECLS

/* The caps of the pads: every format a camera gives that needs no decoder. */
#define GST_NNC_VIEW_FORMATS                                                             \
    "{ RGB, BGR, RGBx, BGRx, RGBA, BGRA, xRGB, xBGR, ARGB, ABGR, GRAY8, NV12, NV21, "    \
    "I420, YV12, YUY2, UYVY }"
#define GST_NNC_VIEW_MAX_PIXELS (G_GUINT64_CONSTANT(1) << 27)

/* What the caps say, in the words of both worlds. */
struct gst_nnc_geometry {
    GstVideoInfo info;
    enum nnc_pixel_format format;
    enum nnc_color_matrix matrix;
    enum nnc_color_range range;
    gboolean swap_chroma; /* YV12: the planes come as Y, V, U */
};

#define GST_NNC_REASON_SIZE 200

/* Fills `geometry` from `caps`, or says in `reason` what is wrong with them. */
gboolean gst_nnc_geometry_from_caps(const GstCaps *caps,
                                    struct gst_nnc_geometry *geometry,
                                    gchar reason[GST_NNC_REASON_SIZE]);

/* A buffer, mapped for reading, and the picture in it. */
struct gst_nnc_view {
    struct nnc_image image;
    GstBuffer *buffer;
    GstMapInfo map[GST_VIDEO_MAX_PLANES];
    guint n_maps;
};

/* Maps `buffer`. TRUE: gst_nnc_view_close() must follow. FALSE: `reason` says why the
 * buffer is not a frame of this geometry; nothing is mapped. */
gboolean gst_nnc_view_open(struct gst_nnc_view *view,
                           const struct gst_nnc_geometry *geometry, GstBuffer *buffer,
                           gchar reason[GST_NNC_REASON_SIZE]);
void gst_nnc_view_close(struct gst_nnc_view *view);

G_END_DECLS

#endif
