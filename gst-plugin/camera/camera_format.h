/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_FORMAT_H
#define NNC_CAMERA_FORMAT_H

/* Pixel formats: V4L2's name, GStreamer's name, how a picture lies in memory, and what it
 * costs to look at one. One table; what is not in it GStreamer cannot read.
 *
 * Threads: immutable. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NNC_CAMERA_MAX_PLANES 4

enum nnc_camera_medium {
    NNC_CAMERA_RAW,
    NNC_CAMERA_JPEG,
    NNC_CAMERA_H264,
    NNC_CAMERA_HEVC
};

struct nnc_camera_format {
    uint32_t fourcc;  /* V4L2_PIX_FMT_... */
    const char *name; /* as in caps: YUY2; JPEG and others: a name for people */
    enum nnc_camera_medium medium;
    uint8_t n_planes;  /* of the picture: NV12 has 2, wherever they lie */
    uint8_t n_buffers; /* pieces of memory per frame: 2 for NM12, else 1 */
    bool color;
    struct {
        uint8_t bytes;            /* per group of pixels */
        uint8_t x_shift, y_shift; /* a group is 2^x_shift by 2^y_shift pixels */
    } plane[NNC_CAMERA_MAX_PLANES];
    float decode_ns; /* per pixel, before anything can read it */
};

/* NULL if there is none. */
const struct nnc_camera_format *nnc_camera_format_find(uint32_t fourcc);
/* Some formats have two entries, with one piece of memory and with several: `n` counts on
 * from 0 until NULL. */
const struct nnc_camera_format *nnc_camera_format_by_name(const char *name, unsigned n);

/* Where the planes of a picture lie. */
struct nnc_camera_layout {
    size_t offset[NNC_CAMERA_MAX_PLANES]; /* in its piece of memory */
    uint32_t stride[NNC_CAMERA_MAX_PLANES];
    size_t size[NNC_CAMERA_MAX_PLANES]; /* of each piece of memory, at least */
    size_t total;                       /* of all pieces */
};

/* Computes the layout for what a driver says of its bytes per line: `line[i]` for the
 * piece i of memory, 0 where it says nothing. A driver whose lines are shorter than a row
 * of pixels is not believed: its rows are taken to be tight. */
void nnc_camera_layout_compute(const struct nnc_camera_format *format, uint32_t width,
                               uint32_t height,
                               const uint32_t line[NNC_CAMERA_MAX_PLANES],
                               struct nnc_camera_layout *layout);

/* Bytes of one frame, with tight rows; an estimate where it is compressed. */
size_t nnc_camera_format_bytes(const struct nnc_camera_format *format, uint32_t width,
                               uint32_t height);

#endif
