/* SPDX-License-Identifier: MIT */

/* How a GstBuffer becomes a struct nnc_image. gst_video_frame_map() is of no use here: it
 * takes any GstVideoMeta at its word, so that a buffer of one byte maps as 640x480. All
 * arithmetic on extents is signed and has 64 bits: strides may be negative, offsets are
 * bounded first, and 2^31 bytes a row times 2^14 rows stays far from overflow. */

#include "gstnncview.h"

#define REFUSE(reason, ...) (g_snprintf(reason, GST_NNC_REASON_SIZE, __VA_ARGS__), FALSE)

/* --- caps --- */

static const struct {
    GstVideoFormat from;
    enum nnc_pixel_format to;
} formats[] = {
    {GST_VIDEO_FORMAT_RGB, NNC_PIXEL_RGB},     {GST_VIDEO_FORMAT_BGR, NNC_PIXEL_BGR},
    {GST_VIDEO_FORMAT_RGBx, NNC_PIXEL_RGBX},   {GST_VIDEO_FORMAT_RGBA, NNC_PIXEL_RGBX},
    {GST_VIDEO_FORMAT_BGRx, NNC_PIXEL_BGRX},   {GST_VIDEO_FORMAT_BGRA, NNC_PIXEL_BGRX},
    {GST_VIDEO_FORMAT_xRGB, NNC_PIXEL_XRGB},   {GST_VIDEO_FORMAT_ARGB, NNC_PIXEL_XRGB},
    {GST_VIDEO_FORMAT_xBGR, NNC_PIXEL_XBGR},   {GST_VIDEO_FORMAT_ABGR, NNC_PIXEL_XBGR},
    {GST_VIDEO_FORMAT_GRAY8, NNC_PIXEL_GRAY8}, {GST_VIDEO_FORMAT_NV12, NNC_PIXEL_NV12},
    {GST_VIDEO_FORMAT_NV21, NNC_PIXEL_NV21},   {GST_VIDEO_FORMAT_I420, NNC_PIXEL_I420},
    {GST_VIDEO_FORMAT_YV12, NNC_PIXEL_I420},   {GST_VIDEO_FORMAT_YUY2, NNC_PIXEL_YUY2},
    {GST_VIDEO_FORMAT_UYVY, NNC_PIXEL_UYVY},
};

static gboolean check_memory_kind(const GstCaps *caps, gchar *reason)
{
    const GstCapsFeatures *const features = gst_caps_get_features(caps, 0);

    if (!features ||
        gst_caps_features_is_equal(features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY))
        return TRUE;
    g_autofree gchar *text = gst_caps_features_to_string(features);
    return REFUSE(reason,
                  "caps feature '%.60s' is not supported; expected memory that the "
                  "processor can read, without features",
                  text);
}

/* gst_video_info_from_caps() takes 0x0 and -4x4, so the sides are looked at before it. */
static gboolean check_side(const GstStructure *structure, const gchar *side, gint *value,
                           gchar *reason)
{
    if (!gst_structure_get_int(structure, side, value))
        return REFUSE(reason, "caps have no %s; expected 1 to %u", side,
                      NNC_IMAGE_MAX_SIDE);
    if (*value < 1 || (guint)*value > NNC_IMAGE_MAX_SIDE)
        return REFUSE(reason, "%s %d in caps is out of range; expected 1 to %u", side,
                      *value, NNC_IMAGE_MAX_SIDE);
    return TRUE;
}

static gboolean check_size(const GstStructure *structure, gchar *reason)
{
    gint width, height;

    if (!check_side(structure, "width", &width, reason) ||
        !check_side(structure, "height", &height, reason))
        return FALSE;
    if ((guint64)width * (guint64)height > GST_NNC_VIEW_MAX_PIXELS)
        return REFUSE(reason,
                      "width %d and height %d in caps give more than the limit of "
                      "%" G_GUINT64_FORMAT " pixels",
                      width, height, GST_NNC_VIEW_MAX_PIXELS);
    return TRUE;
}

static gboolean find_format(const GstStructure *structure, enum nnc_pixel_format *format,
                            gchar *reason)
{
    const gchar *const name = gst_structure_get_string(structure, "format");
    const GstVideoFormat from =
        name ? gst_video_format_from_string(name) : GST_VIDEO_FORMAT_UNKNOWN;

    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].from == from) {
            *format = formats[i].to;
            return TRUE;
        }
    }
    return REFUSE(reason, "caps have the format '%.20s'; expected one of %s",
                  name ? name : "(none)", GST_NNC_VIEW_FORMATS);
}

/* Wide-gamut matrices are closest to BT.709; a matrix that makes no sense for YUV is
 * guessed from the height, as GStreamer itself does for missing colorimetry. */
