/* SPDX-License-Identifier: MIT */
/* Image preprocessing compiled for AVX-512. */

#include "lanes_avx512.h"

#include "band_body.h"

const struct nnc_image_kernels nnc_image_kernels_avx512 = NNC_IMAGE_KERNELS;
