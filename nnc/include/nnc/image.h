/* SPDX-License-Identifier: MIT */
#ifndef NNC_IMAGE_H
#define NNC_IMAGE_H

/* A picture as a camera delivers it, and its way into a network: crop, area-correct
 * scaling, colour conversion and normalisation in one pass. */

#include <nnc/model.h>

#ifdef __cplusplus
extern "C" {
#endif

enum nnc_pixel_format {
    NNC_PIXEL_RGB,  /* 1 plane, 3 bytes a pixel, in this order in memory; so are the next */
    NNC_PIXEL_BGR,
    NNC_PIXEL_RGBX, /* 4 bytes a pixel; the X (or A) byte is ignored */
    NNC_PIXEL_BGRX,
    NNC_PIXEL_XRGB,
    NNC_PIXEL_XBGR,
    NNC_PIXEL_GRAY8,
    NNC_PIXEL_NV12, /* planes Y, UV at half width and height (rounded up) */
    NNC_PIXEL_NV21, /* planes Y, VU */
    NNC_PIXEL_I420, /* planes Y, U, V */
    NNC_PIXEL_YUY2, /* 1 plane, Y0 U Y1 V; odd widths end in a whole group of 4 bytes */
    NNC_PIXEL_UYVY, /* 1 plane, U Y0 V Y1 */
    NNC_N_PIXEL_FORMATS
};

enum nnc_color_matrix { NNC_MATRIX_BT601, NNC_MATRIX_BT709 };
enum nnc_color_range { NNC_RANGE_LIMITED, NNC_RANGE_FULL };

#define NNC_IMAGE_MAX_SIDE 16384u

/* A borrowed view: nothing points to it after the call that takes it. */
struct nnc_image {
    enum nnc_pixel_format format;
    uint32_t width, height;         /* 1 .. NNC_IMAGE_MAX_SIDE */
    const uint8_t *plane[3];        /* first byte of the first row */
    ptrdiff_t stride_bytes[3];      /* from row to row; negative for bottom-up pictures */
    enum nnc_color_matrix matrix;   /* of the YUV formats; ignored for RGB and grey */
    enum nnc_color_range range;     /* of YUV and grey; RGB is always full */
    /* The part to look at, in pixels; width 0 means all of it. */
    struct { uint32_t x, y, width, height; } region;
};

/* Number of planes of a format, and bytes that a row of plane `plane` really uses / rows
 * it has, for a picture of this size: what a caller checks its memory against. 0 for an
 * unknown format or plane. */
NNC_API unsigned nnc_pixel_format_planes(enum nnc_pixel_format format);
NNC_API size_t nnc_pixel_format_row_bytes(enum nnc_pixel_format format, unsigned plane,
                                          uint32_t width);
NNC_API uint32_t nnc_pixel_format_rows(enum nnc_pixel_format format, unsigned plane,
                                       uint32_t height);
NNC_API const char *nnc_pixel_format_name(enum nnc_pixel_format format); /* "NV12" */

/* Turns pictures of one network input into its tensor. Keeps the tables of the last
 * geometry; a new size or format computes them anew without allocating.
 *
 * Threads: single. */
struct nnc_preprocessor;

NNC_API enum nnc_status nnc_preprocessor_create(const struct nnc_input_spec *spec,
                                                struct nnc_preprocessor **preprocessor,
                                                struct nnc_error *error);
NNC_API void nnc_preprocessor_destroy(struct nnc_preprocessor *preprocessor);

/* Writes channels x height x width floats (planar, row-major) to `tensor`.
 *
 * Every output pixel is the area average of the source pixels it covers (for
 * down-scaling; bilinear for up-scaling), exact to a tenth of one of 255 levels, computed
 * on the picture's own samples and then converted to RGB, clamped to 0..1 and normalised.
 * Letterbox bars are mid grey (0.5).
 * The same picture gives the same bits whatever its strides, its alignment and the
 * instruction set.
 *
 * Allocates: nothing. Fails: NNC_BAD_IMAGE if the description cannot be true (size 0 or
 * over the limit, missing plane, |stride| below the row's bytes, region outside). */
NNC_API enum nnc_status nnc_preprocess(struct nnc_preprocessor *preprocessor,
                                       const struct nnc_image *image, float *tensor,
                                       struct nnc_error *error);

#ifdef __cplusplus
}
#endif

#endif
