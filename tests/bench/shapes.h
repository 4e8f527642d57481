/* SPDX-License-Identifier: MIT */
#ifndef NNC_BENCH_SHAPES_H
#define NNC_BENCH_SHAPES_H

/* The layers whose kernels are timed: those of the design's table, and every different
 * convolution of model files. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_shape {
    uint32_t in_channels, in_height, in_width, out_channels, kernel, stride, pad;
    bool picture;   /* the input is planar, as a picture comes */
    uint32_t count; /* how many layers of the last model have it; 0: of the table */
};

enum { BENCH_MAX_SHAPES = 128 };

/* Fills `shapes`, returns how many. Models are files; one that cannot be opened ends the
 * program with its reason. */
size_t bench_shapes(struct bench_shape shapes[BENCH_MAX_SHAPES], bool table,
                    char *const *models, int n_models);

uint32_t bench_out_size(uint32_t in, const struct bench_shape *shape);

/* Multiply-adds as ONNX counts them, and of those the ones that do not fall on padding.
 */
uint64_t bench_macs(const struct bench_shape *shape);
uint64_t bench_true_macs(const struct bench_shape *shape);

#endif
