/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CAM_CAPS_H
#define GST_NNC_CAM_CAPS_H

/* Between what cameras offer and caps: the one place that knows both. */

#include "camera/camera_choice.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Everything a camera can be: the pad template. (transfer full) */
GstCaps *gst_nnc_cam_caps_template(void);

/* Caps of what is offered: first in ordinary memory, then, if `dmabuf`, the same as
 * memory:DMABuf. Converted offers come last. (transfer full) */
GstCaps *gst_nnc_cam_caps_from_offers(const struct nnc_camera_offers *offers,
                                      gboolean dmabuf);

/* The reverse, for caps that a peer has narrowed: what is left of `from`. Only caps in
 * ordinary memory are looked at, or if `dmabuf` only the others. Appends to `offers`. */
void gst_nnc_cam_caps_to_offers(const GstCaps *caps, const struct nnc_camera_offers *from,
                                gboolean dmabuf, struct nnc_camera_offers *offers);

/* Fixed caps of one mode, as the driver has set it. (transfer full) */
GstCaps *gst_nnc_cam_caps_from_mode(const struct nnc_camera_mode *mode,
                                    const struct nnc_camera_setting *setting,
                                    gboolean dmabuf);

G_END_DECLS

#endif
