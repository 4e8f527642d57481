/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_PACK_H
#define NNC_PLAN_PACK_H

/* Weights as kernels want them: read from the file block by block of 16 output channels, batch
 * normalisation folded in. The bits depend on the model alone. */

#include "../graph/read_ahead.h"
#include "../kernels/kernels.h"
#include "program.h"

/* What one thread needs to pack block after block; zero but for the program. */
struct nnc_packer {
    const struct nnc_program *program;
    struct nnc_read_ahead ahead;
    float *room[2]; /* for rows as the file has them, and for what others are made of */
    uint64_t room_floats[2];
};

void nnc_packer_finish(struct nnc_packer *packer); /* frees the room, which comes again */

/* How many blocks a step has: 0 for those that have no weights of this kind, which CONV,
 * GROUPED, DEPTHWISE and AFFINE steps have. */
uint32_t nnc_pack_blocks(const struct nnc_program *program, uint32_t step);

/* The kind of a step's weights: m of Winograd's convolution if the kernels have it and it suits
 * the layer, or 0. */
uint8_t nnc_pack_winograd(const struct nnc_program *program, const struct nnc_kernels *kernels,
                          uint32_t step);

uint64_t nnc_pack_floats(const struct nnc_program *program, uint32_t step, uint32_t block,
                         uint8_t winograd);

/* Packs a block into nnc_pack_floats() floats, aligned to 64 bytes. GROUPED: one for each group
 * in the block, first to last, each as of a convolution of its own, with zeros for the lanes
 * of the others. Fails: NNC_CHANGED, NNC_IO, NNC_NOMEM. */
enum nnc_status nnc_pack_block(struct nnc_packer *packer, uint32_t step, uint32_t block,
                               uint8_t winograd, float *packed, struct nnc_error *error);

#endif
