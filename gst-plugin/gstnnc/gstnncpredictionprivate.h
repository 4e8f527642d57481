/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_PREDICTION_PRIVATE_H
#define GST_NNC_PREDICTION_PRIVATE_H

#include <gstnnc/gstnncprediction.h>

struct _GstNncPrediction {
    GstNncPredictionInfo info; /* its pointers are owned here */
};

#endif
