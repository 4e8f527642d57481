/* SPDX-License-Identifier: MIT */

/* The element's properties: what gst-inspect says of them, what bad values get, and that
 * the task of a getter is always one that was set as a whole. */

#include "element_fixture.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    GParamFlags flags;
} declared[] = {
    {"model", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"threads", GST_PARAM_MUTABLE_READY | G_PARAM_READWRITE},
    {"precision", GST_PARAM_MUTABLE_READY | G_PARAM_READWRITE},
    {"cutout", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"attention", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"task", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"top-k", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"threshold", GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE | G_PARAM_READWRITE},
    {"interval", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"preset-file", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"preset", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"control-policy", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"post-messages", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"qos", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"region", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"crop", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"crop-x", GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE | G_PARAM_READWRITE},
    {"crop-y", GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE | G_PARAM_READWRITE},
    {"crop-width", GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE | G_PARAM_READWRITE},
    {"crop-height", GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE | G_PARAM_READWRITE},
    {"center-share", GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE | G_PARAM_READWRITE},
    {"roi-labels", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"max-rois", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"min-roi-size", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"hold", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"async", GST_PARAM_MUTABLE_READY | G_PARAM_READWRITE},
    {"processing-latency", GST_PARAM_MUTABLE_PLAYING | G_PARAM_READWRITE},
    {"taxonomy", G_PARAM_READABLE},
    {"stats", G_PARAM_READABLE},
    {"active-params", G_PARAM_READABLE},
    {"active-macs", G_PARAM_READABLE},
    {"total-params", G_PARAM_READABLE},
    {"total-macs", G_PARAM_READABLE},
};

GST_START_TEST(flags)
{
    const GParamFlags all = G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY |
                            GST_PARAM_MUTABLE_PAUSED | GST_PARAM_MUTABLE_PLAYING |
                            GST_PARAM_CONTROLLABLE;
    GstElement *const element = gst_element_factory_make("nncclassify", NULL);
    GstElementFactory *const factory = gst_element_get_factory(element);

    for (guint i = 0; i < G_N_ELEMENTS(declared); i++) {
        const GParamSpec *const spec =
            g_object_class_find_property(G_OBJECT_GET_CLASS(element), declared[i].name);
        fail_unless(spec, "no property '%s'", declared[i].name);
        fail_unless((spec->flags & all) == declared[i].flags, "%s", declared[i].name);
        fail_unless(*g_param_spec_get_blurb((GParamSpec *)spec));
    }
    fail_unless_equals_string(
        gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS),
        "Filter/Analyzer/Video");
    fail_unless_equals_int(gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)),
                           GST_RANK_NONE);
    gst_object_unref(element);
}
GST_END_TEST

GST_START_TEST(facts)
{
    struct fixture fixture;
    guint64 active, total, active_macs, total_macs;
    g_autofree gchar *taxonomy = NULL;
    g_autoptr(GstStructure) stats = NULL;

    fixture_open(&fixture, MODEL_TWO, "cutout=a");
    g_object_get(fixture.element, "active-params", &active, "total-params", &total,
                 "active-macs", &active_macs, "total-macs", &total_macs, "taxonomy",
                 &taxonomy, "stats", &stats, NULL);
    const struct nnc_cost cost = nnc_model_cost(fixture.model);
    fail_unless_equals_uint64(total, cost.params);
    fail_unless_equals_uint64(total_macs, cost.macs);
    fail_unless(active > 0 && active < total);
    fail_unless(active_macs > 0 && active_macs < total_macs);
    fail_unless(strstr(taxonomy, "\"path\":\"a/a1\""), "%s", taxonomy);
    fail_unless_equals_uint64(read_stat(&fixture, "task-id"), 1);
    fail_unless_equals_string(gst_structure_get_string(stats, "backend"), "native");
    fail_unless_equals_string(gst_structure_get_string(stats, "isa"),
                              nnc_isa_name(nnc_model_isa(fixture.model)));
    fixture_close(&fixture);
}
GST_END_TEST

/* --- bad values --- */

