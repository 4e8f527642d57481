/* SPDX-License-Identifier: MIT */

/* A query that lets sources deliver no more than the network looks at: cameras that scale
 * or slow down by themselves save everybody behind them the work. */

#include <gstnnc/gstnncwantedinput.h>

/**
 * gst_nnc_wanted_input_query_new:
 *
 * A source asks its peer with it, e.g. by gst_pad_peer_query(), before it chooses what to
 * deliver. The answer is a wish: frames of any size and rate are welcome.
 *
 * Returns: (transfer full): a custom query without an answer
 *
 * Since: 0.1
 */
GstQuery *gst_nnc_wanted_input_query_new(void)
{
    return gst_query_new_custom(GST_QUERY_CUSTOM,
                                gst_structure_new_empty(GST_NNC_WANTED_INPUT_NAME));
}

/**
 * gst_nnc_query_is_wanted_input:
 * @query: any query
 *
 * Returns: whether @query is one of gst_nnc_wanted_input_query_new()
 *
 * Since: 0.1
 */
gboolean gst_nnc_query_is_wanted_input(GstQuery *query)
{
    g_return_val_if_fail(GST_IS_QUERY(query), FALSE);
    return GST_QUERY_TYPE(query) == GST_QUERY_CUSTOM &&
           gst_structure_has_name(gst_query_get_structure(query),
                                  GST_NNC_WANTED_INPUT_NAME);
}

/**
 * gst_nnc_wanted_input_set:
 * @query: a writable query of gst_nnc_wanted_input_query_new()
 * @width: least width in pixels that loses nothing, 1 or more
 * @height: least height, 1 or more
 * @fps_n: how many frames in @fps_d seconds are looked at; 0 if all that come
 * @fps_d: 1 or more
 * @formats: (array zero-terminated=1): formats of video/x-raw that are read, cheapest
 *   first
 *
 * Answers the query.
 *
 * Since: 0.1
 */
void gst_nnc_wanted_input_set(GstQuery *query, gint width, gint height, gint fps_n,
                              gint fps_d, const gchar *const *formats)
{
    g_return_if_fail(gst_nnc_query_is_wanted_input(query) && formats);
    g_return_if_fail(width > 0 && height > 0 && fps_n >= 0 && fps_d > 0);
    GValue list = G_VALUE_INIT;

    g_value_init(&list, GST_TYPE_LIST);
    for (; *formats; formats++) {
        GValue value = G_VALUE_INIT;
        g_value_init(&value, G_TYPE_STRING);
        g_value_set_string(&value, *formats);
        gst_value_list_append_and_take_value(&list, &value);
    }
    GstStructure *const answer = gst_query_writable_structure(query);
    gst_structure_set(answer, "width", G_TYPE_INT, width, "height", G_TYPE_INT, height,
                      "framerate", GST_TYPE_FRACTION, fps_n, fps_d, NULL);
    gst_structure_take_value(answer, "formats", &list);
}

static gchar **copy_strings(const GValue *list)
{
    const guint n = gst_value_list_get_size(list);
    gchar **const strings = g_new0(gchar *, n + 1);
    guint n_copied = 0;

    for (guint i = 0; i < n; i++) {
        const GValue *const value = gst_value_list_get_value(list, i);
        if (G_VALUE_HOLDS_STRING(value) && g_value_get_string(value))
            strings[n_copied++] = g_value_dup_string(value);
    }
    return strings;
}

/**
 * gst_nnc_wanted_input_parse:
 * @query: a query of gst_nnc_wanted_input_query_new()
 * @width: (out): see gst_nnc_wanted_input_set()
 * @height: (out): see there
 * @fps_n: (out): see there
 * @fps_d: (out): see there
 * @formats: (out) (optional) (transfer full) (array zero-terminated=1): see there
 *
 * Returns: whether @query was answered, with values that make sense; else nothing is set
 *
 * Since: 0.1
 */
gboolean gst_nnc_wanted_input_parse(GstQuery *query, gint *width, gint *height,
                                    gint *fps_n, gint *fps_d, gchar ***formats)
{
    g_return_val_if_fail(gst_nnc_query_is_wanted_input(query), FALSE);
    const GstStructure *const answer = gst_query_get_structure(query);
    const GValue *const list = gst_structure_get_value(answer, "formats");
    gint w, h, n, d;

    if (!gst_structure_get_int(answer, "width", &w) ||
        !gst_structure_get_int(answer, "height", &h) ||
        !gst_structure_get_fraction(answer, "framerate", &n, &d) || !list ||
        !GST_VALUE_HOLDS_LIST(list) || w < 1 || h < 1 || n < 0 || d < 1)
        return FALSE;
    *width = w;
    *height = h;
    *fps_n = n;
    *fps_d = d;
    if (formats)
        *formats = copy_strings(list);
    return TRUE;
}
