/* SPDX-License-Identifier: MIT */

#include "gstnncdevices.h"

#include "gstnnccamprovider.h"
#include "gstnnccamsrc.h"

gboolean gst_nnc_devices_register(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(nnccamsrc, plugin) |
           GST_DEVICE_PROVIDER_REGISTER(nnccamprovider, plugin);
}
