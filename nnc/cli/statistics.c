// SPDX-License-Identifier: MIT
/* Shares, the area under the ROC, and numbers that look random. The area is counted in
 * pairs, doubled so that half a pair is a whole number: no rounding, and no order of the
 * cases that could matter. */

#include "statistics.h"

#include <math.h>
#include <stdlib.h>

double cli_share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : (double)NAN;
}

static int compare_scores(const void *a, const void *b)
{
    const float x = ((const struct cli_scored *)a)->score,
                y = ((const struct cli_scored *)b)->score;
    return x < y ? -1 : x > y;
}

double cli_auroc(struct cli_scored *cases, size_t n)
{
    uint64_t below[2] = {0}; /* negatives and positives that score lower */
    uint64_t doubled = 0;
    if (n)
        qsort(cases, n, sizeof *cases, compare_scores);
    for (size_t i = 0; i < n;) {
        uint64_t tied[2] = {0};
        const float score = cases[i].score;
        for (; i < n && cases[i].score == score; i++)
            tied[cases[i].positive]++;
        doubled += tied[true] * (2 * below[false] + tied[false]);
        below[false] += tied[false];
        below[true] += tied[true];
    }
    const uint64_t pairs = below[false] * below[true];
    return pairs ? (double)doubled / (2 * (double)pairs) : (double)NAN;
}

/* The finaliser of SplitMix64: every bit of the result depends on every bit of `x`. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint32_t cli_random_below(uint64_t seed, uint64_t index, uint32_t n)
{
    const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t bits = mix(mix((seed + 1) * golden) + (index + 1) * golden);
    return (uint32_t)((bits >> 32) * n >> 32);
}
