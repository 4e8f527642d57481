/* SPDX-License-Identifier: MIT */

/* Going up and down: often, in pipelines, with models that are no models. An
 * element that could not start must say so once and start the next time. */

#include "element_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

GST_START_TEST(a_thousand_times_up_and_down)
{
    GstElement *const element = gst_element_factory_make("nncclassify", NULL);

    g_object_set(element, "model", MODEL_TWO, "threads", 2, NULL);
    for (guint i = 0; i < 1000; i++) {
        fail_unless(gst_element_set_state(element, GST_STATE_PLAYING) !=
                    GST_STATE_CHANGE_FAILURE);
        fail_unless(gst_element_set_state(element, GST_STATE_NULL) ==
                    GST_STATE_CHANGE_SUCCESS);
    }
    gst_object_unref(element);
}
GST_END_TEST

GST_START_TEST(pipelines_up_and_down)
{
    g_autoptr(GError) error = NULL;
    g_autofree gchar *launch =
        g_strdup_printf("videotestsrc ! video/x-raw,width=64,height=48 ! nncclassify "
                        "threads=1 model=%s ! "
                        "fakesink",
                        MODEL_TWO);
    GstElement *const pipeline = gst_parse_launch(launch, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < 50; i++) {
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
        if (i % 3) /* else it is torn down on its way up */
            fail_unless_equals_int(
                gst_element_get_state(pipeline, NULL, NULL, 10 * GST_SECOND),
                GST_STATE_CHANGE_SUCCESS);
        fail_unless_equals_int(gst_element_set_state(pipeline, GST_STATE_NULL),
                               GST_STATE_CHANGE_SUCCESS);
    }
    gst_object_unref(pipeline);
}
GST_END_TEST

/* --- starts that fail: P01, P21 --- */

static gchar *write_file(const char *name, const void *bytes, gsize size)
{
    gchar *const path = g_build_filename(g_get_tmp_dir(), name, NULL);

    fail_unless(g_file_set_contents(path, bytes, (gssize)size, NULL));
    return path;
}

/* One error of this domain and code; then the same instance runs a good model. */
static void check_failed_start(const char *model, const char *cutout,
                               const char *expected)
{
    struct fixture fixture = {.element = gst_element_factory_make("nncclassify", NULL),
                              .bus = gst_bus_new()};
    g_autofree gchar *text = NULL;

    gst_element_set_bus(fixture.element, fixture.bus);
    g_object_set(fixture.element, "model", model, "cutout", cutout, NULL);
    fail_unless_equals_int(gst_element_set_state(fixture.element, GST_STATE_PLAYING),
                           GST_STATE_CHANGE_FAILURE);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_ERROR, &text), 1);
    fail_unless(g_str_has_prefix(text, expected), "expected %s, got %s", expected, text);
    fail_unless_equals_int(gst_element_set_state(fixture.element, GST_STATE_NULL),
                           GST_STATE_CHANGE_SUCCESS);
    g_object_set(fixture.element, "model", MODEL_TWO, "cutout", "a", NULL);
    fail_unless(gst_element_set_state(fixture.element, GST_STATE_PLAYING) !=
                GST_STATE_CHANGE_FAILURE);
    gst_element_set_state(fixture.element, GST_STATE_NULL);
    gst_element_set_bus(fixture.element, NULL);
    gst_object_unref(fixture.bus);
    gst_object_unref(fixture.element);
}

GST_START_TEST(models_that_are_none)
{
    g_autofree gchar *good = NULL;
    gsize size;

    fail_unless(g_file_get_contents(MODEL_TWO, &good, &size, NULL));
    g_autofree gchar *empty = write_file("nnc-test-empty.onnx", "", 0);
    g_autofree gchar *text = write_file("nnc-test-text.onnx", "<html></html>", 13);
    g_autofree gchar *cut = write_file("nnc-test-cut.onnx", good, size / 2);

    check_failed_start(NULL, "", "gst-resource-error-quark/3 model is not set");
    check_failed_start("", "", "gst-resource-error-quark/3 model is not set");
    check_failed_start("/nowhere/model.onnx", "",
                       "gst-resource-error-quark/3 model.onnx");
    check_failed_start("/", "", "gst-resource-error-quark/5");
    check_failed_start(empty, "", "gst-library-error-quark/5 nnc-test-empty.onnx");
    check_failed_start(text, "", "gst-library-error-quark/5 nnc-test-text.onnx");
    check_failed_start(cut, "", "gst-library-error-quark/5 nnc-test-cut.onnx");
    check_failed_start(MODEL_TWO, "zzz", "gst-library-error-quark/5");
    g_remove(empty);
    g_remove(text);
    g_remove(cut);
}
GST_END_TEST

