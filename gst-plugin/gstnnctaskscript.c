/* SPDX-License-Identifier: MIT */

/* Scripts of tasks. Jansson reads the JSON, line by line; what is here knows which keys
 * there are and says what is wrong with the others. */

#include "gstnnctaskscript.h"

#include "gstnncerror.h"
#include "gstnnctasktext.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_SECOND G_GINT64_CONSTANT(1000000000)
#define MAX_SECONDS 1e9 /* 31 years */
#define MAX_LINE_BYTES (64 << 10)

/* --- life --- */

static struct gst_nnc_task_script *create(guint max_lines)
{
    struct gst_nnc_task_script *const script = g_new0(struct gst_nnc_task_script, 1);

    atomic_init(&script->references, 1);
    script->lines = g_new0(struct gst_nnc_task_line, max_lines);
    return script;
}

struct gst_nnc_task_script *gst_nnc_task_script_ref(struct gst_nnc_task_script *script)
{
    atomic_fetch_add_explicit(&script->references, 1, memory_order_relaxed);
    return script;
}

void gst_nnc_task_script_unref(struct gst_nnc_task_script *script)
{
    if (!script ||
        atomic_fetch_sub_explicit(&script->references, 1, memory_order_acq_rel) != 1)
        return;
    for (guint i = 0; i < script->n; i++) {
        g_free(script->lines[i].cutout);
        g_free(script->lines[i].attention);
    }
    g_free(script->lines);
    g_free(script);
}

/* --- one line --- */

/* Where a reader stands, for messages and for what must not differ between lines. */
struct reader {
    const gchar *name;
    guint number; /* of the line */
    struct gst_nnc_task_script *script;
    struct nnc_error *error;
};

static enum nnc_status fail(const struct reader *reader, enum nnc_status status,
                            const gchar *format, ...) G_GNUC_PRINTF(3, 4);

static enum nnc_status fail(const struct reader *reader, enum nnc_status status,
                            const gchar *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree gchar *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    gst_nnc_error_set(reader->error, status, "%s, line %u: %s", reader->name,
                      reader->number, text);
    return status;
}

/* A value as it stood in the file, shortened. */
static gchar *show(const json_t *value)
{
    char *const dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    gchar *const excerpt = gst_nnc_task_text_excerpt(dump ? dump : "?");

    free(dump);
    return excerpt;
}

static enum nnc_status fail_value(const struct reader *reader, const gchar *key,
                                  const json_t *value, const gchar *expected)
{
    g_autofree gchar *got = show(value);

    return fail(reader,
                json_is_string(value) || json_is_number(value) ? NNC_VALUE : NNC_TYPE,
                "\"%s\": got %s; expected %s", key, got, expected);
}

static enum nnc_status read_time(const struct reader *reader, const json_t *value,
                                 gint64 *time_ns)
{
    const gdouble seconds = json_number_value(value);

    if (!json_is_number(value) || !(seconds >= 0.0 && seconds <= MAX_SECONDS))
        return fail_value(reader, "time", value, "seconds as a number from 0 to 1e9");
    *time_ns = (gint64)(seconds * (gdouble)NS_PER_SECOND + 0.5);
    return NNC_OK;
}

/* Two digits below `limit`, and the next character. */
static gboolean read_two_digits(const gchar **text, gint limit, gint *number)
{
    const gchar *const t = *text;

    if (!g_ascii_isdigit(t[0]) || !g_ascii_isdigit(t[1]))
        return FALSE;
    *number = 10 * (t[0] - '0') + (t[1] - '0');
    *text += 2;
    return *number < limit;
}

static gboolean skip_colon(const gchar **text)
{
    const gboolean there = **text == ':';

    *text += there;
    return there;
}

static gboolean parse_time_of_day(const gchar *text, gint64 *time_ns)
{
    gint hours, minutes, seconds = 0;

    if (!read_two_digits(&text, 24, &hours) || !skip_colon(&text) ||
        !read_two_digits(&text, 60, &minutes))
        return FALSE;
    if (skip_colon(&text) && !read_two_digits(&text, 60, &seconds))
        return FALSE;
    *time_ns = (hours * 3600 + minutes * 60 + seconds) * NS_PER_SECOND;
    return !*text;
}

static enum nnc_status read_time_of_day(const struct reader *reader, const json_t *value,
                                        gint64 *time_ns)
{
    if (json_is_string(value) && parse_time_of_day(json_string_value(value), time_ns))
        return NNC_OK;
    return fail_value(reader, "at", value,
                      "a time of day, \"HH:MM\" or \"HH:MM:SS\", 00:00 to 23:59:59");
}

