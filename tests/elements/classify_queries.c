/* SPDX-License-Identifier: MIT */

/* What the element answers about itself: latency, the input that it needs, and what it
 * counted. */

#include "element_fixture.h"

#define FRAME_BYTES 2304 /* of RGB_CAPS */

/* --- latency --- */

static const struct {
    const char *properties;
    guint frames; /* before the query */
    gboolean measured;
    GstClockTime added; /* unless measured */
} latency_rows[] = {
    {"", 0, FALSE, 0}, /* N07: nothing is known yet */
    {"", 10, TRUE, 0},
    {"processing-latency=5000000", 0, FALSE, 5 * GST_MSECOND},
    {"processing-latency=5000000", 10, FALSE, 5 * GST_MSECOND},
    {"processing-latency=0", 10, FALSE, 0},
    {"async=true", 10, FALSE, 0},
    {"async=true processing-latency=5000000", 10, FALSE, 0},
};

GST_START_TEST(latency)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, latency_rows[__i__].properties);
    gst_harness_set_upstream_latency(fixture.harness, 20 * GST_MSECOND);
    if (latency_rows[__i__].frames)
        fixture_set_caps(&fixture, RGB_CAPS);
    const gint64 start = g_get_monotonic_time();
    for (guint i = 0; i < latency_rows[__i__].frames; i++)
        gst_buffer_unref(classify_buffer(&fixture, noise_buffer(FRAME_BYTES, i)));
    const GstClockTime longest =
        (GstClockTime)(g_get_monotonic_time() - start + 1) * GST_USECOND;
    const GstClockTime added =
        gst_harness_query_latency(fixture.harness) - 20 * GST_MSECOND;
    if (latency_rows[__i__].measured) {
        fail_unless_equals_uint64(added, read_stat(&fixture, "frame-ns-p99"));
        fail_unless(added > 0 && added <= longest + longest / 8);
    } else {
        fail_unless_equals_uint64(added, latency_rows[__i__].added);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* Upstream says that it is live and keeps between 20 and 50 ns. */
static GstPadProbeReturn answer_latency(GstPad *pad, GstPadProbeInfo *info, gpointer max)
{
    GstQuery *const query = GST_PAD_PROBE_INFO_QUERY(info);

    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY)
        return GST_PAD_PROBE_OK;
    gst_query_set_latency(query, TRUE, 20, *(const GstClockTime *)max);
    return GST_PAD_PROBE_HANDLED;
}

/* The upper limit grows by the same, and stays open where it is. */
GST_START_TEST(latency_limits)
{
    static GstClockTime limits[][2] = {{50, 53},
                                       {GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE}};

    for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
        g_autoptr(GstQuery) query = gst_query_new_latency();
        struct fixture fixture;
        GstClockTime min, max;
        gboolean live;
        fixture_open(&fixture, MODEL_TWO, "processing-latency=3");
        GstPad *const sink = gst_element_get_static_pad(fixture.element, "sink");
        GstPad *const src = gst_element_get_static_pad(fixture.element, "src");
        gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, answer_latency,
                          &limits[i][0], NULL);
        fail_unless(gst_pad_query(src, query));
        gst_query_parse_latency(query, &live, &min, &max);
        fail_unless(live);
        fail_unless_equals_uint64(min, 23);
        fail_unless_equals_uint64(max, limits[i][1]);
        gst_object_unref(sink);
        gst_object_unref(src);
        fixture_close(&fixture);
    }
}
GST_END_TEST

GST_START_TEST(declared_latency_is_told)
{
    static const struct {
        guint64 value;
        guint messages;
    } rows[] = {
        {GST_CLOCK_TIME_NONE, 0}, {5, 1}, {5, 0}, {6, 1}, {GST_CLOCK_TIME_NONE, 1}};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_object_set(fixture.element, "processing-latency", rows[i].value, NULL);
        fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_LATENCY, NULL),
                               rows[i].messages);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* Makes frames take as long as the handling of a message. */
static GstBusSyncReply take_time(GstBus *bus, GstMessage *message, gpointer data)
{
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT)
        g_usleep(5000);
    return GST_BUS_PASS;
}

/* A live pipeline that was told too little is told so, once. */
GST_START_TEST(longer_latency_is_told)
{
    static const struct {
        const char *properties;
        guint told;
    } rows[] = {{"post-messages=all", 1},
                {"post-messages=all processing-latency=1", 0},
                {"post-messages=all async=true", 0},
                {"post-messages=none", 0}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fixture fixture;
        fixture_open(&fixture, MODEL_TWO, rows[i].properties);
        fixture_set_caps(&fixture, RGB_CAPS);
        gst_bus_set_sync_handler(fixture.bus, take_time, NULL, NULL);
        gst_harness_set_upstream_latency(fixture.harness, GST_MSECOND);
        gst_harness_query_latency(fixture.harness);
        for (guint frame = 0; frame < 5; frame++)
            gst_buffer_unref(classify_buffer(&fixture, noise_buffer(FRAME_BYTES, frame)));
        fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_LATENCY, NULL),
                               rows[i].told);
        gst_bus_set_sync_handler(fixture.bus, NULL, NULL, NULL);
        fixture_close(&fixture);
    }
}
GST_END_TEST

