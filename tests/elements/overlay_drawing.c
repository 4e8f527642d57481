/* SPDX-License-Identifier: MIT */

/* nncoverlay: who draws, itself or what is downstream, and when it draws anew. */

#include "overlay_fixture.h"

#define FEATURE "meta:GstVideoOverlayComposition"

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
    GstBuffer *const buffer = grey_frame(pts, OVERLAY_SIZE);

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
    GstHarness *const harness = open_attaching(OVERLAY_CAPS);
    g_autoptr(GstVideoOverlayComposition) composition =
        attaches(harness, 0, predict_class("one", 0, FALSE));
    GstBuffer *const bare = grey_frame(GST_SECOND, OVERLAY_SIZE);

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
    gst_harness_set_src_caps_str(harness, OVERLAY_CAPS);
    fail_unless(overlay_draws(harness, 0, predict_class("one", 0, FALSE)));
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
    GstBuffer *const buffer = grey_frame(1, OVERLAY_SIZE);

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
    GstHarness *const harness = open_attaching(OVERLAY_CAPS);
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
    GstHarness *const harness = open_attaching(OVERLAY_CAPS);
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
        overlay_draws(harness, i * GST_SECOND, predict_class("one", i % 3, i % 2));
    g_atomic_int_set(&end, 1);
    g_thread_join(thread);
    gst_harness_teardown(harness);
}
GST_END_TEST

static Suite *overlay_drawing_suite(void)
{
    Suite *const suite = suite_create("overlay_drawing");
    TCase *const drawing = tcase_create("drawing");

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
    return gst_check_run_suite(overlay_drawing_suite(), "overlay_drawing", __FILE__);
}
