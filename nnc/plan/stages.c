/* SPDX-License-Identifier: MIT */
/* What is run at a time: an item of a stage, by one thread of several, or whole frames. */

#include "plan.h"

void nnc_plan_stage_run(const struct nnc_run *run, const struct nnc_stage *stage, uint32_t item)
{
    const struct nnc_plan *const plan = run->plan;
    if (!stage->units) {
        nnc_plan_step_run(run, &plan->steps[stage->first], item, item + 1);
        return;
    }
    const struct nnc_range *const unit = &plan->units[stage->first + item];
    for (uint32_t s = unit->first; s < unit->last; s++)
        nnc_plan_step_run(run, &plan->steps[s], 0, plan->steps[s].n_items);
}

void nnc_plan_run_together(const struct nnc_run *const *runs, uint32_t n)
{
    const struct nnc_plan *const plan = runs[0]->plan;
    for (uint32_t s = plan->n_constant; s < plan->n_steps; s++)
        for (uint32_t i = 0; i < n; i++)
            nnc_plan_step_run(runs[i], &plan->steps[s], 0, plan->steps[s].n_items);
}
