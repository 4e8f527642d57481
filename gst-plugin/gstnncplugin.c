/* SPDX-License-Identifier: MIT */

/* The plugin `nnc`: what gst-inspect-1.0 nnc lists. */

#include "gstnncclassify.h"
#include "gstnncdevices.h"
#include "gstnncjsonelement.h"
#include "gstnnctaskinject.h"
#include "gstnnctracer.h"

GST_ELEMENT_REGISTER_DECLARE(nncoverlay) /* its header needs pango */

static gboolean init_plugin(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(nncclassify, plugin) |
           GST_ELEMENT_REGISTER(nncjson, plugin) |
           GST_ELEMENT_REGISTER(nncoverlay, plugin) |
           GST_ELEMENT_REGISTER(nnctask, plugin) | gst_nnc_devices_register(plugin) |
           gst_nnc_tracer_register(plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nnc,
                  "Nested networks that can be cut down and attended while they play",
                  init_plugin, VERSION, "MIT/X11", PACKAGE, "nnc")
