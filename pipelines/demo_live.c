// SPDX-License-Identifier: MIT
/* Live mode. Predictions are read by a probe on the element's source pad; the main loop
 * switches tasks and waits for the end. A task with names that the model does not have is
 * refused by the element, with a warning: the stream goes on with the old one. */

#include "demo_live.h"

#include <stdio.h>
#include <string.h>

enum { SECONDS_PER_TASK = 4 };

struct live {
    GMainLoop *loop;
    GstElement *pipeline, *classify;
    const struct demo_task *tasks;
    guint n_tasks, at;
    GError *error;
    /* Of the streaming thread only: the last line printed, so that none repeats. */
    char *last_path;
    guint64 last_task;
};

static GstPadProbeReturn print_prediction(GstPad *pad, GstPadProbeInfo *info,
                                          gpointer data)
{
    struct live *const live = data;
    const GstNncPredictionMeta *const meta =
        gst_buffer_get_nnc_prediction_meta(GST_PAD_PROBE_INFO_BUFFER(info));
    if (!meta || !gst_nnc_prediction_get_n_classes(meta->prediction))
        return GST_PAD_PROBE_OK;
    const GstNncPrediction *const prediction = meta->prediction;
    const char *const path = gst_nnc_prediction_get_class_path(prediction, 0);
    const guint64 task = gst_nnc_prediction_get_task_id(prediction);
    if (task == live->last_task && !g_strcmp0(path, live->last_path))
        return GST_PAD_PROBE_OK;
    live->last_task = task;
    g_free(live->last_path);
    live->last_path = g_strdup(path);
    printf("  task %-3" G_GUINT64_FORMAT " %-50s %5.1f %%  %8.2f M MACs  %.2f ms%s\n",
           task, path,
           100 * (double)gst_nnc_prediction_get_class_probability(prediction, 0),
           (double)gst_nnc_prediction_get_macs(prediction) / 1e6,
           (double)gst_nnc_prediction_get_inference_time(prediction) / 1e6,
           gst_nnc_prediction_is_unknown(prediction) ? "  (unsure)" : "");
    return GST_PAD_PROBE_OK;
}

static gboolean next_task(gpointer data)
{
    struct live *const live = data;
    live->at = (live->at + 1) % live->n_tasks;
    const struct demo_task *const task = &live->tasks[live->at];
    printf("-- %s\n", task->title);
    g_autoptr(GstStructure) structure = gst_nnc_task_new(task->cutout, task->attention);
    g_object_set(live->classify, "task", structure, NULL);
    return G_SOURCE_CONTINUE;
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct live *const live = data;
    g_autoptr(GError) warning = NULL;
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
        gst_message_parse_error(message, &live->error, NULL);
        g_main_loop_quit(live->loop);
        break;
    case GST_MESSAGE_WARNING:
        gst_message_parse_warning(message, &warning, NULL);
        g_printerr("demo: %s\n", warning->message);
        break;
    case GST_MESSAGE_EOS:
        g_main_loop_quit(live->loop);
        break;
    default:
        break;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean build(struct live *live, const char *source, const char *model,
                      GError **error)
{
    g_autofree char *line = g_strdup_printf(
        "%s ! decodebin ! videoconvert ! nncclassify name=classify ! fakesink sync=true",
        source);
    live->pipeline =
        gst_parse_launch_full(line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
    if (!live->pipeline)
        return FALSE;
    live->classify = gst_bin_get_by_name(GST_BIN(live->pipeline), "classify");
    g_object_set(live->classify, "model", model, NULL);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(live->classify, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, print_prediction, live, NULL);
    return TRUE;
}

static void play(struct live *live)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(live->pipeline);
    live->loop = g_main_loop_new(NULL, FALSE);
    gst_bus_add_watch(bus, on_message, live);
    const guint timer =
        live->n_tasks > 1 ? g_timeout_add_seconds(SECONDS_PER_TASK, next_task, live) : 0;
    printf("-- %s\n", live->tasks[0].title);
    gst_element_set_state(live->pipeline, GST_STATE_PLAYING);
    g_main_loop_run(live->loop);
    gst_element_set_state(live->pipeline, GST_STATE_NULL);
    gst_bus_remove_watch(bus);
    if (timer)
        g_source_remove(timer);
    g_main_loop_unref(live->loop);
}

gboolean demo_live_play(const char *source, const char *model,
                        const struct demo_task *tasks, guint n_tasks, GError **error)
{
    struct live live = {.tasks = tasks, .n_tasks = n_tasks};
    if (!build(&live, source, model, error))
        return FALSE;
    play(&live);
    gst_object_unref(live.classify);
    gst_object_unref(live.pipeline);
    g_free(live.last_path);
    if (!live.error)
        return TRUE;
    g_propagate_error(error, live.error);
    return FALSE;
}
