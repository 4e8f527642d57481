/* SPDX-License-Identifier: MIT */
#ifndef NNC_RUNTIME_MODEL_H
#define NNC_RUNTIME_MODEL_H

/* The inside of a model: graph and program (immutable), weights (counted), and the cache
 * of plans, which keeps the most recently used ones. */

#include "../graph/taxonomy.h"
#include "../image/preprocess.h"
#include "../plan/plan.h"
#include "plan_cache.h"

#include <stdatomic.h>

struct nnc_model {
    atomic_uint refs;
    struct nnc_graph *graph;
    struct nnc_program *program;
    struct nnc_weights *weights;
    const struct nnc_kernels *kernels;
    const struct nnc_image_kernels *image_kernels;
    const struct nnc_narrow_kernels *narrow; /* NULL: fp32 */
    struct nnc_demand *owners; /* of everything demanded */
    struct nnc_cost_table full;
    uint32_t n_presence, n_attention;
    float *ones; /* for every category and place of the attention input, whole blocks */
    struct nnc_plan_cache plans;
};

/* The plan of a cutout (a byte per class), from the cache or made now. The caller owns one
 * reference. Threads: shared. */
enum nnc_status nnc_model_plan(struct nnc_model *model, const uint8_t *active,
                               struct nnc_shared_plan **plan, struct nnc_error *error);

/* Which presence outputs the task of a cutout needs: those of the largest wholly active
 * categories. `wanted` has a byte per presence output. */
void nnc_model_wanted_presence(const struct nnc_model *model, const uint8_t *active,
                               uint8_t *wanted);

#endif
