/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-nncjson
 * @title: nncjson
 *
 * Writes the predictions on the buffers that pass it as lines of JSON: into a file, to
 * standard output, or as buffers on the pad `json`. What the lines say is described by
 * `prediction-1.schema.json`. The buffers go on untouched, whatever they are: frames, or
 * what an encoder made of them.
 *
 * |[
 * gst-launch-1.0 v4l2src ! nncclassify model=nest-photo.onnx ! \
 *     nncjson location=seen.jsonl predictions=change ! videoconvert ! autovideosink
 * gst-launch-1.0 v4l2src ! nncclassify model=nest-photo.onnx ! nncjson name=j ! queue ! \
 *     videoconvert ! autovideosink  j.json ! queue ! udpsink host=192.0.2.1
 * ]|
 *
 * As behind a tee, each of the two pads wants a queue.
 */

#include "gstnncjsonelement.h"

#include "gstnncsegment.h"

#include <errno.h>

GST_DEBUG_CATEGORY_STATIC(nnc_json_debug);
#define GST_CAT_DEFAULT nnc_json_debug

/* Regions that a tracker numbers come and go for ever. */
#define MOST_SEEN 1024

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE(GstNncJson, gst_nnc_json, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(nncjson, "nncjson", GST_RANK_NONE,
                                      GST_TYPE_NNC_JSON,
                                      GST_DEBUG_CATEGORY_INIT(nnc_json_debug, "nncjson",
                                                              0, "predictions as JSON"))

/* --- the file --- */

/* NULL: none is wanted. */
static gchar *copy_path(GstNncJson *self, gboolean *append)
{
    pthread_mutex_lock(&self->lock);
    const gboolean named = self->location && *self->location;
    gchar *const path = named       ? g_strdup(self->location)
                        : self->pad ? NULL
                                    : g_strdup("-");
    *append = self->append;
    pthread_mutex_unlock(&self->lock);
    return path;
}

static gboolean open_file(GstNncJson *self, gchar **reason)
{
    self->changes_seen = atomic_load(&self->changes);
    gboolean append;
    g_autofree gchar *path = copy_path(self, &append);

    self->failing = FALSE;
    if (path)
        return gst_nnc_line_file_open(&self->file, path, append, reason);
    gst_nnc_line_file_close(&self->file);
    return TRUE;
}

static void explain_failure(GstNncJson *self, int error)
{
    g_autofree gchar *text = g_strdup_printf(
        "cannot write predictions: %s; the stream goes on without them%s%s",
        g_strerror(error),
        error == EPIPE ? "; nobody reads from the pipe any more, set 'location' again"
                       : "",
        error == ENOSPC ? "; free space on the disk" : "");

    gst_nnc_error_post_resource(GST_ELEMENT(self), GST_MESSAGE_WARNING,
                                error == ENOSPC ? GST_RESOURCE_ERROR_NO_SPACE_LEFT
                                                : GST_RESOURCE_ERROR_WRITE,
                                text);
}

/* Says once what is wrong, and again when it was right in between. */
static void note_outcome(GstNncJson *self, int error, guint n_lost)
{
    const gboolean known = self->failing;

    atomic_fetch_add(&self->n_lines_lost, n_lost);
    if (error == ECANCELED || (!error && self->file.n_pending)) /* nothing was tried */
        return;
    self->failing = error != 0;
    if (error == EPIPE)
        gst_nnc_line_file_close(&self->file);
    if (error && !known && gst_nnc_limiter_allows(&self->warnings, 1))
        explain_failure(self, error);
}

static void flush_file(GstNncJson *self)
{
    guint n_lost;

    if (self->file.fd < 0)
        return;
    const int error = gst_nnc_line_file_flush(&self->file, &n_lost);
    if (error)
        note_outcome(self, error, n_lost);
}

static void follow_settings(GstNncJson *self)
{
    g_autofree gchar *reason = NULL;

    if (atomic_load(&self->changes) == self->changes_seen)
        return;
    flush_file(self);
    if (open_file(self, &reason))
        return;
    g_autofree gchar *text =
        g_strdup_printf("%s. Until then lines go where they went before", reason);
    gst_nnc_error_post_resource(GST_ELEMENT(self), GST_MESSAGE_WARNING,
                                GST_RESOURCE_ERROR_OPEN_WRITE, text);
}

static void write_line(GstNncJson *self, const gchar *line)
{
    guint n_lost = 1;

    if (self->file.fd < 0) {
        /* Nobody wants a file, or the reader of a pipe has gone. */
        atomic_fetch_add(&self->n_lines_lost, self->failing);
        return;
    }
    const int error =
        gst_nnc_line_file_write(&self->file, line, atomic_load(&self->flush), &n_lost);
    note_outcome(self, error, n_lost);
}

/* --- which predictions --- */

static gchar *make_key(const GstNncPrediction *prediction)
{
    guint x = 0, y = 0;
    const gboolean part = gst_nnc_prediction_get_region(prediction, &x, &y, NULL, NULL);
    const gint id = gst_nnc_prediction_get_region_id(prediction);
    const gchar *const element = gst_nnc_prediction_get_element(prediction);

    /* A region without a number is known by its place. */
    return id < 0 ? g_strdup_printf("%d %u %u %s", part, x, y, element)
                  : g_strdup_printf("%d %s", id, element);
}

static gboolean is_news(GstNncJson *self, const GstNncPrediction *prediction)
{
    const guint category = gst_nnc_prediction_get_class_category(prediction, 0);
    /* GST_NNC_NO_CATEGORY + 1 would be 0, which a missing entry is, too. */
    const gsize now =
        ((gsize)category << 2) + 2 + gst_nnc_prediction_is_unknown(prediction);
    gchar *const key = make_key(prediction);
    const gboolean same = GPOINTER_TO_SIZE(g_hash_table_lookup(self->seen, key)) == now;

    if (g_hash_table_size(self->seen) >= MOST_SEEN)
        g_hash_table_remove_all(self->seen);
    g_hash_table_replace(self->seen, key, GSIZE_TO_POINTER(now));
    return !same;
}

static gboolean is_wanted(GstNncJson *self, const GstNncPrediction *prediction)
{
    const gint which = atomic_load(&self->predictions);

    if (which == GST_NNC_JSON_PREDICTIONS_ALL)
        return TRUE;
    if (gst_nnc_prediction_get_status(prediction) != GST_NNC_PREDICTION_STATUS_CLASSIFIED)
        return FALSE;
    return which == GST_NNC_JSON_PREDICTIONS_CLASSIFIED || is_news(self, prediction);
}

/* --- frames --- */

static GstNncFrame describe_frame(GstNncJson *self, GstBuffer *buffer)
{
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;
    const GstClockTime pts = GST_BUFFER_PTS(buffer);

    return (GstNncFrame){
        .number = atomic_fetch_add(&self->n_frames, 1),
        .pts = pts,
        .running_time = gst_nnc_running_time(segment, pts),
        .width = self->width,
        .height = self->height,
        .unix_us = atomic_load(&self->wall_clock) ? g_get_real_time() : 0,
    };
}

static GstFlowReturn transform_ip(GstBaseTransform *base, GstBuffer *buffer)
{
    GstNncJson *const self = GST_NNC_JSON(base);
    const GstNncFrame frame = describe_frame(self, buffer);
    const GstNncPrediction *prediction;
    gpointer state = NULL;
    gboolean any = FALSE;

    follow_settings(self);
    while ((prediction = gst_buffer_iterate_nnc_predictions(buffer, &state))) {
        if (!is_wanted(self, prediction))
            continue;
        g_autofree gchar *line = gst_nnc_prediction_to_json_line(prediction, &frame);
        write_line(self, line);
        gst_nnc_json_push_line(self, line, buffer);
        atomic_fetch_add(&self->n_lines, 1);
        any = TRUE;
    }
    if (!any)
        gst_nnc_json_push_line(self, NULL, buffer);
    return GST_FLOW_OK;
}

static gboolean set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out)
{
    GstNncJson *const self = GST_NNC_JSON(base);
    const GstStructure *const structure = gst_caps_get_structure(in, 0);
    gint width = 0, height = 0;

    gst_structure_get_int(structure, "width", &width);
    gst_structure_get_int(structure, "height", &height);
    self->width = (guint)MAX(width, 0);
    self->height = (guint)MAX(height, 0);
    return TRUE;
}

