/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_STREAM_H
#define NNC_CAMERA_STREAM_H

/* A running stream: buffers that the driver fills, lent out without a copy and queued
 * again when the last user lets go.
 *
 * A frame's memory stays mapped until its slot is released, even if the stream has been
 * stopped or the camera is gone by then.
 *
 * Threads: single, except nnc_camera_slot_release(), which
 * any thread may call at any time. */

#include "camera_modes.h"

#include <pthread.h>

#define NNC_CAMERA_MAX_SLOTS 32

struct nnc_camera_stream;

struct nnc_camera_piece {
    void *map;
    size_t length;
    int dmabuf; /* a descriptor that the slot owns; -1: not exported */
};

enum nnc_camera_slot_state {
    NNC_CAMERA_SLOT_STRANDED =
        0,                  /* it could not be queued: tried again with every frame */
    NNC_CAMERA_SLOT_QUEUED, /* the driver's */
    NNC_CAMERA_SLOT_LENT    /* somebody reads it */
};

struct nnc_camera_slot {
    struct nnc_camera_stream *stream;
    uint32_t index;
    enum nnc_camera_slot_state state; /* the stream's lock */
    unsigned n_pieces;
    struct nnc_camera_piece piece[NNC_CAMERA_MAX_PLANES];
};

struct nnc_camera_frame {
    struct nnc_camera_slot *slot;
    struct {
        size_t offset, used; /* within the piece: always inside it */
    } piece[NNC_CAMERA_MAX_PLANES];
    uint64_t time_ns; /* when it was taken, CLOCK_MONOTONIC; 0: the driver says nothing */
    uint32_t sequence;
    uint32_t field; /* V4L2_FIELD_...: which fields it has */
    bool corrupted; /* the driver says so, or there is less of it than a picture needs */
    bool is_short;  /* the latter */
};

struct nnc_camera_stream_options {
    unsigned n_buffers; /* the driver may give more or fewer */
    bool dmabuf;        /* export every buffer */
};

/* Puts the camera into `mode`, gets buffers, queues them and starts. The camera must not
 * be closed before nnc_camera_stream_stop(). Fails if the driver's buffers are smaller
 * than the pictures that it promises. */
enum nnc_camera_trouble nnc_camera_stream_start(
    const struct nnc_camera *camera, const struct nnc_camera_mode *mode,
    const struct nnc_camera_stream_options *options, struct nnc_camera_stream **stream,
    struct nnc_camera_error *error);

/* The next frame; AGAIN if there is none yet. Its slot is lent to the caller. */
enum nnc_camera_trouble nnc_camera_stream_take(struct nnc_camera_stream *stream,
                                               struct nnc_camera_frame *frame,
                                               struct nnc_camera_error *error);

/* Gives a slot back to the driver, or frees it if the stream has stopped. */
void nnc_camera_slot_release(struct nnc_camera_slot *slot);

/* How many buffers the driver has to fill, and how many there are. */
unsigned nnc_camera_stream_n_queued(struct nnc_camera_stream *stream);
unsigned nnc_camera_stream_n_slots(const struct nnc_camera_stream *stream);
/* How often a buffer could not be queued. */
unsigned nnc_camera_stream_n_stranded(struct nnc_camera_stream *stream);

const struct nnc_camera_layout *
nnc_camera_stream_layout(const struct nnc_camera_stream *stream);
bool nnc_camera_stream_has_dmabuf(const struct nnc_camera_stream *stream);

/* Stops and gives the buffers back but those that are lent; drops the caller's reference.
 * NULL is fine. */
void nnc_camera_stream_stop(struct nnc_camera_stream *stream);

#endif
