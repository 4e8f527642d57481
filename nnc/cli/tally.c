// SPDX-License-Identifier: MIT
/* Counting, in one pass over the trials. */

#include "tally.h"

#include "print.h"

#include <glib.h>

enum { TOP = 5 };

static void count_class(struct cli_tally *tally, const struct cli_trial *trial)
{
    tally->images++;
    tally->top1 += trial->rank == 0;
    tally->top5 += trial->rank < TOP;
    for (uint32_t i = trial->class; i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_category(tally->taxonomy, i)->parent) {
        tally->of_category[i]++;
        tally->right_of_category[i] += trial->rank == 0;
    }
}

static void count_presence(struct cli_tally *tally, const struct cli_trial *trial)
{
    tally->outside += trial->outside;
    tally->called_unknown += trial->unknown;
    tally->outside_called_unknown += trial->unknown && trial->outside;
    tally->cases[tally->n_cases++] =
        (struct cli_scored){.score = trial->presence, .positive = !trial->outside};
}

static void count(struct cli_tally *tally, const struct cli_trial *trial)
{
    if (trial->failure) {
        cli_error("%s", trial->failure);
        tally->failed++;
        return;
    }
    if (!trial->outside)
        count_class(tally, trial);
    if (trial->has_presence)
        count_presence(tally, trial);
}

void cli_tally_init(struct cli_tally *tally, const struct nnc_taxonomy *taxonomy,
                    const struct cli_trial *trials, size_t n)
{
    const size_t n_categories = nnc_taxonomy_n_categories(taxonomy);
    *tally = (struct cli_tally){
        .taxonomy = taxonomy,
        .of_category = g_new0(size_t, n_categories),
        .right_of_category = g_new0(size_t, n_categories),
        .cases = g_new(struct cli_scored, n),
    };
    for (size_t i = 0; i < n; i++)
        count(tally, &trials[i]);
}

void cli_tally_finish(struct cli_tally *tally)
{
    g_free(tally->of_category);
    g_free(tally->right_of_category);
    g_free(tally->cases);
}
