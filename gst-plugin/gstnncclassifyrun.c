/* SPDX-License-Identifier: MIT */

/* A frame on its way through the network: mapped, its regions chosen, each of them run, a
 * prediction made of each. gstnncclassifyasync.c does the same in two halves, and uses
 * the parts of it. */

#include "gstnncanalytics.h"
#include "gstnncclassify.h"
#include "gstnnctracer.h"

#include <string.h>

struct gst_nnc_source gst_nnc_classify_source(const GstNncClassify *self,
                                              GstBuffer *buffer)
{
    return (struct gst_nnc_source){
        .element = self->name,
        .pts = GST_BUFFER_PTS(buffer),
        .corrupted = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED)};
}

void gst_nnc_classify_warn_refused(GstNncClassify *self, const gchar *reason)
{
    struct nnc_error error;

    gst_nnc_count(&self->stats.frames_refused, 1);
    gst_nnc_error_set(&error, NNC_BAD_IMAGE, "frame refused: %s", reason);
    if (gst_nnc_limiter_allows(&self->frame_warnings, 1))
        gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, &error);
}

void gst_nnc_classify_refuse_frame(GstNncClassify *self,
                                   const struct gst_nnc_live_task *live,
                                   const gchar *reason, GstBuffer *buffer,
                                   GPtrArray *predictions)
{
    const struct gst_nnc_source source = gst_nnc_classify_source(self, buffer);

    gst_nnc_classify_warn_refused(self, reason);
    g_ptr_array_add(predictions,
                    gst_nnc_result_make_status(live, GST_NNC_PREDICTION_STATUS_REFUSED,
                                               reason, &source));
}

/* --- regions --- */

static void count_left_out(GstNncClassify *self, const struct gst_nnc_left_out *left_out,
                           const struct nnc_image *image)
{
    struct nnc_error error;

    gst_nnc_count(&self->stats.rois_outside, left_out->outside);
    gst_nnc_count(&self->stats.rois_unwanted, left_out->label);
    gst_nnc_count(&self->stats.rois_small, left_out->small);
    gst_nnc_count(&self->stats.rois_over_budget, left_out->over_budget);
    gst_nnc_count(&self->stats.rois_refused, left_out->refused);
    if (!left_out->refused || !gst_nnc_limiter_allows(&self->roi_warnings, 1))
        return;
    gst_nnc_error_set(&error, NNC_BAD_IMAGE,
                      "region of interest refused: got %" G_GINT64_FORMAT
                      "x%" G_GINT64_FORMAT " at %" G_GINT64_FORMAT ",%" G_GINT64_FORMAT
                      "; expected a part of the picture of %ux%u pixels",
                      left_out->first_refused[2], left_out->first_refused[3],
                      left_out->first_refused[0], left_out->first_refused[1],
                      image->width, image->height);
    gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, &error);
}

void gst_nnc_classify_choose_regions(GstNncClassify *self, const struct nnc_image *image,
                                     GstBuffer *buffer)
{
    const struct gst_nnc_selection selection =
        gst_nnc_input_settings_select(&self->input);
    struct gst_nnc_left_out left_out;

    gst_nnc_regions_find(&self->regions, &selection, image, buffer, &left_out);
    gst_nnc_labels_unref((struct gst_nnc_labels *)selection.labels);
    count_left_out(self, &left_out, image);
}

struct nnc_image gst_nnc_classify_part(const struct nnc_image *picture,
                                       const struct gst_nnc_region *region)
{
    struct nnc_image image = *picture;

    if (region->whole)
        return image; /* of what is visible, which the picture says already */
    image.region.x = region->part.x;
    image.region.y = region->part.y;
    image.region.width = region->part.width;
    image.region.height = region->part.height;
    return image;
}

/* --- predictions --- */

