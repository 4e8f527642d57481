/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXPERTS_EXPERT_CHECKS_H
#define TESTS_EXPERTS_EXPERT_CHECKS_H

/* What must hold for every expert of every model that nnc loads: the cutout's logits and
 * presences bit for bit, with gains too; the cutout's cost; the names, labels and aliases
 * of what is kept; nothing in the file that nothing needs; and all of that once more for
 * a cutout of the expert, and for the expert of the expert.
 *
 * Threads: single. */

#include <nnc/nnc.h>

#include <stdbool.h>
#include <stdint.h>

struct expert_tally {
    uint64_t experts;
    uint64_t copied;  /* those with copies of parts of shared initializers */
    uint64_t refused; /* cutouts whose logits do not depend on the picture */
};

/* A cutout text of random classes of a model; to be freed. */
char *random_cutout(const struct nnc_model *model, uint32_t *seed);

/* False if something does not hold, which is said on stderr. `seed` chooses the picture,
 * the gains and the cutout of the expert; `depth` is how many experts are cut from each
 * other. */
bool check_expert(const struct nnc_model *model, const char *cutout, uint32_t seed,
                  int depth, struct expert_tally *tally);

#endif
