/* SPDX-License-Identifier: MIT */

/* One frame's result as an object that anybody may keep. All of it is copied in once, but
 * for the names of the categories, which the predictions of one model share; nothing
 * changes afterwards, so reading needs no lock. */

#include <gstnnc/gstnncprediction.h>

struct _GstNncPrediction {
    GstNncPredictionInfo info; /* its pointers are owned here */
};

G_DEFINE_BOXED_TYPE(GstNncPrediction, gst_nnc_prediction, gst_nnc_prediction_ref,
                    gst_nnc_prediction_unref)

GType gst_nnc_prediction_status_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_PREDICTION_STATUS_CLASSIFIED, "GST_NNC_PREDICTION_STATUS_CLASSIFIED",
         "classified"},
        {GST_NNC_PREDICTION_STATUS_NONFINITE, "GST_NNC_PREDICTION_STATUS_NONFINITE",
         "nonfinite"},
        {GST_NNC_PREDICTION_STATUS_REFUSED, "GST_NNC_PREDICTION_STATUS_REFUSED",
         "refused"},
        {GST_NNC_PREDICTION_STATUS_LATE, "GST_NNC_PREDICTION_STATUS_LATE", "late"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type,
                          g_enum_register_static("GstNncPredictionStatus", values));
    return type;
}

/**
 * gst_nnc_prediction_status_to_string:
 * @status: a #GstNncPredictionStatus
 *
 * Returns: (transfer none): "classified", "nonfinite", "refused" or "late"
 *
 * Since: 0.1
 */
const gchar *gst_nnc_prediction_status_to_string(GstNncPredictionStatus status)
{
    static const gchar *const names[] = {"classified", "nonfinite", "refused", "late"};

    return (guint)status < G_N_ELEMENTS(names) ? names[status] : "?";
}

static gboolean info_is_possible(const GstNncPredictionInfo *info)
{
    const guint n =
        info->taxonomy ? gst_nnc_taxonomy_get_n_categories(info->taxonomy) : 0;

    if (info->n_classes && !info->classes)
        return FALSE;
    for (guint i = 0; i < info->n_classes; i++)
        if (info->classes[i].category >= n)
            return FALSE;
    return !info->category_probabilities || n;
}

/**
 * gst_nnc_prediction_new: (skip)
 * @info: what the prediction says
 *
 * Returns: (transfer full): a new prediction, or %NULL if @info names categories that its
 *   taxonomy does not have
 *
 * Since: 0.1
 */
GstNncPrediction *gst_nnc_prediction_new(const GstNncPredictionInfo *info)
{
    g_return_val_if_fail(info && info_is_possible(info), NULL);

    GstNncPrediction *const self = g_atomic_rc_box_new0(GstNncPrediction);
    GstNncPredictionInfo *const own = &self->info;
    *own = *info;
    own->reason = g_strdup(info->reason);
    own->element = g_strdup(info->element);
    own->cutout = g_strdup(info->cutout);
    own->attention = g_strdup(info->attention);
    own->classes = g_memdup2(info->classes, info->n_classes * sizeof *info->classes);
    if (!info->taxonomy)
        return self;
    gst_nnc_taxonomy_ref(own->taxonomy);
    own->category_probabilities =
        g_memdup2(info->category_probabilities,
                  gst_nnc_taxonomy_get_n_categories(info->taxonomy) * sizeof(gfloat));
    return self;
}

/**
 * gst_nnc_prediction_ref:
 * @self: a #GstNncPrediction
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstNncPrediction *gst_nnc_prediction_ref(GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    return g_atomic_rc_box_acquire(self);
}

static void finish(gpointer data)
{
    GstNncPredictionInfo *const own = &((GstNncPrediction *)data)->info;

    g_free((gpointer)own->reason);
    g_free((gpointer)own->element);
    g_free((gpointer)own->cutout);
    g_free((gpointer)own->attention);
    g_free((gpointer)own->classes);
    g_free((gpointer)own->category_probabilities);
    gst_nnc_taxonomy_unref(own->taxonomy);
}

/**
 * gst_nnc_prediction_unref:
 * @self: (transfer full) (nullable): a #GstNncPrediction
 *
 * Since: 0.1
 */
void gst_nnc_prediction_unref(GstNncPrediction *self)
{
    if (self)
        g_atomic_rc_box_release_full(self, finish);
}

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
 * gst_nnc_prediction_get_params:
 * @self: a #GstNncPrediction
 *
 * Returns: how many parameters took part
 *
 * Since: 0.1
 */
guint64 gst_nnc_prediction_get_params(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.params;
}

/**
 * gst_nnc_prediction_get_macs:
 * @self: a #GstNncPrediction
 *
 * Returns: how many multiply-adds were done
 *
 * Since: 0.1
 */
guint64 gst_nnc_prediction_get_macs(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.macs;
}

/**
 * gst_nnc_prediction_get_preprocess_time:
 * @self: a #GstNncPrediction
 *
 * Returns: nanoseconds from the frame to the network's input
 *
 * Since: 0.1
 */
GstClockTime gst_nnc_prediction_get_preprocess_time(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.preprocess_time;
}

/**
 * gst_nnc_prediction_get_inference_time:
 * @self: a #GstNncPrediction
 *
 * Returns: nanoseconds that the network took
 *
 * Since: 0.1
 */
GstClockTime gst_nnc_prediction_get_inference_time(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.inference_time;
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
