/* SPDX-License-Identifier: MIT */

/* The element in a stream: odd timestamps and flags, shared and pooled buffers, lists of
 * them, events and queries that pass through, what downstream answers. Rows V17 to V22,
 * M10 to M14 and N01 to N10 of the list of bad inputs, as far as others do not have them
 * (N02 and N07 are in classify_async and classify_queries, N05 in classify_control, M15
 * in prediction_metas, N03 in classify_states, too). */

#include "element_fixture.h"

#include <gst/video/gstvideopool.h>

#define FRAME_BYTES 2304 /* of RGB_CAPS */

static void open_stream(struct fixture *fixture, const char *properties)
{
    fixture_open(fixture, MODEL_TWO, properties);
    fixture_set_caps(fixture, RGB_CAPS);
}

static void check_noise(struct fixture *fixture, const GstNncPrediction *made,
                        guint32 seed)
{
    g_autoptr(GstBuffer) same = noise_buffer(FRAME_BYTES, seed);
    GstMapInfo map;

    gst_buffer_map(same, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data);
    check_against_core(fixture, made, &image);
    gst_buffer_unmap(same, &map);
}

/* --- buffers --- */

/* V19 */
GST_START_TEST(odd_timestamps)
{
    static const GstClockTime rows[][3] = {
        {GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE},
        {GST_SECOND, 0, 0},
        {GST_SECOND, 5, GST_CLOCK_TIME_NONE}, /* the same again */
        {GST_MSECOND, 7, 1},                  /* back */
        {G_GUINT64_CONSTANT(1) << 63, GST_CLOCK_TIME_NONE, G_MAXUINT64 - 1},
        {GST_CLOCK_TIME_NONE, GST_SECOND, GST_SECOND}, /* DTS alone */
        {G_MAXUINT64 - 1, G_MAXUINT64 - 1, G_MAXUINT64 - 1},
    };
    struct fixture fixture;

    open_stream(&fixture, "top-k=0 post-messages=all");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, i);
        GST_BUFFER_PTS(in) = rows[i][0];
        GST_BUFFER_DTS(in) = rows[i][1];
        GST_BUFFER_DURATION(in) = rows[i][2];
        GstBuffer *const out = classify_buffer(&fixture, in);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        check_noise(&fixture, made, i);
        fail_unless_equals_uint64(GST_BUFFER_PTS(out), rows[i][0]);
        fail_unless_equals_uint64(GST_BUFFER_DTS(out), rows[i][1]);
        fail_unless_equals_uint64(GST_BUFFER_DURATION(out), rows[i][2]);
        fail_unless_equals_uint64(gst_nnc_prediction_get_source_pts(made), rows[i][0]);
        gst_buffer_unref(out);
    }
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_ELEMENT, NULL),
                           G_N_ELEMENTS(rows));
    fixture_close(&fixture);
}
GST_END_TEST

/* V17, V18: gaps pass as they are, everything else is looked at; flags stay. */
GST_START_TEST(flags)
{
    static const guint rows[] = {
        GST_BUFFER_FLAG_GAP,       GST_BUFFER_FLAG_DROPPABLE, GST_BUFFER_FLAG_DECODE_ONLY,
        GST_BUFFER_FLAG_CORRUPTED, GST_BUFFER_FLAG_DISCONT,   GST_BUFFER_FLAG_RESYNC,
        GST_BUFFER_FLAG_HEADER,    GST_BUFFER_FLAG_MARKER,
    };
    struct fixture fixture;

    open_stream(&fixture, "top-k=0");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, i);
        GST_BUFFER_FLAG_SET(in, rows[i]);
        GstBuffer *const out = classify_buffer(&fixture, in);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        fail_unless(GST_BUFFER_FLAG_IS_SET(out, rows[i]));
        fail_unless_equals_int(made == NULL, rows[i] == GST_BUFFER_FLAG_GAP);
        if (made) {
            check_noise(&fixture, made, i);
            fail_unless_equals_int(gst_nnc_prediction_is_corrupted(made),
                                   rows[i] == GST_BUFFER_FLAG_CORRUPTED);
        }
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* V18: what is marked as corrupted is looked at, or passes, as the user wants it. The
 * interval goes on counting. */
