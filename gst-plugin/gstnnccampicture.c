/* SPDX-License-Identifier: MIT */

#include "gstnnccampicture.h"

#include <linux/videodev2.h>

/* --- colours --- */

static const struct {
    guint32 colorspace;
    GstVideoColorPrimaries primaries;
} spaces[] = {
    {V4L2_COLORSPACE_SMPTE170M, GST_VIDEO_COLOR_PRIMARIES_SMPTE170M},
    {V4L2_COLORSPACE_SMPTE240M, GST_VIDEO_COLOR_PRIMARIES_SMPTE240M},
    {V4L2_COLORSPACE_REC709, GST_VIDEO_COLOR_PRIMARIES_BT709},
    {V4L2_COLORSPACE_470_SYSTEM_M, GST_VIDEO_COLOR_PRIMARIES_BT470M},
    {V4L2_COLORSPACE_470_SYSTEM_BG, GST_VIDEO_COLOR_PRIMARIES_BT470BG},
    {V4L2_COLORSPACE_JPEG, GST_VIDEO_COLOR_PRIMARIES_BT709},
    {V4L2_COLORSPACE_SRGB, GST_VIDEO_COLOR_PRIMARIES_BT709},
    {V4L2_COLORSPACE_OPRGB, GST_VIDEO_COLOR_PRIMARIES_ADOBERGB},
    {V4L2_COLORSPACE_BT2020, GST_VIDEO_COLOR_PRIMARIES_BT2020},
};

static GstVideoColorPrimaries primaries_of(guint32 colorspace)
{
    for (guint i = 0; i < G_N_ELEMENTS(spaces); i++)
        if (spaces[i].colorspace == colorspace)
            return spaces[i].primaries;
    return GST_VIDEO_COLOR_PRIMARIES_UNKNOWN;
}

static GstVideoColorMatrix matrix_of(guint32 encoding)
{
    switch (encoding) {
    case V4L2_YCBCR_ENC_601:
    case V4L2_YCBCR_ENC_XV601:
        return GST_VIDEO_COLOR_MATRIX_BT601;
    case V4L2_YCBCR_ENC_709:
    case V4L2_YCBCR_ENC_XV709:
        return GST_VIDEO_COLOR_MATRIX_BT709;
    case V4L2_YCBCR_ENC_BT2020:
    case V4L2_YCBCR_ENC_BT2020_CONST_LUM: /* the nearest that there is */
        return GST_VIDEO_COLOR_MATRIX_BT2020;
    case V4L2_YCBCR_ENC_SMPTE240M:
        return GST_VIDEO_COLOR_MATRIX_SMPTE240M;
    default:
        return GST_VIDEO_COLOR_MATRIX_BT601;
    }
}

/* One curve has a name for each standard that took it over. */
static GstVideoTransferFunction curve_of_709(GstVideoColorPrimaries primaries)
{
    switch (primaries) {
    case GST_VIDEO_COLOR_PRIMARIES_SMPTE170M:
        return GST_VIDEO_TRANSFER_BT601;
    case GST_VIDEO_COLOR_PRIMARIES_BT2020:
        return GST_VIDEO_TRANSFER_BT2020_12;
    default:
        return GST_VIDEO_TRANSFER_BT709;
    }
}

static GstVideoTransferFunction transfer_of(guint32 transfer,
                                            GstVideoColorPrimaries primaries)
{
    switch (transfer) {
    case V4L2_XFER_FUNC_709:
        return curve_of_709(primaries);
    case V4L2_XFER_FUNC_SRGB:
        return GST_VIDEO_TRANSFER_SRGB;
    case V4L2_XFER_FUNC_OPRGB:
        return GST_VIDEO_TRANSFER_ADOBERGB;
    case V4L2_XFER_FUNC_SMPTE240M:
        return GST_VIDEO_TRANSFER_SMPTE240M;
    case V4L2_XFER_FUNC_NONE:
        return GST_VIDEO_TRANSFER_GAMMA10;
    case V4L2_XFER_FUNC_SMPTE2084:
        return GST_VIDEO_TRANSFER_SMPTE2084;
    default:
        return GST_VIDEO_TRANSFER_UNKNOWN;
    }
}

/* What a driver leaves open follows from the colour space, as the kernel defines it. */
static GstVideoColorimetry colorimetry_of(const struct nnc_camera_setting *setting,
                                          gboolean rgb)
{
    const guint32 space = setting->colorspace;
    const guint32 encoding =
        setting->encoding ? setting->encoding : V4L2_MAP_YCBCR_ENC_DEFAULT(space);
    const guint32 transfer =
        setting->transfer ? setting->transfer : V4L2_MAP_XFER_FUNC_DEFAULT(space);
    const guint32 range = setting->quantization
                              ? setting->quantization
                              : V4L2_MAP_QUANTIZATION_DEFAULT(rgb, space, encoding);
    const GstVideoColorPrimaries primaries = primaries_of(space);

    return (GstVideoColorimetry){
        .range = range == V4L2_QUANTIZATION_FULL_RANGE ? GST_VIDEO_COLOR_RANGE_0_255
                                                       : GST_VIDEO_COLOR_RANGE_16_235,
        .matrix = rgb ? GST_VIDEO_COLOR_MATRIX_RGB : matrix_of(encoding),
        .transfer = transfer_of(transfer, primaries),
        .primaries = primaries};
}

static void describe_colors(const struct nnc_camera_setting *setting,
                            const struct nnc_camera_format *format,
                            GstStructure *structure)
{
    const GstVideoFormatInfo *const info =
        gst_video_format_get_info(gst_video_format_from_string(format->name));
    const GstVideoColorimetry colorimetry =
        colorimetry_of(setting, GST_VIDEO_FORMAT_INFO_IS_RGB(info));

    if (colorimetry.primaries == GST_VIDEO_COLOR_PRIMARIES_UNKNOWN)
        return;
    g_autofree gchar *text = gst_video_colorimetry_to_string(&colorimetry);
    gst_structure_set(structure, "colorimetry", G_TYPE_STRING, text, NULL);
}

/* --- lines --- */

static gboolean is_interleaved(guint32 field)
{
    return field == V4L2_FIELD_INTERLACED || field == V4L2_FIELD_INTERLACED_TB ||
           field == V4L2_FIELD_INTERLACED_BT;
}

void gst_nnc_cam_picture_describe(const struct nnc_camera_setting *setting,
                                  const struct nnc_camera_format *format,
                                  GstStructure *structure)
{
    /* Fields that come one by one are pictures of their own, with high pixels. */
    const gint half = V4L2_FIELD_HAS_T_OR_B(setting->field) ? 2 : 1;

    describe_colors(setting, format, structure);
    gst_structure_set(structure, "interlace-mode", G_TYPE_STRING,
                      is_interleaved(setting->field) ? "interleaved" : "progressive",
                      "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, half, NULL);
}

/* Of 525 lines the lower field comes first, of 625 the upper one. */
static gboolean is_top_first(guint32 field, guint height)
{
    return field == V4L2_FIELD_INTERLACED_TB ||
           (field == V4L2_FIELD_INTERLACED && height > 486);
}

void gst_nnc_cam_picture_mark(GstBuffer *buffer, guint32 field, guint height)
{
    if (!is_interleaved(field))
        return;
    GST_BUFFER_FLAG_SET(buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED);
    if (is_top_first(field, height))
        GST_BUFFER_FLAG_SET(buffer, GST_VIDEO_BUFFER_FLAG_TFF);
}
