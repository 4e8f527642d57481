/* SPDX-License-Identifier: MIT */

#include "camera_format.h"

#include <linux/videodev2.h>
#include <string.h>

/* From 5.2 and 6.x: older headers lack them. */
#ifndef V4L2_PIX_FMT_RGBX32
#define V4L2_PIX_FMT_RGBX32 v4l2_fourcc('X', 'B', '2', '4')
#define V4L2_PIX_FMT_RGBA32 v4l2_fourcc('A', 'B', '2', '4')
#define V4L2_PIX_FMT_BGRX32 v4l2_fourcc('R', 'X', '2', '4')
#define V4L2_PIX_FMT_BGRA32 v4l2_fourcc('R', 'A', '2', '4')
#endif

/* What nncclassify does not read as it is takes a pass of a converter first; coded frames
 * take a decoder. Orders of magnitude, in nanoseconds a pixel. */
#define READ 0
#define CONVERT 1

/* clang-format off */
#define PACKED(fourcc, name, bytes, x_shift, ns)                                         \
    {fourcc, name, NNC_CAMERA_RAW, 1, 1, true, {{bytes, x_shift, 0}}, ns}
#define SEMIPLANAR(fourcc, name, x_shift, y_shift, ns)                                   \
    {fourcc, name, NNC_CAMERA_RAW, 2, 1, true, {{1, 0, 0}, {2, x_shift, y_shift}}, ns}
#define PLANAR(fourcc, name, x_shift, y_shift, ns)                                       \
    {fourcc, name, NNC_CAMERA_RAW, 3, 1, true,                                           \
     {{1, 0, 0}, {1, x_shift, y_shift}, {1, x_shift, y_shift}}, ns}
#define PIECES(fourcc, name, n)                                                          \
    {fourcc, name, NNC_CAMERA_RAW, n, n, true, {{1, 0, 0}, {4 - n, 1, 1}, {1, 1, 1}}, READ}
#define GRAY(fourcc, name, bytes, ns)                                                    \
    {fourcc, name, NNC_CAMERA_RAW, 1, 1, false, {{bytes, 0, 0}}, ns}
#define CODED(fourcc, name, medium, ns)                                                  \
    {fourcc, name, medium, 1, 1, true, {{0, 0, 0}}, ns}
/* clang-format on */

static const struct nnc_camera_format formats[] = {
    PACKED(V4L2_PIX_FMT_YUYV, "YUY2", 4, 1, READ),
    PACKED(V4L2_PIX_FMT_UYVY, "UYVY", 4, 1, READ),
    PACKED(V4L2_PIX_FMT_YVYU, "YVYU", 4, 1, CONVERT),
    PACKED(V4L2_PIX_FMT_VYUY, "VYUY", 4, 1, CONVERT),
    SEMIPLANAR(V4L2_PIX_FMT_NV12, "NV12", 1, 1, READ),
    SEMIPLANAR(V4L2_PIX_FMT_NV21, "NV21", 1, 1, READ),
    SEMIPLANAR(V4L2_PIX_FMT_NV16, "NV16", 1, 0, CONVERT),
    SEMIPLANAR(V4L2_PIX_FMT_NV61, "NV61", 1, 0, CONVERT),
    SEMIPLANAR(V4L2_PIX_FMT_NV24, "NV24", 0, 0, CONVERT),
    PLANAR(V4L2_PIX_FMT_YUV420, "I420", 1, 1, READ),
    PLANAR(V4L2_PIX_FMT_YVU420, "YV12", 1, 1, READ),
    PLANAR(V4L2_PIX_FMT_YUV422P, "Y42B", 1, 0, CONVERT),
    PIECES(V4L2_PIX_FMT_NV12M, "NV12", 2),
    PIECES(V4L2_PIX_FMT_NV21M, "NV21", 2),
    PIECES(V4L2_PIX_FMT_YUV420M, "I420", 3),
    PIECES(V4L2_PIX_FMT_YVU420M, "YV12", 3),
    PACKED(V4L2_PIX_FMT_RGB24, "RGB", 3, 0, READ),
    PACKED(V4L2_PIX_FMT_BGR24, "BGR", 3, 0, READ),
    PACKED(V4L2_PIX_FMT_RGBX32, "RGBx", 4, 0, READ),
    PACKED(V4L2_PIX_FMT_RGBA32, "RGBA", 4, 0, READ),
    PACKED(V4L2_PIX_FMT_XBGR32, "BGRx", 4, 0, READ),
    PACKED(V4L2_PIX_FMT_ABGR32, "BGRA", 4, 0, READ),
    PACKED(V4L2_PIX_FMT_XRGB32, "xRGB", 4, 0, READ),
    PACKED(V4L2_PIX_FMT_ARGB32, "ARGB", 4, 0, READ),
    PACKED(V4L2_PIX_FMT_BGRX32, "xBGR", 4, 0, READ),
    PACKED(V4L2_PIX_FMT_BGRA32, "ABGR", 4, 0, READ),
    GRAY(V4L2_PIX_FMT_GREY, "GRAY8", 1, READ),
    GRAY(V4L2_PIX_FMT_Y16, "GRAY16_LE", 2, CONVERT),
    CODED(V4L2_PIX_FMT_MJPEG, "JPEG", NNC_CAMERA_JPEG, 6),
    CODED(V4L2_PIX_FMT_JPEG, "JPEG", NNC_CAMERA_JPEG, 6),
    CODED(V4L2_PIX_FMT_H264, "H264", NNC_CAMERA_H264, 12),
    CODED(V4L2_PIX_FMT_HEVC, "HEVC", NNC_CAMERA_HEVC, 20),
};

