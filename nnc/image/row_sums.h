/* SPDX-License-Identifier: MIT */
#ifndef NNC_IMAGE_ROW_SUMS_H
#define NNC_IMAGE_ROW_SUMS_H

/* The two loops in which a picture's bytes are read: rows into column sums, column sums
 * into output samples. All arithmetic is on integers: no order of summation, vector width
 * or alignment changes a bit.
 *
 * Threads: any, on different memory. Allocates: nothing. */

#include "spans.h"

#include <stddef.h>

/* The most bits a vertical weight may have so that a sum over `rows` rows fits 32 bits.
 */
unsigned nnc_row_sum_bits(uint32_t rows);

/* sums[x] = the weighted sum of bytes x of the rows of `span`, for x < n; `bits` is what
 * the span was computed with. `plane` is byte 0 of row 0. `partial` is scratch of n. */
void nnc_row_sums(uint32_t *restrict sums, uint16_t *restrict partial, size_t n,
                  const uint8_t *plane, ptrdiff_t stride_bytes,
                  const struct nnc_span *span, unsigned bits);

/* out[i] = scale * the weighted mean of sums[step * k] over the samples k of spans[i],
 * whose weights have NNC_SPAN_BITS bits. */
void nnc_column_means(float *restrict out, const struct nnc_span *spans, uint32_t n,
                      const uint32_t *sums, unsigned step, double scale);

#endif
