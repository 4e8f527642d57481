/* SPDX-License-Identifier: MIT */

/* Rubbish from outside that is not a picture: texts, values, metas, tasks without end. The
 * stream goes on, the old task goes on, memory stays where it was. */

#include "element_fixture.h"

#include <malloc.h>
#include <string.h>

#define FRAME_BYTES 2304

static void check_frame(struct fixture *fixture, GstBuffer *in, const char *cutout)
{
    g_autoptr(GstBuffer) out = classify_buffer(fixture, in);

    fail_unless_equals_string(
        gst_nnc_prediction_get_cutout(gst_buffer_get_nnc_prediction(out, NULL)), cutout);
}

/* --- values as gst-launch gives them --- */

static gchar *repeat(const char *text, gsize n)
{
    GString *const all = g_string_new(NULL);

    for (gsize i = 0; i < n; i++)
        g_string_append(all, text);
    return g_string_free(all, FALSE);
}

/* P20, P05, P06: texts for `cutout`, `attention` and `task`; none is a task. */
static const struct {
    const char *text;
    gsize times;
} rubbish[] = {
    {"a,", 3000},         /* longer than a task may be */
    {"a", 1 << 20},       /* a mebibyte of one name */
    {"*/", 2000},         /* many levels of patterns */
    {"[", 4000},
    {"\001\177", 5},      /* control bytes */
    {"\xff\xfe", 4},      /* not UTF-8 */
    {"nnc/task, cutout=(buffer)00ff00;", 1},
    {"nnc/task, cutout=(structure)[x, y=1], attention=(int)3;", 1},
    {"video/x-raw, format=NV12", 1},
    {"=;,=;", 50},
};

GST_START_TEST(texts_that_are_no_tasks)
{
    static const char *const properties[] = {"cutout", "attention", "task"};
    g_autofree gchar *text = repeat(rubbish[__i__].text, rubbish[__i__].times);
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "cutout=b");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(properties); i++) {
        GValue value = G_VALUE_INIT;
        const gboolean is_text = i < 2;
        g_value_init(&value, is_text ? G_TYPE_STRING : GST_TYPE_STRUCTURE);
        if (is_text)
            g_value_set_string(&value, text);
        if (is_text || gst_value_deserialize(&value, text))
            g_object_set_property(G_OBJECT(fixture.element), properties[i], &value);
        g_value_unset(&value);
    }
    fail_unless(read_stat(&fixture, "tasks-refused") >= 2);
    fail_unless_equals_uint64(read_stat(&fixture, "tasks-accepted"), 0);
    check_frame(&fixture, noise_buffer(FRAME_BYTES, 1), "b");
    GstMessage *message;
    while ((message = gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_WARNING))) {
        g_autoptr(GError) error = NULL;
        gst_message_parse_warning(message, &error, NULL);
        fail_unless(g_utf8_validate(error->message, -1, NULL) &&
                    strlen(error->message) <= 512);
        for (const char *at = error->message; *at; at++)
            fail_unless((guchar)*at >= ' ' && *at != 127, "%s", error->message);
        gst_message_unref(message);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* P14, P22: GObject keeps values that are none from us: it warns, or in later releases
 * says it more loudly, and nothing changes. */
GST_START_TEST(values_out_of_range)
{
    static const struct {
        const char *property;
        gint value;
    } rows[] = {{"control-policy", 77}, {"threads", 257}, {"threads", -1}};
    struct fixture fixture;
    guint threads = 0;
    gint policy = -1;

    fixture_open(&fixture, MODEL_TWO, NULL);
    _gst_check_expecting_log = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        _gst_check_raised_warning = _gst_check_raised_critical = FALSE;
        g_object_set(fixture.element, rows[i].property, rows[i].value, NULL);
        fail_unless(_gst_check_raised_warning || _gst_check_raised_critical, "%s",
                    rows[i].property);
    }
    _gst_check_expecting_log = FALSE;
    g_object_get(fixture.element, "control-policy", &policy, "threads", &threads, NULL);
    fail_unless_equals_int(policy, 0);
    fail_unless_equals_int(threads, 1);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- streams that begin wrongly --- */

/* K15 */
GST_START_TEST(buffer_before_caps)
{
    GstElement *const element = gst_element_factory_make("nncclassify", NULL);
    g_autoptr(GstPad) sink = gst_element_get_static_pad(element, "sink");
    GstSegment segment;

    g_object_set(element, "model", MODEL_TWO, NULL);
    gst_element_set_state(element, GST_STATE_PLAYING);
    gst_pad_send_event(sink, gst_event_new_stream_start("no caps"));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_send_event(sink, gst_event_new_segment(&segment));
    fail_unless_equals_int(gst_pad_chain(sink, noise_buffer(FRAME_BYTES, 1)),
                           GST_FLOW_NOT_NEGOTIATED);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
}
GST_END_TEST

/* --- metas that are not ours --- */

static gboolean init_foreign(GstMeta *meta, gpointer params, GstBuffer *buffer)
{
    memset((guint8 *)meta + sizeof(GstMeta), 0xa5, 64);
    return TRUE;
}

/* M09: another plugin's meta under the name of our API: never read as ours. */
GST_START_TEST(foreign_meta_of_our_name)
{
    const GstMetaInfo *const tasks =
        gst_meta_register(GST_NNC_TASK_META_API_TYPE, "ForeignTaskMeta",
                          sizeof(GstMeta) + 64, init_foreign, NULL, NULL);
    const GstMetaInfo *const predictions =
        gst_meta_register(GST_NNC_PREDICTION_META_API_TYPE, "ForeignPredictionMeta",
                          sizeof(GstMeta) + 64, init_foreign, NULL, NULL);
    GstBuffer *const in = noise_buffer(FRAME_BYTES, 1);
    g_autoptr(GstStructure) task = gst_nnc_task_new("a", NULL);
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "cutout=b");
    fixture_set_caps(&fixture, RGB_CAPS);
    gst_buffer_add_meta(in, tasks, NULL);
    gst_buffer_add_meta(in, predictions, NULL);
    fail_if(gst_buffer_get_nnc_task_meta(in) || gst_buffer_get_nnc_prediction(in, NULL));
    check_frame(&fixture, in, "b");
    GstBuffer *const both = noise_buffer(FRAME_BYTES, 1);
    gst_buffer_add_meta(both, tasks, NULL);
    gst_buffer_add_nnc_task_meta(both, task);
    check_frame(&fixture, both, "a");
    fixture_close(&fixture);
}
GST_END_TEST

