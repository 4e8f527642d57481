/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_PLAN_PARTS_H
#define NNC_PLAN_PLAN_PARTS_H

/* What the files that make a plan share. Threads: single. */

#include "geometry.h"
#include "plan.h"

/* When a step runs: before the branches, as part of a branch, after them. */
enum nnc_phase { NNC_PHASE_TRUNK, NNC_PHASE_BRANCH, NNC_PHASE_JOIN };

struct nnc_plan_maker {
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

static inline uint32_t nnc_maker_root(const struct nnc_plan_maker *m, uint32_t edge)
{
    uint64_t offset;
    return nnc_edge_root(m->program, edge, &offset);
}

static inline const struct nnc_step *nnc_maker_step(const struct nnc_plan_maker *m, uint32_t s)
{
    return &m->program->steps[s];
}

static inline const struct nnc_edge *nnc_maker_edge(const struct nnc_plan_maker *m, uint32_t e)
{
    return &m->program->edges[e];
}

static inline uint32_t nnc_maker_number(const struct nnc_plan_maker *m,
                                        const struct nnc_plan_step *s)
{
    return nnc_step_number(m->program, s->step);
}

static inline bool nnc_maker_in_unit(const struct nnc_plan_maker *m, uint32_t s)
{
    return m->branches_in_parallel && m->phase[s] == NNC_PHASE_BRANCH;
}

/* plan.c ----------------------------------------------------------------------------- */

/* Calls `visit` with the root of everything a step reads. */
void nnc_maker_each_input(const struct nnc_plan_maker *m, uint32_t s,
                          void (*visit)(const struct nnc_plan_maker *, uint32_t s,
                                        uint32_t edge));

/* plan_order.c ----------------------------------------------------------------------- */

/* Puts the selected steps into stages and units; then those together that are computed as
 * one. Fails: NNC_NOMEM. */
enum nnc_status nnc_maker_order_steps(struct nnc_plan_maker *m);
enum nnc_status nnc_maker_stack_steps(struct nnc_plan_maker *m);

/* Stages one after the other that have nothing to share become one, run from end to end by
 * one thread: handing a stage over costs more than a small step. Done when all places are
 * known, which are counted in the stages that were. */
void nnc_maker_merge_stages(struct nnc_plan_maker *m);

/* plan_places.c ---------------------------------------------------------------------- */

/* How long each result is needed, and which of them are a unit's own: known before stacks
 * are made, which do not mix them. */
void nnc_maker_note_lives(struct nnc_plan_maker *m);

/* Where everything lies that a step reads or writes; reads constants. Fails: NNC_LIMIT,
 * NNC_NOMEM, and what reading fails with. */
enum nnc_status nnc_maker_place(struct nnc_plan_maker *m);

#endif
