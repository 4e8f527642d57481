/* SPDX-License-Identifier: MIT */

/* The mailbox between the streaming thread and the worker. Jobs change hands by pointer
 * under the lock, which nobody holds while anything is computed. Each job knows its
 * generation: forgetting is to begin another one. */

#include "gstnncasync.h"

#include <pthread.h>

struct gst_nnc_async {
    const struct gst_nnc_async_calls *calls;
    gpointer owner;
    pthread_t worker;
    gboolean has_worker; /* start and stop only */

    struct gst_nnc_job jobs[3];
    struct gst_nnc_job *filling; /* the streaming thread's */
    struct gst_nnc_job *running; /* the worker's */
    GPtrArray *made;             /* the worker's */

    pthread_mutex_t lock;
    pthread_cond_t wake;         /* the worker: there is a job, or the end */
    pthread_cond_t rest;         /* who drains: nothing is left to do, or flushing */
    struct gst_nnc_job *waiting; /* lock; where the newest job is or goes */
    gboolean has_job;            /* lock: `waiting` is one */
    gboolean busy;               /* lock: the worker runs one */
    gboolean stopping, flushing; /* lock */
    guint64 generation;          /* lock: how often it was told to forget */
    GPtrArray *finished;         /* lock: of the newest finished job */
    gboolean has_finished;       /* lock: `finished` was not taken yet */
    guint64 finished_frame;      /* lock */
};

/* --- jobs --- */

static void clear_job(struct gst_nnc_async *async, struct gst_nnc_job *job)
{
    g_clear_pointer(&job->task, async->calls->release_task);
    job->n = 0;
}

struct gst_nnc_job *gst_nnc_async_begin(struct gst_nnc_async *async, guint n,
                                        gsize tensor_floats)
{
    struct gst_nnc_job *const job = async->filling;

    clear_job(async, job);
    if (n * tensor_floats > job->room) {
        g_free(job->tensors);
        job->room = n * tensor_floats;
        job->tensors = g_new(gfloat, job->room);
    }
    job->n = n;
    job->tensor_floats = tensor_floats;
    return job;
}

/* --- the worker --- */

/* Entered and left with the lock held. */
static void run_job(struct gst_nnc_async *async)
{
    struct gst_nnc_job *const job = async->waiting;
    const guint64 generation = async->generation;

    async->waiting = async->running;
    async->running = job;
    async->has_job = FALSE;
    async->busy = TRUE;
    pthread_mutex_unlock(&async->lock);
    async->calls->run(async->owner, job, async->made);
    const guint64 frame = job->frame;
    clear_job(async, job);
    pthread_mutex_lock(&async->lock);
    async->busy = FALSE;
    if (generation == async->generation) {
        GPtrArray *const old = async->finished;
        async->finished = async->made;
        async->made = old;
        async->finished_frame = frame;
        async->has_finished = TRUE;
    }
    g_ptr_array_set_size(async->made, 0);
}

static void *work(void *data)
{
    struct gst_nnc_async *const async = data;

    pthread_mutex_lock(&async->lock);
    while (!async->stopping) {
        if (async->has_job) {
            run_job(async);
            continue;
        }
        pthread_cond_broadcast(&async->rest);
        pthread_cond_wait(&async->wake, &async->lock);
    }
    pthread_mutex_unlock(&async->lock);
    return NULL;
}

/* --- life --- */

struct gst_nnc_async *gst_nnc_async_new(const struct gst_nnc_async_calls *calls,
                                        gpointer owner)
{
    const GDestroyNotify unref = (GDestroyNotify)gst_nnc_prediction_unref;
    struct gst_nnc_async *const async = g_new0(struct gst_nnc_async, 1);

    async->calls = calls;
    async->owner = owner;
    async->filling = &async->jobs[0];
    async->waiting = &async->jobs[1];
    async->running = &async->jobs[2];
    async->made = g_ptr_array_new_with_free_func(unref);
    async->finished = g_ptr_array_new_with_free_func(unref);
    pthread_mutex_init(&async->lock, NULL);
    pthread_cond_init(&async->wake, NULL);
    pthread_cond_init(&async->rest, NULL);
    return async;
}

void gst_nnc_async_free(struct gst_nnc_async *async)
{
    gst_nnc_async_stop(async);
    g_ptr_array_unref(async->finished);
    g_ptr_array_unref(async->made);
    pthread_cond_destroy(&async->rest);
    pthread_cond_destroy(&async->wake);
    pthread_mutex_destroy(&async->lock);
    g_free(async);
}

gboolean gst_nnc_async_start(struct gst_nnc_async *async)
{
    pthread_mutex_lock(&async->lock);
    async->stopping = async->flushing = FALSE;
    pthread_mutex_unlock(&async->lock);
    async->has_worker = !pthread_create(&async->worker, NULL, work, async);
    return async->has_worker;
}

void gst_nnc_async_stop(struct gst_nnc_async *async)
{
    pthread_mutex_lock(&async->lock);
    async->stopping = TRUE;
    pthread_cond_signal(&async->wake);
    pthread_mutex_unlock(&async->lock);
    if (async->has_worker)
        pthread_join(async->worker, NULL);
    async->has_worker = FALSE;
    gst_nnc_async_forget(async);
    for (guint i = 0; i < G_N_ELEMENTS(async->jobs); i++) {
        clear_job(async, &async->jobs[i]);
        g_clear_pointer(&async->jobs[i].tensors, g_free);
        async->jobs[i].room = 0;
    }
}

/* --- the streaming thread --- */

gboolean gst_nnc_async_submit(struct gst_nnc_async *async)
{
    pthread_mutex_lock(&async->lock);
    const gboolean replaced = async->has_job;
    struct gst_nnc_job *const job = async->filling;
    async->filling = async->waiting;
    async->waiting = job;
    async->has_job = TRUE;
    pthread_cond_signal(&async->wake);
    pthread_mutex_unlock(&async->lock);
    return replaced;
}

gboolean gst_nnc_async_take(struct gst_nnc_async *async, GPtrArray *predictions,
                            guint64 *frame)
{
    pthread_mutex_lock(&async->lock);
    const gboolean has_finished = async->has_finished;
    if (has_finished) {
        g_ptr_array_extend_and_steal(predictions, g_ptr_array_ref(async->finished));
        *frame = async->finished_frame;
        async->has_finished = FALSE;
    }
    pthread_mutex_unlock(&async->lock);
    return has_finished;
}

void gst_nnc_async_forget(struct gst_nnc_async *async)
{
    pthread_mutex_lock(&async->lock);
    async->generation++;
    async->has_job = async->has_finished = FALSE;
    g_ptr_array_set_size(async->finished, 0);
    pthread_mutex_unlock(&async->lock);
}

void gst_nnc_async_drain(struct gst_nnc_async *async)
{
    pthread_mutex_lock(&async->lock);
    while ((async->has_job || async->busy) && !async->flushing && !async->stopping)
        pthread_cond_wait(&async->rest, &async->lock);
    pthread_mutex_unlock(&async->lock);
}

void gst_nnc_async_set_flushing(struct gst_nnc_async *async, gboolean flushing)
{
    pthread_mutex_lock(&async->lock);
    async->flushing = flushing;
    pthread_cond_broadcast(&async->rest);
    pthread_mutex_unlock(&async->lock);
}
