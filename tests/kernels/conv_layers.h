/* SPDX-License-Identifier: MIT */
#ifndef TESTS_KERNELS_CONV_LAYERS_H
#define TESTS_KERNELS_CONV_LAYERS_H

/* A convolution of a random shape, layout and epilogue on one choice of kernels: its
 * results are those of the plain-C reference within a bound derived from the length of the
 * sum, nothing is written beside them, and which blocks and items are computed beside an
 * element does not change its bits. Threads: single. */

#include "../fuzz/dice.h"
#include "../kernel_choices.h"

/* `choice` is there (has_kernels) and warmed up. False if something does not hold; said on
 * stderr. */
bool check_conv_layer(struct dice *dice, const struct kernel_choice *choice);

#endif
