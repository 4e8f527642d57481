/* SPDX-License-Identifier: MIT */
#include "stack.h"

#include <stdlib.h>
#include <string.h>

static bool gain_is_input(const struct nnc_program *p, uint32_t gain)
{
    uint64_t offset;
    return p->edges[nnc_edge_root(p, gain, &offset)].kind == NNC_EDGE_ATTENTION;
}

/* Whether a step may be in a stack at all: nothing but its input must be there before it. */
static bool can_be_stacked(const struct nnc_program *p, const struct nnc_step *s)
{
    return s->kind == NNC_STEP_CONV && p->graph->nodes[s->node].op == NNC_OP_CONV &&
           s->residual == NNC_NONE && p->edges[s->out].blocked &&
           (s->gain == NNC_NONE || gain_is_input(p, s->gain));
}

bool nnc_stack_fits(const struct nnc_program *p, const struct nnc_step *a,
                    const struct nnc_step *b)
{
    if (!can_be_stacked(p, a) || !can_be_stacked(p, b) || a->in[0] != b->in[0] ||
        (a->gain == NNC_NONE) != (b->gain == NNC_NONE) ||
        a->activation.kind != b->activation.kind ||
        a->activation.alpha != b->activation.alpha ||
        a->activation.beta != b->activation.beta)
        return false;
    const struct nnc_conv *const x = &p->graph->nodes[a->node].conv;
    const struct nnc_conv *const y = &p->graph->nodes[b->node].conv;
    const struct nnc_shape *const u = &p->edges[a->out].shape;
    const struct nnc_shape *const v = &p->edges[b->out].shape;
    for (int i = 0; i < 2; i++)
        if (x->kernel[i] != y->kernel[i] || x->stride[i] != y->stride[i] ||
            x->dilation[i] != y->dilation[i] || x->pad_begin[i] != y->pad_begin[i])
            return false;
    for (uint32_t i = 2; i < u->rank; i++)
        if (u->dim[i] != v->dim[i])
            return false;
    return u->rank == v->rank;
}

/* Order -------------------------------------------------------------------------------- */

/* Steps that read the same edge and can be stacked, as lists in their order. */
struct readers {
    uint32_t *first; /* [edges] */
    uint32_t *next;  /* [steps] */
};

static void list_readers(const struct nnc_program *p, struct readers *r)
{
    for (uint32_t e = 0; e < p->n_edges; e++)
        r->first[e] = NNC_NONE;
    for (uint32_t s = p->n_steps; s-- > 0;)
        if (can_be_stacked(p, &p->steps[s])) {
            r->next[s] = r->first[p->steps[s].in[0]];
            r->first[p->steps[s].in[0]] = s;
        }
}

bool nnc_stack_order(struct nnc_program *p)
{
    const size_t n = p->n_steps;
    struct nnc_step *const old = nnc_alloc(n, sizeof *old);
    uint32_t *const words = nnc_alloc(n + p->n_edges, sizeof *words);
    bool *const moved = nnc_alloc(n, sizeof *moved);
    struct readers readers = {.first = words, .next = words + p->n_edges};
    const bool enough = old && words && moved;
    if (enough) {
        memcpy(old, p->steps, n * sizeof *old);
        list_readers(p, &readers);
    }
    for (uint32_t s = 0, to = 0; enough && s < n; s++) {
        if (moved[s])
            continue;
        p->steps[to++] = old[s];
        if (!can_be_stacked(p, &old[s]))
            continue;
        for (uint32_t k = readers.next[s]; k != NNC_NONE; k = readers.next[k])
            if (!moved[k] && nnc_stack_fits(p, &old[s], &old[k])) {
                moved[k] = true;
                p->steps[to++] = old[k];
            }
    }
    for (uint32_t s = 0; enough && s < n; s++)
        p->edges[p->steps[s].out].source = s;
    free(old);
    free(words);
    free(moved);
    return enough;
}

/* Plans -------------------------------------------------------------------------------- */

static uint32_t n_blocks(const struct nnc_plan_step *s)
{
    return nnc_ceil_div(s->out_edge->channels, NNC_BLOCK);
}

bool nnc_stack_make(struct nnc_plan *plan, uint32_t first, uint32_t n)
{
    struct nnc_plan_step *const leader = &plan->steps[first];
    uint32_t blocks = 0, n_active = 0;
    for (uint32_t i = 0; i < n; i++) {
        blocks += n_blocks(&leader[i]);
        n_active += leader[i].n_active;
    }
    struct nnc_stack *const stack = nnc_pool_alloc(&plan->pool, 1, sizeof *stack);
    uint32_t *const active = nnc_pool_alloc(&plan->pool, n_active, sizeof *active);
    if (!stack || !active)
        return false;
    stack->n_steps = n;
    stack->packed = nnc_pool_alloc(&plan->pool, blocks, sizeof *stack->packed);
    if (!stack->packed)
        return false;
    if (leader->step->gain != NNC_NONE) {
        stack->gain_at = nnc_pool_alloc(&plan->pool, blocks, sizeof *stack->gain_at);
        if (!stack->gain_at)
            return false;
    }
    uint32_t before = 0, at = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < leader[i].n_active; k++)
            active[at++] = before + leader[i].active[k];
        before += n_blocks(&leader[i]);
        leader[i].n_items = 0;
        leader[i].led = i > 0;
    }
    leader->stack = stack;
    leader->conv.active = active;
    leader->conv.n_active = n_active;
    leader->conv.out_channels = blocks * NNC_BLOCK;
    leader->n_items = nnc_plan_conv_items(leader);
    const size_t scratch = nnc_plan_conv_scratch_floats(leader);
    if (scratch > plan->scratch_floats)
        plan->scratch_floats = scratch;
    return true;
}

void nnc_stack_note_operands(struct nnc_plan_step *leader)
{
    const struct nnc_stack *const stack = leader->stack;
    uint32_t at = 0;
    for (uint32_t i = 0; i < stack->n_steps; i++)
        for (uint32_t b = 0; b < n_blocks(&leader[i]); b++, at++) {
            stack->packed[at] = leader[i].packed[b];
            if (stack->gain_at)
                stack->gain_at[at] = (uint32_t)leader[i].gain.offset;
        }
}
