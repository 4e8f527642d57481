/* SPDX-License-Identifier: MIT */

/* Setting the task from outside: properties, single categories, action signals. No setter
 * waits for a frame or for a compilation, and none posts a message under a lock: a
 * synchronous bus handler may set again. */

#include "gstnncclassify.h"

/* A user who types sees every answer; a program that storms does not flood the bus. */
#define REFUSALS_PER_SECOND 20

void gst_nnc_classify_refuse(GstNncClassify *self, const struct nnc_error *error)
{
    gst_nnc_count(&self->stats.tasks_refused, 1);
    pthread_mutex_lock(&self->settings.lock);
    const gboolean may_speak =
        gst_nnc_limiter_allows(&self->settings.refused, REFUSALS_PER_SECOND);
    pthread_mutex_unlock(&self->settings.lock);
    if (may_speak)
        gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, error);
}

/* Takes `request` over. */
static guint64 set_request(GstNncClassify *self, struct gst_nnc_request *request)
{
    struct nnc_error error;
    guint64 id = 0;

    if (gst_nnc_task_slot_set(&self->slot, request, &id, &error))
        gst_nnc_classify_refuse(self, &error);
    else
        gst_nnc_count(&self->stats.tasks_accepted, 1);
    gst_nnc_request_clear(request);
    return id;
}

guint64 gst_nnc_classify_set_texts(GstNncClassify *self, const gchar *cutout,
                                   const gchar *attention)
{
    struct gst_nnc_request request;

    gst_nnc_request_init(&request, cutout, attention);
    return set_request(self, &request);
}

guint64 gst_nnc_classify_set_structure(GstNncClassify *self, const GstStructure *task)
{
    struct gst_nnc_request request;
    struct nnc_error error;

    if (!gst_nnc_request_parse(task, &request, &error))
        return set_request(self, &request);
    gst_nnc_classify_refuse(self, &error);
    return 0;
}

gboolean gst_nnc_classify_preload(GstNncClassify *self, const GstStructure *task)
{
    struct gst_nnc_request request;
    struct nnc_error error;
    enum nnc_status status = gst_nnc_request_parse(task, &request, &error);

    if (!status) {
        status = gst_nnc_task_slot_preload(&self->slot, &request, &error);
        gst_nnc_request_clear(&request);
    }
    if (status)
        gst_nnc_classify_refuse(self, &error);
    return !status;
}

/* --- single categories --- */

static void answer(GstNncClassify *self, enum nnc_status status, gboolean changed,
                   const struct nnc_error *error)
{
    if (status) {
        gst_nnc_classify_refuse(self, error);
    } else if (changed) {
        gst_nnc_count(&self->stats.tasks_accepted, 1);
        gst_nnc_classify_notify_task(self);
    }
}

void gst_nnc_classify_set_gain(GstNncClassify *self, uint32_t category, gdouble gain)
{
    const struct gst_nnc_gain one = {category, (gfloat)gain};
    struct nnc_error error;
    gboolean changed;

    if (atomic_load(&self->syncing) == g_thread_self()) {
        g_array_append_val(self->synced, one);
        return;
    }
    const enum nnc_status status =
        gst_nnc_task_slot_set_gains(&self->slot, &one, 1, &changed, &error);
    answer(self, status, changed, &error);
}

void gst_nnc_classify_set_active(GstNncClassify *self, uint32_t category, gboolean active)
{
    struct nnc_error error;
    gboolean changed;
    const enum nnc_status status = gst_nnc_task_slot_set_active(
        &self->slot, category, active, &changed, &error);

    answer(self, status, changed, &error);
}
