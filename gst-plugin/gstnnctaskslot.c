/* SPDX-License-Identifier: MIT */

/* The switch of tasks. Three kinds of threads meet here: setters, one worker, the
 * streaming thread. The idea: a task is immutable, so that switching is the exchange of
 * one pointer and a frame keeps the task that it began with. */

#include "gstnnctaskslot.h"

#include <nnc/task.h>
#include <nnc/taxonomy.h>

#include "gstnncerror.h"

/* --- live tasks --- */

enum nnc_status gst_nnc_live_task_create(struct nnc_model *model, const gchar *cutout,
                                         const gchar *attention,
                                         struct gst_nnc_live_task **live,
                                         struct nnc_error *error)
{
    struct nnc_task *task = NULL;
    const enum nnc_status status =
        nnc_task_create(model, cutout, attention, 0, &task, error);

    if (status)
        return status;
    struct gst_nnc_live_task *const new = g_new0(struct gst_nnc_live_task, 1);
    atomic_init(&new->references, 1);
    new->task = task;
    new->cutout = g_strdup(cutout);
    new->attention = g_strdup(attention);
    *live = new;
    return NNC_OK;
}

struct gst_nnc_live_task *gst_nnc_live_task_ref(struct gst_nnc_live_task *live)
{
    atomic_fetch_add_explicit(&live->references, 1, memory_order_relaxed);
    return live;
}

void gst_nnc_live_task_unref(struct gst_nnc_live_task *live)
{
    if (!live ||
        atomic_fetch_sub_explicit(&live->references, 1, memory_order_acq_rel) != 1)
        return;
    nnc_task_unref(live->task);
    g_free(live->cutout);
    g_free(live->attention);
    g_free(live);
}

/* --- life --- */

void gst_nnc_task_slot_init(struct gst_nnc_task_slot *slot,
                            gst_nnc_task_slot_changed changed, gpointer owner)
{
    *slot = (struct gst_nnc_task_slot){.changed = changed, .owner = owner};
    pthread_mutex_init(&slot->setters, NULL);
    pthread_mutex_init(&slot->lock, NULL);
    pthread_cond_init(&slot->wake, NULL);
    slot->cutout = g_strdup("");
    slot->attention = g_strdup("");
}

void gst_nnc_task_slot_finish(struct gst_nnc_task_slot *slot)
{
    g_free(slot->cutout);
    g_free(slot->attention);
    pthread_cond_destroy(&slot->wake);
    pthread_mutex_destroy(&slot->lock);
    pthread_mutex_destroy(&slot->setters);
}

/* --- the worker --- */

/* Nothing newer came while the task failed to compile: the getters must not go on naming
 * a task that does not run. */
static void take_back_texts(struct gst_nnc_task_slot *slot)
{
    g_free(slot->cutout);
    g_free(slot->attention);
    slot->cutout = g_strdup(slot->live->cutout);
    slot->attention = g_strdup(slot->live->attention);
}

/* Entered and left with the lock held; gives it up to compile and to tell the owner. */
static void switch_task(struct gst_nnc_task_slot *slot)
{
    g_autofree gchar *cutout = g_strdup(slot->cutout);
    g_autofree gchar *attention = g_strdup(slot->attention);
    const guint64 id = slot->pending_id;
    struct gst_nnc_live_task *new = NULL, *old = NULL;
    struct nnc_error error;

    slot->pending = FALSE;
    pthread_mutex_unlock(&slot->lock);
    enum nnc_status status =
        gst_nnc_live_task_create(slot->model, cutout, attention, &new, &error);
    if (!status)
        status = nnc_session_reserve(slot->session, new->task, &error);
    pthread_mutex_lock(&slot->lock);
    if (!status) {
        new->id = id;
        old = slot->live;
        slot->live = g_steal_pointer(&new);
    } else if (!slot->pending) {
        take_back_texts(slot);
    }
    pthread_mutex_unlock(&slot->lock);
    gst_nnc_live_task_unref(old);
    gst_nnc_live_task_unref(new);
    slot->changed(slot->owner, status ? &error : NULL);
    pthread_mutex_lock(&slot->lock);
}

static void *work(void *data)
{
    struct gst_nnc_task_slot *const slot = data;
    GObject *const owner = slot->owner; /* referenced for this thread, see start */

    pthread_mutex_lock(&slot->lock);
    while (!slot->stopping) {
        if (slot->pending)
            switch_task(slot);
        else
            pthread_cond_wait(&slot->wake, &slot->lock);
    }
    pthread_mutex_unlock(&slot->lock);
    g_object_unref(owner);
    return NULL;
}

/* --- start and stop --- */

static enum nnc_status compile_first(struct gst_nnc_task_slot *slot,
                                     struct nnc_error *error)
{
    g_autofree gchar *cutout = NULL, *attention = NULL;
    struct gst_nnc_live_task *live = NULL;

    gst_nnc_task_slot_get_texts(slot, &cutout, &attention);
    enum nnc_status status =
        gst_nnc_live_task_create(slot->model, cutout, attention, &live, error);
    if (!status)
        status = nnc_session_reserve(slot->session, live->task, error);
    if (status) {
        gst_nnc_live_task_unref(live);
        return status;
    }
    pthread_mutex_lock(&slot->lock);
    live->id = ++slot->id;
    slot->live = live;
    slot->pending = slot->stopping = FALSE;
    pthread_mutex_unlock(&slot->lock);
    return NNC_OK;
}

