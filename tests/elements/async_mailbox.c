/* SPDX-License-Identifier: MIT */

/* The mailbox between a stream and its worker, with a worker that waits to be let
 * through: which frame is run, whose result is taken, and that nothing is left behind. */

#include "gstnncasync.h"

#include <gst/check/gstcheck.h>

#include <pthread.h>
#include <stdatomic.h>

/* --- a worker that can be stopped --- */

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    gboolean open;   /* lock */
    guint64 running; /* lock: the newest frame that was begun */
};

static _Atomic gint n_tasks;

static void run(gpointer owner, const struct gst_nnc_job *job, GPtrArray *predictions)
{
    struct gate *const gate = owner;

    pthread_mutex_lock(&gate->lock);
    gate->running = job->frame;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    for (guint i = 0; i < job->n; i++) {
        const gfloat *const tensor = job->tensors + i * job->tensor_floats;
        const GstNncPredictionInfo info = {
            .task_id = job->frame, .macs = (guint64)tensor[job->tensor_floats - 1]};
        g_ptr_array_add(predictions, gst_nnc_prediction_new(&info));
    }
}

static void release_task(gpointer task)
{
    fail_unless(task == &n_tasks);
    atomic_fetch_sub(&n_tasks, 1);
}

static const struct gst_nnc_async_calls calls = {run, release_task};

static void set_open(struct gate *gate, gboolean open)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = open;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void wait_for_begin(struct gate *gate, guint64 frame)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->running != frame)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static struct gst_nnc_async *open_mailbox(struct gate *gate, gboolean open)
{
    struct gst_nnc_async *const async = gst_nnc_async_new(&calls, gate);

    *gate = (struct gate){.open = open};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
    fail_unless(gst_nnc_async_start(async));
    return async;
}

static void close_mailbox(struct gst_nnc_async *async, struct gate *gate)
{
    set_open(gate, TRUE);
    gst_nnc_async_free(async);
    fail_unless_equals_int(atomic_load(&n_tasks), 0);
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->lock);
}

/* A frame of `n` pictures; the last number of each is the frame's and its own. */
static gboolean submit(struct gst_nnc_async *async, guint64 frame, guint n, gsize floats)
{
    struct gst_nnc_job *const job = gst_nnc_async_begin(async, n, floats);

    job->task = &n_tasks;
    atomic_fetch_add(&n_tasks, 1);
    job->frame = frame;
    for (guint i = 0; i < n; i++)
        job->tensors[(i + 1) * floats - 1] = (gfloat)(frame * 100 + i);
    return gst_nnc_async_submit(async);
}

/* 0: nothing was there to be taken. */
static guint64 take(struct gst_nnc_async *async, guint n)
{
    g_autoptr(GPtrArray) taken =
        g_ptr_array_new_with_free_func((GDestroyNotify)gst_nnc_prediction_unref);
    guint64 frame = 0;

    if (!gst_nnc_async_take(async, taken, &frame))
        return 0;
    fail_unless_equals_int(taken->len, n);
    for (guint i = 0; i < n; i++) {
        const GstNncPrediction *const prediction = g_ptr_array_index(taken, i);
        fail_unless_equals_uint64(gst_nnc_prediction_get_task_id(prediction), frame);
        fail_unless_equals_uint64(gst_nnc_prediction_get_macs(prediction),
                                  frame * 100 + i);
    }
    return frame;
}

/* --- tests --- */

GST_START_TEST(each_result_once)
{
    struct gate gate;
    struct gst_nnc_async *const async = open_mailbox(&gate, TRUE);

    fail_unless_equals_uint64(take(async, 0), 0);
    for (guint64 frame = 1; frame < 200; frame++) {
        const guint n = (guint)(frame * 7 % 5);
        fail_if(submit(async, frame, n, 1 + frame * 13 % 50));
        gst_nnc_async_drain(async);
        fail_unless_equals_uint64(take(async, n), frame);
        fail_unless_equals_uint64(take(async, n), 0);
    }
    close_mailbox(async, &gate);
}
GST_END_TEST

GST_START_TEST(newest_frame_wins)
{
    struct gate gate;
    struct gst_nnc_async *const async = open_mailbox(&gate, FALSE);

    fail_if(submit(async, 1, 1, 8));
    wait_for_begin(&gate, 1);
    fail_if(submit(async, 2, 1, 8)); /* while 1 runs */
    fail_unless(submit(async, 3, 1, 8));
    fail_unless(submit(async, 4, 1, 8));
    fail_unless_equals_uint64(take(async, 1), 0);
    set_open(&gate, TRUE);
    gst_nnc_async_drain(async);
    fail_unless_equals_uint64(take(async, 1), 4); /* 1 is older, 2 and 3 never ran */
    close_mailbox(async, &gate);
}
GST_END_TEST

GST_START_TEST(forgotten)
{
    struct gate gate;
    struct gst_nnc_async *const async = open_mailbox(&gate, FALSE);

    submit(async, 1, 2, 8);
    wait_for_begin(&gate, 1);
    submit(async, 2, 2, 8);
    gst_nnc_async_forget(async);
    set_open(&gate, TRUE);
    gst_nnc_async_drain(async);
    fail_unless_equals_uint64(take(async, 2), 0);
    submit(async, 3, 2, 8);
    gst_nnc_async_drain(async);
    gst_nnc_async_forget(async); /* finished, not taken */
    fail_unless_equals_uint64(take(async, 2), 0);
    submit(async, 4, 2, 8);
    gst_nnc_async_drain(async);
    fail_unless_equals_uint64(take(async, 2), 4);
    close_mailbox(async, &gate);
}
GST_END_TEST

static gpointer start_flush(gpointer async)
{
    gst_nnc_async_set_flushing(async, TRUE);
    return NULL;
}

GST_START_TEST(flush_ends_waiting)
{
    struct gate gate;
    struct gst_nnc_async *const async = open_mailbox(&gate, FALSE);

    submit(async, 1, 1, 8);
    GThread *const thread = g_thread_new("flush", start_flush, async);
    gst_nnc_async_drain(async);
    g_thread_join(thread);
    gst_nnc_async_set_flushing(async, FALSE);
    set_open(&gate, TRUE);
    gst_nnc_async_drain(async);
    fail_unless_equals_uint64(take(async, 1), 1);
    close_mailbox(async, &gate);
}
GST_END_TEST

GST_START_TEST(stopped_and_started)
{
    struct gate gate;
    struct gst_nnc_async *const async = open_mailbox(&gate, TRUE);

    for (guint64 frame = 1; frame < 100; frame++) {
        submit(async, frame, 3, 100);
        gst_nnc_async_stop(async);
        fail_unless_equals_int(atomic_load(&n_tasks), 0);
        fail_unless_equals_uint64(take(async, 3), 0);
        gst_nnc_async_stop(async);
        fail_unless(gst_nnc_async_start(async));
    }
    close_mailbox(async, &gate);
}
GST_END_TEST

static Suite *async_mailbox_suite(void)
{
    Suite *const suite = suite_create("async_mailbox");
    TCase *const kinds = tcase_create("mailbox");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, each_result_once);
    tcase_add_test(kinds, newest_frame_wins);
    tcase_add_test(kinds, forgotten);
    tcase_add_test(kinds, flush_ends_waiting);
    tcase_add_test(kinds, stopped_and_started);
    return suite;
}

GST_CHECK_MAIN(async_mailbox)
