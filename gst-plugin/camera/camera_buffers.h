/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_BUFFERS_H
#define NNC_CAMERA_BUFFERS_H

/* Inside camera_stream: one buffer of the driver, from asking where it lies to letting it
 * go, for both kinds of V4L2 API. */

#include "camera_stream.h"

#include <linux/videodev2.h>

/* A buffer as the kernel wants it described, with room for its planes. */
struct nnc_camera_request {
    struct v4l2_buffer buffer;
    struct v4l2_plane planes[VIDEO_MAX_PLANES];
};

void nnc_camera_request_init(struct nnc_camera_request *request, uint32_t type,
                             uint32_t index);

/* Maps the buffer `slot->index`, and exports it if asked. What was mapped before a
 * failure is in the slot: nnc_camera_slot_unmap() takes it. */
enum nnc_camera_trouble nnc_camera_slot_map(const struct nnc_camera *camera,
                                            struct nnc_camera_slot *slot, bool dmabuf,
                                            struct nnc_camera_error *error);
/* Lets the device go; what the buffer holds can be read as before. */
void nnc_camera_slot_detach(const struct nnc_v4l2_ops *ops, struct nnc_camera_slot *slot);
void nnc_camera_slot_unmap(const struct nnc_v4l2_ops *ops, struct nnc_camera_slot *slot);

#endif
