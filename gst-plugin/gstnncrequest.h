/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_REQUEST_H
#define GST_NNC_REQUEST_H

/* A task as somebody asked for it, before any network has seen it: texts, or arrays, or
 * single gains. Properties, events and metas all become requests, so that they mean the
 * same; a request that leaves something open is laid over one that does not. */

#include <gst/gst.h>
#include <nnc/model.h>

#include <stdatomic.h>

G_BEGIN_DECLS

/* Cutout or attention: a text, or an array (a byte for every class, a float for every
 * category). Immutable, shared. */
struct gst_nnc_part {
    atomic_uint references;
    gchar *text;    /* of an array: NULL, or names for it, which say as much to users */
    GBytes *values; /* NULL: the text is what counts */
};

struct gst_nnc_part *gst_nnc_part_new(const gchar *text);
struct gst_nnc_part *gst_nnc_part_new_array(gconstpointer values, gsize size,
                                            const gchar *text);
struct gst_nnc_part *gst_nnc_part_ref(struct gst_nnc_part *part); /* NULL is fine */
void gst_nnc_part_unref(struct gst_nnc_part *part);               /* NULL is fine */
/* Puts `part`, which it takes over, in the place of another one. */
void gst_nnc_part_take(struct gst_nnc_part **place, struct gst_nnc_part *part);
const gchar *gst_nnc_part_text(const struct gst_nnc_part *part);  /* never NULL */

struct gst_nnc_request {
    struct gst_nnc_part *cutout, *attention; /* NULL: left as it is */
    gchar *gains; /* NULL, or "path=gain,..." that come on top of `attention` */
};

/* Reads a structure "nnc/task": its form alone, names are not known here. `*request` is
 * owned by the caller (gst_nnc_request_clear), and untouched on failure (NNC_TASK). */
enum nnc_status gst_nnc_request_parse(const GstStructure *task,
                                      struct gst_nnc_request *request,
                                      struct nnc_error *error);

/* Borrows the texts for the call; NULL leaves that half open. */
void gst_nnc_request_init(struct gst_nnc_request *request, const gchar *cutout,
                          const gchar *attention);
void gst_nnc_request_copy(const struct gst_nnc_request *from, struct gst_nnc_request *to);
void gst_nnc_request_clear(struct gst_nnc_request *request); /* zeroed is fine */

/* Arrays that have names become texts: for another model, whose numbers differ. */
void gst_nnc_request_use_names(struct gst_nnc_request *request);

/* What holds when `upper` is asked for where `lower` held. */
void gst_nnc_request_merge(const struct gst_nnc_request *upper,
                           const struct gst_nnc_request *lower,
                           struct gst_nnc_request *merged);

gboolean gst_nnc_part_equal(const struct gst_nnc_part *a, const struct gst_nnc_part *b);
gboolean gst_nnc_request_equal(const struct gst_nnc_request *a,
                               const struct gst_nnc_request *b);

/* What a request means for one model. The texts say it in words. */
struct gst_nnc_meaning {
    guint8 *active; /* a byte for every class */
    gfloat *gains;  /* a float for every category */
    gchar *cutout, *attention;
};

/* Fails: NNC_TASK or NNC_LIMIT with what was found and what is near; nothing to clear
 * then. Costs: microseconds. */
enum nnc_status gst_nnc_meaning_find(struct gst_nnc_meaning *meaning,
                                     const struct nnc_model *model,
                                     const struct gst_nnc_request *request,
                                     struct nnc_error *error);
void gst_nnc_meaning_clear(struct gst_nnc_meaning *meaning);

/* Checks a request and makes it whole: single gains go into its attention, arrays get
 * names. On failure it is as before. */
enum nnc_status gst_nnc_request_settle(struct gst_nnc_request *request,
                                       const struct nnc_model *model,
                                       struct nnc_error *error);

/* The shortest texts that name these classes, and these gains; to be freed. */
gchar *gst_nnc_cutout_to_text(const struct nnc_taxonomy *taxonomy, const guint8 *active);
gchar *gst_nnc_attention_to_text(const struct nnc_taxonomy *taxonomy,
                                 const gfloat *gains);

G_END_DECLS

#endif
