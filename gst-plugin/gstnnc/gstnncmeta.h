/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_META_H
#define GST_NNC_META_H

#include <gstnnc/gstnncprediction.h>

G_BEGIN_DECLS

/**
 * GstNncPredictionMeta:
 * @meta: parent
 * @prediction: the prediction; owned by the meta
 *
 * A prediction on a buffer. It goes with the buffer through every element that copies
 * metadata at all: it speaks of the picture, not of its pixels, so that scaling, cropping
 * and encoding do not make it wrong. A buffer may carry one of each element that it met.
 *
 * Since: 0.1
 */
typedef struct _GstNncPredictionMeta {
    GstMeta meta;
    GstNncPrediction *prediction;
} GstNncPredictionMeta;

#define GST_NNC_PREDICTION_META_API_TYPE (gst_nnc_prediction_meta_api_get_type())

GST_NNC_API GType gst_nnc_prediction_meta_api_get_type(void);
GST_NNC_API const GstMetaInfo *gst_nnc_prediction_meta_get_info(void);
GST_NNC_API GstNncPredictionMeta *
gst_buffer_add_nnc_prediction_meta(GstBuffer *buffer, GstNncPrediction *prediction);
GST_NNC_API GstNncPredictionMeta *gst_buffer_get_nnc_prediction_meta(GstBuffer *buffer);
GST_NNC_API GstNncPrediction *gst_buffer_iterate_nnc_predictions(GstBuffer *buffer,
                                                                 gpointer *state);
GST_NNC_API GList *gst_buffer_get_nnc_predictions(GstBuffer *buffer);
GST_NNC_API GstNncPrediction *gst_buffer_get_nnc_prediction(GstBuffer *buffer,
                                                            const gchar *element);

G_END_DECLS

#endif