/* How often another task, and another cutout, came to run. */
static void count_switch(GstNncClassify *self, const struct gst_nnc_live_task *live)
{
    const struct nnc_model *const model = nnc_task_model(live->task);
    const gsize n = nnc_taxonomy_n_classes(nnc_model_taxonomy(model));
    const uint8_t *const active = nnc_task_active(live->task);
    struct gst_nnc_ran *const ran = &self->ran;

    if (ran->task_id == live->id)
        return;
    const gboolean same_plan = ran->model == model && ran->active->len == n &&
                               !memcmp(ran->active->data, active, n);
    if (ran->task_id) {
        gst_nnc_count(&self->stats.task_switches, 1);
        gst_nnc_count(&self->stats.plan_switches, !same_plan);
    }
    ran->task_id = live->id;
    ran->model = model;
    g_byte_array_set_size(ran->active, (guint)n);
    memcpy(ran->active->data, active, n);
}

static void count_inference(struct gst_nnc_stats *stats, const struct nnc_scores *scores)
{
    gst_nnc_count(&stats->inference_ns_total, scores->run_ns);
    gst_nnc_count(&stats->inferences, 1);
    atomic_store(&stats->inference_ns_last, scores->run_ns);
    gst_nnc_histogram_add(&stats->inference_ns, scores->run_ns);
}

GstNncPrediction *gst_nnc_classify_make_prediction(GstNncClassify *self,
                                                   const struct gst_nnc_live_task *live,
                                                   const struct nnc_scores *scores,
                                                   const struct gst_nnc_source *source)
{
    const struct gst_nnc_choice choice = {atomic_load(&self->settings.top_k),
                                          atomic_load(&self->settings.threshold)};

    count_switch(self, live);
    count_inference(&self->stats, scores);
    GstNncPrediction *const prediction =
        gst_nnc_result_make(&live->engine->result, live, scores, &choice, source);
    gst_nnc_trace(GST_ELEMENT(self), prediction);
    return prediction;
}

static enum nnc_status run_region(GstNncClassify *self, struct gst_nnc_live_task *live,
                                  const struct nnc_image *picture, GstBuffer *buffer,
                                  const struct gst_nnc_region *region,
                                  GPtrArray *predictions, struct nnc_error *error)
{
    const struct nnc_image image = gst_nnc_classify_part(picture, region);
    struct gst_nnc_source source = gst_nnc_classify_source(self, buffer);
    struct nnc_scores scores;

    source.region = region->whole ? NULL : &region->part;
    const enum nnc_status status =
        nnc_session_run_image(live->engine->session, live->task, &image, &scores, error);
    if (!status)
        g_ptr_array_add(predictions,
                        gst_nnc_classify_make_prediction(self, live, &scores, &source));
    return status;
}

/* Where a region came from, its result is expected, too. */
static void tell_origin(GstNncClassify *self, const struct gst_nnc_region *region,
                        const GstNncPrediction *prediction, GstBuffer *buffer)
{
    if (!region->roi && region->detection < 0)
        return;
    gst_nnc_count(&self->stats.rois_classified, 1);
    if (region->roi)
        gst_video_region_of_interest_meta_add_param(
            region->roi, gst_nnc_prediction_to_structure(prediction));
    if (region->detection >= 0)
        gst_nnc_analytics_add(buffer, prediction, region);
}

gboolean gst_nnc_classify_run(GstNncClassify *self, struct gst_nnc_live_task *live,
                              GstBuffer *buffer, GPtrArray *predictions)
{
    const struct gst_nnc_regions *const regions = &self->regions;
    gchar reason[GST_NNC_REASON_SIZE];
    enum nnc_status status = NNC_OK;
    struct gst_nnc_view view;
    struct nnc_error error;

    if (!gst_nnc_view_open(&view, &self->geometry, buffer, reason)) {
        gst_nnc_classify_refuse_frame(self, live, reason, buffer, predictions);
        return FALSE;
    }
    gst_nnc_classify_choose_regions(self, &view.image, buffer);
    for (guint i = 0; i < regions->n_chosen && !status; i++)
        status = run_region(self, live, &view.image, buffer, &regions->chosen[i],
                            predictions, &error);
    gst_nnc_view_close(&view); /* from here on the buffer is writable again */
    for (guint i = 0; i < predictions->len; i++)
        tell_origin(self, &regions->chosen[i], g_ptr_array_index(predictions, i), buffer);
    if (predictions->len)
        gst_nnc_count(&self->stats.frames_classified, 1);
    if (status)
        gst_nnc_classify_refuse_frame(self, live, error.message, buffer, predictions);
    return !status;
}
