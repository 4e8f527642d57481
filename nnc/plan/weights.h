/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_WEIGHTS_H
#define NNC_PLAN_WEIGHTS_H

/* The packed weights of a model, shared by all its plans, counted, resident only while a plan
 * holds them. */

#include "../kernels/kernels.h"
#include "demand.h"
#include "program.h"

struct nnc_weights;

/* A block of 16 output channels of a CONV, GROUPED, DEPTHWISE or AFFINE step. */
struct nnc_weight_block {
    uint32_t step, block;
};

/* For these kernels, which say what kind of weights a layer has. `owners` is the demand of
 * everything: what belongs to one branch is put together. */
enum nnc_status nnc_weights_create(const struct nnc_program *program,
                                   const struct nnc_kernels *kernels,
                                   const struct nnc_demand *owners,
                                   struct nnc_weights **weights, struct nnc_error *error);
void nnc_weights_destroy(struct nnc_weights *weights); /* all released; NULL is fine */

/* Takes blocks, and reads and packs those that are not resident (pack.h). All or none are
 * taken. Threads: shared. Fails: NNC_CHANGED, NNC_IO, NNC_NOMEM. */
enum nnc_status nnc_weights_acquire(struct nnc_weights *weights,
                                    const struct nnc_weight_block *blocks, uint32_t n,
                                    struct nnc_error *error);
void nnc_weights_release(struct nnc_weights *weights, const struct nnc_weight_block *blocks,
                         uint32_t n);

/* Of a block that the caller has acquired. */
const float *nnc_weights_packed(const struct nnc_weights *weights, uint32_t step,
                                uint32_t block);

/* The kind of a CONV step's weights: m of Winograd's convolution, or 0. */
uint32_t nnc_weights_winograd(const struct nnc_weights *weights, uint32_t step);

/* Bytes of one packed block of this step, and of all that are resident. */
size_t nnc_weights_block_bytes(const struct nnc_weights *weights, uint32_t step,
                               uint32_t block);
size_t nnc_weights_resident_bytes(struct nnc_weights *weights);

#endif
