/* SPDX-License-Identifier: MIT */
/* The loops of a band on vectors, after a lanes_*.h; compiled once per instruction set. In
 * registers a vector of bytes is two of 16-bit lanes, its even and its odd columns: so bytes
 * widen by a mask and a shift. Full rows are added up without even that: the sum of lanes
 * as they come, odd * 256 + even, and the sum of the odd ones; the difference is exact in
 * 16 bits for up to 257 rows. */

#include "band.h"

#include "color_row.h"

#include <string.h>

enum { ROWS_AT_ONCE = 8, MOST_FULL_ROWS = 257 };

/* Sums of full rows of one vector of columns. */
struct sums {
    lanes both, odd;
};

static inline struct sums add_bytes(struct sums sums, lanes bytes)
{
    sums.both = lanes_add16(sums.both, bytes);
    sums.odd = lanes_add16(sums.odd, lanes_high_bytes(bytes));
    return sums;
}

/* Adds ROWS_AT_ONCE rows to the partial sums of all columns, or begins them: two vectors
 * for each vector of columns. The last vector overlaps the one before where it must. */
static void add_full_rows(uint16_t *partial, const uint8_t *row, ptrdiff_t stride, size_t n,
                          bool begin)
{
    for (size_t x = 0;; x += LANES) {
        const size_t at = x + LANES <= n ? x : n - LANES;
        struct sums sums = {lanes_zero(), lanes_zero()};
        if (!begin)
            sums = (struct sums){lanes_load(partial + x), lanes_load(partial + x + LANES / 2)};
        _Pragma("GCC unroll 8") for (int i = 0; i < ROWS_AT_ONCE; i++)
            sums = add_bytes(sums, lanes_load(row + i * stride + at));
        lanes_store(partial + x, sums.both);
        lanes_store(partial + x + LANES / 2, sums.odd);
        if (x + LANES >= n)
            return;
    }
}

/* What one row of a band is made of. */
struct span_rows {
    const uint8_t *first, *last;
    const uint8_t *full; /* rows not yet in the partial sums */
    ptrdiff_t stride;
    uint32_t n_full;
    const uint16_t *partial; /* or NULL */
    lanes weights;           /* of first and last, negative, in each 32 bits */
    unsigned bits;
    float factor;
};

/* Half a vector of means from the 16-bit sums of full rows and from the bytes of the
 * weighted ones. */
static inline lanes mean(const struct span_rows *s, lanes full, lanes first, lanes last)
{
    const lanes zero = lanes_zero();
    const lanes low = lanes_sub32(lanes_shl32(lanes_unpack_low16(full, zero), s->bits),
                                  lanes_madd(lanes_unpack_low16(first, last), s->weights));
    const lanes high = lanes_sub32(lanes_shl32(lanes_unpack_high16(full, zero), s->bits),
                                   lanes_madd(lanes_unpack_high16(first, last), s->weights));
    return lanes_pack32(lanes_scale32(low, s->factor), lanes_scale32(high, s->factor));
}

/* LANES columns from `at` on, to row 0 of the blocks at `out`. */
static inline void mean_columns_of(const struct span_rows *s, size_t x, size_t at,
                                   uint16_t *out)
{
    struct sums sums = {lanes_zero(), lanes_zero()};
    if (s->partial)
        sums = (struct sums){lanes_load(s->partial + x),
                             lanes_load(s->partial + x + LANES / 2)};
    for (uint32_t i = 0; i < s->n_full; i++)
        sums = add_bytes(sums, lanes_load(s->full + (ptrdiff_t)i * s->stride + at));
    const lanes first = lanes_load(s->first + at), last = lanes_load(s->last + at);
    const lanes even = mean(s, lanes_sub16(sums.both, lanes_high_lane(sums.odd)),
                            lanes_low_bytes(first), lanes_low_bytes(last));
    const lanes odd = mean(s, sums.odd, lanes_high_bytes(first), lanes_high_bytes(last));
    lanes_store_blocks(out, lanes_unpack_low16(even, odd), lanes_unpack_high16(even, odd));
}

