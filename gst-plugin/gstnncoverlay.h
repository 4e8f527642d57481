/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_OVERLAY_H
#define GST_NNC_OVERLAY_H

/* The state of nncoverlay: gstnncoverlay.c has its life and its frames,
 * gstnncoverlayproperties.c what users set. */

#include "gstnncoverlayscene.h"

#include <gst/base/gstbasetransform.h>

#include <pthread.h>
#include <stdatomic.h>

G_BEGIN_DECLS

#define GST_TYPE_NNC_OVERLAY (gst_nnc_overlay_get_type())
G_DECLARE_FINAL_TYPE(GstNncOverlay, gst_nnc_overlay, GST, NNC_OVERLAY, GstBaseTransform)

struct _GstNncOverlay {
    GstBaseTransform parent;

    pthread_mutex_t lock;
    struct gst_nnc_overlay_settings settings; /* lock */
    _Atomic guint changes;                    /* of the settings */
    _Atomic gboolean asked;                   /* downstream, whether it draws */

    /* The streaming thread's; start and stop, when it does not run. */
    struct gst_nnc_overlay_scene scene;
    guint changes_seen;
    GstVideoInfo info;
    gboolean attach; /* downstream draws; otherwise we do */
};

/* gstnncoverlayproperties.c */
void gst_nnc_overlay_install_properties(GObjectClass *object_class);

GST_ELEMENT_REGISTER_DECLARE(nncoverlay)

G_END_DECLS

#endif
