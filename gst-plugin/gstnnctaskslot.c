/* SPDX-License-Identifier: MIT */

/* The switch of tasks: setters and readers. Three kinds of threads meet here: setters, one
 * worker (gstnnctaskworker.c), the streaming thread. The idea: a task is immutable, so that
 * switching is the exchange of one pointer and a frame keeps the task that it began with. */

#include "gstnnctaskslot.h"

#include "gstnncerror.h"
#include "gstnnctaskslotaccept.h"
#include "gstnnctaskworker.h"

#include <string.h>

/* --- life --- */

void gst_nnc_task_slot_init(struct gst_nnc_task_slot *slot,
                            const struct gst_nnc_task_slot_owner *calls, gpointer owner)
{
    *slot = (struct gst_nnc_task_slot){.calls = calls, .owner = owner};
    pthread_mutex_init(&slot->setters, NULL);
    pthread_mutex_init(&slot->lock, NULL);
    pthread_cond_init(&slot->wake, NULL);
    g_queue_init(&slot->preloads);
    gst_nnc_request_init(&slot->request, "", "");
}

void gst_nnc_task_slot_finish(struct gst_nnc_task_slot *slot)
{
    gst_nnc_request_clear(&slot->request);
    g_queue_clear_full(&slot->preloads, gst_nnc_preload_free);
    nnc_model_unref(slot->known);
    pthread_cond_destroy(&slot->wake);
    pthread_mutex_destroy(&slot->lock);
    pthread_mutex_destroy(&slot->setters);
}

/* --- the known model --- */

void gst_nnc_task_slot_know(struct gst_nnc_task_slot *slot, struct nnc_model *model)
{
    pthread_mutex_lock(&slot->setters);
    if (model != slot->known) {
        pthread_mutex_lock(&slot->lock);
        gst_nnc_request_use_names(&slot->request);
        pthread_mutex_unlock(&slot->lock);
        nnc_model_unref(slot->known);
        slot->known = model ? nnc_model_ref(model) : NULL;
    }
    pthread_mutex_unlock(&slot->setters);
}

gboolean gst_nnc_task_slot_change_engine(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->setters);
    pthread_mutex_lock(&slot->lock);
    const gboolean runs = slot->live != NULL;
    if (runs) {
        slot->new_engine = TRUE;
        pthread_cond_signal(&slot->wake);
    }
    pthread_mutex_unlock(&slot->lock);
    pthread_mutex_unlock(&slot->setters);
    return runs;
}

/* --- accepting --- */

/* Whether texts can be judged: not before the start, and not for a model to come. */
static gboolean can_judge(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    const gboolean can = slot->live && !slot->new_engine && !slot->loading;
    pthread_mutex_unlock(&slot->lock);
    return can;
}

/* The setter's own way for a request with the cutout that runs: other gains are there with
 * the next frame. Whoever compiles an older task meanwhile finds a newer number in place. */
static gboolean put_gains_in_place(struct gst_nnc_task_slot *slot,
                                   struct gst_nnc_live_task *of,
                                   const struct gst_nnc_request *request, guint64 id)
{
    struct gst_nnc_live_task *new = NULL;
    struct nnc_error error;

    if (gst_nnc_live_task_create_with_gains(of, request, &new, &error))
        return FALSE;
    new->id = id;
    pthread_mutex_lock(&slot->lock);
    struct gst_nnc_live_task *const old = slot->live;
    if (old)
        slot->live = g_steal_pointer(&new);
    slot->pending = FALSE;
    pthread_mutex_unlock(&slot->lock);
    gst_nnc_live_task_unref(old);
    gst_nnc_live_task_unref(new);
    return TRUE;
}

guint64 gst_nnc_task_slot_accept(struct gst_nnc_task_slot *slot,
                                 struct gst_nnc_request *request)
{
    struct gst_nnc_live_task *of = NULL;
    struct gst_nnc_request copy;
    guint64 id = 0;