typedef enum nnc_status (*check_text)(const gchar *what, const gchar *text,
                                      struct nnc_error *error);

static enum nnc_status read_text(const struct reader *reader, const gchar *key,
                                 const json_t *value, check_text check, gchar **text)
{
    if (!json_is_string(value))
        return fail_value(reader, key, value, "a text in quotes");
    g_autofree gchar *what =
        g_strdup_printf("%s, line %u: \"%s\"", reader->name, reader->number, key);
    const enum nnc_status status = check(what, json_string_value(value), reader->error);
    if (!status)
        *text = g_strdup(json_string_value(value));
    return status;
}

static enum nnc_status read_value(const struct reader *reader,
                                  struct gst_nnc_task_line *line, const gchar *key,
                                  const json_t *value)
{
    if (!strcmp(key, "time"))
        return read_time(reader, value, &line->time_ns);
    if (!strcmp(key, "at"))
        return read_time_of_day(reader, value, &line->time_ns);
    if (!strcmp(key, "cutout"))
        return read_text(reader, key, value, gst_nnc_task_text_check_cutout,
                         &line->cutout);
    if (!strcmp(key, "attention"))
        return read_text(reader, key, value, gst_nnc_task_text_check_attention,
                         &line->attention);
    g_autofree gchar *got = gst_nnc_task_text_excerpt(key);
    return fail(reader, NNC_VALUE,
                "unknown key \"%s\"; expected \"time\" or \"at\", \"cutout\", "
                "\"attention\"",
                got);
}

/* A line has one kind of time, and all lines have the same. */
static enum nnc_status check_kind_of_time(const struct reader *reader,
                                          const json_t *object)
{
    const gboolean has_time = json_object_get(object, "time") != NULL;
    const gboolean has_at = json_object_get(object, "at") != NULL;

    if (has_time == has_at)
        return fail(reader, NNC_VALUE, "got %s; expected one of \"time\" and \"at\"",
                    has_time ? "both \"time\" and \"at\""
                             : "neither \"time\" nor \"at\"");
    if (reader->script->n == 0)
        reader->script->by_time_of_day = has_at;
    if (reader->script->by_time_of_day != has_at)
        return fail(reader, NNC_VALUE,
                    "got \"%s\"; expected \"%s\" as in the lines above",
                    has_at ? "at" : "time", has_at ? "time" : "at");
    return NNC_OK;
}

static enum nnc_status check_order(const struct reader *reader,
                                   const struct gst_nnc_task_line *line)
{
    if (reader->script->n == 0 || line[-1].time_ns < line->time_ns)
        return NNC_OK;
    return fail(reader, NNC_VALUE,
                "its time is not later than that of line %u; expected "
                "rising times",
                line[-1].number);
}

static enum nnc_status read_object(struct reader *reader, json_t *object)
{
    struct gst_nnc_task_script *const script = reader->script;
    struct gst_nnc_task_line *const line = &script->lines[script->n];
    enum nnc_status status = check_kind_of_time(reader, object);
    const char *key;
    json_t *value;

    line->number = reader->number;
    json_object_foreach(object, key, value)
    {
        if (!status)
            status = read_value(reader, line, key, value);
    }
    if (!status)
        status = check_order(reader, line);
    script->n++; /* also if it failed: it may have texts to be freed */
    return status;
}

static enum nnc_status read_line(struct reader *reader, const gchar *text, gsize size)
{
    json_error_t problem;

    if (size > MAX_LINE_BYTES)
        return fail(reader, NNC_LIMIT, "the line is longer than %d bytes",
                    MAX_LINE_BYTES);
    json_t *const object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (!object) {
        g_autofree gchar *why = gst_nnc_task_text_excerpt(problem.text);
        return fail(reader, NNC_PARSE, "no JSON object: %s (column %d)", why,
                    problem.column);
    }
    enum nnc_status status;
    if (json_is_object(object))
        status = read_object(reader, object);
    else
        status = fail(reader, NNC_TYPE, "got an array; expected an object in braces");
    json_decref(object);
    return status;
}

/* --- the whole --- */

static gboolean is_blank(const gchar *text, gsize size)
{
    for (gsize i = 0; i < size; i++)
        if (!strchr(" \t\r", text[i]) || !text[i])
            return FALSE;
    return TRUE;
}

static guint count_lines(const gchar *bytes, gsize size)
{
    guint n = 1;

    for (gsize i = 0; i < size; i++)
        n += bytes[i] == '\n';
    return n;
}

static enum nnc_status read_lines(struct reader *reader, const gchar *bytes, gsize size)
{
    const gchar *const end = bytes + size;
    enum nnc_status status = NNC_OK;

