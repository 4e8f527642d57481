/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_LABELS_H
#define GST_NNC_LABELS_H

/* Which labels of a detector are wanted. Threads: immutable, shared. */

#include <glib.h>

G_BEGIN_DECLS

struct gst_nnc_labels;

/* `text` is a comma-separated list, read from left to right like a cutout: `person,car*`
 * wants these, `-face*` all but these; `*` and `?` match any text and any character.
 * Blanks around an entry do not count. NULL and "" want everything. Never NULL. */
struct gst_nnc_labels *gst_nnc_labels_new(const gchar *text);
struct gst_nnc_labels *gst_nnc_labels_ref(struct gst_nnc_labels *labels);
void gst_nnc_labels_unref(struct gst_nnc_labels *labels); /* NULL is fine */

/* The text it was made from. */
const gchar *gst_nnc_labels_text(const struct gst_nnc_labels *labels);

/* `label` may be NULL, which counts as "". */
gboolean gst_nnc_labels_want(const struct gst_nnc_labels *labels, const gchar *label);

G_END_DECLS

#endif
