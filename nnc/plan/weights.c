/* SPDX-License-Identifier: MIT */
/* A block's slot says how many plans use it and whether its data is there. One lock guards all
 * slots; it is held while a block is read, never while a frame waits. */

#include "weights.h"

#include "../graph/taxonomy.h"
#include "pack.h"
#include "weight_memory.h"

#include <pthread.h>
#include <stdlib.h>

struct slot {
    uint32_t users;
    bool loaded;
};

struct nnc_weights {
    const struct nnc_program *program;
    pthread_mutex_t lock;
    struct slot *slots;
    struct nnc_weight_memory *memory;
    struct nnc_packer packer;
    uint32_t *first_slot; /* [n_steps + 1] */
    uint8_t *winograd;    /* [n_steps] */
    size_t resident;
};

/* Each step's first slot, and what kind of weights it has. */
static enum nnc_status number_slots(struct nnc_weights *w, const struct nnc_kernels *kernels,
                                    struct nnc_error *error)
{
    const struct nnc_program *const p = w->program;
    uint32_t n = 0;
    w->first_slot = nnc_alloc((uint64_t)p->n_steps + 1, sizeof *w->first_slot);
    w->winograd = nnc_alloc(p->n_steps, sizeof *w->winograd);
    if (!w->first_slot || !w->winograd)
        return nnc_fail_nomem(error, p->n_steps * sizeof *w->first_slot);
    for (uint32_t s = 0; s < p->n_steps; s++) {
        w->first_slot[s] = n;
        w->winograd[s] = nnc_pack_winograd(p, kernels, s);
        n += nnc_pack_blocks(p, s);
    }
    w->first_slot[p->n_steps] = n;
    w->slots = nnc_alloc(n, sizeof *w->slots);
    return w->slots ? NNC_OK : nnc_fail_nomem(error, n * sizeof *w->slots);
}

/* Units are the top categories by their numbers, and before them the trunk. */
static enum nnc_status place_blocks(struct nnc_weights *w, const struct nnc_demand *owners,
                                    struct nnc_error *error)
{
    const struct nnc_program *const p = w->program;
    const uint32_t n = w->first_slot[p->n_steps];
    uint64_t *const bytes = nnc_alloc(n, sizeof *bytes);
    uint32_t *const unit = nnc_alloc(n, sizeof *unit);
    for (uint32_t s = 0; bytes && unit && s < p->n_steps; s++) {
        const uint32_t top = nnc_demand_top(owners, p->edges[p->steps[s].out].value);
        for (uint32_t i = w->first_slot[s]; i < w->first_slot[s + 1]; i++) {
            bytes[i] = nnc_weights_block_bytes(w, s, i - w->first_slot[s]);
            unit[i] = top == NNC_TRUNK ? 0 : top + 1;
        }
    }
    if (bytes && unit)
        w->memory = nnc_weight_memory_create(n, bytes, unit,
                                             p->graph->taxonomy->n_categories + 1);
    free(bytes);
    free(unit);
    return w->memory ? NNC_OK : nnc_fail_nomem(error, n * sizeof *bytes);
}

enum nnc_status nnc_weights_create(const struct nnc_program *program,
                                   const struct nnc_kernels *kernels,
                                   const struct nnc_demand *owners,
                                   struct nnc_weights **weights, struct nnc_error *error)
{
    struct nnc_weights *const w = nnc_alloc(1, sizeof *w);
    if (!w)
        return nnc_fail_nomem(error, sizeof *w);
    w->program = w->packer.program = program;
    if (pthread_mutex_init(&w->lock, NULL)) {
        free(w);
        return nnc_fail_nomem(error, sizeof *w);
    }
    enum nnc_status status = number_slots(w, kernels, error);
    if (!status)
        status = place_blocks(w, owners, error);
    if (status)
        nnc_weights_destroy(w);
    else
        *weights = w;
    return status;
}

