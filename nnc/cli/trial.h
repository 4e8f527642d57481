/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_TRIAL_H
#define NNC_CLI_TRIAL_H

/* Pictures shown to a task, and what came of each. Several threads run them, each with a
 * session of its own: small networks gain more from pictures side by side than from
 * threads inside one picture. The results lie in the order of the data set and are
 * counted afterwards, so nothing that is drawn from them depends on the number of
 * threads. */

#include "cli.h"
#include "dataset.h"
#include "attention_signal.h"

struct cli_trial {
    size_t picture; /* its number in the data set */
    uint32_t class; /* NNC_NO_CATEGORY: none of the model */
    bool outside;   /* the class is not active */
    /* What came of it: */
    uint32_t rank; /* of the class among the predictions, from 0; UINT32_MAX if it is not
                      among them */
    bool has_presence, unknown;
    float presence; /* 0..1 */
    char *failure;  /* a sentence instead of all this; owned */
};

/* All that a trial needs, borrowed. */
struct cli_trial_room {
    const struct cli_work *work;
    const struct cli_dataset *dataset;
    const struct cli_signal *signal; /* NULL: work->task for all pictures */
};

/* Runs all trials with up to `threads` threads (0 = one per core), the caller's with
 * work->session among them; fewer, if the system gives no more. */
void cli_trials_run(struct cli_trial *trials, size_t n, const struct cli_trial_room *room,
                    unsigned threads);

#endif
