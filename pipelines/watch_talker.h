/* SPDX-License-Identifier: MIT */
#ifndef WATCH_TALKER_H
#define WATCH_TALKER_H

/* One who gives commands: a line in, a line out. Lines and answers that wait are bounded;
 * from who does not read the answers, no more commands are read. Threads: the main one.
 */

#include <glib.h>

#define WATCH_TALKER_MOST_BYTES 8191 /* of a line */

/* Answers a line, of any bytes, ending in no newline; to be freed. NULL: no answer. */
typedef gchar *(*watch_answer_func)(const gchar *line, gsize length, gpointer data);

struct watch_talker;
typedef void (*watch_gone_func)(struct watch_talker *talker, gpointer data);

struct watch_talker {
    int in, out; /* out < 0: answers go to standard error */
    guint in_id, out_id;
    GString *line;
    gboolean too_long; /* what comes until the next newline is of a line too long */
    gboolean ended;    /* no more commands come */
    GString *answers;  /* not written yet */
    watch_answer_func answer;
    watch_gone_func gone; /* once, from the main loop; free it there */
    gpointer data;
};

/* Borrows both descriptors; `out` must not block. */
struct watch_talker *watch_talker_new(int in, int out, watch_answer_func answer,
                                      watch_gone_func gone, gpointer data);
void watch_talker_free(struct watch_talker *talker);

#endif
