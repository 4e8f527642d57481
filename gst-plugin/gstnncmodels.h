/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_MODELS_H
#define GST_NNC_MODELS_H

/* One loaded model per process, file and precision, however many elements use it.
 * Threads: shared. */

#include <glib.h>
#include <nnc/model.h>

G_BEGIN_DECLS

/* Like nnc_model_open(), but finds a model that is already open. The file is known by
 * device, inode, size and time of change: a file that was replaced is a new model.
 * Each use must be given back with gst_nnc_models_release(). */
enum nnc_status gst_nnc_models_acquire(const gchar *path, enum nnc_precision precision,
                                       struct nnc_model **model, struct nnc_error *error);
/* One more user of a model that is in use. */
struct nnc_model *gst_nnc_models_ref(struct nnc_model *model);
void gst_nnc_models_release(struct nnc_model *model); /* NULL is fine */

G_END_DECLS

#endif
