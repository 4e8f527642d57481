/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_OVERLAY_SCENE_H
#define GST_NNC_OVERLAY_SCENE_H

/* What lies over the frames now. It is drawn again when it says something else, and where
 * only numbers differ, some times a second: each drawing costs more than many blends. */

#include "gstnncoverlaydraw.h"

G_BEGIN_DECLS

/* Everything that users set. */
struct gst_nnc_overlay_settings {
    struct gst_nnc_overlay_style style;
    guint show; /* GstNncOverlayShow */
    guint n_classes;
    GstClockTime persist; /* how long a prediction is shown on frames that have none */
};

/* Zero-initialise. Threads: single. */
struct gst_nnc_overlay_scene {
    struct gst_nnc_overlay_settings settings; /* its font belongs to the pen */
    struct gst_nnc_overlay_pen pen;
    GPtrArray *predictions;
    GstClockTime seen_at, drawn_at;
    gchar *words, *numbers, *boxes_key; /* what is drawn */
    GstVideoOverlayRectangle *panel;
    GPtrArray *boxes;
    GstVideoOverlayComposition *composition;
    guint n_drawn; /* panels, for tests and statistics */
};

/* Both draw everything anew; `settings` is copied. */
void gst_nnc_overlay_scene_set(struct gst_nnc_overlay_scene *scene,
                               const struct gst_nnc_overlay_settings *settings,
                               guint width, guint height);

/* Nothing is shown any more, until the next prediction. */
void gst_nnc_overlay_scene_forget(struct gst_nnc_overlay_scene *scene);

/* What to lay over this frame, or NULL; it belongs to the scene. `now` in nanoseconds. */
GstVideoOverlayComposition *
gst_nnc_overlay_scene_look(struct gst_nnc_overlay_scene *scene, GstBuffer *buffer,
                           GstClockTime now);

void gst_nnc_overlay_scene_finish(struct gst_nnc_overlay_scene *scene);

G_END_DECLS

#endif
