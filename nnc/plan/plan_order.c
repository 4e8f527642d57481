/* SPDX-License-Identifier: MIT */
/* When steps run: what is trunk, what is branch, what joins branches again; which become one
 * stack, which one stage. */

#include "../graph/taxonomy.h"
#include "describe.h"
#include "plan_parts.h"
#include "stack.h"

#include <stdlib.h>

static void find_phase(const struct nnc_plan_maker *m, uint32_t s, uint32_t edge)
{
    const struct nnc_edge *const e = nnc_maker_edge(m, edge);
    if (e->kind != NNC_EDGE_STEP || e->constant || m->phase[s] == NNC_PHASE_JOIN)
        return;
    const uint8_t before = m->phase[e->source];
    const bool same_unit = m->unit[s] != NNC_TRUNK && m->unit[s] == m->unit[e->source];
    if (before == NNC_PHASE_JOIN || (before == NNC_PHASE_BRANCH && !same_unit))
        m->phase[s] = NNC_PHASE_JOIN;
}

/* Branches run beside each other only if there are several. */
static void choose_phases(struct nnc_plan_maker *m)
{
    uint32_t first_unit = NNC_TRUNK;
    for (uint32_t s = 0; s < m->program->n_steps; s++) {
        if (!m->selected[s])
            continue;
        const uint32_t value = nnc_maker_edge(m, nnc_maker_step(m, s)->out)->value;
        m->unit[s] = nnc_demand_top(m->owners, value);
        m->phase[s] = m->unit[s] == NNC_TRUNK ? NNC_PHASE_TRUNK : NNC_PHASE_BRANCH;
        nnc_maker_each_input(m, s, find_phase);
        if (m->phase[s] != NNC_PHASE_BRANCH)
            continue;
        m->branches_in_parallel |= first_unit != NNC_TRUNK && first_unit != m->unit[s];
        first_unit = m->unit[s];
    }
}

/* Steps of constants alone run when the plan is made, in no stage. */
static bool computed_once(const struct nnc_plan_maker *m, uint32_t s)
{
    return nnc_maker_edge(m, nnc_maker_step(m, s)->out)->constant;
}

static enum nnc_status add_plan_step(struct nnc_plan_maker *m, uint32_t s, uint32_t stage)
{
    m->stage_of[s] = stage;
    struct nnc_plan_step *const step = &m->plan->steps[m->plan->n_steps++];
    return nnc_describe_step(m->plan, m->need, m->kernels, s, step, m->error);
}

/* All selected steps of one phase, each a stage of its own. */
static enum nnc_status add_wide_stages(struct nnc_plan_maker *m, enum nnc_phase phase)
{
    for (uint32_t s = 0; s < m->program->n_steps; s++) {
        if (!m->selected[s] || computed_once(m, s) || m->phase[s] != phase)
            continue;
        struct nnc_stage *const stage = &m->plan->stages[m->plan->n_stages];
        stage->first = m->plan->n_steps;
        const enum nnc_status status = add_plan_step(m, s, m->plan->n_stages++);
        if (status)
            return status;
    }
    return NNC_OK;
}

/* The steps of branches, as a list for each top category in their order. */
struct branches {
    uint32_t *first; /* [categories] */
    uint32_t *next;  /* [program steps] */
};

static void list_branches(const struct nnc_plan_maker *m, struct branches *b)
{
    for (uint32_t c = 0; c < m->program->graph->taxonomy->n_categories; c++)
        b->first[c] = NNC_NONE;
    for (uint32_t s = m->program->n_steps; s-- > 0;) {
        if (!m->selected[s] || computed_once(m, s) || m->phase[s] != NNC_PHASE_BRANCH)
            continue;
        b->next[s] = b->first[m->unit[s]];
        b->first[m->unit[s]] = s;
    }
}

static enum nnc_status add_unit(struct nnc_plan_maker *m, const struct branches *b,
                                uint32_t category, uint32_t stage)
{
    struct nnc_range *const unit = &m->plan->units[m->plan->n_units];
    unit->first = m->plan->n_steps;
    for (uint32_t s = b->first[category]; s != NNC_NONE; s = b->next[s]) {
        const enum nnc_status status = add_plan_step(m, s, stage);
        if (status)
            return status;
    }
    unit->last = m->plan->n_steps;
    m->plan->n_units += unit->last > unit->first;
    return NNC_OK;
}

