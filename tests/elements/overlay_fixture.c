/* SPDX-License-Identifier: MIT */

/* See overlay_fixture.h. */

#include "overlay_fixture.h"

GstBuffer *grey_frame(GstClockTime pts, gsize size)
{
    GstBuffer *const buffer = gst_buffer_new_allocate(NULL, size, NULL);

    gst_buffer_memset(buffer, 0, 0x80, size);
    GST_BUFFER_PTS(buffer) = pts;
    return buffer;
}

gboolean is_grey(GstBuffer *buffer)
{
    GstMapInfo map;
    gboolean grey = TRUE;

    fail_unless(gst_buffer_map(buffer, &map, GST_MAP_READ));
    for (gsize i = 0; i < map.size && grey; i++)
        grey = map.data[i] == 0x80;
    gst_buffer_unmap(buffer, &map);
    return grey;
}

gboolean overlay_draws(GstHarness *harness, GstClockTime pts,
                       GstNncPrediction *prediction)
{
    GstBuffer *const buffer = grey_frame(pts, OVERLAY_SIZE);

    if (prediction)
        give_prediction(buffer, prediction);
    GstBuffer *const out = gst_harness_push_and_pull(harness, buffer);
    const gboolean drawn = !is_grey(out);
    gst_buffer_unref(out);
    return drawn;
}

GstHarness *open_overlay(const char *properties)
{
    g_autofree gchar *launch = g_strdup_printf("nncoverlay name=o %s", properties);
    GstHarness *const harness = gst_harness_new_parse(launch);

    gst_harness_set_src_caps_str(harness, OVERLAY_CAPS);
    return harness;
}
