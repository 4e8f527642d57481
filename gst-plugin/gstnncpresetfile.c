/* SPDX-License-Identifier: MIT */

#include "gstnncpresetfile.h"

#include <gio/gio.h>
#include <jansson.h>

#include "gstnncerror.h"

#define MOST_BYTES (1 << 20)

static void free_preset(gpointer data)
{
    struct gst_nnc_preset *const preset = data;

    g_free(preset->cutout);
    g_free(preset->attention);
    g_free(preset);
}

/* Reads at most one byte more than is allowed: a pipe or a device has no size. */
static enum nnc_status read_file(const gchar *path, GBytes **bytes,
                                 struct nnc_error *error)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GError) reason = NULL;
    g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, &reason);

    *bytes = stream ? g_input_stream_read_bytes(G_INPUT_STREAM(stream), MOST_BYTES + 1,
                                                NULL, &reason)
                    : NULL;
    if (!*bytes) {
        const gboolean absent =
            g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
        gst_nnc_error_set(error, absent ? NNC_NOT_FOUND : NNC_IO, "presets: %s",
                          reason->message);
        return absent ? NNC_NOT_FOUND : NNC_IO;
    }
    if (g_bytes_get_size(*bytes) <= MOST_BYTES)
        return NNC_OK;
    gst_nnc_error_set(error, NNC_LIMIT, "presets: '%.200s' has more than %d bytes", path,
                      MOST_BYTES);
    g_clear_pointer(bytes, g_bytes_unref);
    return NNC_LIMIT;
}

static gchar *get_text(const json_t *object, const gchar *key)
{
    const json_t *const value = json_object_get(object, key);

    if (value && !json_is_string(value))
        return NULL;
    return g_strdup(value ? json_string_value(value) : "");
}

static gboolean add_preset(GHashTable *presets, const gchar *name, const json_t *object)
{
    struct gst_nnc_preset *const preset = g_new0(struct gst_nnc_preset, 1);

    preset->cutout = get_text(object, "cutout");
    preset->attention = get_text(object, "attention");
    g_hash_table_insert(presets, g_strdup(name), preset);
    return *name && json_is_object(object) && preset->cutout && preset->attention;
}

static enum nnc_status read_presets(json_t *root, GHashTable *presets,
                                    struct nnc_error *error)
{
    const gchar *name;
    json_t *object;

    if (!json_is_object(root)) {
        gst_nnc_error_set(error, NNC_TASK,
                          "presets: expected a JSON object of name to task");
        return NNC_TASK;
    }
    json_object_foreach(root, name, object)
    {
        if (add_preset(presets, name, object))
            continue;
        gst_nnc_error_set(error, NNC_TASK,
                          "presets: '%.64s': expected an object with the texts 'cutout' "
                          "and 'attention'",
                          name);
        return NNC_TASK;
    }
    return NNC_OK;
}

enum nnc_status gst_nnc_preset_file_read(const gchar *path, GHashTable **presets,
                                         struct nnc_error *error)
{
    g_autoptr(GBytes) bytes = NULL;
    json_error_t at;
    enum nnc_status status = read_file(path, &bytes, error);

    if (status)
        return status;
    gsize size;
    const gchar *const text = g_bytes_get_data(bytes, &size);
    json_t *const root = json_loadb(text ? text : "", size, JSON_REJECT_DUPLICATES, &at);
    if (!root) {
        gst_nnc_error_set(error, NNC_TASK, "presets: line %d, column %d: %s", at.line,
                          at.column, at.text);
        return NNC_TASK;
    }
    GHashTable *const table =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_preset);
    status = read_presets(root, table, error);
    json_decref(root);
    if (status)
        g_hash_table_unref(table);
    else
        *presets = table;
    return status;
}
