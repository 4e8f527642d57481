/* SPDX-License-Identifier: MIT */

/* The pad `json`: the lines as a stream of their own, a buffer each, with the times of
 * the frames. It is sparse; where a frame has no line a gap is announced, so that sinks
 * behind it start and go on. Its flow results are not those of the video: what is wrong
 * behind it has been said there, and must not stop the frames. */

#include "gstnncjsonelement.h"

#define LINE_CAPS "application/x-json, format=(string)jsonl"

static GstStaticPadTemplate json_template = GST_STATIC_PAD_TEMPLATE(
    "json", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS(LINE_CAPS));

/* --- request and release --- */

/* A late line says nothing about late frames, and a new link wants no other frames. */
static gboolean handle_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) != GST_EVENT_QOS &&
        GST_EVENT_TYPE(event) != GST_EVENT_RECONFIGURE)
        return gst_pad_event_default(pad, parent, event);
    gst_event_unref(event);
    return TRUE;
}

static GstPad *request_new_pad(GstElement *element, GstPadTemplate *template,
                               const gchar *name, const GstCaps *caps)
{
    GstNncJson *const self = GST_NNC_JSON(element);
    pthread_mutex_lock(&self->lock);
    const gboolean taken = self->pad != NULL;
    pthread_mutex_unlock(&self->lock);
    if (taken)
        return NULL;
    GstPad *const pad = gst_pad_new_from_template(template, "json");
    gst_pad_set_event_function(pad, handle_event);
    gst_pad_use_fixed_caps(pad);
    gst_pad_set_active(pad, TRUE);
    gst_element_add_pad(element, pad);
    pthread_mutex_lock(&self->lock);
    self->pad = pad;
    pthread_mutex_unlock(&self->lock);
    atomic_fetch_add(&self->changes, 1);
    return pad;
}

static void release_pad(GstElement *element, GstPad *pad)
{
    GstNncJson *const self = GST_NNC_JSON(element);

    pthread_mutex_lock(&self->lock);
    self->pad = NULL;
    pthread_mutex_unlock(&self->lock);
    atomic_fetch_add(&self->changes, 1);
    gst_pad_set_active(pad, FALSE);
    gst_element_remove_pad(element, pad);
}

void gst_nnc_json_install_pad(GstElementClass *element_class)
{
    gst_element_class_add_static_pad_template(element_class, &json_template);
    element_class->request_new_pad = request_new_pad;
    element_class->release_pad = release_pad;
}

/* --- streaming --- */

static GstPad *ref_pad(GstNncJson *self)
{
    pthread_mutex_lock(&self->lock);
    GstPad *const pad = self->pad ? gst_object_ref(self->pad) : NULL;
    pthread_mutex_unlock(&self->lock);
    return pad;
}

static gboolean has_event(GstPad *pad, GstEventType type)
{
    g_autoptr(GstEvent) event = gst_pad_get_sticky_event(pad, type, 0);

    return event != NULL;
}

static void push_stream_start(GstNncJson *self, GstPad *pad)
{
    g_autoptr(GstEvent) upstream = gst_pad_get_sticky_event(
        GST_BASE_TRANSFORM_SINK_PAD(self), GST_EVENT_STREAM_START, 0);
    g_autofree gchar *id = gst_pad_create_stream_id(pad, GST_ELEMENT(self), "json");
    GstEvent *const event = gst_event_new_stream_start(id);
    guint group;

    if (upstream && gst_event_parse_group_id(upstream, &group))
        gst_event_set_group_id(event, group);
    gst_event_set_stream_flags(event, GST_STREAM_FLAG_SPARSE);
    gst_pad_push_event(pad, event);
}

/* What must come before the first line, whenever the pad was requested; and the segment
 * of the frames whenever it is another one. */
static void begin_stream(GstNncJson *self, GstPad *pad)
{
    g_autoptr(GstEvent) segment =
        gst_pad_get_sticky_event(GST_BASE_TRANSFORM_SINK_PAD(self), GST_EVENT_SEGMENT, 0);
    g_autoptr(GstEvent) pushed = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);

    if (!has_event(pad, GST_EVENT_STREAM_START))
        push_stream_start(self, pad);
    if (!has_event(pad, GST_EVENT_CAPS)) {
        g_autoptr(GstCaps) caps = gst_static_pad_template_get_caps(&json_template);
        gst_pad_push_event(pad, gst_event_new_caps(caps));
    }
    if (segment && segment != pushed)
        gst_pad_push_event(pad, gst_event_ref(segment));
}

static void push_gap(GstPad *pad, GstBuffer *buffer)
{
    if (GST_BUFFER_PTS_IS_VALID(buffer))
        gst_pad_push_event(
            pad, gst_event_new_gap(GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer)));
}

static void push_text(GstNncJson *self, GstPad *pad, const gchar *line, GstBuffer *buffer)
{
    const gsize size = strlen(line);
    GstBuffer *const out = gst_buffer_new_wrapped(g_memdup2(line, size), size);

    GST_BUFFER_PTS(out) = GST_BUFFER_PTS(buffer);
    GST_BUFFER_DURATION(out) = GST_BUFFER_DURATION(buffer);
    const GstFlowReturn result = gst_pad_push(pad, out);
    if (result != GST_FLOW_OK)
        GST_LOG_OBJECT(self, "a line was not taken: %s", gst_flow_get_name(result));
}

void gst_nnc_json_push_line(GstNncJson *self, const gchar *line, GstBuffer *buffer)
{
    g_autoptr(GstPad) pad = ref_pad(self);

    if (!pad)
        return;
    begin_stream(self, pad);
    if (line)
        push_text(self, pad, line, buffer);
    else
        push_gap(pad, buffer);
}

void gst_nnc_json_push_event(GstNncJson *self, GstEvent *event)
{
    g_autoptr(GstPad) pad = ref_pad(self);

    if (!pad)
        return;
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_GAP:
    case GST_EVENT_EOS:
        begin_stream(self, pad);
        gst_pad_push_event(pad, gst_event_ref(event));
        break;
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
        gst_pad_push_event(pad, gst_event_ref(event));
        break;
    default: /* of the frames alone */
        break;
    }
}
