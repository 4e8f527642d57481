/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_ANALYTICS_H
#define GST_NNC_ANALYTICS_H

/* What GStreamer 1.24 and later has for the results of networks. The build chooses
 * between two files: gstnncanalytics.c, and gstnncanalyticsnone.c, which does nothing. */

#include "gstnncregions.h"

G_BEGIN_DECLS

/* Takes the object detections that the buffer carries. */
void gst_nnc_analytics_find_detections(struct gst_nnc_roi_filter *filter,
                                       GstBuffer *buffer);

/* Adds `prediction` to a writable buffer as one classification for every level of the
 * taxonomy: the listed classes, then the categories above them, best first, with their
 * paths as labels. Each level is part of the next higher one. With `region` of a
 * detection the classes are related to it. */
void gst_nnc_analytics_add(GstBuffer *buffer, const GstNncPrediction *prediction,
                           const struct gst_nnc_region *region);

G_END_DECLS

#endif
