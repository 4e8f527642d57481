/* SPDX-License-Identifier: MIT */

/* nncoverlay as an element: which frames it draws on and which it leaves alone, when it
 * draws anew, who draws, and that nothing a prediction may say harms it. What it draws is
 * the business of overlay_pictures. */

#include "element_fixture.h"
#include "prediction_fixture.h"

#include <math.h>
#include <string.h>

#define CAPS "video/x-raw,format=BGRx,width=320,height=240,framerate=30/1"
#define SIZE (320 * 240 * 4)
#define FEATURE "meta:GstVideoOverlayComposition"

static GstBuffer *grey_frame(GstClockTime pts, gsize size)
{
    GstBuffer *const buffer = gst_buffer_new_allocate(NULL, size, NULL);

    gst_buffer_memset(buffer, 0, 0x80, size);
    GST_BUFFER_PTS(buffer) = pts;
    return buffer;
}

static gboolean is_grey(GstBuffer *buffer)
{
    GstMapInfo map;
    gboolean grey = TRUE;

    fail_unless(gst_buffer_map(buffer, &map, GST_MAP_READ));
    for (gsize i = 0; i < map.size && grey; i++)
        grey = map.data[i] == 0x80;
    gst_buffer_unmap(buffer, &map);
    return grey;
}

/* Takes the prediction; TRUE if something was drawn into the frame. */
static gboolean draws(GstHarness *harness, GstClockTime pts, GstNncPrediction *prediction)
{
    GstBuffer *const buffer = grey_frame(pts, SIZE);

    if (prediction)
        give_prediction(buffer, prediction);
    GstBuffer *const out = gst_harness_push_and_pull(harness, buffer);
    const gboolean drawn = !is_grey(out);
    gst_buffer_unref(out);
    return drawn;
}

