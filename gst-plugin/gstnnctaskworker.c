/* SPDX-License-Identifier: MIT */

/* The worker of a task slot: it loads models and compiles tasks, so that neither setters
 * nor frames wait. Start and stop are here because they make it and end it. */

#include "gstnnctaskworker.h"

#include "gstnncerror.h"
#include "gstnnctaskslot.h"

gpointer gst_nnc_preload_new(struct gst_nnc_request *request)
{
    return g_memdup2(request, sizeof *request);
}

void gst_nnc_preload_free(gpointer preload)
{
    gst_nnc_request_clear(preload);
    g_free(preload);
}

/* --- another task --- */

/* What the worker was asked for, copied under the lock. */
struct job {
    struct gst_nnc_request request;
    guint64 id;
    gboolean new_engine;
    struct gst_nnc_engine *engine;      /* what the task is compiled for */
    struct gst_nnc_engine *old_engine;
    struct gst_nnc_live_task *live;
};

static void take_job(struct gst_nnc_task_slot *slot, struct job *job)
{
    *job = (struct job){.id = slot->pending_id, .new_engine = slot->new_engine};
    gst_nnc_request_copy(&slot->request, &job->request);
    job->old_engine = gst_nnc_engine_ref(slot->live->engine);
    job->engine = gst_nnc_engine_ref(job->old_engine);
    slot->pending = slot->new_engine = FALSE;
    slot->loading = job->new_engine;
}

static void finish_job(struct job *job)
{
    gst_nnc_live_task_unref(job->live);
    gst_nnc_engine_unref(job->engine);
    gst_nnc_engine_unref(job->old_engine);
    gst_nnc_request_clear(&job->request);
}

static enum nnc_status load_engine(struct gst_nnc_task_slot *slot, struct job *job,
                                   struct nnc_error *error)
{
    struct gst_nnc_engine *engine = NULL;
    const enum nnc_status status = slot->calls->load(slot->owner, &engine, error);

    if (status)
        return status;
    gst_nnc_engine_unref(job->engine);
    job->engine = engine;
    gst_nnc_request_use_names(&job->request);
    return NNC_OK;
}

static enum nnc_status compile(struct gst_nnc_task_slot *slot, struct job *job,
                               struct nnc_error *error)
{
    enum nnc_status status = job->new_engine ? load_engine(slot, job, error) : NNC_OK;

    if (!status)
        status = gst_nnc_request_settle(&job->request, job->engine->model, error);
    if (!status)
        status = gst_nnc_live_task_create(job->engine, &job->request, &job->live, error);
    if (!status)
        status = nnc_session_reserve(job->engine->session, job->live->task, error);
    return status;
}

/* Nothing newer came while the task failed to compile: the getters must not go on naming
 * a task that does not run. Under the lock. */
static void take_back_request(struct gst_nnc_task_slot *slot)
{
    gst_nnc_request_clear(&slot->request);
    gst_nnc_request_copy(&slot->live->request, &slot->request);
}

/* A number given to gains that a setter has put in place meanwhile is the newer one. */
static void install(struct gst_nnc_task_slot *slot, struct job *job)
{
    struct gst_nnc_live_task *const old = slot->live;

    if (!job->new_engine && old->id > job->id)
        return;
    job->live->id = job->id;
    slot->live = job->live;
    job->live = old; /* let go without the lock */
    if (!slot->pending && slot->pending_id == job->id) {
        gst_nnc_request_clear(&slot->request);
        gst_nnc_request_copy(&slot->live->request, &slot->request);
    }
}

/* Setters are kept out for the moment in which the known model and the task change. */
static void conclude(struct gst_nnc_task_slot *slot, struct job *job,
                     enum nnc_status status)
{
    struct nnc_model *old = NULL;

    if (job->new_engine)
        pthread_mutex_lock(&slot->setters);
    pthread_mutex_lock(&slot->lock);
    slot->loading = FALSE;
    if (!status)
        install(slot, job);
    else if (!slot->pending)
        take_back_request(slot);
    pthread_mutex_unlock(&slot->lock);
    if (job->new_engine) {
        if (!status) {
            old = slot->known;
            slot->known = nnc_model_ref(job->engine->model);
        }
        pthread_mutex_unlock(&slot->setters);
    }
    nnc_model_unref(old);
}

/* Entered and left with the lock held; gives it up to work and to tell the owner. */
static void switch_task(struct gst_nnc_task_slot *slot)
{
    struct nnc_error error;
    struct job job;

    take_job(slot, &job);
    pthread_mutex_unlock(&slot->lock);
    const enum nnc_status status = compile(slot, &job, &error);
    conclude(slot, &job, status);
    if (job.new_engine)
        slot->calls->engine_changed(slot->owner, status ? job.old_engine : job.engine,
                                    status ? &error : NULL);
    else
        slot->calls->changed(slot->owner, status ? &error : NULL);
    finish_job(&job);
    pthread_mutex_lock(&slot->lock);
}

/* --- tasks to come --- */

static void keep(struct gst_nnc_task_slot *slot, struct gst_nnc_live_task *live)
{
    struct gst_nnc_live_task **const place =
        &slot->preloaded[slot->n_preloaded++ % GST_NNC_MAX_PRELOADED];

    gst_nnc_live_task_unref(*place);
    *place = live;
}

