/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CATEGORY_H
#define GST_NNC_CATEGORY_H

/* A category of an element's model as an object of its own, so that gst-launch can set
 * `vehicles_1::bus::gain=2` and a GstController can animate it. It holds no value: what is
 * set goes to the element's task, what is read comes from there.
 *
 * A category lives as long as its element names that model; who keeps a reference longer
 * finds a category that does nothing. Threads: shared. */

#include <gst/gst.h>
#include <nnc/taxonomy.h>

G_BEGIN_DECLS

#define GST_TYPE_NNC_CATEGORY (gst_nnc_category_get_type())
G_DECLARE_FINAL_TYPE(GstNncCategory, gst_nnc_category, GST, NNC_CATEGORY, GstObject)

/* All top categories of `taxonomy` with what they hold; their parent is `element`, a
 * GstNncClassify. gst_nnc_categories_free() parts them from it; whoever still reads the
 * array holds a reference of it. */
GPtrArray *gst_nnc_categories_new(GstElement *element,
                                  const struct nnc_taxonomy *taxonomy);
void gst_nnc_categories_free(GPtrArray *categories); /* NULL is fine */

/* The one of this name; a new reference, or NULL. */
GObject *gst_nnc_categories_find(const GPtrArray *categories, const gchar *name);

/* Sets what a controller says for `time` (stream time) to all that have one. */
void gst_nnc_categories_sync(const GPtrArray *categories, GstClockTime time);

G_END_DECLS

#endif
