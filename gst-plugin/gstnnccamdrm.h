/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CAM_DRM_H
#define GST_NNC_CAM_DRM_H

/* How caps name a format in memory:DMABuf: until GStreamer 1.22 by `format` as
 * everywhere, from 1.24 on by `drm-format`. What cameras export lies line by line
 * (linear). */

#include <gst/video/video.h>

G_BEGIN_DECLS

/* GStreamer's names of what cameras give. */
#define GST_NNC_CAM_FORMATS                                                              \
    "{ YUY2, UYVY, YVYU, VYUY, NV12, NV21, NV16, NV61, NV24, I420, YV12, Y42B, RGB, "    \
    "BGR, RGBx, RGBA, BGRx, BGRA, xRGB, ARGB, xBGR, ABGR, GRAY8, GRAY16_LE }"

/* All of them: a part of the pad template, ended by ";". */
extern const gchar *const gst_nnc_cam_drm_template;

/* Puts GStreamer's format `name` into caps of memory:DMABuf. FALSE if it cannot be
 * said. */
gboolean gst_nnc_cam_drm_set_format(GstStructure *structure, const gchar *name);

/* Whether caps of memory:DMABuf say the format `name`. */
gboolean gst_nnc_cam_drm_has_format(const GstStructure *structure, const gchar *name);

G_END_DECLS

#endif
