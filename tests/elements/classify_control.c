/* SPDX-License-Identifier: MIT */

/* The ways to a task other than its two texts: structures with arrays, masks and single
 * gains, events, categories as children, controllers, action signals; and another model
 * while frames flow. What frames run is compared with the core, bit for bit. */

#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>

#include <glib/gstdio.h>

#include "element_fixture.h"

#include <string.h>

#define FRAME_BYTES 2304

/* Classifies one frame, checks it against the core and what its task says in words;
 * answers the task's number. */
static guint64 check_frame(struct fixture *fixture, GstBuffer *in, const char *cutout,
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

static guint64 check_task(struct fixture *fixture, const char *cutout,
                          const char *attention)
{
    wait_for_task(fixture);
    return check_frame(fixture, noise_buffer(FRAME_BYTES, 5), cutout, attention);
}

static GstStructure *parse(const char *text)
{
    GstStructure *const structure = gst_structure_from_string(text, NULL);

    fail_unless(structure, "%s", text);
    return structure;
}

/* --- structures --- */

/* The model: a{a1,a2} b{b1,b2}; the properties say b and b=2. `expected` is what must run,
 * NULL if the structure is refused, with a warning that says `said`. */
static const struct {
    const char *task;
    const char *cutout, *attention;
    const char *said;
} structures[] = {
    {"nnc/task, cutout=a", "a", "b=2", NULL},
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

static void check_refusal(struct fixture *fixture, const char *said)
{
    g_autofree gchar *text = NULL;

    fail_unless_equals_int(count_messages(fixture, GST_MESSAGE_WARNING, &text), 1);
    fail_unless(strstr(text, said), "'%s' does not say '%s'", text, said);
}

GST_START_TEST(structure)
{
    struct fixture fixture;
    g_autoptr(GstStructure) task = parse(structures[__i__].task);
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

/* Before the start nothing can be judged: the start does it. */
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

/* --- events and metas --- */

static void push_event(struct fixture *fixture, const char *task, gboolean sticky)
{
    g_autoptr(GstStructure) structure = parse(task);

    fail_unless(gst_harness_push_event(fixture->harness,
                                       gst_nnc_task_event_new(structure, sticky)));
}

static GstBuffer *with_meta(const char *task)
{
    GstBuffer *const buffer = noise_buffer(FRAME_BYTES, 5);

    if (task) {
        g_autoptr(GstStructure) structure = parse(task);
        gst_buffer_add_nnc_task_meta(buffer, structure);
    }
    return buffer;
}

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

/* Events go on to elements behind; tasks from downstream end here, good or bad. */
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

/* --- tasks compiled ahead --- */

static GstMessage *wait_for_message(struct fixture *fixture, const char *name)
{
    for (;;) {
        GstMessage *const message =
            gst_bus_timed_pop_filtered(fixture->bus, 20 * GST_SECOND, GST_MESSAGE_ELEMENT);
        fail_unless(message, "no message '%s'", name);
        if (gst_message_has_name(message, name))
            return message;
        gst_message_unref(message);
    }
}

GST_START_TEST(preloading)
{
    struct fixture fixture;
    g_autoptr(GstStructure) good = gst_nnc_task_new("b1", NULL);
    g_autoptr(GstStructure) bad = gst_nnc_task_new("zzz", NULL);
    gboolean understood = FALSE;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 cutout=a attention=b=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    g_signal_emit_by_name(fixture.element, "preload-task", good, &understood);
    fail_unless(understood);
    g_autoptr(GstMessage) message = wait_for_message(&fixture, "nnc/preloaded");
    const GstStructure *const said = gst_message_get_structure(message);
    fail_unless_equals_string(gst_structure_get_string(said, "cutout"), "b1");
    fail_unless_equals_string(gst_structure_get_string(said, "attention"), "b=2");
    check_task(&fixture, "a", "b=2"); /* it is not switched to */
    check_frame(&fixture, with_meta("nnc/task, cutout=b1"), "b1", "b=2");
    g_signal_emit_by_name(fixture.element, "preload-task", bad, &understood);
    fail_if(understood);
    check_refusal(&fixture, "zzz");
    for (guint i = 0; i < 50; i++) /* more than are kept */
        g_signal_emit_by_name(fixture.element, "preload-task", good, &understood);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- presets --- */

GST_START_TEST(presets_of_the_model)
{
    struct fixture fixture;
    g_autofree gchar *preset = NULL;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 attention=b=2 preset=loud");
    fixture_set_caps(&fixture, RGB_CAPS);
    check_task(&fixture, "", "a=2,b1=0.5");
    g_object_set(fixture.element, "preset", "only a", NULL);
    check_task(&fixture, "a", "");
    g_object_set(fixture.element, "preset", "zzz", NULL);
    check_refusal(&fixture, "the model has 'only a', 'loud'");
    check_task(&fixture, "a", "");
    g_object_get(fixture.element, "preset", &preset, NULL);
    fail_unless_equals_string(preset, "only a");
    fixture_close(&fixture);
}
GST_END_TEST

/* Named before the model: the start finds it, or fails. */
GST_START_TEST(preset_before_the_model)
{
    static const char *const names[] = {"only a", "zzz"};
    g_autofree gchar *cutout = NULL;
    GstElement *const element = gst_element_factory_make("nncclassify", NULL);

    g_object_set(element, "preset", names[__i__], "model", MODEL_TWO, NULL);
    fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                           __i__ ? GST_STATE_CHANGE_FAILURE : GST_STATE_CHANGE_SUCCESS);
    g_object_get(element, "cutout", &cutout, NULL);
    fail_unless_equals_string(cutout, __i__ ? "" : "a");
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
}
GST_END_TEST

/* Files of presets, and what is said of bad ones, which change nothing. */
static const struct {
    const char *content, *said;
} preset_files[] = {
    {"{\"mine\": {\"cutout\": \"b1\", \"attention\": \"b=2\"}, \"loud\": {}}", NULL},
    {NULL, "No such file"},
    {"", "line 1"},
    {"{\"mine\": {}", "line 1"},
    {"[]", "object of name to task"},
    {"{\"mine\": {\"cutout\": 3}}", "'mine': expected"},
    {"{\"mine\": \"b1\"}", "'mine': expected"},
    {"{\"\": {}}", "'': expected"},
    {"{\"mine\": {}, \"mine\": {}}", "duplicate"},
};

GST_START_TEST(presets_of_the_user)
{
    g_autofree gchar *folder = g_dir_make_tmp("nnc-presets-XXXXXX", NULL);
    g_autofree gchar *path = g_build_filename(folder, "presets.json", NULL);
    g_autofree gchar *name = NULL;
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    if (preset_files[__i__].content)
        fail_unless(g_file_set_contents(path, preset_files[__i__].content, -1, NULL));
    g_object_set(fixture.element, "preset-file", path, NULL);
    g_object_get(fixture.element, "preset-file", &name, NULL);
    if (preset_files[__i__].said) {
        check_refusal(&fixture, preset_files[__i__].said);
        fail_unless(name == NULL);
    } else {
        fail_unless_equals_string(name, path);
        g_object_set(fixture.element, "preset", "mine", NULL);
        check_task(&fixture, "b1", "b=2");
        g_object_set(fixture.element, "preset", "loud", NULL); /* the user's, not the model's */
        check_task(&fixture, "", "");
    }
    g_object_set(fixture.element, "preset", "only a", NULL);
    check_task(&fixture, "a", "");
    g_unlink(path);
    g_rmdir(folder);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- another model --- */

static void wait_for_model(struct fixture *fixture, guint64 total_params)
{
    const gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    guint64 params;

    do {
        fail_unless(g_get_monotonic_time() < end, "the model was never changed");
        g_usleep(1000);
        g_object_get(fixture->element, "total-params", &params, NULL);
    } while (params != total_params);
    wait_for_task(fixture);
}

static void use_model(struct fixture *fixture, const char *model)
{
    nnc_session_destroy(fixture->session);
    nnc_model_unref(fixture->model);
    fail_unless_equals_int(nnc_model_open(model, NULL, &fixture->model, NULL), NNC_OK);
    fail_unless_equals_int(
        nnc_session_create(fixture->model, NULL, &fixture->session, NULL), NNC_OK);
}

GST_START_TEST(another_model_while_frames_flow)
{
    struct fixture fixture;
    gdouble gain;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 cutout=a b::gain=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    check_task(&fixture, "a", "b=2");
    g_object_set(fixture.element, "model", MODEL_PRESENCE, NULL);
    use_model(&fixture, MODEL_PRESENCE);
    wait_for_model(&fixture, nnc_model_cost(fixture.model).params);
    check_frame(&fixture, noise_buffer(FRAME_BYTES, 5), "a", "b=2");
    /* Its categories are those of the new one, and so are the names of tasks. */
    gst_child_proxy_set(GST_CHILD_PROXY(fixture.element), "a::aa::gain", 3.0, NULL);
    gst_child_proxy_get(GST_CHILD_PROXY(fixture.element), "b::gain", &gain, NULL);
    fail_unless(gain == 2.0);
    check_task(&fixture, "a", "a/aa=3,b=2");
    g_object_set(fixture.element, "cutout", "aa1", NULL);
    check_task(&fixture, "aa1", "a/aa=3,b=2");
    fail_unless_equals_uint64(read_stat(&fixture, "tasks-refused"), 0);
    fixture_close(&fixture);
}
GST_END_TEST

/* What makes a change of models fail, and what the warning says. The old model goes on. */
static const struct {
    const char *model, *cutout, *said;
} failures[] = {
    {"/nowhere.onnx", NULL, "nowhere"},
    {NNC_GOLDEN_DIR, NULL, "ops"},
    {MODEL_PRESENCE, "a2", "a2"}, /* a class that the new model lacks */
    {"", NULL, "model is not set"},
};

GST_START_TEST(another_model_that_fails)
{
    struct fixture fixture;
    g_autofree gchar *model = NULL;
    g_autoptr(GError) warning = NULL;
    GstMessage *message;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 cutout=a2");
    fixture_set_caps(&fixture, RGB_CAPS);
    g_object_set(fixture.element, "model", failures[__i__].model, NULL);
    message = gst_bus_timed_pop_filtered(fixture.bus, 20 * GST_SECOND,
                                         GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
    fail_unless(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING);
    gst_message_parse_warning(message, &warning, NULL);
    gst_message_unref(message);
    fail_unless(strstr(warning->message, failures[__i__].said), "%s", warning->message);
    for (guint i = 0; i < 2000 && g_strcmp0(model, MODEL_TWO); i++) {
        g_free(model);
        g_usleep(1000);
        g_object_get(fixture.element, "model", &model, NULL);
    }
    fail_unless_equals_string(model, MODEL_TWO);
    check_frame(&fixture, noise_buffer(FRAME_BYTES, 5), "a2", "");
    g_object_set(fixture.element, "cutout", "b", NULL);
    check_task(&fixture, "b", "");
    fixture_close(&fixture);
}
GST_END_TEST

/* Models, gains, texts, masks, events and metas from four threads and the stream: each
 * frame is right for the task that it names. */
struct storm {
    GstElement *element;
    guint32 seed;
    gint *stop;
};

static gpointer set_anything(gpointer data)
{
    const struct storm *const storm = data;
    guint32 dice = storm->seed;
    g_autoptr(GstStructure) mask = parse("nnc/task, mask=(int)<1, 0, 0, 1>, gain/a=2.0");
    gboolean understood;
    guint64 id;

    while (!g_atomic_int_get(storm->stop)) {
        dice = dice * 1664525u + 1013904223u;
        const gdouble gain = (dice >> 12) % 17;
        switch (dice >> 29) {
        case 0:
            gst_child_proxy_set(GST_CHILD_PROXY(storm->element), "a::gain", gain, NULL);
            break;
        case 1:
            gst_child_proxy_set(GST_CHILD_PROXY(storm->element), "b::b2::gain", gain,
                                NULL);
            break;
        case 2:
            gst_child_proxy_set(GST_CHILD_PROXY(storm->element), "a::active",
                                (dice >> 13) % 2, NULL);
            break;
        case 3:
            g_signal_emit_by_name(storm->element, "set-task", mask, &id);
            break;
        case 4:
            g_signal_emit_by_name(storm->element, "preload-task", mask, &understood);
            break;
        case 5:
            g_object_set(storm->element, "cutout", dice & 4096 ? "" : "b,a1", NULL);
            break;
        case 6:
            g_object_set(storm->element, "attention", dice & 4096 ? "" : "b=3", NULL);
            break;
        default:
            if (dice & 8192)
                g_object_set(storm->element, "model",
                             dice & 4096 ? MODEL_TWO : "/nowhere", NULL);
            break;
        }
        g_usleep(dice >> 16 & 2047); /* some 1 kHz */
    }
    return NULL;
}

GST_START_TEST(storm_of_everything)
{
    struct fixture fixture;
    GThread *threads[4];
    struct storm storms[G_N_ELEMENTS(threads)];
    const guint n_frames = 3000;
    gint stop = 0;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        storms[i] = (struct storm){fixture.element, i + 1, &stop};
        threads[i] = g_thread_new("storm", set_anything, &storms[i]);
    }
    for (guint i = 0; i < n_frames; i++) {
        g_autoptr(GstBuffer) same = noise_buffer(FRAME_BYTES, 5);
        if (i % 50 == 0)
            push_event(&fixture, i % 100 ? "nnc/task" : "nnc/task, cutout=a2", FALSE);
        g_autoptr(GstBuffer) out = classify_buffer(
            &fixture, with_meta(i % 7 ? NULL : "nnc/task, cutout=b1, gain/b=0.5"));
        GstMapInfo map;
        gst_buffer_map(same, &map, GST_MAP_READ);
        const struct nnc_image image = rgb_image(map.data);
        check_against_core(&fixture, gst_buffer_get_nnc_prediction(out, NULL), &image);
        gst_buffer_unmap(same, &map);
    }
    g_atomic_int_set(&stop, 1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-classified"), n_frames);
    fail_unless(read_stat(&fixture, "tasks-accepted") > 100);
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
    tcase_add_loop_test(kinds, layer, 0, G_N_ELEMENTS(layers));
    tcase_add_test(kinds, events_are_exact_to_the_frame);
    tcase_add_test(kinds, where_events_go);
    tcase_add_test(kinds, children_in_gst_launch);
    tcase_add_test(kinds, children_and_texts_are_one_task);
    tcase_add_test(kinds, child_without_element);
    tcase_add_test(kinds, controlled_gains_hold_for_their_frame);
    tcase_add_test(kinds, preloading);
    tcase_add_test(kinds, presets_of_the_model);
    tcase_add_loop_test(kinds, preset_before_the_model, 0, 2);
    tcase_add_loop_test(kinds, presets_of_the_user, 0, G_N_ELEMENTS(preset_files));
    tcase_add_test(kinds, another_model_while_frames_flow);
    tcase_add_loop_test(kinds, another_model_that_fails, 0, G_N_ELEMENTS(failures));
    tcase_add_test(kinds, storm_of_everything);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_control(), "classify_control", __FILE__);
}
