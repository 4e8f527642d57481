/* SPDX-License-Identifier: MIT */

/* Under tracers: GStreamer's `latency` (the environment starts it) sees the element as it
 * sees others, and our own `nnc` leaves one record for each run of a network. */

#define GST_USE_UNSTABLE_API
#include "element_fixture.h"

#include <gst/gsttracerfactory.h>

#include <pthread.h>
#include <string.h>

#define N_FRAMES 12

/* --- the log --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *lines; /* lock: what tracers said */

static void keep_line(GstDebugCategory *category, GstDebugLevel level, const gchar *file,
                      const gchar *function, gint line, GObject *object,
                      GstDebugMessage *message, gpointer data)
{
    if (g_strcmp0(gst_debug_category_get_name(category), "GST_TRACER") ||
        level != GST_LEVEL_TRACE)
        return;
    pthread_mutex_lock(&lock);
    g_ptr_array_add(lines, g_strdup(gst_debug_message_get(message)));
    pthread_mutex_unlock(&lock);
}

/* The records that begin with `record` and speak of `element`; the last one of them. */
static guint count_records(const gchar *record, const gchar *element, const gchar **last)
{
    g_autofree gchar *name = g_strdup_printf("element=(string)%s,", element);
    g_autofree gchar *start = g_strdup_printf("%s, ", record);
    guint n = 0;

    for (guint i = 0; i < lines->len; i++) {
        const gchar *const line = g_ptr_array_index(lines, i);
        if (!g_str_has_prefix(line, start) || !strstr(line, name))
            continue;
        *last = line;
        n++;
    }
    return n;
}

static void run_pipeline(const gchar *properties)
{
    g_autofree gchar *launch = g_strdup_printf(
        "videotestsrc num-buffers=%d ! video/x-raw,width=32,height=24 ! nncclassify "
        "name=classifier model=" MODEL_TWO " threads=1 %s ! fakesink",
        N_FRAMES, properties);
    GstElement *const pipeline = gst_parse_launch(launch, NULL);
    GstBus *const bus = gst_element_get_bus(pipeline);

    g_ptr_array_set_size(lines, 0);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_autoptr(GstMessage) end = gst_bus_timed_pop_filtered(
        bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless(end && GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
}

/* --- tests --- */

GST_START_TEST(latency_tracer)
{
    const gchar *last = NULL;
    guint64 time;

    run_pipeline("");
    fail_unless_equals_int(count_records("element-latency", "classifier", &last),
                           N_FRAMES);
    g_autoptr(GstStructure) record = gst_structure_from_string(last, NULL);
    fail_unless(gst_structure_get_uint64(record, "time", &time) && time > 0, "%s", last);
}
GST_END_TEST

static GstTracer *start_tracer(void)
{
    g_autoptr(GstPluginFeature) feature =
        gst_registry_find_feature(gst_registry_get(), "nnc", GST_TYPE_TRACER_FACTORY);
    g_autoptr(GstPluginFeature) loaded = gst_plugin_feature_load(feature);

    return g_object_new(gst_tracer_factory_get_tracer_type(GST_TRACER_FACTORY(loaded)),
                        NULL);
}

GST_START_TEST(tracer_of_our_own)
{
    const gchar *last = NULL;
    guint64 number;
    gdouble probability;
    gint id;

    run_pipeline("");
    fail_unless_equals_int(count_records("nnc-inference", "classifier", &last), 0);
    GstTracer *const tracer = start_tracer();
    run_pipeline("interval=1");
    fail_unless_equals_int(count_records("nnc-inference", "classifier", &last),
                           N_FRAMES / 2);
    g_autoptr(GstStructure) record = gst_structure_from_string(last, NULL);
    fail_unless(gst_structure_get_uint64(record, "task-id", &number) && number == 1, "%s",
                last);
    fail_unless(gst_structure_get_uint64(record, "inference", &number) && number > 0);
    fail_unless(gst_structure_get_uint64(record, "source-pts", &number) && number > 0);
    fail_unless(gst_structure_get_double(record, "probability", &probability) &&
                probability > 0.0);
    fail_unless(gst_structure_get_int(record, "region-id", &id) && id == -1);
    fail_unless(strchr(gst_structure_get_string(record, "class"), '/'));
    gst_object_unref(tracer);
}
GST_END_TEST

/* The latency tracer of 1.26 stops every pipeline, `videotestsrc ! fakesink` too: it asks
 * for the parent of a pad that is locked. */
static gboolean latency_tracer_hangs(void)
{
    guint major, minor, micro, nano;

    gst_version(&major, &minor, &micro, &nano);
    return major == 1 && (minor == 25 || minor == 26);
}

static Suite *classify_tracers(void)
{
    Suite *const suite = suite_create("classify_tracers");
    TCase *const kinds = tcase_create("tracers");

    suite_add_tcase(suite, kinds);
    if (latency_tracer_hangs())
        g_print("not tried: GStreamer's own tracer 'latency', which hangs in this release\n");
    else
        tcase_add_test(kinds, latency_tracer);
    tcase_add_test(kinds, tracer_of_our_own);
    return suite;
}

int main(int argc, char **argv)
{
    if (latency_tracer_hangs())
        g_unsetenv("GST_TRACERS");
    load_plugin(&argc, &argv);
    lines = g_ptr_array_new_with_free_func(g_free);
    gst_debug_remove_log_function(gst_debug_log_default);
    gst_debug_add_log_function(keep_line, NULL, NULL);
    gst_debug_set_threshold_for_name("GST_TRACER", GST_LEVEL_TRACE);
    return gst_check_run_suite(classify_tracers(), "classify_tracers", __FILE__);
}
