/* SPDX-License-Identifier: MIT */
/* Image preprocessing for the baseline of x86-64. */

#if defined(__SSE2__)

#include "lanes_sse2.h"

#include "band_body.h"

const struct nnc_image_kernels nnc_image_kernels_generic = NNC_IMAGE_KERNELS;

#endif
