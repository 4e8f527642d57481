/* SPDX-License-Identifier: MIT */

/* nnctask in whole pipelines with nncclassify behind it: what it says is what frames are
 * classified by. */

#include "task_fixture.h"

#include <string.h>

#define VIDEO                                                                            \
    "videotestsrc num-buffers=%u ! video/x-raw,width=64,height=48,framerate=30/1 ! "
#define CLASSIFY "nncclassify name=nnc model=" MODEL_TWO " threads=1 "

/* What the predictions named, one for each frame. */
struct seen {
    guint n;
    GstClockTime pts[128];
    gchar *cutout[128], *attention[128];
    guint64 id[128];
};

static GstPadProbeReturn see_prediction(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct seen *const seen = data;
    GstBuffer *const buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    const GstNncPrediction *const prediction =
        gst_buffer_get_nnc_prediction(buffer, NULL);

    fail_unless(prediction && seen->n < G_N_ELEMENTS(seen->pts));
    seen->pts[seen->n] = GST_BUFFER_PTS(buffer);
    seen->cutout[seen->n] = g_strdup(gst_nnc_prediction_get_cutout(prediction));
    seen->attention[seen->n] = g_strdup(gst_nnc_prediction_get_attention(prediction));
    seen->id[seen->n++] = gst_nnc_prediction_get_task_id(prediction);
    return GST_PAD_PROBE_OK;
}

static void forget(struct seen *seen)
{
    for (guint i = 0; i < seen->n; i++) {
        g_free(seen->cutout[i]);
        g_free(seen->attention[i]);
    }
    *seen = (struct seen){.n = 0};
}

static GstPadProbeReturn label_every_other(GstPad *pad, GstPadProbeInfo *info,
                                           gpointer data)
{
    guint *const n = data;
    GstBuffer *const buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));

    add_region(buffer, (*n)++ % 2 ? "truck" : "dog");
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
}

static void add_probe(GstElement *pipeline, const char *element, const char *pad_name,
                      GstPadProbeCallback probe, gpointer data)
{
    GstElement *const found = gst_bin_get_by_name(GST_BIN(pipeline), element);
    GstPad *const pad = gst_element_get_static_pad(found, pad_name);

    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, probe, data, NULL);
    gst_object_unref(pad);
    gst_object_unref(found);
}

/* Plays to the end, in which there must be no error and no warning. Frames come to
 * nnctask with a dog or a truck on them. */