GST_START_TEST(corrupted_frames)
{
    static const struct {
        gboolean corrupted, made;
    } rows[] = {{TRUE, FALSE}, {FALSE, TRUE}, {FALSE, FALSE}, {FALSE, TRUE},
                {TRUE, FALSE}, {FALSE, TRUE}, {FALSE, FALSE}, {TRUE, FALSE}};
    struct fixture fixture;

    open_stream(&fixture, "top-k=0 interval=1 corrupted-frames=skip");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, i);
        if (rows[i].corrupted)
            GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_CORRUPTED);
        GstBuffer *const out = classify_buffer(&fixture, in);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        fail_unless_equals_int(made != NULL, rows[i].made);
        if (made)
            check_noise(&fixture, made, i);
        fail_unless_equals_int(GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_CORRUPTED),
                               rows[i].corrupted);
        gst_buffer_unref(out);
    }
    fail_unless_equals_uint64(read_stat(&fixture, "frames-corrupted"), 3);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-left-out"), 2);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-skipped"), 5);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-classified"), 3);
    fixture_close(&fixture);
}
GST_END_TEST

/* V20: one buffer to two elements, as a tee does it: each marks its own copy. */
GST_START_TEST(one_buffer_to_two)
{
    struct fixture fixtures[2];
    GstBuffer *const shared = noise_buffer(FRAME_BYTES, 5);

    open_stream(&fixtures[0], "top-k=0 cutout=a");
    open_stream(&fixtures[1], "top-k=0 cutout=b");
    for (guint i = 0; i < 2; i++) {
        GstBuffer *const out = classify_buffer(&fixtures[i], gst_buffer_ref(shared));
        g_autoptr(GPtrArray) made = predictions_of(out);
        fail_unless_equals_int(made->len, 1);
        check_noise(&fixtures[i], g_ptr_array_index(made, 0), 5);
        gst_buffer_unref(out);
    }
    fail_if(gst_buffer_get_nnc_prediction_meta(shared));
    gst_buffer_unref(shared);
    fixture_close(&fixtures[1]);
    fixture_close(&fixtures[0]);
}
GST_END_TEST

/* V21: a list that somebody else holds, too. */
GST_START_TEST(list_of_a_thousand)
{
    GstBufferList *const list = gst_buffer_list_new();
    struct fixture fixture;

    for (guint i = 0; i < 1000; i++)
        gst_buffer_list_add(list, noise_buffer(FRAME_BYTES, i));
    open_stream(&fixture, "top-k=0");
    fail_unless_equals_int(
        gst_pad_push_list(fixture.harness->srcpad, gst_buffer_list_ref(list)),
        GST_FLOW_OK);
    for (guint i = 0; i < 1000; i++) {
        GstBuffer *const out = gst_harness_try_pull(fixture.harness);
        check_noise(&fixture, gst_buffer_get_nnc_prediction(out, NULL), i);
        fail_if(gst_buffer_get_nnc_prediction_meta(gst_buffer_list_get(list, i)));
        gst_buffer_unref(out);
    }
    gst_buffer_list_unref(list);
    fixture_close(&fixture);
}
GST_END_TEST

