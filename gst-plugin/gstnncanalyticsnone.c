/* SPDX-License-Identifier: MIT */

/* Stands in for gstnncanalytics.c where GStreamer has no library for analytics. */

#include "gstnncanalytics.h"

void gst_nnc_analytics_find_detections(struct gst_nnc_roi_filter *filter,
                                       GstBuffer *buffer)
{
}

void gst_nnc_analytics_add(GstBuffer *buffer, const GstNncPrediction *prediction,
                           const struct gst_nnc_region *region)
{
}
