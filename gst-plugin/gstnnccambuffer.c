/* SPDX-License-Identifier: MIT */

/* A piece of mapped memory is wrapped anew for each frame, and its end gives the slot
 * back. Descriptors are wrapped once per slot, so that a reader's mapping of them stays;
 * frames get shares of them, whose end gives the slot back. A slot with several pieces is
 * given back by the last. */

#include "gstnnccambuffer.h"

#include <gst/allocators/gstdmabuf.h>
#include <string.h>

/* --- lending --- */

/* One for all memories of a frame. */
struct loan {
    struct nnc_camera_slot *slot;
    gint n_pieces; /* atomic */
};

static void end_loan(gpointer data)
{
    struct loan *const loan = data;

    if (!g_atomic_int_dec_and_test(&loan->n_pieces))
        return;
    nnc_camera_slot_release(loan->slot);
    g_free(loan);
}

static GQuark loan_quark(void)
{
    static GQuark quark = 0;

    if (!quark)
        quark = g_quark_from_static_string("nnc-camera-loan");
    return quark;
}

static GstMemory *wrap_mapped(const struct nnc_camera_piece *piece, gsize offset,
                              gsize size, struct loan *loan)
{
    return gst_memory_new_wrapped(0, piece->map, piece->length, offset, size, loan,
                                  end_loan);
}

static GstMemory *share_exported(struct gst_nnc_cam_lender *lender,
                                 const struct nnc_camera_slot *slot, guint i,
                                 gsize offset, gsize size, struct loan *loan)
{
    GstMemory **const whole = &lender->exported[slot->index][i];

    if (!*whole)
        *whole = gst_dmabuf_allocator_alloc_with_flags(
            lender->allocator, slot->piece[i].dmabuf, slot->piece[i].length,
            GST_FD_MEMORY_FLAG_DONT_CLOSE | GST_FD_MEMORY_FLAG_KEEP_MAPPED);
    GstMemory *const share = gst_memory_share(*whole, (gssize)offset, (gssize)size);
    gst_mini_object_set_qdata(GST_MINI_OBJECT(share), loan_quark(), loan, end_loan);
    return share;
}

/* Of a raw frame all of its memory, which is there even where the driver filled less. */
static gsize lent_size(const struct gst_nnc_cam_lender *lender,
                       const struct nnc_camera_frame *frame, guint i)
{
    const struct nnc_camera_layout *const layout =
        nnc_camera_stream_layout(lender->stream);
    const gsize room = frame->slot->piece[i].length - frame->piece[i].offset;

    if (lender->mode.format->medium != NNC_CAMERA_RAW)
        return frame->piece[i].used;
    return MIN(room, MAX(frame->piece[i].used, layout->size[i]));
}

static void add_video_meta(struct gst_nnc_cam_lender *lender, GstBuffer *buffer)
{
    const struct nnc_camera_layout *const layout =
        nnc_camera_stream_layout(lender->stream);
    const struct nnc_camera_format *const format = lender->mode.format;
    gsize offset[GST_VIDEO_MAX_PLANES] = {0}, skipped = 0;
    gint stride[GST_VIDEO_MAX_PLANES] = {0};

    for (guint i = 0; i < format->n_planes; i++) {
        if (format->n_buffers > 1 && i)
            skipped +=
                gst_memory_get_sizes(gst_buffer_peek_memory(buffer, i - 1), NULL, NULL);
        offset[i] = skipped + layout->offset[i];
        stride[i] = (gint)layout->stride[i];
    }
    gst_buffer_add_video_meta_full(
        buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&lender->info),
        lender->mode.width, lender->mode.height, format->n_planes, offset, stride);
}

GstBuffer *gst_nnc_cam_lender_lend(struct gst_nnc_cam_lender *lender,
                                   const struct nnc_camera_frame *frame)
{
    GstBuffer *const buffer = gst_buffer_new();
    struct loan *const loan = g_new(struct loan, 1);

    *loan = (struct loan){frame->slot, (gint)frame->slot->n_pieces};
    for (guint i = 0; i < frame->slot->n_pieces; i++) {
        const gsize offset = frame->piece[i].offset, size = lent_size(lender, frame, i);
        gst_buffer_append_memory(
            buffer, lender->allocator
                        ? share_exported(lender, frame->slot, i, offset, size, loan)
                        : wrap_mapped(&frame->slot->piece[i], offset, size, loan));
    }
    if (lender->mode.format->medium == NNC_CAMERA_RAW)
        add_video_meta(lender, buffer);
    return buffer;
}

