/* SPDX-License-Identifier: MIT */

/* With GStreamer 1.24 or later: nnctask sees GstAnalytics detections as it sees regions.
 */

#include "task_fixture.h"

#include <gst/analytics/analytics.h>

static void add_detection(GstBuffer *buffer, const char *label)
{
    GstAnalyticsRelationMeta *const relations =
        gst_buffer_add_analytics_relation_meta(buffer);
    GstAnalyticsODMtd detection;

    fail_unless(gst_analytics_relation_meta_add_od_mtd(
        relations, g_quark_from_string(label), 0, 0, 1, 1, 0.9f, &detection));
}

GST_START_TEST(sees_detections)
{
    struct task_fixture fixture;
    GstBuffer *const both = frame_at(66);

    task_open(&fixture, "map=person=people:1.5,car*=v:2 hold=0 decay=0");
    GstBuffer *const detected = frame_at(0);
    add_detection(detected, "person");
    gst_buffer_unref(pass(&fixture, detected));
    pass_frame(&fixture, 33, NULL);
    add_detection(both, "carriage");
    add_region(both, "person");
    gst_buffer_unref(pass(&fixture, both));
    check_record(&fixture, "<gain/people=1.5 seq=1>|<gain/people=1.5 gain/v=2 seq=3>");
    fail_unless_equals_uint64(read_stat(&fixture.element, "labels-matched"), 3);
    task_close(&fixture);
}
GST_END_TEST

/* More than are looked at, beside a classification, which is no detection. */
GST_START_TEST(many_detections)
{
    struct task_fixture fixture;
    GstBuffer *const buffer = frame_at(0);
    GstAnalyticsRelationMeta *const relations =
        gst_buffer_add_analytics_relation_meta(buffer);
    GstAnalyticsODMtd detection;
    GstAnalyticsClsMtd class;

    fail_unless(gst_analytics_relation_meta_add_one_cls_mtd(
        relations, 1.0f, g_quark_from_string("late"), &class));
    for (guint i = 0; i < 1000; i++)
        fail_unless(gst_analytics_relation_meta_add_od_mtd(
            relations, g_quark_from_string(i == 999 ? "late" : "x"), 0, 0, 1, 1, 0.9f,
            &detection));
    task_open(&fixture, "map=late=v:2");
    gst_buffer_unref(pass(&fixture, buffer));
    check_record(&fixture, "|");
    task_close(&fixture);
}
GST_END_TEST

static Suite *task_detections(void)
{
    Suite *const suite = suite_create("task_detections");
    TCase *const kinds = tcase_create("detections");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, sees_detections);
    tcase_add_test(kinds, many_detections);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(task_detections(), "task_detections", __FILE__);
}
