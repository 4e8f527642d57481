/* SPDX-License-Identifier: MIT */

/* The ways to a task other than its two texts: structures with arrays, masks and single
 * gains, events, categories as children, controllers. What frames run is compared with the
 * core, bit for bit. */

#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>

#include "control_fixture.h"

/* --- structures --- */

/* P13 where arrays and types are wrong, P11 and P10 where gains are.
 *
 * The model: a{a1,a2} b{b1,b2}; the properties say b and b=2. `expected` is what must run,
 * NULL if the structure is refused, with a warning that says `said`. */
static const struct {
    const char *task;
    const char *cutout, *attention;
    const char *said;
} structures[] = {
    {"nnc/task, cutout=a", "a", "b=2", NULL},
    {"nnc/task, cutout=\"a,a\"", "a,a", "b=2", NULL}, /* P07 */
    {"nnc/task, cutout=(string)<a1, b>", "a1,b", "b=2", NULL},
    {"nnc/task, cutout=(string){a1, b}", "a1,b", "b=2", NULL},
    {"nnc/task, attention=(string)<\"a=3\", \"b=0.5\">", "b", "a=3,b=0.5", NULL},
    {"nnc/task, attention=(double)<1, 1, 1, 1, 1, 1>", "b", "", NULL},
    {"nnc/task, attention=(double)<1, 1, 1>", NULL, NULL, "got 3 values; expected 6"},
    {"nnc/task, attention=(double)<1, 1, 17, 1, 1, 1>", NULL, NULL, "got the gain 17"},
    {"nnc/task, attention=(int)<1, 1, 1, 1, 1, 1>", "b", "", NULL},
    {"nnc/task, gain/a=3.0", "b", "a=3,b=2", NULL},
    {"nnc/task, gain/a=(int)3, gain/b/b1=0.25", "b", "a=3,b=2,b/b1=0.25", NULL},
    {"nnc/task, gain/b=1.0", "b", "", NULL},
    {"nnc/task, attention=\"a=3\", gain/a=1.5", "b", "a=1.5", NULL},
    {"nnc/task, gain/zzz=3.0", NULL, NULL, "zzz"},
    {"nnc/task, gain/a=-1.0", NULL, NULL, "range 0 to 16"},
    {"nnc/task, gain/a=loud", NULL, NULL, "expected a number"},
    {"nnc/task, mask=(int)<1, 0, 0, 1>", "a/a1,b/b2", "b=2", NULL},
    {"nnc/task, mask=(int)<1, 1, 0, 0>", "a", "b=2", NULL},
    {"nnc/task, mask=(int)<1, 1, 1, 1>", "", "b=2", NULL},
    {"nnc/task, mask=(buffer)01000001", "a/a1,b/b2", "b=2", NULL},
    {"nnc/task, mask=(int)<1, 0, 0>", NULL, NULL, "got 3 values; expected 4"},
    {"nnc/task, mask=(int)<0, 0, 0, 0>", NULL, NULL, "empty selection"},
    {"nnc/task, mask=all", NULL, NULL, "one for every class"},
    {"nnc/task, cutout=a, mask=(int)<0, 0, 0, 1>", "b/b2", "b=2", NULL},
    {"nnc/task, cutout=(int)1", NULL, NULL, "expected a string"},
    {"nnc/task, cutout=(int)<1, 2>", NULL, NULL, "expected a string"},
    {"nnc/task, seq=(guint64)12, later=(boolean)true", "b", "b=2", NULL},
    {"nnc/tusk, cutout=a", NULL, NULL, "expected 'nnc/task'"},
};

GST_START_TEST(structure)
{
    struct fixture fixture;
    g_autoptr(GstStructure) task = parse_task(structures[__i__].task);
    const gboolean accepted = structures[__i__].cutout != NULL;
    guint64 id = 77;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 cutout=b attention=b=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    g_signal_emit_by_name(fixture.element, "set-task", task, &id);
    fail_unless_equals_uint64(id, accepted ? 2 : 0);
    fail_unless_equals_uint64(read_stat(&fixture, "tasks-refused"), !accepted);
    const guint64 ran =
        check_task(&fixture, accepted ? structures[__i__].cutout : "b",
                   accepted ? structures[__i__].attention : "b=2");
    fail_unless_equals_uint64(ran, accepted ? 2 : 1);
    if (!accepted)
        check_refusal(&fixture, structures[__i__].said);
    fixture_close(&fixture);
}
GST_END_TEST

