/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_DEMAND_H
#define NNC_PLAN_DEMAND_H

/* Which parts of which values the wanted outputs need, and on whose behalf.
 *
 * Every value has an axis along which it can be needed in part (its channels: axis 1, the
 * only axis of a vector, the output rows of a weight). Each channel carries a label: not
 * needed, needed by outputs of one category (the deepest that holds them all), or needed
 * by outputs that no category unites (the trunk). Labels flow backwards from the outputs
 * through the graph in one pass. */

#include "../graph/graph.h"

#define NNC_NOT_NEEDED UINT32_MAX
#define NNC_TRUNK (UINT32_MAX - 1)

struct nnc_demand {
    const struct nnc_graph *graph;
    uint32_t **labels;  /* [n_values] -> [channels of that value] */
    uint32_t *channels; /* [n_values] */
    uint32_t *counts;   /* [n_values] channels that are needed */
    uint32_t *owners;   /* [n_values] the label that unites theirs */
    uint8_t *axis;      /* [n_values] */
    void *memory;
};

/* `logits` has a byte per class, `presence` a byte per element of the presence output (NULL
 * = none). Fails: NNC_NOMEM. */
enum nnc_status nnc_demand_create(const struct nnc_graph *graph, const uint8_t *logits,
                                  const uint8_t *presence, struct nnc_demand **demand,
                                  struct nnc_error *error);
void nnc_demand_destroy(struct nnc_demand *demand); /* NULL is fine */

/* How many channels of a value are needed. */
uint32_t nnc_demand_count(const struct nnc_demand *demand, uint32_t value);

/* The label that unites all needed channels of a value; NNC_NOT_NEEDED if none is. */
uint32_t nnc_demand_owner(const struct nnc_demand *demand, uint32_t value);

/* The top category that the owner of a value is in, NNC_TRUNK if in none. */
uint32_t nnc_demand_top(const struct nnc_demand *demand, uint32_t value);

/* How the channels of a node's output come from those of its inputs. Whatever none of these
 * describes needs whole inputs. */

/* Channel c comes from channel c of input `i` alone. */
bool nnc_demand_by_channel(const struct nnc_demand *demand, const struct nnc_node *node,
                           uint32_t i);
/* Slice, Gather: channel c is channel nnc_demand_picked() of the input. */
bool nnc_demand_picks(const struct nnc_demand *demand, const struct nnc_node *node);
uint32_t nnc_demand_picked(const struct nnc_demand *demand, const struct nnc_node *node,
                           uint32_t channel);
/* Reshape: channels are ranges of elements on both sides, of `*mine` each in the output and
 * of `*theirs` in the input. */
bool nnc_demand_regroups(const struct nnc_demand *demand, const struct nnc_node *node,
                         uint64_t *mine, uint64_t *theirs);

#endif
