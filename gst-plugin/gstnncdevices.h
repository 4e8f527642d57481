/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_DEVICES_H
#define GST_NNC_DEVICES_H

#include <gst/gst.h>

/* Registers what the plugin has for cameras: gstnncdevices.c, or, in a build without
 * libv4l2, gstnncdevicesnone.c. */
gboolean gst_nnc_devices_register(GstPlugin *plugin);

#endif
