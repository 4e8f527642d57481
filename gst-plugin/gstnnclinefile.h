/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_LINE_FILE_H
#define GST_NNC_LINE_FILE_H

/* Lines of text into a file, a pipe or standard output, by a thread that must not die of
 * it: no signal, no wait that another thread could not end, no half line that swallows
 * the next one. Knows nothing of GStreamer.
 *
 * Threads: single, but for gst_nnc_line_file_interrupt(). */

#include <glib.h>

G_BEGIN_DECLS

struct gst_nnc_line_file {
    int fd;         /* -1: none */
    gboolean owned; /* else standard output */
    gboolean may_block;
    gboolean torn; /* half a line is the last that the file got */
    int wake_fd; /* -1: there was no descriptor for it */
    gint interrupted; /* atomic */
    guint n_pending; /* lines */
    GString *pending;
};

/* Both may be called in any order with open and close; finish closes. */
void gst_nnc_line_file_init(struct gst_nnc_line_file *file);
void gst_nnc_line_file_finish(struct gst_nnc_line_file *file);

/* Opens `path` ("-": standard output) in place of what was open, which is closed. On
 * failure answers FALSE and what to do in `*reason` (to be freed), and what was open
 * stays so. Never waits: a named pipe without a reader is a failure. */
gboolean gst_nnc_line_file_open(struct gst_nnc_line_file *file, const gchar *path,
                                gboolean append, gchar **reason);

/* Keeps `line`, which ends with a newline, and with `flush`, or when many are kept,
 * writes all there are. Waits where the reader of a pipe is slow.
 *
 * Answers 0, or an errno: then `*n_lost` lines were not written and are forgotten.
 * ECANCELED: it was interrupted. EPIPE: nobody reads any more. */
int gst_nnc_line_file_write(struct gst_nnc_line_file *file, const gchar *line,
                            gboolean flush, guint *n_lost);
int gst_nnc_line_file_flush(struct gst_nnc_line_file *file, guint *n_lost);

/* Forgets lines that are kept; an errno if the file could not be stored in the end. */
int gst_nnc_line_file_close(struct gst_nnc_line_file *file);

/* While TRUE nobody waits: a write that would wait ends with ECANCELED. From any thread.
 */
void gst_nnc_line_file_interrupt(struct gst_nnc_line_file *file, gboolean interrupt);

G_END_DECLS

#endif
