/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CAM_BUFFER_H
#define GST_NNC_CAM_BUFFER_H

/* Frames of a stream as GstBuffers: lent out where they lie, or copied.
 *
 * Threads: single; buffers may be freed anywhere, any time. */

#include "camera/camera_stream.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

/* What frames of the running stream look like. Zero-initialise. */
struct gst_nnc_cam_lender {
    struct nnc_camera_stream *stream; /* borrowed */
    struct nnc_camera_mode mode;
    GstVideoInfo info;       /* of raw video */
    GstAllocator *allocator; /* of descriptors; NULL: mapped memory */
    GstMemory *exported[NNC_CAMERA_MAX_SLOTS][NNC_CAMERA_MAX_PLANES];
};

/* `stream` must be there until gst_nnc_cam_lender_close(). */
void gst_nnc_cam_lender_open(struct gst_nnc_cam_lender *lender,
                             struct nnc_camera_stream *stream,
                             const struct nnc_camera_mode *mode);
void gst_nnc_cam_lender_close(struct gst_nnc_cam_lender *lender);

/* A buffer on the frame's own memory. Takes the frame: its slot is released when the last
 * reference to the memory goes. (transfer full) */
GstBuffer *gst_nnc_cam_lender_lend(struct gst_nnc_cam_lender *lender,
                                   const struct nnc_camera_frame *frame);

/* A buffer with a copy in the usual layout, without GstVideoMeta. Releases the frame's
 * slot at once. (transfer full) */
GstBuffer *gst_nnc_cam_lender_copy(struct gst_nnc_cam_lender *lender,
                                   const struct nnc_camera_frame *frame);

/* Whether frames lie as GStreamer expects them without GstVideoMeta. */
gboolean gst_nnc_cam_lender_is_usual(const struct gst_nnc_cam_lender *lender);

G_END_DECLS

#endif
