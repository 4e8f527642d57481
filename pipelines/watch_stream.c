/* SPDX-License-Identifier: MIT */

#include "watch_stream_parts.h"

#define FIRST_PAUSE_MS 250u
#define LAST_PAUSE_MS 8000u
#define USUAL_STALL_SECONDS 20
#define MOST_END_MS 3000 /* from the end being called for until it is not waited for */
#define MOST_WARNINGS_PER_SECOND 10

static void lose(struct watch_stream *stream, const gchar *reason, gboolean has_ended);

/* --- the end --- */

static void finish(struct watch_stream *stream, enum watch_exit result)
{
    if (stream->over)
        return;
    stream->over = TRUE;
    stream->ended(result, stream->data);
}

static gboolean on_end_too_late(gpointer data)
{
    struct watch_stream *const stream = data;

    stream->end_id = 0;
    finish(stream, WATCH_DONE);
    return G_SOURCE_REMOVE;
}

void watch_stream_end(struct watch_stream *stream)
{
    if (stream->ending || !stream->opened) {
        finish(stream, WATCH_DONE);
        return;
    }
    stream->ending = TRUE;
    stream->end_id = g_timeout_add(MOST_END_MS, on_end_too_late, stream);
    gst_element_send_event(stream->opened, gst_event_new_eos());
}

/* --- the source: opened, lost, opened again --- */

static void stop_timer(guint *id)
{
    if (*id)
        g_source_remove(*id);
    *id = 0;
}

/* The rest plays on: its model stays loaded, and it judges tasks. Without an end a thread
 * of the source may wait for room in the queue: flushing frees it, and costs the frames
 * that are there. */
static void close_source(struct watch_stream *stream, gboolean has_ended)
{
    stop_timer(&stream->stall_id);
    if (!has_ended)
        gst_pad_send_event(stream->gate.pad, gst_event_new_flush_start());
    gst_element_set_state(stream->opened, GST_STATE_NULL);
    gst_bin_remove(GST_BIN(stream->pipeline), stream->opened);
    stream->opened = NULL;
    if (!has_ended)
        gst_pad_send_event(stream->gate.pad, gst_event_new_flush_stop(FALSE));
    watch_source_close(&stream->source);
    /* What it said before does not count against the next try. */
    gst_bus_set_flushing(GST_ELEMENT_BUS(stream->pipeline), TRUE);
    gst_bus_set_flushing(GST_ELEMENT_BUS(stream->pipeline), FALSE);
}

static gboolean on_look(gpointer data)
{
    struct watch_stream *const stream = data;
    const guint64 n_frames = atomic_load(&stream->gate.n_frames);

    if (n_frames != stream->n_frames_seen) {
        stream->n_frames_seen = n_frames;
        return G_SOURCE_CONTINUE;
    }
    stream->stall_id = 0;
    lose(stream, "no frame came for too long", FALSE);
    return G_SOURCE_REMOVE;
}

/* Nobody watches a pipe, which has a writer when it likes, and a camera, which nnccamsrc
 * watches. */
static void watch_for_stalls(struct watch_stream *stream)
{
    const enum watch_source_kind kind = stream->source.kind;

    if (stream->live && (kind == WATCH_NETWORK || kind == WATCH_LAUNCH))
        stream->stall_id = g_timeout_add_seconds(stream->stall_seconds, on_look, stream);
}

/* Frames of a live source that nobody has time for are left out; the newest is kept. */
static void play(struct watch_stream *stream)
{
    const GstStateChangeReturn result =
        gst_element_set_state(stream->opened, GST_STATE_PAUSED);

    stream->live = result == GST_STATE_CHANGE_NO_PREROLL;
    gst_util_set_object_arg(G_OBJECT(stream->queue), "leaky",
                            stream->live ? "downstream" : "no");
    watch_for_stalls(stream);
    if (result != GST_STATE_CHANGE_FAILURE)
        gst_element_set_state(stream->opened, GST_STATE_PLAYING);
    else if (!gst_bus_have_pending(GST_ELEMENT_BUS(stream->pipeline)))
        lose(stream, "it does not start, and does not say why", FALSE);
}

