/* SPDX-License-Identifier: MIT */

/* GStreamer makes tracers at its start, those that the environment names, and never frees
 * what they describe their records by. Ours hooks into nothing of GStreamer's: our own
 * elements call it. */

/* GStreamer calls tracers unstable, as it has done since it has them. */
#define GST_USE_UNSTABLE_API
#include "gstnnctracer.h"

#include <gst/gsttracer.h>
#include <gst/gsttracerrecord.h>

#include <stdatomic.h>

typedef GstTracer GstNncTracer;
typedef GstTracerClass GstNncTracerClass;

GType gst_nnc_tracer_get_type(void);
G_DEFINE_TYPE(GstNncTracer, gst_nnc_tracer, GST_TYPE_TRACER)

static _Atomic(GstTracerRecord *) record; /* NULL: nobody asked */

static GstStructure *value_of(GType type, const gchar *description)
{
    return gst_structure_new("value", "type", G_TYPE_GTYPE, type, "description",
                             G_TYPE_STRING, description, NULL);
}

static GstTracerRecord *describe(void)
{
    GstTracerRecord *const new = gst_tracer_record_new(
        "nnc-inference.class", "element", GST_TYPE_STRUCTURE,
        gst_structure_new("scope", "type", G_TYPE_GTYPE, G_TYPE_STRING, "related-to",
                          GST_TYPE_TRACER_VALUE_SCOPE, GST_TRACER_VALUE_SCOPE_ELEMENT,
                          NULL),
        "source-pts", GST_TYPE_STRUCTURE,
        value_of(G_TYPE_UINT64, "timestamp of the frame, in ns"), "region-id",
        GST_TYPE_STRUCTURE, value_of(G_TYPE_INT, "of the region of interest, or -1"),
        "task-id", GST_TYPE_STRUCTURE, value_of(G_TYPE_UINT64, "number of the task"),
        "macs", GST_TYPE_STRUCTURE, value_of(G_TYPE_UINT64, "multiply-adds of the task"),
        "preprocess", GST_TYPE_STRUCTURE,
        value_of(G_TYPE_UINT64, "from the frame to the network's input, in ns"),
        "inference", GST_TYPE_STRUCTURE, value_of(G_TYPE_UINT64, "the network, in ns"),
        "class", GST_TYPE_STRUCTURE, value_of(G_TYPE_STRING, "path of the best class"),
        "probability", GST_TYPE_STRUCTURE, value_of(G_TYPE_DOUBLE, "of this class"),
        NULL);

    GST_OBJECT_FLAG_SET(new, GST_OBJECT_FLAG_MAY_BE_LEAKED);
    return new;
}

static void gst_nnc_tracer_class_init(GstNncTracerClass *class)
{
}

static void gst_nnc_tracer_init(GstNncTracer *self)
{
    static gsize once = 0;

    if (g_once_init_enter(&once)) {
        atomic_store(&record, describe());
        g_once_init_leave(&once, 1);
    }
}

gboolean gst_nnc_tracer_register(GstPlugin *plugin)
{
    return gst_tracer_register(plugin, "nnc", gst_nnc_tracer_get_type());
}

void gst_nnc_trace(GstElement *element, const GstNncPrediction *prediction)
{
    GstTracerRecord *const to = atomic_load_explicit(&record, memory_order_acquire);
    const gchar *const path =
        to ? gst_nnc_prediction_get_class_path(prediction, 0) : NULL;

    if (to)
        gst_tracer_record_log(
            to, gst_nnc_prediction_get_element(prediction),
            gst_nnc_prediction_get_source_pts(prediction),
            gst_nnc_prediction_get_region_id(prediction),
            gst_nnc_prediction_get_task_id(prediction),
            gst_nnc_prediction_get_macs(prediction),
            gst_nnc_prediction_get_preprocess_time(prediction),
            gst_nnc_prediction_get_inference_time(prediction), path ? path : "",
            (gdouble)gst_nnc_prediction_get_class_probability(prediction, 0));
}
