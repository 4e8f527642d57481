/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_ATTENTION_SIGNAL_H
#define NNC_CLI_ATTENTION_SIGNAL_H

/* A signal from outside says which category a picture belongs to, rightly or wrongly, and
 * sets the gains accordingly: that category is enhanced, all others of its level are
 * inhibited. There are only as many tasks as categories, on one plan; all are made before
 * the first picture. */

#include "cli.h"

#include <jansson.h>

/* Reads "enhance=1.5,inhibit=0.5"; one of the two may be missing and is 1 then. false:
 * the text is not of this form, or a gain not in 0..16; nothing is written. */
bool cli_signal_parse(const char *text, struct cli_signal_options *options);

/* Immutable; any thread may ask for tasks. */
struct cli_signal;

/* The gains multiply those of work->task, and its cutout stays. NULL, with the error said
 * on stderr: the model has no attention or not that level, a product is above 16, or
 * there is no wrong category to choose. */
struct cli_signal *cli_signal_create(const struct cli_work *work,
                                     const struct cli_signal_options *options);
void cli_signal_destroy(struct cli_signal *signal); /* NULL is fine */

/* The task (borrowed) for picture number `picture`, whose class is `class` or
 * NNC_NO_CATEGORY. If its category is not active, a right signal inhibits all that are.
 * A wrong one is chosen by the seed and `picture`, and by nothing else. */
const struct nnc_task *cli_signal_task(const struct cli_signal *signal, size_t picture,
                                       uint32_t class);

/* What was asked for: as an object (null if no signal was), and as a line for people. */
json_t *cli_signal_json(const struct cli_signal_options *options);
void cli_signal_print(const struct cli_signal_options *options);

#endif
