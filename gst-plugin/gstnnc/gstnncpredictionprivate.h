/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_PREDICTION_PRIVATE_H
#define GST_NNC_PREDICTION_PRIVATE_H

#include <gstnnc/gstnncprediction.h>

struct _GstNncPrediction {
    GstNncPredictionInfo info; /* its pointers are owned here */
};

/* All that the prediction says, as members of an object that is open: the first one begins
 * with a comma. */
void gst_nnc_prediction_append_json_members(const GstNncPrediction *self, GString *json);

#endif
