/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CAM_PICTURE_H
#define GST_NNC_CAM_PICTURE_H

/* What V4L2 says of a picture's colours and lines, in GStreamer's words. */

#include "camera/camera_modes.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Adds colorimetry, interlace-mode and pixel-aspect-ratio to the caps of a raw format. No
 * colorimetry where the driver names no colour space that GStreamer knows. */
void gst_nnc_cam_picture_describe(const struct nnc_camera_setting *setting,
                                  const struct nnc_camera_format *format,
                                  GstStructure *structure);

/* Sets the flags for a frame whose V4L2_FIELD_... is `field`; `height` is the
 * picture's. */
void gst_nnc_cam_picture_mark(GstBuffer *buffer, guint32 field, guint height);

G_END_DECLS

#endif
