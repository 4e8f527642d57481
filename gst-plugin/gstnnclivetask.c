/* SPDX-License-Identifier: MIT */

#include "gstnnclivetask.h"

#include "gstnncengine.h"

/* Takes `meaning` over, whose arrays the task has copies of. */
static struct gst_nnc_live_task *wrap(struct gst_nnc_engine *engine,
                                      const struct gst_nnc_request *request,
                                      struct gst_nnc_meaning *meaning,
                                      struct nnc_task *task)
{
    struct gst_nnc_live_task *const live = g_new0(struct gst_nnc_live_task, 1);

    atomic_init(&live->references, 1);
    live->engine = gst_nnc_engine_ref(engine);
    gst_nnc_request_copy(request, &live->request);
    live->task = task;
    live->cutout = g_steal_pointer(&meaning->cutout);
    live->attention = g_steal_pointer(&meaning->attention);
    return live;
}

/* `of` is NULL, or has the same cutout. */
static enum nnc_status create(struct gst_nnc_engine *engine, const struct nnc_task *of,
                              const struct gst_nnc_request *request,
                              struct gst_nnc_live_task **live, struct nnc_error *error)
{
    struct gst_nnc_meaning meaning;
    struct nnc_task *task = NULL;
    enum nnc_status status =
        gst_nnc_meaning_find(&meaning, engine->model, request, error);

    if (status)
        return status;
    if (of)
        status = nnc_task_create_with_gains(of, meaning.gains, 0, &task, error);
    else
        status = nnc_task_create_from_arrays(engine->model, meaning.active, meaning.gains,
                                             0, &task, error);
    if (!status)
        *live = wrap(engine, request, &meaning, task);
    gst_nnc_meaning_clear(&meaning);
    return status;
}

enum nnc_status gst_nnc_live_task_create(struct gst_nnc_engine *engine,
                                         const struct gst_nnc_request *request,
                                         struct gst_nnc_live_task **live,
                                         struct nnc_error *error)
{
    return create(engine, NULL, request, live, error);
}

enum nnc_status gst_nnc_live_task_create_with_gains(const struct gst_nnc_live_task *of,
                                                    const struct gst_nnc_request *request,
                                                    struct gst_nnc_live_task **live,
                                                    struct nnc_error *error)
{
    return create(of->engine, of->task, request, live, error);
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
    gst_nnc_request_clear(&live->request);
    gst_nnc_engine_unref(live->engine);
    g_free(live->cutout);
    g_free(live->attention);
    g_free(live);
}
