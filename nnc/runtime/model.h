/* SPDX-License-Identifier: MIT */
#ifndef NNC_RUNTIME_MODEL_H
#define NNC_RUNTIME_MODEL_H

/* The inside of a model: graph and program (immutable), weights (counted), and the cache
 * of plans, which keeps the most recently used ones. */

#include "../graph/taxonomy.h"
#include "../image/preprocess.h"
#include "../plan/plan.h"
#include "lockstep.h"

#include <pthread.h>
#include <stdatomic.h>

/* A plan with its users: the cache is one of them, every task is one. */
struct nnc_shared_plan {
    atomic_uint refs;
    struct nnc_plan *plan;
    struct nnc_lockstep lockstep; /* of the frames that run it */
};

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

    pthread_mutex_t lock; /* guards the cache */
    struct nnc_shared_plan **cached; /* most recently used first */
    size_t n_cached, max_cached;
    struct nnc_plan_counts plans; /* lock */
};

/* The plan of a cutout (a byte per class), from the cache or made now. The caller owns one
 * reference. Threads: shared. */
enum nnc_status nnc_model_plan(struct nnc_model *model, const uint8_t *active,
                               struct nnc_shared_plan **plan, struct nnc_error *error);
void nnc_shared_plan_unref(struct nnc_shared_plan *plan);

/* Which presence outputs the task of a cutout needs: those of the largest wholly active
 * categories. `wanted` has a byte per presence output. */
void nnc_model_wanted_presence(const struct nnc_model *model, const uint8_t *active,
                               uint8_t *wanted);

#endif
