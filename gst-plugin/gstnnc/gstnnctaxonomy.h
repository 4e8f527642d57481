/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TAXONOMY_H
#define GST_NNC_TAXONOMY_H

#include <gstnnc/gstnncprelude.h>

G_BEGIN_DECLS

/**
 * GST_NNC_NO_CATEGORY:
 *
 * The number of no category: the parent of a top category, or "not found".
 *
 * Since: 0.1
 */
#define GST_NNC_NO_CATEGORY G_MAXUINT32

#define GST_TYPE_NNC_TAXONOMY (gst_nnc_taxonomy_get_type())

/**
 * GstNncTaxonomy:
 *
 * The tree of categories that predictions speak of: immutable, reference counted, shared
 * by all predictions of one model, usable from any thread. It outlives the model, so an
 * application may keep a prediction for as long as it likes.
 *
 * Since: 0.1
 */
typedef struct _GstNncTaxonomy GstNncTaxonomy;

GST_NNC_API GType gst_nnc_taxonomy_get_type(void);
GST_NNC_API GstNncTaxonomy *gst_nnc_taxonomy_new(const gchar *const *paths);
GST_NNC_API GstNncTaxonomy *gst_nnc_taxonomy_ref(GstNncTaxonomy *self);
GST_NNC_API void gst_nnc_taxonomy_unref(GstNncTaxonomy *self);
GST_NNC_API guint gst_nnc_taxonomy_get_n_categories(const GstNncTaxonomy *self);
GST_NNC_API const gchar *gst_nnc_taxonomy_get_path(const GstNncTaxonomy *self,
                                                   guint category);
GST_NNC_API const gchar *gst_nnc_taxonomy_get_name(const GstNncTaxonomy *self,
                                                   guint category);
GST_NNC_API guint gst_nnc_taxonomy_get_parent(const GstNncTaxonomy *self, guint category);
GST_NNC_API guint gst_nnc_taxonomy_get_depth(const GstNncTaxonomy *self, guint category);
GST_NNC_API gboolean gst_nnc_taxonomy_is_class(const GstNncTaxonomy *self,
                                               guint category);
GST_NNC_API guint gst_nnc_taxonomy_find(const GstNncTaxonomy *self, const gchar *path);
GST_NNC_API gchar *gst_nnc_taxonomy_to_json(const GstNncTaxonomy *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GstNncTaxonomy, gst_nnc_taxonomy_unref)

G_END_DECLS

#endif
