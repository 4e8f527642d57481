/* SPDX-License-Identifier: MIT */

/* Frames of every kind through the element: each must get the prediction that the core
 * makes of the same pixels, to the bit, or be refused by name; and every frame must come
 * out as it went in. */

#include "element_fixture.h"

#include <string.h>

/* --- frames that are classified --- */

static const struct {
    const char *name;
    enum nnc_pixel_format format;
    enum nnc_color_range range; /* GStreamer's default for the format */
    gboolean swap_chroma;
} formats[] = {
    {"RGB", NNC_PIXEL_RGB, NNC_RANGE_FULL, FALSE},
    {"BGR", NNC_PIXEL_BGR, NNC_RANGE_FULL, FALSE},
    {"RGBx", NNC_PIXEL_RGBX, NNC_RANGE_FULL, FALSE},
    {"BGRx", NNC_PIXEL_BGRX, NNC_RANGE_FULL, FALSE},
    {"RGBA", NNC_PIXEL_RGBX, NNC_RANGE_FULL, FALSE},
    {"BGRA", NNC_PIXEL_BGRX, NNC_RANGE_FULL, FALSE},
    {"xRGB", NNC_PIXEL_XRGB, NNC_RANGE_FULL, FALSE},
    {"xBGR", NNC_PIXEL_XBGR, NNC_RANGE_FULL, FALSE},
    {"ARGB", NNC_PIXEL_XRGB, NNC_RANGE_FULL, FALSE},
    {"ABGR", NNC_PIXEL_XBGR, NNC_RANGE_FULL, FALSE},
    {"GRAY8", NNC_PIXEL_GRAY8, NNC_RANGE_FULL, FALSE},
    {"NV12", NNC_PIXEL_NV12, NNC_RANGE_LIMITED, FALSE},
    {"NV21", NNC_PIXEL_NV21, NNC_RANGE_LIMITED, FALSE},
    {"I420", NNC_PIXEL_I420, NNC_RANGE_LIMITED, FALSE},
    {"YV12", NNC_PIXEL_I420, NNC_RANGE_LIMITED, TRUE},
    {"YUY2", NNC_PIXEL_YUY2, NNC_RANGE_LIMITED, FALSE},
    {"UYVY", NNC_PIXEL_UYVY, NNC_RANGE_LIMITED, FALSE},
};

static const struct {
    gint width, height;
} sizes[] = {{1, 1}, {2, 2}, {33, 17}, {64, 48}, {5, 200}, {641, 359}};

static guint format_named(const char *name)
{
    guint format = 0;

    while (!g_str_equal(formats[format].name, name))
        format++;
    return format;
}

static struct nnc_image image_of(const GstVideoInfo *info, guint format,
                                 const guint8 *bytes)
{
    struct nnc_image image = {.format = formats[format].format,
                              .width = (guint32)info->width,
                              .height = (guint32)info->height,
                              .matrix =
                                  info->colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_BT709
                                      ? NNC_MATRIX_BT709
                                      : NNC_MATRIX_BT601,
                              .range = formats[format].range};

    for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(info); plane++) {
        const guint target = formats[format].swap_chroma && plane ? 3 - plane : plane;
        image.plane[target] = bytes + info->offset[plane];
        image.stride_bytes[target] = info->stride[plane];
    }
    return image;
}

static void check_frame(struct fixture *fixture, GstBuffer *buffer,
                        const GstVideoInfo *info, guint format, const guint8 *bytes)
{
    const struct nnc_image image = image_of(info, format, bytes);
    GstBuffer *const out = classify_buffer(fixture, buffer);

    check_against_core(fixture, gst_buffer_get_nnc_prediction(out, NULL), &image);
    gst_buffer_unref(out);
}

static void check_format_and_size(struct fixture *fixture, guint format, guint size)
{
    GstVideoInfo info;
    GstMapInfo map;

    fail_unless(gst_video_info_set_format(
        &info, gst_video_format_from_string(formats[format].name),
        (guint)sizes[size].width, (guint)sizes[size].height));
    g_autoptr(GstCaps) caps = gst_video_info_to_caps(&info);
    gst_harness_set_src_caps(fixture->harness, gst_caps_ref(caps));
    GstBuffer *const buffer = noise_buffer(info.size, format * 16 + size);
    fail_unless(gst_buffer_map(buffer, &map, GST_MAP_READ));
    g_autofree guint8 *bytes = g_memdup2(map.data, map.size);
    gst_buffer_unmap(buffer, &map);
    check_frame(fixture, buffer, &info, format, bytes);
}

