/* SPDX-License-Identifier: MIT */

/* See prediction_fixture.h. */

#include "prediction_fixture.h"

GstNncPredictionInfo info_of(const char *element)
{
    return (GstNncPredictionInfo){
        .status = GST_NNC_PREDICTION_STATUS_CLASSIFIED,
        .element = element,
        .task_id = 7,
        .cutout = "animals,things",
        .attention = "",
        .params = 1200000,
        .macs = 30000000,
        .total_params = 4800000,
        .total_macs = 120000000,
        .preprocess_time = 200 * GST_USECOND,
        .inference_time = 1300 * GST_USECOND,
        .source_pts = GST_CLOCK_TIME_NONE,
    };
}

/* The classes of the taxonomy share what the ones before them leave: 0.6, 0.24, ... */
static guint rank_classes(GstNncTaxonomy *taxonomy, GstNncScore *scores, guint n)
{
    guint n_found = 0;
    gfloat rest = 1.0f;

    for (guint i = 0; i < gst_nnc_taxonomy_get_n_categories(taxonomy) && n_found < n;
         i++) {
        if (!gst_nnc_taxonomy_is_class(taxonomy, i))
            continue;
        scores[n_found++] = (GstNncScore){i, 0.6f * rest, 4.0f - (gfloat)n_found};
        rest *= 0.4f;
    }
    return n_found;
}

GstNncPrediction *predict_paths(GstNncPredictionInfo info, const char *const *paths,
                                guint n)
{
    g_autoptr(GstNncTaxonomy) taxonomy = gst_nnc_taxonomy_new(paths);
    g_autofree GstNncScore *scores = g_new0(GstNncScore, n + 1);

    info.taxonomy = taxonomy;
    info.classes = scores;
    info.n_classes = rank_classes(taxonomy, scores, n);
    return gst_nnc_prediction_new(&info);
}

static GstNncPrediction *predict_one(GstNncPredictionInfo info, guint class)
{
    static const char *const paths[] = {"animals/cat", "animals/dog", "things/lamp",
                                        "animals",     "things",      NULL};
    static const gfloat categories[] = {0.6f, 0.2f, 0.2f, 0.8f, 0.2f};
    g_autoptr(GstNncTaxonomy) taxonomy = gst_nnc_taxonomy_new(paths);
    const GstNncScore scores[] = {{class, 0.6f, 3.0f}, {(class + 1) % 3, 0.2f, 1.0f}};

    info.taxonomy = taxonomy;
    info.category_probabilities = categories;
    info.classes = scores;
    info.n_classes = G_N_ELEMENTS(scores);
    return gst_nnc_prediction_new(&info);
}

GstNncPrediction *predict_class(const char *element, guint class, gboolean unknown)
{
    GstNncPredictionInfo info = info_of(element);

    info.has_presence = TRUE;
    info.presence = unknown ? 0.125f : 0.875f;
    info.unknown = unknown;
    return predict_one(info, class);
}

GstNncPrediction *predict_status(const char *element, GstNncPredictionStatus status)
{
    const GstNncPredictionInfo info = {
        .status = status, .element = element, .reason = "a \"reason\"\n\t\\ \x01 \xff"};

    return gst_nnc_prediction_new(&info);
}

GstNncPrediction *predict_region(const char *element, guint class, GstNncRegion region)
{
    GstNncPredictionInfo info = info_of(element);

    info.has_region = TRUE;
    info.region = region;
    return predict_one(info, class);
}

void give_prediction(GstBuffer *buffer, GstNncPrediction *prediction)
{
    gst_buffer_add_nnc_prediction_meta(buffer, prediction);
    gst_nnc_prediction_unref(prediction);
}

static gboolean init_foreign(GstMeta *meta, gpointer params, GstBuffer *buffer)
{
    memset((GstMeta *)meta + 1, 0x5a, sizeof(gpointer));
    return TRUE;
}

void give_foreign_meta(GstBuffer *buffer)
{
    static const GstMetaInfo *info = NULL;

    if (!info)
        info = gst_meta_register(
            GST_NNC_PREDICTION_META_API_TYPE, "ForeignPredictionMeta",
            sizeof(GstMeta) + sizeof(gpointer), init_foreign, NULL, NULL);
    gst_buffer_add_meta(buffer, info, NULL);
}
