/* SPDX-License-Identifier: MIT */

/* nncjson: which lines it writes and where, that every frame passes whatever becomes of
 * the lines, and what it says when a file, a disk or a reader is not what it should be.
 */

#include "element_fixture.h"
#include "prediction_fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct json {
    struct fixture fixture; /* element, bus and harness alone */
    gchar *folder;
    gchar *path; /* of the file in it */
    guint n_pushed;
};

/* --- set-up --- */

static void json_make(struct json *json, const char *properties)
{
    *json = (struct json){.folder = g_dir_make_tmp("nncjson-XXXXXX", NULL)};
    json->path = g_build_filename(json->folder, "lines.jsonl", NULL);
    g_autofree gchar *launch = g_strdup_printf("nncjson name=j %s", properties);
    struct fixture *const fixture = &json->fixture;
    fixture->element = gst_object_ref_sink(gst_parse_launch(launch, NULL));
    fixture->bus = gst_bus_new();
    gst_element_set_bus(fixture->element, fixture->bus);
}

static void json_play(struct json *json)
{
    struct fixture *const fixture = &json->fixture;

    fixture->harness = gst_harness_new_with_element(fixture->element, "sink", "src");
    gst_harness_set_src_caps_str(fixture->harness, RGB_CAPS);
    gst_harness_play(fixture->harness);
}

static void json_open(struct json *json, const char *properties)
{
    json_make(json, properties);
    g_object_set(json->fixture.element, "location", json->path, NULL);
    json_play(json);
}

static void json_stop(struct json *json)
{
    gst_element_set_state(json->fixture.element, GST_STATE_NULL);
}

static void json_close(struct json *json)
{
    struct fixture *const fixture = &json->fixture;

    json_stop(json);
    if (fixture->harness)
        gst_harness_teardown(fixture->harness);
    gst_bus_set_flushing(fixture->bus, TRUE);
    gst_element_set_bus(fixture->element, NULL);
    gst_object_unref(fixture->bus);
    gst_object_unref(fixture->element);
    g_remove(json->path);
    g_rmdir(json->folder);
    g_free(json->path);
    g_free(json->folder);
}

/* Pushes a frame with `prediction` (or NULL), which must come out as the same buffer. */
static void push(struct json *json, GstNncPrediction *prediction)
{
    GstBuffer *const buffer =
        gst_buffer_new_allocate(NULL, 3 * RGB_WIDTH * RGB_HEIGHT, NULL);

    GST_BUFFER_PTS(buffer) = json->n_pushed++ * 10 * GST_MSECOND;
    GST_BUFFER_DURATION(buffer) = 10 * GST_MSECOND;
    if (prediction)
        give_prediction(buffer, prediction);
    GstBuffer *const out = classify_buffer(&json->fixture, buffer);
    fail_unless(out == buffer);
    gst_buffer_unref(out);
}

static void push_n(struct json *json, guint n)
{
    for (guint i = 0; i < n; i++)
        push(json, predict_class("one", 0, FALSE));
}

static guint count_lines(const char *path)
{
    g_autofree gchar *text = NULL;
    guint n = 0;

    fail_unless(g_file_get_contents(path, &text, NULL, NULL), "no file %s", path);
    for (const gchar *c = text; (c = strchr(c, '\n')); c++)
        n++;
    return n;
}

static void check_stats(struct json *json, guint64 lines, guint64 lost)
{
    fail_unless_equals_uint64(read_stat(&json->fixture, "frames"), json->n_pushed);
    fail_unless_equals_uint64(read_stat(&json->fixture, "lines"), lines);
    fail_unless_equals_uint64(read_stat(&json->fixture, "lines-lost"), lost);
}

/* Exactly one warning, which says `text`. */
static void check_warning(struct json *json, const char *text)
{
    g_autofree gchar *said = NULL;
    const guint n = count_messages(&json->fixture, GST_MESSAGE_WARNING, &said);

    fail_unless_equals_int(n, 1);
    fail_unless(strstr(said, text), "expected '%s' in '%s'", text, said);
}

static void check_no_warning(struct json *json)
{
    fail_unless_equals_int(count_messages(&json->fixture, GST_MESSAGE_WARNING, NULL), 0);
}

/* --- what is written --- */

