/* SPDX-License-Identifier: MIT */
#ifndef NNC_IMAGE_COLUMNS_H
#define NNC_IMAGE_COLUMNS_H

/* Fills the table by which a component is averaged across (band.h). */

#include "band.h"
#include "pixel_layout.h"

/* Memory for up to `n` outputs from rows of at most `max_row_bytes`. Answers false if
 * memory is short; nnc_columns_finish takes half-made and zeroed ones. */
bool nnc_columns_init(struct nnc_columns *columns, uint32_t n, size_t max_row_bytes);
void nnc_columns_finish(struct nnc_columns *columns);

/* For `n` outputs from `spans` whose weights have `bits` bits, see nnc_columns_bits; byte
 * `first_byte` of the row is column 0 of the band. */
void nnc_columns_set(struct nnc_columns *columns, const struct nnc_span *spans, uint32_t n,
                     unsigned bits, const struct nnc_component *component,
                     size_t first_byte);

/* The most bits a weight may have where an output covers `extent` samples, so that its sum
 * fits 31 bits. Coverage is thus rounded to 2^-16 of the output or better. */
unsigned nnc_columns_bits(double extent);

#endif
