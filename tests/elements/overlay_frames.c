/* SPDX-License-Identifier: MIT */

/* nncoverlay as an element: which frames it draws on and which it leaves alone, and that
 * nothing a prediction may say harms it. What it draws is the business of
 * overlay_pictures. */

#include "overlay_fixture.h"

#include <math.h>

/* --- formats and sizes --- */

static const struct {
    gint width, height;
} sizes[] = {{1, 1},   {2, 3},     {16, 9},    {33, 47},
             {64, 48}, {160, 120}, {641, 359}, {90, 700}};

static void check_format_and_size(GstHarness *harness, const char *format, gint width,
                                  gint height)
{
    GstVideoInfo info;

    gst_video_info_set_format(&info, gst_video_format_from_string(format), (guint)width,
                              (guint)height);
    gst_harness_set_src_caps(harness, gst_video_info_to_caps(&info));
    GstBuffer *const buffer = grey_frame(0, info.size);
    give_prediction(buffer, predict_class("one", 0, FALSE));
    give_prediction(buffer, predict_region("one", 1, (GstNncRegion){0, 0, 9, 9, 1, "x"}));
    GstBuffer *const out = gst_harness_push_and_pull(harness, buffer);
    fail_if(is_grey(out), "%s %dx%d", format, width, height);
    gst_buffer_unref(out);
}

