/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_JSON_ELEMENT_H
#define GST_NNC_JSON_ELEMENT_H

/* The state of nncjson, shared by the files that make it up: gstnncjsonelement.c has its
 * life and its frames, gstnncjsonpad.c the pad `json`, gstnncjsonproperties.c what users
 * set and read. */

#include "gstnncerror.h"
#include "gstnnclinefile.h"

#include <gst/base/gstbasetransform.h>
#include <gstnnc/gstnnc.h>

#include <pthread.h>
#include <stdatomic.h>

G_BEGIN_DECLS

#define GST_TYPE_NNC_JSON (gst_nnc_json_get_type())
G_DECLARE_FINAL_TYPE(GstNncJson, gst_nnc_json, GST, NNC_JSON, GstBaseTransform)

typedef enum {
    GST_NNC_JSON_PREDICTIONS_ALL,
    GST_NNC_JSON_PREDICTIONS_CHANGE,
    GST_NNC_JSON_PREDICTIONS_CLASSIFIED
} GstNncJsonPredictions;

struct _GstNncJson {
    GstBaseTransform parent;

    pthread_mutex_t lock;
    gchar *location; /* lock */
    gboolean append; /* lock */
    GstPad *pad;     /* lock: the pad `json`, NULL unless requested */

    _Atomic guint changes;    /* counts those of `location` and `pad` */
    _Atomic gint predictions; /* GstNncJsonPredictions */
    _Atomic gboolean flush, wall_clock;
    _Atomic guint64 n_frames, n_lines, n_lines_lost;

    /* The streaming thread's; start and stop, when it does not run. */
    struct gst_nnc_line_file file; /* interrupted by anybody */
    guint changes_seen;
    gboolean failing; /* the last write failed, and the user knows */
    struct gst_nnc_limiter warnings;
    guint width, height;
    GHashTable *seen; /* what `predictions=change` compares: key -> last best class */
};

/* gstnncjsonproperties.c */
void gst_nnc_json_install_properties(GObjectClass *object_class);

/* gstnncjsonpad.c */
void gst_nnc_json_install_pad(GstElementClass *element_class);
/* The streaming thread's: a line, or NULL to say that there is none for this buffer. */
void gst_nnc_json_push_line(GstNncJson *self, const gchar *line, GstBuffer *buffer);
/* Any event of the sink pad; passes on those that the pad `json` needs. */
void gst_nnc_json_push_event(GstNncJson *self, GstEvent *event);

GST_ELEMENT_REGISTER_DECLARE(nncjson)

G_END_DECLS

#endif
