/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_MODES_H
#define NNC_CAMERA_MODES_H

/* What a camera can give: format, size, rate. An offer is one row of what its driver
 * enumerates; a mode is one choice out of an offer.
 *
 * Threads: single. */

#include "camera_device.h"
#include "camera_format.h"

struct nnc_camera_range {
    uint32_t low, high, step; /* low == high: there is one value */
};

/* Frames per second; 0/1: not known. */
struct nnc_camera_rate {
    uint32_t n, d;
};

#define NNC_CAMERA_MAX_RATES 32

struct nnc_camera_offer {
    const struct nnc_camera_format *format;
    bool converted; /* by libv4l2, from what nobody else can read */
    struct nnc_camera_range width, height;
    struct nnc_camera_rate rates[NNC_CAMERA_MAX_RATES]; /* as the driver lists them */
    unsigned n_rates;      /* 0: the driver says nothing about rates */
    bool any_rate_between; /* of rates[0], the slowest, and rates[1], the fastest */
};

/* Zero-initialise. */
struct nnc_camera_offers {
    struct nnc_camera_offer *rows;
    unsigned n;
    unsigned n_unreadable; /* formats that only libv4l2 may read, by native enumeration */
};

struct nnc_camera_mode {
    const struct nnc_camera_format *format;
    bool converted;
    uint32_t width, height;
    struct nnc_camera_rate rate;
};

/* Appends what `camera` offers to `offers`; with the converter's ops only what libv4l2
 * makes. Fails: LOST and others as the device; UNSUPPORTED if there is nothing at all
 * that this code knows (then `offers->n_unreadable` says whether to ask the converter).
 */
enum nnc_camera_trouble nnc_camera_modes_read(const struct nnc_camera *camera,
                                              struct nnc_camera_offers *offers,
                                              struct nnc_camera_error *error);
/* The same for a path: native modes, and converted ones where some format needs it. */
enum nnc_camera_trouble nnc_camera_modes_read_all(const struct nnc_camera *camera,
                                                  const struct nnc_v4l2_ops *converter,
                                                  struct nnc_camera_offers *offers,
                                                  struct nnc_camera_error *error);
void nnc_camera_offers_clear(struct nnc_camera_offers *offers);
/* NULL if there is no memory. The row is zero. */
struct nnc_camera_offer *nnc_camera_offers_add(struct nnc_camera_offers *offers);

/* What a driver says of the pictures that it gives in a mode, beyond the mode. */
struct nnc_camera_setting {
    uint32_t line[NNC_CAMERA_MAX_PLANES]; /* bytes, for each piece of memory */
    /* V4L2_FIELD_...: NONE; INTERLACED, TB and BT: both fields, line by line; TOP, BOTTOM
     * and ALTERNATE: one field, a picture of half the lines. No other. */
    uint32_t field;
    /* V4L2_COLORSPACE_..., _YCBCR_ENC_..., _QUANTIZATION_..., _XFER_FUNC_...; 0: it says
     * nothing, or: as usual for the colour space. */
    uint32_t colorspace, encoding, quantization, transfer;
};

/* Puts the camera into `mode`, with whole pictures if it can. A driver that takes another
 * size or format instead fails with UNSUPPORTED, and so does one that puts two fields one
 * after the other into a buffer, which nobody could read. */
enum nnc_camera_trouble nnc_camera_mode_set(const struct nnc_camera *camera,
                                            const struct nnc_camera_mode *mode,
                                            struct nnc_camera_setting *setting,
                                            struct nnc_camera_error *error);

/* "YUY2 640x480 at 30/1"; answers `text`. */
const char *nnc_camera_mode_print(const struct nnc_camera_mode *mode, char *text,
                                  size_t size);

#endif
