/* SPDX-License-Identifier: MIT */
/* The files of nncjson and nnctask, call by call: what cannot be opened, read or written is
 * said once, in words, and every frame passes; what was open stays open, what was read stays
 * in force; what is tried again succeeds. */

#include "injected.h"

#include "../elements/json_fixture.h"
#include "../elements/task_fixture.h"
#include "plugin_elements.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ONCE, ALWAYS };

/* --- lines that are written --- */

static const struct {
    enum fault_kind kind;
    int number, how;
    guint lost;          /* of the three lines while it lasts */
    const char *warning; /* NULL: none */
} writes[] = {
    {FAULT_WRITE, ENOSPC, ONCE, 1, "free space on the disk"},
    {FAULT_WRITE, ENOSPC, ALWAYS, 3, "free space on the disk"},
    {FAULT_WRITE, EDQUOT, ALWAYS, 3, "quota"},
    {FAULT_WRITE, EIO, ONCE, 1, "Input/output error"},
    {FAULT_WRITE, EIO, ALWAYS, 3, "Input/output error"},
    {FAULT_WRITE, EFBIG, ONCE, 1, "File too large"},
    {FAULT_WRITE, ESTALE, ALWAYS, 3, "Stale file handle"},
    {FAULT_WRITE, EINTR, ONCE, 0, NULL},
    {FAULT_WRITE, EAGAIN, ONCE, 0, NULL},
    {FAULT_WRITE, FAULT_SHORT, ONCE, 0, NULL},
    {FAULT_WRITE, FAULT_SHORT, ALWAYS, 0, NULL},
};

