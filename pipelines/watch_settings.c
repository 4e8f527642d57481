/* SPDX-License-Identifier: MIT */

#include "watch_settings.h"

#include <gstnnc/gstnnc.h>
#include <jansson.h>

#include <string.h>

/* --- options --- */

/* `text` as a value of the property's own type, which refuses what it does not know. What
 * is set already is not set again: some properties cannot be while it plays. */
static gboolean set_property(GstElement *element, const gchar *name, const gchar *text,
                             GError **error)
{
    GParamSpec *const spec =
        g_object_class_find_property(G_OBJECT_GET_CLASS(element), name);
    g_auto(GValue) value = G_VALUE_INIT, now = G_VALUE_INIT;

    if (!spec || !(spec->flags & G_PARAM_WRITABLE))
        return watch_options_fail(
            error, "'%s' is nothing that can be set of %s; gst-inspect-1.0 lists it",
            name, GST_OBJECT_NAME(element));
    g_value_init(&value, G_PARAM_SPEC_VALUE_TYPE(spec));
    if (!gst_value_deserialize(&value, text) || g_param_value_validate(spec, &value))
        return watch_options_fail(
            error, "%s: '%s' is no value of it; see gst-inspect-1.0", name, text);
    g_value_init(&now, G_PARAM_SPEC_VALUE_TYPE(spec));
    g_object_get_property(G_OBJECT(element), name, &now);
    if (g_param_values_cmp(spec, &now, &value))
        g_object_set_property(G_OBJECT(element), name, &value);
    return TRUE;
}

static gboolean set_properties(GstElement *classify, gchar **settings, GError **error)
{
    for (; settings && *settings; settings++) {
        const gchar *const equals = strchr(*settings, '=');
        g_autofree gchar *name = equals ? g_strndup(*settings, equals - *settings) : NULL;
        if (!name)
            return watch_options_fail(error, "set: expected NAME=VALUE, got '%s'",
                                      *settings);
        if (!set_property(classify, name, equals + 1, error))
            return FALSE;
    }
    return TRUE;
}

/* Both halves as one change; what is not said stays. */
static void set_task(GstElement *classify, const struct watch_options *options)
{
    GstStructure *const task = gst_structure_new_empty(GST_NNC_TASK_NAME);

    if (options->cutout)
        gst_structure_set(task, "cutout", G_TYPE_STRING, options->cutout, NULL);
    if (options->attention)
        gst_structure_set(task, "attention", G_TYPE_STRING, options->attention, NULL);
    if (options->cutout || options->attention)
        g_object_set(classify, "task", task, NULL);
    gst_structure_free(task);
}

gboolean watch_settings_apply(const struct watch_options *options, GstElement *classify,
                              GstElement *json, GError **error)
{
    g_autofree gchar *model = NULL;

    if (!set_properties(classify, options->settings, error))
        return FALSE;
    g_object_get(classify, "model", &model, NULL);
    if (g_strcmp0(model, options->model) != 0)
        g_object_set(classify, "model", options->model, NULL);
    if (options->preset_file)
        g_object_set(classify, "preset-file", options->preset_file, NULL);
    if (options->preset)
        g_object_set(classify, "preset", options->preset, NULL);
    set_task(classify, options);
    /* The same name again: the file is opened anew, as after a rotation of logs. */
    g_object_set(json, "location", options->json ? options->json : "-", NULL);
    return set_property(json, "predictions",
                        options->predictions ? options->predictions : "all", error);
}

/* --- JSON --- */

static json_t *to_json(const GstStructure *structure);

static json_t *value_to_json(const GValue *value)
{
    g_auto(GValue) number = G_VALUE_INIT;

    if (GST_VALUE_HOLDS_STRUCTURE(value))
        return to_json(gst_value_get_structure(value));
    if (G_VALUE_HOLDS_STRING(value))
        return json_string(g_value_get_string(value));
    if (G_VALUE_HOLDS_BOOLEAN(value))
        return json_boolean(g_value_get_boolean(value));
    if (G_VALUE_HOLDS_DOUBLE(value) || G_VALUE_HOLDS_FLOAT(value)) {
        g_value_init(&number, G_TYPE_DOUBLE);
        g_value_transform(value, &number);
        return json_real(g_value_get_double(&number));
    }
    g_value_init(&number, G_TYPE_INT64);
    return g_value_transform(value, &number) ? json_integer(g_value_get_int64(&number))
                                             : NULL;
}

static json_t *to_json(const GstStructure *structure)
{
    json_t *const object = json_object();

    for (gint i = 0; i < gst_structure_n_fields(structure); i++) {
        const gchar *const name = gst_structure_nth_field_name(structure, (guint)i);
        json_t *const value = value_to_json(gst_structure_get_value(structure, name));
        json_object_set_new(object, name, value ? value : json_null());
    }
    return object;
}

gchar *watch_settings_to_json(const GstStructure *structure)
{
    json_t *const object = to_json(structure);
    char *const text = json_dumps(object, JSON_COMPACT);
    gchar *const copy = g_strdup(text);

    free(text);
    json_decref(object);
    return copy;
}

/* --- tasks in JSON --- */

static gchar *join_array(const json_t *array)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;
    json_t *name;

    json_array_foreach(array, i, name)
    {
        if (!json_is_string(name))
            return NULL;
        g_string_append_printf(text, "%s%s", i ? "," : "", json_string_value(name));
    }
    return g_strdup(text->str);
}

static gchar *join_object(json_t *object)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];
    const char *name;
    json_t *gain;

    json_object_foreach(object, name, gain)
    {
        if (!json_is_number(gain))
            return NULL;
        g_ascii_dtostr(number, sizeof number, json_number_value(gain));
        g_string_append_printf(text, "%s%s=%s", text->len ? "," : "", name, number);
    }
    return g_strdup(text->str);
}

static gchar *half_of(const gchar *key, json_t *value, gchar **reason)
{
    const gboolean is_cutout = g_str_equal(key, "cutout");
    gchar *text = NULL;

    if (!is_cutout && !g_str_equal(key, "attention")) {
        *reason =
            g_strdup_printf("a task has 'cutout' and 'attention', not '%.64s'", key);
        return NULL;
    }
    if (json_is_string(value))
        text = g_strdup(json_string_value(value));
    else if (is_cutout && json_is_array(value))
        text = join_array(value);
    else if (!is_cutout && json_is_object(value))
        text = join_object(value);
    if (!text)
        *reason = g_strdup_printf("'%s': expected a text or %s", key,
                                  is_cutout ? "an array of texts"
                                            : "an object of category to number");
    return text;
}

static GstStructure *read_task(json_t *object, gchar **reason)
{
    GstStructure *const task = gst_structure_new_empty(GST_NNC_TASK_NAME);
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        g_autofree gchar *text = half_of(key, value, reason);
        if (!text)
            break;
        gst_structure_set(task, key, G_TYPE_STRING, text, NULL);
    }
    if (!*reason && !gst_structure_n_fields(task))
        *reason = g_strdup("expected an object with 'cutout', 'attention' or both");
    if (!*reason)
        return task;
    gst_structure_free(task);
    return NULL;
}

GstStructure *watch_settings_task_from_json(const gchar *text, gchar **reason)
{
    json_error_t at;
    json_t *const root = json_loads(text, JSON_REJECT_DUPLICATES, &at);

    *reason = root ? NULL : g_strdup_printf("column %d: %s", at.column, at.text);
    GstStructure *const task = root ? read_task(root, reason) : NULL;
    json_decref(root);
    return task;
}
