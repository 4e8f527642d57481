/* SPDX-License-Identifier: MIT */

/* What a prediction says, field by field. */

#include "gstnncpredictionprivate.h"

/**
 * gst_nnc_prediction_get_status:
 * @self: a #GstNncPrediction
 *
 * Returns: what became of the frame
 *
 * Since: 0.1
 */
GstNncPredictionStatus gst_nnc_prediction_get_status(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, GST_NNC_PREDICTION_STATUS_REFUSED);
    return self->info.status;
}

/**
 * gst_nnc_prediction_get_reason:
 * @self: a #GstNncPrediction
 *
 * Returns: (nullable) (transfer none): why the frame was not classified
 *
 * Since: 0.1
 */
const gchar *gst_nnc_prediction_get_reason(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    return self->info.reason;
}

/**
 * gst_nnc_prediction_get_element:
 * @self: a #GstNncPrediction
 *
 * Returns: (nullable) (transfer none): the name of the element that made it
 *
 * Since: 0.1
 */
const gchar *gst_nnc_prediction_get_element(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    return self->info.element;
}

/**
 * gst_nnc_prediction_get_taxonomy:
 * @self: a #GstNncPrediction
 *
 * Returns: (nullable) (transfer none): what the numbers of categories mean
 *
 * Since: 0.1
 */
GstNncTaxonomy *gst_nnc_prediction_get_taxonomy(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    return self->info.taxonomy;
}

/**
 * gst_nnc_prediction_get_n_classes:
 * @self: a #GstNncPrediction
 *
 * Returns: how many classes it lists, after top-k and threshold
 *
 * Since: 0.1
 */
guint gst_nnc_prediction_get_n_classes(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.n_classes;
}

static const GstNncScore *score_at(const GstNncPrediction *self, guint rank)
{
    g_return_val_if_fail(self, NULL);
    return rank < self->info.n_classes ? &self->info.classes[rank] : NULL;
}

/**
 * gst_nnc_prediction_get_class_category:
 * @self: a #GstNncPrediction
 * @rank: 0 for the best class
 *
 * Returns: the class's number in the taxonomy, or %GST_NNC_NO_CATEGORY
 *
 * Since: 0.1
 */
guint gst_nnc_prediction_get_class_category(const GstNncPrediction *self, guint rank)
{
    const GstNncScore *const score = score_at(self, rank);
    return score ? score->category : GST_NNC_NO_CATEGORY;
}

/**
 * gst_nnc_prediction_get_class_path:
 * @self: a #GstNncPrediction
 * @rank: 0 for the best class
 *
 * Returns: (nullable) (transfer none): its full path, e.g. "mammals/cats/lion"
 *
 * Since: 0.1
 */
const gchar *gst_nnc_prediction_get_class_path(const GstNncPrediction *self, guint rank)
{
    const GstNncScore *const score = score_at(self, rank);
    return score ? gst_nnc_taxonomy_get_path(self->info.taxonomy, score->category) : NULL;
}

/**
 * gst_nnc_prediction_get_class_name:
 * @self: a #GstNncPrediction
 * @rank: 0 for the best class
 *
 * Returns: (nullable) (transfer none): its name, e.g. "lion"
 *
 * Since: 0.1
 */
const gchar *gst_nnc_prediction_get_class_name(const GstNncPrediction *self, guint rank)
{
    const GstNncScore *const score = score_at(self, rank);
    return score ? gst_nnc_taxonomy_get_name(self->info.taxonomy, score->category) : NULL;
}

/**
 * gst_nnc_prediction_get_class_probability:
 * @self: a #GstNncPrediction
 * @rank: 0 for the best class
 *
 * Returns: its probability among the active classes
 *
 * Since: 0.1
 */
gfloat gst_nnc_prediction_get_class_probability(const GstNncPrediction *self, guint rank)
{
    const GstNncScore *const score = score_at(self, rank);
    return score ? score->probability : 0.0f;
}

/**
 * gst_nnc_prediction_get_class_logit:
 * @self: a #GstNncPrediction
 * @rank: 0 for the best class
 *
 * Returns: its logit
 *
 * Since: 0.1
 */
gfloat gst_nnc_prediction_get_class_logit(const GstNncPrediction *self, guint rank)
{
    const GstNncScore *const score = score_at(self, rank);
    return score ? score->logit : 0.0f;
}

/**
 * gst_nnc_prediction_get_category_probability:
 * @self: a #GstNncPrediction
 * @category: a category's number in the taxonomy, of any depth
 * @probability: (out) (optional): the sum over its active classes
 *
 * Categories have their probability whatever top-k and threshold leave of the classes.
 *
 * Returns: whether the category was active
 *
 * Since: 0.1
 */
gboolean gst_nnc_prediction_get_category_probability(const GstNncPrediction *self,
                                                     guint category, gfloat *probability)
{
    g_return_val_if_fail(self, FALSE);
    const GstNncPredictionInfo *const own = &self->info;

    if (!own->category_probabilities ||
        category >= gst_nnc_taxonomy_get_n_categories(own->taxonomy))
        return FALSE;
    const gfloat found = own->category_probabilities[category];
    if (found < 0.0f)
        return FALSE;
    if (probability)
        *probability = found;
    return TRUE;
}

