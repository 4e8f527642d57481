/* SPDX-License-Identifier: MIT */
#ifndef NNC_GUEST_FIXTURE_H
#define NNC_GUEST_FIXTURE_H

/* What the tests in a guest share: a pipeline with a camera at its head, what came out of
 * it, and a second hand on the device, which does what users, cables and faults do. */

#include <gst/check/gstcheck.h>
#include <gst/video/video.h>

/* --- the device --- */

#define VIVID "/dev/video0"

/* Sets a control of the camera at `path`, by v4l2-ctl's name; the test fails if it
 * cannot. */
void set_device_control(const char *path, const char *key, const char *value);
/* The input of vivid: 0 webcam, 3 HDMI. */
void set_input(const char *path, int input);
/* Takes the driver from its device and gives it back, as unplugging and plugging in do.
 */
void unplug_vivid(void);
void replug_vivid(void);

/* A camera of v4l2loopback: a thread writes `n` frames of `size` bytes into it, over and
 * over, 25 a second, until feeder_stop(). */
#define LOOPBACK "/dev/video10"
struct feeder;
struct feeder *feeder_start(guint32 fourcc, guint width, guint height,
                            const guint8 *frames, gsize size, guint n);
void feeder_stop(struct feeder *feeder);

/* --- the pipeline --- */

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
    GMutex lock;
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

/* --- the process --- */

struct usage {
    guint descriptors, maps;
    glong resident_kib;
};

struct usage read_usage(void);

#endif
