/* SPDX-License-Identifier: MIT */

/* Between modes and caps, without a device: colours and fields as V4L2 says them,
 * formats in ordinary memory and in memory:DMABuf, and back. */

#include "gstnnccamcaps.h"
#include "gstnnccampicture.h"

#include <gst/check/gstcheck.h>
#include <linux/videodev2.h>

static struct nnc_camera_mode mode_of(const char *format)
{
    return (struct nnc_camera_mode){
        nnc_camera_format_by_name(format, 0), FALSE, 640, 480, {30, 1}};
}

/* --- colours --- */

#define SPACE(name) V4L2_COLORSPACE_##name
#define ENC(name) V4L2_YCBCR_ENC_##name
#define XFER(name) V4L2_XFER_FUNC_##name
#define FULL V4L2_QUANTIZATION_FULL_RANGE
#define LIMITED V4L2_QUANTIZATION_LIM_RANGE

/* In `expected` range:matrix:transfer:primaries, by GstVideo's numbers or a name. */
static const struct {
    const char *format;
    guint32 space, encoding, quantization, transfer;
    const char *expected; /* NULL: none is named */
} colors[] = {
    {"YUY2", 0, 0, 0, 0, NULL},
    {"YUY2", SPACE(RAW), 0, 0, 0, NULL},
    {"YUY2", 77, 0, 0, 0, NULL},
    {"YUY2", SPACE(SRGB), 0, 0, 0, "2:4:7:1"}, /* what webcams are */
    {"NV12", SPACE(SRGB), 0, 0, 0, "2:4:7:1"},
    {"YUY2", SPACE(SRGB), 0, FULL, 0, "1:4:7:1"},
    {"YUY2", SPACE(JPEG), 0, 0, 0, "1:4:7:1"},
    {"YUY2", SPACE(JPEG), 0, LIMITED, 0, "2:4:7:1"},
    {"YUY2", SPACE(SMPTE170M), 0, 0, 0, "bt601"},
    {"YUY2", SPACE(REC709), 0, 0, 0, "bt709"},
    {"YUY2", SPACE(SMPTE240M), 0, 0, 0, "smpte240m"},
    {"YUY2", SPACE(470_SYSTEM_M), 0, 0, 0, "2:4:5:2"},
    {"YUY2", SPACE(470_SYSTEM_BG), 0, 0, 0, "2:4:5:3"},
    {"YUY2", SPACE(OPRGB), 0, 0, 0, "2:4:12:8"},
    {"YUY2", SPACE(BT2020), 0, 0, 0, "bt2020"},
    {"YUY2", SPACE(SRGB), ENC(709), 0, 0, "2:3:7:1"},
    {"YUY2", SPACE(SRGB), ENC(709), FULL, XFER(709), "1:3:5:1"},
    {"YUY2", SPACE(REC709), ENC(XV709), 0, 0, "bt709"},
    {"YUY2", SPACE(REC709), ENC(BT2020_CONST_LUM), 0, 0, "2:6:5:1"},
    {"YUY2", SPACE(REC709), 0, 0, XFER(SMPTE2084), "2:3:14:1"},
    {"YUY2", SPACE(REC709), 0, 0, XFER(NONE), "2:3:1:1"},
    {"YUY2", SPACE(REC709), 0, 0, XFER(DCI_P3), "2:3:0:1"},
    {"GRAY8", SPACE(SRGB), 0, 0, 0, "2:4:7:1"},
    {"RGB", SPACE(SRGB), 0, 0, 0, "sRGB"},
    {"BGRx", SPACE(SRGB), 0, LIMITED, 0, "2:1:7:1"},
    {"RGB", SPACE(REC709), ENC(709), 0, 0, "1:1:5:1"},
    {"JPEG", SPACE(SRGB), 0, 0, 0, NULL},
};

