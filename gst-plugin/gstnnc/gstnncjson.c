/* SPDX-License-Identifier: MIT */

/* Strings and floats as JSON has them. Everything is written on one line: a reader may
 * take each line of a stream for one object. */

#include "gstnncjson.h"

#include <math.h>

void gst_nnc_json_append_string(GString *json, const gchar *text)
{
    if (!text) {
        g_string_append(json, "null");
        return;
    }
    g_autofree gchar *valid = g_utf8_make_valid(text, -1);
    g_string_append_c(json, '"');
    for (const gchar *c = valid; *c; c++) {
        if (*c == '"' || *c == '\\')
            g_string_append_c(json, '\\');
        if ((guchar)*c < 0x20 || *c == 0x7f)
            g_string_append_printf(json, "\\u%04x", (guchar)*c);
        else
            g_string_append_c(json, *c);
    }
    g_string_append_c(json, '"');
}

void gst_nnc_json_append_float(GString *json, gfloat value)
{
    gchar digits[G_ASCII_DTOSTR_BUF_SIZE];

    if (!isfinite(value))
        g_string_append(json, "null");
    else
        g_string_append(json, g_ascii_formatd(digits, sizeof digits, "%.9g", value));
}
