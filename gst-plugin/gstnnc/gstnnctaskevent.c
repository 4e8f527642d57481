/* SPDX-License-Identifier: MIT */

/* Tasks that travel with the buffers: a custom downstream event whose structure is the
 * task itself. */

#include <gstnnc/gstnnctaskevent.h>

#include <gstnnc/gstnnctask.h>

/**
 * gst_nnc_task_event_new:
 * @task: (transfer none): a structure as gst_nnc_task_new() makes it; it is copied
 * @sticky: whether pads keep the event, so that an element which is linked later gets it,
 *   too
 *
 * A task in order with the buffers: it holds from the next buffer on, until another event
 * comes. Push it on a source pad, or send it to an element's sink pad.
 *
 * Returns: (transfer full): a serialized downstream event
 *
 * Since: 0.1
 */
GstEvent *gst_nnc_task_event_new(const GstStructure *task, gboolean sticky)
{
    g_return_val_if_fail(task, NULL);
    return gst_event_new_custom(sticky ? GST_EVENT_CUSTOM_DOWNSTREAM_STICKY
                                       : GST_EVENT_CUSTOM_DOWNSTREAM,
                                gst_structure_copy(task));
}

/**
 * gst_nnc_task_event_parse:
 * @event: an event
 *
 * Returns: (nullable) (transfer none): the task that @event carries, or %NULL if it is
 *   another kind of event. Whether the task's fields make sense is not checked here.
 *
 * Since: 0.1
 */
const GstStructure *gst_nnc_task_event_parse(GstEvent *event)
{
    g_return_val_if_fail(GST_IS_EVENT(event), NULL);
    const gboolean custom = GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM ||
                            GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM_STICKY;

    return custom && gst_event_has_name(event, GST_NNC_TASK_NAME)
               ? gst_event_get_structure(event)
               : NULL;
}
