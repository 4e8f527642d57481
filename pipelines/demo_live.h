/* SPDX-License-Identifier: MIT */
#ifndef DEMO_LIVE_H
#define DEMO_LIVE_H

/* A film or a camera through the element: predictions as they come, another task every
 * few seconds. */

#include "demo_stream.h"

/* `source` is the front of a launch line ("v4l2src device=..."). Returns at the end of
 * the stream, or with `*error`. */
gboolean demo_live_play(const char *source, const char *model,
                        const struct demo_task *tasks, guint n_tasks, GError **error);

#endif
