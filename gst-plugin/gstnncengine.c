/* SPDX-License-Identifier: MIT */

#include "gstnncengine.h"

#include "gstnncerror.h"
#include "gstnncmodels.h"

static enum nnc_status open_model(struct gst_nnc_engine *engine,
                                  const struct gst_nnc_engine_options *options,
                                  struct nnc_error *error)
{
    if (options->path && *options->path)
        return gst_nnc_models_acquire(options->path, options->precision, &engine->model,
                                      error);
    gst_nnc_error_set(error, NNC_NOT_FOUND,
                      "model is not set; expected the name of an ONNX file in the "
                      "property 'model'");
    return NNC_NOT_FOUND;
}

enum nnc_status gst_nnc_engine_create(const struct gst_nnc_engine_options *options,
                                      struct gst_nnc_engine **engine,
                                      struct nnc_error *error)
{
    const struct nnc_session_options session = {.threads = options->threads};
    struct gst_nnc_engine *const new = g_new0(struct gst_nnc_engine, 1);

    atomic_init(&new->references, 1);
    enum nnc_status status = open_model(new, options, error);
    if (!status)
        status = nnc_session_create(new->model, &session, &new->session, error);
    if (status) {
        gst_nnc_engine_unref(new);
        return status;
    }
    gst_nnc_result_init(&new->result, new->model);
    new->path = g_strdup(options->path);
    *engine = new;
    return NNC_OK;
}

struct gst_nnc_engine *gst_nnc_engine_ref(struct gst_nnc_engine *engine)
{
    atomic_fetch_add_explicit(&engine->references, 1, memory_order_relaxed);
    return engine;
}

void gst_nnc_engine_unref(struct gst_nnc_engine *engine)
{
    if (!engine || atomic_fetch_sub_explicit(&engine->references, 1,
                                             memory_order_acq_rel) != 1)
        return;
    nnc_session_destroy(engine->session);
    gst_nnc_result_finish(&engine->result);
    gst_nnc_models_release(engine->model);
    g_free(engine->path);
    g_free(engine);
}