    gst_nnc_request_copy(request, &copy);
    pthread_mutex_lock(&slot->lock);
    gst_nnc_request_clear(&slot->request);
    slot->request = *request;
    if (slot->live) {
        id = slot->pending_id = ++slot->id;
        if (!slot->new_engine && !slot->loading &&
            gst_nnc_part_equal(copy.cutout, slot->live->request.cutout))
            of = gst_nnc_live_task_ref(slot->live);
    }
    pthread_mutex_unlock(&slot->lock);
    if (id && !(of && put_gains_in_place(slot, of, &copy, id))) {
        pthread_mutex_lock(&slot->lock);
        slot->pending = slot->live != NULL;
        pthread_cond_signal(&slot->wake);
        pthread_mutex_unlock(&slot->lock);
    }
    gst_nnc_live_task_unref(of);
    gst_nnc_request_clear(&copy);
    return id;
}

static void merge_over_newest(struct gst_nnc_task_slot *slot,
                              const struct gst_nnc_request *request,
                              struct gst_nnc_request *merged)
{
    pthread_mutex_lock(&slot->lock);
    gst_nnc_request_merge(request, &slot->request, merged);
    pthread_mutex_unlock(&slot->lock);
}

/* What cannot be judged yet must not grow for ever. */
static enum nnc_status check_noted(const struct gst_nnc_request *request,
                                   struct nnc_error *error)
{
    if (!request->gains || strlen(request->gains) <= NNC_TASK_TEXT_MAX)
        return NNC_OK;
    gst_nnc_error_set(error, NNC_LIMIT,
                      "task: more than %d bytes of single gains before the start; "
                      "expected fewer, or one attention text",
                      NNC_TASK_TEXT_MAX);
    return NNC_LIMIT;
}

enum nnc_status gst_nnc_task_slot_check(struct gst_nnc_task_slot *slot,
                                        struct gst_nnc_request *request,
                                        struct nnc_error *error)
{
    return can_judge(slot) ? gst_nnc_request_settle(request, slot->known, error)
                           : check_noted(request, error);
}

enum nnc_status gst_nnc_task_slot_set(struct gst_nnc_task_slot *slot,
                                      const struct gst_nnc_request *request, guint64 *id,
                                      struct nnc_error *error)
{
    struct gst_nnc_request merged;

    pthread_mutex_lock(&slot->setters);
    merge_over_newest(slot, request, &merged);
    const enum nnc_status status = gst_nnc_task_slot_check(slot, &merged, error);
    const guint64 given = status ? 0 : gst_nnc_task_slot_accept(slot, &merged);
    if (status)
        gst_nnc_request_clear(&merged);
    else if (id)
        *id = given;
    pthread_mutex_unlock(&slot->setters);
    return status;
}

enum nnc_status gst_nnc_task_slot_preload(struct gst_nnc_task_slot *slot,
                                          const struct gst_nnc_request *request,
                                          struct nnc_error *error)
{
    struct gst_nnc_request merged;

    pthread_mutex_lock(&slot->setters);
    merge_over_newest(slot, request, &merged);
    enum nnc_status status = gst_nnc_task_slot_check(slot, &merged, error);
    pthread_mutex_lock(&slot->lock);
    if (!status && slot->preloads.length == GST_NNC_MAX_PRELOADED) {
        gst_nnc_error_set(error, NNC_LIMIT,
                          "preload: %d tasks wait already; expected at most these, try "
                          "again when some are compiled",
                          GST_NNC_MAX_PRELOADED);
        status = NNC_LIMIT;
    }
    if (!status) {
        g_queue_push_tail(&slot->preloads, gst_nnc_preload_new(&merged));
        pthread_cond_signal(&slot->wake);
    }
    pthread_mutex_unlock(&slot->lock);
    if (status)
        gst_nnc_request_clear(&merged);
    pthread_mutex_unlock(&slot->setters);
    return status;
}

/* --- getters --- */

void gst_nnc_task_slot_get_texts(struct gst_nnc_task_slot *slot, gchar **cutout,
                                 gchar **attention)
{
    pthread_mutex_lock(&slot->lock);
    const struct gst_nnc_request *const request = &slot->request;
    const gchar *const text = gst_nnc_part_text(request->attention);
    if (cutout)
        *cutout = g_strdup(gst_nnc_part_text(request->cutout));
    if (attention && request->gains)
        *attention = g_strconcat(text, *text ? "," : "", request->gains, NULL);
    else if (attention)
        *attention = g_strdup(text);
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