/* V22: what the element let go is nobody's: not mapped, not held. */
GST_START_TEST(frames_are_let_go)
{
    struct fixture fixture;

    open_stream(&fixture, "hold=true");
    for (guint i = 0; i < 10; i++) {
        GstBuffer *const out = classify_buffer(&fixture, noise_buffer(FRAME_BYTES, i));
        fail_unless(gst_buffer_is_writable(out));
        fail_unless(gst_mini_object_is_writable(
            GST_MINI_OBJECT_CAST(gst_buffer_peek_memory(out, 0))));
        gst_buffer_memset(out, 0, 0xa5, FRAME_BYTES);
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* --- metas --- */

/* M10 */
GST_START_TEST(two_in_a_row)
{
    GstHarness *const harness = gst_harness_new_parse(
        "nncclassify name=one threads=1 cutout=a model=" MODEL_TWO
        " ! nncclassify name=two threads=1 cutout=b model=" MODEL_PRESENCE);
    static const char *const names[] = {"one", "two"};
    static const char *const cutouts[] = {"a", "b"};

    gst_harness_set_src_caps_str(harness, RGB_CAPS);
    gst_harness_push(harness, noise_buffer(FRAME_BYTES, 1));
    GstBuffer *const out = gst_harness_pull(harness);
    g_autoptr(GPtrArray) made = predictions_of(out);
    fail_unless_equals_int(made->len, 2);
    for (guint i = 0; i < 2; i++) {
        GstNncPrediction *const prediction = gst_buffer_get_nnc_prediction(out, names[i]);
        fail_unless(prediction == g_ptr_array_index(made, i));
        fail_unless_equals_string(gst_nnc_prediction_get_cutout(prediction), cutouts[i]);
    }
    gst_buffer_unref(out);
    gst_harness_teardown(harness);
}
GST_END_TEST

/* M11, M14: copies of any kind carry the prediction, until somebody takes it off. */
GST_START_TEST(copies)
{
    struct fixture fixture;

    open_stream(&fixture, "top-k=0");
    GstBuffer *const out = classify_buffer(&fixture, noise_buffer(FRAME_BYTES, 1));
    GstBuffer *const copies[] = {
        gst_buffer_copy(out), gst_buffer_copy_deep(out),
        gst_buffer_copy_region(out, GST_BUFFER_COPY_ALL, 96, 960)};
    GstNncPredictionMeta *const meta = gst_buffer_get_nnc_prediction_meta(out);
    gst_buffer_remove_meta(out, &meta->meta);
    fail_if(gst_buffer_get_nnc_prediction(out, NULL));
    gst_buffer_unref(out);
    for (guint i = 0; i < G_N_ELEMENTS(copies); i++) {
        check_noise(&fixture, gst_buffer_get_nnc_prediction(copies[i], NULL), 1);
        gst_buffer_unref(copies[i]);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* M12: buffers that come round again bring nothing of the last time. */
GST_START_TEST(pooled_buffers)
{
    GstBufferPool *const pool = gst_video_buffer_pool_new();
    GstStructure *const config = gst_buffer_pool_get_config(pool);
    g_autoptr(GstCaps) caps = gst_caps_from_string(RGB_CAPS);
    struct fixture fixture;

    gst_buffer_pool_config_set_params(config, caps, FRAME_BYTES, 2, 2);
    fail_unless(gst_buffer_pool_set_config(pool, config));
    gst_buffer_pool_set_active(pool, TRUE);
    open_stream(&fixture, "region=roi hold=true interval=1");
    for (guint i = 0; i < often(2000); i++) {
        GstBuffer *in = NULL;
        fail_unless_equals_int(gst_buffer_pool_acquire_buffer(pool, &in, NULL),
                               GST_FLOW_OK);
        fail_if(gst_buffer_get_nnc_prediction_meta(in));
        gst_buffer_memset(in, 0, (guint8)i, FRAME_BYTES);
        gst_buffer_add_video_region_of_interest_meta(in, "a", 0, 0, 9, 9);
        GstBuffer *const out = classify_buffer(&fixture, in);
        g_autoptr(GPtrArray) made = predictions_of(out);
        fail_unless_equals_int(made->len, 1);
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
    gst_buffer_pool_set_active(pool, FALSE);
    gst_object_unref(pool);
}
GST_END_TEST

static gpointer read_and_release(gpointer data)
{
    GstBuffer *const buffer = data;
    const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(buffer, NULL);
    g_autofree gchar *json = gst_nnc_prediction_to_json(made);

    fail_unless(gst_nnc_prediction_get_class_path(made, 0) && json);
    gst_buffer_unref(buffer);
    return NULL;
}

/* M13 */
GST_START_TEST(kept_beyond_the_element)
{
    struct fixture fixture;

    open_stream(&fixture, "top-k=0");
    GstBuffer *const out = classify_buffer(&fixture, noise_buffer(FRAME_BYTES, 1));
    fixture_close(&fixture);
    g_thread_join(g_thread_new("late", read_and_release, out));
}
GST_END_TEST

/* --- events and queries --- */

static GstPadProbeReturn count_event(GstPad *pad, GstPadProbeInfo *info, gpointer count)
{
    const GstEventType type = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info));

    *(guint *)count += type == GST_EVENT_STREAM_START || type == GST_EVENT_TAG ||
                       type == GST_EVENT_GAP || type == GST_EVENT_CUSTOM_DOWNSTREAM ||
                       type == GST_EVENT_EOS;
    return GST_PAD_PROBE_OK;
}

/* N04, N01: everything goes on downstream, and frames before an end come before it. */
GST_START_TEST(events_pass)
{
    struct fixture fixture;
    GstSegment segment;
    guint count = 0;

    open_stream(&fixture, "top-k=0");
    gst_pad_add_probe(fixture.harness->sinkpad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                      count_event, &count, NULL);
    gst_segment_init(&segment, GST_FORMAT_TIME);
    GstEvent *const events[] = {
        gst_event_new_stream_start("two"),
        gst_event_new_segment(&segment),
        gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "title", NULL)),
        gst_event_new_gap(0, GST_SECOND),
        gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                             gst_structure_new_empty("unheard-of")),
    };
    for (guint i = 0; i < G_N_ELEMENTS(events); i++)
        fail_unless(gst_harness_push_event(fixture.harness, events[i]));
    fail_unless_equals_int(count, 4);
    GstBuffer *const out = classify_buffer(&fixture, noise_buffer(FRAME_BYTES, 1));
    check_noise(&fixture, gst_buffer_get_nnc_prediction(out, NULL), 1);
    gst_buffer_unref(out);
    fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_eos()));
    fail_unless_equals_int(count, 5);
    fixture_close(&fixture);
}
GST_END_TEST

