/* SPDX-License-Identifier: MIT */
/* Makes a plan: selects steps backwards from the wanted outputs, orders them into stages,
 * gives every result its place, fetches weights, counts the cost. */

#include "plan.h"

#include "../graph/taxonomy.h"
#include "arena.h"
#include "describe.h"
#include "geometry.h"
#include "stack.h"

#include <stdlib.h>
#include <string.h>

enum { NOT_PLACED = UINT32_MAX, MAX_ARENA_FLOATS = 512 * 1024 * 1024 / 4 };

/* When a step runs: before the branches, as part of a branch, after them. */
enum phase { PHASE_TRUNK, PHASE_BRANCH, PHASE_JOIN };

struct maker {
    struct nnc_plan *plan;
    const struct nnc_program *program;
    const struct nnc_demand *need, *owners;
    const struct nnc_kernels *kernels;
    struct nnc_error *error;
    bool *wanted;          /* [edges] roots that some selected step or output reads */
    bool *selected;        /* [program steps] */
    uint32_t *unit;        /* [program steps] top category, NNC_TRUNK if none */
    uint8_t *phase;        /* [program steps] */
    uint32_t *stage_of;    /* [program steps] */
    uint32_t *last_use;    /* [edges] roots: stage, or step of the unit for local ones */
    bool *local;           /* [edges] roots: only its own unit reads it */
    struct nnc_place *place; /* [edges] roots */
    bool branches_in_parallel;
};

static uint32_t root(const struct maker *m, uint32_t edge)
{
    uint64_t offset;
    return nnc_edge_root(m->program, edge, &offset);
}

static const struct nnc_step *step_at(const struct maker *m, uint32_t s)
{
    return &m->program->steps[s];
}

static const struct nnc_edge *edge_at(const struct maker *m, uint32_t e)
{
    return &m->program->edges[e];
}

static bool needed(const struct maker *m, uint32_t edge)
{
    return nnc_demand_count(m->need, edge_at(m, edge)->value) > 0;
}

/* Calls `visit` with the root of everything a step reads. */
static void each_input(const struct maker *m, uint32_t s,
                       void (*visit)(const struct maker *, uint32_t s, uint32_t edge))
{
    const struct nnc_step *const step = step_at(m, s);
    for (uint32_t i = 0; i < step->n_in; i++)
        if (step->kind != NNC_STEP_CONCAT || needed(m, step->in[i]))
            visit(m, s, root(m, step->in[i]));
    if (step->residual != NNC_NONE)
        visit(m, s, root(m, step->residual));
    if (step->gain != NNC_NONE)
        visit(m, s, root(m, step->gain));
}

/* Selection ---------------------------------------------------------------------------- */

static void want(const struct maker *m, uint32_t s, uint32_t edge)
{
    (void)s;
    m->wanted[edge] = true;
}

