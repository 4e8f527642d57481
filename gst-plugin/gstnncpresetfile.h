/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_PRESET_FILE_H
#define GST_NNC_PRESET_FILE_H

/* Tasks with names in a file of the user's:
 *
 *     {"traffic": {"cutout": "vehicles,people", "attention": "vehicles=1.5"}, "all": {}}
 *
 * What is missing means all categories, and 1 everywhere. */

#include <glib.h>
#include <nnc/status.h>

G_BEGIN_DECLS

struct gst_nnc_preset {
    gchar *cutout, *attention;
};

/* A table of name to struct gst_nnc_preset, the caller's (g_hash_table_unref). Names of
 * categories are not looked at. Fails: NNC_NOT_FOUND, NNC_IO, NNC_LIMIT (1 MiB), NNC_TASK
 * with the place in the file; `*presets` is untouched then. */
enum nnc_status gst_nnc_preset_file_read(const gchar *path, GHashTable **presets,
                                         struct nnc_error *error);

G_END_DECLS

#endif