static gboolean sink_event(GstBaseTransform *base, GstEvent *event)
{
    GstNncJson *const self = GST_NNC_JSON(base);

    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_START)
        gst_nnc_line_file_interrupt(&self->file, TRUE);
    else if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP)
        gst_nnc_line_file_interrupt(&self->file, FALSE);
    else if (GST_EVENT_TYPE(event) == GST_EVENT_EOS)
        flush_file(self);
    gst_nnc_json_push_event(self, event);
    return GST_BASE_TRANSFORM_CLASS(gst_nnc_json_parent_class)->sink_event(base, event);
}

/* --- life --- */

static gboolean start(GstBaseTransform *base)
{
    GstNncJson *const self = GST_NNC_JSON(base);
    g_autofree gchar *reason = NULL;

    atomic_store(&self->n_frames, 0);
    atomic_store(&self->n_lines, 0);
    atomic_store(&self->n_lines_lost, 0);
    self->width = self->height = 0;
    g_hash_table_remove_all(self->seen);
    gst_nnc_line_file_interrupt(&self->file, FALSE);
    if (open_file(self, &reason))
        return TRUE;
    gst_nnc_error_post_resource(GST_ELEMENT(self), GST_MESSAGE_ERROR,
                                GST_RESOURCE_ERROR_OPEN_WRITE, reason);
    return FALSE;
}

