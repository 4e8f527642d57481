/* SPDX-License-Identifier: MIT */
/* The loops of a band in plain C: what they compute, stands here; every other instruction
 * set gives the same bits. Written for the compiler's vectoriser: whole rows at a time, no
 * aliasing, the narrowest type that holds the sum. */

#include "band.h"

#include "color_row.h"

#include <string.h>

enum { ROWS_IN_16_BITS = 256 };

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
static void weigh_two_rows(int32_t *restrict sums, size_t n, const uint8_t *restrict first,
                           uint16_t first_weight, const uint8_t *restrict last,
                           uint16_t last_weight)
{
    for (size_t x = 0; x < n; x++)
        sums[x] = (int32_t)((uint32_t)first[x] * first_weight +
                            (uint32_t)last[x] * last_weight);
}

static void add_shifted(int32_t *restrict sums, size_t n, const uint16_t *restrict partial,
                        unsigned bits)
{
    for (size_t x = 0; x < n; x++)
        sums[x] += partial[x] << bits;
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

/* To the nearest, halves to even, by adding 1.5 * 2^23: what x86 and ARM do in one
 * instruction, in a form that every compiler vectorises. */
static inline uint16_t scaled(int32_t sum, float factor)
{
    const float magic = 12582912.0f, shifted = (float)sum * factor + magic;
    int32_t bits, magic_bits;
    memcpy(&bits, &shifted, sizeof bits);
    memcpy(&magic_bits, &magic, sizeof magic_bits);
    return (uint16_t)(bits - magic_bits);
}

static void store_means(uint16_t *restrict band, unsigned row, size_t n,
                        const int32_t *restrict sums, float factor)
{
    uint16_t *out = band + (size_t)row * NNC_BAND_COLUMNS;
    for (; n >= NNC_BAND_COLUMNS; n -= NNC_BAND_COLUMNS) {
        for (int x = 0; x < NNC_BAND_COLUMNS; x++)
            out[x] = scaled(sums[x], factor);
        sums += NNC_BAND_COLUMNS;
        out += NNC_BAND_BLOCK;
    }
    for (size_t x = 0; x < n; x++)
        out[x] = scaled(sums[x], factor);
}

static void mean_rows(uint16_t *band, unsigned row, const struct nnc_band_source *source,
                      const struct nnc_span *span, unsigned bits)
{
    const size_t n = source->n;
    const ptrdiff_t stride = source->stride_bytes;
    weigh_two_rows(source->sums, n, source->plane + (ptrdiff_t)span->first * stride,
                   span->first_weight, source->plane + (ptrdiff_t)span->last * stride,
                   span->last_weight);
    for (uint32_t y = span->first + 1; y < span->last;) {
        const uint32_t left = span->last - y;
        const uint32_t count = left < ROWS_IN_16_BITS ? left : ROWS_IN_16_BITS;
        add_full_rows(source->partial, n, source->plane + (ptrdiff_t)y * stride, stride,
                      count);
        add_shifted(source->sums, n, source->partial, bits);
        y += count;
    }
    store_means(band, row, n, source->sums,
                (float)(span->inverse_weight * (NNC_BAND_ONE / 255)));
}

static void turn(uint16_t *band, size_t n)
{
    for (size_t x = 0; x < n; x += NNC_BAND_COLUMNS, band += NNC_BAND_BLOCK) {
        uint16_t rows[NNC_BAND_ROWS][NNC_BAND_COLUMNS];
        memcpy(rows, band, sizeof rows);
        for (int pair = 0; pair < NNC_BAND_COLUMNS / 2; pair++)
            for (int row = 0; row < NNC_BAND_ROWS; row++)
                memcpy(band + (pair * NNC_BAND_ROWS + row) * 2, &rows[row][pair * 2],
                       2 * sizeof *band);
    }
}

/* Unsigned inside: rows that hold no means may overflow. */
static void mean_columns(float *out, const uint16_t *band, const struct nnc_columns *columns)
{
    const int16_t(*weight)[2] = (const int16_t(*)[2])columns->weights;
    for (uint32_t i = 0; i < columns->n; i++) {
        const uint16_t *pair = band + (size_t)columns->first_pair[i] * NNC_BAND_ROWS * 2;
        uint32_t sums[NNC_BAND_ROWS] = {0};
        for (uint32_t k = 0; k < columns->n_pairs[i]; k++, weight++) {
            const int16_t a = (*weight)[0], b = (*weight)[1];
            for (int row = 0; row < NNC_BAND_ROWS; row++)
                sums[row] += (uint32_t)((int16_t)pair[2 * row] * a) +
                             (uint32_t)((int16_t)pair[2 * row + 1] * b);
            pair += NNC_BAND_ROWS * 2;
        }
        for (int row = 0; row < NNC_BAND_ROWS; row++)
            out[(size_t)row * columns->n + i] =
                (float)((double)(int32_t)sums[row] * columns->inverse[i]);
    }
}

const struct nnc_image_kernels nnc_image_kernels_plain = {
    .mean_rows = mean_rows,
    .turn = turn,
    .mean_columns = mean_columns,
    .color_row = color_row,
};
