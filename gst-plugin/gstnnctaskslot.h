/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_SLOT_H
#define GST_NNC_TASK_SLOT_H

/* Which task an element runs, and the way to another one while frames keep coming.
 *
 * Setters check a text, note it and return; a worker thread compiles the newest noted
 * task and puts it in place; the streaming thread takes a reference of what is in place,
 * once per frame. Nobody waits for a compilation but those who ask for it by name
 * (gst_nnc_task_slot_start and gst_nnc_live_task_create). */

#include <glib.h>
#include <nnc/session.h>

#include <pthread.h>
#include <stdatomic.h>

G_BEGIN_DECLS

/* A compiled task with the texts it came from. Immutable, shared. */
struct gst_nnc_live_task {
    atomic_uint references;
    struct nnc_task *task;
    gchar *cutout, *attention;
    guint64 id;
};

/* `*live` is untouched on failure. Its number is 0: the caller gives it one before
 * anybody else sees it, so that only tasks that work have numbers. Costs: see
 * nnc_task_create(). */
enum nnc_status gst_nnc_live_task_create(struct nnc_model *model, const gchar *cutout,
                                         const gchar *attention,
                                         struct gst_nnc_live_task **live,
                                         struct nnc_error *error);
struct gst_nnc_live_task *gst_nnc_live_task_ref(struct gst_nnc_live_task *live);
void gst_nnc_live_task_unref(struct gst_nnc_live_task *live); /* NULL is fine */

/* Called on the worker thread, without locks: `error` is NULL when another task is in
 * place, else it says why the newest accepted task could not be compiled and that the
 * slot's texts went back to what runs. */
typedef void (*gst_nnc_task_slot_changed)(gpointer owner, const struct nnc_error *error);

/* Lock order: setters, lock. The streaming thread takes `lock` alone, which is held for a
 * few pointers only; texts are checked under `setters`. Both are pthread mutexes, because
 * ThreadSanitizer understands these. */
struct gst_nnc_task_slot {
    gst_nnc_task_slot_changed changed;
    gpointer owner;

    pthread_mutex_t setters;
    struct nnc_model *model; /* setters; constant while the worker lives */

    pthread_mutex_t lock;
    pthread_cond_t wake;
    gchar *cutout, *attention;      /* lock: the newest accepted texts */
    guint64 id;                     /* lock: the newest number given away */
    guint64 pending_id;             /* lock: the number of the newest accepted texts */
    gboolean pending, stopping;     /* lock */
    struct gst_nnc_live_task *live; /* lock: what frames run; NULL when stopped */

    struct nnc_session *session; /* constant while the worker lives */
    pthread_t worker;
    gboolean has_worker; /* start and stop only */
};

void gst_nnc_task_slot_init(struct gst_nnc_task_slot *slot,
                            gst_nnc_task_slot_changed changed, gpointer owner);
void gst_nnc_task_slot_finish(struct gst_nnc_task_slot *slot);

/* Compiles the noted texts and starts the worker. `model` and `session` must live until
 * gst_nnc_task_slot_stop(). On failure the slot is as before. */
enum nnc_status gst_nnc_task_slot_start(struct gst_nnc_task_slot *slot,
                                        struct nnc_model *model,
                                        struct nnc_session *session,
                                        struct nnc_error *error);
void gst_nnc_task_slot_stop(struct gst_nnc_task_slot *slot);

/* Any thread. NULL leaves that text as it is. Before the start everything is noted and
 * checked then. On failure nothing changed. */
enum nnc_status gst_nnc_task_slot_set(struct gst_nnc_task_slot *slot, const gchar *cutout,
                                      const gchar *attention, struct nnc_error *error);

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
