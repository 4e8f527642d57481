/* SPDX-License-Identifier: MIT */

#include "player.h"

#include <gst/allocators/gstdmabuf.h>

#define PATIENCE_MS 30000

/* --- what reaches the sink --- */

static void count_offset(struct seen *seen, GstBuffer *buffer)
{
    const guint64 offset = GST_BUFFER_OFFSET(buffer);
    const gboolean discont = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);

    if (!seen->n)
        seen->first_offset = offset;
    else if (offset > seen->last_offset + 1) {
        seen->n_missing += offset - seen->last_offset - 1;
        seen->n_missing_unmarked += !discont;
    }
    seen->last_offset = offset;
    seen->n_discont += discont;
}

static void count_buffer(struct seen *seen, GstBuffer *buffer)
{
    const GstClockTime pts = GST_BUFFER_PTS(buffer);

    count_offset(seen, buffer);
    if (!seen->n)
        seen->first_pts = pts;
    else
        seen->time_went_back |= pts <= seen->last_pts;
    seen->last_pts = pts;
    seen->last_size = gst_buffer_get_size(buffer);
    seen->n_corrupted += GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
    seen->n_gap += GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP);
    seen->n_interlaced +=
        GST_BUFFER_FLAG_IS_SET(buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED);
    seen->n_exported += gst_is_dmabuf_memory(gst_buffer_peek_memory(buffer, 0));
    seen->n++;
}

static void take_buffer(struct player *player, GstBuffer *buffer)
{
    count_buffer(&player->seen, buffer);
    if (player->keep_copies) {
        gst_clear_buffer(&player->last);
        player->last = gst_buffer_copy_deep(buffer);
    }
    if (player->n_to_hold)
        g_queue_push_tail(&player->held, gst_buffer_ref(buffer));
    while (player->held.length > player->n_to_hold)
        gst_buffer_unref(g_queue_pop_head(&player->held));
}

static void take_caps(struct player *player, GstEvent *event)
{
    GstCaps *caps;

    gst_event_parse_caps(event, &caps);
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "width", &player->seen.width);
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "height",
                          &player->seen.height);
}

static GstPadProbeReturn look(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct player *const player = data;

    pthread_mutex_lock(&player->lock);
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER)
        take_buffer(player, GST_PAD_PROBE_INFO_BUFFER(info));
    else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CAPS)
        take_caps(player, GST_PAD_PROBE_INFO_EVENT(info));
    pthread_mutex_unlock(&player->lock);
    return GST_PAD_PROBE_OK;
}

/* --- the pipeline --- */

void player_prepare(struct player *player, const char *launch)
{
    g_autoptr(GError) error = NULL;

    memset(player, 0, sizeof *player);
    pthread_mutex_init(&player->lock, NULL);
    player->pipeline = gst_parse_launch(launch, &error);
    g_assert_no_error(error);
    player->source = gst_bin_get_by_name(GST_BIN(player->pipeline), "source");
    player->sink = gst_bin_get_by_name(GST_BIN(player->pipeline), "sink");
    player->bus = gst_element_get_bus(player->pipeline);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(player->sink, "sink");
    gst_pad_add_probe(pad,
                      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                      look, player, NULL);
}

void player_open(struct player *player, const char *launch)
{
    player_prepare(player, launch);
    gst_element_set_state(player->pipeline, GST_STATE_PLAYING);
}

void player_close(struct player *player)
{
    gst_element_set_state(player->pipeline, GST_STATE_NULL);
    g_queue_clear_full(&player->held, (GDestroyNotify)gst_buffer_unref);
    gst_clear_buffer(&player->last);
    gst_object_unref(player->bus);
    gst_object_unref(player->source);
    gst_object_unref(player->sink);
    gst_object_unref(player->pipeline);
    pthread_mutex_destroy(&player->lock);
}

void player_let_go(struct player *player)
{
    pthread_mutex_lock(&player->lock);
    GQueue held = player->held;
    g_queue_init(&player->held);
    pthread_mutex_unlock(&player->lock);
    g_queue_clear_full(&held, (GDestroyNotify)gst_buffer_unref);
}

struct seen player_seen(struct player *player)
{
    pthread_mutex_lock(&player->lock);
    const struct seen seen = player->seen;
    pthread_mutex_unlock(&player->lock);
    return seen;
}

gboolean player_try_wait(struct player *player, guint n, guint ms)
{
    const guint until = player_seen(player).n + n;

    for (guint waited = 0; player_seen(player).n < until; waited += 10) {
        if (waited >= ms)
            return FALSE;
        g_usleep(10 * 1000);
    }
    return TRUE;
}

void player_wait(struct player *player, guint n)
{
    fail_unless(player_try_wait(player, n, PATIENCE_MS), "%u buffers came, of %u more",
                player_seen(player).n, n);
}

guint64 player_stat(struct player *player, const char *name)
{
    g_autoptr(GstStructure) stats = NULL;
    guint64 value = 0;

    g_object_get(player->source, "stats", &stats, NULL);
    fail_unless(gst_structure_get_uint64(stats, name, &value), "no '%s' in stats", name);
    return value;
}

static void check_no_error(GstMessage *message)
{
    g_autoptr(GError) error = NULL;

    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
        return;
    gst_message_parse_error(message, &error, NULL);
    fail("%s", error->message);
}

GstStructure *player_wait_event(struct player *player, const char *event)
{
    GstMessage *message;

    while (
        (message = gst_bus_timed_pop_filtered(player->bus, PATIENCE_MS * GST_MSECOND,
                                              GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR))) {
        const GstStructure *const s = gst_message_get_structure(message);
        const char *const found = gst_structure_get_string(s, "event");
        GstStructure *const copy =
            found && g_str_equal(found, event) ? gst_structure_copy(s) : NULL;
        check_no_error(message);
        gst_message_unref(message);
        if (copy)
            return copy;
    }
    fail("no event '%s'", event);
    return NULL;
}

char *player_wait_text(struct player *player, GstMessageType type)
{
    GstMessage *const message =
        gst_bus_timed_pop_filtered(player->bus, PATIENCE_MS * GST_MSECOND, type);
    g_autoptr(GError) error = NULL;

    fail_unless(message, "no %s", gst_message_type_get_name(type));
    if (type == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, NULL);
    else
        gst_message_parse_warning(message, &error, NULL);
    gst_message_unref(message);
    return g_strdup(error->message);
}

void player_drop_messages(struct player *player)
{
    GstMessage *message;

    while ((message = gst_bus_pop(player->bus)))
        gst_message_unref(message);
}

GstBuffer *player_copy_frame(struct player *player)
{
    pthread_mutex_lock(&player->lock);
    player->keep_copies = TRUE;
    pthread_mutex_unlock(&player->lock);
    player_wait(player, 1);
    pthread_mutex_lock(&player->lock);
    player->keep_copies = FALSE;
    GstBuffer *const copy = g_steal_pointer(&player->last);
    pthread_mutex_unlock(&player->lock);
    return copy;
}

char *failure_of(const char *launch)
{
    struct player player;

    player_open(&player, launch);
    char *const text = player_wait_text(&player, GST_MESSAGE_ERROR);
    player_close(&player);
    return text;
}
