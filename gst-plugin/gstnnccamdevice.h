/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CAM_DEVICE_H
#define GST_NNC_CAM_DEVICE_H

/* A camera in the list of GStreamer's devices. */

#include "camera/camera_find.h"

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_NNC_CAM_DEVICE (gst_nnc_cam_device_get_type())
G_DECLARE_FINAL_TYPE(GstNncCamDevice, gst_nnc_cam_device, GST, NNC_CAM_DEVICE, GstDevice)

/* Opens the camera for a moment to see what it offers; NULL if that fails. (transfer
 * floating) */
GstDevice *gst_nnc_cam_device_new(const struct nnc_camera_entry *entry);

const struct nnc_camera_entry *gst_nnc_cam_device_get_entry(GstNncCamDevice *device);

G_END_DECLS

#endif