/* K03, K06 */
GST_START_TEST(every_format_and_size)
{
    static const char *const models[] = {MODEL_TWO, MODEL_PRESENCE};
    struct fixture fixture;

    fixture_open(&fixture, models[__i__], "top-k=0");
    for (guint format = 0; format < G_N_ELEMENTS(formats); format++)
        for (guint size = 0; size < G_N_ELEMENTS(sizes); size++)
            check_format_and_size(&fixture, format, size);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL), 0);
    fixture_close(&fixture);
}
GST_END_TEST

/* K06, V15: planes apart, in the wrong order, rows padded: what cameras do with a
 * GstVideoMeta. Nobody may write to the memory. */
static void check_moved_planes(struct fixture *fixture, guint format, gsize gap,
                               gint padding, gboolean memory_per_plane)
{
    const gint width = 33, height = 17;
    GstVideoInfo info;
    gsize size = gap;

    gst_video_info_set_format(&info, gst_video_format_from_string(formats[format].name),
                              (guint)width, (guint)height);
    const guint n_planes = GST_VIDEO_INFO_N_PLANES(&info);
    GstVideoInfo moved = info;
    for (guint i = n_planes; i-- > 0;) {
        const guint plane = memory_per_plane ? n_planes - 1 - i : i;
        moved.stride[plane] = info.stride[plane] + padding;
        moved.offset[plane] = size;
        size += gap +
                (gsize)moved.stride[plane] *
                    nnc_pixel_format_rows(formats[format].format, plane, (guint32)height);
    }
    g_autoptr(GstBuffer) noise = noise_buffer(size, (guint32)gap);
    GstMapInfo map;
    gst_buffer_map(noise, &map, GST_MAP_READ);
    GstBuffer *const buffer = gst_buffer_new();
    for (guint plane = 0; plane < (memory_per_plane ? n_planes : 1); plane++) {
        const gsize from = plane ? moved.offset[plane] : 0;
        const gsize to =
            memory_per_plane && plane + 1 < n_planes ? moved.offset[plane + 1] : size;
        guint8 *const copy = g_memdup2(map.data + from, to - from);
        gst_buffer_append_memory(buffer, gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY,
                                                                copy, to - from, 0,
                                                                to - from, copy, g_free));
    }
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE,
                                   GST_VIDEO_INFO_FORMAT(&info), (guint)width,
                                   (guint)height, n_planes, moved.offset, moved.stride);
    g_autoptr(GstCaps) caps = gst_video_info_to_caps(&info);
    gst_harness_set_src_caps(fixture->harness, gst_caps_ref(caps));
    check_frame(fixture, buffer, &moved, format, map.data);
    gst_buffer_unmap(noise, &map);
}

