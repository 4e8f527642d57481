/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_PLAN_H
#define NNC_PLAN_PLAN_H

/* A cutout compiled: the steps it needs, their packed weights, where every result lies,
 * and what it costs. Immutable once made; the cache in runtime/model.c shares it.
 *
 * Stages. Steps of the trunk run one after the other, each cut into items that any thread
 * may take. The branches of the top categories are units: a unit is run from end to end by
 * one thread, in that thread's own part of the arena, so that its results stay in that
 * core's cache and no thread waits for another in between. Steps that join branches again
 * come last. */

#include "../kernels/kernels.h"
#include "cost.h"
#include "program.h"
#include "weights.h"

enum nnc_space {
    NNC_SPACE_SHARED,   /* the session's arena: what several threads see */
    NNC_SPACE_LOCAL,    /* the running thread's part of it */
    NNC_SPACE_CONSTANT, /* the plan's own memory */
    NNC_SPACE_IMAGE,    /* the network's input */
    NNC_SPACE_ATTENTION,
    NNC_N_SPACES
};

struct nnc_place {
    enum nnc_space space;
    uint64_t offset; /* floats */
};

/* A range of floats in a plain result that is needed. */
struct nnc_span {
    uint64_t first, count;
};

/* PICK: element (i0, i1, ...) of the output comes from the sum of table[k][ik] in the
 * input, or is `fill` where any of them is negative. */
struct nnc_pick {
    uint32_t rank;
    uint32_t dim[NNC_MAX_RANK];
    const int64_t *table[NNC_MAX_RANK];
    float fill;
};

struct nnc_plan_step {
    const struct nnc_step *step;
    const struct nnc_kernels *kernels;
    const struct nnc_narrow_kernels *narrow; /* CONV of narrow numbers, else NULL */
    uint32_t n_items;
    const struct nnc_edge *out_edge;
    const struct nnc_edge **in_edge; /* [step->n_in] */
    struct nnc_place out, residual, gain;
    struct nnc_place *in;         /* [step->n_in] */
    bool *in_needed;              /* [step->n_in]; CONCAT leaves out what nobody needs */
    const uint32_t *active;       /* needed blocks of 16 channels, rising */
    uint32_t n_active;
    const struct nnc_span *spans; /* needed parts of a plain result */
    uint32_t n_spans;
    const float **packed;         /* [blocks]; NULL where not needed */
    struct nnc_conv_args conv;    /* all but pointers */
    struct nnc_stack *stack;      /* what the step leads (stack.h), or NULL */
    bool led;                     /* computed by the leader of its stack */
    uint32_t group_outs;          /* GROUPED: output channels of a group */
    const bool *group_needed;     /* GROUPED: [groups] */
    uint64_t group_x_floats;      /* GROUPED: room for a group's inputs; 0: read in place */
    uint64_t group_y_floats;      /* GROUPED: room for a block; 0: written in place */
    struct nnc_pool_args pool;
    struct nnc_pick pick;
    const struct nnc_node *node;
};

static inline uint32_t nnc_plan_conv_items(const struct nnc_plan_step *s)
{
    return s->narrow ? s->narrow->conv_items(&s->conv) : s->kernels->conv_items(&s->conv);
}

static inline size_t nnc_plan_conv_scratch_floats(const struct nnc_plan_step *s)
{
    if (!s->narrow)
        return s->kernels->conv_scratch_floats(&s->conv);
    return s->narrow->conv_scratch_floats ? s->narrow->conv_scratch_floats(&s->conv) : 0;
}

struct nnc_range {
    uint32_t first, last; /* steps [first, last) */
};

struct nnc_stage {
    bool units;      /* else one step, in items */
    uint32_t first;  /* of `units` or `steps` */
    uint32_t n_items;
};

struct nnc_plan {
    struct nnc_plan_step *steps; /* constant ones first, then by stages */
    uint32_t n_steps, n_constant;
    struct nnc_range *units;
    uint32_t n_units;
    struct nnc_stage *stages;
    uint32_t n_stages;
    uint64_t shared_floats, local_floats, scratch_floats, constant_floats;
    float *constants;
    struct nnc_place logits, presence;
    uint8_t *active;             /* [classes] */
    uint8_t *presence_needed;    /* [presence outputs] or NULL */
    uint32_t n_active;
    struct nnc_cost_table cost;  /* categories cut away: as in the full network */
    size_t weight_bytes;
    struct nnc_weights *weights; /* borrowed from the model */
    struct nnc_weight_block *blocks; /* [n_blocks] what the plan has acquired of them */
    uint32_t n_blocks;
    const struct nnc_program *program;
    struct nnc_pool pool;
};

/* What a running thread needs to know. */
struct nnc_run {
    const struct nnc_plan *plan;
    float *base[NNC_N_SPACES];
    float *scratch;
};

/* `owners` is the demand of everything, for costs and units; `full` the cost of the full
 * network (NULL while that is made). `presence` says which presence outputs are wanted.
 * Fails: NNC_NOMEM, NNC_LIMIT, and what reading weights can fail with. */
enum nnc_status nnc_plan_create(const struct nnc_program *program, struct nnc_weights *weights,
                                const struct nnc_kernels *kernels,
                                const struct nnc_demand *owners,
                                const struct nnc_cost_table *full, const uint8_t *active,
                                const uint8_t *presence, struct nnc_plan **plan,
                                struct nnc_error *error);
void nnc_plan_destroy(struct nnc_plan *plan); /* takes a half-made one, and NULL */

/* Computes items [first, last) of one step. Threads: shared, with a run each. */
void nnc_plan_step_run(const struct nnc_run *run, const struct nnc_plan_step *step,
                       uint32_t first, uint32_t last);

/* Computes whole frames of one plan in lockstep, on the calling thread: each step for all of
 * them before the next. */
void nnc_plan_run_together(const struct nnc_run *const *runs, uint32_t n);

/* Computes one item of a stage. */
void nnc_plan_stage_run(const struct nnc_run *run, const struct nnc_stage *stage,
                        uint32_t item);

#endif
