/* SPDX-License-Identifier: MIT */
#ifndef WATCH_STREAM_PARTS_H
#define WATCH_STREAM_PARTS_H

/* The state of a stream, shared by the files that make it up: watch_stream.c has its life
 * and its source, watch_stream_tasks.c what users set and read. */

#include "watch_gate.h"
#include "watch_source.h"
#include "watch_stream.h"

struct watch_stream {
    watch_ended_func ended;
    gpointer data;
    GThread *main;

    GstElement *pipeline, *classify, *json, *queue; /* the last three are borrowed */
    struct watch_gate gate;                         /* before the queue */
    struct watch_source source;
    GstElement *opened; /* of the source; borrowed; NULL while it is away */
    gboolean live;      /* of what is opened */
    gboolean ending, over;

    gint most_tries;           /* -1: no limit */
    guint n_tries, n_restarts; /* in a row without a frame; in all */
    guint stall_seconds;
    guint64 n_frames_before, n_frames_seen; /* when it was opened; at the last look */
    guint retry_id, stall_id, end_id;

    gchar **refusal; /* where a warning goes that a setter caused */
    gint64 warned_at;
    guint n_warned;
};

/* Keeps warnings for the setter that caused them. */
GstBusSyncReply watch_stream_on_posted(GstBus *bus, GstMessage *message, gpointer data);

#endif
