/* SPDX-License-Identifier: MIT */

#include "watch_gate.h"

static GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct watch_gate *const gate = data;
    const GstClockTime time = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
    const GstClockTime period = gate->period, due = gate->next_time;

    atomic_fetch_add(&gate->n_frames, 1);
    if (!period || !GST_CLOCK_TIME_IS_VALID(time))
        return GST_PAD_PROBE_OK;
    const gboolean jumped =
        !GST_CLOCK_TIME_IS_VALID(due) || time + period < due || time > due + period;
    if (!jumped && time < due)
        return GST_PAD_PROBE_DROP;
    gate->next_time = (jumped ? time : due) + period;
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn on_event(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct watch_gate *const gate = data;

    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS ||
        atomic_load(&gate->is_open))
        return GST_PAD_PROBE_OK;
    gst_element_post_message(
        gate->element, gst_message_new_element(GST_OBJECT(gate->element),
                                               gst_structure_new_empty(WATCH_GATE_END)));
    return GST_PAD_PROBE_DROP;
}

void watch_gate_init(struct watch_gate *gate, GstElement *element, gdouble fps)
{
    gate->element = element;
    gate->pad = gst_element_get_static_pad(element, "sink");
    gate->period = fps > 0.0 ? (GstClockTime)(GST_SECOND / fps) : 0;
    gate->next_time = GST_CLOCK_TIME_NONE;
    gst_pad_add_probe(gate->pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, gate, NULL);
    gst_pad_add_probe(gate->pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, gate,
                      NULL);
}

void watch_gate_finish(struct watch_gate *gate)
{
    gst_clear_object(&gate->pad);
}

/* In a thread of its own, which may wait for the frames that are before it. */
static void push_end(GstElement *element, gpointer data)
{
    g_autoptr(GstPad) pad = gst_element_get_static_pad(element, "sink");

    gst_pad_send_event(pad, gst_event_new_eos());
}

void watch_gate_let_end_pass(struct watch_gate *gate)
{
    atomic_store(&gate->is_open, TRUE);
    gst_element_call_async(gate->element, push_end, NULL, NULL);
}
