/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CLASSIFY_INPUT_PROPERTIES_H
#define GST_NNC_CLASSIFY_INPUT_PROPERTIES_H

/* The numbers and defaults of the properties of gstnncclassifyinput.h: between what sets
 * them and what describes them. */

#include "gstnncclassifyinput.h"

#define GST_NNC_INPUT_DEFAULT_CENTER_SHARE 0.5
#define GST_NNC_INPUT_DEFAULT_MAX_ROIS 8
#define GST_NNC_INPUT_DEFAULT_MIN_ROI_SIZE 1

/* Numbers far from those of gstnncclassifyproperties.h. */
enum {
    PROP_REGION = 100,
    PROP_CROP,
    PROP_CROP_X,
    PROP_CROP_Y,
    PROP_CROP_WIDTH,
    PROP_CROP_HEIGHT,
    PROP_CENTER_SHARE,
    PROP_ROI_LABELS,
    PROP_MAX_ROIS,
    PROP_MIN_ROI_SIZE,
    PROP_HOLD,
    PROP_ASYNC,
    PROP_CORRUPTED_FRAMES,
    PROP_PROCESSING_LATENCY
};

#endif