/* --- tasks without end --- */

static gsize heap_bytes(void)
{
    return mallinfo2().uordblks;
}

/* Metas of `n_tasks` tasks in turn, a thousand frames to warm up; then memory is still. */
static void check_memory(guint n_tasks, guint n_frames)
{
    struct fixture fixture;
    gsize before = 0;

    fixture_open(&fixture, MODEL_TWO, "cutout=b post-messages=none");
    fixture_set_caps(&fixture, RGB_CAPS);
    g_autoptr(GstBuffer) frame = noise_buffer(FRAME_BYTES, 1);
    for (guint i = 0; i < n_frames; i++) {
        g_autofree gchar *attention = g_strdup_printf("a=%g", 0.001 * (i % n_tasks));
        g_autoptr(GstStructure) task =
            gst_nnc_task_new(i % n_tasks % 2 ? "a" : "b1", attention);
        GstBuffer *const in = gst_buffer_copy(frame);
        if (i == 1000)
            before = heap_bytes();
        gst_buffer_add_nnc_task_meta(in, task);
        check_frame(&fixture, in, i % n_tasks % 2 ? "a" : "b1");
    }
    const gsize after = heap_bytes();
    fail_unless(after < before + 65536, "%zu bytes, then %zu", before, after);
    fail_unless_equals_uint64(read_stat(&fixture, "task-meta-ignored"), 0);
    fixture_close(&fixture);
}

/* M07 */
GST_START_TEST(two_tasks_in_turn)
{
    check_memory(2, often(20000));
}
GST_END_TEST

/* M08 */
GST_START_TEST(ten_thousand_tasks)
{
    check_memory(10000, 11000);
}
GST_END_TEST

/* M06: some thousand entries, and a mebibyte, in one meta. */
GST_START_TEST(metas_beyond_all_measure)
{
    g_autofree gchar *entries = repeat("a1,", 4097);
    g_autofree gchar *text = repeat("x", 1 << 20);
    const char *const cutouts[] = {entries, text};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "cutout=b");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(cutouts); i++) {
        GstBuffer *const in = noise_buffer(FRAME_BYTES, 1);
        g_autoptr(GstStructure) task = gst_nnc_task_new(cutouts[i], NULL);
        gst_buffer_add_nnc_task_meta(in, task);
        check_frame(&fixture, in, "b");
        fail_unless_equals_uint64(read_stat(&fixture, "task-meta-ignored"), i + 1);
    }
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_hostile(void)
{
    Suite *const suite = suite_create("classify_hostile");
    TCase *const kinds = tcase_create("hostile");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, texts_that_are_no_tasks, 0, G_N_ELEMENTS(rubbish));
    tcase_add_test(kinds, values_out_of_range);
    tcase_add_test(kinds, buffer_before_caps);
    tcase_add_test(kinds, foreign_meta_of_our_name);
    tcase_add_test(kinds, two_tasks_in_turn);
    tcase_add_test(kinds, ten_thousand_tasks);
    tcase_add_test(kinds, metas_beyond_all_measure);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_hostile(), "classify_hostile", __FILE__);
}
