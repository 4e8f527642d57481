/* SPDX-License-Identifier: MIT */
#ifndef NNC_KERNELS_TABLES_H
#define NNC_KERNELS_TABLES_H

/* The tables that nnc_kernels_get chooses from; which of them exist is the build's
 * decision (NNC_HAVE_*). */

#include "kernels.h"

/* The functions of a table, which every backend's file names alike. */
#define NNC_KERNEL_FUNCTIONS                                                                   \
    .conv_items = conv_items, .conv_scratch_floats = conv_scratch_floats, .conv = conv,        \
    .depthwise = depthwise, .activate = activate, .binary = binary,                            \
    .binary_channels = binary_channels, .affine = affine, .pool = pool, .average = average

extern const struct nnc_kernels nnc_kernels_reference;
extern const struct nnc_kernels nnc_kernels_blas;
extern const struct nnc_kernels nnc_kernels_generic;
extern const struct nnc_kernels nnc_kernels_avx2;
extern const struct nnc_kernels nnc_kernels_avx512;
extern const struct nnc_kernels nnc_kernels_neon;

#endif
