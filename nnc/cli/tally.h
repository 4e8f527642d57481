/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_TALLY_H
#define NNC_CLI_TALLY_H

/* What trials add up to: accuracy over the pictures of active classes, presence over
 * these and the ones outside. Threads: single. */

#include "statistics.h"
#include "trial.h"

struct cli_tally {
    const struct nnc_taxonomy *taxonomy;
    size_t images, top1, top5; /* of active classes */
    size_t *of_category,
        *right_of_category; /* [n_categories] pictures within, top-1 right */
    size_t outside;         /* pictures outside, with a presence */
    size_t called_unknown, outside_called_unknown;
    size_t failed;            /* no result */
    struct cli_scored *cases; /* [n_cases] presence; positive: the class is active */
    size_t n_cases;
};

/* Counts all `n` trials, and says on stderr which failed, in their order. */
void cli_tally_init(struct cli_tally *tally, const struct nnc_taxonomy *taxonomy,
                    const struct cli_trial *trials, size_t n);
void cli_tally_finish(struct cli_tally *tally);

#endif