/* Each line that is in the file is a whole one. */
static void check_lines(const gchar *path, guint n)
{
    g_autofree gchar *text = NULL;

    fail_unless(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    fail_unless_equals_int(g_strv_length(lines), n + 1);
    for (guint i = 0; i < n; i++)
        fail_unless(g_str_has_prefix(lines[i], "{\"version\":1,") &&
                        g_str_has_suffix(lines[i], "}"),
                    "%s", lines[i]);
}

static void check_warning(struct json *json, const char *text)
{
    if (text)
        json_check_warning(json, text);
    else
        json_check_no_warning(json);
}

GST_START_TEST(lines_are_not_written)
{
    struct json json;

    json_open(&json, "");
    json_push_n(&json, 3);
    fault_begin(writes[__i__].kind, 0, writes[__i__].how == ALWAYS, writes[__i__].number);
    json_push_n(&json, 3);
    fail_unless(fault_end() > 0);
    json_push_n(&json, 3);
    check_warning(&json, writes[__i__].warning);
    json_check_stats(&json, 9, writes[__i__].lost);
    check_lines(json.path, 9 - writes[__i__].lost);
    json_close(&json);
}
GST_END_TEST

/* --- a pipe --- */

static const struct {
    enum fault_kind kind;
    int number, how;
    guint lost;
    const char *warning;
} pipes[] = {
    {FAULT_POLL, EINTR, ONCE, 0, NULL},
    {FAULT_POLL, ENOMEM, ONCE, 1, "Cannot allocate memory"},
    {FAULT_WRITE, EAGAIN, ONCE, 0, NULL},
    {FAULT_WRITE, EPIPE, ONCE, 6, "nobody reads from the pipe any more"},
};

GST_START_TEST(pipe_is_not_written)
{
    struct json json;
    const int reader = json_make_pipe(&json);

    json_play(&json);
    json_push_n(&json, 3);
    fault_begin(pipes[__i__].kind, 0, pipes[__i__].how == ALWAYS, pipes[__i__].number);
    json_push_n(&json, 3);
    fail_unless(fault_end() > 0);
    json_push_n(&json, 3);
    check_warning(&json, pipes[__i__].warning);
    json_check_stats(&json, 9, pipes[__i__].lost);
    close(reader);
    json_close(&json);
}
GST_END_TEST

/* No descriptor was left for the event that wakes who waits for the reader. Stopping must
 * not wait all the same. */
GST_START_TEST(reader_sleeps_and_nothing_wakes)
{
    struct json json;

    fault_begin(FAULT_EVENTFD, 0, TRUE, EMFILE);
    const int reader = json_make_pipe(&json);
    fail_unless_equals_int(fault_end(), 1);
    json_play(&json);
    GThread *const thread = g_thread_new("pusher", json_push_many, &json);
    while (read_stat(&json.fixture, "frames") < 20)
        g_thread_yield();
    json_stop(&json);
    g_thread_join(thread);
    fail_unless(read_stat(&json.fixture, "frames") < 10000);
    close(reader);
    json_close(&json);
}
GST_END_TEST

/* --- files that cannot be opened, or closed --- */

static const struct {
    int number;
    const char *words;
} openings[] = {
    {EMFILE, "Too many open files"}, {ENFILE, "Too many open files in system"},
    {ENOSPC, "No space left"},       {EROFS, "Read-only file system"},
    {EIO, "Input/output error"},     {EACCES, "no permission"},
    {ENOMEM, "Cannot allocate"},
};

GST_START_TEST(file_is_not_opened)
{
    g_autofree gchar *text = NULL;
    struct json json;

    json_make(&json, "");
    g_object_set(json.fixture.element, "location", json.path, NULL);
    fault_begin(FAULT_FILE, 0, FALSE, openings[__i__].number);
    fail_unless_equals_int(gst_element_set_state(json.fixture.element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_FAILURE);
    fail_unless(fault_end() > 0);
    fail_unless_equals_int(count_messages(&json.fixture, GST_MESSAGE_ERROR, &text), 1);
    fail_unless(strstr(text, openings[__i__].words), "%s", text);
    gst_element_set_state(json.fixture.element, GST_STATE_NULL);
    json_play(&json);
    json_push_n(&json, 2);
    check_lines(json.path, 2);
    json_close(&json);
}
GST_END_TEST

/* Lines go where they went before. */
GST_START_TEST(other_file_is_not_opened)
{
    struct json json;

    json_open(&json, "");
    json_push_n(&json, 1);
    g_autofree gchar *other = g_strconcat(json.path, ".other", NULL);
    g_object_set(json.fixture.element, "location", other, NULL);
    fault_begin(FAULT_FILE, 0, FALSE, openings[__i__].number);
    json_push_n(&json, 2);
    fail_unless(fault_end() > 0);
    json_check_warning(&json, openings[__i__].words);
    json_check_stats(&json, 3, 0);
    check_lines(json.path, 3);
    json_close(&json);
}
GST_END_TEST

/* A network's file system tells at the end that it could not keep what was written. */
static const struct {
    int number;
    const char *warning;
} closings[] = {{EIO, "Input/output error"}, {ENOSPC, "free space"}, {EINTR, NULL}};

GST_START_TEST(file_is_not_closed)
{
    struct json json;

    json_open(&json, "");
    json_push_n(&json, 2);
    fault_begin(FAULT_CLOSE, 0, FALSE, closings[__i__].number);
    json_stop(&json);
    fail_unless(fault_end() > 0);
    check_warning(&json, closings[__i__].warning);
    json_close(&json);
}
GST_END_TEST

/* --- scripts of nnctask --- */

static const char before[] = "{\"time\": 0, \"cutout\": \"a\"}\n";
static const char after[] = "{\"time\": 0, \"cutout\": \"b\"}\n"
                            "{\"time\": 1, \"cutout\": \"c\"}\n";

static const struct {
    enum fault_kind kind;
    unsigned long at;
    int number, how;
    const char *warning; /* NULL: it is read all the same */
} readings[] = {
    {FAULT_FILE, 0, EMFILE, ONCE, "Too many open files"},
    {FAULT_FILE, 0, EACCES, ONCE, "Permission denied"},
    {FAULT_FILE, 0, EIO, ONCE, "Input/output error"},
    {FAULT_FILE, 1, EIO, ONCE, "not a regular file"},
    {FAULT_READ, 0, EIO, ONCE, "Input/output error"},
    {FAULT_READ, 0, EINTR, ONCE, NULL},
    {FAULT_READ, 0, FAULT_SHORT, ONCE, NULL},
    {FAULT_READ, 0, FAULT_SHORT, ALWAYS, NULL},
};

/* What cannot be read leaves the script before in force. */
GST_START_TEST(script_is_not_read)
{
    gchar *const old_path = write_file(before), *const new_path = write_file(after);
    g_autofree gchar *properties = g_strdup_printf("script=%s", old_path);
    const char *const warning = readings[__i__].warning;
    struct task_fixture fixture;
    g_autofree gchar *text = NULL;

    task_open(&fixture, properties);
    pass_frame(&fixture, 0, NULL);
    check_record(&fixture, "<cutout=a seq=1>");
    fault_begin(readings[__i__].kind, readings[__i__].at, readings[__i__].how == ALWAYS,
                readings[__i__].number);
    g_object_set(fixture.element.element, "script", new_path, NULL);
    fail_unless(fault_end() > readings[__i__].at);
    fail_unless_equals_int(count_messages(&fixture.element, GST_MESSAGE_WARNING, &text),
                           warning != NULL);
    fail_unless(!warning || strstr(text, warning), "%s", text);
    pass_frame(&fixture, 1000, NULL);
    check_record(&fixture, warning ? "<cutout=a seq=1>" : "<cutout=c seq=2>");
    task_close(&fixture);
    remove_file(old_path);
    remove_file(new_path);
}
GST_END_TEST

static Suite *file_faults(void)
{
    Suite *const suite = suite_create("file_faults");
    TCase *const all = tcase_create("faults");

    suite_add_tcase(suite, all);
    tcase_add_loop_test(all, lines_are_not_written, 0, G_N_ELEMENTS(writes));
    tcase_add_loop_test(all, pipe_is_not_written, 0, G_N_ELEMENTS(pipes));
    tcase_add_test(all, reader_sleeps_and_nothing_wakes);
    tcase_add_loop_test(all, file_is_not_opened, 0, G_N_ELEMENTS(openings));
    tcase_add_loop_test(all, other_file_is_not_opened, 0, G_N_ELEMENTS(openings));
    tcase_add_loop_test(all, file_is_not_closed, 0, G_N_ELEMENTS(closings));
    tcase_add_loop_test(all, script_is_not_read, 0, G_N_ELEMENTS(readings));
    return suite;
}

int main(int argc, char **argv)
{
    register_elements(&argc, &argv);
    return gst_check_run_suite(file_faults(), "file_faults", __FILE__);
}