/* --- wanted input --- */

/* The models want 5x6 pixels, cut to their shape. */
static const struct {
    const char *properties, *caps;
    gint width, height, fps_n, fps_d;
} wanted_rows[] = {
    {"", NULL, 5, 6, 0, 1},
    {"", RGB_CAPS, 8, 6, 0, 1},
    {"interval=2", NULL, 5, 6, 0, 1},
    {"interval=2", RGB_CAPS, 8, 6, 10, 1},
    {"interval=2147483647", RGB_CAPS, 8, 6, 0, 1},
    {"crop=\"<0,0,0.5,0.5>\"", RGB_CAPS, 16, 12, 0, 1},
    {"region=center center-share=0.25", RGB_CAPS, 32, 24, 0, 1},
    {"region=center crop=\"<0,0,1,0.5>\"", RGB_CAPS, 32, 24, 0, 1},
    {"region=roi", RGB_CAPS, 16384, 16384, 0, 1},
};

static void ask(GstElement *element, gboolean answered, gint *width, gint *height,
                gint *fps_n, gint *fps_d)
{
    g_autoptr(GstQuery) query = gst_nnc_wanted_input_query_new();
    GstPad *const pad = gst_element_get_static_pad(element, "sink");
    g_auto(GStrv) formats = NULL;

    fail_unless_equals_int(gst_pad_query(pad, query), answered);
    fail_unless_equals_int(
        gst_nnc_wanted_input_parse(query, width, height, fps_n, fps_d, &formats),
        answered);
    if (answered) {
        fail_unless_equals_int(g_strv_length(formats), 17);
        fail_unless_equals_string(formats[0], "NV12");
        fail_unless_equals_string(formats[16], "GRAY8"); /* the models want colour */
    }
    gst_object_unref(pad);
}

static void check_formats(GstElement *element)
{
    g_autoptr(GstQuery) query = gst_nnc_wanted_input_query_new();
    GstPad *const pad = gst_element_get_static_pad(element, "sink");
    g_auto(GStrv) formats = NULL;
    gint n;

    gst_pad_query(pad, query);
    fail_unless(gst_nnc_wanted_input_parse(query, &n, &n, &n, &n, &formats));
    for (guint i = 0; formats[i]; i++) {
        g_autofree gchar *text =
            g_strdup_printf("video/x-raw,width=4,height=4,format=%s", formats[i]);
        g_autoptr(GstCaps) caps = gst_caps_from_string(text);
        fail_unless(gst_pad_query_accept_caps(pad, caps), "%s", text);
        fail_if(g_strv_contains((const gchar *const *)formats + i + 1, formats[i]));
    }
    gst_object_unref(pad);
}

GST_START_TEST(wanted_input)
{
    struct fixture fixture;
    gint width, height, fps_n, fps_d;

    fixture_open(&fixture, MODEL_TWO, wanted_rows[__i__].properties);
    if (wanted_rows[__i__].caps)
        fixture_set_caps(&fixture, wanted_rows[__i__].caps);
    ask(fixture.element, TRUE, &width, &height, &fps_n, &fps_d);
    fail_unless_equals_int(width, wanted_rows[__i__].width);
    fail_unless_equals_int(height, wanted_rows[__i__].height);
    fail_unless_equals_int(fps_n, wanted_rows[__i__].fps_n);
    fail_unless_equals_int(fps_d, wanted_rows[__i__].fps_d);
    check_formats(fixture.element);
    gst_element_set_state(fixture.element, GST_STATE_READY);
    ask(fixture.element, FALSE, &width, &height, &fps_n, &fps_d);
    fixture_close(&fixture);
}
GST_END_TEST

/* Two in a row: the answer is enough for both. */
GST_START_TEST(wanted_by_two)
{
    static const struct {
        const char *second;
        gint width, height, fps_n, fps_d; /* for both, the first one with interval=2 */
    } rows[] = {{"crop-width=0.1", 50, 6, 0, 1}, {"interval=9", 5, 6, 0, 1}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree gchar *launch = g_strdup_printf(
            "nncclassify name=nnc interval=2 model=" MODEL_TWO
            " ! nncclassify model=" MODEL_TWO " %s ! fakesink async=false",
            rows[i].second);
        GstElement *const pipeline = gst_parse_launch(launch, NULL);
        GstElement *const first = gst_bin_get_by_name(GST_BIN(pipeline), "nnc");
        gint width, height, fps_n, fps_d;
        gst_element_set_state(pipeline, GST_STATE_PAUSED);
        ask(first, TRUE, &width, &height, &fps_n, &fps_d);
        fail_unless(width == rows[i].width && height == rows[i].height, "%dx%d", width,
                    height);
        fail_unless(fps_n == rows[i].fps_n && fps_d == rows[i].fps_d);
        gst_element_set_state(pipeline, GST_STATE_NULL);
        gst_object_unref(first);
        gst_object_unref(pipeline);
    }
}
GST_END_TEST