static GstHarness *open_overlay(const char *properties)
{
    g_autofree gchar *launch = g_strdup_printf("nncoverlay name=o %s", properties);
    GstHarness *const harness = gst_harness_new_parse(launch);

    gst_harness_set_src_caps_str(harness, CAPS);
    return harness;
}

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
            draws(harness, frames[i].pts * GST_MSECOND,
                  frames[i].gives ? predict_class("one", 0, FALSE) : NULL),
            frames[i].draws);
    gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(flush_forgets)
{
    GstHarness *const harness = open_overlay("");
    GstSegment segment;

    fail_unless(draws(harness, 0, predict_class("one", 0, FALSE)));
    gst_harness_push_event(harness, gst_event_new_flush_start());
    gst_harness_push_event(harness, gst_event_new_flush_stop(TRUE));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(harness, gst_event_new_segment(&segment));
    fail_if(draws(harness, 1, NULL));
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

    fail_unless_equals_int(draws(harness, 0, predict_class("one", 0, FALSE)),
                           shows[__i__].frame);
    fail_unless_equals_int(draws(harness, GST_SECOND, predict_region("one", 0, region)),
                           shows[__i__].region);
    const GstNncRegion chosen = {20, 20, 40,
                                 40, -1, NULL}; /* by crop, not by a detector */
    fail_unless_equals_int(
        draws(harness, 2 * GST_SECOND, predict_region("one", 0, chosen)),
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
    GstBuffer *const mine = grey_frame(1, SIZE);
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
        fail_unless(draws(harness, i, predict_paths(info, paths, 1)));
        info.has_region = TRUE;
        info.region = (GstNncRegion){1, 1, 50, 50, 1, text};
        fail_unless(draws(harness, i, predict_paths(info, paths, 1)));
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
        fail_unless(draws(harness, i, gst_nnc_prediction_new(&info)));
    }
    fail_unless(draws(harness, 9, predict_status(NULL, GST_NNC_PREDICTION_STATUS_LATE)));
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
            draws(harness, i, predict_region("one", 0, odd_regions[i].region)),
            odd_regions[i].drawn);
    gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(very_many_predictions)
{
    GstHarness *const harness = open_overlay("");
    GstBuffer *const buffer = grey_frame(0, SIZE);

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

/* --- downstream draws --- */

static GstHarness *open_attaching(const char *caps)
{
    GstHarness *const harness = gst_harness_new_parse("nncoverlay name=o");

    gst_harness_set_sink_caps_str(harness, "video/x-raw(memory:SystemMemory," FEATURE
                                           "),format=BGRx,width=320,"
                                           "height=240,framerate=30/1");
    gst_harness_add_propose_allocation_meta(
        harness, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
    gst_harness_set_src_caps_str(harness, caps);
    return harness;
}

static GstVideoOverlayComposition *attached(GstBuffer *buffer)
{
    GstVideoOverlayCompositionMeta *const meta =
        gst_buffer_get_video_overlay_composition_meta(buffer);

    return meta ? meta->overlay : NULL;
}

/* Pushes a frame with `prediction`, which it takes; what is attached to what comes out.
 */
static GstVideoOverlayComposition *attaches(GstHarness *harness, GstClockTime pts,
                                            GstNncPrediction *prediction)
{
    GstBuffer *const buffer = grey_frame(pts, SIZE);

    give_prediction(buffer, prediction);
    GstBuffer *const out = gst_harness_push_and_pull(harness, buffer);
    fail_unless(is_grey(out));
    GstVideoOverlayComposition *const composition =
        gst_video_overlay_composition_ref(attached(out));
    gst_buffer_unref(out);
    return composition;
}

GST_START_TEST(attached_where_downstream_draws)
{
    GstHarness *const harness = open_attaching(CAPS);
    g_autoptr(GstVideoOverlayComposition) composition =
        attaches(harness, 0, predict_class("one", 0, FALSE));
    GstBuffer *const bare = grey_frame(GST_SECOND, SIZE);

    fail_unless_equals_int(gst_video_overlay_composition_n_rectangles(composition), 1);
    GstBuffer *const out = gst_harness_push_and_pull(harness, bare);
    fail_if(attached(out));
    gst_buffer_unref(out);
    gst_harness_teardown(harness);
}
GST_END_TEST

/* With the feature, but downstream does not take the meta. */
GST_START_TEST(blended_where_it_does_not)
{
    GstHarness *const harness = gst_harness_new_parse("nncoverlay");

    gst_harness_set_sink_caps_str(harness, "video/x-raw(memory:SystemMemory," FEATURE
                                           "),format=BGRx,width=320,"
                                           "height=240,framerate=30/1");
    gst_harness_set_src_caps_str(harness, CAPS);
    fail_unless(draws(harness, 0, predict_class("one", 0, FALSE)));
    gst_harness_teardown(harness);
}
GST_END_TEST

static GstBuffer *pixels_of(GstVideoOverlayComposition *composition)
{
    return gst_video_overlay_rectangle_get_pixels_unscaled_raw(
        gst_video_overlay_composition_get_rectangle(composition, 0),
        GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
}

GST_START_TEST(other_overlays_stay)
{
    GstHarness *const harness = open_attaching("video/x-raw(memory:SystemMemory," FEATURE
                                               "),format=BGRx,width=320,height=240,"
                                               "framerate=30/1");
    g_autoptr(GstVideoOverlayComposition) below =
        attaches(harness, 0, predict_class("one", 0, FALSE));
    GstBuffer *const buffer = grey_frame(1, SIZE);

    gst_buffer_add_video_overlay_composition_meta(buffer, below);
    give_prediction(buffer, predict_class("one", 1, FALSE));
    GstBuffer *const out = gst_harness_push_and_pull(harness, buffer);
    fail_unless_equals_int(gst_video_overlay_composition_n_rectangles(attached(out)), 2);
    fail_unless(pixels_of(attached(out)) == pixels_of(below));
    gst_buffer_unref(out);
    gst_harness_teardown(harness);
}
GST_END_TEST

/* What is drawn anew, by the pictures' numbers. */
static GstNncPrediction *predict_number(gfloat presence, gboolean unknown)
{
    static const char *const paths[] = {"a", NULL};
    GstNncPredictionInfo info = info_of("one");

    info.has_presence = TRUE;
    info.presence = presence;
    info.unknown = unknown;
    return predict_paths(info, paths, 1);
}

static const struct {
    guint ms;
    gfloat presence;
    gboolean unknown;
    gboolean anew;
    const char *why;
} drawings[] = {
    {0, 0.10f, TRUE, TRUE, "the first"},
    {10, 0.10f, TRUE, FALSE, "the same"},
    {20, 0.20f, TRUE, FALSE, "only a number, too early"},
    {249, 0.30f, TRUE, FALSE, "only a number, too early"},
    {250, 0.30f, TRUE, TRUE, "numbers had time to be read"},
    {600, 0.301f, TRUE, FALSE, "the number reads the same"},
    {610, 0.90f, FALSE, TRUE, "another text"},
    {620, 0.10f, FALSE, FALSE, "presence is not shown when it is known"},
    {5, 0.10f, FALSE, FALSE, "time runs backwards, but nothing is new"},
};

GST_START_TEST(drawn_only_when_something_changes)
{
    GstHarness *const harness = open_attaching(CAPS);
    guint seqnum = 0;

    for (guint i = 0; i < G_N_ELEMENTS(drawings); i++) {
        g_autoptr(GstVideoOverlayComposition) composition =
            attaches(harness, drawings[i].ms * GST_MSECOND,
                     predict_number(drawings[i].presence, drawings[i].unknown));
        const guint now = gst_video_overlay_composition_get_seqnum(composition);
        fail_unless_equals_int(now != seqnum, drawings[i].anew);
        seqnum = now;
    }
    gst_harness_teardown(harness);
}
GST_END_TEST

/* --- settings --- */

GST_START_TEST(every_setting_draws_anew)
{
    static const char *const settings[] = {"font=Sans Bold",
                                           "position=bottom-right",
                                           "scale=3",
                                           "bars=false",
                                           "show=classes",
                                           "lines=1",
                                           "color=4278255360",
                                           "bar-color=4294901760",
                                           "unknown-color=4294967040",
                                           "background-opacity=0.25",
                                           "font=no such font, nowhere 900"};
    GstHarness *const harness = open_attaching(CAPS);
    g_autoptr(GstElement) overlay = gst_bin_get_by_name(GST_BIN(harness->element), "o");
    guint seqnum = 0;

    for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
        g_auto(GStrv) pair = g_strsplit(settings[i], "=", 2);
        gst_util_set_object_arg(G_OBJECT(overlay), pair[0], pair[1]);
        g_autoptr(GstVideoOverlayComposition) composition =
            attaches(harness, i, predict_class("one", 0, TRUE));
        const guint now = gst_video_overlay_composition_get_seqnum(composition);
        fail_if(now == seqnum, "%s", settings[i]);
        seqnum = now;
    }
    gst_harness_teardown(harness);
}
GST_END_TEST

static gpointer storm(gpointer data)
{
    GstElement *const overlay = ((gpointer *)data)[0];
    gint *const end = ((gpointer *)data)[1];

    for (guint i = 0; !g_atomic_int_get(end); i++)
        g_object_set(overlay, "font", i % 2 ? "Sans" : "Serif Bold 40", "scale",
                     0.25 + i % 7, "show", i % 32, "position", i % 4, "lines", 1 + i % 9,
                     NULL);
    return NULL;
}

GST_START_TEST(settings_storm)
{
    GstHarness *const harness = open_overlay("");
    g_autoptr(GstElement) overlay = gst_bin_get_by_name(GST_BIN(harness->element), "o");
    gint end = 0;
    gpointer data[] = {overlay, &end};
    GThread *const thread = g_thread_new("storm", storm, data);

    for (guint i = 0; i < 50; i++)
        draws(harness, i * GST_SECOND, predict_class("one", i % 3, i % 2));
    g_atomic_int_set(&end, 1);
    g_thread_join(thread);
    gst_harness_teardown(harness);
}
GST_END_TEST

static Suite *overlay_frames_suite(void)
{
    Suite *const suite = suite_create("overlay_frames");
    TCase *const frames = tcase_create("frames");
    TCase *const drawing = tcase_create("drawing");

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
    suite_add_tcase(suite, drawing);
    tcase_add_test(drawing, attached_where_downstream_draws);
    tcase_add_test(drawing, blended_where_it_does_not);
    tcase_add_test(drawing, other_overlays_stay);
    tcase_add_test(drawing, drawn_only_when_something_changes);
    tcase_add_test(drawing, every_setting_draws_anew);
    tcase_add_test(drawing, settings_storm);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(overlay_frames_suite(), "overlay_frames", __FILE__);
}
