/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_INJECT_H
#define GST_NNC_TASK_INJECT_H

/* The state of the element `nnctask`, shared by the files that make it up:
 * gstnnctaskinject.c has its life, gstnnctaskinjectframes.c what happens to a frame,
 * gstnnctaskinjectsettings.c what users set, gstnnctaskinjectproperties.c how. */

#include "gstnncerror.h"
#include "gstnnctaskhearing.h"
#include "gstnnctaskrules.h"
#include "gstnnctaskscript.h"
#include "gstnnctaskstats.h"

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_NNC_TASK_INJECT (gst_nnc_task_inject_get_type())
G_DECLARE_FINAL_TYPE(GstNncTaskInject, gst_nnc_task_inject, GST, NNC_TASK_INJECT,
                     GstBaseTransform)

#define GST_NNC_TASK_DEFAULT_HOLD 500
#define GST_NNC_TASK_DEFAULT_DECAY 1000

typedef enum {
    GST_NNC_TASK_MODE_META,
    GST_NNC_TASK_MODE_EVENT,
    GST_NNC_TASK_MODE_STICKY_EVENT
} GstNncTaskMode;

typedef enum {
    GST_NNC_TASK_CLOCK_RUNNING_TIME,
    GST_NNC_TASK_CLOCK_STREAM_TIME
} GstNncTaskClock;

/* Texts that have to be read, in the order in which they are at the start. */
enum gst_nnc_task_text {
    GST_NNC_TASK_SCRIPT, /* a file's name */
    GST_NNC_TASK_MAP,
    GST_NNC_TASK_HEAR,
    GST_NNC_TASK_N_TEXTS
};

/* What users set. Texts are checked when the element starts, and while it runs at once:
 * then a bad one is refused and the old one stays.
 *
 * Lock order: setters, lock. Setters read files and start to listen under `setters`; the
 * streaming thread takes `lock` alone, which is held for copies of pointers and of one
 * small structure. */
struct gst_nnc_task_inject_settings {
    pthread_mutex_t setters;
    gboolean running; /* setters: between start and stop */

    pthread_mutex_t lock;
    GstStructure *task;                 /* setters and lock: of the properties */
    gchar *texts[GST_NNC_TASK_N_TEXTS]; /* setters and lock: "" for none */
    struct gst_nnc_task_script *script; /* lock: NULL unless running and set */
    struct gst_nnc_task_rules *map;     /* lock: likewise */
    GstStructure *newest;               /* lock: the newest task; NULL before any */
    struct gst_nnc_limiter refused;     /* lock: warnings about refused values */

    _Atomic gint mode;         /* GstNncTaskMode */
    _Atomic gint clock;        /* GstNncTaskClock */
    _Atomic gdouble loop;      /* seconds */
    _Atomic guint hold, decay; /* milliseconds */
    atomic_bool hearing;       /* a bus is listened to */
};

struct _GstNncTaskInject {
    GstBaseTransform parent;

    struct gst_nnc_task_inject_settings settings;
    struct gst_nnc_task_stats stats;
    struct gst_nnc_task_hearing *hearing;

    /* The streaming thread's. */
    gint frame_mode;                /* GstNncTaskMode of the frame under way */
    gint64 now_ns;                  /* running time of the newest frame */
    gint64 unix_second, day_second; /* the second seen last, and which of the day it is */
    GstStructure *task;      /* what holds, without its number; NULL before the first */
    guint64 seq;             /* its number */
    gint event_mode;         /* GstNncTaskMode of the last event */
    gboolean event_in_force; /* downstream goes by an event that says something */
    gboolean event_is_due;   /* the task was not sent as an event yet */
};

/* gstnnctaskinjectframes.c; the streaming thread's. A new stream begins: what was seen,
 * heard and sent before is forgotten. */
void gst_nnc_task_inject_forget_stream(GstNncTaskInject *self);
GstFlowReturn gst_nnc_task_inject_transform_ip(GstBaseTransform *base, GstBuffer *buffer);

/* gstnnctaskinjectproperties.c */
void gst_nnc_task_inject_install_properties(GObjectClass *object_class);

/* gstnnctaskinjectsettings.c */
void gst_nnc_task_inject_settings_init(struct gst_nnc_task_inject_settings *settings);
void gst_nnc_task_inject_settings_finish(struct gst_nnc_task_inject_settings *settings);

/* Reads all texts and begins to listen, or says which of them is bad; and the end of it.
 * The end takes a half-started element, too. */
enum nnc_status gst_nnc_task_inject_start(GstNncTaskInject *self,
                                          struct nnc_error *error);
void gst_nnc_task_inject_stop(GstNncTaskInject *self);

/* Any thread. What is refused changes nothing, is counted, and posts a warning. NULL is
 * like "", except for texts of the task (`field` is "cutout" or "attention") and the task
 * itself, where it means to say nothing. */
void gst_nnc_task_inject_set_text(GstNncTaskInject *self, enum gst_nnc_task_text which,
                                  const gchar *text);
void gst_nnc_task_inject_set_task_text(GstNncTaskInject *self, const gchar *field,
                                       const gchar *text);
void gst_nnc_task_inject_set_task(GstNncTaskInject *self, const GstStructure *task);

GST_ELEMENT_REGISTER_DECLARE(nnctask)

G_END_DECLS

#endif