/* P21: before the start nothing can be judged, the start does it. */
GST_START_TEST(structure_before_the_start)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO,
                 "top-k=0 attention=b=2 task=\"nnc/task,mask=(int)<1,0,0,1>,gain/a=3.0\"");
    fixture_set_caps(&fixture, RGB_CAPS);
    check_task(&fixture, "a/a1,b/b2", "a=3,b=2");
    fixture_close(&fixture);
}
GST_END_TEST

/* P12: the gain of what is cut away is kept, and applies when it returns. */
GST_START_TEST(gain_of_what_is_cut_away)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 cutout=a attention=b=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    check_task(&fixture, "a", "b=2");
    g_object_set(fixture.element, "attention", "b/b1=3", NULL);
    check_task(&fixture, "a", "b/b1=3");
    g_object_set(fixture.element, "cutout", "b", NULL);
    check_task(&fixture, "b", "b/b1=3");
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL), 0);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- events and metas --- */

/* The properties say b and b=2. */
static const struct {
    const char *policy;
    const char *event, *meta;
    const char *cutout, *attention;
    guint event_ignored, meta_ignored;
} layers[] = {
    {"merge", NULL, NULL, "b", "b=2", 0, 0},
    {"merge", "nnc/task, cutout=a", NULL, "a", "b=2", 0, 0},
    {"merge", "nnc/task, cutout=a", "nnc/task, cutout=a1", "a1", "b=2", 0, 0},
    {"merge", "nnc/task, cutout=a", "nnc/task, attention=\"a=3\"", "a", "a=3", 0, 0},
    {"merge", "nnc/task, gain/a=4.0", "nnc/task, gain/a1=0.5", "b", "a=4,a/a1=0.5,b=2", 0,
     0},
    {"merge", "nnc/task, gain/a=4.0", "nnc/task, attention=(string)\"\"", "b", "", 0, 0},
    {"merge", "nnc/task, cutout=zzz", NULL, "b", "b=2", 1, 0},
    {"merge", "nnc/task, cutout=a", "nnc/task, cutout=zzz", "a", "b=2", 0, 1},
    {"merge", "nnc/task, cutout=(int)1", "nnc/task, cutout=a2", "a2", "b=2", 1, 0},
    {"replace", "nnc/task, cutout=a", NULL, "a", "", 0, 0},
    {"replace", "nnc/task, cutout=a", "nnc/task, attention=\"a=3\"", "", "a=3", 0, 0},
    {"ignore-meta", "nnc/task, cutout=a", "nnc/task, cutout=a1", "a", "b=2", 0, 0},
    {"ignore-meta", NULL, "nnc/task, cutout=(int)1", "b", "b=2", 0, 0},
};

GST_START_TEST(layer)
{
    struct fixture fixture;
    g_autofree gchar *properties = g_strdup_printf(
        "top-k=0 cutout=b attention=b=2 control-policy=%s", layers[__i__].policy);

    fixture_open(&fixture, MODEL_TWO, properties);
    fixture_set_caps(&fixture, RGB_CAPS);
    if (layers[__i__].event)
        push_event(&fixture, layers[__i__].event, __i__ % 2);
    check_frame(&fixture, with_meta(layers[__i__].meta), layers[__i__].cutout,
                layers[__i__].attention);
    fail_unless_equals_uint64(read_stat(&fixture, "task-event-ignored"),
                              layers[__i__].event_ignored);
    fail_unless_equals_uint64(read_stat(&fixture, "task-meta-ignored"),
                              layers[__i__].meta_ignored);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_WARNING, NULL),
                           layers[__i__].event_ignored + layers[__i__].meta_ignored);
    fixture_close(&fixture);
}
GST_END_TEST

/* An event holds from the next buffer on, until the next event; the properties shine
 * through where it leaves something open. */
