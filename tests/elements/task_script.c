/* SPDX-License-Identifier: MIT */

/* Scripts of nnctask without the element: what is read, what is refused and in which
 * words, and which line holds when. */

#include "gstnnctaskscript.h"

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <sys/stat.h>

#define S G_GINT64_CONSTANT(1000000000)

static struct gst_nnc_task_script *parse_good(const char *text)
{
    struct gst_nnc_task_script *script = NULL;
    struct nnc_error error = {.message = ""};

    const enum nnc_status status =
        gst_nnc_task_script_parse("x.jsonl", text, strlen(text), &script, &error);
    fail_unless(!status, "%s", error.message);
    return script;
}

/* --- which line holds --- */

static const char by_time[] = "{\"time\": 1, \"cutout\": \"a\"}\n"
                              "\n"
                              "  { \"attention\":\"b=2\", \"time\":2.5 }\r\n"
                              "{\"time\": 10}";
static const char by_day[] = "{\"at\": \"08:30\", \"cutout\": \"a\"}\n"
                             "{\"at\": \"20:00:30\", \"cutout\": \"b\"}\n";

static const struct {
    const char *script;
    double seconds, loop;
    guint line; /* 0: none */
} times[] = {
    {by_time, 0, 0, 0},
    {by_time, -1e-9, 0, 0},
    {by_time, 0.999999999, 0, 0},
    {by_time, 1, 0, 1},
    {by_time, 2.499999999, 0, 1},
    {by_time, 2.5, 0, 3},
    {by_time, 9.9, 0, 3},
    {by_time, 10, 0, 4},
    {by_time, 1e6, 0, 4},
    {by_time, 12, 12, 0},
    {by_time, 13, 12, 1},
    {by_time, 14.5, 12, 3},
    {by_time, 23.9, 12, 4},
    {by_time, 25, 12, 1},
    {by_time, 6, 5, 1}, /* the last line is never reached */
    {by_day, 0, 0, 2},
    {by_day, 8 * 3600 + 29 * 60 + 59.9, 0, 2},
    {by_day, 8 * 3600 + 30 * 60, 0, 1},
    {by_day, 20 * 3600 + 29, 0, 1},
    {by_day, 20 * 3600 + 30, 0, 2},
    {by_day, 86399, 0, 2},
    {by_day, 86399, 3600, 2}, /* days repeat by themselves */
};

GST_START_TEST(line_that_holds)
{
    struct gst_nnc_task_script *const script = parse_good(times[__i__].script);
    const struct gst_nnc_task_line *const line = gst_nnc_task_script_at(
        script, (gint64)(times[__i__].seconds * 1e9), (gint64)(times[__i__].loop * 1e9));

    fail_unless_equals_int(line ? line->number : 0, times[__i__].line);
    gst_nnc_task_script_unref(script);
}
GST_END_TEST

GST_START_TEST(what_lines_say)
{
    struct gst_nnc_task_script *const script = parse_good(by_time);

    fail_unless_equals_int(script->n, 3);
    fail_unless(!script->by_time_of_day);
    fail_unless_equals_int64(script->lines[0].time_ns, S);
    fail_unless_equals_string(script->lines[0].cutout, "a");
    fail_unless(!script->lines[0].attention);
    fail_unless_equals_int64(script->lines[1].time_ns, 5 * S / 2);
    fail_unless(!script->lines[1].cutout);
    fail_unless_equals_string(script->lines[1].attention, "b=2");
    fail_unless(!script->lines[2].cutout && !script->lines[2].attention);
    gst_nnc_task_script_unref(script);
}
GST_END_TEST

/* --- what is refused --- */

#define GOOD "{\"time\": 1}\n"

