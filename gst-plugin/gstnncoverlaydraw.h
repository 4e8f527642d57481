/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_OVERLAY_DRAW_H
#define GST_NNC_OVERLAY_DRAW_H

/* Draws rows and boxes, by cairo and pango, as rectangles that GstVideoOverlayComposition
 * lays over a frame. */

#include "gstnncoverlayrows.h"

#include <gst/video/video.h>
#include <pango/pangocairo.h>

G_BEGIN_DECLS

typedef enum {
    GST_NNC_OVERLAY_TOP_LEFT,
    GST_NNC_OVERLAY_TOP_RIGHT,
    GST_NNC_OVERLAY_BOTTOM_LEFT,
    GST_NNC_OVERLAY_BOTTOM_RIGHT
} GstNncOverlayPosition;

struct gst_nnc_overlay_style {
    gchar *font; /* as pango describes fonts; a size in it is ignored */
    GstNncOverlayPosition position;
    gdouble scale;                           /* of the text, 1 = what suits the frame */
    gboolean bars;                           /* behind the classes */
    guint32 color, bar_color, unknown_color; /* 0xAARRGGBB */
    gdouble background_opacity;              /* 0..1 */
};

/* What text is drawn with, for frames of one size. Threads: single. */
struct gst_nnc_overlay_pen {
    PangoFontMap *fonts;
    PangoLayout *layout;
    struct gst_nnc_overlay_style style;
    guint width, height;                       /* of the frame */
    gint font_size, row_height, padding, line; /* pixels; line: how thick a box is */
};

/* Zero-initialise. set copies `style`; finish takes a zeroed pen, too. */
void gst_nnc_overlay_pen_set(struct gst_nnc_overlay_pen *pen,
                             const struct gst_nnc_overlay_style *style, guint width,
                             guint height);
void gst_nnc_overlay_pen_finish(struct gst_nnc_overlay_pen *pen);

/* How many rows there is room for; 0 on frames of a few pixels. */
guint gst_nnc_overlay_pen_n_rows(const struct gst_nnc_overlay_pen *pen);

/* All rows in one panel, in the corner that the style names. NULL if there are none. */
GstVideoOverlayRectangle *gst_nnc_overlay_draw_panel(struct gst_nnc_overlay_pen *pen,
                                                     const GPtrArray *rows);

/* The box of a prediction about a region, and the label of a detection, added to
 * `rectangles`; the part of it that lies in the frame. */
void gst_nnc_overlay_draw_region(struct gst_nnc_overlay_pen *pen,
                                 const GstNncPrediction *prediction,
                                 GPtrArray *rectangles);

G_END_DECLS

#endif
