/* SPDX-License-Identifier: MIT */
#ifndef WATCH_SETTINGS_H
#define WATCH_SETTINGS_H

/* What the options mean to the elements, and what elements say as JSON. */

#include "watch_options.h"

#include <gst/gst.h>

/* Sets what may change while it plays. FALSE: `*error` names the first that cannot be;
 * what comes before it holds. */
gboolean watch_settings_apply(const struct watch_options *options, GstElement *classify,
                              GstElement *json, GError **error);

/* An object with a member for each field, in one line; to be freed. */
gchar *watch_settings_to_json(const GstStructure *structure);

/* The structure "nnc/task" that an object describes. NULL: `*reason` says what is wrong
 * with it; both to be freed. */
GstStructure *watch_settings_task_from_json(const gchar *text, gchar **reason);

#endif