GST_START_TEST(every_format)
{
    GstHarness *const harness = gst_harness_new("nncoverlay");
    g_autoptr(GstPad) pad = gst_element_get_static_pad(harness->element, "sink");
    g_autoptr(GstCaps) caps = gst_pad_get_pad_template_caps(pad);
    const GValue *const formats =
        gst_structure_get_value(gst_caps_get_structure(caps, 0), "format");

    fail_unless(gst_value_list_get_size(formats) > 15);
    for (guint i = 0; i < gst_value_list_get_size(formats); i++)
        check_format_and_size(
            harness, g_value_get_string(gst_value_list_get_value(formats, i)), 33, 25);
    gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(every_size)
{
    static const char *const formats[] = {"BGRx", "I420", "NV12", "YUY2", "Y41B"};
    GstHarness *const harness = gst_harness_new("nncoverlay");

    for (guint i = 0; i < G_N_ELEMENTS(sizes) * G_N_ELEMENTS(formats); i++)
        check_format_and_size(harness, formats[i % G_N_ELEMENTS(formats)],
                              sizes[i / G_N_ELEMENTS(formats)].width,
                              sizes[i / G_N_ELEMENTS(formats)].height);
    gst_harness_teardown(harness);
}
GST_END_TEST

/* --- which frames --- */

GST_START_TEST(frames_without_predictions)
{
    GstHarness *const harness = open_overlay("persist=100");
    const struct {
        GstClockTime pts;
        gboolean gives, draws;
    } frames[] = {
        {0, FALSE, FALSE},  {10, TRUE, TRUE},  {110, FALSE, TRUE},  {111, FALSE, FALSE},
        {50, FALSE, FALSE}, {120, TRUE, TRUE}, {100, FALSE, FALSE}, {130, FALSE, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(frames); i++)
        fail_unless_equals_int(
            overlay_draws(harness, frames[i].pts * GST_MSECOND,
                          frames[i].gives ? predict_class("one", 0, FALSE) : NULL),
            frames[i].draws);
    gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(flush_forgets)
{
    GstHarness *const harness = open_overlay("");
    GstSegment segment;

    fail_unless(overlay_draws(harness, 0, predict_class("one", 0, FALSE)));
    gst_harness_push_event(harness, gst_event_new_flush_start());
    gst_harness_push_event(harness, gst_event_new_flush_stop(TRUE));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(harness, gst_event_new_segment(&segment));
    fail_if(overlay_draws(harness, 1, NULL));
    gst_harness_teardown(harness);
}
GST_END_TEST

static const struct {
    const char *properties;
    gboolean frame, region; /* which predictions are drawn */
} shows[] = {
    {"show=0", FALSE, FALSE},      {"show=classes", TRUE, FALSE},
    {"show=regions", FALSE, TRUE}, {"show=task+regions", TRUE, TRUE},
    {"show=cost", TRUE, FALSE},    {"show=time", TRUE, FALSE},
};

GST_START_TEST(show)
{
    GstHarness *const harness = open_overlay(shows[__i__].properties);
    const GstNncRegion region = {20, 20, 40, 40, 1, "thing"};

    fail_unless_equals_int(overlay_draws(harness, 0, predict_class("one", 0, FALSE)),
                           shows[__i__].frame);
    fail_unless_equals_int(
        overlay_draws(harness, GST_SECOND, predict_region("one", 0, region)),
        shows[__i__].region);
    const GstNncRegion chosen = {20, 20, 40,
                                 40, -1, NULL}; /* by crop, not by a detector */
    fail_unless_equals_int(
        overlay_draws(harness, 2 * GST_SECOND, predict_region("one", 0, chosen)),
        shows[__i__].frame || shows[__i__].region);
    gst_harness_teardown(harness);
}
GST_END_TEST

/* A frame that is not what its caps say, and memory that others hold. */
GST_START_TEST(foreign_frames)
{
    GstHarness *const harness = open_overlay("");
    GstBuffer *const small = grey_frame(0, 7);

    give_prediction(small, predict_class("one", 0, FALSE));
    gst_buffer_unref(gst_harness_push_and_pull(harness, small));
    GstBuffer *const mine = grey_frame(1, OVERLAY_SIZE);
    give_foreign_meta(mine);
    give_prediction(mine, predict_class("one", 0, FALSE));
    GstBuffer *const out = gst_harness_push_and_pull(harness, gst_buffer_ref(mine));
    fail_if(is_grey(out));
    fail_unless(is_grey(mine));
    gst_buffer_unref(mine);
    gst_buffer_unref(out);
    gst_harness_teardown(harness);
}
GST_END_TEST

/* --- odd predictions --- */

GST_START_TEST(odd_texts)
{
    static const char *const texts[] = {"",         "\xff\xfe", "a\nb\tc\x01", "%s%n",
                                        "<b>&amp;", "/",        "//",          "a/"};
    GstHarness *const harness = open_overlay("show=classes+task+regions");
    g_autofree gchar *endless = g_strnfill(100000, 'w');

    for (guint i = 0; i <= G_N_ELEMENTS(texts); i++) {
        const char *const text = i < G_N_ELEMENTS(texts) ? texts[i] : endless;
        const char *const paths[] = {*text ? text : "x", NULL};
        GstNncPredictionInfo info = info_of(text);
        info.cutout = info.attention = text;
        fail_unless(overlay_draws(harness, i, predict_paths(info, paths, 1)));
        info.has_region = TRUE;
        info.region = (GstNncRegion){1, 1, 50, 50, 1, text};
        fail_unless(overlay_draws(harness, i, predict_paths(info, paths, 1)));
    }
    gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(odd_numbers)
{
    static const char *const paths[] = {"a", "b", NULL};
    static const gfloat numbers[] = {NAN, INFINITY, -INFINITY, -1.0f, 1e30f};
    GstHarness *const harness = open_overlay("");

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        const GstNncScore scores[] = {{0, numbers[i], numbers[i]}};
        g_autoptr(GstNncTaxonomy) taxonomy = gst_nnc_taxonomy_new(paths);
        GstNncPredictionInfo info = info_of(NULL);
        info.taxonomy = taxonomy;
        info.classes = scores;
        info.n_classes = 1;
        info.has_presence = info.unknown = TRUE;
        info.presence = numbers[i];
        info.macs = info.params = G_MAXUINT64;
        info.inference_time = info.preprocess_time = G_MAXUINT64;
        info.cutout = info.attention = NULL;
        fail_unless(overlay_draws(harness, i, gst_nnc_prediction_new(&info)));
    }
    fail_unless(
        overlay_draws(harness, 9, predict_status(NULL, GST_NNC_PREDICTION_STATUS_LATE)));
    gst_harness_teardown(harness);
}
GST_END_TEST

static const struct {
    GstNncRegion region;
    gboolean drawn;
} odd_regions[] = {
    {{0, 0, 0, 0, 1, NULL}, FALSE},
    {{0, 0, 1, 1, 1, NULL}, TRUE},
    {{319, 239, 1, 1, 1, "x"}, TRUE},
    {{320, 0, 9, 9, 1, "x"}, FALSE},
    {{G_MAXUINT, G_MAXUINT, G_MAXUINT, G_MAXUINT, 1, "x"}, FALSE},
    {{0, 0, G_MAXUINT, G_MAXUINT, 1, "x"}, TRUE},
    {{5, 5, 2, 100, 1, "x"}, TRUE},
};

GST_START_TEST(regions_anywhere)
{
    GstHarness *const harness = open_overlay("scale=2");

    for (guint i = 0; i < G_N_ELEMENTS(odd_regions); i++)
        fail_unless_equals_int(
            overlay_draws(harness, i, predict_region("one", 0, odd_regions[i].region)),
            odd_regions[i].drawn);
    gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(very_many_predictions)
{
    GstHarness *const harness = open_overlay("");
    GstBuffer *const buffer = grey_frame(0, OVERLAY_SIZE);

    for (guint i = 0; i < 500; i++) {
        give_prediction(
            buffer, predict_region("one", 0, (GstNncRegion){i, i, 5, 5, (gint)i, NULL}));
        give_prediction(buffer, predict_class("many", i % 3, FALSE));
    }
    GstBuffer *const out = gst_harness_push_and_pull(harness, buffer);
    fail_if(is_grey(out));
    gst_buffer_unref(out);
    gst_harness_teardown(harness);
}
GST_END_TEST

static Suite *overlay_frames_suite(void)
{
    Suite *const suite = suite_create("overlay_frames");
    TCase *const frames = tcase_create("frames");

    suite_add_tcase(suite, frames);
    tcase_add_test(frames, every_format);
    tcase_add_test(frames, every_size);
    tcase_add_test(frames, frames_without_predictions);
    tcase_add_test(frames, flush_forgets);
    tcase_add_loop_test(frames, show, 0, G_N_ELEMENTS(shows));
    tcase_add_test(frames, foreign_frames);
    tcase_add_test(frames, odd_texts);
    tcase_add_test(frames, odd_numbers);
    tcase_add_test(frames, regions_anywhere);
    tcase_add_test(frames, very_many_predictions);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(overlay_frames_suite(), "overlay_frames", __FILE__);
}
