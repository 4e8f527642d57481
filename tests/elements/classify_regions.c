/* SPDX-License-Identifier: MIT */

/* Which part of a frame is classified: crop, middle, regions of interest. Each prediction
 * must be the core's of that very part, to the bit, and say which part that was. */

#include "element_fixture.h"

#include <gst/controller/controller.h>

#include <string.h>

#define FRAME_BYTES 2304 /* of RGB_CAPS */

struct part {
    guint x, y, width, height;
};

static const struct part all = {0, 0, RGB_WIDTH, RGB_HEIGHT};

/* The prediction is about `part` of the picture in `out`, and right. */
static void check_part(struct fixture *fixture, GstBuffer *out,
                       const GstNncPrediction *prediction, const struct part *part)
{
    struct part said = all;
    GstMapInfo map;

    const gboolean has_region = gst_nnc_prediction_get_region(
        prediction, &said.x, &said.y, &said.width, &said.height);
    fail_unless(!memcmp(&said, part, sizeof said), "%ux%u at %u,%u", said.width,
                said.height, said.x, said.y);
    gst_buffer_map(out, &map, GST_MAP_READ);
    struct nnc_image image = rgb_image(map.data);
    if (has_region) {
        image.region.x = part->x;
        image.region.y = part->y;
        image.region.width = part->width;
        image.region.height = part->height;
    }
    check_against_core(fixture, prediction, &image);
    gst_buffer_unmap(out, &map);
}

/* --- crop and middle --- */

static const struct {
    const char *properties;
    struct part part;
} crop_rows[] = {
    {"", {0, 0, 32, 24}},
    {"crop=\"<0,0,1,1>\"", {0, 0, 32, 24}},
    {"crop=\"<0.25,0.5,0.5,0.25>\"", {8, 12, 16, 6}},
    {"crop-x=0.25", {8, 0, 24, 24}}, /* cut off at the right edge */
    {"crop-width=0.5 crop-height=0.5", {0, 0, 16, 12}},
    {"crop-x=0.1 crop-width=0.1", {3, 0, 3, 24}}, /* 3.2 to 6.4 */
    {"crop-x=1 crop-y=1", {31, 23, 1, 1}},        /* one pixel stays */
    {"crop-width=0 crop-height=0", {0, 0, 1, 1}},
    {"region=center", {8, 6, 16, 12}},
    {"region=center center-share=0.25", {12, 9, 8, 6}},
    {"region=center center-share=1", {0, 0, 32, 24}},
    {"region=center center-share=0", {16, 12, 1, 1}},
    {"region=center crop=\"<0.5,0.5,0.5,0.5>\"", {20, 15, 8, 6}},
};

GST_START_TEST(crop_and_middle)
{
    struct fixture fixture;
    g_autofree gchar *properties =
        g_strdup_printf("top-k=0 %s", crop_rows[__i__].properties);

    fixture_open(&fixture, MODEL_TWO, properties);
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const out = classify_buffer(&fixture, noise_buffer(FRAME_BYTES, 1));
    const GstNncPrediction *const prediction = gst_buffer_get_nnc_prediction(out, NULL);
    check_part(&fixture, out, prediction, &crop_rows[__i__].part);
    fail_unless_equals_int(gst_nnc_prediction_get_region_id(prediction), -1);
    fail_unless_equals_int(
        gst_nnc_prediction_get_region(prediction, NULL, NULL, NULL, NULL),
        memcmp(&crop_rows[__i__].part, &all, sizeof all) != 0);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

/* Shares are of what GstVideoCropMeta leaves visible. */
GST_START_TEST(crop_of_a_crop_meta)
{
    static const struct part part = {10, 8, 8, 4};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 crop=\"<0.5,0.5,0.5,0.5>\"");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const in = noise_buffer(FRAME_BYTES, 2);
    GstVideoCropMeta *const crop = gst_buffer_add_video_crop_meta(in);
    crop->x = 2;
    crop->y = 4;
    crop->width = 16;
    crop->height = 8;
    GstBuffer *const out = classify_buffer(&fixture, in);
    check_part(&fixture, out, gst_buffer_get_nnc_prediction(out, NULL), &part);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

static const char *const bad_crops[] = {"<0,0,1>", "<0,0,1,2>", "<-0.1,0,1,1>",
                                        "<0,0,1,1,1>", "<a,b,c,d>"};

GST_START_TEST(bad_crop)
{
    struct fixture fixture;
    g_autofree gchar *text = NULL;
    g_auto(GValue) value = G_VALUE_INIT;
    gdouble x;

    fixture_open(&fixture, MODEL_TWO, "crop-x=0.5");
    g_value_init(&value, GST_TYPE_ARRAY);
    fail_unless(gst_value_deserialize(&value, bad_crops[__i__]));
    g_object_set_property(G_OBJECT(fixture.element), "crop", &value);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, &text), 1);
    fail_unless(strstr(text, "four numbers from 0 to 1"), "%s", text);
    g_object_get(fixture.element, "crop-x", &x, NULL);
    fail_unless(x == 0.5);
    fixture_close(&fixture);
}
GST_END_TEST

