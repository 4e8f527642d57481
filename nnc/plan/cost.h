/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_COST_H
#define NNC_PLAN_COST_H

/* Parameters and MACs of a cutout by the definition in nnc/model.h, branch by branch. */

#include "demand.h"

struct nnc_cost_table {
    struct nnc_cost total, trunk;
    struct nnc_cost *category; /* [categories]; own cost, nested ones not included */
};

/* Counts what `need` reaches; `owners` (everything demanded) says to whom it belongs.
 * Fills `table`, whose `category` array the caller gives, zeroed. */
void nnc_cost_count(const struct nnc_demand *need, const struct nnc_demand *owners,
                    struct nnc_cost_table *table);

#endif
