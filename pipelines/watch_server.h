/* SPDX-License-Identifier: MIT */
#ifndef WATCH_SERVER_H
#define WATCH_SERVER_H

/* A UNIX socket that several clients may give commands on. Its file is for this user
 * alone (mode 0600); one that nobody listens on any more is replaced, anything else that
 * has its name is left alone, and it is removed at the end. Threads: the main one. */

#include "watch_talker.h"

struct watch_server;

/* NULL: `*error` says why. `answer` is called from the main loop. */
struct watch_server *watch_server_new(const gchar *path, watch_answer_func answer,
                                      gpointer data, GError **error);
void watch_server_free(struct watch_server *server); /* NULL is fine */

#endif