/* --- what was counted --- */

static void check_order(struct fixture *fixture, const char *low, const char *high)
{
    fail_unless(read_stat(fixture, low) <= read_stat(fixture, high), "%s, %s", low, high);
}

GST_START_TEST(times)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    fail_unless_equals_uint64(read_stat(&fixture, "inference-ns-p99"), 0);
    for (guint i = 0; i < 100; i++)
        gst_buffer_unref(classify_buffer(&fixture, noise_buffer(FRAME_BYTES, i)));
    fail_unless(read_stat(&fixture, "inference-ns-p50") > 0);
    check_order(&fixture, "inference-ns-p50", "inference-ns-p90");
    check_order(&fixture, "inference-ns-p90", "inference-ns-p99");
    check_order(&fixture, "frame-ns-p50", "frame-ns-p90");
    check_order(&fixture, "frame-ns-p90", "frame-ns-p99");
    check_order(&fixture, "inference-ns-p50", "frame-ns-p50");
    fixture_close(&fixture);
    fixture_open(&fixture, MODEL_TWO, NULL); /* counters begin anew */
    fail_unless_equals_uint64(read_stat(&fixture, "frame-ns-p99"), 0);
    fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(reasons)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "interval=1");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 12; i++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, i);
        if (i % 3 == 0)
            GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_GAP);
        gst_buffer_unref(classify_buffer(&fixture, in));
    }
    fail_unless_equals_uint64(read_stat(&fixture, "frames-gap"), 4);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-left-out"), 4);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-skipped"), 8);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-classified"), 4);
    fixture_close(&fixture);
}
GST_END_TEST

/* A task with other gains is another task on the same plan. */
GST_START_TEST(switches)
{
    static const struct {
        const char *cutout, *attention;
        guint tasks, plans;
    } rows[] = {{"a", "", 1, 1},
                {"a", "a=2", 2, 1},
                {"a/a1,a/a2", "", 3, 1},
                {"b", "", 4, 2},
                {"a", "", 5, 3}};
    struct fixture fixture;
    guint64 made = 0;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i <= G_N_ELEMENTS(rows); i++) {
        for (guint frame = 0; frame < 3; frame++)
            gst_buffer_unref(classify_buffer(&fixture, noise_buffer(FRAME_BYTES, frame)));
        if (i) {
            fail_unless_equals_uint64(read_stat(&fixture, "task-switches"),
                                      rows[i - 1].tasks);
            fail_unless_equals_uint64(read_stat(&fixture, "plan-switches"),
                                      rows[i - 1].plans);
        }
        made = read_stat(&fixture, "plan-cache-misses");
        if (i == G_N_ELEMENTS(rows))
            break;
        g_autoptr(GstStructure) task =
            gst_nnc_task_new(rows[i].cutout, rows[i].attention);
        g_object_set(fixture.element, "task", task, NULL);
        wait_for_task(&fixture);
    }
    fail_unless_equals_uint64(made, 3); /* all, a, b */
    fail_unless(read_stat(&fixture, "plan-cache-hits") >= 1);
    fixture_close(&fixture);
}
GST_END_TEST

/* A start is no switch, and what was before it is not counted. */
GST_START_TEST(counted_anew)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    for (guint start = 0; start < 3; start++) {
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_harness_push_event(fixture.harness, gst_event_new_stream_start("again"));
        fixture_set_caps(&fixture, RGB_CAPS);
        gst_harness_push_event(fixture.harness, gst_event_new_segment(&segment));
        for (guint i = 0; i < 5; i++)
            gst_buffer_unref(classify_buffer(&fixture, noise_buffer(FRAME_BYTES, i)));
        fail_unless_equals_uint64(read_stat(&fixture, "frames-in"), 5);
        fail_unless_equals_uint64(read_stat(&fixture, "task-switches"), 0);
        fail_unless_equals_uint64(read_stat(&fixture, "plan-switches"), 0);
        gst_element_set_state(fixture.element, GST_STATE_READY);
        gst_element_set_state(fixture.element, GST_STATE_PLAYING);
    }
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_queries(void)
{
    Suite *const suite = suite_create("classify_queries");
    TCase *const kinds = tcase_create("queries");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, latency, 0, G_N_ELEMENTS(latency_rows));
    tcase_add_test(kinds, latency_limits);
    tcase_add_test(kinds, declared_latency_is_told);
    tcase_add_test(kinds, longer_latency_is_told);
    tcase_add_loop_test(kinds, wanted_input, 0, G_N_ELEMENTS(wanted_rows));
    tcase_add_test(kinds, wanted_by_two);
    tcase_add_test(kinds, times);
    tcase_add_test(kinds, reasons);
    tcase_add_test(kinds, switches);
    tcase_add_test(kinds, counted_anew);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_queries(), "classify_queries", __FILE__);
}