GST_START_TEST(events_are_exact_to_the_frame)
{
    struct fixture fixture;
    static const char *const cutouts[] = {"a", "b", "a1", "b2", "a,b1"};
    guint64 ids[G_N_ELEMENTS(cutouts)] = {0};

    fixture_open(&fixture, MODEL_TWO, "top-k=0 attention=b=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 200; i++) {
        const guint which = i * 7 % G_N_ELEMENTS(cutouts);
        g_autofree gchar *task = g_strdup_printf("nnc/task, cutout=\"%s\"", cutouts[which]);
        push_event(&fixture, task, i % 3 == 0);
        const guint64 id = check_frame(&fixture, with_meta(NULL), cutouts[which], "b=2");
        fail_unless(!ids[which] || ids[which] == id); /* from the cache */
        ids[which] = id;
        fail_unless_equals_uint64(
            check_frame(&fixture, with_meta(NULL), cutouts[which], "b=2"), id);
    }
    g_object_set(fixture.element, "attention", "a=3", NULL);
    wait_for_task(&fixture);
    check_frame(&fixture, with_meta(NULL), cutouts[199 * 7 % G_N_ELEMENTS(cutouts)],
                "a=3");
    gst_element_set_state(fixture.element, GST_STATE_NULL);
    gst_element_set_state(fixture.element, GST_STATE_PLAYING);
    gst_harness_set_src_caps_str(fixture.harness, RGB_CAPS);
    /* The last sticky one, which the pad before sends again. */
    check_frame(&fixture, with_meta(NULL), cutouts[198 * 7 % G_N_ELEMENTS(cutouts)],
                "a=3");
    fixture_close(&fixture);
}
GST_END_TEST

