/* SPDX-License-Identifier: MIT */

/* One lock guards who has which slot and whether the driver may still be called; it is
 * held for the call that queues a buffer, which does not wait, and for nothing longer.
 *
 * Buffers outlive the stream: what is lent when it stops is copied into its own place, so
 * that a sink that keeps its last frame keeps no camera busy, and no number taken after
 * it was unplugged. */

#include "camera_buffers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct nnc_camera_stream {
    pthread_mutex_t lock;
    unsigned n_references; /* lock: the owner's, and one for each slot that is lent */
    bool running;          /* lock: the descriptor is open and the buffers are ours */
    unsigned n_queued;     /* lock */
    unsigned n_stranded;   /* lock: a count of events */

    const struct nnc_v4l2_ops *ops;
    struct nnc_camera camera; /* a copy; its descriptor is the owner's */
    struct nnc_camera_layout layout;
    bool dmabuf;
    unsigned n_slots;
    struct nnc_camera_slot slots[NNC_CAMERA_MAX_SLOTS];
};

static void destroy(struct nnc_camera_stream *stream)
{
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

/* The caller holds the lock, and must destroy() if this was the last reference. */
static bool drop_reference(struct nnc_camera_stream *stream)
{
    return !--stream->n_references;
}

/* --- queueing; the caller holds the lock --- */

static bool queue_slot(struct nnc_camera_slot *slot)
{
    struct nnc_camera_stream *const stream = slot->stream;
    struct nnc_camera_request request;

    nnc_camera_request_init(&request, stream->camera.type, slot->index);
    if (nnc_camera_is_multiplanar(&stream->camera))
        request.buffer.length = slot->n_pieces;
    if (nnc_camera_ioctl(&stream->camera, VIDIOC_QBUF, &request.buffer)) {
        slot->state = NNC_CAMERA_SLOT_STRANDED;
        return false;
    }
    slot->state = NNC_CAMERA_SLOT_QUEUED;
    stream->n_queued++;
    return true;
}

static void queue_stranded(struct nnc_camera_stream *stream)
{
    for (unsigned i = 0; i < stream->n_slots; i++)
        if (stream->slots[i].state == NNC_CAMERA_SLOT_STRANDED)
            queue_slot(&stream->slots[i]);
}

void nnc_camera_slot_release(struct nnc_camera_slot *slot)
{
    struct nnc_camera_stream *const stream = slot->stream;

    pthread_mutex_lock(&stream->lock);
    if (!stream->running) {
        nnc_camera_slot_unmap(stream->ops, slot);
        slot->state = NNC_CAMERA_SLOT_STRANDED;
    } else if (!queue_slot(slot)) {
        stream->n_stranded++;
    }
    const bool last = drop_reference(stream);
    pthread_mutex_unlock(&stream->lock);
    if (last)
        destroy(stream);
}

/* --- starting --- */

static void release_buffers(struct nnc_camera_stream *stream)
{
    struct v4l2_requestbuffers request = {.type = stream->camera.type,
                                          .memory = V4L2_MEMORY_MMAP};

    for (unsigned i = 0; i < stream->n_slots; i++) {
        if (stream->slots[i].state == NNC_CAMERA_SLOT_LENT)
            nnc_camera_slot_detach(stream->ops, &stream->slots[i]);
        else
            nnc_camera_slot_unmap(stream->ops, &stream->slots[i]);
    }
    nnc_camera_ioctl(&stream->camera, VIDIOC_REQBUFS, &request);
}

static enum nnc_camera_trouble check_size(const struct nnc_camera_stream *stream,
                                          const struct nnc_camera_mode *mode,
                                          const struct nnc_camera_slot *slot,
                                          struct nnc_camera_error *error)
{
    char text[64];

    for (unsigned i = 0; i < mode->format->n_buffers; i++) {
        const size_t has = i < slot->n_pieces ? slot->piece[i].length : 0;
        if (has < stream->layout.size[i])
            return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                                   "%s (%s) gives buffers of %zu bytes for %s, which "
                                   "takes %zu: an error of its driver",
                                   stream->camera.path, stream->camera.identity.card, has,
                                   nnc_camera_mode_print(mode, text, sizeof text),
                                   stream->layout.size[i]);
    }
    return NNC_CAMERA_OK;
}