static const struct {
    const char *row; /* of the list of bad inputs */
    const char *property, *good, *bad;
    const char *named; /* in the warning */
} refused[] = {
    {"P03", "cutout", "a", "a11", "a1"},
    {"P03", "cutout", "b/b1", "b/bb1", "b1"},
    {"P04", "cutout", "-a", "-a,-b", "empty"},
    {"P06", "cutout", "a1", "a1,\x01", "x01"},
    {"P06", "cutout", "a1", "\xff\xfe", ""},
    {"P08", "attention", "a=2", "a=nan", "finite"},
    {"P09", "attention", "a=2", "a=inf", "finite"},
    {"P09", "attention", "a=2", "a=-inf", "finite"},
    {"P10", "attention", "a=2", "a=-0.1", "16"},
    {"P10", "attention", "a=2", "a=16.1", "16"},
    {"P10", "attention", "a=2", "a=17", "16"},
    {"P10", "attention", "a=2", "a=1e30", "16"},
    {"P11", "attention", "a=2", "c=1", "c"},
    {"P20", "attention", "a=2", "a", "a"},
};

static void check_refused(struct fixture *fixture, guint row)
{
    const char *const property = refused[row].property;
    g_autofree gchar *text = NULL, *value = NULL;

    g_object_set(fixture->element, property, refused[row].good, NULL);
    fail_unless_equals_int(count_messages(fixture, GST_MESSAGE_WARNING, NULL), 0);
    wait_for_task(fixture);
    const guint64 id = read_stat(fixture, "task-id");
    g_object_set(fixture->element, property, refused[row].bad, NULL);
    g_object_get(fixture->element, property, &value, NULL);
    fail_unless_equals_string(value, refused[row].good);
    fail_unless_equals_int(count_messages(fixture, GST_MESSAGE_WARNING, &text), 1);
    fail_unless(strstr(text, refused[row].named) &&
                    g_str_has_prefix(text, "gst-library-error-quark/5"),
                "%s, row %u: %s", refused[row].row, row, text);
    fail_unless(g_utf8_validate(text, -1, NULL));
    fail_unless_equals_uint64(read_stat(fixture, "last-task-id"), id);
}

GST_START_TEST(bad_values)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        check_refused(&fixture, i);
    fail_unless_equals_uint64(read_stat(&fixture, "tasks-refused"),
                              G_N_ELEMENTS(refused));
    fixture_close(&fixture);
}
GST_END_TEST

/* P05: one byte too many, and a mebibyte. */
GST_START_TEST(text_too_long)
{
    static const gsize sizes[] = {4097, 1 << 20};
    struct fixture fixture;
    g_autofree gchar *value = NULL, *text = NULL;

    fixture_open(&fixture, MODEL_TWO, "cutout=a");
    g_autofree gchar *spaces = g_strnfill(sizes[__i__], 'a');
    g_object_set(fixture.element, "cutout", spaces, NULL);
    g_object_get(fixture.element, "cutout", &value, NULL);
    fail_unless_equals_string(value, "a");
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, &text), 1);
    fail_unless(strstr(text, "4096"), "%s", text);
    fixture_close(&fixture);
}
GST_END_TEST

/* P13: the wrong types; P03 and P11: both halves, or none. */
static const char *const bad_tasks[] = {
    "nnc/task, cutout=(int)5",      "nnc/task, cutout=(string)a, attention=(double)2.0",
    "nnc/task, cutout=(string)zzz", "nnc/task, cutout=(string)a, attention=(string)zzz=1",
    "other, cutout=(string)a",
};

GST_START_TEST(bad_task_structures)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "cutout=b attention=b=2");
    for (guint i = 0; i < G_N_ELEMENTS(bad_tasks); i++) {
        g_autoptr(GstStructure) bad = gst_structure_from_string(bad_tasks[i], NULL);
        g_autofree gchar *cutout = NULL, *attention = NULL;
        g_object_set(fixture.element, "task", bad, NULL);
        g_object_get(fixture.element, "cutout", &cutout, "attention", &attention, NULL);
        fail_unless_equals_string(cutout, "b");
        fail_unless_equals_string(attention, "b=2");
        fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL), 1);
    }
    g_object_set(fixture.element, "task", NULL, NULL);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL), 1);
    fixture_close(&fixture);
}
GST_END_TEST