/**
 * gst_nnc_prediction_get_best_category:
 * @self: a #GstNncPrediction
 * @depth: 0 for top categories, 1 for what they hold, and so on
 *
 * Returns: the most probable active category of this depth, or %GST_NNC_NO_CATEGORY
 *
 * Since: 0.1
 */
guint gst_nnc_prediction_get_best_category(const GstNncPrediction *self, guint depth)
{
    g_return_val_if_fail(self, GST_NNC_NO_CATEGORY);
    const GstNncPredictionInfo *const own = &self->info;
    const guint n = own->taxonomy ? gst_nnc_taxonomy_get_n_categories(own->taxonomy) : 0;
    guint best = GST_NNC_NO_CATEGORY;
    gfloat best_probability = -1.0f;

    for (guint i = 0; i < n; i++) {
        gfloat probability;
        if (gst_nnc_taxonomy_get_depth(own->taxonomy, i) != depth ||
            !gst_nnc_prediction_get_category_probability(self, i, &probability) ||
            probability <= best_probability)
            continue;
        best = i;
        best_probability = probability;
    }
    return best;
}

/**
 * gst_nnc_prediction_get_presence:
 * @self: a #GstNncPrediction
 * @presence: (out) (optional): 0..1, how sure the network is that the frame shows
 *   something of the task at all
 *
 * Returns: whether the model has such an output
 *
 * Since: 0.1
 */
gboolean gst_nnc_prediction_get_presence(const GstNncPrediction *self, gfloat *presence)
{
    g_return_val_if_fail(self, FALSE);
    if (self->info.has_presence && presence)
        *presence = self->info.presence;
    return self->info.has_presence;
}

/**
 * gst_nnc_prediction_is_unknown:
 * @self: a #GstNncPrediction
 *
 * Returns: whether presence was below the model's threshold
 *
 * Since: 0.1
 */
gboolean gst_nnc_prediction_is_unknown(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, FALSE);
    return self->info.unknown;
}

/**
 * gst_nnc_prediction_get_task_id:
 * @self: a #GstNncPrediction
 *
 * Returns: the number of the task that made it
 *
 * Since: 0.1
 */
guint64 gst_nnc_prediction_get_task_id(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.task_id;
}

/**
 * gst_nnc_prediction_get_cutout:
 * @self: a #GstNncPrediction
 *
 * Returns: (nullable) (transfer none): the task's cutout text
 *
 * Since: 0.1
 */
const gchar *gst_nnc_prediction_get_cutout(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    return self->info.cutout;
}

/**
 * gst_nnc_prediction_get_attention:
 * @self: a #GstNncPrediction
 *
 * Returns: (nullable) (transfer none): the task's attention text
 *
 * Since: 0.1
 */
const gchar *gst_nnc_prediction_get_attention(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    return self->info.attention;
}

/**
 * gst_nnc_prediction_get_age:
 * @self: a #GstNncPrediction
 *
 * Returns: frames since the one that was classified; 0 for this one
 *
 * Since: 0.1
 */
guint gst_nnc_prediction_get_age(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.age;
}

/**
 * gst_nnc_prediction_is_corrupted:
 * @self: a #GstNncPrediction
 *
 * Returns: whether the frame was marked as corrupted before
 *
 * Since: 0.1
 */
gboolean gst_nnc_prediction_is_corrupted(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, FALSE);
    return self->info.corrupted;
}

/**
 * gst_nnc_prediction_get_region:
 * @self: a #GstNncPrediction
 * @x: (out) (optional): left edge in pixels of the frame
 * @y: (out) (optional): upper edge
 * @width: (out) (optional): in pixels
 * @height: (out) (optional): in pixels
 *
 * Returns: whether the prediction is about a part of the frame; %FALSE if about all of it
 *
 * Since: 0.1
 */
gboolean gst_nnc_prediction_get_region(const GstNncPrediction *self, guint *x, guint *y,
                                       guint *width, guint *height)
{
    g_return_val_if_fail(self, FALSE);
    const GstNncRegion *const region = &self->info.region;

    if (!self->info.has_region)
        return FALSE;
    if (x)
        *x = region->x;
    if (y)
        *y = region->y;
    if (width)
        *width = region->width;
    if (height)
        *height = region->height;
    return TRUE;
}

/**
 * gst_nnc_prediction_get_region_id:
 * @self: a #GstNncPrediction
 *
 * Returns: the id of the region of interest or detection that the prediction is about, or
 *   -1 if it is about none
 *
 * Since: 0.1
 */
gint gst_nnc_prediction_get_region_id(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, -1);
    return self->info.has_region ? self->info.region.id : -1;
}

/**
 * gst_nnc_prediction_get_region_label:
 * @self: a #GstNncPrediction
 *
 * Returns: (nullable) (transfer none): what the detector called the region
 *
 * Since: 0.1
 */
const gchar *gst_nnc_prediction_get_region_label(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    return self->info.has_region ? self->info.region.label : NULL;
}

/**
 * gst_nnc_prediction_get_source_pts:
 * @self: a #GstNncPrediction
 *
 * Returns: timestamp of the frame that was classified. It is another one than that of the
 *   buffer if the result was held or came asynchronously.
 *
 * Since: 0.1
 */
GstClockTime gst_nnc_prediction_get_source_pts(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, GST_CLOCK_TIME_NONE);
    return self->info.source_pts;
}
