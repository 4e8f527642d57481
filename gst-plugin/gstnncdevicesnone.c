/* SPDX-License-Identifier: MIT */

#include "gstnncdevices.h"

gboolean gst_nnc_devices_register(GstPlugin *plugin)
{
    return TRUE;
}
