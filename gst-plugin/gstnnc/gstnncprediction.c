/* SPDX-License-Identifier: MIT */

/* One frame's result as an object that anybody may keep. All of it is copied in once, but
 * for the names of the categories, which the predictions of one model share; nothing
 * changes afterwards, so reading needs no lock. */

#include "gstnncpredictionprivate.h"

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
    own->region.label = g_strdup(info->region.label);
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
 * gst_nnc_prediction_new_held:
 * @self: the prediction of an earlier frame
 * @age: how many frames earlier
 * @reason: (nullable): why the frame that carries it has none of its own
 *
 * Returns: (transfer full): the same prediction for a later frame
 *
 * Since: 0.1
 */
GstNncPrediction *gst_nnc_prediction_new_held(const GstNncPrediction *self, guint age,
                                              const gchar *reason)
{
    g_return_val_if_fail(self, NULL);
    GstNncPredictionInfo info = self->info;

    info.age = age;
    info.reason = reason;
    return gst_nnc_prediction_new(&info);
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
    g_free((gpointer)own->region.label);
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