/* A controller moves the crop: from the left half at 0 s to the right one at 1 s. */
GST_START_TEST(animated_crop)
{
    GstControlSource *const source = gst_interpolation_control_source_new();
    GstTimedValueControlSource *const values = GST_TIMED_VALUE_CONTROL_SOURCE(source);
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 crop-width=0.5");
    fixture_set_caps(&fixture, RGB_CAPS);
    g_object_set(source, "mode", GST_INTERPOLATION_MODE_LINEAR, NULL);
    gst_timed_value_control_source_set(values, 0, 0.0);
    gst_timed_value_control_source_set(values, GST_SECOND, 0.5);
    gst_object_add_control_binding(
        GST_OBJECT(fixture.element),
        gst_direct_control_binding_new(GST_OBJECT(fixture.element), "crop-x", source));
    for (guint i = 0; i <= 16; i++) {
        const struct part part = {i, 0, 16, 24};
        GstBuffer *const in = noise_buffer(FRAME_BYTES, i);
        GST_BUFFER_PTS(in) = i * GST_SECOND / 16;
        GstBuffer *const out = classify_buffer(&fixture, in);
        check_part(&fixture, out, gst_buffer_get_nnc_prediction(out, NULL), &part);
        gst_buffer_unref(out);
    }
    gst_object_unref(source);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- regions of interest --- */

struct roi {
    const char *label;
    guint x, y, width, height;
};

#define MOST_ROIS 6

/* The regions that a frame brings, and those that must come out, in order. */
static const struct {
    const char *properties;
    struct roi rois[MOST_ROIS];
    struct part parts[MOST_ROIS];
    gint ids[MOST_ROIS];
    const char *counter; /* of what is left out; NULL: nothing is */
    guint n_counted;
} roi_rows[] = {
    {"", {{NULL}}, {{0}}, {0}, NULL, 0},
    {"", {{"person", 3, 4, 10, 12}}, {{3, 4, 10, 12}}, {100}, NULL, 0},
    {"",
     {{"person", 3, 4, 10, 12}, {"car", 0, 0, 32, 24}, {"car", 31, 23, 1, 1}},
     {{3, 4, 10, 12}, {0, 0, 32, 24}, {31, 23, 1, 1}},
     {100, 101, 102},
     NULL,
     0},
    /* cut off at the frame's edge */
    {"", {{"a", 20, 20, 100, 100}}, {{20, 20, 12, 4}}, {100}, NULL, 0},
    {"", {{"a", 31, 0, G_MAXUINT, G_MAXUINT}}, {{31, 0, 1, 24}}, {100}, NULL, 0},
    /* absurd */
    {"",
     {{"a", 32, 0, 5, 5},
      {"a", 0, 24, 5, 5},
      {"a", 5, 5, 0, 5},
      {"a", 5, 5, 5, 0},
      {"a", G_MAXUINT, G_MAXUINT, G_MAXUINT, G_MAXUINT},
      {"b", 1, 2, 3, 4}},
     {{1, 2, 3, 4}},
     {105},
     "rois-refused",
     5},
    /* chosen by label */
    {"roi-labels=person",
     {{"person", 1, 1, 5, 5}, {"car", 2, 2, 5, 5}, {"persons", 3, 3, 5, 5}},
     {{1, 1, 5, 5}},
     {100},
     "rois-unwanted",
     2},
    {"roi-labels=\"car , person*\"",
     {{"person", 1, 1, 5, 5},
      {"car", 2, 2, 5, 5},
      {"persons", 3, 3, 5, 5},
      {"cart", 0, 0, 9, 9}},
     {{1, 1, 5, 5}, {2, 2, 5, 5}, {3, 3, 5, 5}},
     {100, 101, 102},
     "rois-unwanted",
     1},
    {"roi-labels=-car",
     {{"person", 1, 1, 5, 5}, {"car", 2, 2, 5, 5}},
     {{1, 1, 5, 5}},
     {100},
     "rois-unwanted",
     1},
    /* too small, after clipping */
    {"min-roi-size=5",
     {{"a", 0, 0, 5, 5}, {"a", 0, 0, 4, 9}, {"a", 28, 0, 9, 9}},
     {{0, 0, 5, 5}},
     {100},
     "rois-small",
     2},
    /* clipped by the crop, or outside of it */
    {"crop-width=0.5",
     {{"a", 10, 0, 20, 20}, {"a", 16, 0, 5, 5}},
     {{10, 0, 6, 20}},
     {100},
     "rois-outside",
     1},
    {"max-rois=2",
     {{"a", 0, 0, 5, 5}, {"a", 1, 0, 5, 5}, {"a", 2, 0, 5, 5}},
     {{0, 0, 5, 5}, {1, 0, 5, 5}},
     {100, 101},
     "rois-over-budget",
     1},
};

static GstBuffer *frame_with_rois(const struct roi *rois, guint seed)
{
    GstBuffer *const buffer = noise_buffer(FRAME_BYTES, seed);

    for (guint i = 0; i < MOST_ROIS && rois[i].label; i++) {
        GstVideoRegionOfInterestMeta *const meta =
            gst_buffer_add_video_region_of_interest_meta(buffer, rois[i].label, rois[i].x,
                                                         rois[i].y, rois[i].width,
                                                         rois[i].height);
        meta->id = (gint)(100 + i);
    }
    return buffer;
}

/* The region of interest carries the prediction as its parameter. */
static void check_param(GstBuffer *out, const GstNncPrediction *prediction)
{
    GstVideoRegionOfInterestMeta *const meta =
        gst_buffer_get_video_region_of_interest_meta_id(
            out, gst_nnc_prediction_get_region_id(prediction));
    const GstStructure *const param =
        meta ? gst_video_region_of_interest_meta_get_param(meta, "nnc/prediction") : NULL;
    g_autoptr(GstStructure) expected = gst_nnc_prediction_to_structure(prediction);

    fail_unless(param && gst_structure_is_equal(param, expected));
    fail_unless_equals_string(gst_nnc_prediction_get_region_label(prediction),
                              g_quark_to_string(meta->roi_type));
}

GST_START_TEST(regions_of_interest)
{
    struct fixture fixture;
    guint n = 0;
    g_autofree gchar *properties =
        g_strdup_printf("top-k=0 region=roi %s", roi_rows[__i__].properties);

    fixture_open(&fixture, MODEL_TWO, properties);
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const out =
        classify_buffer(&fixture, frame_with_rois(roi_rows[__i__].rois, 3));
    g_autoptr(GPtrArray) predictions = predictions_of(out);
    for (; n < MOST_ROIS && roi_rows[__i__].ids[n]; n++) {
        fail_unless(n < predictions->len);
        const GstNncPrediction *const prediction = g_ptr_array_index(predictions, n);
        check_part(&fixture, out, prediction, &roi_rows[__i__].parts[n]);
        fail_unless_equals_int(gst_nnc_prediction_get_region_id(prediction),
                               roi_rows[__i__].ids[n]);
        check_param(out, prediction);
    }
    fail_unless_equals_int(predictions->len, n);
    fail_unless_equals_uint64(read_stat(&fixture, "rois-classified"), n);
    if (roi_rows[__i__].counter)
        fail_unless_equals_uint64(read_stat(&fixture, roi_rows[__i__].counter),
                                  roi_rows[__i__].n_counted);
    const guint warnings = count_messages(&fixture, GST_MESSAGE_WARNING, NULL);
    fail_unless_equals_int(warnings, !g_strcmp0(roi_rows[__i__].counter, "rois-refused"));
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

/* More regions than the budget: each has its turn, none has two before all had one. */
GST_START_TEST(regions_take_turns)
{
    static const struct roi rois[MOST_ROIS] = {{"a", 0, 0, 5, 5},
                                               {"b", 1, 0, 5, 5},
                                               {"c", 2, 0, 5, 5},
                                               {"d", 3, 0, 5, 5},
                                               {"e", 4, 0, 5, 5}};
    static const gint ids[] = {100, 101, 102, 103, 104};
    struct fixture fixture;
    guint turn = 0;

    fixture_open(&fixture, MODEL_TWO, "region=roi max-rois=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint frame = 0; frame < 10; frame++) {
        GstBuffer *const out = classify_buffer(&fixture, frame_with_rois(rois, frame));
        g_autoptr(GPtrArray) predictions = predictions_of(out);
        fail_unless_equals_int(predictions->len, 2);
        for (guint i = 0; i < 2; i++)
            fail_unless_equals_int(
                gst_nnc_prediction_get_region_id(g_ptr_array_index(predictions, i)),
                ids[turn++ % G_N_ELEMENTS(ids)]);
        gst_buffer_unref(out);
    }
    fail_unless_equals_uint64(read_stat(&fixture, "rois-over-budget"), 30);
    fixture_close(&fixture);
}
GST_END_TEST

/* News are told region by region: the same frame again is none. */
GST_START_TEST(messages_by_region)
{
    static const struct roi rois[MOST_ROIS] = {
        {"a", 0, 0, 9, 9}, {"b", 9, 9, 9, 9}, {"c", 20, 3, 9, 9}};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "region=roi post-messages=change");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 4; i++) {
        gst_buffer_unref(classify_buffer(&fixture, frame_with_rois(rois, 7)));
        fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_ELEMENT, NULL),
                               i ? 0 : 3);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* Warnings about regions come once a second, however many are absurd. */
