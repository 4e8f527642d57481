/* SPDX-License-Identifier: MIT */
#ifndef NNC_TEST_PLAYER_H
#define NNC_TEST_PLAYER_H

/* A pipeline with a camera at its head, and what came out of it. */

#include <gst/check/gstcheck.h>
#include <gst/video/video.h>
#include <pthread.h>

struct seen { /* of the buffers that reached the sink */
    guint n, n_discont, n_corrupted, n_gap, n_exported, n_interlaced;
    guint64 first_offset, last_offset, n_missing; /* offsets that were left out */
    guint n_missing_unmarked; /* gaps before a buffer without DISCONT */
    GstClockTime first_pts, last_pts;
    gboolean time_went_back;
    gsize last_size;
    gint width, height;
};

struct player {
    GstElement *pipeline, *source, *sink;
    GstBus *bus;
    pthread_mutex_t lock;
    struct seen seen;     /* lock */
    GstBuffer *last;      /* lock: a deep copy of the last buffer */
    gboolean keep_copies; /* lock */
    GQueue held;          /* lock: references that the test keeps */
    guint n_to_hold;      /* lock */
};

/* Builds and plays `launch`, which names its elements "source" and "sink". */
void player_open(struct player *player, const char *launch);
/* The same, without playing. */
void player_prepare(struct player *player, const char *launch);
void player_close(struct player *player);

/* Gives up the references that are kept, on the caller's thread. */
void player_let_go(struct player *player);

struct seen player_seen(struct player *player);
/* Waits until `n` more buffers have come; the test fails after half a minute. */
void player_wait(struct player *player, guint n);
/* The same; FALSE if they do not come within `ms`. */
gboolean player_try_wait(struct player *player, guint n, guint ms);
guint64 player_stat(struct player *player, const char *name);

/* Waits for the element message "nnc/camera" with this event, leaving out others.
 * (transfer full) */
GstStructure *player_wait_event(struct player *player, const char *event);
/* Waits for a warning or error, and answers its text. (transfer full) */
char *player_wait_text(struct player *player, GstMessageType type);
void player_drop_messages(struct player *player);

/* A deep copy of the next buffer. (transfer full) */
GstBuffer *player_copy_frame(struct player *player);

/* Plays a pipeline that must fail at the start, and answers its first error. (transfer
 * full) */
char *failure_of(const char *launch);

#endif
