/* SPDX-License-Identifier: MIT */

#include "control_fixture.h"

#include <string.h>

/* Classifies one frame, checks it against the core and what its task says in words;
 * answers the task's number. */
guint64 check_frame(struct fixture *fixture, GstBuffer *in, const char *cutout,
                           const char *attention)
{
    g_autoptr(GstBuffer) same = noise_buffer(FRAME_BYTES, 5);
    g_autoptr(GstBuffer) out = classify_buffer(fixture, in);
    const GstNncPrediction *const prediction = gst_buffer_get_nnc_prediction(out, NULL);
    GstMapInfo map;

    fail_unless_equals_string(gst_nnc_prediction_get_cutout(prediction), cutout);
    fail_unless_equals_string(gst_nnc_prediction_get_attention(prediction), attention);
    gst_buffer_map(same, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data);
    check_against_core(fixture, prediction, &image);
    gst_buffer_unmap(same, &map);
    return gst_nnc_prediction_get_task_id(prediction);
}

guint64 check_task(struct fixture *fixture, const char *cutout,
                          const char *attention)
{
    wait_for_task(fixture);
    return check_frame(fixture, noise_buffer(FRAME_BYTES, 5), cutout, attention);
}

GstStructure *parse_task(const char *text)
{
    GstStructure *const structure = gst_structure_from_string(text, NULL);

    fail_unless(structure, "%s", text);
    return structure;
}

void check_refusal(struct fixture *fixture, const char *said)
{
    g_autofree gchar *text = NULL;

    fail_unless_equals_int(count_messages(fixture, GST_MESSAGE_WARNING, &text), 1);
    fail_unless(strstr(text, said), "'%s' does not say '%s'", text, said);
}

void push_event(struct fixture *fixture, const char *task, gboolean sticky)
{
    g_autoptr(GstStructure) structure = parse_task(task);

    fail_unless(gst_harness_push_event(fixture->harness,
                                       gst_nnc_task_event_new(structure, sticky)));
}

GstBuffer *with_meta(const char *task)
{
    GstBuffer *const buffer = noise_buffer(FRAME_BYTES, 5);

    if (task) {
        g_autoptr(GstStructure) structure = parse_task(task);
        gst_buffer_add_nnc_task_meta(buffer, structure);
    }
    return buffer;
}
