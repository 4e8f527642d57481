/* SPDX-License-Identifier: MIT */

/* Arithmetic on rectangles that users, controllers and detectors give: none of it is
 * believed, so that what comes out is always inside and never empty. */

#include "gstnncrect.h"

/* Edges from 0 to `side`; comparisons are written so that NaN becomes 0. */
static guint edge(gdouble share, guint side)
{
    const gdouble inside = share > 0.0 ? MIN(share, 1.0) : 0.0;

    return (guint)(inside * side + 0.5);
}

static void part_of_side(gdouble from, gdouble length, guint side, guint *start, guint *n)
{
    const guint first = MIN(edge(from, side), side - 1);
    const guint end =
        edge((from > 0.0 ? from : 0.0) + (length > 0.0 ? length : 0.0), side);

    *start = first;
    *n = end > first ? end - first : 1;
}

struct gst_nnc_rect gst_nnc_rect_part(const struct gst_nnc_rect *of,
                                      const struct gst_nnc_shares *shares)
{
    struct gst_nnc_rect part;

    part_of_side(shares->x, shares->width, of->width, &part.x, &part.width);
    part_of_side(shares->y, shares->height, of->height, &part.y, &part.height);
    part.x += of->x;
    part.y += of->y;
    return part;
}

gboolean gst_nnc_rect_clip(struct gst_nnc_rect *rect, gint64 x, gint64 y, gint64 width,
                           gint64 height, const struct gst_nnc_rect *bounds)
{
    const gint64 left = MAX(x, (gint64)bounds->x), top = MAX(y, (gint64)bounds->y);
    const gint64 right = MIN(x + width, (gint64)bounds->x + bounds->width);
    const gint64 bottom = MIN(y + height, (gint64)bounds->y + bounds->height);

    if (right <= left || bottom <= top)
        return FALSE;
    *rect = (struct gst_nnc_rect){(guint)left, (guint)top, (guint)(right - left),
                                  (guint)(bottom - top)};
    return TRUE;
}

gboolean gst_nnc_rect_equal(const struct gst_nnc_rect *a, const struct gst_nnc_rect *b)
{
    return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height;
}
