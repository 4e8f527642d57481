/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-nncclassify
 * @title: nncclassify
 *
 * Classifies every frame with a nested network and puts a #GstNncPredictionMeta on its
 * buffer. Pixels are neither changed nor copied. The classes that the network looks for,
 * and how strongly each category counts, can be changed while it plays; what is cut away
 * costs nothing.
 *
 * |[
 * gst-launch-1.0 -m v4l2src ! nncclassify model=nest-photo.onnx cutout=vehicles \
 *     post-messages=change ! videoconvert ! autovideosink
 * ]|
 *
 * A buffer with a #GstNncTaskMeta is classified with that task, buffers behind a task
 * event (gst_nnc_task_event_new()) with that one. Categories are children of the element:
 * `vehicles::gain=1.5` in gst-launch, gst_child_proxy_set() in programs. A frame that is not what
 * its caps say passes on with a prediction of the status "refused"; the stream goes on.
 * Frames marked as gaps pass without a prediction.
 */

#include "gstnncclassify.h"

#include <gstnnc/gstnnctask.h>
#include <gstnnc/gstnnctaskevent.h>

GST_DEBUG_CATEGORY_STATIC(nnc_classify_debug);
#define GST_CAT_DEFAULT nnc_classify_debug

#define CAPS                                                                             \
    "video/x-raw, format=(string)" GST_NNC_VIEW_FORMATS                                  \
    ", width=(int)[1, 16384], height=(int)[1, 16384]"

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));

G_DEFINE_TYPE_WITH_CODE(GstNncClassify, gst_nnc_classify, GST_TYPE_BASE_TRANSFORM,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_CHILD_PROXY,
                                              gst_nnc_classify_init_child_proxy))
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(
    nncclassify, "nncclassify", GST_RANK_NONE, GST_TYPE_NNC_CLASSIFY,
    GST_DEBUG_CATEGORY_INIT(nnc_classify_debug, "nncclassify", 0, "nested networks"))

/* --- start and stop --- */

static gboolean start(GstBaseTransform *base)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(base);
    struct nnc_error error;

    gst_nnc_classify_begin(self);
    if (!gst_nnc_classify_load(self, &error) &&
        !gst_nnc_classify_async_start(self, &error))
        return TRUE;
    gst_nnc_classify_unload(self);
    gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_ERROR, &error);
    return FALSE;
}

static gboolean stop(GstBaseTransform *base)
{
    gst_nnc_classify_async_stop(GST_NNC_CLASSIFY(base));
    gst_nnc_classify_unload(GST_NNC_CLASSIFY(base));
    return TRUE;
}

/* --- caps and events --- */

/* Pads refuse caps that their template does not know before the element sees them, and
 * say nothing about it. The probe comes first and says what was expected. */
static GstPadProbeReturn explain_refused_caps(GstPad *pad, GstPadProbeInfo *info,
                                              gpointer data)
{
    GstEvent *const event = GST_PAD_PROBE_INFO_EVENT(info);
    gchar reason[GST_NNC_REASON_SIZE];
    struct gst_nnc_geometry geometry;
    GstCaps *caps;

    if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS)
        return GST_PAD_PROBE_OK;
    gst_event_parse_caps(event, &caps);
    if (!gst_nnc_geometry_from_caps(caps, &geometry, reason))
        gst_nnc_error_post_caps(GST_ELEMENT(data), reason);
    return GST_PAD_PROBE_OK;
}

static gboolean set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(base);
    gchar reason[GST_NNC_REASON_SIZE];

    if (!gst_nnc_geometry_from_caps(in, &self->geometry, reason))
        return FALSE;
    gst_nnc_classify_forget_results(self);
    GST_INFO_OBJECT(self, "frames are %" GST_PTR_FORMAT ", matrix %s, %s range", in,
                    self->geometry.matrix == NNC_MATRIX_BT709 ? "BT.709" : "BT.601",
                    self->geometry.range == NNC_RANGE_FULL ? "full" : "limited");
    return TRUE;
}

static gboolean sink_event(GstBaseTransform *base, GstEvent *event)
{
    const GstStructure *const task = gst_nnc_task_event_parse(event);

    gst_nnc_classify_handle_event(GST_NNC_CLASSIFY(base), GST_EVENT_TYPE(event));
    if (task)
        gst_nnc_classify_take_event(GST_NNC_CLASSIFY(base), task);
    return GST_BASE_TRANSFORM_CLASS(gst_nnc_classify_parent_class)
        ->sink_event(base, event);
}

