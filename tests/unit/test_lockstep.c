/* SPDX-License-Identifier: MIT */
/* The row in which frames of a plan wait: who runs at once, who goes with whom, in which
 * order. Frames are threads that run nothing and leave when they are told to. */

#include "runtime/lockstep.h"

#include <check.h>
#include <sched.h>
#include <stdlib.h>

enum { MAX_FRAMES = 16 };

struct frame {
    struct nnc_rider rider;
    pthread_t thread;
    sem_t may_leave;
    unsigned number;
    bool led;
};

static struct nnc_lockstep row;
static struct frame frames[MAX_FRAMES];
static sem_t started;                /* by a leader, once it is noted */
static struct frame *leaders[MAX_FRAMES]; /* in the order they began */
static unsigned n_leaders;

static void *pass(void *data)
{
    struct frame *const f = data;
    f->led = nnc_lockstep_enter(&row, &f->rider);
    if (!f->led)
        return NULL;
    leaders[n_leaders++] = f; /* one at a time: the test waits for each */
    sem_post(&started);
    while (sem_wait(&f->may_leave))
        ;
    nnc_lockstep_leave(&row, &f->rider);
    return NULL;
}

static unsigned n_waiting(void)
{
    return (uint32_t)atomic_load(&row.state);
}

static void await_leader(void)
{
    while (sem_wait(&started))
        ;
}

static void arrive(unsigned number, unsigned places, unsigned most)
{
    struct frame *const f = &frames[number];
    *f = (struct frame){.number = number,
                        .rider = {.most_leaders = places, .most_together = most}};
    ck_assert(!sem_init(&f->rider.turn, 0, 0) && !sem_init(&f->may_leave, 0, 0));
    ck_assert(!pthread_create(&f->thread, NULL, pass, f));
    if (number < places)
        await_leader();
    else
        while (n_waiting() != number - places + 1)
            sched_yield();
}

static const struct {
    unsigned places, most[MAX_FRAMES + 1]; /* of every frame, in the order they come */
    unsigned groups[MAX_FRAMES + 1];           /* frames of each, in the order they begin */
    const char *why;
} rows[] = {
    {1, {16}, {1}, "nobody is there"},
    {2, {16, 16}, {1, 1}, "a place is free"},
    {1, {16, 16, 16, 16}, {1, 3}, "all that wait"},
    {1, {6, 6, 6, 6, 6, 6, 6, 6, 6, 6}, {1, 6, 3}, "no more than allowed"},
    {2, {16, 16, 16, 16, 16, 16, 16, 16}, {1, 1, 4, 2}, "7 are left for two: 4, then 2"},
    {2, {16, 16, 16}, {1, 1, 1}, "one that waits goes alone"},
    {4, {16, 16, 16, 16, 16, 16, 16, 16}, {1, 1, 1, 1, 2, 2}, "4 that wait, for two of 4"},
    {1, {16, 2, 16, 16, 16}, {1, 2, 2}, "the first allows two"},
    {1, {16, 16, 16, 3, 16}, {1, 3, 1}, "the third allows three"},
    {1, {16, 16, 1, 16, 16}, {1, 1, 1, 2}, "the second goes with nobody"},
};

START_TEST(frames_go_in_order)
{
    const unsigned places = rows[_i].places;
    unsigned n = 0, first = 0, left = 0;
    n_leaders = 0;
    ck_assert(nnc_lockstep_init(&row) && !sem_init(&started, 0, 0));
    for (; rows[_i].most[n]; n++)
        arrive(n, places, rows[_i].most[n]);
    for (; left < n_leaders; left++) {
        const bool another_begins = n_waiting() > 0;
        sem_post(&leaders[left]->may_leave);
        if (another_begins)
            await_leader();
    }
    for (unsigned i = 0; i < n; i++)
        pthread_join(frames[i].thread, NULL);
    for (unsigned g = 0; g < n_leaders; first += rows[_i].groups[g++]) {
        const char *const why = rows[_i].why;
        ck_assert_msg(leaders[g]->number == first, "%s: frame %u leads group %u", why,
                      leaders[g]->number, g);
        for (unsigned i = first; i < first + rows[_i].groups[g]; i++) {
            ck_assert_msg(frames[i].led == (i == first), "%s: frame %u", why, i);
            ck_assert_msg(frames[i].rider.n == rows[_i].groups[g],
                          "%s: frame %u went in a group of %u, expected %u", why, i,
                          frames[i].rider.n, rows[_i].groups[g]);
        }
    }
    ck_assert_uint_eq(first, n);
    ck_assert_uint_eq(atomic_load(&row.state), 0);
    ck_assert_uint_eq(row.followers, 0);
    for (unsigned i = 0; i < n; i++) {
        sem_destroy(&frames[i].rider.turn);
        sem_destroy(&frames[i].may_leave);
    }
    sem_destroy(&started);
    nnc_lockstep_finish(&row);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("lockstep");
    TCase *const all = tcase_create("row");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, frames_go_in_order, 0, sizeof rows / sizeof *rows);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
