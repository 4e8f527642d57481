/* SPDX-License-Identifier: MIT */
#ifndef WATCH_STREAM_H
#define WATCH_STREAM_H

/* The pipeline of nnc-watch:
 *
 *     source ! queue ! nncclassify ! nncjson ! fakesink
 *
 * A source that is lost is opened again, with growing pauses; the rest plays on, and
 * keeps its settings and its task. Threads: the main one, which is never made to wait for
 * a frame. */

#include "watch_options.h"

#include <gst/gst.h>

struct watch_stream;

/* How the stream ended; called once, from the main loop. */
typedef void (*watch_ended_func)(enum watch_exit result, gpointer data);

/* NULL: `*error` says which setting cannot work. */
struct watch_stream *watch_stream_new(const struct watch_options *options,
                                      watch_ended_func ended, gpointer data,
                                      GError **error);
void watch_stream_free(struct watch_stream *stream); /* NULL is fine */

/* Plays until the source ends, or the end is called for. */
void watch_stream_start(struct watch_stream *stream);

/* Lets the frames that are under way come to their end. */
void watch_stream_end(struct watch_stream *stream);

/* FALSE: `*reason` says why the task was refused; to be freed. `*id` is the number that
 * its predictions will carry. `task` is taken over. */
gboolean watch_stream_set_task(struct watch_stream *stream, GstStructure *task,
                               guint64 *id, gchar **reason);
gboolean watch_stream_set_preset(struct watch_stream *stream, const gchar *name,
                                 guint64 *id, gchar **reason);

/* What may change while it plays: model, task, settings, predictions; and opens the file
 * of lines anew. FALSE: something of it was refused; the rest holds. */
gboolean watch_stream_apply(struct watch_stream *stream,
                            const struct watch_options *options, GError **error);

/* What the element counted, and the program: one line of JSON, to be freed. */
gchar *watch_stream_stats(struct watch_stream *stream);

#endif
