/* SPDX-License-Identifier: MIT */

/* Sixteen streams on one model, more frames than the machine can classify: each gets its
 * share. Fairness is the least number of classified frames over the greatest, 1 where all
 * have the same; Jain's index (Jain, Chiu, Hawe, 1984: the squared sum over n times the sum
 * of squares), which forgives more, is printed beside it.
 *
 * All threads are on one processor, so that its scheduler divides it into equal parts
 * whatever else the machine does, and what is left to see is how the elements and the model
 * divide their locks, plans and workers. Frames are counted, not seconds. */

#include "element_fixture.h"

#include <sched.h>

enum { N_STREAMS = 16, FRAME_BYTES = 2304 };

static const gdouble LEAST_FAIRNESS = 0.9;

static void stay_on_one_processor(void)
{
    cpu_set_t set;
    int first = 0;

    fail_if(sched_getaffinity(0, sizeof set, &set));
    while (!CPU_ISSET(first, &set))
        first++;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    fail_if(sched_setaffinity(0, sizeof set, &set));
}

static void open_streams(struct fixture *streams, const gchar *properties)
{
    for (guint i = 0; i < N_STREAMS; i++) {
        fixture_open(&streams[i], MODEL_PRESENCE, properties);
        fixture_set_caps(&streams[i], RGB_CAPS);
    }
}

static void close_streams(struct fixture *streams)
{
    for (guint i = 0; i < N_STREAMS; i++)
        fixture_close(&streams[i]);
}

static guint64 read_classified(struct fixture *streams, guint64 *counts)
{
    guint64 all = 0;

    for (guint i = 0; i < N_STREAMS; i++)
        all += counts[i] = read_stat(&streams[i], "frames-classified");
    return all;
}

static void check_fairness(const gchar *what, const guint64 *counts)
{
    guint64 least = counts[0], most = counts[0];
    gdouble sum = 0.0, squares = 0.0;

    for (guint i = 0; i < N_STREAMS; i++) {
        least = MIN(least, counts[i]);
        most = MAX(most, counts[i]);
        sum += (gdouble)counts[i];
        squares += (gdouble)counts[i] * (gdouble)counts[i];
    }
    g_print("%s: %u frames, from %u to %u a stream, Jain's index %.4f\n", what, (guint)sum,
            (guint)least, (guint)most, sum * sum / (N_STREAMS * squares));
    fail_unless((gdouble)least >= LEAST_FAIRNESS * (gdouble)most);
}

/* --- in step: a thread for each stream, none waits for anything --- */

struct race {
    struct fixture *streams;
    gint next; /* whose thread is started */
    gint ready;
    gint frames; /* that are left */
};

static gpointer push_frames(gpointer data)
{
    struct race *const race = data;
    struct fixture *const mine = &race->streams[g_atomic_int_add(&race->next, 1)];

    g_atomic_int_inc(&race->ready);
    while (g_atomic_int_get(&race->ready) < N_STREAMS)
        g_thread_yield();
    while (g_atomic_int_add(&race->frames, -1) > 0) {
        gst_buffer_unref(classify_buffer(mine, noise_buffer(FRAME_BYTES, 1)));
        g_thread_yield(); /* a camera's frame does not follow at once, either */
    }
    return NULL;
}

GST_START_TEST(in_step)
{
    struct fixture streams[N_STREAMS];
    struct race race = {.streams = streams, .frames = N_STREAMS * 200};
    GThread *threads[N_STREAMS];
    guint64 counts[N_STREAMS];

    stay_on_one_processor();
    open_streams(streams, "top-k=0");
    for (guint i = 0; i < N_STREAMS; i++)
        threads[i] = g_thread_new("stream", push_frames, &race);
    for (guint i = 0; i < N_STREAMS; i++)
        g_thread_join(threads[i]);
    read_classified(streams, counts);
    check_fairness("in step", counts);
    close_streams(streams);
}
GST_END_TEST

/* --- beside the stream: sixteen cameras, three frames for each that can be classified --- */

static void push_round(struct fixture *streams, guint round)
{
    for (guint i = 0; i < N_STREAMS; i++)
        gst_buffer_unref(classify_buffer(&streams[(i + round) % N_STREAMS],
                                         noise_buffer(FRAME_BYTES, round)));
}

/* New threads have the policy of who makes them; those of a batch do not interrupt others
 * when there is work for them: so frames come faster than they are classified. */
static void set_policy(int policy)
{
    const struct sched_param none = {.sched_priority = 0};

    fail_if(sched_setscheduler(0, policy, &none));
}

/* The next frames come when half as many results are there as streams. */
GST_START_TEST(beside_the_stream)
{
    enum { ROUNDS = 300, OVERLOAD = 3 };
    struct fixture streams[N_STREAMS];
    guint64 counts[N_STREAMS], done = 0;

    stay_on_one_processor();
    set_policy(SCHED_BATCH);
    open_streams(streams, "top-k=0 async=true");
    set_policy(SCHED_OTHER);
    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < OVERLOAD; i++)
            push_round(streams, round);
        while (read_classified(streams, counts) < done + N_STREAMS / 2)
            g_thread_yield();
        done = read_classified(streams, counts);
    }
    check_fairness("beside the stream", counts);
    g_print("of %u that came\n", ROUNDS * OVERLOAD * N_STREAMS);
    close_streams(streams);
}
GST_END_TEST

static Suite *classify_fairness(void)
{
    Suite *const suite = suite_create("classify_fairness");
    TCase *const all = tcase_create("fairness");

    suite_add_tcase(suite, all);
    tcase_add_test(all, in_step);
    tcase_add_test(all, beside_the_stream);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_fairness(), "classify_fairness", __FILE__);
}
