/* SPDX-License-Identifier: MIT */
/* The kernels compiled for AVX-512. */

#include "vec_avx512.h"

#include "conv_body.h"
#include "depthwise_body.h"
#include "elementwise_body.h"
#include "tables.h"

const struct nnc_kernels nnc_kernels_avx512 = {
    .name = "avx512",
    .backend = NNC_BACKEND_AVX512,
    .conv_items = conv_items,
    .conv_scratch_floats = conv_scratch_floats,
    .conv = conv,
    .depthwise = depthwise,
    .activate = activate,
    .binary = binary,
    .binary_channels = binary_channels,
    .affine = affine,
    .pool = pool,
    .average = average,
};