/* --- copying --- */

static void copy_plane(const struct gst_nnc_cam_lender *lender,
                       const struct nnc_camera_frame *frame, guint plane, guint8 *to)
{
    const struct nnc_camera_layout *const layout =
        nnc_camera_stream_layout(lender->stream);
    const struct nnc_camera_format *const format = lender->mode.format;
    const guint i = format->n_buffers > 1 ? plane : 0;
    const struct nnc_camera_piece *const piece = &frame->slot->piece[i];
    const gsize begin = frame->piece[i].offset + layout->offset[plane];
    const gsize from_stride = layout->stride[plane];
    const gsize to_stride = (gsize)GST_VIDEO_INFO_PLANE_STRIDE(&lender->info, plane);
    const guint rows = (lender->mode.height + (1u << format->plane[plane].y_shift) - 1) >>
                       format->plane[plane].y_shift;

    to += GST_VIDEO_INFO_PLANE_OFFSET(&lender->info, plane);
    for (guint row = 0; row < rows; row++) {
        const gsize at = begin + row * from_stride;
        const gsize bytes =
            at < piece->length ? MIN(MIN(from_stride, to_stride), piece->length - at) : 0;
        memcpy(to + row * to_stride, (const guint8 *)piece->map + at, bytes);
    }
}

GstBuffer *gst_nnc_cam_lender_copy(struct gst_nnc_cam_lender *lender,
                                   const struct nnc_camera_frame *frame)
{
    const gboolean raw = lender->mode.format->medium == NNC_CAMERA_RAW;
    const gsize size = raw ? GST_VIDEO_INFO_SIZE(&lender->info) : frame->piece[0].used;
    GstBuffer *const buffer = gst_buffer_new_allocate(NULL, size, NULL);
    GstMapInfo map;

    if (buffer && gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
        if (raw)
            for (guint plane = 0; plane < lender->mode.format->n_planes; plane++)
                copy_plane(lender, frame, plane, map.data);
        else
            memcpy(map.data,
                   (const guint8 *)frame->slot->piece[0].map + frame->piece[0].offset,
                   size);
        gst_buffer_unmap(buffer, &map);
    }
    nnc_camera_slot_release(frame->slot);
    return buffer;
}

/* --- life --- */

void gst_nnc_cam_lender_open(struct gst_nnc_cam_lender *lender,
                             struct nnc_camera_stream *stream,
                             const struct nnc_camera_mode *mode)
{
    *lender = (struct gst_nnc_cam_lender){.stream = stream, .mode = *mode};
    if (mode->format->medium == NNC_CAMERA_RAW)
        gst_video_info_set_format(&lender->info,
                                  gst_video_format_from_string(mode->format->name),
                                  mode->width, mode->height);
    if (nnc_camera_stream_has_dmabuf(stream))
        lender->allocator = gst_dmabuf_allocator_new();
}

void gst_nnc_cam_lender_close(struct gst_nnc_cam_lender *lender)
{
    for (guint i = 0; i < NNC_CAMERA_MAX_SLOTS; i++)
        for (guint p = 0; p < NNC_CAMERA_MAX_PLANES; p++)
            if (lender->exported[i][p])
                gst_memory_unref(lender->exported[i][p]);
    gst_clear_object(&lender->allocator);
    *lender = (struct gst_nnc_cam_lender){.stream = NULL};
}

gboolean gst_nnc_cam_lender_is_usual(const struct gst_nnc_cam_lender *lender)
{
    const struct nnc_camera_layout *const layout =
        nnc_camera_stream_layout(lender->stream);
    const struct nnc_camera_format *const format = lender->mode.format;

    if (format->medium != NNC_CAMERA_RAW)
        return TRUE;
    for (guint i = 0; i < format->n_planes; i++)
        if (format->n_buffers > 1 ||
            layout->stride[i] != (guint)GST_VIDEO_INFO_PLANE_STRIDE(&lender->info, i) ||
            layout->offset[i] != GST_VIDEO_INFO_PLANE_OFFSET(&lender->info, i))
            return FALSE;
    return TRUE;
}
