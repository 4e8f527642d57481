/* SPDX-License-Identifier: MIT */
#ifndef NNC_KERNELS_CONV_WINDOW_H
#define NNC_KERNELS_CONV_WINDOW_H

/* Which taps of a convolution fall on the picture, for all kernels that leave out padding. */

#include "kernels.h"

enum axis { Y, X };

/* Of `n` outputs from `at` on along an axis, those [lo, hi) whose tap lies inside the
 * picture. */
static __attribute__((noinline)) void valid_outputs(const struct nnc_conv_args *a,
                                                    enum axis axis, uint32_t at, uint32_t tap,
                                                    int n, int *lo, int *hi)
{
    const int64_t step = a->stride[axis], size = axis == X ? a->in_width : a->in_height;
    const int64_t first = at * step + (int64_t)tap * a->dilation[axis] - a->pad[axis];
    *lo = 0;
    *hi = n;
    if (first >= 0 && first + (n - 1) * step < size)
        return;
    while (*lo < n && first + *lo * step < 0)
        ++*lo;
    while (*hi > *lo && first + (*hi - 1) * step >= size)
        --*hi;
}

/* Taps of row y that lie inside the picture: [*ky0, *ky1). */
static __attribute__((unused)) void valid_rows(const struct nnc_conv_args *a, uint32_t y, uint32_t *ky0, uint32_t *ky1)
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