    for (const gchar *from = bytes; from < end && !status;) {
        const gchar *const newline = memchr(from, '\n', (gsize)(end - from));
        const gchar *const to = newline ? newline : end;
        reader->number++;
        if (!is_blank(from, (gsize)(to - from)))
            status = read_line(reader, from, (gsize)(to - from));
        from = to + 1;
    }
    if (!status && reader->script->n == 0) {
        gst_nnc_error_set(reader->error, NNC_PARSE,
                          "%s: got no line with a task; expected one JSON object on each "
                          "line",
                          reader->name);
        return NNC_PARSE;
    }
    return status;
}

enum nnc_status gst_nnc_task_script_parse(const gchar *name, const gchar *bytes,
                                          gsize size, struct gst_nnc_task_script **script,
                                          struct nnc_error *error)
{
    const guint n_lines = count_lines(bytes, size);

    if (n_lines > GST_NNC_TASK_SCRIPT_MAX_LINES || size > GST_NNC_TASK_SCRIPT_MAX_BYTES) {
        gst_nnc_error_set(error, NNC_LIMIT,
                          "%s: got %u lines, %" G_GSIZE_FORMAT
                          " bytes; expected at most %d and %d",
                          name, n_lines, size, GST_NNC_TASK_SCRIPT_MAX_LINES,
                          GST_NNC_TASK_SCRIPT_MAX_BYTES);
        return NNC_LIMIT;
    }
    struct reader reader = {.name = name, .script = create(n_lines), .error = error};
    const enum nnc_status status = read_lines(&reader, bytes, size);
    if (status)
        gst_nnc_task_script_unref(reader.script);
    else
        *script = reader.script;
    return status;
}

static enum nnc_status fail_file(const gchar *name, enum nnc_status status,
                                 const gchar *what, struct nnc_error *error)
{
    gst_nnc_error_set(error, status, "%s: %s; expected a file of JSON lines", name, what);
    return status;
}

/* To the end, or as far as `size` says: a file may shrink, and reads may be short. */
static gssize read_all(int file, gchar *bytes, gsize size)
{
    gsize n_read = 0;

    while (n_read < size) {
        const ssize_t n = TEMP_FAILURE_RETRY(read(file, bytes + n_read, size - n_read));
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        n_read += (gsize)n;
    }
    return (gssize)n_read;
}

/* Opened without waiting: the name may be that of a pipe. */
static enum nnc_status read_file(const gchar *path, const gchar *name, gchar **bytes,
                                 gsize *size, struct nnc_error *error)
{
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const int reason = errno;
    enum nnc_status status = NNC_OK;
    struct stat about;

    if (file < 0)
        return fail_file(name, reason == EACCES ? NNC_PERM : NNC_NOT_FOUND,
                         g_strerror(reason), error);
    if (fstat(file, &about) || !S_ISREG(about.st_mode)) {
        status = fail_file(name, NNC_PATH, "not a regular file", error);
    } else if (about.st_size > GST_NNC_TASK_SCRIPT_MAX_BYTES) {
        status = fail_file(name, NNC_LIMIT, "the file is larger than 4 MiB", error);
    } else {
        *bytes = g_malloc((gsize)about.st_size + 1);
        const gssize n = read_all(file, *bytes, (gsize)about.st_size);
        *size = n < 0 ? 0 : (gsize)n;
        if (n < 0)
            status = fail_file(name, NNC_IO, g_strerror(errno), error);
    }
    close(file);
    return status;
}

enum nnc_status gst_nnc_task_script_read(const gchar *path,
                                         struct gst_nnc_task_script **script,
                                         struct nnc_error *error)
{
    g_autofree gchar *base = g_path_get_basename(path);
    g_autofree gchar *name = gst_nnc_task_text_excerpt(base);
    g_autofree gchar *bytes = NULL;
    gsize size = 0;
    enum nnc_status status = read_file(path, name, &bytes, &size, error);

    if (!status)
        status = gst_nnc_task_script_parse(name, bytes, size, script, error);
    return status;
}

/* --- time --- */

const struct gst_nnc_task_line *
gst_nnc_task_script_at(const struct gst_nnc_task_script *script, gint64 time_ns,
                       gint64 loop_ns)
{
    guint low = 0, high = script->n; /* the lines before `low` have begun */

    if (loop_ns > 0 && !script->by_time_of_day)
        time_ns %= loop_ns;
    while (low < high) {
        const guint middle = low + (high - low) / 2;
        if (script->lines[middle].time_ns <= time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 && !script->by_time_of_day)
        return NULL;
    return &script->lines[(low ? low : script->n) - 1];
}
