/* SPDX-License-Identifier: MIT */

/* nncjson: which lines it writes, and that every frame passes as it came. */

#include "json_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

GST_START_TEST(lines_are_the_library_s)
{
    g_autoptr(GstNncPrediction) one = predict_class("one", 1, FALSE);
    g_autoptr(GstNncPrediction) two =
        predict_region("two", 2, (GstNncRegion){1, 2, 3, 4, 5, "person"});
    GstNncFrame frame = {.number = 1,
                         .pts = 10 * GST_MSECOND,
                         .running_time = 10 * GST_MSECOND,
                         .width = RGB_WIDTH,
                         .height = RGB_HEIGHT};
    g_autofree gchar *line_of_one = gst_nnc_prediction_to_json_line(one, &frame);
    g_autofree gchar *line_of_two = gst_nnc_prediction_to_json_line(two, &frame);
    g_autofree gchar *expected = g_strconcat(line_of_one, line_of_two, NULL);
    g_autofree gchar *text = NULL;
    struct json json;

    json_open(&json, "");
    json_push(&json, NULL);
    GstBuffer *const buffer = gst_buffer_new();
    GST_BUFFER_PTS(buffer) = frame.pts;
    gst_buffer_add_nnc_prediction_meta(buffer, one);
    give_foreign_meta(buffer);
    gst_buffer_add_nnc_prediction_meta(buffer, two);
    gst_buffer_unref(classify_buffer(&json.fixture, buffer));
    fail_unless(g_file_get_contents(json.path, &text, NULL, NULL));
    fail_unless_equals_string(text, expected);
    fail_unless(strstr(text, "{\"version\":1,\"frame\":1,\"pts\":10000000,"
                             "\"running_time\":10000000,\"width\":32,\"height\":24,"
                             "\"status\":\"classified\","));
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(wall_clock)
{
    g_autofree gchar *text = NULL;
    struct json json;

    json_open(&json, "wall-clock=true");
    json_push_n(&json, 1);
    g_file_get_contents(json.path, &text, NULL, NULL);
    fail_unless(g_regex_match_simple(
        ",\"time\":\"20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\",", text, 0,
        0));
    json_close(&json);
}
GST_END_TEST

/* A frame each; which of them get a line. */
static const struct {
    gint class; /* -1: late, -2: no prediction */
    gboolean unknown;
    gint region; /* -1: none */
    gboolean all, change, classified;
} sequence[] = {
    {-2, FALSE, -1, FALSE, FALSE, FALSE}, {0, FALSE, -1, TRUE, TRUE, TRUE},
    {0, FALSE, -1, TRUE, FALSE, TRUE},    {0, TRUE, -1, TRUE, TRUE, TRUE},
    {1, TRUE, -1, TRUE, TRUE, TRUE},      {-1, FALSE, -1, TRUE, FALSE, FALSE},
    {1, TRUE, -1, TRUE, FALSE, TRUE},     {2, FALSE, 5, TRUE, TRUE, TRUE},
    {2, FALSE, 6, TRUE, TRUE, TRUE},      {2, FALSE, 5, TRUE, FALSE, TRUE},
    {0, FALSE, 5, TRUE, TRUE, TRUE},      {1, TRUE, -1, TRUE, FALSE, TRUE},
};

static GstNncPrediction *predict_step(guint i)
{
    if (sequence[i].class == -2)
        return NULL;
    if (sequence[i].class == -1)
        return predict_status("one", GST_NNC_PREDICTION_STATUS_LATE);
    if (sequence[i].region < 0)
        return predict_class("one", (guint)sequence[i].class, sequence[i].unknown);
    return predict_region("one", (guint)sequence[i].class,
                          (GstNncRegion){0, 0, 9, 9, sequence[i].region, NULL});
}

GST_START_TEST(which_predictions)
{
    static const char *const settings[] = {"predictions=all", "predictions=change",
                                           "predictions=classified"};
    struct json json;
    guint expected = 0;

    json_open(&json, settings[__i__]);
    for (guint i = 0; i < G_N_ELEMENTS(sequence); i++) {
        const gboolean wanted[] = {sequence[i].all, sequence[i].change,
                                   sequence[i].classified};
        json_push(&json, predict_step(i));
        expected += (guint)wanted[__i__];
        fail_unless_equals_int(json_count_lines(json.path), expected);
    }
    json_check_stats(&json, expected, 0);
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(changes_of_endless_regions)
{
    struct json json;

    json_open(&json, "predictions=change flush=false");
    for (gint i = 0; i < 2000; i++)
        json_push(&json, predict_region("one", 0, (GstNncRegion){0, 0, 1, 1, i, NULL}));
    json_check_stats(&json, 2000, 0);
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(flush_at_the_end_alone)
{
    struct json json;

    json_open(&json, "flush=false");
    json_push_n(&json, 3);
    fail_unless_equals_int(json_count_lines(json.path), 0);
    gst_harness_push_event(json.fixture.harness, gst_event_new_eos());
    fail_unless_equals_int(json_count_lines(json.path), 3);
    json_close(&json);
    json_open(&json, "flush=false");
    json_push_n(&json, 3);
    json_stop(&json);
    fail_unless_equals_int(json_count_lines(json.path), 3);
    json_close(&json);
}
GST_END_TEST

/* Pooled buffers come back without the prediction of their last frame. */
GST_START_TEST(one_line_per_frame_from_a_pool)
{
    g_autofree gchar *folder = g_dir_make_tmp("nncjson-XXXXXX", NULL);
    g_autofree gchar *path = g_build_filename(folder, "lines.jsonl", NULL);
    g_autofree gchar *launch = g_strdup_printf(
        "videotestsrc num-buffers=100 ! video/x-raw,width=64,height=48 ! nncclassify "
        "model=" MODEL_TWO " threads=1 ! nncjson location=%s flush=false ! fakesink",
        path);
    GstElement *const pipeline = gst_parse_launch(launch, NULL);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_autoptr(GstMessage) message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless_equals_int(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    fail_unless_equals_int(json_count_lines(path), 100);
    gst_object_unref(pipeline);
    g_remove(path);
    g_rmdir(folder);
}
GST_END_TEST

/* Whatever became of the buffer on the way: its prediction is written, once. */
static GstBuffer *copy_shallow(const GstBuffer *buffer)
{
    return gst_buffer_copy(buffer);
}

static GstBuffer *copy_part(const GstBuffer *buffer)
{
    return gst_buffer_copy_region((GstBuffer *)buffer, GST_BUFFER_COPY_ALL, 5, 7);
}

static GstBuffer *copy_without_memory(const GstBuffer *buffer)
{
    GstBuffer *const copy = gst_buffer_new();

    gst_buffer_copy_into(copy, (GstBuffer *)buffer, GST_BUFFER_COPY_METADATA, 0, -1);
    return copy;
}

static gboolean remove_ours(GstBuffer *buffer, GstMeta **meta, gpointer data)
{
    if ((*meta)->info == gst_nnc_prediction_meta_get_info())
        *meta = NULL;
    return TRUE;
}

static GstBuffer *take_off(const GstBuffer *buffer)
{
    GstBuffer *const copy = gst_buffer_copy(buffer);

    gst_buffer_foreach_meta(copy, remove_ours, NULL);
    return copy;
}

GST_START_TEST(copies_of_buffers)
{
    static const struct {
        GstBuffer *(*copy)(const GstBuffer *);
        guint n_lines;
    } ways[] = {{copy_shallow, 1},
                {gst_buffer_copy_deep, 1},
                {copy_part, 1},
                {copy_without_memory, 1},
                {take_off, 0}};
    guint n_lines = 0;
    struct json json;

    json_open(&json, "");
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        GstBuffer *const buffer = gst_buffer_new_allocate(NULL, 100, NULL);
        give_prediction(buffer, predict_class("one", 0, FALSE));
        GstBuffer *const copy = ways[i].copy(buffer);
        gst_buffer_unref(buffer);
        gst_buffer_unref(classify_buffer(&json.fixture, copy));
        n_lines += ways[i].n_lines;
        fail_unless_equals_int(json_count_lines(json.path), n_lines);
    }
    json_close(&json);
}
GST_END_TEST

static Suite *json_lines_suite(void)
{
    Suite *const suite = suite_create("json_lines");
    TCase *const lines = tcase_create("lines");

    suite_add_tcase(suite, lines);
    tcase_add_test(lines, lines_are_the_library_s);
    tcase_add_test(lines, wall_clock);
    tcase_add_loop_test(lines, which_predictions, 0, 3);
    tcase_add_test(lines, changes_of_endless_regions);
    tcase_add_test(lines, flush_at_the_end_alone);
    tcase_add_test(lines, one_line_per_frame_from_a_pool);
    tcase_add_test(lines, copies_of_buffers);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(json_lines_suite(), "json_lines", __FILE__);
}
