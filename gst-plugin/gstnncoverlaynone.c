/* SPDX-License-Identifier: MIT */

/* In place of nncoverlay where pango or cairo was missing when the plugin was built. */

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(nncoverlay)

gboolean gst_element_register_nncoverlay(GstPlugin *plugin)
{
    GST_INFO("nncoverlay was not built: it needs pangocairo (libpango1.0-dev)");
    return FALSE;
}
