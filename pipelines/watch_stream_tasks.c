/* SPDX-License-Identifier: MIT */

/* What users set and read while the stream plays. */

#include "watch_stream_parts.h"

#include "watch_settings.h"

/* Setters post their warnings before they return, in the thread that called them. */
GstBusSyncReply watch_stream_on_posted(GstBus *bus, GstMessage *message, gpointer data)
{
    struct watch_stream *const stream = data;
    g_autoptr(GError) error = NULL;

    if (g_thread_self() != stream->main || !stream->refusal ||
        GST_MESSAGE_TYPE(message) != GST_MESSAGE_WARNING)
        return GST_BUS_PASS;
    gst_message_parse_warning(message, &error, NULL);
    g_free(*stream->refusal);
    *stream->refusal = g_strdup(error->message);
    gst_message_unref(message);
    return GST_BUS_DROP;
}

static guint64 count_of(GstElement *element, const gchar *name)
{
    GstStructure *stats = NULL;
    guint64 count = 0;

    g_object_get(element, "stats", &stats, NULL);
    gst_structure_get_uint64(stats, name, &count);
    gst_structure_free(stats);
    return count;
}

/* An element that is asked too often refuses without a word. */
static gboolean judge(struct watch_stream *stream, guint64 n_refused, gchar **reason)
{
    stream->refusal = NULL;
    if (!*reason && count_of(stream->classify, "tasks-refused") != n_refused)
        *reason = g_strdup("refused, as were many others in this second");
    return !*reason;
}

gboolean watch_stream_set_task(struct watch_stream *stream, GstStructure *task,
                               guint64 *id, gchar **reason)
{
    const guint64 n_refused = count_of(stream->classify, "tasks-refused");

    *reason = NULL;
    stream->refusal = reason;
    g_signal_emit_by_name(stream->classify, "set-task", task, id);
    gst_structure_free(task);
    return judge(stream, n_refused, reason);
}

gboolean watch_stream_set_preset(struct watch_stream *stream, const gchar *name,
                                 guint64 *id, gchar **reason)
{
    const guint64 n_refused = count_of(stream->classify, "tasks-refused");

    *reason = NULL;
    stream->refusal = reason;
    g_object_set(stream->classify, "preset", name, NULL);
    *id = count_of(stream->classify, "last-task-id");
    return judge(stream, n_refused, reason);
}

gboolean watch_stream_apply(struct watch_stream *stream,
                            const struct watch_options *options, GError **error)
{
    g_autofree gchar *reason = NULL;

    stream->refusal = &reason;
    const gboolean set =
        watch_settings_apply(options, stream->classify, stream->json, error);
    stream->refusal = NULL;
    return set && (!reason || watch_options_fail(error, "%s", reason));
}

gchar *watch_stream_stats(struct watch_stream *stream)
{
    GstStructure *classify = NULL, *json = NULL;

    g_object_get(stream->classify, "stats", &classify, NULL);
    g_object_get(stream->json, "stats", &json, NULL);
    GstStructure *const all = gst_structure_new(
        "watch", "source", G_TYPE_STRING, stream->source.text, "playing", G_TYPE_BOOLEAN,
        stream->opened != NULL, "frames", G_TYPE_UINT64,
        atomic_load(&stream->gate.n_frames), "restarts", G_TYPE_UINT, stream->n_restarts,
        "classify", GST_TYPE_STRUCTURE, classify, "json", GST_TYPE_STRUCTURE, json, NULL);
    gchar *const text = watch_settings_to_json(all);

    gst_structure_free(all);
    gst_structure_free(classify);
    gst_structure_free(json);
    return text;
}