GST_START_TEST(odd_strides_and_offsets)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    for (guint format = 0; format < G_N_ELEMENTS(formats); format++) {
        check_moved_planes(&fixture, format, 0, 0, FALSE);
        check_moved_planes(&fixture, format, 1, 5, FALSE);
        check_moved_planes(&fixture, format, 4095, 31, FALSE);
        check_moved_planes(&fixture, format, 3, 1, TRUE);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* V04: a negative stride that stays inside. */
GST_START_TEST(bottom_up_picture)
{
    struct fixture fixture;
    gsize offset[4] = {(RGB_HEIGHT - 1) * 3 * RGB_WIDTH};
    gint stride[4] = {-3 * RGB_WIDTH};
    GstMapInfo map;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const buffer = noise_buffer(RGB_WIDTH * RGB_HEIGHT * 3, 3);
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE,
                                   GST_VIDEO_FORMAT_RGB, RGB_WIDTH, RGB_HEIGHT, 1, offset,
                                   stride);
    GstBuffer *const out = classify_buffer(&fixture, buffer);
    gst_buffer_map(out, &map, GST_MAP_READ);
    struct nnc_image image = rgb_image(map.data + offset[0]);
    image.stride_bytes[0] = stride[0];
    check_against_core(&fixture, gst_buffer_get_nnc_prediction(out, NULL), &image);
    gst_buffer_unmap(out, &map);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(crop_meta_is_the_region)
{
    struct fixture fixture;
    GstMapInfo map;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const buffer = noise_buffer(RGB_WIDTH * RGB_HEIGHT * 3, 4);
    GstVideoCropMeta *const crop = gst_buffer_add_video_crop_meta(buffer);
    crop->x = 3;
    crop->y = 5;
    crop->width = 13;
    crop->height = 11;
    GstBuffer *const out = classify_buffer(&fixture, buffer);
    gst_buffer_map(out, &map, GST_MAP_READ);
    struct nnc_image image = rgb_image(map.data);
    image.region.x = 3;
    image.region.y = 5;
    image.region.width = 13;
    image.region.height = 11;
    check_against_core(&fixture, gst_buffer_get_nnc_prediction(out, NULL), &image);
    gst_buffer_unmap(out, &map);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

/* V08: all planes in the same bytes, which are only read. */
GST_START_TEST(planes_that_overlap)
{
    gsize offset[4] = {0, 0, 64};
    gint stride[4] = {32, 16, 16};
    struct fixture fixture;
    GstVideoInfo info;
    GstMapInfo map;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 32, 24);
    g_autoptr(GstCaps) caps = gst_video_info_to_caps(&info);
    gst_harness_set_src_caps(fixture.harness, gst_caps_ref(caps));
    memcpy(info.offset, offset, sizeof offset);
    memcpy(info.stride, stride, sizeof stride);
    g_autoptr(GstBuffer) same = noise_buffer(768, 2);
    GstBuffer *const in = noise_buffer(768, 2);
    gst_buffer_add_video_meta_full(in, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_I420,
                                   32, 24, 3, offset, stride);
    gst_buffer_map(same, &map, GST_MAP_READ);
    check_frame(&fixture, in, &info, format_named("I420"), map.data);
    gst_buffer_unmap(same, &map);
    fixture_close(&fixture);
}
GST_END_TEST

/* V11: of two descriptions of the planes that with the number 0 holds. */
GST_START_TEST(two_video_metas)
{
    gsize offset[4] = {0};
    gint stride[4] = {3 * RGB_WIDTH};
    struct fixture fixture;
    GstMapInfo map;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    g_autoptr(GstBuffer) same = noise_buffer(2400, 6);
    GstBuffer *const in = noise_buffer(2400, 6);
    for (gint id = 1; id >= 0; id--) {
        offset[0] = id ? 9999 : 96;
        gst_buffer_add_video_meta_full(in, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB,
                                       RGB_WIDTH, RGB_HEIGHT, 1, offset, stride)
            ->id = id;
    }
    GstBuffer *const out = classify_buffer(&fixture, in);
    gst_buffer_map(same, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data + 96);
    check_against_core(&fixture, gst_buffer_get_nnc_prediction(out, NULL), &image);
    gst_buffer_unmap(same, &map);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

/* V13: a frame in many memories, cut anywhere: the same picture, and the memories stay. */
GST_START_TEST(split_memories)
{
    static const guint pieces[] = {2, 16};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint p = 0; p < G_N_ELEMENTS(pieces); p++) {
        g_autoptr(GstBuffer) whole = noise_buffer(2304, 7);
        GstBuffer *const in = gst_buffer_new();
        for (guint i = 0; i < pieces[p]; i++) {
            const gsize from = 2304u * i / pieces[p], to = 2304u * (i + 1) / pieces[p];
            guint8 *const copy = g_malloc(to - from);
            gst_buffer_extract(whole, from, copy, to - from);
            gst_buffer_append_memory(in, gst_memory_new_wrapped(0, copy, to - from, 0,
                                                                to - from, copy, g_free));
        }
        GstBuffer *const out = classify_buffer(&fixture, in);
        GstMapInfo map;
        fail_unless_equals_int(gst_buffer_n_memory(out), pieces[p]);
        gst_buffer_map(whole, &map, GST_MAP_READ);
        const struct nnc_image image = rgb_image(map.data);
        check_against_core(&fixture, gst_buffer_get_nnc_prediction(out, NULL), &image);
        gst_buffer_unmap(whole, &map);
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* --- what the element leaves as it is --- */

GST_START_TEST(memory_is_neither_copied_nor_changed)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint shared = 0; shared < 2; shared++) {
        GstBuffer *const in = noise_buffer(2304, 11);
        GstMemory *const memory = gst_buffer_get_memory(in, 0);
        g_autoptr(GstBuffer) keep = shared ? gst_buffer_ref(in) : NULL;
        g_autoptr(GstBuffer) fresh = noise_buffer(2304, 11);
        GstMapInfo map;

        GstBuffer *const out = classify_buffer(&fixture, in);
        fail_unless(gst_buffer_peek_memory(out, 0) == memory);
        fail_unless(!keep || !gst_buffer_get_nnc_prediction_meta(keep));
        gst_buffer_map(fresh, &map, GST_MAP_READ);
        fail_unless(!gst_buffer_memcmp(out, 0, map.data, map.size));
        gst_buffer_unmap(fresh, &map);
        gst_memory_unref(memory);
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(flags_and_times)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *in = noise_buffer(2304, 1);
    GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_GAP);
    GstBuffer *out = classify_buffer(&fixture, in);
    fail_if(gst_buffer_get_nnc_prediction_meta(out));
    gst_buffer_unref(out);
    in = noise_buffer(2304, 1);
    GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_CORRUPTED);
    GST_BUFFER_PTS(in) = GST_SECOND;
    out = classify_buffer(&fixture, in);
    fail_unless(
        gst_nnc_prediction_is_corrupted(gst_buffer_get_nnc_prediction(out, "nnc")));
    fail_unless_equals_uint64(GST_BUFFER_PTS(out), GST_SECOND);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

/* Late frames stay, and say that they were not looked at. */
GST_START_TEST(late_frames)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    gst_harness_push_upstream_event(
        fixture.harness, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, 0));
    for (guint late = 0; late < 3; late++) {
        GstBuffer *const in = noise_buffer(2304, 1);
        GST_BUFFER_PTS(in) = late < 2 ? 0 : 2 * GST_SECOND;
        if (late == 1)
            g_object_set(fixture.element, "qos", FALSE, NULL);
        GstBuffer *const out = classify_buffer(&fixture, in);
        const GstNncPrediction *const prediction =
            gst_buffer_get_nnc_prediction(out, NULL);
        fail_unless_equals_int(gst_nnc_prediction_get_status(prediction),
                               late == 0 ? GST_NNC_PREDICTION_STATUS_LATE
                                         : GST_NNC_PREDICTION_STATUS_CLASSIFIED);
        gst_buffer_unref(out);
        g_object_set(fixture.element, "qos", TRUE, NULL);
    }
    fail_unless_equals_uint64(read_stat(&fixture, "frames-late"), 1);
    fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(interval)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "interval=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 9; i++) {
        GstBuffer *const out = classify_buffer(&fixture, noise_buffer(2304, i));
        fail_unless_equals_int(gst_buffer_get_nnc_prediction_meta(out) != NULL,
                               i % 3 == 0);
        gst_buffer_unref(out);
    }
    fail_unless_equals_uint64(read_stat(&fixture, "frames-skipped"), 6);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-classified"), 3);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- one size after another --- */

