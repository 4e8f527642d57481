/* SPDX-License-Identifier: MIT */
/* Plans are released outside the lock: that takes the lock of the weights. Hashes lie beside
 * each other, so that a plan which is not the one is passed over without a look at it: after
 * a frame, everything that is looked at comes from far away. */

#include "plan_cache.h"

#include "../base/memory.h"

#include <stdlib.h>
#include <string.h>

struct nnc_shared_plan *nnc_shared_plan_create(struct nnc_plan *plan)
{
    struct nnc_shared_plan *const shared = nnc_alloc(1, sizeof *shared);
    if (!shared || !nnc_lockstep_init(&shared->lockstep)) {
        nnc_plan_destroy(plan);
        free(shared);
        return NULL;
    }
    atomic_init(&shared->refs, 1);
    shared->plan = plan;
    return shared;
}

static void ref(struct nnc_shared_plan *plan)
{
    atomic_fetch_add_explicit(&plan->refs, 1, memory_order_relaxed);
}

void nnc_shared_plan_unref(struct nnc_shared_plan *plan)
{
    if (!plan || atomic_fetch_sub_explicit(&plan->refs, 1, memory_order_acq_rel) != 1)
        return;
    nnc_plan_destroy(plan->plan);
    nnc_lockstep_finish(&plan->lockstep);
    free(plan);
}

bool nnc_plan_cache_init(struct nnc_plan_cache *cache, size_t max)
{
    struct nnc_cached_plan *const entries = nnc_alloc(max, sizeof *entries);
    if (!entries || pthread_mutex_init(&cache->lock, NULL)) {
        free(entries);
        return false;
    }
    cache->entries = entries;
    cache->max = max;
    return true;
}

void nnc_plan_cache_finish(struct nnc_plan_cache *cache)
{
    while (cache->n)
        nnc_shared_plan_unref(cache->entries[--cache->n].plan);
    if (cache->entries)
        pthread_mutex_destroy(&cache->lock);
    free(cache->entries);
}

/* Of cutouts, which may be long: eight bytes at a time. Not 0. */
static uint32_t hash(const void *bytes, size_t size)
{
    const uint64_t prime = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t h = size;
    for (size_t i = 0; i < size; i += sizeof h) {
        uint64_t word = 0;
        memcpy(&word, (const char *)bytes + i, size - i < sizeof word ? size - i : sizeof word);
        h = (h ^ word) * prime;
        h ^= h >> 32;
    }
    return (uint32_t)h | 1;
}

/* Moves entry i to the front; a reference for the caller. Under the lock. */
static struct nnc_shared_plan *use(struct nnc_plan_cache *cache, size_t i)
{
    const struct nnc_cached_plan entry = cache->entries[i];
    memmove(cache->entries + 1, cache->entries, i * sizeof entry);
    cache->entries[0] = entry;
    ref(entry.plan);
    return entry.plan;
}

static struct nnc_shared_plan *find(struct nnc_plan_cache *cache, uint32_t key,
                                    const uint8_t *active, size_t n_classes)
{
    for (size_t i = 0; i < cache->n; i++)
        if (cache->entries[i].of_cutout == key &&
            !memcmp(cache->entries[i].plan->plan->active, active, n_classes))
            return use(cache, i);
    return NULL;
}

struct nnc_shared_plan *nnc_plan_cache_find(struct nnc_plan_cache *cache,
                                            const uint8_t *active, size_t n_classes)
{
    const uint32_t key = hash(active, n_classes);
    pthread_mutex_lock(&cache->lock);
    struct nnc_shared_plan *const plan = find(cache, key, active, n_classes);
    cache->counts.found += plan != NULL;
    pthread_mutex_unlock(&cache->lock);
    return plan;
}

struct nnc_shared_plan *nnc_plan_cache_find_text(struct nnc_plan_cache *cache,
                                                 const char *text)
{
    struct nnc_shared_plan *plan = NULL;
    const size_t size = strnlen(text, NNC_REMEMBERED_TEXT);
    if (size == NNC_REMEMBERED_TEXT)
        return NULL;
    const uint32_t key = hash(text, size);
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < cache->n && !plan; i++)
        if (cache->entries[i].of_text == key && !strcmp(cache->entries[i].plan->text, text))
            plan = use(cache, i);
    cache->counts.found += plan != NULL;
    pthread_mutex_unlock(&cache->lock);
    return plan;
}

struct nnc_shared_plan *nnc_plan_cache_add(struct nnc_plan_cache *cache,
                                           struct nnc_shared_plan *plan, size_t n_classes)
{
    const uint8_t *const active = plan->plan->active;
    const uint32_t key = hash(active, n_classes);
    struct nnc_shared_plan *out = NULL;
    pthread_mutex_lock(&cache->lock);
    struct nnc_shared_plan *const there = find(cache, key, active, n_classes);
    cache->counts.made++;
    if (there) {
        out = plan;
    } else {
        if (cache->n == cache->max)
            out = cache->entries[--cache->n].plan;
        memmove(cache->entries + 1, cache->entries, cache->n * sizeof *cache->entries);
        cache->entries[0] = (struct nnc_cached_plan){.plan = plan, .of_cutout = key};
        cache->n++;
        ref(plan);
    }
    pthread_mutex_unlock(&cache->lock);
    nnc_shared_plan_unref(out);
    return there ? there : plan;
}

void nnc_plan_cache_remember(struct nnc_plan_cache *cache, const struct nnc_shared_plan *plan,
                             const char *text)
{
    const size_t size = strnlen(text, NNC_REMEMBERED_TEXT);
    if (size == NNC_REMEMBERED_TEXT)
        return;
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < cache->n; i++)
        if (cache->entries[i].plan == plan) {
            memcpy(cache->entries[i].plan->text, text, size + 1);
            cache->entries[i].of_text = hash(text, size);
        }
    pthread_mutex_unlock(&cache->lock);
}

void nnc_plan_cache_drop_unused(struct nnc_plan_cache *cache)
{
    for (;;) {
        struct nnc_shared_plan *unused = NULL;
        pthread_mutex_lock(&cache->lock);
        for (size_t i = 0; i < cache->n && !unused; i++) {
            struct nnc_shared_plan *const plan = cache->entries[i].plan;
            if (atomic_load_explicit(&plan->refs, memory_order_relaxed) != 1)
                continue;
            unused = plan;
            memmove(cache->entries + i, cache->entries + i + 1,
                    (--cache->n - i) * sizeof *cache->entries);
        }
        pthread_mutex_unlock(&cache->lock);
        if (!unused)
            return;
        nnc_shared_plan_unref(unused);
    }
}
