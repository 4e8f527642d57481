/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_REGIONS_H
#define GST_NNC_REGIONS_H

/* Which parts of a frame are classified: all of it, its middle, or what a detector before
 * the element found. Threads: single. */

#include "gstnnclabels.h"
#include "gstnncrect.h"

#include <gst/video/video.h>
#include <gstnnc/gstnncprediction.h>
#include <nnc/image.h>

G_BEGIN_DECLS

typedef enum {
    GST_NNC_REGION_FRAME,
    GST_NNC_REGION_CENTER,
    GST_NNC_REGION_ROI
} GstNncRegionKind;

#define GST_NNC_MAX_ROIS 64

/* What users ask for; whole numbers and shares may be anything. */
struct gst_nnc_selection {
    GstNncRegionKind kind;
    struct gst_nnc_shares crop;          /* of the visible frame */
    gdouble center_share;                /* of both sides of the crop */
    const struct gst_nnc_labels *labels; /* of regions of interest */
    guint max_rois;                      /* 1..GST_NNC_MAX_ROIS in one frame */
    guint min_roi_size;                  /* pixels, both sides */
};

/* One part, inside the picture and not empty. `part.label` lives for ever (a quark). */
struct gst_nnc_region {
    GstNncRegion part;
    gboolean whole;                    /* all that is visible; `part` says how much */
    GstVideoRegionOfInterestMeta *roi; /* where it is from, or NULL; the buffer's */
    gint detection;                    /* of GstAnalytics: its id, or -1 */
};

/* The regions of interest that got no prediction, by reason. */
struct gst_nnc_left_out {
    guint refused; /* empty, or outside the picture */
    guint outside; /* of the crop */
    guint label;   /* not wanted */
    guint small;
    guint over_budget; /* more than max_rois; others have their turn in the next frame */
    gint64 first_refused[4]; /* x, y, width, height as they came, for the warning */
};

struct gst_nnc_regions {
    GArray *found; /* struct gst_nnc_region */
    struct gst_nnc_region chosen[GST_NNC_MAX_ROIS];
    guint n_chosen;
    guint turn; /* where the choice begins if there are too many */
};

void gst_nnc_regions_init(struct gst_nnc_regions *regions);
void gst_nnc_regions_finish(struct gst_nnc_regions *regions);

/* Fills `chosen`. `image` is the picture in `buffer`; its region, if it has one, is what
 * is visible of it (GstVideoCropMeta). Regions of interest are in pixels of the picture.
 */
void gst_nnc_regions_find(struct gst_nnc_regions *regions,
                          const struct gst_nnc_selection *selection,
                          const struct nnc_image *image, GstBuffer *buffer,
                          struct gst_nnc_left_out *left_out);

/* For those who know of regions of interest: takes one into `found`, or counts why not.
 */
struct gst_nnc_roi_filter {
    struct gst_nnc_regions *regions;
    const struct gst_nnc_selection *selection;
    struct gst_nnc_rect picture, area; /* all, and what is looked at */
    struct gst_nnc_left_out *left_out;
};

void gst_nnc_roi_filter_take(struct gst_nnc_roi_filter *filter,
                             const struct gst_nnc_region *source, gint64 x, gint64 y,
                             gint64 width, gint64 height);

G_END_DECLS

#endif