static void play(const char *launch, struct seen *seen)
{
    g_autoptr(GError) error = NULL;
    GstElement *const pipeline = gst_parse_launch(launch, &error);
    g_assert_no_error(error);
    GstBus *const bus = gst_element_get_bus(pipeline);
    guint n_labelled = 0;

    add_probe(pipeline, "task", "sink", label_every_other, &n_labelled);
    add_probe(pipeline, "nnc", "src", see_prediction, seen);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstMessage *const message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE,
        GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
    fail_unless_equals_int(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
    gst_message_unref(message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
}

static const char *const modes[] = {"meta", "event", "sticky-event"};

/* The task changes with the very frame whose time has come, and with no other. */
GST_START_TEST(script)
{
    static const char *const cutouts[] = {"-b1", "a", "b"};
    gchar *const path =
        write_file("{\"time\": 0.3, \"cutout\": \"a\"}\n"
                   "{\"time\": 0.7, \"cutout\": \"b\", \"attention\": \"b=2\"}\n");
    g_autofree gchar *launch =
        g_strdup_printf(VIDEO "nnctask name=task mode=%s script=%s ! queue ! " CLASSIFY
                              "cutout=-b1 ! fakesink",
                        30, modes[__i__], path);
    struct seen seen = {.n = 0};

    play(launch, &seen);
    fail_unless_equals_int(seen.n, 30);
    for (guint i = 0; i < seen.n; i++) {
        const guint part =
            (seen.pts[i] >= 300 * GST_MSECOND) + (seen.pts[i] >= 700 * GST_MSECOND);
        fail_unless_equals_string(seen.cutout[i], cutouts[part]);
        fail_unless_equals_string(seen.attention[i], part == 2 ? "b=2" : "");
    }
    forget(&seen);
    remove_file(path);
}
GST_END_TEST

/* Two tasks in turn, each with its one number. */
GST_START_TEST(every_frame_its_own_task)
{
    g_autofree gchar *launch = g_strdup_printf(
        VIDEO "nnctask name=task mode=%s map=dog=a:2,truck=b:3 hold=0 decay=0 ! "
              "queue ! " CLASSIFY "! fakesink",
        60, modes[__i__]);
    struct seen seen = {.n = 0};

    play(launch, &seen);
    fail_unless_equals_int(seen.n, 60);
    for (guint i = 0; i < seen.n; i++) {
        fail_unless_equals_string(seen.attention[i], i % 2 ? "b=3" : "a=2");
        fail_unless_equals_uint64(seen.id[i], seen.id[i % 2]);
    }
    fail_unless(seen.id[0] != seen.id[1]);
    forget(&seen);
}
GST_END_TEST

/* A gain over an attention of nncclassify's own leaves that as it is. */
GST_START_TEST(gain_over_attention)
{
    g_autofree gchar *launch = g_strdup_printf(
        VIDEO "nnctask name=task mode=%s map=dog=a:2 hold=0 decay=0 ! " CLASSIFY
              "attention=b=0.5 ! fakesink",
        4, modes[__i__]);
    struct seen seen = {.n = 0};

    play(launch, &seen);
    for (guint i = 0; i < seen.n; i++)
        fail_unless_equals_string(seen.attention[i], i % 2 ? "b=0.5" : "a=2,b=0.5");
    forget(&seen);
}
GST_END_TEST

/* --- sound --- */

struct sound {
    GstElement *pipeline, *task, *tone, *source, *sink;
    guint ms;
};

static void sound_open(struct sound *sound)
{
    g_autoptr(GError) error = NULL;

    sound->pipeline = gst_parse_launch(
        "appsrc name=source format=time caps=" RGB_CAPS
        " ! nnctask name=task hear=level:peak>-20=a:2 hold=100 decay=200 ! " CLASSIFY
        "! appsink name=sink sync=false "
        "audiotestsrc name=tone is-live=true volume=0 ! level interval=20000000 ! "
        "fakesink sync=false",
        &error);
    g_assert_no_error(error);
    sound->task = gst_bin_get_by_name(GST_BIN(sound->pipeline), "task");
    sound->tone = gst_bin_get_by_name(GST_BIN(sound->pipeline), "tone");
    sound->source = gst_bin_get_by_name(GST_BIN(sound->pipeline), "source");
    sound->sink = gst_bin_get_by_name(GST_BIN(sound->pipeline), "sink");
    sound->ms = 0;
    gst_element_set_state(sound->pipeline, GST_STATE_PLAYING);
}

static void sound_close(struct sound *sound)
{
    gst_element_set_state(sound->pipeline, GST_STATE_NULL);
    gst_object_unref(sound->task);
    gst_object_unref(sound->tone);
    gst_object_unref(sound->source);
    gst_object_unref(sound->sink);
    gst_object_unref(sound->pipeline);
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS

/* In decibels, of the first channel; `level` says -350 of silence. FALSE: the message is
 * another element's. */
static gboolean read_peak(GstMessage *message, gdouble *peak)
{
    const GValue *const peaks =
        gst_structure_get_value(gst_message_get_structure(message), "peak");

    if (!peaks)
        return FALSE;
    const GValueArray *const channels = g_value_get_boxed(peaks);
    *peak = g_value_get_double(&channels->values[0]);
    return TRUE;
}

G_GNUC_END_IGNORE_DEPRECATIONS

/* Until a message has come that was measured wholly under the new volume. Messages come
 * to the application after nnctask heard them. */
static void set_tone(struct sound *sound, gboolean on)
{
    GstBus *const bus = gst_element_get_bus(sound->pipeline);
    gboolean there = FALSE;
    gdouble peak;

    g_object_set(sound->tone, "volume", on ? 1.0 : 0.0, NULL);
    while (!there) {
        GstMessage *const message = gst_bus_timed_pop_filtered(
            bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);
        fail_unless_equals_int(GST_MESSAGE_TYPE(message), GST_MESSAGE_ELEMENT);
        if (read_peak(message, &peak))
            there = on ? peak > -1.0 : peak < -100.0;
        gst_message_unref(message);
    }
    gst_object_unref(bus);
}

/* The attention that a frame so much later is classified by. To be freed. */
static gchar *classify_later(struct sound *sound, guint ms)
{
    GstBuffer *const buffer = noise_buffer(3 * RGB_WIDTH * RGB_HEIGHT, 1);
    GstFlowReturn flow;
    GstSample *sample = NULL;

    sound->ms += ms;
    GST_BUFFER_PTS(buffer) = sound->ms * GST_MSECOND;
    g_signal_emit_by_name(sound->source, "push-buffer", buffer, &flow);
    fail_unless_equals_int(flow, GST_FLOW_OK);
    gst_buffer_unref(buffer);
    g_signal_emit_by_name(sound->sink, "pull-sample", &sample);
    fail_unless(sample);
    const GstNncPrediction *const prediction =
        gst_buffer_get_nnc_prediction(gst_sample_get_buffer(sample), NULL);
    gchar *const attention = g_strdup(gst_nnc_prediction_get_attention(prediction));
    gst_sample_unref(sample);
    return attention;
}

static void check_later(struct sound *sound, guint ms, const char *expected)
{
    g_autofree gchar *attention = classify_later(sound, ms);

    fail_unless_equals_string(attention, expected);
}

/* A tone beside the frames raises a category; when it ends, that fades. The frames' times
 * are the test's own, so that nothing depends on how fast the machine is. */
GST_START_TEST(sound_raises_a_category)
{
    struct sound sound;

    sound_open(&sound);
    set_tone(&sound, FALSE);
    check_later(&sound, 0, "");
    set_tone(&sound, TRUE);
    check_later(&sound, 1000, "a=2");
    set_tone(&sound, FALSE);
    check_later(&sound, 1000, "a=2"); /* what was heard between the frames */
    check_later(&sound, 100, "a=2");
    check_later(&sound, 100, "a=1.5");
    check_later(&sound, 100, "");
    check_later(&sound, 1000, "");
    sound_close(&sound);
}
GST_END_TEST

static Suite *task_pipelines(void)
{
    Suite *const suite = suite_create("task_pipelines");
    TCase *const kinds = tcase_create("pipelines");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, script, 0, G_N_ELEMENTS(modes));
    tcase_add_loop_test(kinds, every_frame_its_own_task, 0, G_N_ELEMENTS(modes));
    tcase_add_loop_test(kinds, gain_over_attention, 0, G_N_ELEMENTS(modes));
    tcase_add_test(kinds, sound_raises_a_category);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(task_pipelines(), "task_pipelines", __FILE__);
}
