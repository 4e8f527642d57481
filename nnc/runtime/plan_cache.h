/* SPDX-License-Identifier: MIT */
#ifndef NNC_RUNTIME_PLAN_CACHE_H
#define NNC_RUNTIME_PLAN_CACHE_H

/* The plans of a model that were used last, found by their cutout or by the text that asked
 * for it last, which spares reading the text again. Shared. */

#include "lockstep.h"

#include <nnc/model.h>

enum { NNC_REMEMBERED_TEXT = 128 }; /* bytes; longer ones are read each time */

/* A plan with its users: the cache is one of them, every task is one. */
struct nnc_shared_plan {
    atomic_uint refs;
    struct nnc_plan *plan;
    struct nnc_lockstep lockstep;   /* of the frames that run it */
    char text[NNC_REMEMBERED_TEXT]; /* the cache's lock */
};

struct nnc_cached_plan {
    struct nnc_shared_plan *plan;
    uint32_t of_cutout, of_text; /* hashes; of_text 0: no text is known */
};

struct nnc_plan_cache {
    pthread_mutex_t lock;
    struct nnc_cached_plan *entries; /* most recently used first */
    size_t n, max;
    struct nnc_plan_counts counts;
};

/* Takes the plan over; NULL if memory is short, the plan is destroyed then. The caller owns
 * the first reference. */
struct nnc_shared_plan *nnc_shared_plan_create(struct nnc_plan *plan);
void nnc_shared_plan_unref(struct nnc_shared_plan *plan);

/* False: no memory. Finishing takes what init failed for, and zeros. */
bool nnc_plan_cache_init(struct nnc_plan_cache *cache, size_t max);
void nnc_plan_cache_finish(struct nnc_plan_cache *cache);

/* The plan of a cutout (a byte, 0 or 1, per class) or of a text, with a reference for the
 * caller; NULL if it is not there. */
struct nnc_shared_plan *nnc_plan_cache_find(struct nnc_plan_cache *cache,
                                            const uint8_t *active, size_t n_classes);
struct nnc_shared_plan *nnc_plan_cache_find_text(struct nnc_plan_cache *cache,
                                                 const char *text);

/* Puts a new plan in front and returns it, or the one for the same cutout that another
 * thread has put there meanwhile; takes the caller's reference and gives one. */
struct nnc_shared_plan *nnc_plan_cache_add(struct nnc_plan_cache *cache,
                                           struct nnc_shared_plan *plan, size_t n_classes);

/* `text` stands for this plan's cutout. Does nothing if it is long or the plan has left. */
void nnc_plan_cache_remember(struct nnc_plan_cache *cache, const struct nnc_shared_plan *plan,
                             const char *text);

/* Lets go of plans that no task holds. */
void nnc_plan_cache_drop_unused(struct nnc_plan_cache *cache);

#endif