#define N_FORMATS (sizeof formats / sizeof *formats)

const struct nnc_camera_format *nnc_camera_format_find(uint32_t fourcc)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (formats[i].fourcc == fourcc)
            return &formats[i];
    return NULL;
}

const struct nnc_camera_format *nnc_camera_format_by_name(const char *name, unsigned n)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (!strcmp(formats[i].name, name) && !n--)
            return &formats[i];
    return NULL;
}

static uint32_t groups(uint32_t pixels, unsigned shift)
{
    return (uint32_t)(((uint64_t)pixels + (1u << shift) - 1) >> shift);
}

static uint32_t row_bytes(const struct nnc_camera_format *format, unsigned plane,
                          uint32_t width)
{
    return groups(width, format->plane[plane].x_shift) * format->plane[plane].bytes;
}

/* V4L2 gives the bytes of a line of the first plane in a piece of memory; those of the
 * others follow, as their rows are to the first one's. */
static uint32_t stride_of(const struct nnc_camera_format *format, unsigned plane,
                          uint32_t width, uint32_t line)
{
    const uint32_t tight = row_bytes(format, plane, width);
    const uint32_t first = row_bytes(format, 0, width);

    if (format->n_buffers > 1)
        return line >= tight ? line : tight;
    if (line < first)
        return tight;
    if (!plane)
        return line;
    const uint64_t stride =
        (uint64_t)line * format->plane[plane].bytes >> format->plane[plane].x_shift;
    return stride > tight ? (uint32_t)stride : tight;
}

void nnc_camera_layout_compute(const struct nnc_camera_format *format, uint32_t width,
                               uint32_t height,
                               const uint32_t line[NNC_CAMERA_MAX_PLANES],
                               struct nnc_camera_layout *layout)
{
    size_t at = 0;

    *layout = (struct nnc_camera_layout){.total = 0};
    if (format->medium != NNC_CAMERA_RAW)
        return;
    for (unsigned i = 0; i < format->n_planes; i++) {
        const unsigned piece = format->n_buffers > 1 ? i : 0;
        const size_t rows = groups(height, format->plane[i].y_shift);
        if (format->n_buffers > 1)
            at = 0;
        layout->stride[i] = stride_of(format, i, width, line[piece]);
        layout->offset[i] = at;
        /* The last row ends with its pixels: drivers need not pad it. */
        layout->size[piece] =
            at + (rows - 1) * layout->stride[i] + row_bytes(format, i, width);
        at += rows * layout->stride[i];
    }
    for (unsigned i = 0; i < format->n_buffers; i++)
        layout->total += layout->size[i];
}

size_t nnc_camera_format_bytes(const struct nnc_camera_format *format, uint32_t width,
                               uint32_t height)
{
    static const uint32_t no_lines[NNC_CAMERA_MAX_PLANES] = {0};
    struct nnc_camera_layout layout;

    if (format->medium != NNC_CAMERA_RAW) /* JPEG of webcams: some 2 bits a pixel */
        return (size_t)width * height / 4;
    nnc_camera_layout_compute(format, width, height, no_lines, &layout);
    return layout.total;
}
