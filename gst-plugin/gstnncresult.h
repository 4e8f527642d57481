/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_RESULT_H
#define GST_NNC_RESULT_H

/* From the core's scores to a prediction that buffers carry. */

#include "gstnnclivetask.h"

#include <gstnnc/gstnncprediction.h>
#include <nnc/session.h>

G_BEGIN_DECLS

/* Room to build predictions of one model in. Threads: single. */
struct gst_nnc_result {
    GstNncTaxonomy *taxonomy;
    GstNncScore *classes;  /* one for every class of the model */
    gfloat *probabilities; /* one for every category */
};

void gst_nnc_result_init(struct gst_nnc_result *result, const struct nnc_model *model);
void gst_nnc_result_finish(struct gst_nnc_result *result); /* zeroed is fine */

/* The categories of a model, see gst_nnc_taxonomy_to_json(); to be freed. */
gchar *gst_nnc_result_taxonomy_json(const struct nnc_model *model);

/* Which classes are worth listing. */
struct gst_nnc_choice {
    guint top_k;      /* 0 = all */
    gfloat threshold; /* least probability */
};

/* What was classified. */
struct gst_nnc_source {
    const gchar *element; /* that did it */
    GstClockTime pts;     /* of the frame */
    gboolean corrupted;   /* the frame was marked so */
    const GstNncRegion *region; /* NULL: all of it */
};

/* A prediction, owned by the caller. `scores` is what the session answered for `live`. */
GstNncPrediction *gst_nnc_result_make(const struct gst_nnc_result *result,
                                      const struct gst_nnc_live_task *live,
                                      const struct nnc_scores *scores,
                                      const struct gst_nnc_choice *choice,
                                      const struct gst_nnc_source *source);

/* A prediction that says why there is none. */
GstNncPrediction *gst_nnc_result_make_status(const struct gst_nnc_live_task *live,
                                             GstNncPredictionStatus status,
                                             const gchar *reason,
                                             const struct gst_nnc_source *source);

G_END_DECLS

#endif