/* Setters are kept out until the slot runs or has failed to: a text that came between
 * compiling and starting would else be accepted unchecked and never compiled. */
enum nnc_status gst_nnc_task_slot_start(struct gst_nnc_task_slot *slot,
                                        struct nnc_model *model,
                                        struct nnc_session *session,
                                        struct nnc_error *error)
{
    pthread_mutex_lock(&slot->setters);
    slot->model = model;
    slot->session = session;
    enum nnc_status status = compile_first(slot, error);
    if (!status) {
        g_object_ref(slot->owner);
        if (pthread_create(&slot->worker, NULL, work, slot)) {
            g_object_unref(slot->owner);
            gst_nnc_error_set(error, NNC_NOMEM, "no thread for switching tasks");
            status = NNC_NOMEM;
        }
    }
    slot->has_worker = !status;
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

/* The worker is joined without the setters' lock: what it tells its owner may lead to
 * another set. What is accepted from here on waits, checked, for the next start. */
void gst_nnc_task_slot_stop(struct gst_nnc_task_slot *slot)
{
    if (slot->has_worker)
        join_worker(slot);
    slot->has_worker = FALSE;
    pthread_mutex_lock(&slot->setters);
    slot->model = NULL;
    slot->session = NULL;
    pthread_mutex_lock(&slot->lock);
    struct gst_nnc_live_task *const old = g_steal_pointer(&slot->live);
    slot->pending = FALSE;
    pthread_mutex_unlock(&slot->lock);
    pthread_mutex_unlock(&slot->setters);
    gst_nnc_live_task_unref(old);
}

/* --- setters --- */

static enum nnc_status check_gains(const struct nnc_model *model, const float *gains,
                                   struct nnc_error *error)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);

    if (nnc_model_has_attention(model))
        return NNC_OK;
    for (size_t i = 0; i < nnc_taxonomy_n_categories(taxonomy); i++) {
        if (gains[i] == 1.0f)
            continue;
        gst_nnc_error_set(error, NNC_TASK,
                          "%s: attention to '%.60s': the model has no attention input; "
                          "expected no gains but 1",
                          nnc_model_name(model),
                          nnc_taxonomy_category(taxonomy, (uint32_t)i)->path);
        return NNC_TASK;
    }
    return NNC_OK;
}

/* All that can be known of a task without compiling it. */
static enum nnc_status check_texts(const struct nnc_model *model, const gchar *cutout,
                                   const gchar *attention, struct nnc_error *error)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);
    g_autofree uint8_t *active = g_new(uint8_t, nnc_taxonomy_n_classes(taxonomy));
    g_autofree float *gains = g_new(float, nnc_taxonomy_n_categories(taxonomy));
    enum nnc_status status = NNC_OK;

    if (cutout)
        status = nnc_cutout_parse(taxonomy, cutout, active, error);
    if (!status && attention)
        status = nnc_attention_parse(taxonomy, attention, gains, error);
    if (!status && attention)
        status = check_gains(model, gains, error);
    return status;
}

static void replace_text(gchar **text, const gchar *by)
{
    if (by) {
        g_free(*text);
        *text = g_strdup(by);
    }
}

static void accept(struct gst_nnc_task_slot *slot, const gchar *cutout,
                   const gchar *attention)
{
    pthread_mutex_lock(&slot->lock);
    replace_text(&slot->cutout, cutout);
    replace_text(&slot->attention, attention);
    if (slot->live) {
        slot->pending_id = ++slot->id;
        slot->pending = TRUE;
        pthread_cond_signal(&slot->wake);
    }
    pthread_mutex_unlock(&slot->lock);
}

enum nnc_status gst_nnc_task_slot_set(struct gst_nnc_task_slot *slot, const gchar *cutout,
                                      const gchar *attention, struct nnc_error *error)
{
    enum nnc_status status = NNC_OK;

    pthread_mutex_lock(&slot->setters);
    if (slot->model)
        status = check_texts(slot->model, cutout, attention, error);
    if (!status)
        accept(slot, cutout, attention);
    pthread_mutex_unlock(&slot->setters);
    return status;
}

/* --- getters --- */

void gst_nnc_task_slot_get_texts(struct gst_nnc_task_slot *slot, gchar **cutout,
                                 gchar **attention)
{
    pthread_mutex_lock(&slot->lock);
    if (cutout)
        *cutout = g_strdup(slot->cutout);
    if (attention)
        *attention = g_strdup(slot->attention);
    pthread_mutex_unlock(&slot->lock);
}

struct gst_nnc_live_task *gst_nnc_task_slot_ref_live(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    struct gst_nnc_live_task *const live =
        slot->live ? gst_nnc_live_task_ref(slot->live) : NULL;
    pthread_mutex_unlock(&slot->lock);
    return live;
}

guint64 gst_nnc_task_slot_take_id(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    const guint64 id = ++slot->id;
    pthread_mutex_unlock(&slot->lock);
    return id;
}

guint64 gst_nnc_task_slot_last_id(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    const guint64 id = slot->id;
    pthread_mutex_unlock(&slot->lock);
    return id;
}