GST_START_TEST(many_absurd_regions)
{
    static const struct roi rois[MOST_ROIS] = {{"a", 99, 99, 5, 5}, {"b", 1, 1, 0, 0}};
    struct fixture fixture;
    g_autofree gchar *text = NULL;

    fixture_open(&fixture, MODEL_TWO, "region=roi");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 50; i++)
        gst_buffer_unref(classify_buffer(&fixture, frame_with_rois(rois, i)));
    const guint n = count_messages(&fixture, GST_MESSAGE_WARNING, &text);
    fail_unless(n >= 1 && n <= 3, "%u warnings", n);
    fail_unless(strstr(text, "5x5 at 99,99") && strstr(text, "32x24"), "%s", text);
    fail_unless_equals_uint64(read_stat(&fixture, "rois-refused"), 100);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-refused"), 0);
    fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(thousands_of_regions)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "region=roi max-rois=64");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const in = noise_buffer(FRAME_BYTES, 1);
    for (guint i = 0; i < 5000; i++)
        gst_buffer_add_video_region_of_interest_meta(in, "a", i % 16, i % 16, 8, 8);
    GstBuffer *const out = classify_buffer(&fixture, in);
    g_autoptr(GPtrArray) predictions = predictions_of(out);
    fail_unless_equals_int(predictions->len, 64);
    fail_unless_equals_uint64(read_stat(&fixture, "rois-over-budget"), 5000 - 64);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- changes while frames flow --- */

