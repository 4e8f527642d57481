/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CLASSIFY_H
#define GST_NNC_CLASSIFY_H

/* The element's own state, shared by the files that make it up: gstnncclassify.c has its
 * life and its frames, gstnncclassifyproperties.c what users set and read. */

#include "gstnncerror.h"
#include "gstnncresult.h"
#include "gstnncstats.h"
#include "gstnnctaskmeta.h"
#include "gstnnctaskslot.h"
#include "gstnncview.h"

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_NNC_CLASSIFY (gst_nnc_classify_get_type())
G_DECLARE_FINAL_TYPE(GstNncClassify, gst_nnc_classify, GST, NNC_CLASSIFY,
                     GstBaseTransform)

typedef enum {
    GST_NNC_POST_MESSAGES_NONE,
    GST_NNC_POST_MESSAGES_CHANGE,
    GST_NNC_POST_MESSAGES_ALL
} GstNncPostMessages;

/* What a live switch may change is atomic: the streaming thread waits for no setter. */
struct gst_nnc_settings {
    pthread_mutex_t lock;
    gchar *model;                   /* lock */
    gboolean running;               /* lock: between start and stop */
    gchar *taxonomy;                /* lock: JSON, NULL unless running */
    struct gst_nnc_limiter refused; /* lock: warnings about refused values */

    _Atomic guint threads, top_k, interval;
    _Atomic gfloat threshold;
    _Atomic gint post_messages; /* GstNncPostMessages */
    _Atomic gint precision;     /* enum nnc_precision; read at the start */
    _Atomic gboolean qos;
    _Atomic guint64 total_params, total_macs;
};

/* What `post-messages=change` compares. */
struct gst_nnc_seen {
    guint category;
    gboolean unknown;
    gboolean anything;
};

struct _GstNncClassify {
    GstBaseTransform parent;

    struct gst_nnc_settings settings;
    struct gst_nnc_task_slot slot;
    struct gst_nnc_stats stats;
    _Atomic guint64 earliest_time; /* from QoS events: frames before it are late */

    /* The streaming thread's; start and stop, when it does not run. */
    gchar *name; /* of the element, as it was at the start */
    struct nnc_model *model;
    struct nnc_session *session;
    struct gst_nnc_geometry geometry;
    struct gst_nnc_result result;
    struct gst_nnc_task_cache task_cache;
    struct gst_nnc_limiter frame_warnings, meta_warnings;
    struct gst_nnc_seen seen;
    guint frames_to_skip;
};

/* gstnncclassifyframes.c; the streaming thread's */
void gst_nnc_classify_forget_stream(GstNncClassify *self);
GstFlowReturn gst_nnc_classify_transform_ip(GstBaseTransform *base, GstBuffer *buffer);

/* gstnncclassifytask.c; the streaming thread's. The task of this frame: of its meta, else
 * of the properties. The caller owns a reference. */
struct gst_nnc_live_task *gst_nnc_classify_choose_task(GstNncClassify *self,
                                                       GstBuffer *buffer,
                                                       gboolean *from_meta);

/* gstnncclassifyproperties.c */
void gst_nnc_classify_install_properties(GObjectClass *object_class);
void gst_nnc_settings_init(struct gst_nnc_settings *settings);
void gst_nnc_settings_finish(struct gst_nnc_settings *settings);

/* For the slot: tells the world on the worker's thread that another task runs, or that it
 * could not be compiled. `owner` is the element. */
void gst_nnc_classify_task_changed(gpointer owner, const struct nnc_error *error);

GST_ELEMENT_REGISTER_DECLARE(nncclassify)

G_END_DECLS

#endif
