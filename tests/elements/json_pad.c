/* SPDX-License-Identifier: MIT */

/* The pad `json` of nncjson: a stream of lines beside the stream of frames, which nothing
 * that happens to the lines can stop. */

#include "element_fixture.h"
#include "prediction_fixture.h"

#include <string.h>

struct pads {
    GstElement *element;
    GstHarness *frames, *lines; /* lines is NULL until open_lines() */
};

static void pads_open(struct pads *pads, const char *properties)
{
    g_autofree gchar *launch = g_strdup_printf("nncjson %s", properties);

    *pads = (struct pads){.element = gst_object_ref_sink(gst_parse_launch(launch, NULL))};
    pads->frames = gst_harness_new_with_element(pads->element, "sink", "src");
    gst_harness_set_src_caps_str(pads->frames, RGB_CAPS);
}

static void open_lines(struct pads *pads)
{
    pads->lines = gst_harness_new_with_element(pads->element, NULL, "json");
    gst_harness_play(pads->lines);
}

static void pads_close(struct pads *pads)
{
    if (pads->lines)
        gst_harness_teardown(pads->lines);
    gst_harness_teardown(pads->frames);
    gst_element_set_state(pads->element, GST_STATE_NULL);
    gst_object_unref(pads->element);
}

static void push(struct pads *pads, GstClockTime pts, gboolean with_prediction)
{
    GstBuffer *const buffer = gst_buffer_new();

    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = 5;
    if (with_prediction)
        give_prediction(buffer, predict_class("one", 0, FALSE));
    fail_unless_equals_int(gst_harness_push(pads->frames, buffer), GST_FLOW_OK);
    gst_buffer_unref(gst_harness_pull(pads->frames));
}

static void check_line(struct pads *pads, GstClockTime pts)
{
    g_autofree gchar *start = g_strdup_printf("{\"version\":1,\"frame\":%u,\"pts\":%u,",
                                              (guint)pts, (guint)pts);
    g_autoptr(GstBuffer) line = gst_harness_try_pull(pads->lines);
    GstMapInfo map;

    fail_unless(line);
    fail_unless_equals_uint64(GST_BUFFER_PTS(line), pts);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(line), 5);
    fail_unless(gst_buffer_map(line, &map, GST_MAP_READ));
    fail_unless(!strncmp((const gchar *)map.data, start, strlen(start)), "%.*s",
                (int)map.size, map.data);
    fail_unless(memchr(map.data, '\n', map.size) == map.data + map.size - 1);
    gst_buffer_unmap(line, &map);
}

/* The next event on the lines' pad, which must be of this type. */
static GstEvent *pull_event(struct pads *pads, GstEventType type)
{
    GstEvent *const event = gst_harness_try_pull_event(pads->lines);

    fail_unless(event);
    fail_unless_equals_string(GST_EVENT_TYPE_NAME(event), gst_event_type_get_name(type));
    return event;
}

static void check_event(struct pads *pads, GstEventType type)
{
    gst_event_unref(pull_event(pads, type));
}

static void check_gap(struct pads *pads, GstClockTime expected)
{
    g_autoptr(GstEvent) event = pull_event(pads, GST_EVENT_GAP);
    GstClockTime time;

    gst_event_parse_gap(event, &time, NULL);
    fail_unless_equals_uint64(time, expected);
}

static void check_segment(struct pads *pads, guint64 start)
{
    g_autoptr(GstEvent) event = pull_event(pads, GST_EVENT_SEGMENT);
    const GstSegment *segment;

    gst_event_parse_segment(event, &segment);
    fail_unless_equals_uint64(segment->start, start);
}

static void check_beginning(struct pads *pads)
{
    g_autoptr(GstEvent) event = pull_event(pads, GST_EVENT_STREAM_START);
    GstStreamFlags flags;

    gst_event_parse_stream_flags(event, &flags);
    fail_unless(flags & GST_STREAM_FLAG_SPARSE);
    check_event(pads, GST_EVENT_CAPS);
    check_segment(pads, 0);
}

GST_START_TEST(a_stream_of_its_own)
{
    struct pads pads;

    pads_open(&pads, "");
    open_lines(&pads);
    push(&pads, 0, TRUE);
    push(&pads, 1, FALSE);
    push(&pads, 2, TRUE);
    gst_harness_push_event(pads.frames, gst_event_new_gap(3, 5));
    gst_harness_push_event(pads.frames, gst_event_new_eos());
    check_line(&pads, 0);
    check_line(&pads, 2);
    check_beginning(&pads);
    check_gap(&pads, 1);
    check_gap(&pads, 3);
    check_event(&pads, GST_EVENT_EOS);
    pads_close(&pads);
}
GST_END_TEST