static gpointer change_regions(gpointer data)
{
    GstElement *const element = ((gpointer *)data)[0];
    gint *const stop = ((gpointer *)data)[1];
    static const char *const labels[] = {"", "a", "-a", "b*", "*"};

    for (guint i = 0; !g_atomic_int_get(stop); i++) {
        g_autofree gchar *crop =
            g_strdup_printf("<0.%u,0.%u,0.%u,0.%u>", i % 10, i % 7, i % 9, i % 8);
        gst_util_set_object_arg(G_OBJECT(element), "crop", crop);
        g_object_set(element, "region", i % 3, "crop-x", (i % 11) / 10.0, "center-share",
                     (i % 5) / 4.0, "roi-labels", labels[i % G_N_ELEMENTS(labels)],
                     "max-rois", 1 + i % 4, "min-roi-size", 1 + i % 6, "hold", i % 2,
                     NULL);
    }
    return NULL;
}

/* Whatever a frame was classified by, its prediction says it and is right. */
GST_START_TEST(changes_while_frames_flow)
{
    static const struct roi rois[MOST_ROIS] = {{"a", 0, 0, 5, 5}, {"b", 9, 9, 9, 9}};
    struct fixture fixture;
    gint stop = 0;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    gpointer data[] = {fixture.element, &stop};
    GThread *const thread = g_thread_new("setter", change_regions, data);
    for (guint i = 0; i < 500; i++) {
        GstBuffer *const out = classify_buffer(&fixture, frame_with_rois(rois, i));
        g_autoptr(GPtrArray) predictions = predictions_of(out);
        for (guint p = 0; p < predictions->len; p++) {
            struct part part = all;
            gst_nnc_prediction_get_region(g_ptr_array_index(predictions, p), &part.x,
                                          &part.y, &part.width, &part.height);
            check_part(&fixture, out, g_ptr_array_index(predictions, p), &part);
        }
        gst_buffer_unref(out);
    }
    g_atomic_int_set(&stop, 1);
    g_thread_join(thread);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- frames between --- */

/* Frames left out carry the result of the last one that was not. */
GST_START_TEST(held_results)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 interval=2 hold=true");
    fixture_set_caps(&fixture, RGB_CAPS);
    g_autoptr(GstBuffer) shown = NULL;
    for (guint i = 0; i < 9; i++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, i);
        GST_BUFFER_PTS(in) = i * GST_SECOND;
        GstBuffer *const out = classify_buffer(&fixture, in);
        const GstNncPrediction *const prediction =
            gst_buffer_get_nnc_prediction(out, NULL);
        if (i % 3 == 0)
            gst_buffer_replace(&shown, out);
        check_part(&fixture, shown, prediction, &all);
        fail_unless_equals_int(gst_nnc_prediction_get_age(prediction), i % 3);
        fail_unless_equals_uint64(gst_nnc_prediction_get_source_pts(prediction),
                                  (i - i % 3) * GST_SECOND);
        fail_unless_equals_int(gst_nnc_prediction_get_reason(prediction) != NULL,
                               i % 3 != 0);
        gst_buffer_unref(out);
    }
    fail_unless_equals_uint64(read_stat(&fixture, "frames-held"), 6);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-skipped"), 6);
    fixture_close(&fixture);
}
GST_END_TEST

