/* SPDX-License-Identifier: MIT */
#ifndef NNC_RUNTIME_RANK_H
#define NNC_RUNTIME_RANK_H

/* From logits to scores. The caller's arrays are in `scores` already. */

#include "../graph/graph.h"
#include <nnc/session.h>

struct nnc_rank_buffers {
    struct nnc_score *ranked;    /* [classes] */
    float *category_probability; /* [categories] */
};

/* `logits` and `presence` are the network's outputs (NULL without presence), of which only
 * the elements marked in `active` and `presence_needed` are defined. Allocates nothing. */
void nnc_rank(const struct nnc_graph *graph, const float *logits, const uint8_t *active,
              const float *presence, const uint8_t *presence_needed,
              const struct nnc_rank_buffers *buffers, struct nnc_scores *scores);

#endif