static const struct {
    const char *text;
    enum nnc_status status;
    const char *said; /* in the message */
} bad_scripts[] = {
    {"", NNC_PARSE, "x.jsonl: got no line with a task; expected one JSON object"},
    {"\n  \n\t\r\n", NNC_PARSE, "got no line"},
    {GOOD "nonsense", NNC_PARSE, "x.jsonl, line 2: no JSON object"},
    {GOOD "\n\n{\"time\": 2", NNC_PARSE, "line 4: no JSON object"},
    {GOOD "{\"time\": 2} {\"time\": 3}", NNC_PARSE, "line 2: no JSON object"},
    {"{\"time\": 1,}", NNC_PARSE, "line 1: no JSON object"},
    {"{\"time\": NaN}", NNC_PARSE, "line 1: no JSON object"},
    {"{\"time\": 1e999}", NNC_PARSE, "line 1: no JSON object"},
    {"{\"time\": 1, \"time\": 2}", NNC_PARSE, "duplicate"},
    {"{\"time\": 1, \"cutout\": \"\\u0000\"}", NNC_PARSE, "line 1: no JSON object"},
    {"{\"time\": 1, \"cutout\": \"\xff\"}", NNC_PARSE, "line 1: no JSON object"},
    {"[1]", NNC_TYPE, "line 1: got an array; expected an object"},
    {"{}", NNC_VALUE, "got neither \"time\" nor \"at\""},
    {"{\"time\": 1, \"at\": \"08:30\"}", NNC_VALUE, "got both \"time\" and \"at\""},
    {GOOD "{\"at\": \"08:30\"}", NNC_VALUE, "line 2: got \"at\"; expected \"time\""},
    {"{\"at\": \"08:30\"}\n" GOOD, NNC_VALUE, "line 2: got \"time\"; expected \"at\""},
    {"{\"time\": -1}", NNC_VALUE, "\"time\": got -1; expected seconds"},
    {"{\"time\": 1e10}", NNC_VALUE, "from 0 to 1e9"},
    {"{\"time\": \"1\"}", NNC_VALUE, "\"time\": got \"1\"; expected seconds"},
    {"{\"time\": null}", NNC_TYPE, "\"time\": got null; expected seconds"},
    {"{\"time\": [1]}", NNC_TYPE, "\"time\": got [1]; expected seconds"},
    {GOOD GOOD, NNC_VALUE, "line 2: its time is not later than that of line 1"},
    {"{\"time\": 2}\n\n" GOOD, NNC_VALUE,
     "line 3: its time is not later than that of "
     "line 1"},
    {"{\"at\": 830}", NNC_VALUE, "\"at\": got 830; expected a time of day"},
    {"{\"at\": \"8:30\"}", NNC_VALUE, "got \"8:30\"; expected a time of day"},
    {"{\"at\": \"24:00\"}", NNC_VALUE, "expected a time of day"},
    {"{\"at\": \"08:60\"}", NNC_VALUE, "expected a time of day"},
    {"{\"at\": \"08:30:60\"}", NNC_VALUE, "expected a time of day"},
    {"{\"at\": \"08:30:\"}", NNC_VALUE, "expected a time of day"},
    {"{\"at\": \"08:30:15Z\"}", NNC_VALUE, "expected a time of day"},
    {"{\"at\": \"0830\"}", NNC_VALUE, "expected a time of day"},
    {"{\"at\": \"\"}", NNC_VALUE, "expected a time of day"},
    {"{\"time\": 1, \"cutuot\": \"a\"}", NNC_VALUE, "unknown key \"cutuot\"; expected"},
    {"{\"time\": 1, \"cutout\": null}", NNC_TYPE,
     "\"cutout\": got null; expected a text"},
    {"{\"time\": 1, \"cutout\": 7}", NNC_VALUE, "\"cutout\": got 7; expected a text"},
    {"{\"time\": 1, \"cutout\": \"a\\nb\"}", NNC_TASK, "control characters"},
    {"{\"time\": 1, \"attention\": \"a\"}", NNC_TASK,
     "line 1: \"attention\": got 'a'; expected category=gain"},
    {"{\"time\": 1, \"attention\": \"a=17\"}", NNC_TASK, "number from 0 to 16"},
    {"{\"time\": 1, \"attention\": \"a=1,,b=1\"}", NNC_TASK, "expected category=gain"},
};

GST_START_TEST(bad_script)
{
    const char *const text = bad_scripts[__i__].text;
    struct gst_nnc_task_script *script = NULL;
    struct nnc_error error = {.message = ""};

    const enum nnc_status status =
        gst_nnc_task_script_parse("x.jsonl", text, strlen(text), &script, &error);
    fail_unless(!script && status, "%s", text);
    fail_unless(strstr(error.message, bad_scripts[__i__].said), "%s: %s", text,
                error.message);
    fail_unless_equals_int(status, bad_scripts[__i__].status);
    fail_unless(g_utf8_validate(error.message, -1, NULL));
}
GST_END_TEST

