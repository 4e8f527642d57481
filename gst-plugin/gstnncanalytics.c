/* SPDX-License-Identifier: MIT */

/* Predictions in the form that GStreamer's own elements for analytics read. Confidences
 * are our probabilities; labels are paths, which say the same in every taxonomy. */

#include "gstnncanalytics.h"

#include <gst/analytics/analytics.h>

/* --- detections --- */

/* Some detectors leave both a region of interest and a detection of the same object. */
static gboolean is_known(struct gst_nnc_roi_filter *filter, gint detection, GQuark label,
                         gint64 x, gint64 y, gint64 width, gint64 height)
{
    GArray *const found = filter->regions->found;

    for (guint i = 0; i < found->len; i++) {
        struct gst_nnc_region *const region =
            &g_array_index(found, struct gst_nnc_region, i);
        const GstVideoRegionOfInterestMeta *const roi = region->roi;
        if (!roi || roi->roi_type != label || roi->x != x || roi->y != y ||
            roi->w != width || roi->h != height)
            continue;
        region->detection = detection;
        return TRUE;
    }
    return FALSE;
}

void gst_nnc_analytics_find_detections(struct gst_nnc_roi_filter *filter,
                                       GstBuffer *buffer)
{
    GstAnalyticsRelationMeta *const meta = gst_buffer_get_analytics_relation_meta(buffer);
    const GstAnalyticsMtdType type = gst_analytics_od_mtd_get_mtd_type();
    gpointer state = NULL;
    GstAnalyticsODMtd found;
    gint x, y, width, height;

    while (meta && gst_analytics_relation_meta_iterate(meta, &state, type,
                                                       (GstAnalyticsMtd *)&found)) {
        const GQuark label = gst_analytics_od_mtd_get_obj_type(&found);
        const gint id = (gint)found.id;
        if (!gst_analytics_od_mtd_get_location(&found, &x, &y, &width, &height, NULL) ||
            is_known(filter, id, label, x, y, width, height))
            continue;
        const struct gst_nnc_region source = {
            .part = {.id = id, .label = g_quark_to_string(label)}, .detection = id};
        gst_nnc_roi_filter_take(filter, &source, x, y, width, height);
    }
}

/* --- classifications --- */

struct label {
    gfloat confidence;
    GQuark path;
};

static gint compare_confidence(gconstpointer a, gconstpointer b)
{
    const gfloat first = ((const struct label *)a)->confidence;
    const gfloat second = ((const struct label *)b)->confidence;

    return (first < second) - (first > second);
}

static void append_label(GArray *labels, const gchar *path, gfloat confidence)
{
    const struct label label = {confidence, g_quark_from_string(path)};

    g_array_append_val(labels, label);
}

static void find_classes(GArray *labels, const GstNncPrediction *prediction)
{
    const guint n = gst_nnc_prediction_get_n_classes(prediction);

    for (guint rank = 0; rank < n; rank++)
        append_label(labels, gst_nnc_prediction_get_class_path(prediction, rank),
                     gst_nnc_prediction_get_class_probability(prediction, rank));
}

/* The active categories of this depth that hold others. */
static void find_categories(GArray *labels, const GstNncPrediction *prediction,
                            guint depth)
{
    GstNncTaxonomy *const tree = gst_nnc_prediction_get_taxonomy(prediction);
    const guint n = gst_nnc_taxonomy_get_n_categories(tree);
    gfloat probability;

    for (guint i = 0; i < n; i++)
        if (gst_nnc_taxonomy_get_depth(tree, i) == depth &&
            !gst_nnc_taxonomy_is_class(tree, i) &&
            gst_nnc_prediction_get_category_probability(prediction, i, &probability))
            append_label(labels, gst_nnc_taxonomy_get_path(tree, i), probability);
    g_array_sort(labels, compare_confidence);
}

static gboolean add_level(GstAnalyticsRelationMeta *meta, const GArray *labels,
                          GstAnalyticsClsMtd *level)
{
    const struct label *const from = (const struct label *)labels->data;
    g_autofree gfloat *confidences = g_new(gfloat, labels->len);
    g_autofree GQuark *paths = g_new(GQuark, labels->len);

    for (guint i = 0; i < labels->len; i++) {
        confidences[i] = from[i].confidence;
        paths[i] = from[i].path;
    }
    return labels->len && gst_analytics_relation_meta_add_cls_mtd(
                              meta, labels->len, confidences, paths, level);
}

static guint depth_of(GstNncTaxonomy *tree)
{
    const guint n = gst_nnc_taxonomy_get_n_categories(tree);
    guint depth = 0;

    for (guint i = 0; i < n; i++)
        depth = MAX(depth, gst_nnc_taxonomy_get_depth(tree, i));
    return depth;
}

/* From the lowest level up, each of them part of the next. */
static void add_categories(GstAnalyticsRelationMeta *meta,
                           const GstNncPrediction *prediction, guint below)
{
    g_autoptr(GArray) labels = g_array_new(FALSE, FALSE, sizeof(struct label));
    GstAnalyticsClsMtd level;

    for (guint depth = depth_of(gst_nnc_prediction_get_taxonomy(prediction));
         depth-- > 0;) {
        g_array_set_size(labels, 0);
        find_categories(labels, prediction, depth);
        if (!add_level(meta, labels, &level))
            continue;
        gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_IS_PART_OF,
                                                 below, level.id);
        gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_CONTAIN,
                                                 level.id, below);
        below = level.id;
    }
}

static void relate_to_detection(GstAnalyticsRelationMeta *meta, guint classes,
                                guint detection)
{
    gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_RELATE_TO,
                                             detection, classes);
    gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_RELATE_TO,
                                             classes, detection);
}

void gst_nnc_analytics_add(GstBuffer *buffer, const GstNncPrediction *prediction,
                           const struct gst_nnc_region *region)
{
    g_autoptr(GArray) labels = g_array_new(FALSE, FALSE, sizeof(struct label));
    GstAnalyticsClsMtd classes;

    if (gst_nnc_prediction_get_status(prediction) != GST_NNC_PREDICTION_STATUS_CLASSIFIED)
        return;
    GstAnalyticsRelationMeta *const meta = gst_buffer_add_analytics_relation_meta(buffer);
    find_classes(labels, prediction);
    if (!meta || !add_level(meta, labels, &classes))
        return;
    if (region)
        relate_to_detection(meta, classes.id, (guint)region->detection);
    add_categories(meta, prediction, classes.id);
}
