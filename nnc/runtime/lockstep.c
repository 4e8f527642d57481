/* SPDX-License-Identifier: MIT */
/* The state word decides alone who runs and who waits: a frame that finds a free place,
 * and leaves when nobody waits, takes no lock. Where somebody waits there is a leader, since
 * a leader goes only when nobody does. */

#include "lockstep.h"

#include "../base/memory.h"

static const uint64_t LEADER = UINT64_C(1) << 32, WAITING = 1;

static uint32_t leaders_of(uint64_t state)
{
    return (uint32_t)(state >> 32);
}

static uint32_t waiting_of(uint64_t state)
{
    return (uint32_t)state;
}

bool nnc_lockstep_init(struct nnc_lockstep *l)
{
    atomic_init(&l->state, 0);
    return !pthread_mutex_init(&l->lock, NULL);
}

void nnc_lockstep_finish(struct nnc_lockstep *l)
{
    pthread_mutex_destroy(&l->lock);
}

/* Makes the frame a leader, or else, if it `may_wait`, one more that waits. */
static bool begin(struct nnc_lockstep *l, const struct nnc_rider *r, bool may_wait)
{
    uint64_t state = atomic_load_explicit(&l->state, memory_order_relaxed);
    for (;;) {
        const bool free = !waiting_of(state) && leaders_of(state) < r->most_leaders;
        if (!free && !may_wait)
            return false;
        if (atomic_compare_exchange_weak_explicit(&l->state, &state,
                                                  state + (free ? LEADER : WAITING),
                                                  memory_order_relaxed, memory_order_relaxed))
            return free;
    }
}

/* Takes a leader away, unless somebody waits. */
static bool end(struct nnc_lockstep *l)
{
    uint64_t state = atomic_load_explicit(&l->state, memory_order_relaxed);
    while (!waiting_of(state))
        if (atomic_compare_exchange_weak_explicit(&l->state, &state, state - LEADER,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

bool nnc_lockstep_enter(struct nnc_lockstep *l, struct nnc_rider *r)
{
    r->next = NULL;
    r->n = 1;
    r->leads = true;
    if (begin(l, r, false))
        return true;
    pthread_mutex_lock(&l->lock);
    const bool waits = !begin(l, r, true);
    if (waits) {
        if (l->first)
            l->last->next = r;
        else
            l->first = r;
        l->last = r;
    }
    pthread_mutex_unlock(&l->lock);
    while (waits && sem_wait(&r->turn)) /* a signal */
        ;
    return r->leads;
}

/* How many of those that wait go together: all frames that are here, divided among the
 * leaders, so that none of these stands idle while another has a crowd. Under the lock. */
static uint32_t fair_share(const struct nnc_lockstep *l, uint64_t state)
{
    const uint32_t elsewhere = leaders_of(state) - 1 + l->followers;
    return nnc_ceil_div(waiting_of(state) + elsewhere, leaders_of(state));
}

/* Takes the oldest frame out of the row, and those behind it that go with it; NULL if nobody
 * waits. Under the lock. */
static struct nnc_rider *take_group(struct nnc_lockstep *l)
{
    struct nnc_rider *const leader = l->first, *last = leader;
    if (!leader)
        return NULL;
    const uint32_t share = fair_share(l, atomic_load(&l->state));
    uint32_t most = leader->most_together;
    while (last->next && leader->n < share && leader->n < most &&
           leader->n < last->next->most_together) {
        last = last->next;
        most = last->most_together < most ? last->most_together : most;
        leader->n++;
    }
    l->first = last->next;
    last->next = NULL;
    l->followers += leader->n - 1;
    atomic_fetch_sub_explicit(&l->state, leader->n * WAITING, memory_order_relaxed);
    return leader;
}

/* A frame's session may be gone as soon as its owner is woken. */
static void wake_followers(const struct nnc_rider *leader)
{
    for (struct nnc_rider *r = leader->next, *next; r; r = next) {
        next = r->next;
        r->n = leader->n;
        r->leads = false;
        sem_post(&r->turn);
    }
}

void nnc_lockstep_leave(struct nnc_lockstep *l, struct nnc_rider *leader)
{
    if (leader->n == 1 && end(l))
        return;
    struct nnc_rider *next = NULL;
    pthread_mutex_lock(&l->lock);
    l->followers -= leader->n - 1;
    if (!end(l))
        next = take_group(l);
    pthread_mutex_unlock(&l->lock);
    if (next)
        sem_post(&next->turn); /* first: it has waited longer */
    wake_followers(leader);
}
