/* SPDX-License-Identifier: MIT */
/* Where results lie: those that several threads see in the session's arena, those of a unit in
 * the running thread's part of it, constants in the plan. */

#include "arena.h"
#include "plan_parts.h"
#include "stack.h"

#include <string.h>

enum { NOT_PLACED = UINT32_MAX, MAX_ARENA_FLOATS = 512 * 1024 * 1024 / 4 };

/* Position in the order that an edge's life is measured in: its unit's steps, or stages. */
static void note_use(const struct nnc_plan_maker *m, uint32_t s, uint32_t edge)
{
    const struct nnc_edge *const e = nnc_maker_edge(m, edge);
    if (e->kind != NNC_EDGE_STEP)
        return;
    if (!nnc_maker_in_unit(m, s) || !nnc_maker_in_unit(m, e->source) ||
        m->unit[s] != m->unit[e->source])
        m->local[edge] = false;
    if (m->last_use[edge] == NOT_PLACED || m->last_use[edge] < m->stage_of[s])
        m->last_use[edge] = m->stage_of[s];
}

void nnc_maker_note_lives(struct nnc_plan_maker *m)
{
    for (uint32_t e = 0; e < m->program->n_edges; e++) {
        const struct nnc_edge *const edge = nnc_maker_edge(m, e);
        m->last_use[e] = NOT_PLACED;
        m->local[e] = edge->kind == NNC_EDGE_STEP && edge->alias == NNC_NONE &&
                      !edge->constant && m->selected[edge->source] &&
                      nnc_maker_in_unit(m, edge->source);
    }
    for (uint32_t s = 0; s < m->program->n_steps; s++)
        if (m->selected[s])
            nnc_maker_each_input(m, s, note_use);
    const uint32_t outputs[2] = {m->program->logits, m->program->presence};
    for (int i = 0; i < 2; i++)
        if (outputs[i] != NNC_NONE) {
            m->last_use[nnc_maker_root(m, outputs[i])] = NNC_NONE - 1; /* to the end */
            m->local[nnc_maker_root(m, outputs[i])] = false;
        }
}

static enum nnc_status place_constants(struct nnc_plan_maker *m)
{
    uint64_t floats = 0;
    for (uint32_t e = 0; e < m->program->n_edges; e++) {
        const struct nnc_edge *const edge = nnc_maker_edge(m, e);
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
        const struct nnc_edge *const edge = nnc_maker_edge(m, e);
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

static void place_inputs(struct nnc_plan_maker *m)
{
    m->place[m->program->image] = (struct nnc_place){NNC_SPACE_IMAGE, 0};
    if (m->program->attention != NNC_NONE)
        m->place[m->program->attention] = (struct nnc_place){NNC_SPACE_ATTENTION, 0};
}

/* Room for the result of step k of the plan; that of a stack's leader is for all of it. */
static bool take(struct nnc_plan_maker *m, struct nnc_arena *arena, uint32_t k,
                 enum nnc_space space)
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
static bool give_inputs(struct nnc_plan_maker *m, struct nnc_arena *arena, uint32_t s,
                        uint32_t now, bool local)
{
    const struct nnc_step *const step = nnc_maker_step(m, s);
    for (uint32_t i = 0; i < step->n_in + 2; i++) {
        const uint32_t in = i < step->n_in    ? step->in[i]
                            : i == step->n_in ? step->residual
                                              : step->gain;
        if (in == NNC_NONE)
            continue;
        const uint32_t edge = nnc_maker_root(m, in);
        if (nnc_maker_edge(m, edge)->kind != NNC_EDGE_STEP ||
            nnc_maker_edge(m, edge)->constant || m->local[edge] != local ||
            m->last_use[edge] != now)
            continue;
        m->last_use[edge] = NOT_PLACED;
        if (!nnc_arena_give(arena, m->place[edge].offset, nnc_maker_edge(m, edge)->floats))
            return false;
    }
    return true;
}

/* The local results of one unit; their lives are counted in the unit's own steps. */
static bool place_unit(struct nnc_plan_maker *m, const struct nnc_range *unit)
{
    struct nnc_arena arena = {0};
    bool enough = true;
    for (uint32_t k = unit->first; k < unit->last; k++) {
        const struct nnc_step *const step = m->plan->steps[k].step;
        for (uint32_t i = 0; i < step->n_in + 2; i++) {
            const uint32_t in = i < step->n_in    ? step->in[i]
                                : i == step->n_in ? step->residual
                                                  : step->gain;
            if (in != NNC_NONE && m->local[nnc_maker_root(m, in)])
                m->last_use[nnc_maker_root(m, in)] = k;
        }
    }
    for (uint32_t k = unit->first; k < unit->last && enough; k++) {
        if (m->local[m->plan->steps[k].step->out])
            enough = take(m, &arena, k, NNC_SPACE_LOCAL);
        enough =
            enough && give_inputs(m, &arena, nnc_maker_number(m, &m->plan->steps[k]), k, true);
    }
    if (arena.size > m->plan->local_floats)
        m->plan->local_floats = arena.size;
    nnc_arena_finish(&arena);
    return enough;
}

static bool place_stage(struct nnc_plan_maker *m, struct nnc_arena *arena, uint32_t n)
{
    const struct nnc_stage *const stage = &m->plan->stages[n];
    uint32_t first = stage->first, last = stage->first + 1;
    if (stage->units) {
        first = m->plan->units[0].first;
        last = m->plan->units[m->plan->n_units - 1].last;
    }
    for (uint32_t k = first; k < last; k++)
        if (!m->local[m->plan->steps[k].step->out] && !take(m, arena, k, NNC_SPACE_SHARED))
            return false;
    for (uint32_t k = first; k < last; k++)
        if (!give_inputs(m, arena, nnc_maker_number(m, &m->plan->steps[k]), n, false))
            return false;
    return true;
}

static enum nnc_status place_results(struct nnc_plan_maker *m)
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
        return nnc_fail(
            m->error, NNC_LIMIT, "activations", "activations need %llu bytes, limit %d",
            (unsigned long long)(m->plan->shared_floats + m->plan->local_floats) * 4,
            MAX_ARENA_FLOATS * 4);
    return NNC_OK;
}

static struct nnc_place place_of(const struct nnc_plan_maker *m, uint32_t edge)
{
    uint64_t offset;
    struct nnc_place place = m->place[nnc_edge_root(m->program, edge, &offset)];
    place.offset += offset;
    return place;
}

static void note_places(struct nnc_plan_maker *m)
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

enum nnc_status nnc_maker_place(struct nnc_plan_maker *m)
{
    place_inputs(m);
    enum nnc_status status = place_constants(m);
    if (!status)
        status = place_results(m);
    if (!status)
        note_places(m);
    return status;
}
