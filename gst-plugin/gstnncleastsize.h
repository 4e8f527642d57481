/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_LEAST_SIZE_H
#define GST_NNC_LEAST_SIZE_H

/* How small a frame may be without a network seeing less of it. */

#include "gstnncrect.h"

#include <nnc/model.h>

G_BEGIN_DECLS

/* The size of a frame whose part `shares` just fills the input that `spec` describes.
 * `aspect` is the frame's width by its height; 0 if it is not known, then one that has
 * the shape of the input is meant. From 1 to NNC_IMAGE_MAX_SIDE. */
void gst_nnc_least_size(const struct nnc_input_spec *spec,
                        const struct gst_nnc_shares *shares, gdouble aspect, gint *width,
                        gint *height);

G_END_DECLS

#endif
