/* SPDX-License-Identifier: MIT */
/* Makes a plan: selects steps backwards from the wanted outputs, orders them into stages
 * (plan_order.c), gives every result its place (plan_places.c), fetches weights, counts the
 * cost. */

#include "plan.h"

#include "../graph/taxonomy.h"
#include "plan_parts.h"
#include "stack.h"

#include <stdlib.h>
#include <string.h>

static bool needed(const struct nnc_plan_maker *m, uint32_t edge)
{
    return nnc_demand_count(m->need, nnc_maker_edge(m, edge)->value) > 0;
}

void nnc_maker_each_input(const struct nnc_plan_maker *m, uint32_t s,
                          void (*visit)(const struct nnc_plan_maker *, uint32_t s,
                                        uint32_t edge))
{
    const struct nnc_step *const step = nnc_maker_step(m, s);
    for (uint32_t i = 0; i < step->n_in; i++)
        if (step->kind != NNC_STEP_CONCAT || needed(m, step->in[i]))
            visit(m, s, nnc_maker_root(m, step->in[i]));
    if (step->residual != NNC_NONE)
        visit(m, s, nnc_maker_root(m, step->residual));
    if (step->gain != NNC_NONE)
        visit(m, s, nnc_maker_root(m, step->gain));
}

/* Selection ---------------------------------------------------------------------------- */

static void want(const struct nnc_plan_maker *m, uint32_t s, uint32_t edge)
{
    (void)s;
    m->wanted[edge] = true;
}

static enum nnc_status select_steps(const struct nnc_plan_maker *m)
{
    struct nnc_plan *const plan = m->plan;
    uint64_t n = 0;
    want(m, 0, nnc_maker_root(m, m->program->logits));
    if (plan->presence_needed)
        want(m, 0, nnc_maker_root(m, m->program->presence));
    for (uint32_t s = m->program->n_steps; s-- > 0;)
        if (m->wanted[nnc_maker_step(m, s)->out]) {
            m->selected[s] = true;
            nnc_maker_each_input(m, s, want);
            n++;
        }
    /* Each unit has a step at least, and merged stages are units too. */
    plan->steps = nnc_pool_alloc(&plan->pool, n, sizeof *plan->steps);
    plan->stages = nnc_pool_alloc(&plan->pool, n + 1, sizeof *plan->stages);
    plan->units = nnc_pool_alloc(&plan->pool, 2 * n + 1, sizeof *plan->units);
    return plan->steps && plan->stages && plan->units
               ? NNC_OK
               : nnc_fail_nomem(m->error, n * sizeof *plan->steps);
}

/* Weights ------------------------------------------------------------------------------ */

/* All blocks that the steps need, in the order in which they run. */
static enum nnc_status list_blocks(struct nnc_plan_maker *m, struct nnc_weight_block **blocks,
                                   uint32_t *n)
{
    uint64_t most = 0;
    for (uint32_t k = 0; k < m->plan->n_steps; k++)
        most += m->plan->steps[k].packed ? m->plan->steps[k].n_active : 0;
    *n = 0;
    *blocks = nnc_pool_alloc(&m->plan->pool, most, sizeof **blocks);
    if (!*blocks)
        return nnc_fail_nomem(m->error, most * sizeof **blocks);
    for (uint32_t k = 0; k < m->plan->n_steps; k++) {
        const struct nnc_plan_step *const s = &m->plan->steps[k];
        for (uint32_t i = 0; s->packed && i < s->n_active; i++)
            (*blocks)[(*n)++] = (struct nnc_weight_block){nnc_maker_number(m, s), s->active[i]};
    }
    return NNC_OK;
}

/* A plan with fewer finds them in a processor's own cache from frame to frame. */
enum { FAR_WEIGHT_BYTES = 512 * 1024 };

static enum nnc_status fetch_weights(struct nnc_plan_maker *m)
{
    struct nnc_plan *const plan = m->plan;
    struct nnc_weight_block *blocks;
    uint32_t n;
    enum nnc_status status = list_blocks(m, &blocks, &n);
    if (!status)
        status = nnc_weights_acquire(plan->weights, blocks, n, m->error);
    if (status)
        return status;
    plan->blocks = blocks;
    plan->n_blocks = n;
    for (uint32_t k = 0; k < plan->n_steps; k++) {
        const struct nnc_plan_step *const s = &plan->steps[k];
        for (uint32_t i = 0; s->packed && i < s->n_active; i++, blocks++) {
            s->packed[s->active[i]] =
                nnc_weights_packed(plan->weights, blocks->step, blocks->block);
            plan->weight_bytes +=
                nnc_weights_block_bytes(plan->weights, blocks->step, blocks->block);
        }
    }
    for (uint32_t k = 0; k < plan->n_steps; k++)
        if (plan->steps[k].stack)
            nnc_stack_note_operands(&plan->steps[k]);
    plan->weight_bytes += plan->constant_floats * sizeof(float);
    for (uint32_t k = 0; k < plan->n_steps; k++)
        plan->steps[k].conv.weights_near = plan->weight_bytes < FAR_WEIGHT_BYTES;
    return NNC_OK;
}

/* Steps that depend on constants alone are run here, once. */
static enum nnc_status compute_constants(struct nnc_plan_maker *m)
{
    struct nnc_run run = {.plan = m->plan};
    run.base[NNC_SPACE_CONSTANT] = m->plan->constants;
    float *const scratch = nnc_alloc_aligned(m->plan->scratch_floats * sizeof(float));
    if (!scratch)
        return nnc_fail_nomem(m->error, m->plan->scratch_floats * sizeof(float));
    run.scratch = scratch;
    for (uint32_t k = 0; k < m->plan->n_constant; k++)
        nnc_plan_step_run(&run, &m->plan->steps[k], 0, m->plan->steps[k].n_items);
    free(scratch);
    return NNC_OK;
}

