/* SPDX-License-Identifier: MIT */
#ifndef NNC_KERNELS_CONV_WINDOW_H
#define NNC_KERNELS_CONV_WINDOW_H

/* Which taps of a convolution fall on the picture, for all kernels that leave out padding. */

#include "kernels.h"

/* Pixels [lo, hi) of the tile whose tap kx lies inside the picture. */
static __attribute__((noinline)) void valid_pixels(const struct nnc_conv_args *a, uint32_t x0,
                                                   uint32_t kx, int mr, int *lo, int *hi)
{
    const int64_t first = (int64_t)x0 * a->stride[1] + (int64_t)kx * a->dilation[1] - a->pad[1];
    const int64_t step = a->stride[1], width = a->in_width;
    *lo = 0;
    *hi = mr;
    if (first >= 0 && first + (mr - 1) * step < width)
        return;
    while (*lo < mr && first + *lo * step < 0)
        ++*lo;
    while (*hi > *lo && first + (*hi - 1) * step >= width)
        --*hi;
}

/* Taps of row y that lie inside the picture: [*ky0, *ky1). */
static void valid_rows(const struct nnc_conv_args *a, uint32_t y, uint32_t *ky0, uint32_t *ky1)
{
    const int64_t first = (int64_t)y * a->stride[0] - a->pad[0];
    *ky0 = 0;
    while (*ky0 < a->kernel[0] && first + (int64_t)*ky0 * a->dilation[0] < 0)
        ++*ky0;
    *ky1 = a->kernel[0];
    while (*ky1 > *ky0 &&
           first + (int64_t)(*ky1 - 1) * a->dilation[0] >= (int64_t)a->in_height)
        --*ky1;
}

#endif
