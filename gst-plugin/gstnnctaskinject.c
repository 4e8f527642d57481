/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-nnctask
 * @title: nnctask
 *
 * Tells a nncclassify behind it what to look for, frame by frame: as a #GstNncTaskMeta on
 * each buffer or as events between them. A task comes from the element's properties, from
 * a script by the stream's time or the time of day, from the labels that a detector
 * upstream left on the frame, and from what other elements of the pipeline say on its
 * bus.
 *
 * |[
 * gst-launch-1.0 v4l2src ! nnctask hear="level:peak>-20=vehicles:1.5" ! \
 *     nncclassify model=nest-photo.onnx post-messages=change ! fakesink \
 *     autoaudiosrc ! level ! fakesink
 * ]| Vehicles count half as much again while it is loud.
 * |[
 * gst-launch-1.0 v4l2src ! nnctask script=day.jsonl mode=event ! \
 *     nncclassify model=nest-photo.onnx ! fakesink
 * ]| with lines such as `{"at": "08:30", "cutout": "vehicles"}` in day.jsonl.
 *
 * Cutout and attention are those of the script's line that holds; what it leaves out is
 * that of the properties; what they leave out is left to nncclassify. On top of both, a
 * category whose rules in #GstNncTaskInject:map or #GstNncTaskInject:hear apply gets the
 * field `gain/CATEGORY`: the rule's gain, times what the attention says of the same name.
 * If several rules apply to a category, the one whose gain is furthest from 1 counts. The
 * gain stays for #GstNncTaskInject:hold after what was seen or heard last, and returns to
 * 1 in a straight line during #GstNncTaskInject:decay.
 *
 * Buffers of any kind pass, their memory untouched; those marked as gaps pass without a
 * task. A buffer that brings a task along keeps that one.
 */

#include "gstnnctaskinject.h"

GST_DEBUG_CATEGORY_STATIC(nnc_task_debug);
#define GST_CAT_DEFAULT nnc_task_debug

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE(GstNncTaskInject, gst_nnc_task_inject, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(
    nnctask, "nnctask", GST_RANK_NONE, GST_TYPE_NNC_TASK_INJECT,
    GST_DEBUG_CATEGORY_INIT(nnc_task_debug, "nnctask", 0, "tasks for nested networks"))

static gboolean start(GstBaseTransform *base)
{
    GstNncTaskInject *const self = GST_NNC_TASK_INJECT(base);
    struct nnc_error error;

    self->seq = 0;
    gst_nnc_task_inject_forget_stream(self);
    if (!gst_nnc_task_inject_start(self, &error))
        return TRUE;
    gst_nnc_task_inject_stop(self);
    gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_ERROR, &error);
    return FALSE;
}

static gboolean stop(GstBaseTransform *base)
{
    GstNncTaskInject *const self = GST_NNC_TASK_INJECT(base);

    gst_nnc_task_inject_stop(self);
    gst_clear_structure(&self->task);
    return TRUE;
}

static gboolean sink_event(GstBaseTransform *base, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP ||
        GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START)
        gst_nnc_task_inject_forget_stream(GST_NNC_TASK_INJECT(base));
    return GST_BASE_TRANSFORM_CLASS(gst_nnc_task_inject_parent_class)
        ->sink_event(base, event);
}

/* Memory goes through untouched, so what downstream offers holds upstream, too. */
static gboolean propose_allocation(GstBaseTransform *base, GstQuery *decided,
                                   GstQuery *query)
{
    return gst_pad_peer_query(GST_BASE_TRANSFORM_SRC_PAD(base), query);
}

/* A meta needs a buffer of our own, but never its pixels; an event not even that. */
static GstFlowReturn prepare_output_buffer(GstBaseTransform *base, GstBuffer *in,
                                           GstBuffer **out)
{
    GstNncTaskInject *const self = GST_NNC_TASK_INJECT(base);

    self->frame_mode = atomic_load(&self->settings.mode);
    *out = self->frame_mode != GST_NNC_TASK_MODE_META || gst_buffer_is_writable(in)
               ? in
               : gst_buffer_copy(in);
    return *out ? GST_FLOW_OK : GST_FLOW_ERROR;
}

static void gst_nnc_task_inject_init(GstNncTaskInject *self)
{
    gst_nnc_task_inject_settings_init(&self->settings);
    self->hearing = gst_nnc_task_hearing_create();
    gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
    gst_base_transform_set_gap_aware(GST_BASE_TRANSFORM(self), TRUE);
    gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), FALSE);
}

static void finalize(GObject *object)
{
    GstNncTaskInject *const self = GST_NNC_TASK_INJECT(object);

    gst_nnc_task_inject_stop(self); /* if nobody did */
    gst_clear_structure(&self->task);
    gst_nnc_task_hearing_unref(self->hearing);
    gst_nnc_task_inject_settings_finish(&self->settings);
    G_OBJECT_CLASS(gst_nnc_task_inject_parent_class)->finalize(object);
}

static void gst_nnc_task_inject_class_init(GstNncTaskInjectClass *class)
{
    GstElementClass *const element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *const base = GST_BASE_TRANSFORM_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = finalize;
    gst_nnc_task_inject_install_properties(G_OBJECT_CLASS(class));
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(
        element, "Nested network task source", "Filter/Metadata",
        "Tells nncclassify what to look for: by properties, by a script, by what is seen "
        "and heard",
        "nnc");
    base->start = start;
    base->stop = stop;
    base->sink_event = sink_event;
    base->propose_allocation = propose_allocation;
    base->prepare_output_buffer = prepare_output_buffer;
    base->transform_ip = gst_nnc_task_inject_transform_ip;
    base->transform_ip_on_passthrough = FALSE;
}
