/* SPDX-License-Identifier: MIT */

/* nncjson: where lines go, and what it says when a file, a disk or a reader is not what
 * it should be; every frame passes whatever becomes of the lines. */

#include "json_fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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
    json_push_n(&json, 20);
    json_check_warning(&json, "free space on the disk");
    json_check_stats(&json, 20, 20);
    g_object_set(json.fixture.element, "location", json.path, NULL);
    json_push_n(&json, 2);
    fail_unless_equals_int(json_count_lines(json.path), 2);
    json_check_no_warning(&json);
    json_check_stats(&json, 22, 20);
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
    json_push_n(&json, 1);
    g_file_get_contents(json.path, &text, NULL, NULL);
    const gsize size = strlen(text);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = size * 5 / 2;
    setrlimit(RLIMIT_FSIZE, &limit);
    json_push_n(&json, 4);
    setrlimit(RLIMIT_FSIZE, &before);
    json_push_n(&json, 1);
    json_check_warning(&json, "File too large");
    json_check_stats(&json, 6, 3);
    fail_unless_equals_int(json_count_lines(json.path), 4);
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
    json_push_n(&json, 2);
    g_autofree gchar *old = g_strconcat(json.path, ".1", NULL);
    fail_if(g_rename(json.path, old));
    json_push_n(&json, 1); /* still the file that was opened */
    g_object_set(json.fixture.element, "location", json.path, NULL);
    json_push_n(&json, 4);
    fail_unless_equals_int(json_count_lines(old), 3);
    fail_unless_equals_int(json_count_lines(json.path), 4);
    g_object_set(json.fixture.element, "location", json.path, NULL);
    json_push_n(&json, 1);
    fail_unless_equals_int(json_count_lines(json.path), 5);
    g_object_set(json.fixture.element, "append", FALSE, "location", json.path, NULL);
    json_push_n(&json, 1);
    fail_unless_equals_int(json_count_lines(json.path), 1);
    json_check_no_warning(&json);
    g_remove(old);
    json_close(&json);
}
GST_END_TEST

GST_START_TEST(bad_location_while_playing)
{
    struct json json;

    json_open(&json, "");
    json_push_n(&json, 1);
    g_object_set(json.fixture.element, "location", json.folder, NULL);
    json_push_n(&json, 2);
    json_check_warning(&json, "it is a folder");
    fail_unless_equals_int(json_count_lines(json.path), 3);
    json_check_stats(&json, 3, 0);
    json_close(&json);
}
GST_END_TEST

/* --- pipes --- */

GST_START_TEST(reader_goes_away)
{
    gchar bytes[4096];
    struct json json;
    const int reader = json_make_pipe(&json);

    json_play(&json);
    json_push_n(&json, 2);
    fail_unless(read(reader, bytes, sizeof bytes) > 0);
    close(reader);
    json_push_n(&json, 5);
    json_check_warning(&json, "nobody reads from the pipe any more");
    json_check_stats(&json, 7, 5);
    json_close(&json);
}
GST_END_TEST

/* The streaming thread fills the pipe and waits; stopping must not. */
GST_START_TEST(reader_sleeps)
{
    struct json json;
    const int reader = json_make_pipe(&json);

    json_play(&json);
    GThread *const thread = g_thread_new("pusher", json_push_many, &json);
    while (read_stat(&json.fixture, "frames") < 20)
        g_thread_yield();
    json_stop(&json);
    g_thread_join(thread);
    fail_unless(read_stat(&json.fixture, "frames") < 10000);
    json_check_no_warning(&json);
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
    json_push_n(&json, 3);
    json_stop(&json);
    fail_unless(fcntl(STDOUT_FILENO, F_GETFD) >= 0); /* still open */
    dup2(before, STDOUT_FILENO);
    close(before);
    close(file);
    fail_unless_equals_int(json_count_lines(json.path), with_pad ? 0 : 3);
    json_close(&json);
}
GST_END_TEST

static Suite *json_files_suite(void)
{
    Suite *const suite = suite_create("json_files");
    TCase *const files = tcase_create("files");

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
    return gst_check_run_suite(json_files_suite(), "json_files", __FILE__);
}
