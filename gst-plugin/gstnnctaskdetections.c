/* SPDX-License-Identifier: MIT */

/* Labels of GstAnalytics detections (GStreamer 1.24 and later). */

#include "gstnnctasksight.h"

#include <gst/analytics/analytics.h>

guint gst_nnc_task_see_detections(struct gst_nnc_task_rules *rules, GstBuffer *buffer,
                                  gint64 now_ns, guint *n)
{
    GstAnalyticsRelationMeta *const relations =
        gst_buffer_get_analytics_relation_meta(buffer);
    GstAnalyticsMtd detection;
    gpointer state = NULL;
    guint n_matched = 0;

    while (relations && *n < GST_NNC_TASK_MAX_LABELS &&
           gst_analytics_relation_meta_iterate(
               relations, &state, gst_analytics_od_mtd_get_mtd_type(), &detection)) {
        const GQuark type =
            gst_analytics_od_mtd_get_obj_type((const GstAnalyticsODMtd *)&detection);
        n_matched += gst_nnc_task_see_label(rules, g_quark_to_string(type), now_ns, n);
    }
    return n_matched;
}
