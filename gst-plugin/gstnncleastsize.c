/* SPDX-License-Identifier: MIT */

/* Backwards through crop and fit: from the network's input to the part that fills it,
 * from the part to the frame. */

#include "gstnncleastsize.h"

#include <math.h>
#include <nnc/image.h>

/* Where the part is cut to the input's shape, its shorter side has to fill the input;
 * where it gets bars, its longer one. */
static void size_of_part(const struct nnc_input_spec *spec, gdouble aspect,
                         gdouble *width, gdouble *height)
{
    const gdouble w = spec->width, h = spec->height;

    *width = w;
    *height = h;
    if (!(aspect > 0.0) || spec->fit == NNC_FIT_STRETCH)
        return;
    *width = spec->fit == NNC_FIT_CROP ? MAX(w, h * aspect) : MIN(w, h * aspect);
    *height = spec->fit == NNC_FIT_CROP ? MAX(h, w / aspect) : MIN(h, w / aspect);
}

/* A millionth of a pixel more is a rounding error. */
static gint whole_side(gdouble part, gdouble share)
{
    const gdouble side = ceil(part / MAX(share, 1e-6) - 1e-6);

    return (gint)CLAMP(side, 1.0, (gdouble)NNC_IMAGE_MAX_SIDE);
}

void gst_nnc_least_size(const struct nnc_input_spec *spec,
                        const struct gst_nnc_shares *shares, gdouble aspect, gint *width,
                        gint *height)
{
    const gdouble across = CLAMP(shares->width, 1e-6, 1.0);
    const gdouble down = CLAMP(shares->height, 1e-6, 1.0);
    gdouble w, h;

    size_of_part(spec, aspect * across / down, &w, &h);
    *width = whole_side(w, across);
    *height = whole_side(h, down);
}
