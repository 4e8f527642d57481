/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_META_H
#define GST_NNC_TASK_META_H

/* The task that a buffer brings along, compiled. */

#include "gstnnctaskslot.h"

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_NNC_TASK_META_CACHE 4

/* The last tasks that came with buffers: a stream that repeats its metas parses and
 * compiles nothing. Zero-initialise. Threads: single. */
struct gst_nnc_task_cache {
    struct gst_nnc_live_task *live[GST_NNC_TASK_META_CACHE];
    guint next; /* the place to be given to another task */
};

void gst_nnc_task_cache_clear(struct gst_nnc_task_cache *cache);

/* Looks at the first four task metas of `buffer`; the first one counts. Texts it does not
 * have come from `current`, the task of the properties.
 *
 * NNC_OK: `*live` is a reference to the meta's task, or NULL if there is no meta.
 * Else the meta cannot be followed, `error` says why. `*conflict` tells, in any case,
 * whether another of the metas disagreed.
 *
 * Costs: a few comparisons for a task seen lately, else see nnc_task_create(). */
enum nnc_status gst_nnc_task_cache_choose(struct gst_nnc_task_cache *cache,
                                          struct gst_nnc_task_slot *slot,
                                          struct gst_nnc_live_task *current,
                                          GstBuffer *buffer,
                                          struct gst_nnc_live_task **live,
                                          gboolean *conflict, struct nnc_error *error);

G_END_DECLS

#endif
