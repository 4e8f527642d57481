/* SPDX-License-Identifier: MIT */
#ifndef NNC_KERNELS_WINOGRAD_H
#define NNC_KERNELS_WINOGRAD_H

/* Winograd's convolution F(m x m, 3 x 3), m 2 or 4: which layers it is used for, and its
 * weights. The arithmetic is in winograd_body.h. */

#include "kernels.h"

/* The m for a layer, 0 where the direct convolution is better. Decided by the layer's shape
 * alone, for every instruction set alike: a cutout, a timing or the number of threads may
 * not change how a number is computed. */
uint32_t nnc_winograd_choose(const struct nnc_conv_args *args);

/* Floats of packed weights per output block. */
uint64_t nnc_winograd_packed_floats(uint32_t in_channels, uint32_t m);

/* From the packed weights of a block for the direct convolution (3x3, see struct
 * nnc_conv_args) to those for Winograd's: 16 biases, then for every point, input channel: 16
 * weights. */
void nnc_winograd_pack(const float *direct, uint32_t in_channels, uint32_t m, float *packed);

#endif