GST_START_TEST(follows_segments_and_flushes)
{
    GstSegment segment;
    struct pads pads;

    pads_open(&pads, "");
    open_lines(&pads);
    push(&pads, 0, TRUE);
    gst_harness_push_event(pads.frames, gst_event_new_flush_start());
    gst_harness_push_event(pads.frames, gst_event_new_flush_stop(TRUE));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = 1;
    gst_harness_push_event(pads.frames, gst_event_new_segment(&segment));
    push(&pads, 1, TRUE);
    check_line(&pads, 0);
    check_line(&pads, 1);
    check_beginning(&pads);
    check_event(&pads, GST_EVENT_FLUSH_START);
    check_event(&pads, GST_EVENT_FLUSH_STOP);
    check_segment(&pads, 1);
    pads_close(&pads);
}
GST_END_TEST

GST_START_TEST(comes_and_goes_while_frames_flow)
{
    struct pads pads;

    pads_open(&pads, "location=/dev/null");
    push(&pads, 0, TRUE);
    open_lines(&pads);
    ASSERT_CRITICAL(gst_element_request_pad_simple(pads.element, "json"));
    push(&pads, 1, TRUE);
    check_line(&pads, 1);
    check_beginning(&pads);
    gst_harness_teardown(pads.lines);
    push(&pads, 2, TRUE);
    fail_if(gst_element_get_static_pad(pads.element, "json"));
    open_lines(&pads);
    push(&pads, 3, TRUE);
    check_line(&pads, 3);
    pads_close(&pads);
}
GST_END_TEST

GST_START_TEST(nobody_takes_the_lines)
{
    struct pads pads;

    pads_open(&pads, "");
    GstPad *const pad = gst_element_request_pad_simple(pads.element, "json");
    push(&pads, 0, TRUE); /* not linked */
    gst_pad_set_active(pad, FALSE);
    push(&pads, 1, TRUE); /* flushing */
    gst_element_release_request_pad(pads.element, pad);
    gst_object_unref(pad);
    pads_close(&pads);
}
GST_END_TEST

/* Late lines must not make upstream take frames for late. */
GST_START_TEST(quality_stays_here)
{
    struct pads pads;

    pads_open(&pads, "");
    open_lines(&pads);
    push(&pads, 0, TRUE);
    while (gst_harness_upstream_events_in_queue(pads.frames))
        gst_event_unref(gst_harness_pull_upstream_event(pads.frames));
    gst_harness_push_upstream_event(
        pads.lines, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, 99, 5));
    fail_if(gst_harness_upstream_events_in_queue(pads.frames));
    gst_harness_push_upstream_event(
        pads.frames, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, 99, 5));
    fail_unless_equals_int(gst_harness_upstream_events_in_queue(pads.frames), 1);
    pads_close(&pads);
}
GST_END_TEST

/* Whole pipelines: both sinks start though hardly a frame has a line, and an element that
 * fails on the lines does not end the frames. */
static const struct {
    const char *lines;
    gboolean fails;
} behind[] = {
    {"queue ! fakesink", FALSE},
    {"queue ! filesink location=/dev/full buffer-mode=unbuffered "
     "async=false",
     TRUE},
    {"queue ! identity error-after=2 ! fakesink async=false", TRUE},
};

GST_START_TEST(in_a_pipeline)
{
    g_autofree gchar *launch = g_strdup_printf(
        "videotestsrc num-buffers=50 ! video/x-raw,width=64,height=48 ! nncclassify "
        "interval=9 model=" MODEL_TWO " threads=1 ! nncjson name=j ! queue ! fakesink "
        "name=out j.json ! %s",
        behind[__i__].lines);
    GstElement *const pipeline = gst_parse_launch(launch, NULL);
    g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_autoptr(GstMessage) message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless_equals_int(GST_MESSAGE_TYPE(message),
                           behind[__i__].fails ? GST_MESSAGE_ERROR : GST_MESSAGE_EOS);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(out, "sink");
    while (!GST_PAD_IS_EOS(pad))
        g_thread_yield();
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
}
GST_END_TEST

static Suite *json_pad_suite(void)
{
    Suite *const suite = suite_create("json_pad");
    TCase *const kinds = tcase_create("pad");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, a_stream_of_its_own);
    tcase_add_test(kinds, follows_segments_and_flushes);
    tcase_add_test(kinds, comes_and_goes_while_frames_flow);
    tcase_add_test(kinds, nobody_takes_the_lines);
    tcase_add_test(kinds, quality_stays_here);
    tcase_add_loop_test(kinds, in_a_pipeline, 0, G_N_ELEMENTS(behind));
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(json_pad_suite(), "json_pad", __FILE__);
}
