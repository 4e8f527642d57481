/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_LIVE_TASK_H
#define GST_NNC_LIVE_TASK_H

/* A compiled task: the engine it runs on, what was asked for, and what that means.
 * Immutable, shared. */

#include "gstnncrequest.h"

#include <nnc/task.h>

#include <stdatomic.h>

G_BEGIN_DECLS

struct gst_nnc_engine;

struct gst_nnc_live_task {
    atomic_uint references;
    struct gst_nnc_engine *engine;
    struct gst_nnc_request request; /* nothing left open */
    struct nnc_task *task;
    gchar *cutout, *attention; /* in words */
    guint64 id; /* 0 until the caller gives it one, before anybody else sees it: only tasks
                   that work have numbers */
};

/* `*live` is untouched on failure. Costs: see nnc_task_create(). */
enum nnc_status gst_nnc_live_task_create(struct gst_nnc_engine *engine,
                                         const struct gst_nnc_request *request,
                                         struct gst_nnc_live_task **live,
                                         struct nnc_error *error);

/* The same for a request that differs from that of `of` in gains alone: compiles nothing
 * and waits for nobody. */
enum nnc_status gst_nnc_live_task_create_with_gains(const struct gst_nnc_live_task *of,
                                                    const struct gst_nnc_request *request,
                                                    struct gst_nnc_live_task **live,
                                                    struct nnc_error *error);

struct gst_nnc_live_task *gst_nnc_live_task_ref(struct gst_nnc_live_task *live);
void gst_nnc_live_task_unref(struct gst_nnc_live_task *live); /* NULL is fine */

G_END_DECLS

#endif