void nnc_weights_destroy(struct nnc_weights *w)
{
    if (!w)
        return;
    pthread_mutex_destroy(&w->lock);
    nnc_weight_memory_destroy(w->memory);
    nnc_packer_finish(&w->packer);
    free(w->first_slot);
    free(w->winograd);
    free(w->slots);
    free(w);
}

uint32_t nnc_weights_winograd(const struct nnc_weights *w, uint32_t step)
{
    return w->winograd[step];
}

size_t nnc_weights_block_bytes(const struct nnc_weights *w, uint32_t step, uint32_t block)
{
    return nnc_pack_floats(w->program, step, block, w->winograd[step]) * sizeof(float);
}

static uint32_t slot_of(const struct nnc_weights *w, uint32_t step, uint32_t block)
{
    return w->first_slot[step] + block;
}

static void want(struct nnc_weights *w, const struct nnc_weight_block *blocks, uint32_t n)
{
    pthread_mutex_lock(&w->lock);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t slot = slot_of(w, blocks[i].step, blocks[i].block);
        if (!w->slots[slot].users++)
            nnc_weight_memory_want(w->memory, slot);
    }
    nnc_weight_memory_settle(w->memory);
    pthread_mutex_unlock(&w->lock);
}

/* Under the lock. */
static enum nnc_status load(struct nnc_weights *w, const struct nnc_weight_block *b,
                            uint32_t slot, struct nnc_error *error)
{
    const size_t bytes = nnc_weights_block_bytes(w, b->step, b->block);
    float *const data = nnc_weight_memory_get(w->memory, slot);
    if (!data)
        return nnc_fail_nomem(error, bytes);
    const enum nnc_status status = nnc_pack_block(&w->packer, b->step, b->block,
                                                  w->winograd[b->step], data, error);
    if (status)
        return status;
    w->slots[slot].loaded = true;
    w->resident += bytes;
    return NNC_OK;
}

/* Another plan may want some of the same, and the one that comes first reads it: so the lock is
 * taken for each block. */
enum nnc_status nnc_weights_acquire(struct nnc_weights *w,
                                    const struct nnc_weight_block *blocks, uint32_t n,
                                    struct nnc_error *error)
{
    enum nnc_status status = NNC_OK;
    want(w, blocks, n);
    for (uint32_t i = 0; i < n && !status; i++) {
        const uint32_t slot = slot_of(w, blocks[i].step, blocks[i].block);
        pthread_mutex_lock(&w->lock);
        if (!w->slots[slot].loaded)
            status = load(w, &blocks[i], slot, error);
        pthread_mutex_unlock(&w->lock);
    }
    pthread_mutex_lock(&w->lock);
    nnc_packer_finish(&w->packer);
    pthread_mutex_unlock(&w->lock);
    if (status)
        nnc_weights_release(w, blocks, n);
    return status;
}

void nnc_weights_release(struct nnc_weights *w, const struct nnc_weight_block *blocks,
                         uint32_t n)
{
    pthread_mutex_lock(&w->lock);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t slot = slot_of(w, blocks[i].step, blocks[i].block);
        if (--w->slots[slot].users)
            continue;
        if (w->slots[slot].loaded)
            w->resident -= nnc_weights_block_bytes(w, blocks[i].step, blocks[i].block);
        w->slots[slot].loaded = false;
        nnc_weight_memory_leave(w->memory, slot);
    }
    nnc_weight_memory_settle(w->memory);
    pthread_mutex_unlock(&w->lock);
}

const float *nnc_weights_packed(const struct nnc_weights *w, uint32_t step, uint32_t block)
{
    return nnc_weight_memory_get(w->memory, slot_of(w, step, block));
}

size_t nnc_weights_resident_bytes(struct nnc_weights *w)
{
    pthread_mutex_lock(&w->lock);
    const size_t bytes = w->resident;
    pthread_mutex_unlock(&w->lock);
    return bytes;
}