START_TEST(colours_are_named)
{
    const struct nnc_camera_mode mode = mode_of(colors[_i].format);
    const struct nnc_camera_setting setting = {.colorspace = colors[_i].space,
                                               .encoding = colors[_i].encoding,
                                               .quantization = colors[_i].quantization,
                                               .transfer = colors[_i].transfer};
    g_autoptr(GstCaps) caps = gst_nnc_cam_caps_from_mode(&mode, &setting, FALSE);
    const char *const text =
        gst_structure_get_string(gst_caps_get_structure(caps, 0), "colorimetry");
    GstVideoColorimetry got, expected;

    fail_unless(gst_caps_is_fixed(caps));
    fail_unless_equals_int(text != NULL, colors[_i].expected != NULL);
    if (!text)
        return;
    fail_unless(gst_video_colorimetry_from_string(&got, text));
    fail_unless(gst_video_colorimetry_from_string(&expected, colors[_i].expected));
    fail_unless(gst_video_colorimetry_is_equal(&got, &expected), "row %d: %s, not %s", _i,
                text, colors[_i].expected);
}
END_TEST

/* --- fields --- */

static const struct {
    guint32 field;
    guint height;
    const char *mode;
    gint pixels_high; /* one pixel's height, in its widths */
    gboolean interlaced, top_first;
} fields[] = {
    {V4L2_FIELD_ANY, 480, "progressive", 1, FALSE, FALSE},
    {V4L2_FIELD_NONE, 480, "progressive", 1, FALSE, FALSE},
    {V4L2_FIELD_INTERLACED, 480, "interleaved", 1, TRUE, FALSE},
    {V4L2_FIELD_INTERLACED, 576, "interleaved", 1, TRUE, TRUE},
    {V4L2_FIELD_INTERLACED_TB, 480, "interleaved", 1, TRUE, TRUE},
    {V4L2_FIELD_INTERLACED_BT, 576, "interleaved", 1, TRUE, FALSE},
    {V4L2_FIELD_TOP, 240, "progressive", 2, FALSE, FALSE},
    {V4L2_FIELD_BOTTOM, 240, "progressive", 2, FALSE, FALSE},
    {V4L2_FIELD_ALTERNATE, 288, "progressive", 2, FALSE, FALSE},
};

START_TEST(fields_are_told)
{
    const struct nnc_camera_mode mode = mode_of("YUY2");
    const struct nnc_camera_setting setting = {.field = fields[_i].field};
    g_autoptr(GstCaps) caps = gst_nnc_cam_caps_from_mode(&mode, &setting, FALSE);
    const GstStructure *const structure = gst_caps_get_structure(caps, 0);
    g_autoptr(GstBuffer) buffer = gst_buffer_new();
    gint n, d;

    fail_unless_equals_string(gst_structure_get_string(structure, "interlace-mode"),
                              fields[_i].mode);
    fail_unless(gst_structure_get_fraction(structure, "pixel-aspect-ratio", &n, &d));
    fail_unless_equals_int(n, 1);
    fail_unless_equals_int(d, fields[_i].pixels_high);
    gst_nnc_cam_picture_mark(buffer, fields[_i].field, fields[_i].height);
    fail_unless_equals_int(
        !!GST_BUFFER_FLAG_IS_SET(buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED),
        fields[_i].interlaced);
    fail_unless_equals_int(!!GST_BUFFER_FLAG_IS_SET(buffer, GST_VIDEO_BUFFER_FLAG_TFF),
                           fields[_i].top_first);
}
END_TEST

/* --- memory --- */

/* A format in memory:DMABuf, as this GStreamer says it. */
static GstCaps *exported_caps(const char *format, const char *drm)
{
    const gboolean by_drm = GST_CHECK_VERSION(1, 24, 0);
    g_autofree char *text = g_strdup_printf(
        by_drm ? "video/x-raw(memory:DMABuf), format=DMA_DRM, drm-format=%s"
               : "video/x-raw(memory:DMABuf), format=%s",
        by_drm ? drm : format);

    return gst_caps_from_string(text);
}