static void set_colors(struct gst_nnc_geometry *geometry)
{
    const GstVideoColorimetry *const from = &geometry->info.colorimetry;

    switch (from->matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT601:
    case GST_VIDEO_COLOR_MATRIX_FCC:
        geometry->matrix = NNC_MATRIX_BT601;
        break;
    case GST_VIDEO_COLOR_MATRIX_RGB:
    case GST_VIDEO_COLOR_MATRIX_UNKNOWN:
        geometry->matrix = GST_VIDEO_INFO_HEIGHT(&geometry->info) > 576
                               ? NNC_MATRIX_BT709
                               : NNC_MATRIX_BT601;
        break;
    default:
        geometry->matrix = NNC_MATRIX_BT709;
        break;
    }
    const gboolean full = from->range == GST_VIDEO_COLOR_RANGE_0_255 ||
                          (from->range == GST_VIDEO_COLOR_RANGE_UNKNOWN &&
                           geometry->format == NNC_PIXEL_GRAY8);
    geometry->range = full ? NNC_RANGE_FULL : NNC_RANGE_LIMITED;
}

gboolean gst_nnc_geometry_from_caps(const GstCaps *caps,
                                    struct gst_nnc_geometry *geometry,
                                    gchar reason[GST_NNC_REASON_SIZE])
{
    struct gst_nnc_geometry new = {.format = NNC_PIXEL_RGB};

    if (!gst_caps_is_fixed(caps))
        return REFUSE(reason, "caps are not fixed");
    const GstStructure *const structure = gst_caps_get_structure(caps, 0);
    if (!gst_structure_has_name(structure, "video/x-raw"))
        return REFUSE(reason, "caps are '%.60s'; expected video/x-raw in one of %s",
                      gst_structure_get_name(structure), GST_NNC_VIEW_FORMATS);
    if (!check_memory_kind(caps, reason) || !check_size(structure, reason) ||
        !find_format(structure, &new.format, reason))
        return FALSE;
    if (!gst_video_info_from_caps(&new.info, caps))
        return REFUSE(reason, "caps do not describe a picture");
    new.swap_chroma = GST_VIDEO_INFO_FORMAT(&new.info) == GST_VIDEO_FORMAT_YV12;
    set_colors(&new);
    *geometry = new;
    return TRUE;
}

/* --- buffers --- */

/* Where a plane lies in the buffer's bytes: rows from `first`, all within low..high. */
struct extent {
    gint64 first, low, high;
    gint stride;
};

struct layout {
    const gsize *offset;
    const gint *stride;
    guint n_planes;
};

/* A GstVideoMeta may move planes and widen rows, but not contradict the caps. */
static gboolean find_layout(const GstVideoInfo *info, GstBuffer *buffer,
                            struct layout *layout, gchar *reason)
{
    const GstVideoMeta *const meta = gst_buffer_get_video_meta(buffer);

    *layout = (struct layout){info->offset, info->stride, GST_VIDEO_INFO_N_PLANES(info)};
    if (!meta) {
        const gsize size = gst_buffer_get_size(buffer);
        return size >= GST_VIDEO_INFO_SIZE(info) ||
               REFUSE(reason,
                      "buffer size %" G_GSIZE_FORMAT " is too small; the caps need "
                      "%" G_GSIZE_FORMAT,
                      size, GST_VIDEO_INFO_SIZE(info));
    }
    if (meta->width != (guint)GST_VIDEO_INFO_WIDTH(info) ||
        meta->height != (guint)GST_VIDEO_INFO_HEIGHT(info))
        return REFUSE(reason, "video meta says %ux%u, the caps say %dx%d", meta->width,
                      meta->height, GST_VIDEO_INFO_WIDTH(info),
                      GST_VIDEO_INFO_HEIGHT(info));
    if (meta->format != GST_VIDEO_INFO_FORMAT(info) || meta->n_planes != layout->n_planes)
        return REFUSE(reason,
                      "video meta says format %d in %u planes, the caps say %s in "
                      "%u planes",
                      (int)meta->format, meta->n_planes,
                      gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(info)),
                      layout->n_planes);
    layout->offset = meta->offset;
    layout->stride = meta->stride;
    return TRUE;
}

static gboolean place_plane(const struct gst_nnc_geometry *geometry,
                            const struct layout *layout, guint plane, guint64 size,
                            struct extent *extent, gchar *reason)
{
    const GstVideoInfo *const info = &geometry->info;
    const gint64 row_bytes = (gint64)nnc_pixel_format_row_bytes(
        geometry->format, plane, (guint32)GST_VIDEO_INFO_WIDTH(info));
    const gint64 rows = (gint64)nnc_pixel_format_rows(
        geometry->format, plane, (guint32)GST_VIDEO_INFO_HEIGHT(info));
    const gint64 stride = layout->stride[plane];

