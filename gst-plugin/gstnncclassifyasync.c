/* SPDX-License-Identifier: MIT */

/* Classification beside the stream: the half of the streaming thread, which makes the
 * network's input of a frame, and the half of the worker, which runs the network. */

#include "gstnncclassify.h"

/* --- the worker's half --- */

static void refuse(const GstNncClassify *self, const struct gst_nnc_live_task *live,
                   const struct gst_nnc_source *source, const struct nnc_error *error,
                   GPtrArray *predictions)
{
    g_ptr_array_add(predictions,
                    gst_nnc_result_make_status(live, GST_NNC_PREDICTION_STATUS_REFUSED,
                                               error->message, source));
}

static void run(gpointer owner, const struct gst_nnc_job *job, GPtrArray *predictions)
{
    GstNncClassify *const self = owner;
    const struct gst_nnc_live_task *const live = job->task;
    struct gst_nnc_source source = {
        .element = self->name, .pts = job->pts, .corrupted = job->corrupted};
    struct nnc_scores scores;
    struct nnc_error error;

    for (guint i = 0; i < job->n; i++) {
        const struct gst_nnc_region *const region = &job->regions[i];
        source.region = region->whole ? NULL : &region->part;
        if (nnc_session_run_tensor(live->engine->session, live->task,
                                   job->tensors + i * job->tensor_floats, &scores,
                                   &error)) {
            refuse(self, live, &source, &error, predictions);
            return;
        }
        scores.preprocess_ns = job->preprocess_ns[i];
        g_ptr_array_add(predictions,
                        gst_nnc_classify_make_prediction(self, live, &scores, &source));
        if (region->roi || region->detection >= 0)
            gst_nnc_count(&self->stats.rois_classified, 1);
    }
    if (job->n)
        gst_nnc_count(&self->stats.frames_classified, 1);
}

static void release_task(gpointer live)
{
    gst_nnc_live_task_unref(live);
}

/* --- life --- */

void gst_nnc_classify_async_init(GstNncClassify *self)
{
    static const struct gst_nnc_async_calls calls = {run, release_task};

    self->async = gst_nnc_async_new(&calls, self);
}

void gst_nnc_classify_async_finish(GstNncClassify *self)
{
    gst_nnc_async_free(self->async);
}

enum nnc_status gst_nnc_classify_async_start(GstNncClassify *self,
                                             struct nnc_error *error)
{
    self->is_async = atomic_load(&self->input.async);
    if (!self->is_async || gst_nnc_async_start(self->async))
        return NNC_OK;
    gst_nnc_error_set(error, NNC_NOMEM, "no thread for asynchronous classification");
    return NNC_NOMEM;
}

static void forget_model(GstNncClassify *self)
{
    g_clear_pointer(&self->preprocessor, nnc_preprocessor_destroy);
    g_clear_pointer(&self->preprocessor_model, nnc_model_unref);
}

void gst_nnc_classify_async_stop(GstNncClassify *self)
{
    gst_nnc_async_stop(self->async);
    self->is_async = FALSE;
    forget_model(self);
}

/* --- the streaming thread's half --- */

/* Another model may want other pictures. */
static enum nnc_status prepare(GstNncClassify *self, struct nnc_model *model,
                               struct nnc_error *error)
{
    if (self->preprocessor_model == model)
        return NNC_OK;
    forget_model(self);
    const enum nnc_status status =
        nnc_preprocessor_create(nnc_model_input(model), &self->preprocessor, error);
    if (!status)
        self->preprocessor_model = nnc_model_ref(model);
    return status;
}

static enum nnc_status fill_picture(GstNncClassify *self, struct gst_nnc_job *job,
                                    guint i, const struct nnc_image *picture,
                                    struct nnc_error *error)
{
    const struct nnc_image image =
        gst_nnc_classify_part(picture, &self->regions.chosen[i]);
    const GstClockTime start = gst_util_get_timestamp();
    const enum nnc_status status = nnc_preprocess(
        self->preprocessor, &image, job->tensors + i * job->tensor_floats, error);

    job->regions[i] = self->regions.chosen[i];
    job->preprocess_ns[i] = gst_util_get_timestamp() - start;
    return status;
}

static enum nnc_status fill_job(GstNncClassify *self, struct gst_nnc_live_task *live,
                                const struct nnc_image *picture, GstBuffer *buffer,
                                struct nnc_error *error)
{
    struct nnc_model *const model = nnc_task_model(live->task);
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    enum nnc_status status = prepare(self, model, error);

    if (status)
        return status;
    struct gst_nnc_job *const job =
        gst_nnc_async_begin(self->async, self->regions.n_chosen,
                            (gsize)spec->channels * spec->width * spec->height);
    job->task = gst_nnc_live_task_ref(live);
    job->frame = self->frame;
    job->pts = GST_BUFFER_PTS(buffer);
    job->corrupted = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
    for (guint i = 0; i < job->n && !status; i++)
        status = fill_picture(self, job, i, picture, error);
    return status;
}

gboolean gst_nnc_classify_submit(GstNncClassify *self, struct gst_nnc_live_task *live,
                                 GstBuffer *buffer, GPtrArray *predictions)
{
    gchar reason[GST_NNC_REASON_SIZE];
    struct gst_nnc_view view;
    struct nnc_error error;

    if (!gst_nnc_view_open(&view, &self->geometry, buffer, reason)) {
        gst_nnc_classify_refuse_frame(self, live, reason, buffer, predictions);
        return FALSE;
    }
    gst_nnc_classify_choose_regions(self, &view.image, buffer);
    const enum nnc_status status = fill_job(self, live, &view.image, buffer, &error);
    gst_nnc_view_close(&view);
    if (status)
        gst_nnc_classify_refuse_frame(self, live, error.message, buffer, predictions);
    else if (gst_nnc_async_submit(self->async))
        gst_nnc_count(&self->stats.frames_replaced, 1);
    return !status;
}
