/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_ENGINE_H
#define GST_NNC_ENGINE_H

/* A loaded model with what one element needs to run it. Every task holds its engine, so
 * that another model takes over as another task does: at a frame boundary, at once.
 *
 * Life: reference counted. Threads: immutable, but for `session` and `result`, which are
 * those of the one thread that classifies. */

#include "gstnncresult.h"

#include <nnc/session.h>

#include <stdatomic.h>

G_BEGIN_DECLS

struct gst_nnc_engine {
    atomic_uint references;
    struct nnc_model *model;
    struct nnc_session *session;
    struct gst_nnc_result result;
    gchar *path; /* as it was named */
};

struct gst_nnc_engine_options {
    const gchar *path;
    enum nnc_precision precision;
    guint threads; /* 0 = one per core */
};

/* Reads the file, unless another element has it open. `*engine` is the caller's, and
 * untouched on failure. */
enum nnc_status gst_nnc_engine_create(const struct gst_nnc_engine_options *options,
                                      struct gst_nnc_engine **engine,
                                      struct nnc_error *error);
struct gst_nnc_engine *gst_nnc_engine_ref(struct gst_nnc_engine *engine);
void gst_nnc_engine_unref(struct gst_nnc_engine *engine); /* NULL is fine */

G_END_DECLS

#endif