    if (layout->offset[plane] >= size)
        return REFUSE(reason,
                      "plane %u offset %" G_GSIZE_FORMAT " is outside the buffer "
                      "size %" G_GUINT64_FORMAT,
                      plane, layout->offset[plane], size);
    if (ABS(stride) < row_bytes)
        return REFUSE(reason,
                      "plane %u stride %" G_GINT64_FORMAT " is shorter than a row "
                      "of %" G_GINT64_FORMAT " bytes",
                      plane, stride, row_bytes);
    const gint64 first = (gint64)layout->offset[plane];
    const gint64 last = first + stride * (rows - 1);
    *extent = (struct extent){first, MIN(first, last), MAX(first, last) + row_bytes,
                              layout->stride[plane]};
    if (extent->low < 0 || (guint64)extent->high > size)
        return REFUSE(reason,
                      "plane %u extent %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                      " is outside the buffer size %" G_GUINT64_FORMAT,
                      plane, extent->low, extent->high, size);
    return TRUE;
}

/* Maps only the memories that hold the plane: cameras with one memory per plane are read
 * where they are. A plane that is split over several is merged into a copy. */
static gboolean map_plane(struct gst_nnc_view *view, guint plane, guint target,
                          const struct extent *extent, gchar *reason)
{
    GstMapInfo *const map = &view->map[view->n_maps];
    const gsize bytes = (gsize)(extent->high - extent->low);
    guint index, length;
    gsize skip;

    if (!gst_buffer_find_memory(view->buffer, (gsize)extent->low, bytes, &index, &length,
                                &skip) ||
        !gst_buffer_map_range(view->buffer, index, (gint)length, map, GST_MAP_READ))
        return REFUSE(reason, "plane %u cannot be mapped for reading", plane);
    view->n_maps++;
    if (skip > map->size || bytes > map->size - skip)
        return REFUSE(reason,
                      "plane %u extent of %" G_GSIZE_FORMAT " bytes is outside the "
                      "%" G_GSIZE_FORMAT " bytes that are mapped",
                      plane, bytes, map->size);
    view->image.plane[target] = map->data + skip + (extent->first - extent->low);
    view->image.stride_bytes[target] = extent->stride;
    return TRUE;
}

static gboolean set_region(struct nnc_image *image, GstBuffer *buffer, gchar *reason)
{
    const GstVideoCropMeta *const crop = gst_buffer_get_video_crop_meta(buffer);

    if (!crop)
        return TRUE;
    if (!crop->width || !crop->height || (guint64)crop->x + crop->width > image->width ||
        (guint64)crop->y + crop->height > image->height)
        return REFUSE(reason, "crop meta %ux%u at %u,%u is outside the picture of %ux%u",
                      crop->width, crop->height, crop->x, crop->y, image->width,
                      image->height);
    image->region.x = crop->x;
    image->region.y = crop->y;
    image->region.width = crop->width;
    image->region.height = crop->height;
    return TRUE;
}

static gboolean open_planes(struct gst_nnc_view *view,
                            const struct gst_nnc_geometry *geometry, gchar *reason)
{
    const guint64 size = gst_buffer_get_size(view->buffer);
    struct layout layout;
    struct extent extent;

    if (!find_layout(&geometry->info, view->buffer, &layout, reason))
        return FALSE;
    for (guint plane = 0; plane < layout.n_planes; plane++) {
        const guint target = geometry->swap_chroma && plane ? 3 - plane : plane;
        if (!place_plane(geometry, &layout, plane, size, &extent, reason) ||
            !map_plane(view, plane, target, &extent, reason))
            return FALSE;
    }
    return set_region(&view->image, view->buffer, reason);
}

gboolean gst_nnc_view_open(struct gst_nnc_view *view,
                           const struct gst_nnc_geometry *geometry, GstBuffer *buffer,
                           gchar reason[GST_NNC_REASON_SIZE])
{
    /* With a reference of our own the buffer is not writable while it is mapped. This
     * keeps GStreamer from replacing its memories if a plane had to be merged. */
    *view = (struct gst_nnc_view){.buffer = gst_buffer_ref(buffer)};
    view->image.format = geometry->format;
    view->image.width = (guint32)GST_VIDEO_INFO_WIDTH(&geometry->info);
    view->image.height = (guint32)GST_VIDEO_INFO_HEIGHT(&geometry->info);
    view->image.matrix = geometry->matrix;
    view->image.range = geometry->range;
    if (open_planes(view, geometry, reason))
        return TRUE;
    gst_nnc_view_close(view);
    return FALSE;
}

void gst_nnc_view_close(struct gst_nnc_view *view)
{
    while (view->n_maps)
        gst_buffer_unmap(view->buffer, &view->map[--view->n_maps]);
    gst_clear_buffer(&view->buffer);
}
