/* SPDX-License-Identifier: MIT */
/* See structures.h. */

#include "structures.h"

#include <math.h>
#include <string.h>

#define PICK(dice, list) ((list)[below((dice), G_N_ELEMENTS(list))])

static const gdouble numbers[] = {0,  1,   0.5, -1,   16,       16.5,    1e30,
                                  -0.0, 1e300, NAN, INFINITY, -INFINITY, 1e-310};

static gchar *make_bytes(struct dice *dice)
{
    const guint n = below(dice, one_in(dice, 16) ? 6000 : 24);
    GString *const text = g_string_new(NULL);

    for (guint i = 0; i < n; i++)
        g_string_append_c(text, (gchar)between(dice, 1, 255));
    return g_string_free(text, FALSE);
}

gchar *make_text(struct dice *dice)
{
    static const gchar *const entries[] = {"a", "b", "a1", "a/a1", "-a", "-b1", "*", "a?",
                                           "a=1.5", "b=0", "a1=16", "*=2", "a=nan", "zz",
                                           "-", ",", "=", "", " a ", "a=1=2", "/a", "a/"};
    if (one_in(dice, 5)) {
        g_autofree gchar *bytes = make_bytes(dice);
        return g_utf8_make_valid(bytes, -1);
    }
    GString *const text = g_string_new(PICK(dice, entries));
    for (guint n = below(dice, 4); n-- > 0;) {
        g_string_append_c(text, ',');
        g_string_append(text, PICK(dice, entries));
    }
    return g_string_free(text, FALSE);
}

static void set_boxed(GValue *value, GType type, gpointer boxed)
{
    g_value_init(value, type);
    g_value_take_boxed(value, boxed);
}

static void set_bytes(struct dice *dice, GValue *value)
{
    g_autofree gchar *bytes = make_bytes(dice);
    const gsize size = below(dice, 8) ? below(dice, 9) : strlen(bytes);
    GByteArray *const array = g_byte_array_new();

    for (gsize i = 0; i < size; i++)
        g_byte_array_append(array, (const guint8[]){(guint8)below(dice, 3)}, 1);
    switch (below(dice, 4)) {
    case 0:
        set_boxed(value, G_TYPE_BYTE_ARRAY, array);
        return;
    case 1:
        g_value_init(value, G_TYPE_BYTES); /* NULL */
        g_byte_array_unref(array);
        return;
    case 2:
        set_boxed(value, G_TYPE_BYTES, g_byte_array_free_to_bytes(array));
        return;
    default:
        set_boxed(value, GST_TYPE_BUFFER,
                  array->len ? gst_buffer_new_memdup(array->data, array->len)
                             : gst_buffer_new());
        g_byte_array_unref(array);
    }
}

static void set_value(struct dice *dice, GValue *value, int depth);

static gboolean is_array(const GValue *value)
{
    return GST_VALUE_HOLDS_ARRAY(value) || GST_VALUE_HOLDS_LIST(value);
}

/* GStreamer wants items of one type, in arrays within arrays too. */
static void set_array(struct dice *dice, GValue *value, int depth)
{
    const gboolean list = one_in(dice, 2);
    const guint n = !depth && one_in(dice, 24) ? below(dice, 3000) : below(dice, 9);
    GValue first = G_VALUE_INIT;

    g_value_init(value, list ? GST_TYPE_LIST : GST_TYPE_ARRAY);
    for (guint i = 0; i < n; i++) {
        GValue item = G_VALUE_INIT;
        set_value(dice, &item, depth + 1);
        if (i && (G_VALUE_TYPE(&item) != G_VALUE_TYPE(&first) || is_array(&item))) {
            g_value_unset(&item);
            g_value_init(&item, G_VALUE_TYPE(&first));
            g_value_copy(&first, &item);
        }
        if (!i) {
            g_value_init(&first, G_VALUE_TYPE(&item));
            g_value_copy(&item, &first);
        }
        if (list)
            gst_value_list_append_and_take_value(value, &item);
        else
            gst_value_array_append_and_take_value(value, &item);
    }
    if (n)
        g_value_unset(&first);
}

static void set_number(struct dice *dice, GValue *value)
{
    switch (below(dice, 5)) {
    case 0:
        g_value_init(value, G_TYPE_INT);
        g_value_set_int(value, (gint)below(dice, 5) - 2);
        return;
    case 1:
        g_value_init(value, G_TYPE_UINT64);
        g_value_set_uint64(value, one_in(dice, 4) ? G_MAXUINT64 : below(dice, 9));
        return;
    case 2:
        g_value_init(value, G_TYPE_FLOAT);
        g_value_set_float(value, (gfloat)below(dice, 70) / 4);
        return;
    case 3:
        g_value_init(value, G_TYPE_BOOLEAN);
        g_value_set_boolean(value, one_in(dice, 2));
        return;
    default:
        g_value_init(value, G_TYPE_DOUBLE);
        g_value_set_double(value, PICK(dice, numbers));
    }
}

static void set_value(struct dice *dice, GValue *value, int depth)
{
    switch (below(dice, depth < 2 ? 8 : 5)) {
    case 0:
        g_value_init(value, G_TYPE_STRING); /* NULL */
        return;
    case 1:
    case 2:
        g_value_init(value, G_TYPE_STRING);
        g_value_take_string(value, make_text(dice));
        return;
    case 3:
        set_number(dice, value);
        return;
    case 4:
        set_bytes(dice, value);
        return;
    case 5:
        g_value_init(value, GST_TYPE_FRACTION);
        gst_value_set_fraction(value, 1, 3);
        return;
    default:
        set_array(dice, value, depth);
    }
}

GstStructure *make_structure(struct dice *dice)
{
    static const gchar *const fields[] = {"cutout",   "attention", "mask",     "gain/a",
                                          "gain/b",   "gain/a/a1", "gain/",    "gain/a,b",
                                          "gain/a=2", "seq",       "gain/zzz", "version"};
    GstStructure *const structure =
        gst_structure_new_empty(one_in(dice, 16) ? "nnc/other" : "nnc/task");

    for (guint n = below(dice, 6); n-- > 0;) {
        GValue value = G_VALUE_INIT;
        const gchar *const field = PICK(dice, fields);
        set_value(dice, &value, 0);
        gst_structure_take_value(structure, field, &value);
    }
    return structure;
}
