/* SPDX-License-Identifier: MIT */
/* What switching costs a stream: frames of 1080p NV12 come at 30 a second in real time while
 * the cutout changes to one that was never seen before, several times a second. Tells how
 * many frames were lost, how long frames stayed in the element (p50, p99, the longest), and
 * how many frames after the setting the first one with the new task came.
 *
 *     bench_switch PLUGIN.so MODEL.onnx [SECONDS [SWITCHES_PER_SECOND]]
 *
 * Every other switch is a single class, chosen at random; the others are random halves of all
 * classes, so that plans are large and no two are alike. */

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gstnnc/gstnnc.h>

#include <stdlib.h>

enum { WIDTH = 1920, HEIGHT = 1080, FPS = 30 };

struct measure {
    GArray *inside_us;            /* of every frame */
    gint64 entered_us;            /* streaming thread */
    guint64 n_out, n_classified;
    guint64 first_task, last_task;
};

static GstPadProbeReturn enter(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    ((struct measure *)data)->entered_us = g_get_monotonic_time();
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn leave(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct measure *const m = data;
    const gint64 inside = g_get_monotonic_time() - m->entered_us;
    const GstNncPrediction *const prediction =
        gst_buffer_get_nnc_prediction(GST_PAD_PROBE_INFO_BUFFER(info), NULL);

    g_array_append_val(m->inside_us, inside);
    m->n_out++;
    if (prediction && gst_nnc_prediction_get_status(prediction) ==
                          GST_NNC_PREDICTION_STATUS_CLASSIFIED) {
        m->n_classified++;
        m->last_task = gst_nnc_prediction_get_task_id(prediction);
        m->first_task = m->first_task ? m->first_task : m->last_task;
    }
    return GST_PAD_PROBE_OK;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

static double percentile_ms(GArray *sorted_us, double share)
{
    const guint i = (guint)(share * (sorted_us->len - 1) + 0.5);

    return (double)g_array_index(sorted_us, gint64, i) / 1000;
}

static GstBuffer *make_frame(void)
{
    GstBuffer *const buffer = gst_buffer_new_allocate(NULL, WIDTH * HEIGHT * 3 / 2, NULL);
    GstMapInfo map;

    gst_buffer_map(buffer, &map, GST_MAP_WRITE);
    for (gsize i = 0; i < map.size; i++)
        map.data[i] = (guint8)(i * 7919 >> 8);
    gst_buffer_unmap(buffer, &map);
    return buffer;
}

/* A mask over the classes that was not used before, but for bad luck. */
static void switch_task(GstElement *element, guint n_classes, GRand *random, gboolean one)
{
    g_autofree guint8 *mask = g_new0(guint8, n_classes);
    guint64 id = 0;

    for (guint i = 0; !one && i < n_classes; i++)
        mask[i] = g_rand_boolean(random);
    mask[g_rand_int_range(random, 0, (gint32)n_classes)] = 1;
    g_autoptr(GBytes) bytes = g_bytes_new(mask, n_classes);
    g_autoptr(GstStructure) task =
        gst_structure_new(GST_NNC_TASK_NAME, "mask", G_TYPE_BYTES, bytes, NULL);
    g_signal_emit_by_name(element, "set-task", task, &id);
    if (!id)
        g_error("the task was refused");
}

static guint count_classes(GstElement *element)
{
    g_autofree gchar *taxonomy = NULL;
    guint n = 0;

    g_object_get(element, "taxonomy", &taxonomy, NULL);
    for (const gchar *at = taxonomy; at && (at = strstr(at, "\"leaf\":true")); at++)
        n++;
    return n;
}

/* Frames at their times, whatever the element does; switches in between. */
static guint64 play(GstElement *source, GstElement *element, double seconds, double rate)
{
    g_autoptr(GstBuffer) frame = make_frame();
    GRand *const random = g_rand_new_with_seed(1);
    const guint n_classes = count_classes(element);
    const guint64 n = (guint64)(seconds * FPS);
    const gint64 start = g_get_monotonic_time();
    guint switches = 0;

    for (guint64 i = 0; i < n; i++) {
        const gint64 due = start + (gint64)(i * G_USEC_PER_SEC / FPS);
        const gint64 now = g_get_monotonic_time();
        if (due > now)
            g_usleep((gulong)(due - now));
        GstBuffer *const copy = gst_buffer_copy(frame);
        GST_BUFFER_PTS(copy) = i * GST_SECOND / FPS;
        gst_app_src_push_buffer(GST_APP_SRC(source), copy);
        if ((double)i / FPS * rate >= switches)
            switch_task(element, n_classes, random, switches++ % 2);
    }
    g_rand_free(random);
    gst_app_src_end_of_stream(GST_APP_SRC(source));
    g_print("%u switches to tasks never seen before, of %u classes\n", switches,
            n_classes);
    return n;
}

static void watch(GstElement *element, struct measure *measure)
{
    g_autoptr(GstPad) sink = gst_element_get_static_pad(element, "sink");
    g_autoptr(GstPad) source = gst_element_get_static_pad(element, "src");

    gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, enter, measure, NULL);
    gst_pad_add_probe(source, GST_PAD_PROBE_TYPE_BUFFER, leave, measure, NULL);
}

static void tell(struct measure *m, guint64 n_in)
{
    const double frame_ms = 1000.0 / FPS;

    g_array_sort(m->inside_us, compare);
    g_print("frames in %" G_GUINT64_FORMAT ", out %" G_GUINT64_FORMAT
            ", classified %" G_GUINT64_FORMAT "; tasks that ran: %" G_GUINT64_FORMAT
            " to %" G_GUINT64_FORMAT "\n",
            n_in, m->n_out, m->n_classified, m->first_task, m->last_task);
    g_print("in the element: p50 %.2f ms, p99 %.2f ms, longest %.2f ms; a frame has %.1f "
            "ms\n",
            percentile_ms(m->inside_us, 0.5), percentile_ms(m->inside_us, 0.99),
            percentile_ms(m->inside_us, 1), frame_ms);
}

int main(int argc, char **argv)
{
    struct measure measure = {.inside_us = g_array_new(FALSE, FALSE, sizeof(gint64))};
    g_autoptr(GError) error = NULL;

    gst_init(&argc, &argv);
    if (argc < 3) {
        g_printerr("usage: bench_switch PLUGIN.so MODEL.onnx [SECONDS [SWITCHES_PER_SECOND]]\n");
        return 2;
    }
    g_autoptr(GstPlugin) plugin = gst_plugin_load_file(argv[1], &error);
    g_autofree gchar *launch = g_strdup_printf(
        "appsrc name=source is-live=true format=time max-buffers=0 max-bytes=0 "
        "caps=video/x-raw,format=NV12,width=%d,height=%d,framerate=%d/1 ! "
        "nncclassify name=nnc model=%s qos=false ! fakesink sync=false",
        WIDTH, HEIGHT, FPS, argv[2]);
    GstElement *const pipeline = plugin ? gst_parse_launch(launch, &error) : NULL;
    if (!pipeline)
        g_error("%s", error->message);
    g_autoptr(GstElement) source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
    g_autoptr(GstElement) element = gst_bin_get_by_name(GST_BIN(pipeline), "nnc");
    watch(element, &measure);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gst_element_get_state(pipeline, NULL, NULL, 10 * GST_SECOND);
    const guint64 n_in = play(source, element, argc > 3 ? atof(argv[3]) : 20,
                              argc > 4 ? atof(argv[4]) : 5);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    g_autoptr(GstMessage) end = gst_bus_timed_pop_filtered(
        bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    tell(&measure, n_in);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
    g_array_unref(measure.inside_us);
    return end && GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS && measure.n_out == n_in ? 0 : 1;
}
