/* SPDX-License-Identifier: MIT */
#ifndef WATCH_SOURCE_H
#define WATCH_SOURCE_H

/* Where frames come from: what the user says, understood once, opened as often as it is
 * lost. Threads: the main one. */

#include <gst/gst.h>

enum watch_source_kind {
    WATCH_CAMERA, /* nnccamsrc, which survives the camera's unplugging by itself */
    WATCH_FILM,   /* a file; its end is the end */
    WATCH_PIPE,   /* a FIFO: when one writer has gone, the next may come */
    WATCH_NETWORK,
    WATCH_LAUNCH /* what gst-launch-1.0 would play */
};

struct watch_source {
    enum watch_source_kind kind;
    gchar *text; /* path, name, address or launch line */
    int fd;      /* of a FIFO that is open, else -1 */
};

void watch_source_understand(struct watch_source *source, const gchar *text);
void watch_source_clear(struct watch_source *source);

/* A bin with one pad, of raw video; floating. NULL: `*error` says why. */
GstElement *watch_source_open(struct watch_source *source, GError **error);

/* When the bin of the last call is gone. */
void watch_source_close(struct watch_source *source);

/* Whether the source's end is a loss rather than an end. Launch lines are judged by
 * `live`: what the pipeline said when it paused. */
gboolean watch_source_returns(const struct watch_source *source, gboolean live);

/* How often in a row to try again if the user does not say: -1 is for ever. */
gint watch_source_usual_retry(const struct watch_source *source);

#endif
