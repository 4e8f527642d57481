/* SPDX-License-Identifier: MIT */
/* Image preprocessing compiled for AVX2. */

#include "lanes_avx2.h"

#include "band_body.h"

const struct nnc_image_kernels nnc_image_kernels_avx2 = NNC_IMAGE_KERNELS;