/* A frame that was late by so much says that those up to then will be, too. */
static void note_lateness(GstNncClassify *self, GstEvent *event)
{
    GstClockTime timestamp;
    GstClockTimeDiff late_by;

    gst_event_parse_qos(event, NULL, NULL, &late_by, &timestamp);
    const gboolean known = GST_CLOCK_TIME_IS_VALID(timestamp) &&
                           (late_by >= 0 || timestamp >= -(GstClockTime)late_by);
    atomic_store(&self->earliest_time,
                 known ? timestamp + (GstClockTime)late_by : GST_CLOCK_TIME_NONE);
}

/* The base class would drop late frames, and finds fault with a QoS event that has no time;
 * the element looks itself. A task that comes from downstream is the same as one that is
 * set. */
static gboolean src_event(GstBaseTransform *base, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_UPSTREAM &&
        gst_event_has_name(event, GST_NNC_TASK_NAME)) {
        gst_nnc_classify_set_structure(GST_NNC_CLASSIFY(base),
                                       gst_event_get_structure(event));
        gst_event_unref(event);
        return TRUE;
    }
    if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
        note_lateness(GST_NNC_CLASSIFY(base), event);
        return gst_pad_push_event(GST_BASE_TRANSFORM_SINK_PAD(base), event);
    }
    return GST_BASE_TRANSFORM_CLASS(gst_nnc_classify_parent_class)
        ->src_event(base, event);
}

/* Memory goes through untouched, so what downstream offers holds upstream, too. Where
 * nobody downstream answers, strides may be any: without that v4l2src copies each frame.
 */
static gboolean propose_allocation(GstBaseTransform *base, GstQuery *decided,
                                   GstQuery *query)
{
    if (!gst_pad_peer_query(GST_BASE_TRANSFORM_SRC_PAD(base), query))
        gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
    return TRUE;
}

/* --- frames --- */

/* The buffer gets a meta, its memory stays: a shared buffer is copied without its pixels.
 */
static GstFlowReturn prepare_output_buffer(GstBaseTransform *base, GstBuffer *in,
                                           GstBuffer **out)
{
    *out = gst_buffer_is_writable(in) ? in : gst_buffer_copy(in);
    return *out ? GST_FLOW_OK : GST_FLOW_ERROR;
}

/* --- class --- */

static void gst_nnc_classify_init(GstNncClassify *self)
{
    pthread_mutex_init(&self->naming, NULL);
    gst_nnc_settings_init(&self->settings);
    gst_nnc_classify_frames_init(self);
    gst_nnc_task_slot_init(&self->slot, &gst_nnc_classify_slot_owner, self);
    self->synced = g_array_new(FALSE, FALSE, sizeof(struct gst_nnc_gain));
    gst_nnc_classify_forget_stream(self);
    gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
    gst_base_transform_set_gap_aware(GST_BASE_TRANSFORM(self), TRUE);
    gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), FALSE);
    gst_pad_add_probe(GST_BASE_TRANSFORM_SINK_PAD(self),
                      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, explain_refused_caps, self,
                      NULL);
}

/* Categories are children: they have to be parted from a parent that still lives. */
static void dispose(GObject *object)
{
    gst_nnc_classify_forget_model(GST_NNC_CLASSIFY(object));
    G_OBJECT_CLASS(gst_nnc_classify_parent_class)->dispose(object);
}

static void finalize(GObject *object)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(object);

    g_array_unref(self->synced);
    g_free(self->tried);
    gst_nnc_task_slot_finish(&self->slot);
    gst_nnc_classify_frames_finish(self);
    gst_nnc_settings_finish(&self->settings);
    pthread_mutex_destroy(&self->naming);
    G_OBJECT_CLASS(gst_nnc_classify_parent_class)->finalize(object);
}

static void gst_nnc_classify_class_init(GstNncClassifyClass *class)
{
    GstElementClass *const element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *const base = GST_BASE_TRANSFORM_CLASS(class);

    G_OBJECT_CLASS(class)->dispose = dispose;
    G_OBJECT_CLASS(class)->finalize = finalize;
    gst_nnc_classify_install_properties(G_OBJECT_CLASS(class));
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(
        element, "Nested network classifier", "Filter/Analyzer/Video",
        "Classifies frames; classes and attention change while it plays", "nnc");
    base->start = start;
    base->stop = stop;
    base->set_caps = set_caps;
    base->sink_event = sink_event;
    base->src_event = src_event;
    base->query = gst_nnc_classify_query;
    base->propose_allocation = propose_allocation;
    base->prepare_output_buffer = prepare_output_buffer;
    base->transform_ip = gst_nnc_classify_transform_ip;
    base->transform_ip_on_passthrough = FALSE;
}
