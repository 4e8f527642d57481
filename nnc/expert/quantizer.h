/* SPDX-License-Identifier: MIT */
#ifndef NNC_EXPERT_QUANTIZER_H
#define NNC_EXPERT_QUANTIZER_H

#include "../runtime/model.h"
#include "cut.h"
#include <nnc/expert.h>

/* The whole model to memory, with these nodes quantised. `*bytes` is the caller's, to be
 * released with free(). Fails: as nnc_expert_make. */
enum nnc_status nnc_expert_quantise(const struct nnc_model *model,
                                    const struct nnc_quantisation *quantisation, void **bytes,
                                    size_t *size, struct nnc_expert_info *info,
                                    struct nnc_error *error);

#endif
