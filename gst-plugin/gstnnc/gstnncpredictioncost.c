/* SPDX-License-Identifier: MIT */

/* What a prediction cost: parameters, multiply-adds, nanoseconds. */

#include "gstnncpredictionprivate.h"

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
 * gst_nnc_prediction_get_total_params:
 * @self: a #GstNncPrediction
 *
 * Returns: how many parameters the whole network has, without a cutout; 0 if not known
 *
 * Since: 0.1
 */
guint64 gst_nnc_prediction_get_total_params(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.total_params;
}

/**
 * gst_nnc_prediction_get_total_macs:
 * @self: a #GstNncPrediction
 *
 * Returns: how many multiply-adds the whole network has, without a cutout; 0 if not known
 *
 * Since: 0.1
 */
guint64 gst_nnc_prediction_get_total_macs(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.total_macs;
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
 * Returns: nanoseconds that the network took, with what it waited for other streams that
 *   run the same task
 *
 * Since: 0.1
 */
GstClockTime gst_nnc_prediction_get_inference_time(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, 0);
    return self->info.inference_time;
}
