/* SPDX-License-Identifier: MIT */

/* States, seeks and ends over and over, in pipelines that run: at any moment, after errors,
 * with models that are there only sometimes. What was classified before goes on being
 * classified after, and descriptors and threads are as many in the end as in the
 * beginning. */

#include "element_fixture.h"

#define FRAME_TIME (10 * GST_MSECOND)

/* --- what a process has --- */

/* The thread pools of GLib and GStreamer end theirs a moment later. */
static void wait_for_threads(guint n)
{
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    while (count_entries("/proc/self/task") > n) {
        fail_unless(g_get_monotonic_time() < end, "%u threads, %u before",
                    count_entries("/proc/self/task"), n);
        g_usleep(10000);
    }
}

/* --- a pipeline --- */

struct line {
    GstElement *pipeline, *element, *sink;
};

/* A picture source, the element, a sink that keeps time or not. */
static void line_open(struct line *line, const gchar *source, const gchar *sink)
{
    g_autofree gchar *launch = g_strdup_printf(
        "%s ! video/x-raw,format=RGB,width=64,height=48,framerate=100/1 ! nncclassify "
        "name=nnc threads=2 model=%s ! %s ! fakesink name=sink",
        source, MODEL_TWO, sink);
    g_autoptr(GError) error = NULL;

    line->pipeline = gst_parse_launch(launch, &error);
    g_assert_no_error(error);
    line->element = gst_bin_get_by_name(GST_BIN(line->pipeline), "nnc");
    line->sink = gst_bin_get_by_name(GST_BIN(line->pipeline), "sink");
}

static void line_close(struct line *line)
{
    fail_unless_equals_int(gst_element_set_state(line->pipeline, GST_STATE_NULL),
                           GST_STATE_CHANGE_SUCCESS);
    gst_object_unref(line->sink);
    gst_object_unref(line->element);
    gst_object_unref(line->pipeline);
}

static void set_state(struct line *line, GstState state)
{
    gst_element_set_state(line->pipeline, state);
    fail_if(gst_element_get_state(line->pipeline, NULL, NULL, 60 * GST_SECOND) ==
            GST_STATE_CHANGE_FAILURE);
}

static GstMessage *wait_for_message(struct line *line, GstMessageType type)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(line->pipeline);
    GstMessage *const message = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, type);

    fail_unless(message, "no %s", gst_message_type_get_name(type));
    return message;
}

static GstBuffer *last_frame(struct line *line)
{
    g_autoptr(GstSample) sample = NULL;

    g_object_get(line->sink, "last-sample", &sample, NULL);
    return sample ? gst_buffer_ref(gst_sample_get_buffer(sample)) : NULL;
}

static void check_last_frame(struct line *line)
{
    g_autoptr(GstBuffer) last = last_frame(line);

    fail_unless(last && gst_buffer_get_nnc_prediction(last, NULL), "no prediction");
}

/* --- PAUSED and PLAYING --- */

GST_START_TEST(ten_thousand_pauses)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 10000; i++) {
        fail_unless_equals_int(gst_element_set_state(fixture.element, GST_STATE_PAUSED),
                               GST_STATE_CHANGE_SUCCESS);
        fail_unless_equals_int(gst_element_set_state(fixture.element, GST_STATE_PLAYING),
                               GST_STATE_CHANGE_SUCCESS);
        if (i % 20 == 0)
            gst_buffer_unref(classify_buffer(&fixture, noise_buffer(2304, i)));
    }
    fail_unless_equals_uint64(read_stat(&fixture, "frames-classified"), 500);
    fixture_close(&fixture);
}
GST_END_TEST

/* A source of files prerolls, a live one does not; both with and without a worker. */
static const struct {
    const gchar *source;
    gboolean async;
} pausing[] = {{"videotestsrc", FALSE},
               {"videotestsrc", TRUE},
               {"videotestsrc is-live=true", FALSE},
               {"videotestsrc is-live=true", TRUE}};

GST_START_TEST(pipelines_pause_and_play)
{
    struct line line;

    line_open(&line, pausing[__i__].source, "identity");
    g_object_set(line.element, "async", pausing[__i__].async, NULL);
    for (guint i = 0; i < often(100); i++) {
        set_state(&line, GST_STATE_PLAYING);
        set_state(&line, GST_STATE_PAUSED);
    }
    line_close(&line);
}
GST_END_TEST

/* --- at any moment --- */

/* Of the load, the first frame, a switch. */
GST_START_TEST(states_at_any_moment)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    struct line line;

    line_open(&line, "videotestsrc", "identity");
    for (guint i = 0; i < often(150); i++) {
        gst_element_set_state(line.pipeline, GST_STATE_PLAYING);
        g_object_set(line.element, "cutout", i % 2 ? "a" : "b", NULL);
        g_usleep((gulong)g_rand_int_range(random, 0, 5000));
        fail_unless(
            gst_element_set_state(line.pipeline, i % 3 ? GST_STATE_NULL : GST_STATE_PAUSED) !=
            GST_STATE_CHANGE_FAILURE);
    }
    line_close(&line);
}
GST_END_TEST

