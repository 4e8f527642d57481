/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CAM_PROVIDER_H
#define GST_NNC_CAM_PROVIDER_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Lists the cameras as GstDevices, and while it is started follows their coming and
 * going: by watching /dev, which works with udev and without it. */
#define GST_TYPE_NNC_CAM_PROVIDER (gst_nnc_cam_provider_get_type())
G_DECLARE_FINAL_TYPE(GstNncCamProvider, gst_nnc_cam_provider, GST, NNC_CAM_PROVIDER,
                     GstDeviceProvider)

GST_DEVICE_PROVIDER_REGISTER_DECLARE(nnccamprovider)

G_END_DECLS

#endif
