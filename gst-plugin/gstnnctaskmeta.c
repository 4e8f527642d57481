/* SPDX-License-Identifier: MIT */

/* Tasks from metadata. They are exact to the frame, so the frame waits if its task was
 * never seen before; the cache makes that the exception. */

#include "gstnnctaskmeta.h"

#include <gstnnc/gstnnctask.h>

#include "gstnncerror.h"

#define MAX_METAS_READ 4

void gst_nnc_task_cache_clear(struct gst_nnc_task_cache *cache)
{
    for (guint i = 0; i < GST_NNC_TASK_META_CACHE; i++)
        gst_nnc_live_task_unref(cache->live[i]);
    *cache = (struct gst_nnc_task_cache){.next = 0};
}

static const GstStructure *first_task(GstBuffer *buffer, gboolean *conflict)
{
    const GstStructure *first = NULL;
    gpointer state = NULL;

    *conflict = FALSE;
    for (guint i = 0; i < MAX_METAS_READ; i++) {
        const GstMeta *const meta =
            gst_buffer_iterate_meta_filtered(buffer, &state, GST_NNC_TASK_META_API_TYPE);
        if (!meta)
            break;
        if (meta->info != gst_nnc_task_meta_get_info())
            continue;
        const GstStructure *const task = ((const GstNncTaskMeta *)meta)->task;
        if (!first)
            first = task;
        else if (!gst_structure_is_equal(first, task))
            *conflict = TRUE;
    }
    return first;
}

static gboolean has_texts(const struct gst_nnc_live_task *live, const gchar *cutout,
                          const gchar *attention)
{
    return live && !g_strcmp0(live->cutout, cutout) &&
           !g_strcmp0(live->attention, attention);
}

static struct gst_nnc_live_task *find(const struct gst_nnc_task_cache *cache,
                                      struct gst_nnc_live_task *current,
                                      const gchar *cutout, const gchar *attention)
{
    if (has_texts(current, cutout, attention))
        return current;
    for (guint i = 0; i < GST_NNC_TASK_META_CACHE; i++)
        if (has_texts(cache->live[i], cutout, attention))
            return cache->live[i];
    return NULL;
}

static void remember(struct gst_nnc_task_cache *cache, struct gst_nnc_live_task *live)
{
    gst_nnc_live_task_unref(cache->live[cache->next]);
    cache->live[cache->next] = gst_nnc_live_task_ref(live);
    cache->next = (cache->next + 1) % GST_NNC_TASK_META_CACHE;
}

enum nnc_status gst_nnc_task_cache_choose(struct gst_nnc_task_cache *cache,
                                          struct gst_nnc_task_slot *slot,
                                          struct gst_nnc_live_task *current,
                                          GstBuffer *buffer,
                                          struct gst_nnc_live_task **live,
                                          gboolean *conflict, struct nnc_error *error)
{
    const GstStructure *const task = first_task(buffer, conflict);
    const gchar *cutout = NULL, *attention = NULL;

    *live = NULL;
    if (!task)
        return NNC_OK;
    if (!gst_nnc_task_get(task, &cutout, &attention)) {
        gst_nnc_error_set(error, NNC_TASK,
                          "task meta: expected a structure '" GST_NNC_TASK_NAME
                          "' with the string fields cutout and attention");
        return NNC_TASK;
    }
    if (!cutout)
        cutout = current->cutout;
    if (!attention)
        attention = current->attention;
    struct gst_nnc_live_task *const known = find(cache, current, cutout, attention);
    if (known) {
        *live = gst_nnc_live_task_ref(known);
        return NNC_OK;
    }
    const enum nnc_status status = gst_nnc_live_task_create(
        nnc_task_model(current->task), cutout, attention, live, error);
    if (status)
        return status;
    (*live)->id = gst_nnc_task_slot_take_id(slot);
    remember(cache, *live);
    return NNC_OK;
}
