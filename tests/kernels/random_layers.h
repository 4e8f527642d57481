/* SPDX-License-Identifier: MIT */
#ifndef TESTS_KERNELS_RANDOM_LAYERS_H
#define TESTS_KERNELS_RANDOM_LAYERS_H

/* What the tests of convolutions draw and guard: numbers, sizes, shapes, and outputs that
 * nothing may be written beside. Threads: single. */

#include "../fuzz/dice.h"
#include "kernels/kernels.h"

float random_float(struct dice *dice); /* -1..1, in thousandths */
float *random_floats(struct dice *dice, size_t n); /* to be freed */

/* Around the widths of vectors and tiles. */
uint32_t random_size(struct dice *dice);

/* Sizes, kernel, stride, dilation and padding, with an output that is not empty. */
void random_geometry(struct nnc_conv_args *args, struct dice *dice);

/* The same with an output of 4x4, for which there are tiles of their own. */
void random_map_geometry(struct nnc_conv_args *args, struct dice *dice);

/* Room for n floats with guards on both sides; then what was written there, to be freed.
 * Ends the program where a guard was overwritten. */
float *guarded_floats(size_t n);
float *unguarded_floats(float *floats, size_t n);

#endif