static GstClockTime running_time_of_message(struct fixture *fixture)
{
    g_autoptr(GstMessage) message = gst_bus_pop_filtered(fixture->bus, GST_MESSAGE_ELEMENT);
    GstClockTime time;

    fail_unless(message && gst_structure_get_uint64(gst_message_get_structure(message),
                                                    "running-time", &time));
    return time;
}

/* N04: any segment that an event can carry; what has no running time says so. */
GST_START_TEST(odd_segments)
{
    static const struct {
        GstFormat format;
        gdouble rate, applied_rate;
        guint64 stop, duration;
        GstClockTime running_time; /* of a frame at 1 s */
    } rows[] = {
        {GST_FORMAT_TIME, 1, 1, -1, -1, GST_SECOND},
        {GST_FORMAT_TIME, -1, 1, -1, -1, GST_CLOCK_TIME_NONE},
        {GST_FORMAT_TIME, -1, 1, 3 * GST_SECOND, -1, 2 * GST_SECOND},
        {GST_FORMAT_TIME, -1, 1, -1, 3 * GST_SECOND, 2 * GST_SECOND},
        {GST_FORMAT_TIME, -2, -1, 3 * GST_SECOND, -1, GST_SECOND},
        {GST_FORMAT_TIME, 0.5, -4, -1, -1, 2 * GST_SECOND},
        {GST_FORMAT_BYTES, -1, 1, -1, -1, GST_CLOCK_TIME_NONE},
    };
    struct fixture fixture;

    open_stream(&fixture, "top-k=0 post-messages=all");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, i);
        GstSegment segment;

        gst_segment_init(&segment, rows[i].format);
        segment.rate = rows[i].rate;
        segment.applied_rate = rows[i].applied_rate;
        segment.stop = rows[i].stop;
        segment.duration = rows[i].duration;
        gst_harness_push_event(fixture.harness, gst_event_new_segment(&segment));
        GST_BUFFER_PTS(in) = GST_SECOND;
        GstBuffer *const out = classify_buffer(&fixture, in);
        check_noise(&fixture, gst_buffer_get_nnc_prediction(out, NULL), i);
        gst_buffer_unref(out);
        const GstClockTime time = running_time_of_message(&fixture);
        fail_unless(time == rows[i].running_time, "row %u: %" GST_TIME_FORMAT, i,
                    GST_TIME_ARGS(time));
    }
    fixture_close(&fixture);
}
GST_END_TEST

static GstPadProbeReturn drop_event(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    return GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_QOS
               ? GST_PAD_PROBE_DROP
               : GST_PAD_PROBE_OK;
}

/* N06: the newest one counts, however many came and whatever they say. */
GST_START_TEST(storm_of_qos)
{
    static const struct {
        GstClockTimeDiff late_by;
        GstClockTime timestamp;
    } rows[] = {{0, GST_CLOCK_TIME_NONE},
                {G_MAXINT64, 5},
                {-5, 5},
                {G_MININT64 + 1, GST_CLOCK_TIME_NONE},
                {G_MININT64 + 1, G_GUINT64_CONSTANT(1) << 63},
                {G_MAXINT64, G_MAXUINT64 - 1}};
    struct fixture fixture;

    open_stream(&fixture, NULL);
    GstPad *const pad = gst_element_get_static_pad(fixture.element, "src");
    gst_pad_add_probe(fixture.harness->srcpad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
                      drop_event, NULL, NULL);
    for (guint i = 0; i < often(20000); i++)
        gst_pad_send_event(pad,
                           gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, i % 9,
                                             rows[i % G_N_ELEMENTS(rows)].late_by,
                                             rows[i % G_N_ELEMENTS(rows)].timestamp));
    gst_pad_send_event(pad,
                       gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.0, 0, GST_SECOND));
    for (guint i = 0; i < 2; i++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, i);
        GST_BUFFER_PTS(in) = GST_SECOND + i;
        GstBuffer *const out = classify_buffer(&fixture, in);
        fail_unless_equals_int(
            gst_nnc_prediction_get_status(gst_buffer_get_nnc_prediction(out, NULL)),
            i ? GST_NNC_PREDICTION_STATUS_CLASSIFIED : GST_NNC_PREDICTION_STATUS_LATE);
        gst_buffer_unref(out);
    }
    gst_object_unref(pad);
    fixture_close(&fixture);
}
GST_END_TEST

