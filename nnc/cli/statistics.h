/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_STATISTICS_H
#define NNC_CLI_STATISTICS_H

/* The small mathematics of `nnc eval`, free of models and pictures. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NAN where the whole is nothing, which JSON shows as null. */
double cli_share(size_t part, size_t whole);

/* A case that a score should tell from the others: positives ought to score higher. */
struct cli_scored {
    float score; /* no NaN; infinities are fine */
    bool positive;
};

/* The area under the receiver operating characteristic: the chance (0..1) that a positive
 * scores above a negative, ties counting half. Exact but for the last division. NAN if
 * there are no positives or no negatives. Sorts `cases`. */
double cli_auroc(struct cli_scored *cases, size_t n);

/* A number from 0 to n - 1 (n >= 1) that follows from `seed` and `index` alone; over all
 * indices each comes equally often, to within 2^-32. */
uint32_t cli_random_below(uint64_t seed, uint64_t index, uint32_t n);

#endif