/* Cost --------------------------------------------------------------------------------- */

static enum nnc_status count_cost(struct nnc_plan_maker *m, const struct nnc_cost_table *full)
{
    const uint32_t n = m->program->graph->taxonomy->n_categories;
    struct nnc_cost_table *const cost = &m->plan->cost;
    cost->category = nnc_pool_alloc(&m->plan->pool, n, sizeof *cost->category);
    if (!cost->category)
        return nnc_fail_nomem(m->error, n * sizeof *cost->category);
    nnc_cost_count(m->need, m->owners, cost);
    bool *const kept = nnc_alloc(n, sizeof *kept);
    if (!kept)
        return nnc_fail_nomem(m->error, n * sizeof *kept);
    const struct nnc_taxonomy *const t = m->program->graph->taxonomy;
    for (uint32_t k = 0; k < t->n_classes; k++)
        for (uint32_t c = t->class_of_logit[k];
             m->plan->active[k] && c != NNC_NO_CATEGORY && !kept[c];
             c = t->categories[c].parent)
            kept[c] = true;
    for (uint32_t c = 0; c < n && full; c++)
        if (!kept[c])
            cost->category[c] = full->category[c];
    free(kept);
    return NNC_OK;
}

/* The whole ---------------------------------------------------------------------------- */

static enum nnc_status copy_wishes(struct nnc_plan_maker *m, const uint8_t *active,
                                   const uint8_t *presence)
{
    const struct nnc_graph *const g = m->program->graph;
    struct nnc_plan *const plan = m->plan;
    plan->active = nnc_pool_alloc(&plan->pool, g->taxonomy->n_classes, 1);
    if (!plan->active)
        return nnc_fail_nomem(m->error, g->taxonomy->n_classes);
    for (uint32_t k = 0; k < g->taxonomy->n_classes; k++)
        plan->n_active += plan->active[k] = active[k] != 0;
    if (!presence || g->presence == NNC_NONE)
        return NNC_OK;
    const uint32_t n = g->values[g->presence].shape.dim[1];
    plan->presence_needed = nnc_pool_alloc(&plan->pool, n, 1);
    if (!plan->presence_needed)
        return nnc_fail_nomem(m->error, n);
    memcpy(plan->presence_needed, presence, n);
    return NNC_OK;
}

static enum nnc_status allocate(struct nnc_plan_maker *m)
{
    const uint32_t steps = m->program->n_steps, edges = m->program->n_edges;
    m->wanted = nnc_alloc(edges, sizeof *m->wanted);
    m->local = nnc_alloc(edges, sizeof *m->local);
    m->last_use = nnc_alloc(edges, sizeof *m->last_use);
    m->place = nnc_alloc(edges, sizeof *m->place);
    m->selected = nnc_alloc(steps, sizeof *m->selected);
    m->unit = nnc_alloc(steps, sizeof *m->unit);
    m->phase = nnc_alloc(steps, sizeof *m->phase);
    m->stage_of = nnc_alloc(steps, sizeof *m->stage_of);
    m->plan->pool.limit = SIZE_MAX;
    return m->wanted && m->local && m->last_use && m->place && m->selected && m->unit &&
                   m->phase && m->stage_of
               ? NNC_OK
               : nnc_fail_nomem(m->error, steps * sizeof *m->place);
}

static void release(struct nnc_plan_maker *m)
{
    free(m->wanted);
    free(m->local);
    free(m->last_use);
    free(m->place);
    free(m->selected);
    free(m->unit);
    free(m->phase);
    free(m->stage_of);
}

static enum nnc_status make(struct nnc_plan_maker *m)
{
    enum nnc_status status;
    if ((status = select_steps(m)) || (status = nnc_maker_order_steps(m)))
        return status;
    nnc_maker_note_lives(m);
    if ((status = nnc_maker_stack_steps(m)) || (status = nnc_maker_place(m)))
        return status;
    nnc_maker_merge_stages(m);
    if ((status = fetch_weights(m)))
        return status;
    return compute_constants(m);
}

enum nnc_status nnc_plan_create(const struct nnc_program *program, struct nnc_weights *weights,
                                const struct nnc_kernels *kernels,
                                const struct nnc_demand *owners,
                                const struct nnc_cost_table *full, const uint8_t *active,
                                const uint8_t *presence, struct nnc_plan **plan,
                                struct nnc_error *error)
{
    struct nnc_demand *need = NULL;
    struct nnc_plan_maker m = {
        .program = program, .owners = owners, .kernels = kernels, .error = error};
    m.plan = nnc_alloc(1, sizeof *m.plan);
    if (!m.plan)
        return nnc_fail_nomem(error, sizeof *m.plan);
    m.plan->program = program;
    m.plan->weights = weights;
    enum nnc_status status = allocate(&m);
    if (!status)
        status = copy_wishes(&m, active, presence);
    if (!status)
        status = nnc_demand_create(program->graph, m.plan->active, m.plan->presence_needed,
                                   &need, error);
    m.need = need;
    if (!status)
        status = make(&m);
    if (!status)
        status = count_cost(&m, full);
    nnc_demand_destroy(need);
    release(&m);
    if (status)
        nnc_plan_destroy(m.plan);
    else
        *plan = m.plan;
    return status;
}

void nnc_plan_destroy(struct nnc_plan *plan)
{
    if (!plan)
        return;
    nnc_weights_release(plan->weights, plan->blocks, plan->n_blocks);
    free(plan->constants);
    nnc_pool_finish(&plan->pool);
    free(plan);
}
