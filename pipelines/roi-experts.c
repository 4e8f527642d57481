// SPDX-License-Identifier: MIT
/* How a detector hands its finds to experts: each label has a classifier of its own,
 * which looks at regions of that label alone, with the cutout that fits. All share one
 * model.
 *
 *     roi-experts MODEL FILM|test DETECTIONS LABEL=CUTOUT...
 *     roi-experts nest-photo.onnx street.mkv found.jsonl car=vehicles person=clothing
 *
 * The detector is a stand-in: DETECTIONS has a line of JSON for each find,
 *
 *     {"frame": 3, "label": "car", "x": 10, "y": 20, "width": 64, "height": 48}
 *
 * A real one puts GstVideoRegionOfInterestMeta, or a GstAnalytics detection, on the
 * frames itself; then add_finds() goes. Prints a line of JSON for each region. */

#include <gst/gst.h>
#include <gst/video/video.h>
#include <jansson.h>

struct find {
    guint64 frame;
    gchar *label;
    guint x, y, width, height;
};

struct detector {
    GArray *finds; /* struct find */
    guint64 n_frames;
};

/* Metas are added to the buffer that passes, which must be ours alone. */
static GstPadProbeReturn add_finds(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct detector *const detector = data;
    GstBuffer *const buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    const guint64 frame = detector->n_frames++;

    for (guint i = 0; i < detector->finds->len; i++) {
        const struct find *const find = &g_array_index(detector->finds, struct find, i);
        if (find->frame != frame)
            continue;
        GstVideoRegionOfInterestMeta *const meta =
            gst_buffer_add_video_region_of_interest_meta(
                buffer, find->label, find->x, find->y, find->width, find->height);
        meta->id = (gint)i;
    }
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
}

/* --- the stand-in's file --- */

static gboolean read_find(const gchar *line, struct find *find)
{
    json_int_t frame, x, y, width, height;
    const char *label;
    json_t *const object = json_loads(line, 0, NULL);
    const gboolean good =
        object &&
        !json_unpack(object, "{s:I, s:s, s:I, s:I, s:I, s:I}", "frame", &frame, "label",
                     &label, "x", &x, "y", &y, "width", &width, "height", &height) &&
        frame >= 0 && MIN(x, y) >= 0 && MIN(width, height) > 0 &&
        MAX(x, y) <= G_MAXINT16 && MAX(width, height) <= G_MAXINT16;

    if (good)
        *find = (struct find){(guint64)frame, g_strdup(label), (guint)x,
                              (guint)y,       (guint)width,    (guint)height};
    json_decref(object);
    return good;
}

static void clear_find(gpointer find)
{
    g_free(((struct find *)find)->label);
}

static gboolean read_finds(const gchar *path, GArray *finds)
{
    g_autofree gchar *text = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error)) {
        g_printerr("%s\n", error->message);
        return FALSE;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        struct find find;
        if (!*lines[i])
            continue;
        if (!read_find(lines[i], &find)) {
            g_printerr("%s, line %u: expected an object with frame, label, x, y, width, "
                       "height\n",
                       path, i + 1);
            return FALSE;
        }
        g_array_append_val(finds, find);
    }
    return TRUE;
}

/* --- the pipeline --- */

/* Elements are put together one by one: no text of the user's is read as a launch line.
 */
static GstElement *append(GstElement *pipeline, GstElement *before, const gchar *factory)
{
    GstElement *const element = gst_element_factory_make(factory, NULL);

    if (!element) {
        g_printerr("there is no element %s; is GST_PLUGIN_PATH set?\n", factory);
        return NULL;
    }
    gst_bin_add(GST_BIN(pipeline), element);
    return gst_element_link(before, element) ? element : NULL;
}

static GstElement *make_source(const gchar *text)
{
    if (g_str_equal(text, "test"))
        return gst_parse_bin_from_description(
            "videotestsrc num-buffers=30 ! videoconvert name=frames", TRUE, NULL);
    GstElement *const bin = gst_parse_bin_from_description(
        "filesrc name=file ! decodebin ! videoconvert name=frames", FALSE, NULL);
    g_autoptr(GstElement) file = gst_bin_get_by_name(GST_BIN(bin), "file");
    g_autoptr(GstElement) frames = gst_bin_get_by_name(GST_BIN(bin), "frames");
    g_autoptr(GstPad) pad = gst_element_get_static_pad(frames, "src");
    g_object_set(file, "location", text, NULL);
    gst_element_add_pad(bin, gst_ghost_pad_new("src", pad));
    return bin;
}

/* "LABEL=CUTOUT" */
static GstElement *append_expert(GstElement *pipeline, GstElement *before,
                                 const gchar *model, const gchar *text)
{
    const gchar *const equals = strchr(text, '=');
    g_autofree gchar *label = equals ? g_strndup(text, (gsize)(equals - text)) : NULL;
    GstElement *const expert = label ? append(pipeline, before, "nncclassify") : NULL;

    if (!label)
        g_printerr("expected LABEL=CUTOUT, got '%s'\n", text);
    if (!expert)
        return NULL;
    gst_util_set_object_arg(G_OBJECT(expert), "region", "roi");
    g_object_set(expert, "model", model, "roi-labels", label, "cutout", equals + 1, NULL);
    return expert;
}

static GstElement *build(char **arguments, struct detector *detector)
{
    GstElement *const pipeline = gst_pipeline_new(NULL);
    GstElement *last = make_source(arguments[1]);
    g_autoptr(GstPad) frames = gst_element_get_static_pad(last, "src");

    gst_pad_add_probe(frames, GST_PAD_PROBE_TYPE_BUFFER, add_finds, detector, NULL);
    gst_bin_add(GST_BIN(pipeline), last);
    for (char **expert = arguments + 3; last && *expert; expert++)
        last = append_expert(pipeline, last, arguments[0], *expert);
    last = last ? append(pipeline, last, "nncjson") : NULL;
    last = last ? append(pipeline, last, "fakesink") : NULL;
    if (last)
        return pipeline;
    gst_object_unref(pipeline);
    return NULL;
}

static int play(GstElement *pipeline)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    g_autoptr(GError) error = NULL;
    g_autofree gchar *details = NULL;

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_autoptr(GstMessage) message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, &details);
        g_printerr("%s\n%s\n", error->message, details ? details : "");
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return error ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct detector detector = {g_array_new(FALSE, FALSE, sizeof(struct find)), 0};
    int result = 1;

    gst_init(&argc, &argv);
    if (argc < 5) {
        g_printerr("usage: %s MODEL FILM|test DETECTIONS LABEL=CUTOUT...\n", argv[0]);
        return 2;
    }
    g_array_set_clear_func(detector.finds, clear_find);
    GstElement *const pipeline =
        read_finds(argv[3], detector.finds) ? build(argv + 1, &detector) : NULL;
    if (pipeline) {
        result = play(pipeline);
        gst_object_unref(pipeline);
    }
    g_array_unref(detector.finds);
    return result;
}