/* N05: events go on to elements behind; tasks from downstream end here, good or bad. */
GST_START_TEST(where_events_go)
{
    struct fixture fixture;
    g_autoptr(GstStructure) good = gst_nnc_task_new("a", NULL);
    g_autoptr(GstStructure) bad = gst_nnc_task_new("zzz", NULL);
    guint found = 0;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    push_event(&fixture, "nnc/task, cutout=b", FALSE);
    push_event(&fixture, "nnc/task, cutout=zzz", FALSE);
    for (GstEvent *event; (event = gst_harness_try_pull_event(fixture.harness));) {
        found += gst_nnc_task_event_parse(event) != NULL;
        gst_event_unref(event);
    }
    fail_unless_equals_int(found, 2);
    push_event(&fixture, "nnc/task", FALSE);
    gst_harness_push_upstream_event(
        fixture.harness, gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM,
                                              gst_structure_copy(good)));
    check_task(&fixture, "a", "");
    gst_harness_push_upstream_event(
        fixture.harness, gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM,
                                              gst_structure_copy(bad)));
    fail_unless_equals_uint64(read_stat(&fixture, "tasks-refused"), 1);
    check_task(&fixture, "a", "");
    for (GstEvent *event;
         (event = gst_harness_try_pull_upstream_event(fixture.harness));) {
        fail_if(gst_event_has_name(event, GST_NNC_TASK_NAME));
        gst_event_unref(event);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* --- categories --- */

GST_START_TEST(children_in_gst_launch)
{
    struct fixture fixture;
    gdouble gain = 0.0;
    gboolean active = TRUE;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 a::gain=3 b::b1::gain=0.5 a::a2::active=false");
    fixture_set_caps(&fixture, RGB_CAPS);
    fail_unless_equals_int(
        gst_child_proxy_get_children_count(GST_CHILD_PROXY(fixture.element)), 2);
    check_task(&fixture, "a/a1,b", "a=3,b/b1=0.5");
    gst_child_proxy_get(GST_CHILD_PROXY(fixture.element), "b::b1::gain", &gain,
                        "a::a2::active", &active, NULL);
    fail_unless(gain == 0.5 && !active);
    gst_child_proxy_set(GST_CHILD_PROXY(fixture.element), "a::a2::active", TRUE,
                        "b::active", FALSE, "b::b1::gain", 1.0, NULL);
    check_task(&fixture, "a", "a=3");
    gst_child_proxy_set(GST_CHILD_PROXY(fixture.element), "a::active", FALSE, NULL);
    check_refusal(&fixture, "empty selection");
    check_task(&fixture, "a", "a=3");
    fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(children_and_texts_are_one_task)
{
    struct fixture fixture;
    g_autofree gchar *attention = NULL, *path = NULL;
    gdouble gain;

    fixture_open(&fixture, MODEL_PRESENCE, "top-k=0 attention=aa=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstChildProxy *const proxy = GST_CHILD_PROXY(fixture.element);
    gst_child_proxy_set(proxy, "a::aa::aa1::gain", 4.0, NULL);
    g_object_get(fixture.element, "attention", &attention, NULL);
    fail_unless_equals_string(attention, "a/aa=2,a/aa/aa1=4");
    check_task(&fixture, "", attention);
    const guint64 accepted = read_stat(&fixture, "tasks-accepted");
    gst_child_proxy_set(proxy, "a::aa::aa1::gain", 4.0, NULL); /* nothing new */
    fail_unless_equals_uint64(read_stat(&fixture, "tasks-accepted"), accepted);
    g_object_set(fixture.element, "attention", "b=3", NULL);
    gst_child_proxy_get(proxy, "a::aa::aa1::gain", &gain, NULL);
    fail_unless(gain == 1.0);
    gst_child_proxy_get(proxy, "b::gain", &gain, "a::aa::path", &path, NULL);
    fail_unless(gain == 3.0);
    fail_unless_equals_string(path, "a/aa");
    fail_if(gst_child_proxy_lookup(proxy, "zzz::gain", NULL, NULL));
    fixture_close(&fixture);
}
GST_END_TEST

/* A category outlives its element and does nothing then. */
GST_START_TEST(child_without_element)
{
    GstElement *const element = gst_element_factory_make("nncclassify", NULL);

    fail_unless_equals_int(gst_child_proxy_get_children_count(GST_CHILD_PROXY(element)),
                           0);
    g_object_set(element, "model", MODEL_TWO, NULL);
    GObject *const child =
        gst_child_proxy_get_child_by_name(GST_CHILD_PROXY(element), "a");
    fail_unless(child);
    g_object_set(element, "model", "/nowhere", NULL);
    fail_unless_equals_int(gst_child_proxy_get_children_count(GST_CHILD_PROXY(element)),
                           0);
    g_object_set(child, "gain", 2.0, "active", FALSE, NULL);
    gst_object_unref(element);
    g_object_set(child, "gain", 3.0, NULL);
    g_object_unref(child);
}
GST_END_TEST

/* --- controllers --- */

static void control(GObject *child, gdouble from, gdouble to)
{
    GstControlSource *const source = gst_interpolation_control_source_new();
    GstTimedValueControlSource *const points = GST_TIMED_VALUE_CONTROL_SOURCE(source);

    g_object_set(source, "mode", GST_INTERPOLATION_MODE_LINEAR, NULL);
    gst_timed_value_control_source_set(points, 0, from);
    gst_timed_value_control_source_set(points, 4 * GST_SECOND, to);
    gst_object_add_control_binding(
        GST_OBJECT(child),
        gst_direct_control_binding_new_absolute(GST_OBJECT(child), "gain", source));
    gst_object_unref(source);
}

GST_START_TEST(controlled_gains_hold_for_their_frame)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 cutout=a");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstChildProxy *const proxy = GST_CHILD_PROXY(fixture.element);
    g_autoptr(GObject) a = gst_child_proxy_get_child_by_name(proxy, "a");
    g_autoptr(GObject) a1 =
        gst_child_proxy_get_child_by_name(GST_CHILD_PROXY(a), "a1");
    control(a, 0.0, 4.0);
    control(a1, 4.0, 0.0);
    for (guint i = 0; i <= 4; i++) {
        static const char *const texts[] = {"a=0,a/a1=4", "a/a1=3", "a=2,a/a1=2",
                                            "a=3", "a=4,a/a1=0"};
        GstBuffer *const in = noise_buffer(FRAME_BYTES, 5);
        GST_BUFFER_PTS(in) = i * GST_SECOND;
        /* Both gains are one change of the task. */
        fail_unless_equals_uint64(check_frame(&fixture, in, "a", texts[i]), i + 2);
    }
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_control(void)
{
    Suite *const suite = suite_create("classify_control");
    TCase *const kinds = tcase_create("control");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, structure, 0, G_N_ELEMENTS(structures));
    tcase_add_test(kinds, structure_before_the_start);
    tcase_add_test(kinds, gain_of_what_is_cut_away);
    tcase_add_loop_test(kinds, layer, 0, G_N_ELEMENTS(layers));
    tcase_add_test(kinds, events_are_exact_to_the_frame);
    tcase_add_test(kinds, where_events_go);
    tcase_add_test(kinds, children_in_gst_launch);
    tcase_add_test(kinds, children_and_texts_are_one_task);
    tcase_add_test(kinds, child_without_element);
    tcase_add_test(kinds, controlled_gains_hold_for_their_frame);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_control(), "classify_control", __FILE__);
}
