/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_SCRIPT_H
#define GST_NNC_TASK_SCRIPT_H

/* Tasks by time: a file with one JSON object on each line.
 *
 *     {"time": 12.5, "cutout": "vehicles", "attention": "vehicles=1.5"}
 *     {"at": "08:30", "cutout": "mammals/dogs"}
 *
 * `time` is in seconds, `at` a time of day, HH:MM or HH:MM:SS; a file has the one or the
 * other, in rising order. A line holds until the next one; by time of day the last line
 * holds over midnight until the first. `cutout` and `attention` are texts; what a line
 * leaves out, it leaves to others. Empty lines are skipped. */

#include <glib.h>
#include <nnc/status.h>

#include <stdatomic.h>

G_BEGIN_DECLS

#define GST_NNC_TASK_SCRIPT_MAX_BYTES (4 << 20)
#define GST_NNC_TASK_SCRIPT_MAX_LINES 65536

struct gst_nnc_task_line {
    gint64 time_ns;            /* of the stream, or since midnight */
    guint number;              /* in the file, from 1 */
    gchar *cutout, *attention; /* NULL where the line has none */
};

/* Immutable, shared. */
struct gst_nnc_task_script {
    atomic_uint references;
    gboolean by_time_of_day;
    guint n; /* 1 or more */
    struct gst_nnc_task_line *lines;
};

/* Reads a regular file. Errors name the line, what was expected and what came. Fails:
 * NNC_NOT_FOUND, NNC_PERM, NNC_PATH, NNC_IO, NNC_LIMIT, NNC_PARSE, NNC_TYPE, NNC_VALUE,
 * NNC_TASK; `*script` is untouched then. */
enum nnc_status gst_nnc_task_script_read(const gchar *path,
                                         struct gst_nnc_task_script **script,
                                         struct nnc_error *error);

/* The same of what a file named `name` would contain. */
enum nnc_status gst_nnc_task_script_parse(const gchar *name, const gchar *bytes,
                                          gsize size, struct gst_nnc_task_script **script,
                                          struct nnc_error *error);

struct gst_nnc_task_script *gst_nnc_task_script_ref(struct gst_nnc_task_script *script);
void gst_nnc_task_script_unref(struct gst_nnc_task_script *script); /* NULL is fine */

/* The line that holds at a time, NULL before the first. With `loop_ns` above 0 a script
 * that goes by the stream's time begins again each time so much has passed. */
const struct gst_nnc_task_line *
gst_nnc_task_script_at(const struct gst_nnc_task_script *script, gint64 time_ns,
                       gint64 loop_ns);

G_END_DECLS

#endif
