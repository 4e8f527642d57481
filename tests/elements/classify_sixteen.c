/* SPDX-License-Identifier: MIT */

/* Sixteen streams on one model: each has its bits, one that fails touches no other, weights
 * lie in memory once. Streams in bytes. */

#include "element_fixture.h"

#include <stdio.h>
#include <unistd.h>

#define PHOTO NNC_GOLDEN_DIR "/../../../models/shipped/nest-photo.onnx"

enum { N_STREAMS = 16 };

static const char *const cutouts[] = {"top-k=0", "top-k=0 cutout=a", "top-k=0 cutout=b",
                                      "top-k=0 attention=a=1.5"};

static void open_streams(struct fixture *streams)
{
    for (guint i = 0; i < N_STREAMS; i++) {
        fixture_open(&streams[i], MODEL_TWO, cutouts[i % G_N_ELEMENTS(cutouts)]);
        fixture_set_caps(&streams[i], RGB_CAPS);
    }
}

static void close_streams(struct fixture *streams)
{
    for (guint i = 0; i < N_STREAMS; i++)
        fixture_close(&streams[i]);
}

static void check_frame(struct fixture *stream, guint32 seed)
{
    GstBuffer *const buffer = noise_buffer(2304, seed);
    g_autoptr(GstBuffer) copy = gst_buffer_copy_deep(buffer);
    GstMapInfo map;

    gst_buffer_map(copy, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data);
    GstBuffer *const out = classify_buffer(stream, buffer);
    check_against_core(stream, gst_buffer_get_nnc_prediction(out, NULL), &image);
    gst_buffer_unref(out);
    gst_buffer_unmap(copy, &map);
}

/* The others go on, with their bits, while one of them meets what can go wrong. */
static void break_stream(struct fixture *stream, guint how)
{
    switch (how % 5) {
    case 0: /* a frame that is too small */
        gst_buffer_unref(classify_buffer(stream, noise_buffer(7, how)));
        break;
    case 1:
        g_object_set(stream->element, "cutout", "zzz", NULL);
        break;
    case 2:
        g_object_set(stream->element, "model", "/nowhere.onnx", NULL);
        break;
    case 3:
        gst_harness_push_event(stream->harness, gst_event_new_flush_start());
        gst_harness_push_event(stream->harness, gst_event_new_flush_stop(TRUE));
        break;
    default:
        gst_element_set_state(stream->element, GST_STATE_READY);
    }
}

GST_START_TEST(sixteen_streams)
{
    struct fixture streams[N_STREAMS];

    open_streams(streams);
    for (guint how = 0; how < 5; how++) {
        break_stream(&streams[how], how);
        for (guint i = 5; i < N_STREAMS; i++)
            check_frame(&streams[i], how * N_STREAMS + i);
    }
    for (guint i = 5; i < N_STREAMS; i++) {
        fail_unless_equals_uint64(read_stat(&streams[i], "frames-refused"), 0);
        fail_unless_equals_uint64(read_stat(&streams[i], "frames-in"), 5);
        fail_unless_equals_int(
            count_messages(&streams[i], GST_MESSAGE_WARNING | GST_MESSAGE_ERROR, NULL), 0);
    }
    close_streams(streams);
}
GST_END_TEST

#if !defined(__SANITIZE_ADDRESS__) /* which keeps memory that was freed */

static gsize read_resident(void)
{
    g_autofree gchar *text = NULL;
    gulong all, pages;

    fail_unless(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
    fail_unless_equals_int(sscanf(text, "%lu %lu", &all, &pages), 2);
    return (gsize)pages * (gsize)sysconf(_SC_PAGESIZE);
}

static GstElement *start_element(void)
{
    GstElement *const element =
        gst_object_ref_sink(gst_element_factory_make("nncclassify", NULL));

    g_object_set(element, "model", PHOTO, "threads", 1, NULL);
    fail_unless(gst_element_set_state(element, GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE);
    return element;
}

/* Weights (19.5 MB) lie in memory once: fifteen more elements cost what streams need, 1 MB
 * each, or 2.5 MB where the allocator fills what it gives (MALLOC_PERTURB_). */
GST_START_TEST(one_copy_of_the_weights)
{
    enum { WEIGHT_BYTES = 19500000 };
    GstElement *elements[N_STREAMS];
    const gsize none = read_resident();

    elements[0] = start_element();
    const gsize one = read_resident();
    for (guint i = 1; i < N_STREAMS; i++)
        elements[i] = start_element();
    const gsize all = read_resident();
    g_print("one element: %" G_GSIZE_FORMAT " bytes, fifteen more: %" G_GSIZE_FORMAT "\n",
            one - none, all - one);
    fail_unless(one - none > WEIGHT_BYTES);
    fail_unless(all - one < 3 * (gsize)WEIGHT_BYTES);
    for (guint i = 0; i < N_STREAMS; i++) {
        gst_element_set_state(elements[i], GST_STATE_NULL);
        gst_object_unref(elements[i]);
    }
}
GST_END_TEST

#endif

/* A segment in bytes has no times: frames pass, tasks hold, nobody complains. */
GST_START_TEST(streams_in_bytes)
{
    struct fixture fixture;
    GstSegment segment;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 post-messages=all");
    fixture_set_caps(&fixture, RGB_CAPS);
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_segment(&segment)));
    for (guint i = 0; i < 5; i++) {
        GstBuffer *const buffer = noise_buffer(2304, i);
        GST_BUFFER_PTS(buffer) = i * GST_SECOND;
        GstBuffer *const out = classify_buffer(&fixture, buffer);
        fail_unless_equals_uint64(GST_BUFFER_PTS(out), i * GST_SECOND);
        fail_unless(gst_buffer_get_nnc_prediction(out, NULL));
        gst_buffer_unref(out);
    }
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_ELEMENT, NULL), 5);
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *sixteen_suite(void)
{
    Suite *const suite = suite_create("classify_sixteen");
    TCase *const all = tcase_create("streams");

    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 240);
    tcase_add_test(all, sixteen_streams);
#if !defined(__SANITIZE_ADDRESS__)
    tcase_add_test(all, one_copy_of_the_weights);
#endif
    tcase_add_test(all, streams_in_bytes);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(sixteen_suite(), "classify_sixteen", __FILE__);
}