static const struct {
    const char *format, *drm;
} exported[] = {
    {"YUY2", "YUYV"}, {"UYVY", "UYVY"}, {"NV12", "NV12"}, {"NV21", "NV21"},
    {"I420", "YU12"}, {"YV12", "YV12"}, {"RGB", "BG24"},  {"BGR", "RG24"},
    {"BGRx", "XR24"}, {"RGBA", "AB24"},
};

static struct nnc_camera_offers offers_of(const char *format)
{
    struct nnc_camera_offers offers = {.rows = NULL};
    struct nnc_camera_offer *const row = nnc_camera_offers_add(&offers);

    row->format = nnc_camera_format_by_name(format, 0);
    row->width = (struct nnc_camera_range){640, 640, 1};
    row->height = (struct nnc_camera_range){480, 480, 1};
    row->rates[row->n_rates++] = (struct nnc_camera_rate){30, 1};
    return offers;
}

START_TEST(exported_formats_go_there_and_back)
{
    const char *const format = exported[_i].format;
    struct nnc_camera_offers offers = offers_of(format), back = {.rows = NULL};
    g_autoptr(GstCaps) wanted = exported_caps(format, exported[_i].drm);
    g_autoptr(GstCaps) caps = gst_nnc_cam_caps_from_offers(&offers, TRUE);
    g_autoptr(GstCaps) common = gst_caps_intersect(caps, wanted);
    g_autoptr(GstCaps) template = gst_nnc_cam_caps_template();

    fail_unless_equals_int(gst_caps_get_size(caps), 2);
    fail_unless_equals_int(gst_caps_get_size(common), 1);
    fail_unless(gst_caps_can_intersect(template, wanted));
    gst_nnc_cam_caps_to_offers(common, &offers, FALSE, &back);
    fail_unless_equals_int(back.n, 0);
    gst_nnc_cam_caps_to_offers(common, &offers, TRUE, &back);
    fail_unless_equals_int(back.n, 1);
    fail_unless_equals_string(back.rows[0].format->name, format);
    const struct nnc_camera_mode mode = mode_of(format);
    const struct nnc_camera_setting setting = {.colorspace = V4L2_COLORSPACE_SRGB};
    g_autoptr(GstCaps) fixed = gst_nnc_cam_caps_from_mode(&mode, &setting, TRUE);
    fail_unless(gst_caps_is_fixed(fixed) && gst_caps_is_subset(fixed, common),
                "%" GST_PTR_FORMAT, fixed);
    nnc_camera_offers_clear(&offers);
    nnc_camera_offers_clear(&back);
}
END_TEST

/* In ordinary memory nothing but raw and coded formats by their usual names. */
START_TEST(coded_formats_are_not_exported)
{
    struct nnc_camera_offers offers = offers_of("JPEG"), back = {.rows = NULL};
    g_autoptr(GstCaps) caps = gst_nnc_cam_caps_from_offers(&offers, TRUE);

    fail_unless_equals_int(gst_caps_get_size(caps), 1);
    fail_unless(gst_structure_has_name(gst_caps_get_structure(caps, 0), "image/jpeg"));
    gst_nnc_cam_caps_to_offers(caps, &offers, FALSE, &back);
    fail_unless_equals_int(back.n, 1);
    nnc_camera_offers_clear(&offers);
    nnc_camera_offers_clear(&back);
}
END_TEST

static Suite *camera_caps(void)
{
    Suite *const suite = suite_create("camera_caps");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_add_loop_test(all, colours_are_named, 0, G_N_ELEMENTS(colors));
    tcase_add_loop_test(all, fields_are_told, 0, G_N_ELEMENTS(fields));
    tcase_add_loop_test(all, exported_formats_go_there_and_back, 0,
                        G_N_ELEMENTS(exported));
    tcase_add_test(all, coded_formats_are_not_exported);
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(camera_caps(), "camera_caps", __FILE__);
}
