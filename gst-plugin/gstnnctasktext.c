/* SPDX-License-Identifier: MIT */

/* What can be said of a task's texts without its model. */

#include "gstnnctasktext.h"

#include "gstnncerror.h"

#include <math.h>
#include <nnc/taxonomy.h>
#include <string.h>

#define MAX_EXCERPT 60 /* characters */

gchar *gst_nnc_task_text_excerpt(const gchar *text)
{
    g_autofree gchar *head = g_strndup(text, 4 * MAX_EXCERPT);
    g_autofree gchar *valid = g_utf8_make_valid(head, -1);
    gchar *const excerpt = g_utf8_strlen(valid, -1) > MAX_EXCERPT
                               ? g_utf8_substring(valid, 0, MAX_EXCERPT)
                               : g_strdup(valid);

    for (gchar *c = excerpt; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = '?';
    return excerpt;
}

static gboolean has_control_characters(const gchar *text)
{
    for (; *text; text = g_utf8_next_char(text))
        if (g_unichar_iscntrl(g_utf8_get_char(text)))
            return TRUE;
    return FALSE;
}

enum nnc_status gst_nnc_task_text_check_cutout(const gchar *what, const gchar *text,
                                               struct nnc_error *error)
{
    if (strnlen(text, NNC_TASK_TEXT_MAX + 1) > NNC_TASK_TEXT_MAX) {
        gst_nnc_error_set(error, NNC_LIMIT, "%s: the text is longer than %d bytes", what,
                          NNC_TASK_TEXT_MAX);
        return NNC_LIMIT;
    }
    if (g_utf8_validate(text, -1, NULL) && !has_control_characters(text))
        return NNC_OK;
    g_autofree gchar *excerpt = gst_nnc_task_text_excerpt(text);
    gst_nnc_error_set(error, NNC_TASK,
                      "%s: got '%s'; expected UTF-8 without control characters", what,
                      excerpt);
    return NNC_TASK;
}

/* g_ascii_strtod also takes hexadecimal numbers; nobody writes gains so. */
static gboolean read_number(const gchar *text, gdouble *number)
{
    gchar *end;

    *number = g_ascii_strtod(text, &end);
    return end != text && !*end && !strpbrk(text, "xX");
}

enum nnc_status gst_nnc_task_text_read_gain(const gchar *what, const gchar *category,
                                            const gchar *text, gdouble *gain,
                                            struct nnc_error *error)
{
    gdouble number;

    if (read_number(text, &number) && isfinite(number) && number >= 0.0 &&
        number <= GST_NNC_TASK_MAX_GAIN) {
        *gain = number + 0.0; /* the sum turns -0 into 0 */
        return NNC_OK;
    }
    g_autofree gchar *name = gst_nnc_task_text_excerpt(category);
    g_autofree gchar *given = gst_nnc_task_text_excerpt(text);
    gst_nnc_error_set(error, NNC_TASK,
                      "%s: the gain of '%s' is '%s'; expected a number from 0 to %g",
                      what, name, given, GST_NNC_TASK_MAX_GAIN);
    return NNC_TASK;
}

/* Cuts "category=gain" in two; `entry` is written to. FALSE: it has another form. */
static gboolean cut_entry(gchar *entry, gchar **category, gchar **gain)
{
    gchar *const equals = strchr(entry, '=');

    if (!equals)
        return FALSE;
    *equals = 0;
    *category = g_strstrip(entry);
    *gain = g_strstrip(equals + 1);
    return **category != 0;
}

static enum nnc_status check_entry(const gchar *what, gchar *entry,
                                   struct nnc_error *error)
{
    g_autofree gchar *excerpt = gst_nnc_task_text_excerpt(entry);
    gchar *category, *text;
    gdouble gain;

    if (cut_entry(entry, &category, &text))
        return gst_nnc_task_text_read_gain(what, category, text, &gain, error);
    gst_nnc_error_set(error, NNC_TASK, "%s: got '%s'; expected category=gain", what,
                      excerpt);
    return NNC_TASK;
}

static gboolean is_blank(const gchar *text)
{
    return !text[strspn(text, " \t\r\n")];
}

enum nnc_status gst_nnc_task_text_check_attention(const gchar *what, const gchar *text,
                                                  struct nnc_error *error)
{
    enum nnc_status status = gst_nnc_task_text_check_cutout(what, text, error);

    if (status || is_blank(text))
        return status;
    g_auto(GStrv) entries = g_strsplit(text, ",", -1);
    for (gchar **entry = entries; *entry && !status; entry++)
        status = check_entry(what, *entry, error);
    return status;
}

gdouble gst_nnc_task_text_gain_of(const gchar *attention, const gchar *category)
{
    g_auto(GStrv) entries = g_strsplit(attention ? attention : "", ",", -1);
    gchar *name, *text;
    gdouble gain = 1.0; /* the last entry of a name is the one that counts */

    for (gchar **entry = entries; *entry; entry++)
        if (cut_entry(*entry, &name, &text) && !strcmp(name, category))
            gain = g_ascii_strtod(text, NULL);
    return gain;
}

gboolean gst_nnc_task_text_to_number(const GValue *value, gdouble *number)
{
    GValue as_double = G_VALUE_INIT;

    if (G_VALUE_HOLDS_BOOLEAN(value)) { /* which GLib does not turn into a double */
        *number = g_value_get_boolean(value);
        return TRUE;
    }
    if (!g_value_type_transformable(G_VALUE_TYPE(value), G_TYPE_DOUBLE))
        return FALSE;
    g_value_init(&as_double, G_TYPE_DOUBLE);
    const gboolean good = g_value_transform(value, &as_double);
    *number = g_value_get_double(&as_double);
    return good;
}
