/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_SLOT_H
#define GST_NNC_TASK_SLOT_H

/* Which task an element runs, and the way to another one, or to another model, while
 * frames keep coming.
 *
 * Setters check what they get, note it and return. A worker thread compiles the newest
 * noted task and puts it in place; the streaming thread takes a reference of what is in
 * place, once per frame. Nobody waits for a compilation. Other gains for the cutout that
 * runs need none: the setter itself puts them in place, so that a controlled gain holds
 * for the frame that it was set for. */

#include "gstnncengine.h"
#include "gstnnclivetask.h"

#include <pthread.h>

G_BEGIN_DECLS

/* What the slot tells and asks its owner: on the worker's thread, without locks. */
struct gst_nnc_task_slot_owner {
    /* `error` is NULL when another task is in place, else it says why the newest accepted
     * one could not be compiled and that the slot's request went back to what runs. */
    void (*changed)(gpointer owner, const struct nnc_error *error);
    /* After gst_nnc_task_slot_change_engine(): makes the new engine. */
    enum nnc_status (*load)(gpointer owner, struct gst_nnc_engine **engine,
                            struct nnc_error *error);
    /* The new `engine` is in place; with an error it is the old one, which stays. */
    void (*engine_changed)(gpointer owner, struct gst_nnc_engine *engine,
                           const struct nnc_error *error);
    /* A task was compiled ahead, or could not be. */
    void (*preloaded)(gpointer owner, const struct gst_nnc_live_task *live,
                      const struct nnc_error *error);
};

#define GST_NNC_MAX_PRELOADED 16

/* Lock order: setters, lock. The streaming thread takes `lock` alone, which is held for a
 * few pointers only; texts are checked under `setters`. Both are pthread mutexes, because
 * ThreadSanitizer understands these. */
struct gst_nnc_task_slot {
    const struct gst_nnc_task_slot_owner *calls;
    gpointer owner; /* a GObject */

    pthread_mutex_t setters;
    struct nnc_model *known; /* setters: whose names mean something; may be NULL */

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct gst_nnc_request request; /* lock: the newest accepted one; cutout, attention set */
    guint64 id;                     /* lock: the newest number given away */
    guint64 pending_id;             /* lock: the number of `request` */
    gboolean pending, stopping;     /* lock */
    gboolean new_engine, loading;   /* lock: asked for; being made */
    struct gst_nnc_live_task *live; /* lock: what frames run; NULL when stopped */
    GQueue preloads;                /* lock: requests to be compiled ahead */
    struct gst_nnc_live_task *preloaded[GST_NNC_MAX_PRELOADED]; /* the worker's */
    guint n_preloaded;                                          /* the worker's */

    guint generation; /* lock: of workers; one that ends itself may outlive its start */
    pthread_t worker;
    gboolean has_worker; /* start and stop only */
};

void gst_nnc_task_slot_init(struct gst_nnc_task_slot *slot,
                            const struct gst_nnc_task_slot_owner *calls, gpointer owner);
void gst_nnc_task_slot_finish(struct gst_nnc_task_slot *slot);

/* Compiles the noted request and starts the worker. On failure the slot is as before. */
enum nnc_status gst_nnc_task_slot_start(struct gst_nnc_task_slot *slot,
                                        struct gst_nnc_engine *engine,
                                        struct nnc_error *error);
void gst_nnc_task_slot_stop(struct gst_nnc_task_slot *slot);

/* At rest: the model that single categories are set by from here on, or NULL. What was
 * accepted for the categories of another one is taken by its names. */
void gst_nnc_task_slot_know(struct gst_nnc_task_slot *slot, struct nnc_model *model);

/* Any thread, while the slot runs: the worker asks for another engine, and changes to it
 * together with the newest request. Answers whether the slot runs. */
gboolean gst_nnc_task_slot_change_engine(struct gst_nnc_task_slot *slot);

/* Any thread. What the request leaves open stays as it is. Before the start everything is
 * noted and checked then. `*id` (may be NULL) gets the task's number, 0 before the start.
 * On failure nothing changed. */
enum nnc_status gst_nnc_task_slot_set(struct gst_nnc_task_slot *slot,
                                      const struct gst_nnc_request *request, guint64 *id,
                                      struct nnc_error *error);

struct gst_nnc_gain {
    uint32_t category;
    gfloat gain;
};

/* Any thread. Single categories of the known model: one change, and none if all of them
 * are so already; `*changed` (may be NULL) tells. Fails: NNC_STATE without a model, or
 * while another one is loaded; NNC_TASK. */
enum nnc_status gst_nnc_task_slot_set_gains(struct gst_nnc_task_slot *slot,
                                            const struct gst_nnc_gain *gains, gsize n,
                                            gboolean *changed, struct nnc_error *error);
enum nnc_status gst_nnc_task_slot_set_active(struct gst_nnc_task_slot *slot,
                                             uint32_t category, gboolean active,
                                             gboolean *changed, struct nnc_error *error);

/* Any thread. Of the newest accepted request; 1 and TRUE where it has no meaning yet. */
gfloat gst_nnc_task_slot_get_gain(struct gst_nnc_task_slot *slot, uint32_t category);
gboolean gst_nnc_task_slot_get_active(struct gst_nnc_task_slot *slot, uint32_t category);

/* Any thread. Has the task compiled before somebody needs it, and keeps the last
 * GST_NNC_MAX_PRELOADED until the stop. Fails: as setting; NNC_LIMIT if more than these
 * wait. */
enum nnc_status gst_nnc_task_slot_preload(struct gst_nnc_task_slot *slot,
                                          const struct gst_nnc_request *request,
                                          struct nnc_error *error);

/* Any thread. The newest accepted texts, both of the same task; to be freed. Either may
 * be NULL if it is of no interest. */
void gst_nnc_task_slot_get_texts(struct gst_nnc_task_slot *slot, gchar **cutout,
                                 gchar **attention);

/* Any thread. A reference to what frames run, NULL when stopped. */
struct gst_nnc_live_task *gst_nnc_task_slot_ref_live(struct gst_nnc_task_slot *slot);

/* Any thread. A number for a task that comes another way than through the slot. */
guint64 gst_nnc_task_slot_take_id(struct gst_nnc_task_slot *slot);
guint64 gst_nnc_task_slot_last_id(struct gst_nnc_task_slot *slot);

G_END_DECLS

#endif