/* As gst-launch-1.0 takes it. */
GST_START_TEST(task_as_text)
{
    struct fixture fixture;
    g_autofree gchar *cutout = NULL, *attention = NULL;

    fixture_open(&fixture, MODEL_TWO,
                 "task=\"nnc/task,cutout=(string)b/b1,attention=(string)\\\"b=2\\\";\"");
    g_object_get(fixture.element, "cutout", &cutout, "attention", &attention, NULL);
    fail_unless_equals_string(cutout, "b/b1");
    fail_unless_equals_string(attention, "b=2");
    fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(half_a_task)
{
    struct fixture fixture;
    g_autoptr(GstStructure) half = gst_nnc_task_new(NULL, "a=3");
    g_autoptr(GstStructure) whole = NULL;

    fixture_open(&fixture, MODEL_TWO, "cutout=a attention=b=2");
    g_object_set(fixture.element, "task", half, NULL);
    g_object_get(fixture.element, "task", &whole, NULL);
    fail_unless_equals_string(gst_structure_get_string(whole, "cutout"), "a");
    fail_unless_equals_string(gst_structure_get_string(whole, "attention"), "a=3");
    fail_unless_equals_uint64(read_stat(&fixture, "last-task-id"), 2);
    fixture_close(&fixture);
}
GST_END_TEST

/* P14 */
GST_START_TEST(fixed_while_running)
{
    struct fixture fixture;
    guint threads;

    fixture_open(&fixture, MODEL_TWO, NULL);
    g_object_set(fixture.element, "threads", 7, NULL);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL), 1);
    g_object_get(fixture.element, "threads", &threads, NULL);
    fail_unless_equals_int(threads, 1);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- precision --- */

#define MODEL_QUANTISED NNC_GOLDEN_DIR "/../quantised/quantised_u8.onnx"

static gboolean core_can(const char *path, enum nnc_precision precision)
{
    const struct nnc_model_options options = {.precision = precision};
    struct nnc_model *model = NULL;
    struct nnc_error error;
    const gboolean can = nnc_model_open(path, &options, &model, &error) == NNC_OK;

    nnc_model_unref(model);
    return can;
}

GST_START_TEST(precision_in_use)
{
    static const struct {
        const char *name;
        enum nnc_precision precision;
    } rows[] = {{"fp32", NNC_PRECISION_FP32},
                {"bf16", NNC_PRECISION_BF16},
                {"int8", NNC_PRECISION_INT8}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fixture fixture;
        g_autofree gchar *properties = g_strdup_printf("precision=%s", rows[i].name);
        g_autoptr(GstStructure) stats = NULL;
        gint value;
        if (!core_can(MODEL_QUANTISED, rows[i].precision))
            continue; /* this processor cannot */
        fixture_open(&fixture, MODEL_QUANTISED, properties);
        fixture_set_caps(&fixture, RGB_CAPS);
        gst_buffer_unref(classify_buffer(&fixture, noise_buffer(2304, 5)));
        g_object_get(fixture.element, "stats", &stats, "precision", &value, NULL);
        fail_unless_equals_string(gst_structure_get_string(stats, "precision"), rows[i].name);
        fail_unless_equals_int(value, (gint)rows[i].precision);
        g_object_set(fixture.element, "precision", NNC_PRECISION_BF16, NULL);
        fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL), 1);
        fixture_close(&fixture);
    }
}
GST_END_TEST

/* Refused at the start: by a processor without the kernels, or for want of a quantised
 * model; both say the name of the precision. */
GST_START_TEST(precision_refused)
{
    GstElement *const element = gst_element_factory_make("nncclassify", NULL);
    GstBus *const bus = gst_bus_new();
    g_autoptr(GError) error = NULL;

    gst_element_set_bus(element, bus);
    g_object_set(element, "model", MODEL_TWO, NULL);
    gst_util_set_object_arg(G_OBJECT(element), "precision", "int8");
    fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_FAILURE);
    g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    fail_unless(message != NULL);
    gst_message_parse_error(message, &error, NULL);
    fail_unless(strstr(error->message, "precision 'int8' needs"), "%s", error->message);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, NULL);
    gst_object_unref(bus);
    gst_object_unref(element);
}
GST_END_TEST

/* --- whole values, and setting from everywhere --- */

static gpointer set_tasks(gpointer data)
{
    struct fixture *const fixture = data;

    for (guint i = 0; i < often(3000); i++) {
        g_autofree gchar *attention = g_strdup_printf("a=%u.5", i % 16);
        g_autoptr(GstStructure) task = gst_nnc_task_new(i % 2 ? "a" : "b", attention);
        /* Even gains belong to b, odd ones to a. */
        g_object_set(fixture->element, "task", task, NULL);
    }
    return NULL;
}

/* P15, P19 */
GST_START_TEST(getters_see_whole_tasks)
{
    struct fixture fixture;
    guint gain;

    fixture_open(&fixture, MODEL_TWO, "cutout=b attention=a=0.5");
    GThread *const thread = g_thread_new("setter", set_tasks, &fixture);
    for (guint i = 0; i < often(20000); i++) {
        g_autoptr(GstStructure) task = NULL;
        g_object_get(fixture.element, "task", &task, NULL);
        fail_unless_equals_int(
            sscanf(gst_structure_get_string(task, "attention"), "a=%u.5", &gain), 1);
        fail_unless_equals_string(gst_structure_get_string(task, "cutout"),
                                  gain % 2 ? "a" : "b");
    }
    g_thread_join(thread);
    fixture_close(&fixture);
}
GST_END_TEST

