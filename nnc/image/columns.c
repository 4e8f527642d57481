/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include "../base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Pairs that an output touches beyond half of the bytes between its first and its last
 * sample; samples are at most 4 bytes apart. */
enum { MORE_PAIRS = 4 };

bool nnc_columns_init(struct nnc_columns *columns, uint32_t n, size_t max_row_bytes)
{
    const size_t padded = nnc_align(n, NNC_BAND_ROWS);
    columns->first_pair = nnc_alloc(padded, sizeof *columns->first_pair);
    columns->n_pairs = nnc_alloc(padded, sizeof *columns->n_pairs);
    columns->weights =
        nnc_alloc(max_row_bytes / 2 + MORE_PAIRS * padded, sizeof *columns->weights);
    columns->inverse = nnc_alloc(padded, sizeof *columns->inverse);
    return columns->first_pair && columns->n_pairs && columns->weights && columns->inverse;
}

void nnc_columns_finish(struct nnc_columns *columns)
{
    free(columns->first_pair);
    free(columns->n_pairs);
    free(columns->weights);
    free(columns->inverse);
    *columns = (struct nnc_columns){0};
}

unsigned nnc_columns_bits(double extent)
{
    unsigned bits = NNC_SPAN_BITS;
    while (bits && extent * (double)(1u << bits) > 65536)
        bits--;
    return bits;
}

static int16_t negative(unsigned weight)
{
    return (int16_t)-(int)weight;
}

/* The weights of one output, from `weights` on; answers how many pairs there are. */
static uint32_t set_weights(int16_t (*weights)[2], const struct nnc_span *span, unsigned bits,
                            unsigned step, size_t first_column)
{
    const uint32_t n_samples = span->last - span->first + 1;
    const size_t end = first_column % 2 + (size_t)step * (n_samples - 1);
    const uint32_t n_pairs = (uint32_t)(end / 2 + 1);
    memset(weights, 0, n_pairs * sizeof *weights);
    for (uint32_t k = 0; k < n_samples; k++) {
        const size_t at = first_column % 2 + (size_t)step * k;
        const unsigned weight = k == 0               ? span->first_weight
                                : k + 1 == n_samples ? span->last_weight
                                                     : 1u << bits;
        weights[at / 2][at % 2] = negative(weight);
    }
    return n_pairs;
}

void nnc_columns_set(struct nnc_columns *columns, const struct nnc_span *spans, uint32_t n,
                     unsigned bits, const struct nnc_component *component, size_t first_byte)
{
    int16_t(*weights)[2] = columns->weights;
    columns->n = (uint32_t)nnc_align(n, NNC_BAND_ROWS);
    for (uint32_t i = 0; i < n; i++) {
        const size_t column =
            component->offset + (size_t)component->step * spans[i].first - first_byte;
        columns->first_pair[i] = (uint32_t)(column / 2);
        columns->n_pairs[i] = set_weights(weights, &spans[i], bits, component->step, column);
        columns->inverse[i] = -spans[i].inverse_weight / NNC_BAND_ONE;
        weights += columns->n_pairs[i];
    }
    for (uint32_t i = n; i < columns->n; i++)
        columns->first_pair[i] = columns->n_pairs[i] = 0;
}
