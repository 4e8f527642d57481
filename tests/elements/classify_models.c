/* SPDX-License-Identifier: MIT */

/* Tasks compiled ahead, tasks with names, and another model while frames flow; then all
 * ways to a task at once, from four threads. What frames run is compared with the core,
 * bit for bit. */

#include "control_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

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

/* P02 */
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

/* P02: what makes a change of models fail, and what the warning says. The old model goes on. */
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
    g_autoptr(GstStructure) mask = parse_task("nnc/task, mask=(int)<1, 0, 0, 1>, gain/a=2.0");
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

static Suite *classify_models(void)
{
    Suite *const suite = suite_create("classify_models");
    TCase *const kinds = tcase_create("models");

    suite_add_tcase(suite, kinds);
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
    return gst_check_run_suite(classify_models(), "classify_models", __FILE__);
}