static enum nnc_camera_trouble request_buffers(struct nnc_camera_stream *stream,
                                               unsigned n, unsigned *n_given,
                                               struct nnc_camera_error *error)
{
    struct v4l2_requestbuffers request = {
        .type = stream->camera.type, .memory = V4L2_MEMORY_MMAP, .count = n};

    if (nnc_camera_ioctl(&stream->camera, VIDIOC_REQBUFS, &request))
        return nnc_camera_fail_call(error, stream->camera.path, "asking for buffers",
                                    errno);
    *n_given =
        request.count < NNC_CAMERA_MAX_SLOTS ? request.count : NNC_CAMERA_MAX_SLOTS;
    if (*n_given >= 2)
        return NNC_CAMERA_OK;
    return nnc_camera_fail(error, NNC_CAMERA_LOST,
                           "%s (%s) gives %u buffers; expected 2 or more",
                           stream->camera.path, stream->camera.identity.card, *n_given);
}

static enum nnc_camera_trouble prepare(struct nnc_camera_stream *stream,
                                       const struct nnc_camera_mode *mode,
                                       const struct nnc_camera_stream_options *options,
                                       struct nnc_camera_error *error)
{
    unsigned n = 0;
    enum nnc_camera_trouble trouble =
        request_buffers(stream, options->n_buffers, &n, error);

    if (trouble)
        return trouble;
    stream->dmabuf = options->dmabuf;
    for (unsigned i = 0; i < n; i++) {
        struct nnc_camera_slot *const slot = &stream->slots[i];
        slot->stream = stream;
        slot->index = i;
        stream->n_slots++;
        trouble = nnc_camera_slot_map(&stream->camera, slot, options->dmabuf, error);
        if (!trouble)
            trouble = check_size(stream, mode, slot, error);
        if (trouble)
            return trouble;
        for (unsigned p = 0; p < slot->n_pieces; p++)
            stream->dmabuf = stream->dmabuf && slot->piece[p].dmabuf >= 0;
        if (!queue_slot(slot))
            return nnc_camera_fail_call(error, stream->camera.path, "queueing a buffer",
                                        errno);
    }
    return NNC_CAMERA_OK;
}

enum nnc_camera_trouble nnc_camera_stream_start(
    const struct nnc_camera *camera, const struct nnc_camera_mode *mode,
    const struct nnc_camera_stream_options *options, struct nnc_camera_stream **started,
    struct nnc_camera_error *error)
{
    struct nnc_camera_stream *const stream = calloc(1, sizeof *stream);
    struct nnc_camera_setting setting;
    int type = (int)camera->type;

    if (!stream)
        return nnc_camera_fail(error, NNC_CAMERA_LOST, "no memory for a stream");
    pthread_mutex_init(&stream->lock, NULL);
    stream->n_references = 1;
    stream->ops = camera->ops;
    stream->camera = *camera;
    stream->running = true;
    enum nnc_camera_trouble trouble = nnc_camera_mode_set(camera, mode, &setting, error);
    if (trouble)
        goto unset;
    nnc_camera_layout_compute(mode->format, mode->width, mode->height, setting.line,
                              &stream->layout);
    trouble = prepare(stream, mode, options, error);
    if (!trouble && nnc_camera_ioctl(camera, VIDIOC_STREAMON, &type))
        trouble = nnc_camera_fail_call(error, camera->path, "starting the stream", errno);
    if (trouble)
        goto fail;
    *started = stream;
    return NNC_CAMERA_OK;
fail:
    release_buffers(stream);
unset:
    destroy(stream);
    return trouble;
}

void nnc_camera_stream_stop(struct nnc_camera_stream *stream)
{
    if (!stream)
        return;
    int type = (int)stream->camera.type;

    pthread_mutex_lock(&stream->lock);
    nnc_camera_ioctl(&stream->camera, VIDIOC_STREAMOFF, &type);
    release_buffers(stream);
    stream->running = false;
    const bool last = drop_reference(stream);
    pthread_mutex_unlock(&stream->lock);
    if (last)
        destroy(stream);
}

/* --- frames --- */

