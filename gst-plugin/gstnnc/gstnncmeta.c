/* SPDX-License-Identifier: MIT */

/* The meta that carries a prediction. Its list of tags is empty, which is what makes
 * other elements keep it: a tag would name a property of the picture whose change voids
 * the meta. Copying it copies a pointer. */

#include <gstnnc/gstnncmeta.h>

/**
 * gst_nnc_prediction_meta_api_get_type: (skip)
 *
 * Returns: the type that buffers find the meta by
 *
 * Since: 0.1
 */
GType gst_nnc_prediction_meta_api_get_type(void)
{
    static gsize type = 0;
    static const gchar *tags[] = {NULL};

    if (g_once_init_enter(&type))
        g_once_init_leave(&type,
                          gst_meta_api_type_register("GstNncPredictionMetaAPI", tags));
    return type;
}

static gboolean init_meta(GstMeta *meta, gpointer params, GstBuffer *buffer)
{
    ((GstNncPredictionMeta *)meta)->prediction = NULL;
    return TRUE;
}

static void free_meta(GstMeta *meta, GstBuffer *buffer)
{
    gst_nnc_prediction_unref(((GstNncPredictionMeta *)meta)->prediction);
}

/* Whatever the transform: a part of a frame's bytes, as payloaders make it, still belongs
 * to that frame. */
static gboolean transform_meta(GstBuffer *to, GstMeta *meta, GstBuffer *from, GQuark type,
                               gpointer data)
{
    GstNncPrediction *const prediction = ((GstNncPredictionMeta *)meta)->prediction;

    return gst_buffer_add_nnc_prediction_meta(to, prediction) != NULL;
}

/**
 * gst_nnc_prediction_meta_get_info: (skip)
 *
 * Returns: (nullable): the meta's description, or %NULL if another library in the process
 *   took its name
 *
 * Since: 0.1
 */
const GstMetaInfo *gst_nnc_prediction_meta_get_info(void)
{
    static const GstMetaInfo *info = NULL;
    static gsize once = 0;

    if (g_once_init_enter(&once)) {
        info = gst_meta_register(GST_NNC_PREDICTION_META_API_TYPE, "GstNncPredictionMeta",
                                 sizeof(GstNncPredictionMeta), init_meta, free_meta,
                                 transform_meta);
        g_once_init_leave(&once, 1);
    }
    return info;
}

/**
 * gst_buffer_add_nnc_prediction_meta:
 * @buffer: a writable buffer
 * @prediction: (transfer none): a prediction
 *
 * Returns: (nullable) (transfer none): the new meta, owned by @buffer
 *
 * Since: 0.1
 */
GstNncPredictionMeta *gst_buffer_add_nnc_prediction_meta(GstBuffer *buffer,
                                                         GstNncPrediction *prediction)
{
    g_return_val_if_fail(GST_IS_BUFFER(buffer) && prediction, NULL);

    const GstMetaInfo *const info = gst_nnc_prediction_meta_get_info();
    GstNncPredictionMeta *const meta =
        info ? (GstNncPredictionMeta *)gst_buffer_add_meta(buffer, info, NULL) : NULL;
    if (meta)
        meta->prediction = gst_nnc_prediction_ref(prediction);
    return meta;
}

/* The type of the interface is not enough: only our own description says that the meta's
 * memory is what we believe. */
static GstNncPredictionMeta *next_meta(GstBuffer *buffer, gpointer *state)
{
    GstMeta *meta;

    while ((meta = gst_buffer_iterate_meta_filtered(buffer, state,
                                                    GST_NNC_PREDICTION_META_API_TYPE)))
        if (meta->info == gst_nnc_prediction_meta_get_info())
            return (GstNncPredictionMeta *)meta;
    return NULL;
}

/**
 * gst_buffer_get_nnc_prediction_meta:
 * @buffer: a buffer
 *
 * Returns: (nullable) (transfer none): its first prediction meta
 *
 * Since: 0.1
 */
GstNncPredictionMeta *gst_buffer_get_nnc_prediction_meta(GstBuffer *buffer)
{
    gpointer state = NULL;

    g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
    return next_meta(buffer, &state);
}

/**
 * gst_buffer_iterate_nnc_predictions: (skip)
 * @buffer: a buffer
 * @state: (inout): %NULL to begin with
 *
 * Goes through the predictions on @buffer: of every element that it met, and of every
 * region.
 *
 * Returns: (nullable) (transfer none): the next one
 *
 * Since: 0.1
 */
GstNncPrediction *gst_buffer_iterate_nnc_predictions(GstBuffer *buffer, gpointer *state)
{
    g_return_val_if_fail(GST_IS_BUFFER(buffer) && state, NULL);
    GstNncPredictionMeta *const meta = next_meta(buffer, state);

    return meta ? meta->prediction : NULL;
}

/**
 * gst_buffer_get_nnc_predictions:
 * @buffer: a buffer
 *
 * Returns: (transfer full) (element-type GstNncPrediction): all predictions on @buffer, in
 *   the order in which they came
 *
 * Since: 0.1
 */
GList *gst_buffer_get_nnc_predictions(GstBuffer *buffer)
{
    GstNncPrediction *prediction;
    gpointer state = NULL;
    GList *all = NULL;

    g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
    while ((prediction = gst_buffer_iterate_nnc_predictions(buffer, &state)))
        all = g_list_prepend(all, gst_nnc_prediction_ref(prediction));
    return g_list_reverse(all);
}

/**
 * gst_buffer_get_nnc_prediction:
 * @buffer: a buffer
 * @element: (nullable): the name of the element that made it; %NULL for the last one that
 *   the buffer met
 *
 * Returns: (nullable) (transfer none): the prediction, alive as long as the buffer keeps
 *   it; take a reference to keep it longer
 *
 * Since: 0.1
 */
GstNncPrediction *gst_buffer_get_nnc_prediction(GstBuffer *buffer, const gchar *element)
{
    GstNncPrediction *found = NULL;
    GstNncPredictionMeta *meta;
    gpointer state = NULL;

    g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
    while ((meta = next_meta(buffer, &state)))
        if (!element ||
            !g_strcmp0(element, gst_nnc_prediction_get_element(meta->prediction)))
            found = meta->prediction;
    return found;
}