/* K07, K08: much larger than what came before, and back. */
GST_START_TEST(large_after_small)
{
    static const guint sides[] = {64, 4096, 64, 2};
    const guint format = format_named("NV12");
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
        GstVideoInfo info;
        GstMapInfo map;
        gst_video_info_set_format(&info, GST_VIDEO_FORMAT_NV12, sides[i], sides[i]);
        g_autoptr(GstCaps) caps = gst_video_info_to_caps(&info);
        gst_harness_set_src_caps(fixture.harness, gst_caps_ref(caps));
        g_autoptr(GstBuffer) same = noise_buffer(info.size, i);
        gst_buffer_map(same, &map, GST_MAP_READ);
        check_frame(&fixture, noise_buffer(info.size, i), &info, format, map.data);
        gst_buffer_unmap(same, &map);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* K08, K09 */
GST_START_TEST(many_renegotiations)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    for (guint i = 0; i < 1000; i++)
        check_format_and_size(&fixture, i % G_N_ELEMENTS(formats),
                              i * 7 % (G_N_ELEMENTS(sizes) - 1));
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_frames(void)
{
    Suite *const suite = suite_create("classify_frames");
    TCase *const kinds = tcase_create("frames");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, every_format_and_size, 0, 2);
    tcase_add_test(kinds, odd_strides_and_offsets);
    tcase_add_test(kinds, bottom_up_picture);
    tcase_add_test(kinds, crop_meta_is_the_region);
    tcase_add_test(kinds, planes_that_overlap);
    tcase_add_test(kinds, two_video_metas);
    tcase_add_test(kinds, split_memories);
    tcase_add_test(kinds, memory_is_neither_copied_nor_changed);
    tcase_add_test(kinds, flags_and_times);
    tcase_add_test(kinds, late_frames);
    tcase_add_test(kinds, interval);
    tcase_add_test(kinds, large_after_small);
    tcase_add_test(kinds, many_renegotiations);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_frames(), "classify_frames", __FILE__);
}