/* What the driver says of a piece, brought inside it. */
static void read_piece(struct nnc_camera_frame *frame, unsigned i, size_t offset,
                       size_t used)
{
    const size_t length = frame->slot->piece[i].length;

    if (offset >= length || used > length || used < offset) {
        frame->corrupted = true;
        offset = offset < length ? offset : 0;
        used = used < length ? (used > offset ? used : offset) : length;
    }
    frame->piece[i].offset = offset;
    frame->piece[i].used = used - offset;
}

/* CLOCK_MONOTONIC is what all cameras use; others would need another clock than ours. */
static uint64_t read_time(const struct v4l2_buffer *buffer)
{
    if ((buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) !=
            V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC ||
        buffer->timestamp.tv_sec < 0 || buffer->timestamp.tv_usec < 0)
        return 0;
    return (uint64_t)buffer->timestamp.tv_sec * 1000000000u +
           (uint64_t)buffer->timestamp.tv_usec * 1000u;
}

static void read_frame(const struct nnc_camera_stream *stream,
                       const struct nnc_camera_request *request,
                       struct nnc_camera_frame *frame)
{
    const struct v4l2_buffer *const buffer = &request->buffer;
    const bool planes = nnc_camera_is_multiplanar(&stream->camera);

    frame->time_ns = read_time(buffer);
    frame->sequence = buffer->sequence;
    frame->field = buffer->field;
    frame->corrupted = buffer->flags & V4L2_BUF_FLAG_ERROR;
    for (unsigned i = 0; i < frame->slot->n_pieces; i++) {
        read_piece(frame, i, planes ? request->planes[i].data_offset : 0,
                   planes ? request->planes[i].bytesused : buffer->bytesused);
        if (!frame->piece[i].used || frame->piece[i].used < stream->layout.size[i])
            frame->is_short = true;
    }
    frame->corrupted |= frame->is_short;
}

enum nnc_camera_trouble nnc_camera_stream_take(struct nnc_camera_stream *stream,
                                               struct nnc_camera_frame *frame,
                                               struct nnc_camera_error *error)
{
    struct nnc_camera_request request;

    *frame = (struct nnc_camera_frame){.slot = NULL};
    pthread_mutex_lock(&stream->lock);
    queue_stranded(stream);
    pthread_mutex_unlock(&stream->lock);
    nnc_camera_request_init(&request, stream->camera.type, 0);
    if (nnc_camera_ioctl(&stream->camera, VIDIOC_DQBUF, &request.buffer))
        return nnc_camera_fail_call(error, stream->camera.path, "taking a frame", errno);
    if (request.buffer.index >= stream->n_slots)
        return nnc_camera_fail(
            error, NNC_CAMERA_LOST,
            "%s: taking a frame: its driver answers with buffer %u of %u",
            stream->camera.path, request.buffer.index, stream->n_slots);
    struct nnc_camera_slot *const slot = &stream->slots[request.buffer.index];
    pthread_mutex_lock(&stream->lock);
    const bool ours = slot->state == NNC_CAMERA_SLOT_QUEUED;
    if (ours) {
        slot->state = NNC_CAMERA_SLOT_LENT;
        stream->n_queued--;
        stream->n_references++;
    }
    pthread_mutex_unlock(&stream->lock);
    if (!ours)
        return nnc_camera_fail(error, NNC_CAMERA_LOST,
                               "%s: taking a frame: its driver answers with buffer %u, "
                               "which is not queued",
                               stream->camera.path, request.buffer.index);
    frame->slot = slot;
    read_frame(stream, &request, frame);
    return NNC_CAMERA_OK;
}

unsigned nnc_camera_stream_n_queued(struct nnc_camera_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    const unsigned n = stream->n_queued;
    pthread_mutex_unlock(&stream->lock);
    return n;
}

unsigned nnc_camera_stream_n_stranded(struct nnc_camera_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    const unsigned n = stream->n_stranded;
    pthread_mutex_unlock(&stream->lock);
    return n;
}

unsigned nnc_camera_stream_n_slots(const struct nnc_camera_stream *stream)
{
    return stream->n_slots;
}

const struct nnc_camera_layout *
nnc_camera_stream_layout(const struct nnc_camera_stream *stream)
{
    return &stream->layout;
}

bool nnc_camera_stream_has_dmabuf(const struct nnc_camera_stream *stream)
{
    return stream->dmabuf;
}
