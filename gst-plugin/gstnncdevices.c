/* SPDX-License-Identifier: MIT */

#include "gstnncdevices.h"

#include "gstnnccamsrc.h"

gboolean gst_nnc_devices_register(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(nnccamsrc, plugin);
}