void watch_stream_start(struct watch_stream *stream)
{
    g_autoptr(GError) error = NULL;

    stream->n_frames_before = stream->n_frames_seen = atomic_load(&stream->gate.n_frames);
    stream->gate.next_time = GST_CLOCK_TIME_NONE;
    stream->opened = watch_source_open(&stream->source, &error);
    if (!stream->opened) {
        g_printerr("nnc-watch: %s\n", error->message);
        finish(stream, WATCH_WRONG);
        return;
    }
    gst_bin_add(GST_BIN(stream->pipeline), stream->opened);
    if (gst_element_link(stream->opened, stream->queue)) {
        play(stream);
        return;
    }
    g_printerr("nnc-watch: '%s' gives no raw video; end it with a decoder\n",
               stream->source.text);
    finish(stream, WATCH_WRONG);
}

static gboolean on_retry(gpointer data)
{
    struct watch_stream *const stream = data;

    stream->retry_id = 0;
    stream->n_restarts++;
    watch_stream_start(stream);
    return G_SOURCE_REMOVE;
}

static void lose(struct watch_stream *stream, const gchar *reason, gboolean has_ended)
{
    if (stream->ending) {
        finish(stream, WATCH_DONE);
        return;
    }
    if (atomic_load(&stream->gate.n_frames) != stream->n_frames_before)
        stream->n_tries = 0;
    close_source(stream, has_ended);
    if (stream->most_tries >= 0 && stream->n_tries >= (guint)stream->most_tries) {
        g_printerr("nnc-watch: the source is lost: %s\n", reason);
        finish(stream, WATCH_LOST);
        return;
    }
    const guint pause = MIN(FIRST_PAUSE_MS << MIN(stream->n_tries, 8u), LAST_PAUSE_MS);
    stream->n_tries++;
    g_printerr("nnc-watch: the source is lost: %s; trying again in %.2f s\n", reason,
               pause / 1000.0);
    stream->retry_id = g_timeout_add(pause, on_retry, stream);
}

/* --- messages --- */

static gboolean is_of_source(struct watch_stream *stream, GstMessage *message)
{
    GstObject *const sender = GST_MESSAGE_SRC(message);

    return stream->opened && sender &&
           (sender == GST_OBJECT(stream->opened) ||
            gst_object_has_as_ancestor(sender, GST_OBJECT(stream->opened)));
}

static void take_error(struct watch_stream *stream, GstMessage *message)
{
    g_autoptr(GError) error = NULL;

    gst_message_parse_error(message, &error, NULL);
    if (is_of_source(stream, message)) {
        lose(stream, error->message, FALSE);
        return;
    }
    g_printerr("nnc-watch: %s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
    finish(stream, WATCH_WRONG);
}

static void take_end(struct watch_stream *stream)
{
    if (!stream->ending && watch_source_returns(&stream->source, stream->live))
        lose(stream, "it has ended", TRUE);
    else
        watch_gate_let_end_pass(&stream->gate);
}

/* A decoder may have something to say of each frame. */
static void warn(struct watch_stream *stream, const gchar *who, const gchar *text)
{
    const gint64 now = g_get_monotonic_time();

    if (now - stream->warned_at > G_USEC_PER_SEC) {
        stream->warned_at = now;
        stream->n_warned = 0;
    }
    if (stream->n_warned++ < MOST_WARNINGS_PER_SECOND)
        g_printerr("nnc-watch: %s: %s\n", who, text);
}

static void take_warning(struct watch_stream *stream, GstMessage *message)
{
    g_autoptr(GError) error = NULL;

    gst_message_parse_warning(message, &error, NULL);
    warn(stream, GST_MESSAGE_SRC_NAME(message), error->message);
}

/* What nnccamsrc says of its camera, and our own probe of the source's end. */
static void take_news(struct watch_stream *stream, GstMessage *message)
{
    const GstStructure *const news = gst_message_get_structure(message);
    const gchar *const text = gst_structure_get_string(news, "text");

    if (gst_structure_has_name(news, WATCH_GATE_END))
        take_end(stream);
    else if (text && gst_structure_has_name(news, "nnc/camera"))
        warn(stream, "camera", text);
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct watch_stream *const stream = data;

    if (stream->over)
        return G_SOURCE_CONTINUE;
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
        take_error(stream, message);
        break;
    case GST_MESSAGE_WARNING:
        take_warning(stream, message);
        break;
    case GST_MESSAGE_EOS:
        finish(stream, WATCH_DONE);
        break;
    case GST_MESSAGE_ELEMENT:
        take_news(stream, message);
        break;
    case GST_MESSAGE_LATENCY:
        gst_bin_recalculate_latency(GST_BIN(stream->pipeline));
        break;
    default:
        break;
    }
    return G_SOURCE_CONTINUE;
}

