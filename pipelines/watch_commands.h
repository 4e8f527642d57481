/* SPDX-License-Identifier: MIT */
#ifndef WATCH_COMMANDS_H
#define WATCH_COMMANDS_H

/* The commands of nnc-watch --help. Threads: the main one. */

#include "watch_stream.h"

/* The answer to a line of any bytes, in one line, to be freed; NULL for an empty line.
 * `*quit` is set by the command of that name. */
gchar *watch_commands_answer(struct watch_stream *stream, const gchar *line, gsize length,
                             gboolean *quit);

#endif
