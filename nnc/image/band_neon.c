/* SPDX-License-Identifier: MIT */
/* Image preprocessing compiled for NEON. */

#include "lanes_neon.h"

#include "band_body.h"

const struct nnc_image_kernels nnc_image_kernels_neon = NNC_IMAGE_KERNELS;
