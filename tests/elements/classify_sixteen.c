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

/* --- what can go wrong with one of them --- */

static void push_and_forget(struct fixture *stream, GstBuffer *buffer)
{
    GstBuffer *out;

    gst_harness_push(stream->harness, buffer);
    while ((out = gst_harness_try_pull(stream->harness)))
        gst_buffer_unref(out);
}

static void frame_too_small(struct fixture *stream)
{
    push_and_forget(stream, noise_buffer(7, 1));
}

static void strides_that_lie(struct fixture *stream)
{
    static const gint strides[] = {1 << 30, 0, 0, 0};
    static const gsize offsets[] = {1 << 20, 0, 0, 0};
    GstBuffer *const buffer = noise_buffer(2304, 2);

    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB,
                                   RGB_WIDTH, RGB_HEIGHT, 1, (gsize *)offsets,
                                   (gint *)strides);
    push_and_forget(stream, buffer);
}

static void caps_refused(struct fixture *stream)
{
    fixture_set_caps(stream, "image/jpeg,width=32,height=24");
    push_and_forget(stream, noise_buffer(2304, 3));
}

static void task_unknown(struct fixture *stream)
{
    g_object_set(stream->element, "cutout", "zzz", "attention", "a=nan", NULL);
    push_and_forget(stream, noise_buffer(2304, 4));
}

static void meta_unknown(struct fixture *stream)
{
    GstBuffer *const buffer = noise_buffer(2304, 5);
    g_autoptr(GstStructure) task =
        gst_structure_new("nnc/task", "cutout", G_TYPE_STRING, "zzz", NULL);

    gst_buffer_add_nnc_task_meta(buffer, task);
    push_and_forget(stream, buffer);
}

static void model_missing(struct fixture *stream)
{
    g_object_set(stream->element, "model", "/nowhere.onnx", NULL);
    push_and_forget(stream, noise_buffer(2304, 6));
}

static void another_model(struct fixture *stream)
{
    g_object_set(stream->element, "model", MODEL_PRESENCE, NULL);
    push_and_forget(stream, noise_buffer(2304, 7));
}

static void flushed(struct fixture *stream)
{
    gst_harness_push_event(stream->harness, gst_event_new_flush_start());
    push_and_forget(stream, noise_buffer(2304, 8));
    gst_harness_push_event(stream->harness, gst_event_new_flush_stop(TRUE));
}

static void ended(struct fixture *stream)
{
    gst_harness_push_event(stream->harness, gst_event_new_eos());
    push_and_forget(stream, noise_buffer(2304, 9));
}

static void unlinked(struct fixture *stream)
{
    GstPad *const pad = gst_element_get_static_pad(stream->element, "src");
    GstPad *const peer = gst_pad_get_peer(pad);

    gst_pad_unlink(pad, peer);
    push_and_forget(stream, noise_buffer(2304, 10));
    gst_pad_link(pad, peer);
    gst_object_unref(peer);
    gst_object_unref(pad);
}

static void down_and_up(struct fixture *stream)
{
    gst_element_set_state(stream->element, GST_STATE_NULL);
    push_and_forget(stream, noise_buffer(2304, 11));
    gst_element_set_state(stream->element, GST_STATE_PLAYING);
}

static void start_that_fails(struct fixture *stream)
{
    gst_element_set_state(stream->element, GST_STATE_NULL);
    g_object_set(stream->element, "model", "/nowhere.onnx", NULL);
    gst_element_set_state(stream->element, GST_STATE_PLAYING);
    push_and_forget(stream, noise_buffer(2304, 12));
}

static void left_alone(struct fixture *stream) /* and taken away, as each of them */
{
}

static void (*const ways[])(struct fixture *) = {
    frame_too_small, strides_that_lie, caps_refused, task_unknown,     meta_unknown,
    model_missing,   another_model,    flushed,      ended,            unlinked,
    down_and_up,     start_that_fails, left_alone};

/* Whatever becomes of one, the others go on with their bits, and hear nothing of it. */
GST_START_TEST(one_fails_in_every_way)
{
    struct fixture streams[N_STREAMS];

    open_streams(streams);
    for (guint way = 0; way < G_N_ELEMENTS(ways); way++) {
        struct fixture *const victim = &streams[way % N_STREAMS];
        fixture_close(victim);
        fixture_open(victim, MODEL_TWO, cutouts[way % G_N_ELEMENTS(cutouts)]);
        fixture_set_caps(victim, RGB_CAPS);
        gst_buffer_unref(classify_buffer(victim, noise_buffer(2304, 0)));
        ways[way](victim);
        for (guint i = 0; i < N_STREAMS; i++) {
            if (&streams[i] == victim)
                continue;
            check_frame(&streams[i], way * N_STREAMS + i);
            fail_unless_equals_int(
                count_messages(&streams[i], GST_MESSAGE_WARNING | GST_MESSAGE_ERROR, NULL), 0);
        }
        fixture_close(victim);
        fixture_open(victim, MODEL_TWO, cutouts[way % G_N_ELEMENTS(cutouts)]);
        fixture_set_caps(victim, RGB_CAPS);
    }
    for (guint i = 0; i < N_STREAMS; i++)
        fail_unless_equals_uint64(read_stat(&streams[i], "frames-refused"), 0);
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
    tcase_add_test(all, one_fails_in_every_way);
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