GST_START_TEST(lines_are_the_library_s)
{
    g_autoptr(GstNncPrediction) one = predict_class("one", 1, FALSE);
    g_autoptr(GstNncPrediction) two =
        predict_region("two", 2, (GstNncRegion){1, 2, 3, 4, 5, "person"});
    GstNncFrame frame = {.number = 1,
                         .pts = 10 * GST_MSECOND,
                         .running_time = 10 * GST_MSECOND,
                         .width = RGB_WIDTH,
                         .height = RGB_HEIGHT};
    g_autofree gchar *line_of_one = gst_nnc_prediction_to_json_line(one, &frame);
    g_autofree gchar *line_of_two = gst_nnc_prediction_to_json_line(two, &frame);
    g_autofree gchar *expected = g_strconcat(line_of_one, line_of_two, NULL);
    g_autofree gchar *text = NULL;
    struct json json;

    json_open(&json, "");
    push(&json, NULL);
    GstBuffer *const buffer = gst_buffer_new();
    GST_BUFFER_PTS(buffer) = frame.pts;
    gst_buffer_add_nnc_prediction_meta(buffer, one);
    give_foreign_meta(buffer);
    gst_buffer_add_nnc_prediction_meta(buffer, two);
    gst_buffer_unref(classify_buffer(&json.fixture, buffer));
    fail_unless(g_file_get_contents(json.path, &text, NULL, NULL));
    fail_unless_equals_string(text, expected);
    fail_unless(strstr(text, "{\"version\":1,\"frame\":1,\"pts\":10000000,"
                             "\"running_time\":10000000,\"width\":32,\"height\":24,"
                             "\"status\":\"classified\","));
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(wall_clock)
{
    g_autofree gchar *text = NULL;
    struct json json;

    json_open(&json, "wall-clock=true");
    push_n(&json, 1);
    g_file_get_contents(json.path, &text, NULL, NULL);
    fail_unless(g_regex_match_simple(
        ",\"time\":\"20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\",", text, 0,
        0));
    json_close(&json);
}
GST_END_TEST

/* A frame each; which of them get a line. */
static const struct {
    gint class; /* -1: late, -2: no prediction */
    gboolean unknown;
    gint region; /* -1: none */
    gboolean all, change, classified;
} sequence[] = {
    {-2, FALSE, -1, FALSE, FALSE, FALSE}, {0, FALSE, -1, TRUE, TRUE, TRUE},
    {0, FALSE, -1, TRUE, FALSE, TRUE},    {0, TRUE, -1, TRUE, TRUE, TRUE},
    {1, TRUE, -1, TRUE, TRUE, TRUE},      {-1, FALSE, -1, TRUE, FALSE, FALSE},
    {1, TRUE, -1, TRUE, FALSE, TRUE},     {2, FALSE, 5, TRUE, TRUE, TRUE},
    {2, FALSE, 6, TRUE, TRUE, TRUE},      {2, FALSE, 5, TRUE, FALSE, TRUE},
    {0, FALSE, 5, TRUE, TRUE, TRUE},      {1, TRUE, -1, TRUE, FALSE, TRUE},
};

static GstNncPrediction *predict_step(guint i)
{
    if (sequence[i].class == -2)
        return NULL;
    if (sequence[i].class == -1)
        return predict_status("one", GST_NNC_PREDICTION_STATUS_LATE);
    if (sequence[i].region < 0)
        return predict_class("one", (guint)sequence[i].class, sequence[i].unknown);
    return predict_region("one", (guint)sequence[i].class,
                          (GstNncRegion){0, 0, 9, 9, sequence[i].region, NULL});
}

GST_START_TEST(which_predictions)
{
    static const char *const settings[] = {"predictions=all", "predictions=change",
                                           "predictions=classified"};
    struct json json;
    guint expected = 0;

    json_open(&json, settings[__i__]);
    for (guint i = 0; i < G_N_ELEMENTS(sequence); i++) {
        const gboolean wanted[] = {sequence[i].all, sequence[i].change,
                                   sequence[i].classified};
        push(&json, predict_step(i));
        expected += (guint)wanted[__i__];
        fail_unless_equals_int(count_lines(json.path), expected);
    }
    check_stats(&json, expected, 0);
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(changes_of_endless_regions)
{
    struct json json;

    json_open(&json, "predictions=change flush=false");
    for (gint i = 0; i < 2000; i++)
        push(&json, predict_region("one", 0, (GstNncRegion){0, 0, 1, 1, i, NULL}));
    check_stats(&json, 2000, 0);
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(flush_at_the_end_alone)
{
    struct json json;

    json_open(&json, "flush=false");
    push_n(&json, 3);
    fail_unless_equals_int(count_lines(json.path), 0);
    gst_harness_push_event(json.fixture.harness, gst_event_new_eos());
    fail_unless_equals_int(count_lines(json.path), 3);
    json_close(&json);
    json_open(&json, "flush=false");
    push_n(&json, 3);
    json_stop(&json);
    fail_unless_equals_int(count_lines(json.path), 3);
    json_close(&json);
}
GST_END_TEST

/* Pooled buffers come back without the prediction of their last frame. */
GST_START_TEST(one_line_per_frame_from_a_pool)
{
    g_autofree gchar *folder = g_dir_make_tmp("nncjson-XXXXXX", NULL);
    g_autofree gchar *path = g_build_filename(folder, "lines.jsonl", NULL);
    g_autofree gchar *launch = g_strdup_printf(
        "videotestsrc num-buffers=100 ! video/x-raw,width=64,height=48 ! nncclassify "
        "model=" MODEL_TWO " threads=1 ! nncjson location=%s flush=false ! fakesink",
        path);
    GstElement *const pipeline = gst_parse_launch(launch, NULL);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_autoptr(GstMessage) message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless_equals_int(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    fail_unless_equals_int(count_lines(path), 100);
    gst_object_unref(pipeline);
    g_remove(path);
    g_rmdir(folder);
}
GST_END_TEST

/* --- files --- */

static const struct {
    const char *location; /* in the test's folder */
    const char *text;
} cannot_open[] = {
    {"nowhere/lines.jsonl", "there is no folder"},
    {".", "it is a folder"},
    {"pipe", "nobody reads from that pipe"},
    {"read-only", "no permission"},
};

GST_START_TEST(cannot_be_opened)
{
    const gboolean by_right = strcmp(cannot_open[__i__].location, "read-only") == 0;
    g_autofree gchar *text = NULL;
    struct json json;

    if (by_right && geteuid() == 0)
        return; /* root may write it */
    json_make(&json, "");
    g_autofree gchar *path =
        g_build_filename(json.folder, cannot_open[__i__].location, NULL);
    if (by_right)
        close(open(path, O_CREAT | O_WRONLY, 0444));
    else if (!strcmp(cannot_open[__i__].location, "pipe"))
        fail_if(mkfifo(path, 0600));
    g_object_set(json.fixture.element, "location", path, NULL);
    fail_unless_equals_int(gst_element_set_state(json.fixture.element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_FAILURE);
    fail_unless_equals_int(count_messages(&json.fixture, GST_MESSAGE_ERROR, &text), 1);
    fail_unless(strstr(text, cannot_open[__i__].text), "%s", text);
    fail_unless(strstr(text, path), "%s", text);
    g_unlink(path);
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(full_disk)
{
    struct json json;

    json_make(&json, "location=/dev/full");
    json_play(&json);
    push_n(&json, 20);
    check_warning(&json, "free space on the disk");
    check_stats(&json, 20, 20);
    g_object_set(json.fixture.element, "location", json.path, NULL);
    push_n(&json, 2);
    fail_unless_equals_int(count_lines(json.path), 2);
    check_no_warning(&json);
    check_stats(&json, 22, 20);
    json_close(&json);
}
GST_END_TEST

/* The limit lies within a line: its beginning is in the file, and the first line that
 * fits again stands on a line of its own. */
GST_START_TEST(file_of_limited_size)
{
    struct rlimit before, limit;
    g_autofree gchar *text = NULL;
    struct json json;

    json_open(&json, "");
    push_n(&json, 1);
    g_file_get_contents(json.path, &text, NULL, NULL);
    const gsize size = strlen(text);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = size * 5 / 2;
    setrlimit(RLIMIT_FSIZE, &limit);
    push_n(&json, 4);
    setrlimit(RLIMIT_FSIZE, &before);
    push_n(&json, 1);
    check_warning(&json, "File too large");
    check_stats(&json, 6, 3);
    fail_unless_equals_int(count_lines(json.path), 4);
    g_free(text);
    g_file_get_contents(json.path, &text, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; i < 4; i++)
        fail_unless(g_str_has_prefix(lines[i], "{\"version\":1,"));
    fail_unless(g_str_has_suffix(lines[1], "}") && !g_str_has_suffix(lines[2], "}}"));
    fail_unless(g_str_has_suffix(lines[3], "}"));
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(rotation)
{
    struct json json;

    json_open(&json, "append=true");
    push_n(&json, 2);
    g_autofree gchar *old = g_strconcat(json.path, ".1", NULL);
    fail_if(g_rename(json.path, old));
    push_n(&json, 1); /* still the file that was opened */
    g_object_set(json.fixture.element, "location", json.path, NULL);
    push_n(&json, 4);
    fail_unless_equals_int(count_lines(old), 3);
    fail_unless_equals_int(count_lines(json.path), 4);
    g_object_set(json.fixture.element, "location", json.path, NULL);
    push_n(&json, 1);
    fail_unless_equals_int(count_lines(json.path), 5);
    g_object_set(json.fixture.element, "append", FALSE, "location", json.path, NULL);
    push_n(&json, 1);
    fail_unless_equals_int(count_lines(json.path), 1);
    check_no_warning(&json);
    g_remove(old);
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(bad_location_while_playing)
{
    struct json json;

    json_open(&json, "");
    push_n(&json, 1);
    g_object_set(json.fixture.element, "location", json.folder, NULL);
    push_n(&json, 2);
    check_warning(&json, "it is a folder");
    fail_unless_equals_int(count_lines(json.path), 3);
    check_stats(&json, 3, 0);
    json_close(&json);
}
GST_END_TEST

/* --- pipes --- */

static int open_pipe(struct json *json)
{
    json_make(json, "");
    fail_if(mkfifo(json->path, 0600));
    const int reader = open(json->path, O_RDONLY | O_NONBLOCK);
    g_object_set(json->fixture.element, "location", json->path, NULL);
    json_play(json);
    return reader;
}

GST_START_TEST(reader_goes_away)
{
    gchar bytes[4096];
    struct json json;
    const int reader = open_pipe(&json);

    push_n(&json, 2);
    fail_unless(read(reader, bytes, sizeof bytes) > 0);
    close(reader);
    push_n(&json, 5);
    check_warning(&json, "nobody reads from the pipe any more");
    check_stats(&json, 7, 5);
    json_close(&json);
}
GST_END_TEST

static gpointer push_many(gpointer json)
{
    struct json *const self = json;
    GstBuffer *const buffer = gst_buffer_new();

    give_prediction(buffer, predict_class("one", 0, FALSE));
    for (guint i = 0; i < 10000; i++)
        if (gst_harness_push(self->fixture.harness, gst_buffer_ref(buffer)))
            break;
    gst_buffer_unref(buffer);
    return NULL;
}

/* The streaming thread fills the pipe and waits; stopping must not. */
GST_START_TEST(reader_sleeps)
{
    struct json json;
    const int reader = open_pipe(&json);
    GThread *const thread = g_thread_new("pusher", push_many, &json);

    while (read_stat(&json.fixture, "frames") < 20)
        g_thread_yield();
    json_stop(&json);
    g_thread_join(thread);
    fail_unless(read_stat(&json.fixture, "frames") < 10000);
    check_no_warning(&json);
    close(reader);
    json_close(&json);
}
GST_END_TEST

/* --- standard output --- */

/* Nothing set: standard output, unless the pad is there. */
GST_START_TEST(standard_output)
{
    const gboolean with_pad = __i__ == 1;
    struct json json;

    json_make(&json, "");
    const int before = dup(STDOUT_FILENO);
    const int file = open(json.path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    if (with_pad)
        gst_object_unref(gst_element_request_pad_simple(json.fixture.element, "json"));
    json_play(&json);
    push_n(&json, 3);
    json_stop(&json);
    fail_unless(fcntl(STDOUT_FILENO, F_GETFD) >= 0); /* still open */
    dup2(before, STDOUT_FILENO);
    close(before);
    close(file);
    fail_unless_equals_int(count_lines(json.path), with_pad ? 0 : 3);
    json_close(&json);
}
GST_END_TEST

static Suite *json_lines_suite(void)
{
    Suite *const suite = suite_create("json_lines");
    TCase *const lines = tcase_create("lines");
    TCase *const files = tcase_create("files");

    suite_add_tcase(suite, lines);
    tcase_add_test(lines, lines_are_the_library_s);
    tcase_add_test(lines, wall_clock);
    tcase_add_loop_test(lines, which_predictions, 0, 3);
    tcase_add_test(lines, changes_of_endless_regions);
    tcase_add_test(lines, flush_at_the_end_alone);
    tcase_add_test(lines, one_line_per_frame_from_a_pool);
    suite_add_tcase(suite, files);
    tcase_add_loop_test(files, cannot_be_opened, 0, G_N_ELEMENTS(cannot_open));
    tcase_add_test(files, full_disk);
    tcase_add_test(files, file_of_limited_size);
    tcase_add_test(files, rotation);
    tcase_add_test(files, bad_location_while_playing);
    tcase_add_test(files, reader_goes_away);
    tcase_add_test(files, reader_sleeps);
    tcase_add_loop_test(files, standard_output, 0, 2);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(json_lines_suite(), "json_lines", __FILE__);
}
