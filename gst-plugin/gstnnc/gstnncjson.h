/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_JSON_H
#define GST_NNC_JSON_H

/* The two things about writing JSON that printf cannot do. Private to the library. */

#include <glib.h>

/* With quotes; NULL becomes null, bytes that are not UTF-8 become U+FFFD. */
void gst_nnc_json_append_string(GString *json, const gchar *text);

/* Nine digits, so that a float reads back to the same bits, in any locale; null for what
 * JSON has no number for. */
void gst_nnc_json_append_float(GString *json, gfloat value);

#endif
