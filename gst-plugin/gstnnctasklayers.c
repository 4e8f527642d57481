/* SPDX-License-Identifier: MIT */

/* Tasks of metas and events are exact to the frame, so the frame waits if its task was
 * never seen before; the cache, and tasks compiled ahead, make that the exception. */

#include "gstnnctasklayers.h"

#include <gstnnc/gstnnctask.h>

#include "gstnncerror.h"

#define MAX_METAS_READ 4

void gst_nnc_task_layers_clear(struct gst_nnc_task_layers *layers)
{
    gst_nnc_request_clear(&layers->event);
    for (guint i = 0; i < GST_NNC_TASK_CACHE; i++)
        gst_nnc_live_task_unref(layers->cache[i]);
    *layers = (struct gst_nnc_task_layers){.next = 0};
}

/* --- compiled tasks --- */

static gboolean is_same(const struct gst_nnc_live_task *live,
                        const struct gst_nnc_engine *engine,
                        const struct gst_nnc_request *request)
{
    return live && live->engine == engine &&
           gst_nnc_request_equal(&live->request, request);
}

static struct gst_nnc_live_task *find(const struct gst_nnc_task_layers *layers,
                                      struct gst_nnc_live_task *current,
                                      const struct gst_nnc_request *request)
{
    if (is_same(current, current->engine, request))
        return current;
    for (guint i = 0; i < GST_NNC_TASK_CACHE; i++)
        if (is_same(layers->cache[i], current->engine, request))
            return layers->cache[i];
    return NULL;
}

static void remember(struct gst_nnc_task_layers *layers, struct gst_nnc_live_task *live)
{
    gst_nnc_live_task_unref(layers->cache[layers->next]);
    layers->cache[layers->next] = gst_nnc_live_task_ref(live);
    layers->next = (layers->next + 1) % GST_NNC_TASK_CACHE;
}

/* The compiled task of a request that leaves nothing open. */
static enum nnc_status get_task(struct gst_nnc_task_layers *layers,
                                struct gst_nnc_task_slot *slot,
                                struct gst_nnc_live_task *current,
                                const struct gst_nnc_request *request,
                                struct gst_nnc_live_task **live, struct nnc_error *error)
{
    struct gst_nnc_live_task *const known = find(layers, current, request);

    if (known) {
        *live = gst_nnc_live_task_ref(known);
        return NNC_OK;
    }
    const enum nnc_status status =
        gst_nnc_live_task_create(current->engine, request, live, error);
    if (status)
        return status;
    (*live)->id = gst_nnc_task_slot_take_id(slot);
    remember(layers, *live);
    return NNC_OK;
}

/* --- one over the other --- */

/* What a request leaves open comes from below, or is open to everything. */
static void lay_over(const struct gst_nnc_request *upper,
                     const struct gst_nnc_request *lower, GstNncControlPolicy policy,
                     struct gst_nnc_request *merged)
{
    struct gst_nnc_request everything = {NULL, NULL, NULL};

    if (policy == GST_NNC_CONTROL_POLICY_REPLACE) {
        gst_nnc_request_init(&everything, "", "");
        lower = &everything;
    }
    gst_nnc_request_merge(upper, lower, merged);
    gst_nnc_request_clear(&everything);
}

enum nnc_status gst_nnc_task_layers_set_event(struct gst_nnc_task_layers *layers,
                                              struct gst_nnc_task_slot *slot,
                                              GstNncControlPolicy policy,
                                              const GstStructure *task,
                                              struct nnc_error *error)
{
    struct gst_nnc_request request, merged;
    struct gst_nnc_live_task *live = NULL;
    enum nnc_status status = gst_nnc_request_parse(task, &request, error);

    if (status)
        return status;
    struct gst_nnc_live_task *const current = gst_nnc_task_slot_ref_live(slot);
    lay_over(&request, &current->request, policy, &merged);
    status = get_task(layers, slot, current, &merged, &live, error);
    gst_nnc_request_clear(&merged);
    gst_nnc_live_task_unref(current);
    gst_nnc_live_task_unref(live);
    if (status) {
        gst_nnc_request_clear(&request);
        return status;
    }
    gst_nnc_request_clear(&layers->event);
    layers->event = request;
    layers->has_event = TRUE;
    return NNC_OK;
}

static const GstStructure *first_task(GstBuffer *buffer, gboolean *conflict)
{
    const GstStructure *first = NULL;
    gpointer state = NULL;

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

/* The event's task over that of the properties. The model may have changed since the
 * event came: then it is forgotten, rather than tried again for every frame. */
static void choose_below_metas(struct gst_nnc_task_layers *layers,
                               struct gst_nnc_task_slot *slot,
                               GstNncControlPolicy policy,
                               struct gst_nnc_live_task *current,
                               struct gst_nnc_choice_of_task *choice,
                               struct nnc_error *error)
{
    struct gst_nnc_request merged;

    if (layers->has_event) {
        lay_over(&layers->event, &current->request, policy, &merged);
        choice->status = get_task(layers, slot, current, &merged, &choice->live, error);
        gst_nnc_request_clear(&merged);
        if (!choice->status)
            return;
        gst_nnc_request_clear(&layers->event);
        layers->has_event = FALSE;
        choice->event_dropped = TRUE;
    }
    choice->live = gst_nnc_live_task_ref(current);
}

static enum nnc_status follow_meta(struct gst_nnc_task_layers *layers,
                                   struct gst_nnc_task_slot *slot,
                                   GstNncControlPolicy policy, const GstStructure *task,
                                   struct gst_nnc_choice_of_task *choice,
                                   struct nnc_error *error)
{
    struct gst_nnc_request request, merged;
    struct gst_nnc_live_task *live = NULL;
    enum nnc_status status = gst_nnc_request_parse(task, &request, error);

    if (status)
        return status;
    lay_over(&request, &choice->live->request, policy, &merged);
    status = get_task(layers, slot, choice->live, &merged, &live, error);
    gst_nnc_request_clear(&merged);
    gst_nnc_request_clear(&request);
    if (status)
        return status;
    gst_nnc_live_task_unref(choice->live);
    choice->live = live;
    choice->from_meta = TRUE;
    return NNC_OK;
}

struct gst_nnc_choice_of_task gst_nnc_task_layers_choose(
    struct gst_nnc_task_layers *layers, struct gst_nnc_task_slot *slot,
    GstNncControlPolicy policy, GstBuffer *buffer, struct nnc_error *error)
{
    struct gst_nnc_choice_of_task choice = {.live = NULL};
    struct gst_nnc_live_task *const current = gst_nnc_task_slot_ref_live(slot);
    const GstStructure *task = NULL;

    if (policy != GST_NNC_CONTROL_POLICY_IGNORE_META)
        task = first_task(buffer, &choice.conflict);
    choose_below_metas(layers, slot, policy, current, &choice, error);
    if (task) {
        const enum nnc_status status =
            follow_meta(layers, slot, policy, task, &choice, error);
        choice.status = status ? status : choice.status;
    }
    gst_nnc_live_task_unref(current);
    return choice;
}
