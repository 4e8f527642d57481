/* SPDX-License-Identifier: MIT */

/* Which elements keep predictions and tasks on the buffers that pass them: measured, and
 * held against the table in gst-plugin/README.md, in its column for this GStreamer.
 *
 *   meta_survival README          fails where the table says something else
 *   meta_survival --table         prints what was measured, a line for each row
 *
 * Needs the metadata library alone, not the plugin: see survival-in-chroot. */

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gstnnc/gstnnc.h>

#include <stdio.h>
#include <string.h>

#define N_FRAMES 10
#define RATE 30

/* What stands between a source of I420 frames of 64x48 and an appsink. The name is the
 * row's in the table. */
static const struct {
    const char *name, *launch;
} ways[] = {
    {"identity", "identity"},
    {"queue", "queue"},
    {"queue2", "queue2"},
    {"multiqueue", "multiqueue"},
    {"tee", "tee"},
    {"valve", "valve"},
    {"clocksync", "clocksync"},
    {"input-selector", "input-selector"},
    {"funnel", "funnel"},
    {"concat", "concat"},
    {"videoconvert", "videoconvert ! video/x-raw,format=RGB"},
    {"videoscale", "videoscale ! video/x-raw,width=20,height=10"},
    {"videoconvertscale",
     "videoconvertscale ! video/x-raw,format=RGB,width=20,height=10"},
    {"videorate", "videorate ! video/x-raw,framerate=30/1"},
    {"videorate, 60/s", "videorate ! video/x-raw,framerate=60/1"},
    {"videocrop", "videocrop left=4 top=2"},
    {"videobox", "videobox left=-4"},
    {"videoflip", "videoflip method=clockwise"},
    {"videobalance", "videobalance saturation=0.5"},
    {"gamma", "gamma gamma=2"},
    {"alpha", "alpha alpha=0.5"},
    {"deinterlace", "deinterlace mode=interlaced"},
    {"videoconvert ! cairooverlay", "videoconvert ! cairooverlay"},
    {"textoverlay", "textoverlay text=text"},
    {"timeoverlay", "timeoverlay"},
    {"gdkpixbufoverlay", "videoconvert ! gdkpixbufoverlay"},
    {"compositor", "compositor"},
    {"videomixer", "videomixer"},
    {"jpegenc", "jpegenc"},
    {"jpegenc ! jpegdec", "jpegenc ! jpegdec"},
    {"jpegenc ! decodebin", "jpegenc ! decodebin"},
    {"pngenc", "videoconvert ! pngenc"},
    {"pngenc ! pngdec", "videoconvert ! pngenc ! pngdec"},
    {"vp8enc", "vp8enc deadline=1"},
    {"vp8enc ! vp8dec", "vp8enc deadline=1 ! vp8dec"},
    {"vp9enc", "vp9enc deadline=1"},
    {"theoraenc", "theoraenc"},
    {"x264enc", "x264enc"},
    {"x264enc ! h264parse", "x264enc ! h264parse"},
    {"x264enc ! avdec_h264", "x264enc ! avdec_h264"},
    {"x265enc", "x265enc"},
    {"openh264enc", "openh264enc"},
    {"avenc_mpeg4", "avenc_mpeg4"},
    {"rtpvrawpay", "rtpvrawpay"},
    {"rtpvrawpay ! rtpvrawdepay", "rtpvrawpay ! rtpvrawdepay"},
    {"jpegenc ! rtpjpegpay", "jpegenc ! rtpjpegpay"},
    {"jpegenc ! rtpjpegpay ! rtpjpegdepay", "jpegenc ! rtpjpegpay ! rtpjpegdepay"},
    {"vp8enc ! rtpvp8pay", "vp8enc deadline=1 ! rtpvp8pay"},
    {"vp8enc ! rtpvp8pay ! rtpvp8depay", "vp8enc deadline=1 ! rtpvp8pay ! rtpvp8depay"},
    {"x264enc ! rtph264pay", "x264enc ! rtph264pay"},
    {"x264enc ! rtph264pay ! rtph264depay", "x264enc ! rtph264pay ! rtph264depay"},
    {"jpegenc ! multipartmux", "jpegenc ! multipartmux"},
    {"vp8enc ! matroskamux", "vp8enc deadline=1 ! matroskamux streamable=true"},
    {"vp8enc ! matroskamux ! matroskademux",
     "vp8enc deadline=1 ! matroskamux streamable=true ! matroskademux"},
    {"x264enc ! mpegtsmux", "x264enc ! mpegtsmux"},
};

