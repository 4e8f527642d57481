/* SPDX-License-Identifier: MIT */
/* Written for the compiler's vectoriser: whole rows at a time, no aliasing, the narrowest
 * type that holds the sum. 256 rows of bytes fit 16 bits, twice as many lanes as 32. */

#include "row_sums.h"

#include <string.h>

enum { ROWS_IN_16_BITS = 256 };

unsigned nnc_row_sum_bits(uint32_t rows)
{
    unsigned bits = NNC_SPAN_BITS;
    while (((uint64_t)rows * 255) << bits > UINT32_MAX)
        bits--;
    return bits;
}

/* Four at once: the sums travel between cache and registers a quarter as often. */
static void add_four_rows(uint16_t *restrict sums, size_t n, const uint8_t *restrict a,
                          const uint8_t *restrict b, const uint8_t *restrict c,
                          const uint8_t *restrict d)
{
    for (size_t x = 0; x < n; x++)
        sums[x] = (uint16_t)(sums[x] + a[x] + b[x] + c[x] + d[x]);
}

static void add_row(uint16_t *restrict sums, size_t n, const uint8_t *restrict row)
{
    for (size_t x = 0; x < n; x++)
        sums[x] = (uint16_t)(sums[x] + row[x]);
}

/* Weights are 16 bits wide, so that this is a widening multiplication. */
static void weigh_two_rows(uint32_t *restrict sums, size_t n,
                           const uint8_t *restrict first, uint16_t first_weight,
                           const uint8_t *restrict last, uint16_t last_weight)
{
    for (size_t x = 0; x < n; x++)
        sums[x] = (uint32_t)first[x] * first_weight + (uint32_t)last[x] * last_weight;
}

static void add_shifted(uint32_t *restrict sums, size_t n,
                        const uint16_t *restrict partial, unsigned bits)
{
    for (size_t x = 0; x < n; x++)
        sums[x] += (uint32_t)partial[x] << bits;
}

static void add_full_rows(uint16_t *restrict partial, size_t n, const uint8_t *row,
                          ptrdiff_t stride, uint32_t count)
{
    memset(partial, 0, n * sizeof *partial);
    for (; count >= 4; count -= 4, row += 4 * stride)
        add_four_rows(partial, n, row, row + stride, row + 2 * stride, row + 3 * stride);
    for (; count; count--, row += stride)
        add_row(partial, n, row);
}

void nnc_row_sums(uint32_t *restrict sums, uint16_t *restrict partial, size_t n,
                  const uint8_t *plane, ptrdiff_t stride_bytes,
                  const struct nnc_span *span, unsigned bits)
{
    weigh_two_rows(sums, n, plane + (ptrdiff_t)span->first * stride_bytes,
                   span->first_weight, plane + (ptrdiff_t)span->last * stride_bytes,
                   span->last_weight);
    for (uint32_t y = span->first + 1; y < span->last;) {
        const uint32_t left = span->last - y;
        const uint32_t count = left < ROWS_IN_16_BITS ? left : ROWS_IN_16_BITS;
        add_full_rows(partial, n, plane + (ptrdiff_t)y * stride_bytes, stride_bytes,
                      count);
        add_shifted(sums, n, partial, bits);
        y += count;
    }
}

/* 2^32 a sum, 2^14 samples, 2^15 a weight: 61 bits at most. */
static inline float column_mean(const struct nnc_span *span, const uint32_t *sums,
                                size_t step, double scale)
{
    const uint32_t *const first = sums + step * span->first;
    const uint32_t *const last = sums + step * span->last;
    uint64_t between = 0;
    for (const uint32_t *at = first + step; at < last; at += step)
        between += *at;
    const uint64_t total = (between << NNC_SPAN_BITS) +
                           (uint64_t)*first * span->first_weight +
                           (uint64_t)*last * span->last_weight;
    return (float)((double)(int64_t)total * (span->inverse_weight * scale));
}

static inline void column_means(float *restrict out, const struct nnc_span *spans,
                                uint32_t n, const uint32_t *sums, size_t step,
                                double scale)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = column_mean(&spans[i], sums, step, scale);
}

/* A step known to the compiler makes the commonest one a vector loop. */
void nnc_column_means(float *restrict out, const struct nnc_span *spans, uint32_t n,
                      const uint32_t *sums, unsigned step, double scale)
{
    if (step == 1)
        column_means(out, spans, n, sums, 1, scale);
    else
        column_means(out, spans, n, sums, step, scale);
}
