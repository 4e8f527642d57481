/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_OVERLAY_ROWS_H
#define GST_NNC_OVERLAY_ROWS_H

/* What nncoverlay says of predictions, before anything is drawn: rows of text, and which
 * of them stay when there is little room. */

#include <gstnnc/gstnnc.h>

G_BEGIN_DECLS

typedef enum {
    GST_NNC_OVERLAY_SHOW_CLASSES = 1 << 0,
    GST_NNC_OVERLAY_SHOW_TASK = 1 << 1,
    GST_NNC_OVERLAY_SHOW_COST = 1 << 2,
    GST_NNC_OVERLAY_SHOW_TIME = 1 << 3,
    GST_NNC_OVERLAY_SHOW_REGIONS = 1 << 4
} GstNncOverlayShow;

enum gst_nnc_overlay_kind {
    GST_NNC_OVERLAY_TITLE,  /* whose rows follow */
    GST_NNC_OVERLAY_CLASS,  /* `left` is a path */
    GST_NNC_OVERLAY_DOUBT,  /* unknown, or why there are no classes */
    GST_NNC_OVERLAY_REMARK, /* task, cost, time */
};

struct gst_nnc_overlay_row {
    enum gst_nnc_overlay_kind kind;
    gchar *left, *right; /* valid UTF-8; `right` holds numbers, NULL if there are none */
    gfloat bar;          /* 0..1; negative: no bar */
    gboolean dim;        /* a class that the network itself doubts */
};

struct gst_nnc_overlay_wanted {
    guint show; /* GstNncOverlayShow */
    guint n_classes;
    guint n_rows; /* there is room for */
};

/* Whether it is about something that a detector found, which has a number. The part of the
 * frame that the user chose to look at (crop, center) has none. */
gboolean gst_nnc_overlay_is_detection(const GstNncPrediction *prediction);

/* Rows for the predictions that are about frames (those of detections are left out), at
 * most `n_rows`; to be freed by g_ptr_array_unref(). */
GPtrArray *gst_nnc_overlay_describe(GPtrArray *predictions,
                                    const struct gst_nnc_overlay_wanted *wanted);

/* One line for a prediction about a region. */
gchar *gst_nnc_overlay_describe_region(const GstNncPrediction *prediction);

/* Equal if and only if the rows look the same, numbers aside; with `numbers`, exactly. */
gchar *gst_nnc_overlay_make_key(const GPtrArray *rows, gboolean numbers);

G_END_DECLS

#endif