static GstPadProbeReturn set_in_stream(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct fixture *const fixture = data;

    g_object_set(fixture->element, "cutout", "b", "attention", "b=2", NULL);
    return GST_PAD_PROBE_OK;
}

/* P17 */
GST_START_TEST(set_from_the_streaming_thread)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    GstPad *const pad = gst_element_get_static_pad(fixture.element, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, set_in_stream, &fixture, NULL);
    for (guint i = 0; i < 50; i++)
        gst_buffer_unref(classify_buffer(&fixture, noise_buffer(2304, i)));
    gst_object_unref(pad);
    fixture_close(&fixture);
}
GST_END_TEST

static void set_again(GObject *object, GParamSpec *spec, gpointer depth)
{
    if (++*(guint *)depth < 3)
        g_object_set(object, "cutout", "b", NULL);
}

/* P18 */
GST_START_TEST(set_from_notify)
{
    struct fixture fixture;
    g_autofree gchar *value = NULL;
    guint depth = 0;

    fixture_open(&fixture, MODEL_TWO, NULL);
    g_signal_connect(fixture.element, "notify::cutout", G_CALLBACK(set_again), &depth);
    g_object_set(fixture.element, "cutout", "a", NULL);
    g_object_get(fixture.element, "cutout", &value, NULL);
    fail_unless_equals_string(value, "b");
    fixture_close(&fixture);
}
GST_END_TEST

/* --- what a prediction lists, and messages --- */

GST_START_TEST(top_k_and_threshold)
{
    static const struct {
        const char *properties;
        guint n;
    } rows[] = {{"top-k=0", 4}, {"top-k=2", 2}, {"top-k=99", 4}, {"threshold=1.0", 0}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fixture fixture;
        fixture_open(&fixture, MODEL_TWO, rows[i].properties);
        fixture_set_caps(&fixture, RGB_CAPS);
        GstBuffer *const out = classify_buffer(&fixture, noise_buffer(2304, 1));
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        gfloat sum = 0.0f, part;
        fail_unless_equals_int(gst_nnc_prediction_get_n_classes(made), rows[i].n);
        for (guint c = 0; c < 6; c += 3) { /* a, b: all classes, whatever is listed */
            fail_unless(gst_nnc_prediction_get_category_probability(made, c, &part));
            sum += part;
        }
        fail_unless(sum > 0.9999f && sum < 1.0001f);
        gst_buffer_unref(out);
        fixture_close(&fixture);
    }
}
GST_END_TEST

GST_START_TEST(messages)
{
    static const struct {
        const char *properties;
        guint n;
    } rows[] = {{NULL, 0}, {"post-messages=change", 1}, {"post-messages=all", 4}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fixture fixture;
        fixture_open(&fixture, MODEL_PRESENCE, rows[i].properties);
        fixture_set_caps(&fixture, RGB_CAPS);
        for (guint frame = 0; frame < 4; frame++)
            gst_buffer_unref(classify_buffer(&fixture, noise_buffer(2304, 5)));
        fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_ELEMENT, NULL),
                               rows[i].n);
        fixture_close(&fixture);
    }
}
GST_END_TEST

static Suite *classify_properties(void)
{
    Suite *const suite = suite_create("classify_properties");
    TCase *const kinds = tcase_create("properties");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, flags);
    tcase_add_test(kinds, facts);
    tcase_add_test(kinds, bad_values);
    tcase_add_loop_test(kinds, text_too_long, 0, 2);
    tcase_add_test(kinds, bad_task_structures);
    tcase_add_test(kinds, task_as_text);
    tcase_add_test(kinds, half_a_task);
    tcase_add_test(kinds, fixed_while_running);
    tcase_add_test(kinds, precision_in_use);
    tcase_add_test(kinds, precision_refused);
    tcase_add_test(kinds, getters_see_whole_tasks);
    tcase_add_test(kinds, set_from_the_streaming_thread);
    tcase_add_test(kinds, set_from_notify);
    tcase_add_test(kinds, top_k_and_threshold);
    tcase_add_test(kinds, messages);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_properties(), "classify_properties", __FILE__);
}
