// SPDX-License-Identifier: MIT
/* How an application switches tasks while a pipeline plays, and reads what each frame
 * shows. Press Enter for the next task; every prediction names the task that made it.
 *
 *     switch-task MODEL DEVICE|test CUTOUT CUTOUT...
 *     switch-task nest-photo.onnx /dev/video0 '' vehicles mammals/cats,mammals/dogs */

#include <gst/gst.h>
#include <gstnnc/gstnnc.h>

static GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    GstNncPredictionMeta *meta =
        gst_buffer_get_nnc_prediction_meta(GST_PAD_PROBE_INFO_BUFFER(info));
    if (meta && gst_nnc_prediction_get_n_classes(meta->prediction))
        g_print("task %" G_GUINT64_FORMAT ": %s, %.0f %%, %.1f M MACs, %.2f ms\n",
                gst_nnc_prediction_get_task_id(meta->prediction),
                gst_nnc_prediction_get_class_path(meta->prediction, 0),
                100.0 * gst_nnc_prediction_get_class_probability(meta->prediction, 0),
                gst_nnc_prediction_get_macs(meta->prediction) / 1e6,
                gst_nnc_prediction_get_inference_time(meta->prediction) / 1e6);
    return GST_PAD_PROBE_OK;
}

struct app {
    GMainLoop *loop;
    GstElement *classify;
    char **cutouts; /* NULL-terminated */
    guint at;
};

static gboolean on_key(GIOChannel *channel, GIOCondition condition, gpointer data)
{
    struct app *app = data;
    g_autofree char *line = NULL;
    if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(app->loop);
        return G_SOURCE_REMOVE;
    }
    if (!app->cutouts[++app->at])
        app->at = 0;
    /* Returns at once; the stream goes on and takes the task as soon as it is ready. */
    g_object_set(app->classify, "cutout", app->cutouts[app->at], NULL);
    return G_SOURCE_CONTINUE;
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct app *app = data;
    g_autoptr(GError) error = NULL;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
        gst_message_parse_warning(message, &error, NULL); /* a cutout that is refused */
        g_printerr("%s\n", error->message);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        g_printerr("%s\n", error->message);
        g_main_loop_quit(app->loop);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        g_main_loop_quit(app->loop);
    }
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    if (argc < 4) {
        g_printerr("usage: %s MODEL DEVICE|test CUTOUT...\n", argv[0]);
        return 2;
    }
    const gboolean test = g_str_equal(argv[2], "test");
    g_autofree char *line = g_strdup_printf(
        "%s%s ! videoconvert ! nncclassify name=classify ! fakesink sync=true",
        test ? "videotestsrc is-live=true" : "v4l2src device=", test ? "" : argv[2]);
    g_autoptr(GError) error = NULL;
    GstElement *pipeline =
        gst_parse_launch_full(line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (!pipeline) {
        g_printerr("%s\n", error->message);
        return 1;
    }
    struct app app = {.loop = g_main_loop_new(NULL, FALSE), .cutouts = argv + 3};
    app.classify = gst_bin_get_by_name(GST_BIN(pipeline), "classify");
    g_object_set(app.classify, "model", argv[1], "cutout", app.cutouts[0], NULL);

    g_autoptr(GstPad) pad = gst_element_get_static_pad(app.classify, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, NULL, NULL);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    gst_bus_add_watch(bus, on_message, &app);
    g_autoptr(GIOChannel) keys = g_io_channel_unix_new(0);
    g_io_add_watch(keys, G_IO_IN | G_IO_HUP, on_key, &app);

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_main_loop_run(app.loop);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_bus_remove_watch(bus);
    gst_object_unref(app.classify);
    gst_object_unref(pipeline);
    g_main_loop_unref(app.loop);
    return 0;
}
