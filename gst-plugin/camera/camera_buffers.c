/* SPDX-License-Identifier: MIT */

#include "camera_buffers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void nnc_camera_request_init(struct nnc_camera_request *request, uint32_t type,
                             uint32_t index)
{
    memset(request, 0, sizeof *request);
    request->buffer.type = type;
    request->buffer.memory = V4L2_MEMORY_MMAP;
    request->buffer.index = index;
    if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
        request->buffer.m.planes = request->planes;
        request->buffer.length = VIDEO_MAX_PLANES;
    }
}

static enum nnc_camera_trouble map_piece(const struct nnc_camera *camera,
                                         struct nnc_camera_piece *piece, size_t length,
                                         int64_t offset, struct nnc_camera_error *error)
{
    if (!length)
        return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                               "%s (%s) gives buffers without a byte", camera->path,
                               camera->identity.card);
    void *const map = camera->ops->mmap(length, camera->fd, offset);
    if (map == MAP_FAILED)
        return nnc_camera_fail_call(error, camera->path, "mapping a buffer", errno);
    piece->map = map;
    piece->length = length;
    return NNC_CAMERA_OK;
}

/* Not fatal: without it frames go through memory that is mapped. */
static void export_piece(const struct nnc_camera *camera, struct nnc_camera_slot *slot,
                         unsigned i)
{
    struct v4l2_exportbuffer item = {.type = camera->type,
                                     .index = slot->index,
                                     .plane = i,
                                     .flags = O_CLOEXEC | O_RDWR};

    if (!nnc_camera_ioctl(camera, VIDIOC_EXPBUF, &item))
        slot->piece[i].dmabuf = item.fd;
}

enum nnc_camera_trouble nnc_camera_slot_map(const struct nnc_camera *camera,
                                            struct nnc_camera_slot *slot, bool dmabuf,
                                            struct nnc_camera_error *error)
{
    const bool planes = nnc_camera_is_multiplanar(camera);
    struct nnc_camera_request request;

    for (unsigned i = 0; i < NNC_CAMERA_MAX_PLANES; i++)
        slot->piece[i] = (struct nnc_camera_piece){NULL, 0, -1};
    nnc_camera_request_init(&request, camera->type, slot->index);
    if (nnc_camera_ioctl(camera, VIDIOC_QUERYBUF, &request.buffer))
        return nnc_camera_fail_call(error, camera->path, "asking for a buffer", errno);
    const unsigned n = planes ? request.buffer.length : 1;
    if (!n || n > NNC_CAMERA_MAX_PLANES)
        return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                               "%s (%s) gives buffers of %u pieces; expected 1 to %d",
                               camera->path, camera->identity.card, n,
                               NNC_CAMERA_MAX_PLANES);
    for (slot->n_pieces = 0; slot->n_pieces < n; slot->n_pieces++) {
        const unsigned i = slot->n_pieces;
        const enum nnc_camera_trouble trouble = map_piece(
            camera, &slot->piece[i],
            planes ? request.planes[i].length : request.buffer.length,
            planes ? request.planes[i].m.mem_offset : request.buffer.m.offset, error);
        if (trouble)
            return trouble;
        if (dmabuf)
            export_piece(camera, slot, i);
    }
    return NNC_CAMERA_OK;
}

void nnc_camera_slot_detach(const struct nnc_v4l2_ops *ops, struct nnc_camera_slot *slot)
{
    for (unsigned i = 0; i < slot->n_pieces; i++)
        ops->detach(slot->piece[i].map, slot->piece[i].length);
}

void nnc_camera_slot_unmap(const struct nnc_v4l2_ops *ops, struct nnc_camera_slot *slot)
{
    for (unsigned i = 0; i < slot->n_pieces; i++) {
        ops->munmap(slot->piece[i].map, slot->piece[i].length);
        if (slot->piece[i].dmabuf >= 0)
            close(slot->piece[i].dmabuf);
    }
    slot->n_pieces = 0;
}