/* Like switch_task. */
static void preload(struct gst_nnc_task_slot *slot)
{
    struct gst_nnc_request *const request = g_queue_pop_head(&slot->preloads);
    struct gst_nnc_engine *const engine = gst_nnc_engine_ref(slot->live->engine);
    struct gst_nnc_live_task *live = NULL;
    struct nnc_error error;

    pthread_mutex_unlock(&slot->lock);
    enum nnc_status status = gst_nnc_live_task_create(engine, request, &live, &error);
    if (!status)
        status = nnc_session_reserve(engine->session, live->task, &error);
    if (!status)
        keep(slot, gst_nnc_live_task_ref(live));
    slot->calls->preloaded(slot->owner, status ? NULL : live, status ? &error : NULL);
    gst_nnc_live_task_unref(live);
    gst_nnc_engine_unref(engine);
    gst_nnc_preload_free(request);
    pthread_mutex_lock(&slot->lock);
}

static void *work(void *data)
{
    struct gst_nnc_task_slot *const slot = data;
    GObject *const owner = slot->owner; /* referenced for this thread, see start */

    pthread_mutex_lock(&slot->lock);
    const guint generation = slot->generation;
    while (!slot->stopping && slot->generation == generation) {
        if (slot->pending || slot->new_engine)
            switch_task(slot);
        else if (slot->preloads.length)
            preload(slot);
        else
            pthread_cond_wait(&slot->wake, &slot->lock);
    }
    pthread_mutex_unlock(&slot->lock);
    g_object_unref(owner);
    return NULL;
}

/* --- start and stop --- */

static enum nnc_status compile_first(struct gst_nnc_task_slot *slot,
                                     struct gst_nnc_engine *engine,
                                     struct nnc_error *error)
{
    struct job job = {.engine = gst_nnc_engine_ref(engine)};

    pthread_mutex_lock(&slot->lock);
    gst_nnc_request_copy(&slot->request, &job.request);
    pthread_mutex_unlock(&slot->lock);
    const enum nnc_status status = compile(slot, &job, error);
    if (!status) {
        pthread_mutex_lock(&slot->lock);
        job.live->id = slot->pending_id = ++slot->id;
        gst_nnc_request_clear(&slot->request);
        gst_nnc_request_copy(&job.request, &slot->request);
        slot->live = g_steal_pointer(&job.live);
        slot->pending = slot->new_engine = slot->loading = FALSE;
        pthread_mutex_unlock(&slot->lock);
    }
    finish_job(&job);
    return status;
}

static enum nnc_status start_worker(struct gst_nnc_task_slot *slot,
                                    struct nnc_error *error)
{
    g_object_ref(slot->owner);
    pthread_mutex_lock(&slot->lock);
    slot->generation++;
    slot->stopping = FALSE;
    pthread_mutex_unlock(&slot->lock);
    slot->has_worker = !pthread_create(&slot->worker, NULL, work, slot);
    if (slot->has_worker)
        return NNC_OK;
    g_object_unref(slot->owner);
    gst_nnc_error_set(error, NNC_NOMEM, "no thread for switching tasks");
    return NNC_NOMEM;
}

/* Setters are kept out until the slot runs or has failed to: a text that came between
 * compiling and starting would else be accepted unchecked and never compiled. */
enum nnc_status gst_nnc_task_slot_start(struct gst_nnc_task_slot *slot,
                                        struct gst_nnc_engine *engine,
                                        struct nnc_error *error)
{
    gst_nnc_task_slot_know(slot, engine->model);
    pthread_mutex_lock(&slot->setters);
    enum nnc_status status = compile_first(slot, engine, error);
    if (!status)
        status = start_worker(slot, error);
    pthread_mutex_unlock(&slot->setters);
    if (status)
        gst_nnc_task_slot_stop(slot);
    return status;
}

static void join_worker(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    slot->stopping = TRUE;
    pthread_cond_signal(&slot->wake);
    pthread_mutex_unlock(&slot->lock);
    /* A handler of what the worker told its owner may stop the element from there. */
    if (pthread_equal(pthread_self(), slot->worker))
        pthread_detach(slot->worker);
    else
        pthread_join(slot->worker, NULL);
}

static void forget_preloads(struct gst_nnc_task_slot *slot)
{
    g_queue_clear_full(&slot->preloads, gst_nnc_preload_free);
    for (guint i = 0; i < GST_NNC_MAX_PRELOADED; i++)
        g_clear_pointer(&slot->preloaded[i], gst_nnc_live_task_unref);
    slot->n_preloaded = 0;
}

/* The worker is joined without the setters' lock: what it tells its owner may lead to
 * another set. What is accepted from here on waits, checked, for the next start. */
void gst_nnc_task_slot_stop(struct gst_nnc_task_slot *slot)
{
    if (slot->has_worker)
        join_worker(slot);
    slot->has_worker = FALSE;
    pthread_mutex_lock(&slot->setters);
    pthread_mutex_lock(&slot->lock);
    struct gst_nnc_live_task *const old = g_steal_pointer(&slot->live);
    slot->pending = slot->new_engine = FALSE;
    forget_preloads(slot);
    pthread_mutex_unlock(&slot->lock);
    pthread_mutex_unlock(&slot->setters);
    gst_nnc_live_task_unref(old);
}