static enum nnc_status select_steps(const struct maker *m)
{
    struct nnc_plan *const plan = m->plan;
    uint64_t n = 0;
    want(m, 0, root(m, m->program->logits));
    if (plan->presence_needed)
        want(m, 0, root(m, m->program->presence));
    for (uint32_t s = m->program->n_steps; s-- > 0;)
        if (m->wanted[step_at(m, s)->out]) {
            m->selected[s] = true;
            each_input(m, s, want);
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

/* Order -------------------------------------------------------------------------------- */

static void find_phase(const struct maker *m, uint32_t s, uint32_t edge)
{
    const struct nnc_edge *const e = edge_at(m, edge);
    if (e->kind != NNC_EDGE_STEP || e->constant || m->phase[s] == PHASE_JOIN)
        return;
    const uint8_t before = m->phase[e->source];
    const bool same_unit = m->unit[s] != NNC_TRUNK && m->unit[s] == m->unit[e->source];
    if (before == PHASE_JOIN || (before == PHASE_BRANCH && !same_unit))
        m->phase[s] = PHASE_JOIN;
}

/* Branches run beside each other only if there are several. */
static void choose_phases(struct maker *m)
{
    uint32_t first_unit = NNC_TRUNK;
    for (uint32_t s = 0; s < m->program->n_steps; s++) {
        if (!m->selected[s])
            continue;
        const uint32_t value = edge_at(m, step_at(m, s)->out)->value;
        m->unit[s] = nnc_demand_top(m->owners, value);
        m->phase[s] = m->unit[s] == NNC_TRUNK ? PHASE_TRUNK : PHASE_BRANCH;
        each_input(m, s, find_phase);
        if (m->phase[s] != PHASE_BRANCH)
            continue;
        m->branches_in_parallel |= first_unit != NNC_TRUNK && first_unit != m->unit[s];
        first_unit = m->unit[s];
    }
}

static bool in_unit(const struct maker *m, uint32_t s)
{
    return m->branches_in_parallel && m->phase[s] == PHASE_BRANCH;
}

/* Steps of constants alone run when the plan is made, in no stage. */
static bool computed_once(const struct maker *m, uint32_t s)
{
    return edge_at(m, step_at(m, s)->out)->constant;
}

static enum nnc_status add_plan_step(struct maker *m, uint32_t s, uint32_t stage)
{
    m->stage_of[s] = stage;
    struct nnc_plan_step *const step = &m->plan->steps[m->plan->n_steps++];
    return nnc_describe_step(m->plan, m->need, m->kernels, s, step, m->error);
}

/* All selected steps of one phase, each a stage of its own. */
static enum nnc_status add_wide_stages(struct maker *m, enum phase phase)
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

static void list_branches(const struct maker *m, struct branches *b)
{
    for (uint32_t c = 0; c < m->program->graph->taxonomy->n_categories; c++)
        b->first[c] = NNC_NONE;
    for (uint32_t s = m->program->n_steps; s-- > 0;) {
        if (!m->selected[s] || computed_once(m, s) || m->phase[s] != PHASE_BRANCH)
            continue;
        b->next[s] = b->first[m->unit[s]];
        b->first[m->unit[s]] = s;
    }
}

static enum nnc_status add_unit(struct maker *m, const struct branches *b, uint32_t category,
                                uint32_t stage)
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

static enum nnc_status add_units(struct maker *m)
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

static enum nnc_status order_steps(struct maker *m)
{
    choose_phases(m);
    enum nnc_status status = NNC_OK;
    for (uint32_t s = 0; s < m->program->n_steps && !status; s++)
        if (m->selected[s] && computed_once(m, s))
            status = add_plan_step(m, s, 0);
    m->plan->n_constant = m->plan->n_steps;
    if (!status)
        status = add_wide_stages(m, PHASE_TRUNK);
    if (!status)
        status = m->branches_in_parallel ? add_units(m) : add_wide_stages(m, PHASE_BRANCH);
    return status ? status : add_wide_stages(m, PHASE_JOIN);
}

/* Stacks ------------------------------------------------------------------------------- */

/* Whether step k + 1 of a plan may join the stack of the one before it: both in one unit, or
 * both before or after all units; their results lie in one memory. */
static bool joins(const struct maker *m, uint32_t k, uint32_t last)
{
    const struct nnc_plan_step *const a = &m->plan->steps[k], *const b = a + 1;
    const uint32_t i = nnc_step_number(m->program, a->step);
    if (k + 1 >= last || !nnc_stack_fits(m->program, a->step, b->step))
        return false;
    const uint32_t j = nnc_step_number(m->program, b->step);
    return m->phase[i] == m->phase[j] && a->conv.winograd == b->conv.winograd &&
           m->local[a->step->out] == m->local[b->step->out];
}

static enum nnc_status make_stacks(struct maker *m, uint32_t first, uint32_t last)
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
static enum nnc_status stack_steps(struct maker *m)
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

/* Places ------------------------------------------------------------------------------- */

/* Position in the order that an edge's life is measured in: its unit's steps, or stages. */
static void note_use(const struct maker *m, uint32_t s, uint32_t edge)
{
    const struct nnc_edge *const e = edge_at(m, edge);
    if (e->kind != NNC_EDGE_STEP)
        return;
    if (!in_unit(m, s) || !in_unit(m, e->source) || m->unit[s] != m->unit[e->source])
        m->local[edge] = false;
    if (m->last_use[edge] == NOT_PLACED || m->last_use[edge] < m->stage_of[s])
        m->last_use[edge] = m->stage_of[s];
}

static void note_lives(struct maker *m)
{
    for (uint32_t e = 0; e < m->program->n_edges; e++) {
        const struct nnc_edge *const edge = edge_at(m, e);
        m->last_use[e] = NOT_PLACED;
        m->local[e] = edge->kind == NNC_EDGE_STEP && edge->alias == NNC_NONE &&
                      !edge->constant && m->selected[edge->source] && in_unit(m, edge->source);
    }
    for (uint32_t s = 0; s < m->program->n_steps; s++)
        if (m->selected[s])
            each_input(m, s, note_use);
    const uint32_t outputs[2] = {m->program->logits, m->program->presence};
    for (int i = 0; i < 2; i++)
        if (outputs[i] != NNC_NONE) {
            m->last_use[root(m, outputs[i])] = NNC_NONE - 1; /* to the end */
            m->local[root(m, outputs[i])] = false;
        }
}

static enum nnc_status place_constants(struct maker *m)
{
    uint64_t floats = 0;
    for (uint32_t e = 0; e < m->program->n_edges; e++) {
        const struct nnc_edge *const edge = edge_at(m, e);
        if (!m->wanted[e] || !edge->constant || edge->alias != NNC_NONE)
            continue;
        m->place[e] = (struct nnc_place){NNC_SPACE_CONSTANT, floats};
        floats += nnc_align(edge->floats, NNC_BLOCK);
    }
    m->plan->constant_floats = floats;
    m->plan->constants = nnc_alloc_aligned(floats * sizeof(float));
    if (!m->plan->constants)
        return nnc_fail_nomem(m->error, floats * sizeof(float));
    memset(m->plan->constants, 0, floats * sizeof(float));
    for (uint32_t e = 0; e < m->program->n_edges; e++) {
        const struct nnc_edge *const edge = edge_at(m, e);
        if (!m->wanted[e] || edge->kind != NNC_EDGE_TENSOR || edge->alias != NNC_NONE)
            continue;
        const enum nnc_status status = nnc_graph_read_floats(
            m->program->graph, edge->source, 0, nnc_shape_elements(&edge->shape),
            m->plan->constants + m->place[e].offset, m->error);
        if (status)
            return status;
    }
    return NNC_OK;
}

static void place_inputs(struct maker *m)
{
    m->place[m->program->image] = (struct nnc_place){NNC_SPACE_IMAGE, 0};
    if (m->program->attention != NNC_NONE)
        m->place[m->program->attention] = (struct nnc_place){NNC_SPACE_ATTENTION, 0};
}

/* Room for the result of step k of the plan; that of a stack's leader is for all of it. */
static bool take(struct maker *m, struct nnc_arena *arena, uint32_t k, enum nnc_space space)
{
    const struct nnc_plan_step *const s = &m->plan->steps[k];
    const uint32_t n = s->stack ? s->stack->n_steps : 1;
    uint64_t floats = 0, offset;
    if (s->led)
        return true; /* taken already */
    for (uint32_t i = 0; i < n; i++)
        floats += s[i].out_edge->floats;
    if (!nnc_arena_take(arena, floats, &offset))
        return false;
    for (uint32_t i = 0; i < n; offset += s[i++].out_edge->floats)
        m->place[s[i].step->out] = (struct nnc_place){space, offset};
    return true;
}

/* Gives back what step `s` was the last to read. Edges die once: their mark is taken. */
static bool give_inputs(struct maker *m, struct nnc_arena *arena, uint32_t s, uint32_t now,
                        bool local)
{
    const struct nnc_step *const step = step_at(m, s);
    for (uint32_t i = 0; i < step->n_in + 2; i++) {
        const uint32_t in = i < step->n_in      ? step->in[i]
                            : i == step->n_in ? step->residual
                                                : step->gain;
        if (in == NNC_NONE)
            continue;
        const uint32_t edge = root(m, in);
        if (edge_at(m, edge)->kind != NNC_EDGE_STEP || edge_at(m, edge)->constant ||
            m->local[edge] != local || m->last_use[edge] != now)
            continue;
        m->last_use[edge] = NOT_PLACED;
        if (!nnc_arena_give(arena, m->place[edge].offset, edge_at(m, edge)->floats))
            return false;
    }
    return true;
}

static uint32_t number_of(const struct maker *m, const struct nnc_plan_step *s)
{
    return nnc_step_number(m->program, s->step);
}

/* The local results of one unit; their lives are counted in the unit's own steps. */
static bool place_unit(struct maker *m, const struct nnc_range *unit)
{
    struct nnc_arena arena = {0};
    bool enough = true;
    for (uint32_t k = unit->first; k < unit->last; k++) {
        const struct nnc_step *const step = m->plan->steps[k].step;
        for (uint32_t i = 0; i < step->n_in + 2; i++) {
            const uint32_t in = i < step->n_in      ? step->in[i]
                                : i == step->n_in ? step->residual
                                                    : step->gain;
            if (in != NNC_NONE && m->local[root(m, in)])
                m->last_use[root(m, in)] = k;
        }
    }
    for (uint32_t k = unit->first; k < unit->last && enough; k++) {
        if (m->local[m->plan->steps[k].step->out])
            enough = take(m, &arena, k, NNC_SPACE_LOCAL);
        enough = enough && give_inputs(m, &arena, number_of(m, &m->plan->steps[k]), k, true);
    }
    if (arena.size > m->plan->local_floats)
        m->plan->local_floats = arena.size;
    nnc_arena_finish(&arena);
    return enough;
}

static bool place_stage(struct maker *m, struct nnc_arena *arena, uint32_t n)
{
    const struct nnc_stage *const stage = &m->plan->stages[n];
    uint32_t first = stage->first, last = stage->first + 1;
    if (stage->units) {
        first = m->plan->units[0].first;
        last = m->plan->units[m->plan->n_units - 1].last;
    }
    for (uint32_t k = first; k < last; k++)
        if (!m->local[m->plan->steps[k].step->out] &&
            !take(m, arena, k, NNC_SPACE_SHARED))
            return false;
    for (uint32_t k = first; k < last; k++)
        if (!give_inputs(m, arena, number_of(m, &m->plan->steps[k]), n, false))
            return false;
    return true;
}

static enum nnc_status place_results(struct maker *m)
{
    struct nnc_arena arena = {0};
    bool enough = true;
    for (uint32_t u = 0; u < m->plan->n_units && enough; u++)
        enough = place_unit(m, &m->plan->units[u]);
    for (uint32_t n = 0; n < m->plan->n_stages && enough; n++)
        enough = place_stage(m, &arena, n);
    m->plan->shared_floats = arena.size;
    nnc_arena_finish(&arena);
    if (!enough)
        return nnc_fail_nomem(m->error, sizeof(struct nnc_arena_hole));
    if (m->plan->shared_floats + m->plan->local_floats > MAX_ARENA_FLOATS)
        return nnc_fail(m->error, NNC_LIMIT, "activations",
                        "activations need %llu bytes, limit %d",
                        (unsigned long long)(m->plan->shared_floats + m->plan->local_floats) *
                            4,
                        MAX_ARENA_FLOATS * 4);
    return NNC_OK;
}

static struct nnc_place place_of(const struct maker *m, uint32_t edge)
{
    uint64_t offset;
    struct nnc_place place = m->place[nnc_edge_root(m->program, edge, &offset)];
    place.offset += offset;
    return place;
}

static void note_places(struct maker *m)
{
    for (uint32_t k = 0; k < m->plan->n_steps; k++) {
        struct nnc_plan_step *const s = &m->plan->steps[k];
        s->out = place_of(m, s->step->out);
        for (uint32_t i = 0; i < s->step->n_in; i++)
            s->in[i] = place_of(m, s->step->in[i]);
        if (s->step->residual != NNC_NONE)
            s->residual = place_of(m, s->step->residual);
        if (s->step->gain != NNC_NONE)
            s->gain = place_of(m, s->step->gain);
    }
    m->plan->logits = place_of(m, m->program->logits);
    if (m->plan->presence_needed)
        m->plan->presence = place_of(m, m->program->presence);
}

/* Stages one after the other that have nothing to share become one, run from end to end by one
 * thread: handing a stage over costs more than a small step. Done when all places are known,
 * which are counted in the stages that were. */
static void merge_stages(struct maker *m)
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
               plan->stages[k + 1].n_items <= 1; k++)
            unit->last++;
        plan->stages[n++] = (struct nnc_stage){true, plan->n_units++, 1};
    }
    plan->n_stages = n;
}

