/* SPDX-License-Identifier: MIT */
#ifndef NNC_IMAGE_PIXEL_LAYOUT_H
#define NNC_IMAGE_PIXEL_LAYOUT_H

/* Where the samples of each pixel format lie, so that everything else is one loop over
 * components instead of one function per format. */

#include <nnc/image.h>

/* Sample i of row j of a component is at plane[j * stride + offset + i * step]; it covers
 * shrink_x x shrink_y pixels of the picture. */
struct nnc_component {
    uint8_t plane, offset, step, shrink_x, shrink_y;
};

struct nnc_pixel_layout {
    const char *name;
    bool yuv;                /* components are Y, U, V; else R, G, B or grey */
    unsigned n_planes;
    unsigned n_components;   /* 1 or 3 */
    struct nnc_component component[3];
};

/* NULL for an unknown format. Threads: shared. */
const struct nnc_pixel_layout *nnc_pixel_layout(enum nnc_pixel_format format);

/* Checks everything that nnc_preprocess is to believe. Fails: NNC_BAD_IMAGE. */
enum nnc_status nnc_image_check(const struct nnc_image *image, struct nnc_error *error);

#endif
