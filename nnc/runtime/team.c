/* SPDX-License-Identifier: MIT */
/* One lock guards the list of frames that call for workers; the frames themselves are run
 * without any. */

#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    MAX_THREADS = 256,
    MAX_ITEMS = 4096,    /* of a stage as the state counts them; more are taken in runs */
    HOT_SPINS = 200, /* without a pause, which is as long as the smallest steps */
    SPINS_IN_FRAME = 2000,
    SPINS_WHEN_IDLE = 2000 /* some 50 to 100 microseconds */
};

/* Held while threads are started or ended; always taken before the team's lock. */
static pthread_mutex_t staffing = PTHREAD_MUTEX_INITIALIZER;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake, left;
    struct nnc_frame *frames; /* that want workers */
    pthread_t thread[MAX_THREADS];
    uint32_t n_threads, users;
    bool stop;
} team = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .left = PTHREAD_COND_INITIALIZER};

uint32_t nnc_float_mode_enter(void)
{
#if defined(__x86_64__)
    const uint32_t mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040u); /* FTZ and DAZ */
    return mode;
#elif defined(__aarch64__)
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | (UINT64_C(1) << 24)));
    return (uint32_t)mode;
#else
    return 0;
#endif
}

void nnc_float_mode_leave(uint32_t mode)
{
#if defined(__x86_64__)
    _mm_setcsr(mode);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)mode));
#else
    (void)mode;
#endif
}