static enum nnc_status add_units(struct nnc_plan_maker *m)
{
    const uint32_t stage = m->plan->n_stages++;
    const struct nnc_taxonomy *const t = m->program->graph->taxonomy;
    const uint64_t n = (uint64_t)t->n_categories + m->program->n_steps;
    uint32_t *const words = nnc_alloc(n, sizeof *words);
    struct branches branches = {.first = words, .next = words + t->n_categories};
    enum nnc_status status = words ? NNC_OK : nnc_fail_nomem(m->error, n * sizeof *words);
    if (words)
        list_branches(m, &branches);
    for (uint32_t c = t->first_top; c != NNC_NO_CATEGORY && !status; c = t->next_sibling[c])
        status = add_unit(m, &branches, c, stage);
    free(words);
    m->plan->stages[stage] = (struct nnc_stage){true, 0, m->plan->n_units};
    return status;
}

enum nnc_status nnc_maker_order_steps(struct nnc_plan_maker *m)
{
    choose_phases(m);
    enum nnc_status status = NNC_OK;
    for (uint32_t s = 0; s < m->program->n_steps && !status; s++)
        if (m->selected[s] && computed_once(m, s))
            status = add_plan_step(m, s, 0);
    m->plan->n_constant = m->plan->n_steps;
    if (!status)
        status = add_wide_stages(m, NNC_PHASE_TRUNK);
    if (!status)
        status = m->branches_in_parallel ? add_units(m) : add_wide_stages(m, NNC_PHASE_BRANCH);
    return status ? status : add_wide_stages(m, NNC_PHASE_JOIN);
}

/* Stacks ------------------------------------------------------------------------------- */

/* Whether step k + 1 of a plan may join the stack of the one before it: both in one unit, or
 * both before or after all units; their results lie in one memory. */
static bool joins(const struct nnc_plan_maker *m, uint32_t k, uint32_t last)
{
    const struct nnc_plan_step *const a = &m->plan->steps[k], *const b = a + 1;
    const uint32_t i = nnc_step_number(m->program, a->step);
    if (k + 1 >= last || !nnc_stack_fits(m->program, a->step, b->step))
        return false;
    const uint32_t j = nnc_step_number(m->program, b->step);
    return m->phase[i] == m->phase[j] && a->conv.winograd == b->conv.winograd &&
           m->local[a->step->out] == m->local[b->step->out];
}

static enum nnc_status make_stacks(struct nnc_plan_maker *m, uint32_t first, uint32_t last)
{
    for (uint32_t k = first; k < last; k++) {
        const uint32_t leader = k;
        while (joins(m, k, last))
            k++;
        if (k > leader && !nnc_stack_make(m->plan, leader, k + 1 - leader))
            return nnc_fail_nomem(m->error, sizeof(struct nnc_stack));
    }
    return NNC_OK;
}

/* In each unit, and in what lies before and after the units. */
enum nnc_status nnc_maker_stack_steps(struct nnc_plan_maker *m)
{
    enum nnc_status status = NNC_OK;
    uint32_t first = m->plan->n_constant;
    for (uint32_t u = 0; u < m->plan->n_units && !status; u++) {
        status = make_stacks(m, first, m->plan->units[u].first);
        if (!status)
            status = make_stacks(m, m->plan->units[u].first, m->plan->units[u].last);
        first = m->plan->units[u].last;
    }
    if (!status)
        status = make_stacks(m, first, m->plan->n_steps);
    for (uint32_t n = 0; n < m->plan->n_stages; n++)
        if (!m->plan->stages[n].units)
            m->plan->stages[n].n_items = m->plan->steps[m->plan->stages[n].first].n_items;
    return status;
}

void nnc_maker_merge_stages(struct nnc_plan_maker *m)
{
    struct nnc_plan *const plan = m->plan;
    uint32_t n = 0;
    for (uint32_t k = 0; k < plan->n_stages; k++) {
        const struct nnc_stage stage = plan->stages[k];
        struct nnc_range *const unit = &plan->units[plan->n_units];
        if (stage.units || stage.n_items > 1) {
            plan->stages[n++] = stage;
            continue;
        }
        *unit = (struct nnc_range){stage.first, stage.first + 1};
        for (; k + 1 < plan->n_stages && !plan->stages[k + 1].units &&
               plan->stages[k + 1].n_items <= 1;
             k++)
            unit->last++;
        plan->stages[n++] = (struct nnc_stage){true, plan->n_units++, 1};
    }
    plan->n_stages = n;
}
