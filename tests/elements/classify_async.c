/* SPDX-License-Identifier: MIT */

/* Classification beside the stream: results are the core's of the frame that they name,
 * to the bit; they come once, in order, and never from before a flush or other caps. No
 * test depends on how fast the worker is: frames are pushed until a result is there. */

#include "element_fixture.h"

#include <string.h>

#define FRAME_BYTES 2304 /* of RGB_CAPS */

/* --- frames that can be made again from their timestamps --- */

static GstBuffer *push_frame(struct fixture *fixture, guint number)
{
    GstBuffer *const in = noise_buffer(FRAME_BYTES, number);

    GST_BUFFER_PTS(in) = number * GST_MSECOND;
    return classify_buffer(fixture, in);
}

/* Checks a result against the frame that it names; answers that frame's number. */
static guint check_result(struct fixture *fixture, const GstNncPrediction *prediction)
{
    const guint number =
        (guint)(gst_nnc_prediction_get_source_pts(prediction) / GST_MSECOND);
    g_autoptr(GstBuffer) same = noise_buffer(FRAME_BYTES, number);
    GstMapInfo map;

    gst_buffer_map(same, &map, GST_MAP_READ);
    struct nnc_image image = rgb_image(map.data);
    gst_nnc_prediction_get_region(prediction, &image.region.x, &image.region.y,
                                  &image.region.width, &image.region.height);
    check_against_core(fixture, prediction, &image);
    gst_buffer_unmap(same, &map);
    return number;
}

/* Pushes frames from `number` on until one carries a result; that of the first one is
 * `*source`. Answers the number behind the last frame. */
static guint push_until_result(struct fixture *fixture, guint number, guint *source)
{
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    for (;; number++) {
        fail_unless(g_get_monotonic_time() < end, "no result ever came");
        GstBuffer *const out = push_frame(fixture, number);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        if (made) {
            *source = check_result(fixture, made);
            fail_unless_equals_int(gst_nnc_prediction_get_age(made), number - *source);
        }
        gst_buffer_unref(out);
        if (made)
            return number + 1;
        g_thread_yield();
    }
}