static void pause_briefly(void)
{
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* The state word ----------------------------------------------------------------------- */

static uint64_t pack(uint64_t epoch, uint64_t stage, uint64_t items)
{
    return (epoch & 0xffff) << 48 | stage << 32 | items << 16;
}

static uint64_t epoch_of(uint64_t state)
{
    return state >> 48;
}

static uint32_t stage_of(uint64_t state)
{
    return state >> 32 & 0xffff;
}

static uint32_t items_of(uint64_t state)
{
    return state >> 16 & 0xffff;
}

static uint32_t next_of(uint64_t state)
{
    return state & 0xffff;
}

/* Stages of more items than the word can count are taken several at a time. */
static uint32_t run_length(const struct nnc_stage *stage)
{
    return nnc_ceil_div(stage->n_items, MAX_ITEMS);
}

static uint64_t open_stage(const struct nnc_plan *plan, uint64_t epoch, uint32_t stage)
{
    while (stage < plan->n_stages && !plan->stages[stage].n_items)
        stage++;
    if (stage == plan->n_stages)
        return pack(epoch, 0, 0);
    const struct nnc_stage *const s = &plan->stages[stage];
    return pack(epoch, stage, nnc_ceil_div(s->n_items, run_length(s)));
}

static void run_item(struct nnc_frame *frame, uint64_t state, uint32_t slot)
{
    const struct nnc_stage *const stage = &frame->plan->stages[stage_of(state)];
    const uint32_t length = run_length(stage);
    const uint32_t first = next_of(state) * length;
    for (uint32_t i = first; i < first + length && i < stage->n_items; i++)
        nnc_plan_stage_run(&frame->runs[slot], stage, i);
    if (atomic_fetch_add_explicit(&frame->done, 1, memory_order_acq_rel) + 1 !=
        items_of(state))
        return;
    atomic_store_explicit(&frame->done, 0, memory_order_relaxed);
    atomic_store_explicit(&frame->state,
                          open_stage(frame->plan, epoch_of(state), stage_of(state) + 1),
                          memory_order_release);
}

/* Works until the frame is over (the caller) or has been over for a while (a worker). */
static void work(struct nnc_frame *frame, uint32_t slot)
{
    uint32_t spins = 0;
    for (;;) {
        uint64_t state = atomic_load_explicit(&frame->state, memory_order_acquire);
        if (next_of(state) < items_of(state)) {
            if (atomic_compare_exchange_weak_explicit(&frame->state, &state, state + 1,
                                                      memory_order_acq_rel,
                                                      memory_order_relaxed))
                run_item(frame, state, slot);
            spins = 0;
            continue;
        }
        const bool over = !items_of(state);
        if (over && (slot == 0 || spins >= SPINS_WHEN_IDLE))
            return;
        if (!over && spins && spins % SPINS_IN_FRAME == 0)
            sched_yield(); /* whoever holds the last item may need this core */
        if (spins++ >= HOT_SPINS)
            pause_briefly();
    }
}

/* Workers ------------------------------------------------------------------------------ */

static struct nnc_frame *frame_that_calls(void)
{
    struct nnc_frame *frame = team.frames;
    while (frame && frame->workers_in >= frame->workers_wanted)
        frame = frame->next;
    return frame;
}

static uint32_t take_slot(struct nnc_frame *frame)
{
    uint32_t slot = 1;
    while (frame->slot_taken[slot / 64] >> (slot % 64) & 1)
        slot++;
    frame->slot_taken[slot / 64] |= UINT64_C(1) << (slot % 64);
    frame->workers_in++;
    return slot;
}

static void *worker(void *unused)
{
    nnc_float_mode_enter();
    pthread_mutex_lock(&team.lock);
    while (!team.stop) {
        struct nnc_frame *const frame = frame_that_calls();
        if (!frame) {
            pthread_cond_wait(&team.wake, &team.lock);
            continue;
        }
        const uint32_t slot = take_slot(frame);
        pthread_mutex_unlock(&team.lock);
        work(frame, slot);
        pthread_mutex_lock(&team.lock);
        frame->slot_taken[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
        frame->workers_in--;
        pthread_cond_broadcast(&team.left);
    }
    pthread_mutex_unlock(&team.lock);
    return unused;
}

void nnc_team_acquire(uint32_t threads)
{
    pthread_mutex_lock(&staffing);
    pthread_mutex_lock(&team.lock);
    team.users++;
    while (team.n_threads + 1 < threads && team.n_threads < MAX_THREADS) {
        if (pthread_create(&team.thread[team.n_threads], NULL, worker, NULL))
            break;
        team.n_threads++;
    }
    pthread_mutex_unlock(&team.lock);
    pthread_mutex_unlock(&staffing);
}

void nnc_team_release(void)
{
    pthread_mutex_lock(&staffing);
    pthread_mutex_lock(&team.lock);
    team.stop = --team.users == 0;
    const bool stop = team.stop;
    pthread_cond_broadcast(&team.wake);
    pthread_mutex_unlock(&team.lock);
    for (uint32_t i = 0; stop && i < team.n_threads; i++)
        pthread_join(team.thread[i], NULL);
    if (stop) {
        pthread_mutex_lock(&team.lock);
        team.n_threads = 0;
        team.stop = false;
        pthread_mutex_unlock(&team.lock);
    }
    pthread_mutex_unlock(&staffing);
}

void nnc_team_call(struct nnc_frame *frame)
{
    if (frame->slots < 2)
        return;
    pthread_mutex_lock(&team.lock);
    frame->workers_wanted = frame->slots - 1;
    if (!frame->posted) {
        frame->posted = true;
        frame->next = team.frames;
        team.frames = frame;
    }
    if (frame->workers_in < frame->workers_wanted)
        pthread_cond_broadcast(&team.wake);
    pthread_mutex_unlock(&team.lock);
}

void nnc_team_run(struct nnc_frame *frame)
{
    const uint64_t before = atomic_load_explicit(&frame->state, memory_order_relaxed);
    atomic_store_explicit(&frame->state, open_stage(frame->plan, epoch_of(before) + 1, 0),
                          memory_order_release);
    work(frame, 0);
}

void nnc_team_dismiss(struct nnc_frame *frame)
{
    if (frame->slots < 2)
        return;
    pthread_mutex_lock(&team.lock);
    struct nnc_frame **link = &team.frames;
    while (*link && *link != frame)
        link = &(*link)->next;
    if (*link)
        *link = frame->next;
    frame->posted = false;
    pthread_mutex_unlock(&team.lock);
}

void nnc_team_forget(struct nnc_frame *frame)
{
    nnc_team_dismiss(frame);
    pthread_mutex_lock(&team.lock);
    while (frame->workers_in)
        pthread_cond_wait(&team.left, &team.lock);
    pthread_mutex_unlock(&team.lock);
}