/* --- models and neighbours that fail --- */

/* Each third time there is no model: the pipeline stays down, and comes up with the next. */
GST_START_TEST(load_fails_each_third_time)
{
    struct line line;

    line_open(&line, "videotestsrc", "identity");
    for (guint i = 0; i < often(60); i++) {
        const gboolean there = i % 3 < 2;
        g_object_set(line.element, "model", there ? MODEL_TWO : "/nowhere.onnx", NULL);
        const GstStateChangeReturn came =
            gst_element_set_state(line.pipeline, GST_STATE_PAUSED);
        fail_unless_equals_int(came == GST_STATE_CHANGE_FAILURE, !there);
        if (there) {
            set_state(&line, GST_STATE_PAUSED);
            check_last_frame(&line);
        }
        fail_unless_equals_int(gst_element_set_state(line.pipeline, GST_STATE_NULL),
                               GST_STATE_CHANGE_SUCCESS);
    }
    line_close(&line);
}
GST_END_TEST

/* What is behind the element gives up after three frames. */
GST_START_TEST(error_downstream)
{
    struct line line;

    line_open(&line, "videotestsrc", "identity error-after=3");
    for (guint i = 0; i < often(30); i++) {
        gst_element_set_state(line.pipeline, GST_STATE_PLAYING);
        gst_message_unref(wait_for_message(&line, GST_MESSAGE_ERROR));
        fail_unless_equals_int(gst_element_set_state(line.pipeline, GST_STATE_NULL),
                               GST_STATE_CHANGE_SUCCESS);
    }
    line_close(&line);
}
GST_END_TEST

/* --- seeks and ends --- */

/* To any place, forwards and backwards, while it plays. */
GST_START_TEST(storm_of_seeks)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(2);
    struct line line;

    line_open(&line, "videotestsrc num-buffers=-1", "identity");
    set_state(&line, GST_STATE_PLAYING);
    for (guint i = 0; i < often(200); i++) {
        const gint64 at = g_rand_int_range(random, 0, 10000) * FRAME_TIME;
        fail_unless(gst_element_seek(line.pipeline, i % 4 ? 1.0 : 0.5, GST_FORMAT_TIME,
                                     GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, at,
                                     GST_SEEK_TYPE_NONE, -1));
        if (i % 10 == 0) {
            fail_unless_equals_int(
                gst_element_get_state(line.pipeline, NULL, NULL, 60 * GST_SECOND),
                GST_STATE_CHANGE_SUCCESS);
            g_autoptr(GstBuffer) last = last_frame(&line);
            fail_unless(last && GST_BUFFER_PTS(last) >= (GstClockTime)at,
                        "a frame from before the seek");
            check_last_frame(&line);
        }
    }
    line_close(&line);
}
GST_END_TEST

/* To the end, back to the start, and again; with a worker the last result is told each time. */
GST_START_TEST(ends_and_begins_again)
{
    struct line line;

    line_open(&line, "videotestsrc num-buffers=5", "identity");
    g_object_set(line.element, "async", __i__ == 1, "hold", TRUE, NULL);
    set_state(&line, GST_STATE_PLAYING);
    for (guint i = 0; i < often(50); i++) {
        gst_message_unref(wait_for_message(&line, GST_MESSAGE_EOS));
        fail_unless(gst_element_seek_simple(line.pipeline, GST_FORMAT_TIME,
                                            GST_SEEK_FLAG_FLUSH, 0));
    }
    gst_message_unref(wait_for_message(&line, GST_MESSAGE_EOS));
    line_close(&line);
}
GST_END_TEST

/* --- what stays --- */

GST_START_TEST(nothing_stays)
{
    struct line line;
    guint descriptors = 0, threads = 0;

    for (guint i = 0; i < often(50); i++) {
        line_open(&line, "videotestsrc num-buffers=3", "queue");
        g_object_set(line.element, "async", i % 2 == 0, NULL);
        set_state(&line, GST_STATE_PLAYING);
        gst_message_unref(wait_for_message(&line, GST_MESSAGE_EOS));
        line_close(&line);
        if (i == 5) { /* the pools of GLib and the registry have what they want */
            descriptors = count_entries("/proc/self/fd");
            threads = count_entries("/proc/self/task");
        }
    }
    fail_unless_equals_int(count_entries("/proc/self/fd"), descriptors);
    wait_for_threads(threads);
}
GST_END_TEST

static Suite *classify_cycles(void)
{
    Suite *const suite = suite_create("classify_cycles");
    TCase *const all = tcase_create("cycles");

    suite_add_tcase(suite, all);
    tcase_add_test(all, ten_thousand_pauses);
    tcase_add_loop_test(all, pipelines_pause_and_play, 0, G_N_ELEMENTS(pausing));
    tcase_add_test(all, states_at_any_moment);
    tcase_add_test(all, load_fails_each_third_time);
    tcase_add_test(all, error_downstream);
    tcase_add_test(all, storm_of_seeks);
    tcase_add_loop_test(all, ends_and_begins_again, 0, 2);
    tcase_add_test(all, nothing_stays);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_cycles(), "classify_cycles", __FILE__);
}