GST_START_TEST(results_of_earlier_frames)
{
    struct fixture fixture;
    guint number = 1, source = 0;

    fixture_open(&fixture, MODEL_PRESENCE, "top-k=0 async=true");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 100; i++) {
        const guint before = source;
        number = push_until_result(&fixture, number, &source);
        fail_unless(source > before && source < number - 1);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* With `hold` every frame has a result from the first one on, and says how old it is. */
GST_START_TEST(held_until_the_next)
{
    struct fixture fixture;
    guint source = 0;
    guint number;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 async=true hold=true");
    fixture_set_caps(&fixture, RGB_CAPS);
    number = push_until_result(&fixture, 1, &source);
    for (guint i = 0; i < 300; i++, number++) {
        const guint before = source;
        GstBuffer *const out = push_frame(&fixture, number);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        source = check_result(&fixture, made);
        fail_unless(source >= before && source < number);
        fail_unless_equals_int(gst_nnc_prediction_get_age(made), number - source);
        fail_unless_equals_int(gst_nnc_prediction_get_reason(made) != NULL,
                               source == before);
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* The element holds nothing of a frame that it let go: whoever gets it next may write
 * over it at once, and the result is still that of the frame as it was. */
GST_START_TEST(frames_are_let_go)
{
    struct fixture fixture;
    guint n_results = 0;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 async=true");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint number = 1; n_results < 50; number++) {
        GstBuffer *const out = push_frame(&fixture, number);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        fail_unless(gst_buffer_is_writable(out));
        fail_unless(gst_mini_object_is_writable(
            GST_MINI_OBJECT_CAST(gst_buffer_peek_memory(out, 0))));
        gst_buffer_memset(out, 0, 0xa5, FRAME_BYTES);
        if (made) {
            check_result(&fixture, made);
            n_results++;
        }
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* --- interruptions --- */

static void end_flush(struct fixture *fixture)
{
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(fixture->harness, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(fixture->harness, gst_event_new_segment(&segment));
}

static void flush(struct fixture *fixture)
{
    gst_harness_push_event(fixture->harness, gst_event_new_flush_start());
    end_flush(fixture);
}

/* The same pictures at another rate. */
static void other_caps(struct fixture *fixture)
{
    static guint fps = 1;
    g_autofree gchar *caps = g_strdup_printf(
        "video/x-raw,format=RGB,width=32,height=24,framerate=%u/1", fps++);

    fixture_set_caps(fixture, caps);
}

static void (*const interruptions[])(struct fixture *) = {flush, other_caps};

/* N02, K10: what was under way when the stream was interrupted is never shown. */
GST_START_TEST(nothing_from_before)
{
    struct fixture fixture;
    guint number = 1, source;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 async=true hold=true");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 100; i++) {
        const guint first = number;
        if (i % 3 == 0) {
            number = push_until_result(&fixture, number, &source);
            fail_unless(source + 1 >= first); /* the one behind the interruption */
        } else {
            gst_buffer_unref(push_frame(&fixture, number++));
        }
        interruptions[__i__](&fixture);
        GstBuffer *const out = push_frame(&fixture, number++);
        fail_if(gst_buffer_get_nnc_prediction_meta(out));
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* The last frame's result has no frame to go on: it is told, as the stream ends. */
GST_START_TEST(last_result_at_the_end)
{
    struct fixture fixture;
    guint64 source_pts;

    fixture_open(&fixture, MODEL_TWO, "async=true post-messages=all");
    fixture_set_caps(&fixture, RGB_CAPS);
    gst_buffer_unref(push_frame(&fixture, 7));
    fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_eos()));
    g_autoptr(GstMessage) message =
        gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_ELEMENT);
    fail_unless(message);
    const GstStructure *const told = gst_message_get_structure(message);
    fail_unless(gst_structure_get_uint64(told, "timestamp", &source_pts) &&
                source_pts == 7 * GST_MSECOND);
    fail_unless_equals_string(gst_structure_get_string(told, "status"), "classified");
    fail_if(gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_ELEMENT));
    fixture_close(&fixture);
}
GST_END_TEST

static gpointer start_flush(gpointer fixture)
{
    gst_harness_push_event(((struct fixture *)fixture)->harness,
                           gst_event_new_flush_start());
    return NULL;
}

/* N02: a flush begins on another thread while frames are under way, as that of a seek
 * does: frames flow no more, and after it nothing is told of those before. */
GST_START_TEST(flush_from_elsewhere)
{
    static const char *const modes[] = {"top-k=0 async=true", "top-k=0 async=false"};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, modes[__i__]);
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 50; i++) {
        GThread *const thread = g_thread_new("flush", start_flush, &fixture);
        while (gst_harness_push(fixture.harness, noise_buffer(FRAME_BYTES, i)) ==
               GST_FLOW_OK)
            gst_buffer_unref(gst_harness_pull(fixture.harness));
        g_thread_join(thread);
        end_flush(&fixture);
        GstBuffer *const out = push_frame(&fixture, 1);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        fail_unless_equals_int(made != NULL, __i__ == 1); /* its own, or none yet */
        fail_unless(!made ||
                    gst_nnc_prediction_get_source_pts(made) == GST_BUFFER_PTS(out));
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* Up and down with a frame under way each time. */
GST_START_TEST(stopped_while_busy)
{
    for (guint i = 0; i < 50; i++) {
        struct fixture fixture;
        fixture_open(&fixture, MODEL_PRESENCE, "async=true");
        fixture_set_caps(&fixture, RGB_CAPS);
        for (guint frame = 0; frame < i % 4; frame++)
            gst_buffer_unref(push_frame(&fixture, frame));
        fixture_close(&fixture);
    }
}
GST_END_TEST

/* --- together with the rest --- */

GST_START_TEST(regions_of_interest)
{
    struct fixture fixture;
    guint n_results = 0, number = 1;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 async=true region=roi");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (; n_results < 20; number++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, number);
        GST_BUFFER_PTS(in) = number * GST_MSECOND;
        for (guint i = 0; i < 3; i++)
            gst_buffer_add_video_region_of_interest_meta(in, "a", i, number % 9, 9, 9 + i)
                ->id = (gint)(number * 10 + i);
        GstBuffer *const out = classify_buffer(&fixture, in);
        g_autoptr(GPtrArray) made = predictions_of(out);
        fail_unless(made->len == 0 || made->len == 3);
        for (guint i = 0; i < made->len; i++) {
            const guint source = check_result(&fixture, g_ptr_array_index(made, i));
            fail_unless_equals_int(
                gst_nnc_prediction_get_region_id(g_ptr_array_index(made, i)),
                source * 10 + i);
        }
        n_results += made->len > 0;
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* Pushes frames, each with `n` regions, until one carries a result, or none does. */
static void push_until(struct fixture *fixture, guint n, gboolean result)
{
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    for (gboolean has_result = !result; has_result != result;) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, 1);
        for (guint i = 0; i < n; i++)
            gst_buffer_add_video_region_of_interest_meta(in, "a", i, 0, 9, 9);
        GstBuffer *const out = classify_buffer(fixture, in);
        has_result = gst_buffer_get_nnc_prediction_meta(out) != NULL;
        gst_buffer_unref(out);
        fail_unless(g_get_monotonic_time() < end);
        g_thread_yield();
    }
}

/* Regions that are gone leave nothing to be held. */
GST_START_TEST(no_region_any_more)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "async=true hold=true region=roi");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 10; i++) {
        push_until(&fixture, 1 + i % 3, TRUE);
        push_until(&fixture, 0, FALSE);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* A frame that is refused says so itself, at once. */
GST_START_TEST(refused_at_once)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "async=true");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const out = classify_buffer(&fixture, noise_buffer(10, 1));
    fail_unless_equals_int(
        gst_nnc_prediction_get_status(gst_buffer_get_nnc_prediction(out, NULL)),
        GST_NNC_PREDICTION_STATUS_REFUSED);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-refused"), 1);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL), 1);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