/* Weights ------------------------------------------------------------------------------ */

/* All blocks that the steps need, in the order in which they run. */
static enum nnc_status list_blocks(struct maker *m, struct nnc_weight_block **blocks,
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
            (*blocks)[(*n)++] = (struct nnc_weight_block){number_of(m, s), s->active[i]};
    }
    return NNC_OK;
}

static enum nnc_status fetch_weights(struct maker *m)
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
    return NNC_OK;
}

/* Steps that depend on constants alone are run here, once. */
static enum nnc_status compute_constants(struct maker *m)
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

static enum nnc_status count_cost(struct maker *m, const struct nnc_cost_table *full)
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

static enum nnc_status copy_wishes(struct maker *m, const uint8_t *active,
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

static enum nnc_status allocate(struct maker *m)
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

static void release(struct maker *m)
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

static enum nnc_status make(struct maker *m)
{
    enum nnc_status status;
    if ((status = select_steps(m)) || (status = order_steps(m)))
        return status;
    note_lives(m);
    place_inputs(m);
    if ((status = stack_steps(m)) || (status = place_constants(m)) ||
        (status = place_results(m)))
        return status;
    note_places(m);
    merge_stages(m);
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
    struct maker m = {.program = program, .owners = owners, .kernels = kernels,
                      .error = error};
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