static GstPadProbeReturn answer_allocation(GstPad *pad, GstPadProbeInfo *info,
                                           gpointer n_pools)
{
    GstQuery *const query = GST_PAD_PROBE_INFO_QUERY(info);

    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
        return GST_PAD_PROBE_OK;
    for (guint i = 0; i < *(const guint *)n_pools; i++)
        gst_query_add_allocation_pool(query, NULL, FRAME_BYTES, 1, 1);
    return GST_PAD_PROBE_HANDLED;
}

/* N08: what downstream offers is offered upstream, no buffer more and none less. */
GST_START_TEST(allocation)
{
    g_autoptr(GstCaps) caps = gst_caps_from_string(RGB_CAPS);
    struct fixture fixture;
    guint n_pools = 0, size, min, max;

    open_stream(&fixture, NULL);
    GstPad *const pad = gst_element_get_static_pad(fixture.element, "sink");
    gst_pad_add_probe(fixture.harness->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
                      answer_allocation, &n_pools, NULL);
    for (; n_pools < 3; n_pools++) {
        g_autoptr(GstQuery) query = gst_query_new_allocation(caps, TRUE);
        fail_unless(gst_pad_query(pad, query));
        fail_unless_equals_int(gst_query_get_n_allocation_pools(query), n_pools);
        for (guint i = 0; i < n_pools; i++) {
            gst_query_parse_nth_allocation_pool(query, i, NULL, &size, &min, &max);
            fail_unless(size == FRAME_BYTES && min == 1 && max == 1);
        }
    }
    gst_object_unref(pad);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- what downstream answers --- */

static GstFlowReturn flow_to_return;

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
    gst_buffer_unref(buffer);
    return flow_to_return;
}

/* N10, N09 */
GST_START_TEST(flow_returns)
{
    static const GstFlowReturn rows[] = {GST_FLOW_OK,          GST_FLOW_EOS,
                                         GST_FLOW_NOT_LINKED,  GST_FLOW_FLUSHING,
                                         GST_FLOW_ERROR,       GST_FLOW_NOT_NEGOTIATED,
                                         GST_FLOW_CUSTOM_ERROR};
    struct fixture fixture;

    for (guint async = 0; async < 2; async++) {
        open_stream(&fixture, async ? "async=true" : NULL);
        GstPad *const src = gst_element_get_static_pad(fixture.element, "src");
        GstPad *const peer = gst_pad_get_peer(src);
        gst_pad_set_chain_function(peer, chain);
        for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
            flow_to_return = rows[i];
            fail_unless_equals_int(
                gst_harness_push(fixture.harness, noise_buffer(FRAME_BYTES, i)), rows[i]);
        }
        gst_pad_unlink(src, peer);
        fail_unless_equals_int(
            gst_harness_push(fixture.harness, noise_buffer(FRAME_BYTES, 1)),
            GST_FLOW_NOT_LINKED);
        gst_pad_set_active(src, FALSE);
        fail_unless_equals_int(
            gst_harness_push(fixture.harness, noise_buffer(FRAME_BYTES, 1)),
            GST_FLOW_FLUSHING);
        fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_ERROR, NULL), 0);
        gst_pad_set_active(src, TRUE);
        gst_pad_link(src, peer);
        gst_object_unref(peer);
        gst_object_unref(src);
        fixture_close(&fixture);
    }
}
GST_END_TEST

static Suite *classify_stream(void)
{
    Suite *const suite = suite_create("classify_stream");
    TCase *const kinds = tcase_create("stream");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, odd_timestamps);
    tcase_add_test(kinds, flags);
    tcase_add_test(kinds, corrupted_frames);
    tcase_add_test(kinds, one_buffer_to_two);
    tcase_add_test(kinds, list_of_a_thousand);
    tcase_add_test(kinds, frames_are_let_go);
    tcase_add_test(kinds, two_in_a_row);
    tcase_add_test(kinds, copies);
    tcase_add_test(kinds, pooled_buffers);
    tcase_add_test(kinds, kept_beyond_the_element);
    tcase_add_test(kinds, events_pass);
    tcase_add_test(kinds, odd_segments);
    tcase_add_test(kinds, storm_of_qos);
    tcase_add_test(kinds, allocation);
    tcase_add_test(kinds, flow_returns);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_stream(), "classify_stream", __FILE__);
}
