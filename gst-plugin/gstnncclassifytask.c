/* SPDX-License-Identifier: MIT */

/* Which task a frame is classified with: what properties, events, metas and controllers
 * say, seen from the streaming thread. */

#include "gstnnccategory.h"
#include "gstnncclassify.h"

static void ignore(GstNncClassify *self, _Atomic guint64 *counter,
                   const struct nnc_error *error)
{
    gst_nnc_count(counter, 1);
    if (gst_nnc_limiter_allows(&self->meta_warnings, 1))
        gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, error);
}

void gst_nnc_classify_take_event(GstNncClassify *self, const GstStructure *task)
{
    const GstNncControlPolicy policy =
        (GstNncControlPolicy)atomic_load(&self->settings.control_policy);
    struct nnc_error error;

    if (gst_nnc_task_layers_set_event(&self->layers, &self->slot, policy, task, &error))
        ignore(self, &self->stats.task_event_ignored, &error);
}

struct gst_nnc_live_task *gst_nnc_classify_choose_task(GstNncClassify *self,
                                                       GstBuffer *buffer,
                                                       gboolean *from_meta)
{
    const GstNncControlPolicy policy =
        (GstNncControlPolicy)atomic_load(&self->settings.control_policy);
    struct nnc_error error;
    const struct gst_nnc_choice_of_task choice =
        gst_nnc_task_layers_choose(&self->layers, &self->slot, policy, buffer, &error);

    if (choice.status)
        ignore(self,
               choice.event_dropped ? &self->stats.task_event_ignored
                                    : &self->stats.task_meta_ignored,
               &error);
    if (choice.conflict)
        gst_nnc_count(&self->stats.task_meta_conflict, 1);
    *from_meta = choice.from_meta;
    return choice.live;
}

/* --- controllers --- */

static void set_synced_gains(GstNncClassify *self)
{
    const struct gst_nnc_gain *const gains = (gconstpointer)self->synced->data;
    struct nnc_error error;
    gboolean changed;

    if (!self->synced->len)
        return;
    if (gst_nnc_task_slot_set_gains(&self->slot, gains, self->synced->len, &changed,
                                    &error))
        gst_nnc_classify_refuse(self, &error);
    else if (changed)
        gst_nnc_count(&self->stats.tasks_accepted, 1);
    g_array_set_size(self->synced, 0);
}

/* All gains of a frame are one change of the task. */
void gst_nnc_classify_sync(GstNncClassify *self, GstClockTime time)
{
    struct gst_nnc_settings *const settings = &self->settings;

    gst_object_sync_values(GST_OBJECT(self), time);
    pthread_mutex_lock(&settings->lock);
    g_autoptr(GPtrArray) categories =
        settings->categories ? g_ptr_array_ref(settings->categories) : NULL;
    pthread_mutex_unlock(&settings->lock);
    atomic_store(&self->syncing, g_thread_self());
    gst_nnc_categories_sync(categories, time);
    atomic_store(&self->syncing, NULL);
    set_synced_gains(self);
}