/* Several elements on one file: each runs its own task. */
GST_START_TEST(shared_model)
{
    static const char *const cutouts[] = {"cutout=a top-k=0", "cutout=b top-k=0",
                                          "top-k=0"};
    struct fixture fixtures[G_N_ELEMENTS(cutouts)];
    g_autoptr(GstBuffer) same = noise_buffer(2304, 1);
    GstMapInfo map;

    gst_buffer_map(same, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data);
    for (guint i = 0; i < G_N_ELEMENTS(cutouts); i++) {
        fixture_open(&fixtures[i], MODEL_TWO, cutouts[i]);
        fixture_set_caps(&fixtures[i], RGB_CAPS);
    }
    for (guint i = 0; i < 30; i++) {
        struct fixture *const fixture = &fixtures[i % G_N_ELEMENTS(cutouts)];
        GstBuffer *const out = classify_buffer(fixture, noise_buffer(2304, 1));
        check_against_core(fixture, gst_buffer_get_nnc_prediction(out, NULL), &image);
        gst_buffer_unref(out);
    }
    gst_buffer_unmap(same, &map);
    for (guint i = 0; i < G_N_ELEMENTS(cutouts); i++)
        fixture_close(&fixtures[i]);
}
GST_END_TEST

/* --- events --- */

GST_START_TEST(flushes_and_segments)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 20; i++) {
        gst_buffer_unref(classify_buffer(&fixture, noise_buffer(2304, i)));
        gst_harness_push_event(fixture.harness, gst_event_new_flush_start());
        gst_harness_push_event(fixture.harness, gst_event_new_flush_stop(TRUE));
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        segment.rate = i % 2 ? -1.0 : 1.0;
        gst_harness_push_event(fixture.harness, gst_event_new_segment(&segment));
    }
    for (guint i = 0; i < 1000; i++)
        gst_harness_push_upstream_event(
            fixture.harness,
            gst_event_new_qos(GST_QOS_TYPE_OVERFLOW, 0.5, -(gint64)i, i));
    gst_buffer_unref(classify_buffer(&fixture, noise_buffer(2304, 1)));
    fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_eos()));
    fixture_close(&fixture);
}
GST_END_TEST

/* --- queries --- */

static gboolean offers_video_meta(GstElement *element)
{
    g_autoptr(GstCaps) caps = gst_caps_from_string(RGB_CAPS);
    g_autoptr(GstQuery) query = gst_query_new_allocation(caps, TRUE);
    GstPad *const pad = gst_element_get_static_pad(element, "sink");

    fail_unless(gst_pad_query(pad, query));
    gst_object_unref(pad);
    return gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
}

/* Upstream hears what downstream says; where nobody answers, strides are free. */
GST_START_TEST(allocation_query)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    fail_if(offers_video_meta(fixture.element));
    gst_harness_add_propose_allocation_meta(fixture.harness, GST_VIDEO_META_API_TYPE,
                                            NULL);
    fail_unless(offers_video_meta(fixture.element));
    GstPad *const pad = gst_element_get_static_pad(fixture.element, "src");
    GstPad *const peer = gst_pad_get_peer(pad);
    gst_pad_unlink(pad, peer);
    fail_unless(offers_video_meta(fixture.element));
    gst_pad_link(pad, peer);
    gst_object_unref(peer);
    gst_object_unref(pad);
    fixture_close(&fixture);
}
GST_END_TEST

/* K14 */
GST_START_TEST(many_caps_queries)
{
    static const char *const filters[] = {"ANY", "EMPTY", RGB_CAPS,
                                          "video/x-raw,width=[1,99999]"};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    GstPad *const pad = gst_element_get_static_pad(fixture.element, "sink");
    for (guint i = 0; i < often(20000); i++) {
        g_autoptr(GstCaps) filter =
            gst_caps_from_string(filters[i % G_N_ELEMENTS(filters)]);
        g_autoptr(GstCaps) answer = gst_pad_query_caps(pad, filter);
        fail_unless(answer);
        if (gst_caps_is_fixed(filter))
            fail_unless(gst_pad_query_accept_caps(pad, filter));
    }
    gst_object_unref(pad);
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_states(void)
{
    Suite *const suite = suite_create("classify_states");
    TCase *const kinds = tcase_create("states");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, a_thousand_times_up_and_down);
    tcase_add_test(kinds, pipelines_up_and_down);
    tcase_add_test(kinds, models_that_are_none);
    tcase_add_test(kinds, shared_model);
    tcase_add_test(kinds, flushes_and_segments);
    tcase_add_test(kinds, allocation_query);
    tcase_add_test(kinds, many_caps_queries);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_states(), "classify_states", __FILE__);
}
