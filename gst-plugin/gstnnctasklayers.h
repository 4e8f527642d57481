/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_LAYERS_H
#define GST_NNC_TASK_LAYERS_H

/* The task of a frame, from all that asks for one: the meta on its buffer, else the last
 * event, else the properties. What one of them leaves open is that of the next. */

#include "gstnnctaskslot.h"

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
    GST_NNC_CONTROL_POLICY_MERGE,
    GST_NNC_CONTROL_POLICY_REPLACE,
    GST_NNC_CONTROL_POLICY_IGNORE_META
} GstNncControlPolicy;

#define GST_NNC_TASK_CACHE 8

/* Zero-initialise. Threads: single, the streaming thread. */
struct gst_nnc_task_layers {
    struct gst_nnc_request event;
    gboolean has_event;
    /* The last tasks that came with buffers and events: a stream that repeats them
     * compiles nothing. */
    struct gst_nnc_live_task *cache[GST_NNC_TASK_CACHE];
    guint next; /* the place to be given to another task */
};

void gst_nnc_task_layers_clear(struct gst_nnc_task_layers *layers);

/* The task of the event `task` holds from now on. It is compiled here: what cannot be
 * followed changes nothing. `slot` runs. */
enum nnc_status gst_nnc_task_layers_set_event(struct gst_nnc_task_layers *layers,
                                              struct gst_nnc_task_slot *slot,
                                              GstNncControlPolicy policy,
                                              const GstStructure *task,
                                              struct nnc_error *error);

struct gst_nnc_choice_of_task {
    struct gst_nnc_live_task *live; /* the caller's reference */
    gboolean from_meta;
    gboolean conflict; /* another meta of the buffer disagreed with the first one */
    gboolean event_dropped; /* the event's task does not fit the model of today */
    enum nnc_status status; /* of what could not be followed; `live` then is the next best */
};

/* Looks at the first four task metas of `buffer`; the first one counts. `error` is set if
 * the answer's status is. Costs: a few comparisons for a task seen lately, else see
 * nnc_task_create(). */
struct gst_nnc_choice_of_task gst_nnc_task_layers_choose(
    struct gst_nnc_task_layers *layers, struct gst_nnc_task_slot *slot,
    GstNncControlPolicy policy, GstBuffer *buffer, struct nnc_error *error);

G_END_DECLS

#endif
