/* SPDX-License-Identifier: MIT */
/* Computes spans. Positions are doubles: their error (1e-12 of a sample) vanishes in the
 * rounding of the weights, but could step over the picture's edge, so indices are always
 * clamped. */

#include "spans.h"

#include <math.h>

static uint32_t clamp_index(double index, uint32_t lowest, uint32_t highest)
{
    return index <= lowest ? lowest : index >= highest ? highest : (uint32_t)index;
}

static uint16_t to_weight(double coverage, double one)
{
    return (uint16_t)lrint(fmin(fmax(coverage, 0), 1) * one);
}

static void set_box(struct nnc_span *span, double begin, double end, uint32_t n_source,
                    double one)
{
    span->first = clamp_index(floor(begin), 0, n_source - 1);
    span->last = clamp_index(ceil(end) - 1, span->first, n_source - 1);
    if (span->first == span->last) {
        span->first_weight = (uint16_t)one;
        span->last_weight = 0;
    } else {
        span->first_weight = to_weight(span->first + 1 - begin, one);
        span->last_weight = to_weight(end - span->last, one);
    }
}

static void set_linear(struct nnc_span *span, double center, uint32_t lowest,
                       uint32_t highest, double one)
{
    const double left = floor(center - 0.5);
    span->first = clamp_index(left, lowest, highest);
    span->last = clamp_index(left + 1, lowest, highest);
    span->last_weight =
        span->first == span->last ? 0 : to_weight(center - 0.5 - left, one);
    span->first_weight = (uint16_t)(one - span->last_weight);
}

void nnc_spans_compute(struct nnc_span *spans, uint32_t n, double origin, double extent,
                       uint32_t n_source, unsigned bits)
{
    const double one = (double)(1u << bits);
    const double scale = extent / n;
    const uint32_t lowest = clamp_index(floor(origin), 0, n_source - 1);
    const uint32_t highest = clamp_index(ceil(origin + extent) - 1, lowest, n_source - 1);
    for (uint32_t i = 0; i < n; i++) {
        struct nnc_span *const span = &spans[i];
        if (extent >= n)
            set_box(span, origin + i * scale, origin + (i + 1) * scale, n_source, one);
        else
            set_linear(span, origin + (i + 0.5) * scale, lowest, highest, one);
        const uint32_t distance = span->last - span->first;
        const double between = distance > 1 ? (distance - 1) * one : 0;
        span->inverse_weight = 1 / (between + span->first_weight + span->last_weight);
    }
}