/* A late frame says so, and that its classes are of an older one. Nothing of before a
 * flush or other caps is shown. */
GST_START_TEST(held_when_late_and_forgotten)
{
    struct fixture fixture;
    static const char *const forget[] = {"nothing", "flush", "caps"};

    for (guint i = 0; i < G_N_ELEMENTS(forget); i++) {
        fixture_open(&fixture, MODEL_TWO, "hold=true");
        fixture_set_caps(&fixture, RGB_CAPS);
        GstBuffer *in = noise_buffer(FRAME_BYTES, 1);
        GST_BUFFER_PTS(in) = GST_SECOND;
        gst_buffer_unref(classify_buffer(&fixture, in));
        if (i == 1) {
            GstSegment segment;
            gst_segment_init(&segment, GST_FORMAT_TIME);
            gst_harness_push_event(fixture.harness, gst_event_new_flush_start());
            gst_harness_push_event(fixture.harness, gst_event_new_flush_stop(TRUE));
            gst_harness_push_event(fixture.harness, gst_event_new_segment(&segment));
        }
        if (i == 2)
            fixture_set_caps(&fixture, "video/x-raw,format=BGR,width=32,height=24");
        gst_harness_push_upstream_event(
            fixture.harness,
            gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, 10 * GST_SECOND));
        in = noise_buffer(FRAME_BYTES, 2);
        GST_BUFFER_PTS(in) = 2 * GST_SECOND;
        GstBuffer *const out = classify_buffer(&fixture, in);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        fail_unless_equals_string(gst_nnc_prediction_get_reason(made),
                                  "the frame was late");
        fail_unless_equals_int(gst_nnc_prediction_get_status(made),
                               i ? GST_NNC_PREDICTION_STATUS_LATE
                                 : GST_NNC_PREDICTION_STATUS_CLASSIFIED);
        fail_unless_equals_int(gst_nnc_prediction_get_age(made), i ? 0 : 1);
        fail_unless_equals_uint64(gst_nnc_prediction_get_source_pts(made),
                                  (i ? 2 : 1) * GST_SECOND);
        gst_buffer_unref(out);
        fail_unless_equals_uint64(read_stat(&fixture, "frames-late"), 1);
        fixture_close(&fixture);
    }
}
GST_END_TEST

static Suite *classify_regions(void)
{
    Suite *const suite = suite_create("classify_regions");
    TCase *const kinds = tcase_create("regions");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, crop_and_middle, 0, G_N_ELEMENTS(crop_rows));
    tcase_add_test(kinds, crop_of_a_crop_meta);
    tcase_add_loop_test(kinds, bad_crop, 0, G_N_ELEMENTS(bad_crops));
    tcase_add_test(kinds, animated_crop);
    tcase_add_loop_test(kinds, regions_of_interest, 0, G_N_ELEMENTS(roi_rows));
    tcase_add_test(kinds, regions_take_turns);
    tcase_add_test(kinds, messages_by_region);
    tcase_add_test(kinds, many_absurd_regions);
    tcase_add_test(kinds, thousands_of_regions);
    tcase_add_test(kinds, changes_while_frames_flow);
    tcase_add_test(kinds, held_results);
    tcase_add_test(kinds, held_when_late_and_forgotten);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_regions(), "classify_regions", __FILE__);
}