/* --- measuring --- */

/* Of the buffers that came out: how many, and how many had it, and of their own frame. */
struct kept {
    guint n, n_predictions, n_tasks, n_wrong;
};

static GstNncPrediction *make_prediction(guint frame)
{
    const GstNncPredictionInfo info = {.task_id = frame,
                                       .source_pts = GST_CLOCK_TIME_NONE};

    return gst_nnc_prediction_new(&info);
}

static GstBuffer *make_frame(guint frame)
{
    const gsize size = 64 * 48 * 3 / 2;
    GstBuffer *const buffer = gst_buffer_new_allocate(NULL, size, NULL);
    g_autofree gchar *number = g_strdup_printf("%u", frame);
    g_autoptr(GstStructure) task = gst_nnc_task_new(number, NULL);
    g_autoptr(GstNncPrediction) prediction = make_prediction(frame);

    gst_buffer_memset(buffer, 0, (guint8)(90 + frame), size);
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(frame, GST_SECOND, RATE);
    GST_BUFFER_DURATION(buffer) = GST_SECOND / RATE;
    gst_buffer_add_nnc_prediction_meta(buffer, prediction);
    gst_buffer_add_nnc_task_meta(buffer, task);
    return buffer;
}

/* Encoders move timestamps and the segment with them. */
static gboolean is_of_frame(GstSample *sample, guint64 frame)
{
    const GstClockTime time =
        gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                    GST_BUFFER_PTS(gst_sample_get_buffer(sample)));

    return !GST_CLOCK_TIME_IS_VALID(time) ||
           gst_util_uint64_scale_round(time, RATE, GST_SECOND) == frame ||
           time * RATE / GST_SECOND == frame; /* videorate: half a frame later */
}

static void look_at(struct kept *kept, GstSample *sample)
{
    GstBuffer *const buffer = gst_sample_get_buffer(sample);
    const GstNncPrediction *const prediction =
        gst_buffer_get_nnc_prediction(buffer, NULL);
    const GstNncTaskMeta *const task = gst_buffer_get_nnc_task_meta(buffer);

    kept->n++;
    if (prediction) {
        kept->n_predictions++;
        kept->n_wrong += !is_of_frame(sample, gst_nnc_prediction_get_task_id(prediction));
    }
    if (task) {
        const gchar *const number = gst_structure_get_string(task->task, "cutout");
        kept->n_tasks++;
        kept->n_wrong += !is_of_frame(sample, g_ascii_strtoull(number, NULL, 10));
    }
}

static GstElement *make_pipeline(const char *launch, GError **error)
{
    g_autofree gchar *text = g_strdup_printf(
        "appsrc name=in format=time caps=video/x-raw,format=I420,width=64,height=48,"
        "framerate=30/1,pixel-aspect-ratio=1/1,interlace-mode=progressive,"
        "colorimetry=bt601,chroma-site=mpeg2 ! %s ! appsink name=out sync=false",
        launch);
    GstElement *const pipeline =
        gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);

    return pipeline;
}

static struct kept measure(GstElement *pipeline)
{
    g_autoptr(GstElement) in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    struct kept kept = {0};
    GstSample *sample;

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    for (guint i = 0; i < N_FRAMES; i++)
        gst_app_src_push_buffer(GST_APP_SRC(in), make_frame(i));
    gst_app_src_end_of_stream(GST_APP_SRC(in));
    while ((sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out), 20 * GST_SECOND))) {
        look_at(&kept, sample);
        gst_sample_unref(sample);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return kept;
}

