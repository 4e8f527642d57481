/* SPDX-License-Identifier: MIT */

/* From a frame to the rectangles that the network looks at. Regions of interest come from
 * other elements and may be anything: they are clipped, or refused and counted. */

#include "gstnncregions.h"

#include "gstnncanalytics.h"

#include <string.h>

/* More than any detector gives; what comes behind them is over the budget in any case. */
#define MAX_FOUND 4096

void gst_nnc_regions_init(struct gst_nnc_regions *regions)
{
    *regions = (struct gst_nnc_regions){
        .found = g_array_new(FALSE, FALSE, sizeof(struct gst_nnc_region))};
}

void gst_nnc_regions_finish(struct gst_nnc_regions *regions)
{
    g_clear_pointer(&regions->found, g_array_unref);
}

/* --- all, or the middle --- */

static struct gst_nnc_rect visible_part(const struct nnc_image *image)
{
    if (image->region.width)
        return (struct gst_nnc_rect){image->region.x, image->region.y,
                                     image->region.width, image->region.height};
    return (struct gst_nnc_rect){0, 0, image->width, image->height};
}

static struct gst_nnc_rect middle_of(const struct gst_nnc_rect *area, gdouble share)
{
    const gdouble rest = (1.0 - share) / 2.0;
    const struct gst_nnc_shares shares = {rest, rest, share, share};

    return gst_nnc_rect_part(area, &shares);
}

static void choose_one(struct gst_nnc_regions *regions, const struct gst_nnc_rect *area,
                       gboolean whole)
{
    regions->chosen[0] = (struct gst_nnc_region){
        .part = {area->x, area->y, area->width, area->height, -1, NULL},
        .whole = whole,
        .detection = -1};
    regions->n_chosen = 1;
}

/* --- regions of interest --- */

void gst_nnc_roi_filter_take(struct gst_nnc_roi_filter *filter,
                             const struct gst_nnc_region *source, gint64 x, gint64 y,
                             gint64 width, gint64 height)
{
    const struct gst_nnc_selection *const selection = filter->selection;
    struct gst_nnc_left_out *const left_out = filter->left_out;
    struct gst_nnc_region region = *source;
    struct gst_nnc_rect rect;

    if (!gst_nnc_labels_want(selection->labels, region.part.label)) {
        left_out->label++;
    } else if (!gst_nnc_rect_clip(&rect, x, y, width, height, &filter->picture)) {
        if (!left_out->refused++)
            memcpy(left_out->first_refused, (const gint64[]){x, y, width, height},
                   sizeof left_out->first_refused);
    } else if (!gst_nnc_rect_clip(&rect, x, y, width, height, &filter->area)) {
        left_out->outside++;
    } else if (MIN(rect.width, rect.height) < selection->min_roi_size) {
        left_out->small++;
    } else if (filter->regions->found->len >= MAX_FOUND) {
        left_out->over_budget++;
    } else {
        region.part.x = rect.x;
        region.part.y = rect.y;
        region.part.width = rect.width;
        region.part.height = rect.height;
        g_array_append_val(filter->regions->found, region);
    }
}

static void find_roi_metas(struct gst_nnc_roi_filter *filter, GstBuffer *buffer)
{
    gpointer state = NULL;
    GstMeta *meta;

    while ((meta = gst_buffer_iterate_meta_filtered(
                buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
        GstVideoRegionOfInterestMeta *const roi = (GstVideoRegionOfInterestMeta *)meta;
        const struct gst_nnc_region source = {
            .part = {.id = roi->id, .label = g_quark_to_string(roi->roi_type)},
            .roi = roi,
            .detection = -1};
        gst_nnc_roi_filter_take(filter, &source, roi->x, roi->y, roi->w, roi->h);
    }
}

/* Those who had no turn in this frame come first in the next one. */
static void choose_by_turn(struct gst_nnc_regions *regions, guint most)
{
    const struct gst_nnc_region *const found =
        (const struct gst_nnc_region *)regions->found->data;
    const guint n = regions->found->len;
    const guint first = n > most ? regions->turn % n : 0;

    regions->n_chosen = MIN(n, most);
    for (guint i = 0; i < regions->n_chosen; i++)
        regions->chosen[i] = found[(first + i) % n];
    regions->turn = n > most ? (first + most) % n : 0;
}

static void find_rois(struct gst_nnc_roi_filter *filter, GstBuffer *buffer)
{
    struct gst_nnc_regions *const regions = filter->regions;

    g_array_set_size(regions->found, 0);
    find_roi_metas(filter, buffer);
    gst_nnc_analytics_find_detections(filter, buffer);
    choose_by_turn(regions, CLAMP(filter->selection->max_rois, 1, GST_NNC_MAX_ROIS));
    filter->left_out->over_budget += regions->found->len - regions->n_chosen;
}

void gst_nnc_regions_find(struct gst_nnc_regions *regions,
                          const struct gst_nnc_selection *selection,
                          const struct nnc_image *image, GstBuffer *buffer,
                          struct gst_nnc_left_out *left_out)
{
    const struct gst_nnc_rect picture = {0, 0, image->width, image->height};
    const struct gst_nnc_rect visible = visible_part(image);
    struct gst_nnc_rect area = gst_nnc_rect_part(&visible, &selection->crop);

    *left_out = (struct gst_nnc_left_out){.refused = 0};
    if (selection->kind == GST_NNC_REGION_ROI) {
        struct gst_nnc_roi_filter filter = {regions, selection, picture, area, left_out};
        find_rois(&filter, buffer);
        return;
    }
    if (selection->kind == GST_NNC_REGION_CENTER)
        area = middle_of(&area, selection->center_share);
    choose_one(regions, &area, gst_nnc_rect_equal(&area, &visible));
}
