/* SPDX-License-Identifier: MIT */

/* Stands in for gstnnccamdrm.c before GStreamer 1.24. */

#include "gstnnccamdrm.h"

const gchar *const gst_nnc_cam_drm_template =
    GST_VIDEO_CAPS_MAKE_WITH_FEATURES("memory:DMABuf", GST_NNC_CAM_FORMATS) ";";

gboolean gst_nnc_cam_drm_set_format(GstStructure *structure, const gchar *name)
{
    gst_structure_set(structure, "format", G_TYPE_STRING, name, NULL);
    return TRUE;
}

gboolean gst_nnc_cam_drm_has_format(const GstStructure *structure, const gchar *name)
{
    return g_strcmp0(gst_structure_get_string(structure, "format"), name) == 0;
}
