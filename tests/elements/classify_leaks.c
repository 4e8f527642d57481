/* SPDX-License-Identifier: MIT */

/* Runs whole pipelines under GStreamer's leaks tracer (the environment starts it) and
 * asks it afterwards what is still alive. */

#include "element_fixture.h"

static void play(const char *launch)
{
    g_autoptr(GError) error = NULL;
    GstElement *const pipeline = gst_parse_launch(launch, &error);
    GstBus *const bus = gst_element_get_bus(pipeline);

    g_assert_no_error(error);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstMessage *const message = gst_bus_timed_pop_filtered(
        bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless(message);
    fail_unless_equals_int(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
    gst_message_unref(message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
}

static GObject *find_leaks_tracer(void)
{
    GList *const tracers = gst_tracing_get_active_tracers();
    GObject *found = NULL;

    for (GList *l = tracers; l; l = l->next)
        if (g_signal_lookup("get-live-objects", G_OBJECT_TYPE(l->data)))
            found = g_object_ref(l->data);
    g_list_free_full(tracers, gst_object_unref);
    return found;
}

/* The plugin that this test loaded stays for good. */
static gboolean is_leak(const GValue *entry)
{
    const GValue *const object =
        gst_structure_get_value(gst_value_get_structure(entry), "object");

    return !G_VALUE_HOLDS(object, GST_TYPE_PLUGIN) &&
           !G_VALUE_HOLDS(object, GST_TYPE_PLUGIN_FEATURE);
}

/* The list is not freed: in GStreamer 1.22 it does not own the objects that it names, but
 * gives their references back. */
static guint count_live_objects(GObject *tracer)
{
    static GstStructure *info = NULL;
    guint n_leaks = 0;

    g_signal_emit_by_name(tracer, "get-live-objects", &info);
    const GValue *const list = gst_structure_get_value(info, "live-objects-list");
    for (guint i = 0; i < gst_value_list_get_size(list); i++) {
        const GValue *const entry = gst_value_list_get_value(list, i);
        g_autofree gchar *text = g_strdup_value_contents(entry);
        if (is_leak(entry))
            g_printerr("leak %u: %s\n", n_leaks++, text);
    }
    return n_leaks;
}

static void switch_and_fail(void)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_PRESENCE, "post-messages=all");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 20; i++) {
        g_autoptr(GstStructure) task = gst_nnc_task_new(i % 3 ? "a" : "zzz", NULL);
        GstBuffer *const in = noise_buffer(i % 5 ? 2304 : 7, i);
        gst_buffer_add_nnc_task_meta(in, task);
        g_object_set(fixture.element, "cutout", i % 2 ? "b" : "nothing", NULL);
        gst_buffer_unref(classify_buffer(&fixture, in));
    }
    fixture_close(&fixture);
}

GST_START_TEST(nothing_stays_alive)
{
    GObject *const tracer = find_leaks_tracer();
    const char *const launch =
        "videotestsrc num-buffers=30 ! video/x-raw,width=64,height=48 ! tee name=t ! "
        "queue ! nncclassify model=" MODEL_TWO " threads=1 ! videoconvert ! fakesink "
        "t. ! queue ! nncclassify model=" MODEL_TWO " threads=1 cutout=a ! nncjson name=j "
        "location=/dev/full ! fakesink j.json ! queue ! fakesink";
    const char *const tasks =
        "videotestsrc num-buffers=30 ! video/x-raw,width=64,height=48 ! nnctask cutout=a "
        "hear=level=a:2 decay=300 mode=event map=x=y:2 ! nncclassify model=" MODEL_TWO
        " threads=1 ! fakesink audiotestsrc num-buffers=20 ! level ! fakesink";

    fail_unless(tracer, "run with GST_TRACERS=leaks");
    play(launch);
    play(tasks);
    if (gst_registry_check_feature_version(gst_registry_get(), "nncoverlay", 0, 0, 0))
        play("videotestsrc num-buffers=30 ! nncclassify model=" MODEL_TWO
             " threads=1 ! nncoverlay ! fakesink");
    switch_and_fail();
    const guint n = count_live_objects(tracer);
    fail_unless_equals_int(n, 0);
    g_object_unref(tracer);
}
GST_END_TEST

static Suite *classify_leaks(void)
{
    Suite *const suite = suite_create("classify_leaks");
    TCase *const kinds = tcase_create("leaks");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, nothing_stays_alive);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_leaks(), "classify_leaks", __FILE__);
}
