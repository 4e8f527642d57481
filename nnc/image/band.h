/* SPDX-License-Identifier: MIT */
#ifndef NNC_IMAGE_BAND_H
#define NNC_IMAGE_BAND_H

/* The loops in which a picture's bytes become samples of the output, eight output rows (a
 * band) at a time; compiled once per instruction set. First every byte column of a plane is
 * averaged down the rows, then these means across the columns. In between they have 15
 * bits: a mean of bytes times 128, rounded, which moves a sample by at most 2^-16 of full
 * scale and lets the second step multiply 16-bit numbers.
 *
 * All sums are integers, and the few floats are converted, multiplied and rounded one by
 * one: no order of summation, vector width or instruction set changes a bit.
 *
 * Layout of a band: blocks of 16 columns, in each [8 rows][16 columns]. After turn():
 * [8 pairs of columns][8 rows][2 columns], so that one pair of all rows lies together.
 *
 * Threads: any, on different memory. Allocates: nothing. */

#include "color.h"
#include "spans.h"

#include <stddef.h>

enum {
    NNC_BAND_ROWS = 8,
    NNC_BAND_COLUMNS = 16, /* of a block */
    NNC_BAND_BLOCK = NNC_BAND_ROWS * NNC_BAND_COLUMNS,
    NNC_BAND_ONE = 128 * 255 /* full scale */
};

/* The bytes of a plane that are read, and scratch of as many elements. */
struct nnc_band_source {
    const uint8_t *plane; /* the first byte of row 0 that is read */
    ptrdiff_t stride_bytes;
    size_t n; /* bytes of a row; at least 1 */
    int32_t *sums;
    uint16_t *partial;
};

/* How the samples of one component are averaged across: output i is the sum of
 * band pair (first_pair[i] + k) times weights pair k, times inverse[i]. Weights are
 * negative, since -2^15 fits 16 bits and 2^15 does not; so is `inverse`. */
struct nnc_columns {
    uint32_t n;           /* outputs, a multiple of 8; those added have no pairs */
    uint32_t *first_pair; /* [n] */
    uint32_t *n_pairs;    /* [n] */
    int16_t (*weights)[2];
    double *inverse; /* [n] */
};

struct nnc_image_kernels {
    /* Row `row` of the band becomes the means of the source's bytes over `span`; `bits` is
     * what the span was computed with, at most nnc_band_bits(rows). */
    void (*mean_rows)(uint16_t *band, unsigned row, const struct nnc_band_source *source,
                      const struct nnc_span *span, unsigned bits);
    /* Lays the first n columns anew, see above. */
    void (*turn)(uint16_t *band, size_t n);
    /* out[row * columns->n + i], for all eight rows; those never written by mean_rows give
     * numbers without meaning. */
    void (*mean_columns)(float *out, const uint16_t *band, const struct nnc_columns *columns);
    /* n values of one channel (color.h). Components with weight 0 must be finite. */
    void (*color_row)(float *out, const struct nnc_color_channel *channel,
                      const float *const component[3], uint32_t n);
};

/* The most bits a vertical weight may have so that a sum over `rows` rows fits 31 bits. */
unsigned nnc_band_bits(uint32_t rows);

/* Plain C for any processor; then what vectors compute, where they are built. */
extern const struct nnc_image_kernels nnc_image_kernels_plain;
extern const struct nnc_image_kernels nnc_image_kernels_generic; /* x86-64 alone */
extern const struct nnc_image_kernels nnc_image_kernels_avx2;
extern const struct nnc_image_kernels nnc_image_kernels_avx512;
extern const struct nnc_image_kernels nnc_image_kernels_neon;

#endif
