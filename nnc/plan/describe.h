/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_DESCRIBE_H
#define NNC_PLAN_DESCRIBE_H

#include "plan.h"

/* Fills in everything of a plan's step but places and weights: kernel arguments, needed
 * blocks and spans, tables, number of items. Memory comes from the plan's pool.
 * Fails: NNC_NOMEM. */
enum nnc_status nnc_describe_step(struct nnc_plan *plan, const struct nnc_demand *need,
                                  const struct nnc_kernels *kernels, uint32_t step,
                                  struct nnc_plan_step *out, struct nnc_error *error);

#endif