static const char *name_result(const struct kept *kept)
{
    if (!kept->n)
        return "nothing came out";
    if (kept->n_wrong)
        return "of other frames";
    if (kept->n_predictions == kept->n && kept->n_tasks == kept->n)
        return "kept";
    if (!kept->n_predictions && !kept->n_tasks)
        return "lost";
    return kept->n_predictions == kept->n_tasks ? "kept on some" : "one of two";
}

/* "-" where an element is not installed. */
static const char *measure_way(const char *launch)
{
    g_autoptr(GError) error = NULL;
    GstElement *const pipeline = make_pipeline(launch, &error);

    if (!pipeline) {
        fprintf(stderr, "%s: %s\n", launch, error->message);
        return "-";
    }
    const struct kept kept = measure(pipeline);
    gst_object_unref(pipeline);
    return name_result(&kept);
}

/* --- the table --- */

/* The cells of a line "| `name` | ... |", without quotes and spaces; NULL if it is none.
 */
static gchar **split_row(const gchar *line)
{
    if (line[0] != '|')
        return NULL;
    gchar **const cells = g_strsplit(line + 1, "|", -1);
    for (gchar **cell = cells; *cell; cell++) {
        g_strdelimit(*cell, "`", ' ');
        g_strstrip(*cell);
    }
    return cells;
}

/* The column of this GStreamer in a heading that has one for it, else 0. */
static guint find_column(gchar *const *heading)
{
    g_autofree gchar *version =
        g_strdup_printf("GStreamer %d.%d", GST_VERSION_MAJOR, GST_VERSION_MINOR);

    for (guint i = 1; heading[0] && heading[i]; i++)
        if (!strcmp(heading[i], version))
            return i;
    return 0;
}

/* name -> what the table says; empty if it has no column for this GStreamer. */
static GHashTable *read_table(const char *path)
{
    GHashTable *const table =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GError) error = NULL;
    g_autofree gchar *text = NULL;
    guint column = 0;

    if (!g_file_get_contents(path, &text, NULL, &error))
        g_error("%s", error->message);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (gchar **line = lines; *line; line++) {
        g_auto(GStrv) cells = split_row(*line);
        if (!cells)
            column = 0;
        else if (!column)
            column = find_column(cells);
        else if (g_strv_length(cells) > column)
            g_hash_table_insert(table, g_strdup(cells[0]), g_strdup(cells[column]));
    }
    return table;
}

static guint check(GHashTable *table, const char *name, const char *found)
{
    const char *const said = g_hash_table_lookup(table, name);

    if (!strcmp(found, "-")) {
        printf("skipped '%s': it is not installed\n", name);
        return 0;
    }
    if (said && (!strcmp(said, found) || !strcmp(said, "-")))
        return 0;
    printf("'%s': %s, but the table says %s\n", name, found, said ? said : "nothing");
    return 1;
}

int main(int argc, char **argv)
{
    guint n_wrong = 0;

    gst_init(&argc, &argv);
    if (argc != 2) {
        fprintf(stderr, "usage: %s README|--table\n", argv[0]);
        return 2;
    }
    const gboolean print = !strcmp(argv[1], "--table");
    g_autoptr(GHashTable) table =
        print ? g_hash_table_new(g_str_hash, g_str_equal) : read_table(argv[1]);
    if (!print && !g_hash_table_size(table)) {
        printf("skipped: the table has no column for GStreamer %d.%d\n",
               GST_VERSION_MAJOR, GST_VERSION_MINOR);
        return 77;
    }
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        const char *const found = measure_way(ways[i].launch);
        if (print)
            printf("%s\t%s\n", ways[i].name, found);
        else
            n_wrong += check(table, ways[i].name, found);
    }
    return n_wrong != 0;
}