/* --- life --- */

static GstElement *find(struct watch_stream *stream, const gchar *name)
{
    GstElement *const element = gst_bin_get_by_name(GST_BIN(stream->pipeline), name);

    gst_object_unref(element); /* the pipeline keeps it */
    return element;
}

/* From here on the rest plays, whatever the source does. */
static gboolean start_rest(struct watch_stream *stream, GError **error)
{
    if (gst_element_set_state(stream->pipeline, GST_STATE_PLAYING) !=
        GST_STATE_CHANGE_FAILURE)
        return TRUE;
    g_autoptr(GstMessage) message =
        gst_bus_pop_filtered(GST_ELEMENT_BUS(stream->pipeline), GST_MESSAGE_ERROR);
    if (!message)
        return watch_options_fail(error, "the pipeline does not start");
    gst_message_parse_error(message, error, NULL);
    return FALSE;
}

static gboolean build(struct watch_stream *stream, const struct watch_options *options,
                      GError **error)
{
    stream->pipeline = gst_parse_launch_full(
        "queue name=queue max-size-buffers=2 max-size-bytes=0 max-size-time=0 ! "
        "nncclassify name=classify ! nncjson name=json append=true wall-clock=true ! "
        "fakesink name=sink async=false", /* there may be no frame for long */
        NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
    if (!stream->pipeline)
        return FALSE;
    stream->queue = find(stream, "queue");
    stream->classify = find(stream, "classify");
    stream->json = find(stream, "json");
    g_object_set(find(stream, "sink"), "sync", options->sync, NULL);

    watch_gate_init(&stream->gate, stream->queue, options->fps);
    g_autoptr(GstBus) bus = gst_element_get_bus(stream->pipeline);
    gst_bus_set_sync_handler(bus, watch_stream_on_posted, stream, NULL);
    gst_bus_add_watch(bus, on_message, stream);
    gst_element_set_state(stream->pipeline, GST_STATE_READY); /* now the bus listens */
    return watch_stream_apply(stream, options, error) && start_rest(stream, error);
}

static gint tries_of(const struct watch_stream *stream, const gchar *retry)
{
    if (!retry)
        return watch_source_usual_retry(&stream->source);
    if (g_str_equal(retry, "ever"))
        return -1;
    return (gint)MIN(g_ascii_strtoull(retry, NULL, 10), G_MAXINT);
}

struct watch_stream *watch_stream_new(const struct watch_options *options,
                                      watch_ended_func ended, gpointer data,
                                      GError **error)
{
    struct watch_stream *const stream = g_new0(struct watch_stream, 1);

    stream->ended = ended;
    stream->data = data;
    stream->main = g_thread_self();
    watch_source_understand(&stream->source, options->source);
    stream->most_tries = tries_of(stream, options->retry);
    stream->stall_seconds = options->stall ? (guint)options->stall : USUAL_STALL_SECONDS;
    if (build(stream, options, error))
        return stream;
    watch_stream_free(stream);
    return NULL;
}

void watch_stream_free(struct watch_stream *stream)
{
    if (!stream)
        return;
    stop_timer(&stream->retry_id);
    stop_timer(&stream->end_id);
    stop_timer(&stream->stall_id);
    stream->over = TRUE;
    if (stream->pipeline) {
        g_autoptr(GstBus) bus = gst_element_get_bus(stream->pipeline);
        gst_bus_set_sync_handler(bus, NULL, NULL, NULL);
        gst_bus_remove_watch(bus);
        gst_element_set_state(stream->pipeline, GST_STATE_NULL);
        watch_gate_finish(&stream->gate);
        gst_object_unref(stream->pipeline);
    }
    watch_source_clear(&stream->source);
    g_free(stream);
}
