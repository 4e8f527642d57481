/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_STACK_H
#define NNC_PLAN_STACK_H

/* Convolutions of the same input and kind, such as those of sibling classes, computed as one
 * layer of many output blocks: the input is transformed once, and register tiles are full
 * where one class alone would fill a quarter of them. Which siblings a plan has changes no
 * bit, see kernels/kernels.h.
 *
 * The steps of a stack lie one after the other in a plan; the first, its leader, computes
 * all, into results that lie one after the other too. */

#include "plan.h"

struct nnc_stack {
    uint32_t n_steps;        /* the leader and those after it */
    const float **packed;    /* [blocks of all steps] */
    uint32_t *gain_at;       /* [blocks of all steps] from the attention input; or NULL */
};

/* Moves the steps of a program so that siblings follow each other. False: no memory. */
bool nnc_stack_order(struct nnc_program *program);

/* Whether two steps of a program may be in one stack. */
bool nnc_stack_fits(const struct nnc_program *program, const struct nnc_step *a,
                    const struct nnc_step *b);

/* Makes one stack of a plan's steps [first, first + n), which fit: describes the leader anew,
 * leaves the others nothing to do. False: no memory. */
bool nnc_stack_make(struct nnc_plan *plan, uint32_t first, uint32_t n);

/* Where the leader finds weights and gains; called when all steps have theirs. */
void nnc_stack_note_operands(struct nnc_plan_step *leader);

#endif
