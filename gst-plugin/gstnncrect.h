/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_RECT_H
#define GST_NNC_RECT_H

/* Rectangles of a picture, in whole pixels. Threads: immutable. */

#include <glib.h>

G_BEGIN_DECLS

struct gst_nnc_rect {
    guint x, y, width, height;
};

/* A part of something, in shares of its sides: 0, 0, 1, 1 is all of it. */
struct gst_nnc_shares {
    gdouble x, y, width, height;
};

/* The part of `of` (not empty) that `shares` say, each edge rounded to the nearest pixel.
 * What lies outside of `of` is cut off; at least one pixel of it stays. Shares that are
 * no numbers count as 0. */
struct gst_nnc_rect gst_nnc_rect_part(const struct gst_nnc_rect *of,
                                      const struct gst_nnc_shares *shares);

/* What lies of a rectangle inside `bounds`. FALSE if nothing does: `rect` is untouched.
 */
gboolean gst_nnc_rect_clip(struct gst_nnc_rect *rect, gint64 x, gint64 y, gint64 width,
                           gint64 height, const struct gst_nnc_rect *bounds);

gboolean gst_nnc_rect_equal(const struct gst_nnc_rect *a, const struct gst_nnc_rect *b);

G_END_DECLS

#endif