/* The last columns, fewer than a vector has: a whole vector that ends with the row. */
static void mean_last_columns(const struct span_rows *s, size_t x, size_t n, uint16_t *out)
{
    uint16_t blocks[LANES / NNC_BAND_COLUMNS * NNC_BAND_BLOCK];
    mean_columns_of(s, x, n - LANES, blocks);
    for (size_t i = 0; i < n - x; i++) {
        const size_t from = LANES - (n - x) + i;
        out[i / NNC_BAND_COLUMNS * NNC_BAND_BLOCK + i % NNC_BAND_COLUMNS] =
            blocks[from / NNC_BAND_COLUMNS * NNC_BAND_BLOCK + from % NNC_BAND_COLUMNS];
    }
}

static void mean_rows(uint16_t *band, unsigned row, const struct nnc_band_source *source,
                      const struct nnc_span *span, unsigned bits)
{
    const uint32_t distance = span->last - span->first;
    const ptrdiff_t stride = source->stride_bytes;
    const size_t n = source->n;
    if (n < LANES || distance > MOST_FULL_ROWS) { /* too small, or beyond 16 bits */
        nnc_image_kernels_plain.mean_rows(band, row, source, span, bits);
        return;
    }
    struct span_rows s = {
        .first = source->plane + (ptrdiff_t)span->first * stride,
        .last = source->plane + (ptrdiff_t)span->last * stride,
        .full = source->plane + ((ptrdiff_t)span->first + 1) * stride,
        .stride = stride,
        .n_full = distance ? distance - 1 : 0,
        .weights = lanes_set_pair((int16_t)-span->first_weight, (int16_t)-span->last_weight),
        .bits = bits,
        .factor = (float)(span->inverse_weight * (NNC_BAND_ONE / 255)),
    };
    for (; s.n_full > ROWS_AT_ONCE; s.n_full -= ROWS_AT_ONCE) {
        add_full_rows(source->partial, s.full, stride, n, !s.partial);
        s.partial = source->partial;
        s.full += ROWS_AT_ONCE * stride;
    }
    uint16_t *const out = band + (size_t)row * NNC_BAND_COLUMNS;
    size_t x = 0;
    for (; x + LANES <= n; x += LANES)
        mean_columns_of(&s, x, x, out + x / NNC_BAND_COLUMNS * NNC_BAND_BLOCK);
    if (x < n)
        mean_last_columns(&s, x, n, out + x / NNC_BAND_COLUMNS * NNC_BAND_BLOCK);
}

static void turn(uint16_t *band, size_t n)
{
    for (size_t x = 0; x < n; x += NNC_BAND_COLUMNS, band += NNC_BAND_BLOCK)
        turn_8x8(band);
}

/* A row's eight outputs; vectorised by the compiler. */
static inline void finish_row(float *restrict out, const int32_t *restrict sums,
                              const double *restrict inverse)
{
    for (int i = 0; i < NNC_BAND_ROWS; i++)
        out[i] = (float)((double)sums[i] * inverse[i]);
}

/* Eight outputs of eight rows at a time, turned back before they are stored. */
static void mean_columns(float *out, const uint16_t *band, const struct nnc_columns *columns)
{
    const int16_t(*weight)[2] = (const int16_t(*)[2])columns->weights;
    for (uint32_t i = 0; i < columns->n; i += NNC_BAND_ROWS) {
        int32_t sums[NNC_BAND_ROWS][NNC_BAND_ROWS];
        for (int k = 0; k < NNC_BAND_ROWS; k++) {
            const uint16_t *pair =
                band + (size_t)columns->first_pair[i + k] * NNC_BAND_ROWS * 2;
            const uint32_t n = columns->n_pairs[i + k];
            rows8 acc = rows8_zero();
            for (uint32_t j = 0; j < n; j++, pair += NNC_BAND_ROWS * 2)
                acc = rows8_add_products(acc, pair, weight[j]);
            weight += n;
            rows8_store(sums[k], acc);
        }
        turn_8x8(sums);
        for (int row = 0; row < NNC_BAND_ROWS; row++)
            finish_row(out + (size_t)row * columns->n + i, sums[row], columns->inverse + i);
    }
}

#define NNC_IMAGE_KERNELS                                                                      \
    {                                                                                          \
        .mean_rows = mean_rows, .turn = turn, .mean_columns = mean_columns,                    \
        .color_row = color_row,                                                                \
    }
