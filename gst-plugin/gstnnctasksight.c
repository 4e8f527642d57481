/* SPDX-License-Identifier: MIT */

/* Labels of regions, as most detectors put them on buffers. */

#include "gstnnctasksight.h"

#include <gst/video/video.h>

/* GLib's patterns read beyond text that is not UTF-8: such a label matches nothing. */
guint gst_nnc_task_see_label(struct gst_nnc_task_rules *rules, const gchar *label,
                             gint64 now_ns, guint *n)
{
    gboolean matched = FALSE;

    if ((*n)++ >= GST_NNC_TASK_MAX_LABELS || !label || !g_utf8_validate(label, -1, NULL))
        return 0;
    for (guint i = 0; i < rules->n; i++)
        if (g_pattern_match_simple(rules->rules[i].name, label)) {
            gst_nnc_task_rule_apply(&rules->rules[i], now_ns);
            matched = TRUE;
        }
    return matched;
}

static guint see_regions(struct gst_nnc_task_rules *rules, GstBuffer *buffer,
                         gint64 now_ns, guint *n)
{
    gpointer state = NULL;
    guint n_matched = 0;
    GstMeta *meta;

    while (*n < GST_NNC_TASK_MAX_LABELS &&
           (meta = gst_buffer_iterate_meta_filtered(
                buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
        const GQuark type = ((const GstVideoRegionOfInterestMeta *)meta)->roi_type;
        n_matched += gst_nnc_task_see_label(rules, g_quark_to_string(type), now_ns, n);
    }
    return n_matched;
}

guint gst_nnc_task_see(struct gst_nnc_task_rules *rules, GstBuffer *buffer, gint64 now_ns)
{
    guint n = 0;

    if (!rules->n)
        return 0;
    const guint n_matched = see_regions(rules, buffer, now_ns, &n);
    return n_matched + gst_nnc_task_see_detections(rules, buffer, now_ns, &n);
}
