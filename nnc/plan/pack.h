/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_PACK_H
#define NNC_PLAN_PACK_H

/* Weights as kernels want them, read from the file block by block of 16 output channels,
 * batch normalisation folded in. Shared by all plans of a model, counted, resident only
 * while a plan holds them. */

#include "../kernels/kernels.h"
#include "program.h"

struct nnc_weights;

/* For these kernels, which say what kind of weights a layer has. */
enum nnc_status nnc_weights_create(const struct nnc_program *program,
                                   const struct nnc_kernels *kernels,
                                   struct nnc_weights **weights, struct nnc_error *error);
void nnc_weights_destroy(struct nnc_weights *weights); /* all blocks released; NULL is fine */

/* The packed block of a CONV, GROUPED, DEPTHWISE or AFFINE step; read now if it is not
 * resident. GROUPED: one for each group in the block, first to last, each as of a
 * convolution of its own, with zeros for the lanes of the others. The bits depend on the
 * model alone. Threads: shared.
 * Fails: NNC_CHANGED, NNC_IO, NNC_NOMEM. */
enum nnc_status nnc_weights_acquire(struct nnc_weights *weights, uint32_t step, uint32_t block,
                                    const float **packed, struct nnc_error *error);
void nnc_weights_release(struct nnc_weights *weights, uint32_t step, uint32_t block);

/* The kind of a CONV step's weights: m of Winograd's convolution, or 0. */
uint32_t nnc_weights_winograd(const struct nnc_weights *weights, uint32_t step);

/* Bytes of one packed block of this step, and of all that are resident. */
size_t nnc_weights_block_bytes(const struct nnc_weights *weights, uint32_t step,
                               uint32_t block);
size_t nnc_weights_resident_bytes(struct nnc_weights *weights);

#endif
