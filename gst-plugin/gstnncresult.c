/* SPDX-License-Identifier: MIT */

/* Copies scores into predictions. Everything is ranked and summed by the core already;
 * here the list is cut to what the user asked for. */

#include "gstnncresult.h"

#include <nnc/task.h>

static GstNncTaxonomy *copy_taxonomy(const struct nnc_taxonomy *from)
{
    const size_t n = nnc_taxonomy_n_categories(from);
    g_autofree const gchar **paths = g_new0(const gchar *, n + 1);

    for (size_t i = 0; i < n; i++)
        paths[i] = nnc_taxonomy_category(from, (uint32_t)i)->path;
    return gst_nnc_taxonomy_new(paths);
}

void gst_nnc_result_init(struct gst_nnc_result *result, const struct nnc_model *model)
{
    const struct nnc_taxonomy *const from = nnc_model_taxonomy(model);

    result->taxonomy = copy_taxonomy(from);
    result->classes = g_new0(GstNncScore, nnc_taxonomy_n_classes(from));
    result->probabilities = g_new0(gfloat, nnc_taxonomy_n_categories(from));
}

gchar *gst_nnc_result_taxonomy_json(const struct nnc_model *model)
{
    g_autoptr(GstNncTaxonomy) taxonomy = copy_taxonomy(nnc_model_taxonomy(model));

    return gst_nnc_taxonomy_to_json(taxonomy);
}

void gst_nnc_result_finish(struct gst_nnc_result *result)
{
    g_clear_pointer(&result->taxonomy, gst_nnc_taxonomy_unref);
    g_clear_pointer(&result->classes, g_free);
    g_clear_pointer(&result->probabilities, g_free);
}

/* Falling logits are falling probabilities: the first class below the threshold ends the
 * list. After an overflow probabilities mean nothing, so all logits stay. */
static guint choose_classes(const struct gst_nnc_result *result,
                            const struct nnc_scores *scores,
                            const struct gst_nnc_choice *choice)
{
    const size_t most = choice->top_k ? MIN(choice->top_k, scores->n) : scores->n;
    guint n = 0;

    for (; n < most; n++) {
        const struct nnc_score *const score = &scores->ranked[n];
        if (scores->finite && score->probability < choice->threshold)
            break;
        result->classes[n] =
            (GstNncScore){score->category, score->probability, score->logit};
    }
    return n;
}

static void copy_probabilities(const struct gst_nnc_result *result,
                               const struct gst_nnc_live_task *live,
                               const struct nnc_scores *scores)
{
    const guint n = gst_nnc_taxonomy_get_n_categories(result->taxonomy);

    for (guint i = 0; i < n; i++)
        result->probabilities[i] = nnc_task_category_active(live->task, i)
                                       ? scores->category_probability[i]
                                       : -1.0f;
}

GstNncPrediction *gst_nnc_result_make(const struct gst_nnc_result *result,
                                      const struct gst_nnc_live_task *live,
                                      const struct nnc_scores *scores,
                                      const struct gst_nnc_choice *choice,
                                      const struct gst_nnc_source *source)
{
    const struct nnc_cost cost = nnc_task_cost(live->task);
    const struct nnc_cost total = nnc_model_cost(nnc_task_model(live->task));

    copy_probabilities(result, live, scores);
    const GstNncPredictionInfo info = {
        .status = scores->finite ? GST_NNC_PREDICTION_STATUS_CLASSIFIED
                                 : GST_NNC_PREDICTION_STATUS_NONFINITE,
        .element = source->element,
        .task_id = live->id,
        .cutout = live->cutout,
        .attention = live->attention,
        .taxonomy = result->taxonomy,
        .classes = result->classes,
        .n_classes = choose_classes(result, scores, choice),
        .category_probabilities = result->probabilities,
        .has_presence = scores->has_presence,
        .presence = scores->presence,
        .unknown = scores->unknown,
        .params = cost.params,
        .macs = cost.macs,
        .total_params = total.params,
        .total_macs = total.macs,
        .preprocess_time = scores->preprocess_ns,
        .inference_time = scores->run_ns,
        .corrupted = source->corrupted,
        .has_region = source->region != NULL,
        .region = source->region ? *source->region : (GstNncRegion){.id = -1},
        .source_pts = source->pts,
    };
    return gst_nnc_prediction_new(&info);
}

GstNncPrediction *gst_nnc_result_make_status(const struct gst_nnc_live_task *live,
                                             GstNncPredictionStatus status,
                                             const gchar *reason,
                                             const struct gst_nnc_source *source)
{
    const GstNncPredictionInfo info = {
        .status = status,
        .reason = reason,
        .element = source->element,
        .task_id = live->id,
        .cutout = live->cutout,
        .attention = live->attention,
        .corrupted = source->corrupted,
        .source_pts = source->pts,
    };
    return gst_nnc_prediction_new(&info);
}
