/* SPDX-License-Identifier: MIT */
#ifndef NNC_IMAGE_SPANS_H
#define NNC_IMAGE_SPANS_H

/* Which source samples make one output sample along one axis. Box filter and bilinear
 * interpolation have the same form: a weighted first and a weighted last sample, and
 * between them (box only) samples that count fully.
 *
 * Weights are fixed-point with at most NNC_SPAN_BITS bits, so that all sums are integers
 * and do not depend on the order of summation. An edge's coverage is rounded to 2^-15 of
 * a sample; results are divided by the rounded weights, so flat areas stay exactly flat,
 * and the error stays below 2^-15 of full scale for each axis. */

#include <stdint.h>

enum { NNC_SPAN_BITS = 15 };

struct nnc_span {
    uint32_t first, last;               /* samples; equal for a single one */
    uint16_t first_weight, last_weight; /* last_weight is 0 if last == first */
    double inverse_weight;              /* 1 / sum of all weights */
};

/* Divides [origin, origin + extent), in samples of an axis that has `n_source` of them,
 * among `n` spans: areas if extent >= n, else bilinear between the centres of samples,
 * held at the ends. `bits` is the weight of a full sample as a power of two. */
void nnc_spans_compute(struct nnc_span *spans, uint32_t n, double origin, double extent,
                       uint32_t n_source, unsigned bits);

#endif