static gpointer set_for_a_while(gpointer data)
{
    static const char *const cutouts[] = {"", "a", "b", "a1", "a/a2", "-a", "*1"};
    GstElement *const element = ((gpointer *)data)[0];
    gint *const stop = ((gpointer *)data)[1];

    for (guint i = 0; !g_atomic_int_get(stop); i++) {
        g_autofree gchar *attention = g_strdup_printf("a=%u", i % 5);
        g_object_set(element, "cutout", cutouts[i % G_N_ELEMENTS(cutouts)], "attention",
                     attention, NULL);
        if (i % 50 == 0)
            g_object_set(element, "model", i % 100 ? MODEL_TWO : MODEL_PRESENCE, NULL);
        g_usleep(200);
    }
    return NULL;
}

static void check_with_its_model(struct fixture *fixtures, GstBuffer *out)
{
    const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);

    if (made)
        check_result(&fixtures[gst_nnc_prediction_get_presence(made, NULL)], made);
}

/* Tasks and models change while the worker runs: every result is that of its own task. */
GST_START_TEST(tasks_change_under_way)
{
    struct fixture fixtures[2]; /* the second one for its model in the core */
    gint stop = 0;

    fixture_open(&fixtures[0], MODEL_TWO, "top-k=0 async=true hold=true");
    fixture_open(&fixtures[1], MODEL_PRESENCE, NULL);
    fixture_set_caps(&fixtures[0], RGB_CAPS);
    gpointer data[] = {fixtures[0].element, &stop};
    GThread *const thread = g_thread_new("setter", set_for_a_while, data);
    for (guint number = 1; number < 1000; number++) {
        GstBuffer *const out = push_frame(&fixtures[0], number);
        check_with_its_model(fixtures, out);
        gst_buffer_unref(out);
    }
    g_atomic_int_set(&stop, 1);
    g_thread_join(thread);
    fixture_close(&fixtures[1]);
    fixture_close(&fixtures[0]);
}
GST_END_TEST

GST_START_TEST(fixed_while_running)
{
    struct fixture fixture;
    gboolean async;

    fixture_open(&fixture, MODEL_TWO, "async=true");
    g_object_set(fixture.element, "async", FALSE, NULL);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL), 1);
    g_object_get(fixture.element, "async", &async, NULL);
    fail_unless(async);
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_async(void)
{
    Suite *const suite = suite_create("classify_async");
    TCase *const kinds = tcase_create("async");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, results_of_earlier_frames);
    tcase_add_test(kinds, held_until_the_next);
    tcase_add_test(kinds, frames_are_let_go);
    tcase_add_loop_test(kinds, nothing_from_before, 0, G_N_ELEMENTS(interruptions));
    tcase_add_test(kinds, last_result_at_the_end);
    tcase_add_loop_test(kinds, flush_from_elsewhere, 0, 2);
    tcase_add_test(kinds, stopped_while_busy);
    tcase_add_test(kinds, regions_of_interest);
    tcase_add_test(kinds, no_region_any_more);
    tcase_add_test(kinds, refused_at_once);
    tcase_add_test(kinds, tasks_change_under_way);
    tcase_add_test(kinds, fixed_while_running);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_async(), "classify_async", __FILE__);
}
