/* SPDX-License-Identifier: MIT */

/* GStreamer 1.24 and later. */

#include "gstnnccamdrm.h"

#define LINEAR 0

const gchar *const gst_nnc_cam_drm_template = GST_VIDEO_DMA_DRM_CAPS_MAKE ";";

/* (transfer full); NULL if DRM has no such format. */
static gchar *drm_name(const gchar *name)
{
    const guint32 fourcc =
        gst_video_dma_drm_fourcc_from_format(gst_video_format_from_string(name));

    return fourcc ? gst_video_dma_drm_fourcc_to_string(fourcc, LINEAR) : NULL;
}

gboolean gst_nnc_cam_drm_set_format(GstStructure *structure, const gchar *name)
{
    g_autofree gchar *drm = drm_name(name);

    if (drm)
        gst_structure_set(structure, "format", G_TYPE_STRING, "DMA_DRM", "drm-format",
                          G_TYPE_STRING, drm, NULL);
    return drm != NULL;
}

gboolean gst_nnc_cam_drm_has_format(const GstStructure *structure, const gchar *name)
{
    g_autofree gchar *drm = drm_name(name);

    return drm && g_strcmp0(gst_structure_get_string(structure, "drm-format"), drm) == 0;
}