/* No prefix of a good script, and no single wrong byte, does harm. */
GST_START_TEST(cut_and_broken_scripts)
{
    const guint32 seed = 1;
    guint32 dice = seed;

    for (guint i = 0; i < 5000; i++) {
        gchar text[sizeof by_time];
        struct gst_nnc_task_script *script = NULL;
        struct nnc_error error;

        memcpy(text, by_time, sizeof text);
        dice = dice * 1664525u + 1013904223u;
        const gsize size = i < sizeof text ? i : sizeof text - 1;
        if (i >= sizeof text)
            text[(dice >> 8) % size] = (gchar)(dice >> 24);
        if (!gst_nnc_task_script_parse("x", text, size, &script, &error))
            gst_nnc_task_script_unref(script);
    }
}
GST_END_TEST

GST_START_TEST(limits)
{
    g_autofree gchar *longer = g_strnfill((64 << 10) + 1, 'x');
    g_autofree gchar *lines = g_strnfill(GST_NNC_TASK_SCRIPT_MAX_LINES, '\n');
    g_autofree gchar *nested = g_strnfill(60000, '[');
    struct gst_nnc_task_script *script = NULL;
    struct nnc_error error;

    fail_unless_equals_int(
        gst_nnc_task_script_parse("x", longer, strlen(longer), &script, &error),
        NNC_LIMIT);
    fail_unless(strstr(error.message, "line 1: the line is longer"));
    fail_unless_equals_int(
        gst_nnc_task_script_parse("x", lines, strlen(lines), &script, &error), NNC_LIMIT);
    fail_unless(strstr(error.message, "expected at most 65536"));
    fail_unless_equals_int(
        gst_nnc_task_script_parse("x", nested, strlen(nested), &script, &error),
        NNC_PARSE);
}
GST_END_TEST

/* --- files --- */

static enum nnc_status read_and_forget(const char *path, struct nnc_error *error)
{
    struct gst_nnc_task_script *script = NULL;
    const enum nnc_status status = gst_nnc_task_script_read(path, &script, error);

    gst_nnc_task_script_unref(script);
    return status;
}

/* A folder in a message tells more than a user of the stream should know. */
static void check_file(const char *folder, const char *name, enum nnc_status status,
                       const char *said)
{
    g_autofree gchar *path = g_build_filename(folder, name, NULL);
    struct nnc_error error = {.message = ""};

    fail_unless_equals_int(read_and_forget(path, &error), status);
    fail_unless(strstr(error.message, said), "%s", error.message);
    fail_unless(!strstr(error.message, folder), "%s", error.message);
    g_remove(path);
}

GST_START_TEST(files)
{
    g_autofree gchar *folder = g_dir_make_tmp("nnc-XXXXXX", NULL);
    g_autofree gchar *good = g_build_filename(folder, "good.jsonl", NULL);
    g_autofree gchar *bad = g_build_filename(folder, "bad.jsonl", NULL);
    g_autofree gchar *pipe = g_build_filename(folder, "pipe", NULL);
    g_autofree gchar *below = g_build_filename(folder, "below", NULL);
    g_autofree gchar *large = g_build_filename(folder, "large", NULL);
    struct nnc_error error;

    fail_unless(g_file_set_contents(good, by_time, -1, NULL));
    fail_unless(g_file_set_contents(bad, "{\"time\": x}\n", -1, NULL));
    fail_unless(!mkfifo(pipe, 0600) && !g_mkdir(below, 0700));
    fail_unless(g_file_set_contents(large, "", -1, NULL));
    fail_unless(!truncate(large, GST_NNC_TASK_SCRIPT_MAX_BYTES + 1));
    fail_unless_equals_int(read_and_forget(good, &error), NNC_OK);
    check_file(folder, "none.jsonl", NNC_NOT_FOUND, "none.jsonl: No such file");
    check_file(folder, "bad.jsonl", NNC_PARSE, "bad.jsonl, line 1: no JSON object");
    check_file(folder, "pipe", NNC_PATH, "pipe: not a regular file");
    check_file(folder, "below", NNC_PATH, "below: not a regular file");
    check_file(folder, "large", NNC_LIMIT, "larger than 4 MiB");
    g_remove(good);
    g_rmdir(folder);
}
GST_END_TEST

static Suite *task_script(void)
{
    Suite *const suite = suite_create("task_script");
    TCase *const kinds = tcase_create("scripts");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, line_that_holds, 0, G_N_ELEMENTS(times));
    tcase_add_test(kinds, what_lines_say);
    tcase_add_loop_test(kinds, bad_script, 0, G_N_ELEMENTS(bad_scripts));
    tcase_add_test(kinds, cut_and_broken_scripts);
    tcase_add_test(kinds, limits);
    tcase_add_test(kinds, files);
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(task_script(), "task_script", __FILE__);
}