static gboolean stop(GstBaseTransform *base)
{
    GstNncJson *const self = GST_NNC_JSON(base);

    flush_file(self);
    const int error = gst_nnc_line_file_close(&self->file);
    if (error)
        note_outcome(self, error, 0);
    return TRUE;
}

/* The streaming thread may wait for the reader of a pipe; nobody waits for that thread.
 */
static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition)
{
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        gst_nnc_line_file_interrupt(&GST_NNC_JSON(element)->file, TRUE);
    return GST_ELEMENT_CLASS(gst_nnc_json_parent_class)
        ->change_state(element, transition);
}

static void gst_nnc_json_init(GstNncJson *self)
{
    GstBaseTransform *const base = GST_BASE_TRANSFORM(self);

    pthread_mutex_init(&self->lock, NULL);
    atomic_store(&self->flush, TRUE);
    self->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gst_nnc_line_file_init(&self->file);
    gst_base_transform_set_passthrough(base, TRUE);
    gst_base_transform_set_gap_aware(base, TRUE);
    gst_base_transform_set_qos_enabled(base, FALSE);
}

static void finalize(GObject *object)
{
    GstNncJson *const self = GST_NNC_JSON(object);

    gst_nnc_line_file_finish(&self->file);
    g_hash_table_unref(self->seen);
    g_free(self->location);
    pthread_mutex_destroy(&self->lock);
    G_OBJECT_CLASS(gst_nnc_json_parent_class)->finalize(object);
}

static void gst_nnc_json_class_init(GstNncJsonClass *class)
{
    GstElementClass *const element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *const base = GST_BASE_TRANSFORM_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = finalize;
    gst_nnc_json_install_properties(G_OBJECT_CLASS(class));
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_nnc_json_install_pad(element);
    gst_element_class_set_static_metadata(element, "Predictions as JSON",
                                          "Filter/Analyzer/Video",
                                          "Writes predictions as lines of JSON", "nnc");
    element->change_state = change_state;
    base->start = start;
    base->stop = stop;
    base->set_caps = set_caps;
    base->sink_event = sink_event;
    base->transform_ip = transform_ip;
    base->transform_ip_on_passthrough = TRUE;
}
