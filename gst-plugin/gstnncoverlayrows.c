/* SPDX-License-Identifier: MIT */

/* See gstnncoverlayrows.h. Where room is scarce the best class stays longest, then doubts
 * about it, then the task, then what it saves; more classes take what is left. */

#include "gstnncoverlayrows.h"

#include <math.h>

/* More elements than that would be columns of noise. */
#define MOST_SECTIONS 3

/* No frame has room for more, and layouts take as long as their text. */
#define MOST_LETTERS 200

static void free_row(gpointer data)
{
    struct gst_nnc_overlay_row *const row = data;

    g_free(row->left);
    g_free(row->right);
    g_free(row);
}

static gchar *tame(const gchar *text)
{
    gchar *const valid = g_utf8_make_valid(
        text ? text : "", text ? (gssize)strnlen(text, 4 * MOST_LETTERS) : 0);

    if (g_utf8_strlen(valid, -1) > MOST_LETTERS)
        *g_utf8_offset_to_pointer(valid, MOST_LETTERS) = '\0';
    return valid;
}

/* Takes the texts. */
static struct gst_nnc_overlay_row *
add_row(GPtrArray *rows, enum gst_nnc_overlay_kind kind, gchar *left, gchar *right)
{
    struct gst_nnc_overlay_row *const row = g_new0(struct gst_nnc_overlay_row, 1);

    row->kind = kind;
    row->left = tame(left);
    row->right = right;
    row->bar = -1.0f;
    g_free(left);
    g_ptr_array_add(rows, row);
    return row;
}

static gchar *percent(gdouble part)
{
    return g_strdup_printf("%.0f %%",
                           isfinite(part) ? CLAMP(part, 0.0, 1.0) * 100.0 : 0.0);
}

/* --- rows --- */

static void add_class(GPtrArray *rows, const GstNncPrediction *prediction, guint rank)
{
    const gfloat probability = gst_nnc_prediction_get_class_probability(prediction, rank);
    struct gst_nnc_overlay_row *const row =
        add_row(rows, GST_NNC_OVERLAY_CLASS,
                g_strdup(gst_nnc_prediction_get_class_path(prediction, rank)),
                percent(probability));

    row->bar = isfinite(probability) ? CLAMP(probability, 0.0f, 1.0f) : 0.0f;
    row->dim = gst_nnc_prediction_is_unknown(prediction);
}

static gboolean is_classified(const GstNncPrediction *prediction)
{
    return gst_nnc_prediction_get_status(prediction) ==
           GST_NNC_PREDICTION_STATUS_CLASSIFIED;
}

static gchar *describe_status(const GstNncPrediction *prediction)
{
    const gchar *const reason = gst_nnc_prediction_get_reason(prediction);
    const gchar *const status =
        gst_nnc_prediction_status_to_string(gst_nnc_prediction_get_status(prediction));

    return reason ? g_strdup_printf("%s: %s", status, reason) : g_strdup(status);
}

/* Whether there is something to doubt. */
static gboolean add_doubt(GPtrArray *rows, const GstNncPrediction *prediction)
{
    gfloat presence = 0.0f;

    if (!is_classified(prediction)) {
        add_row(rows, GST_NNC_OVERLAY_DOUBT, describe_status(prediction), NULL);
        return TRUE;
    }
    if (!gst_nnc_prediction_is_unknown(prediction))
        return FALSE;
    gst_nnc_prediction_get_presence(prediction, &presence);
    g_autofree gchar *number = percent(presence);
    add_row(rows, GST_NNC_OVERLAY_DOUBT, g_strdup("unknown"),
            g_strdup_printf("presence %s", number));
    return TRUE;
}

static gchar *describe_time(const GstNncPrediction *prediction, guint show)
{
    const GstClockTime time = gst_nnc_prediction_get_preprocess_time(prediction) +
                              gst_nnc_prediction_get_inference_time(prediction);

    if (!(show & GST_NNC_OVERLAY_SHOW_TIME) || !is_classified(prediction))
        return NULL;
    return g_strdup_printf(time < 10 * GST_MSECOND ? "%.1f ms" : "%.0f ms",
                           (gdouble)time / GST_MSECOND);
}

static gchar *describe_task(const GstNncPrediction *prediction)
{
    const gchar *const cutout = gst_nnc_prediction_get_cutout(prediction);
    const gchar *const attention = gst_nnc_prediction_get_attention(prediction);

    return g_strdup_printf("task: %s%s%s", cutout && *cutout ? cutout : "all",
                           attention && *attention ? "; " : "",
                           attention ? attention : "");
}

static void add_task(GPtrArray *rows, const GstNncPrediction *prediction, guint show)
{
    gchar *const time = describe_time(prediction, show);

    if (show & GST_NNC_OVERLAY_SHOW_TASK)
        add_row(rows, GST_NNC_OVERLAY_REMARK, describe_task(prediction), time);
    else if (time)
        add_row(rows, GST_NNC_OVERLAY_REMARK, g_strdup("time"), time);
}

/* In percent of the whole network. */
static gint saved(guint64 part, guint64 total)
{
    return (gint)lround(100.0 * (1.0 - (gdouble)MIN(part, total) / (gdouble)total));
}

/* Nothing where nothing is known. */
static void add_cost(GPtrArray *rows, const GstNncPrediction *prediction, guint show)
{
    const guint64 total_macs = gst_nnc_prediction_get_total_macs(prediction);
    const guint64 total_params = gst_nnc_prediction_get_total_params(prediction);
    const guint64 macs = gst_nnc_prediction_get_macs(prediction);
    const guint64 params = gst_nnc_prediction_get_params(prediction);

    if (!(show & GST_NNC_OVERLAY_SHOW_COST) || !total_macs || !total_params)
        return;
    add_row(rows, GST_NNC_OVERLAY_REMARK,
            macs == total_macs && params == total_params
                ? g_strdup("full network")
                : g_strdup_printf("MACs \u2212%d %%, params \u2212%d %%",
                                  saved(macs, total_macs), saved(params, total_params)),
            NULL);
}

/* --- sections --- */

static void move_rows(GPtrArray *to, GPtrArray *from, guint most)
{
    while (from->len && most--)
        g_ptr_array_add(to, g_ptr_array_steal_index(from, 0));
}

/* The rows of one prediction, at most `n_rows`. */
static void add_section(GPtrArray *rows, const GstNncPrediction *prediction,
                        const struct gst_nnc_overlay_wanted *wanted, guint n_rows)
{
    g_autoptr(GPtrArray) doubts = g_ptr_array_new_with_free_func(free_row);
    g_autoptr(GPtrArray) remarks = g_ptr_array_new_with_free_func(free_row);
    const guint n_classes = gst_nnc_prediction_get_n_classes(prediction);
    guint n = 0;

    add_doubt(doubts, prediction);
    add_task(remarks, prediction, wanted->show);
    add_cost(remarks, prediction, wanted->show);
    if (is_classified(prediction) && (wanted->show & GST_NNC_OVERLAY_SHOW_CLASSES))
        n = MIN(n_classes, wanted->n_classes);
    /* The first class, the doubts, the remarks, the other classes: in this order they
     * get what room there is. */
    const guint first = MIN(n, 1);
    const guint n_doubts = MIN(doubts->len, n_rows - MIN(n_rows, first));
    const guint n_remarks = MIN(remarks->len, n_rows - MIN(n_rows, first + n_doubts));
    n = MIN(n, n_rows - MIN(n_rows, n_doubts + n_remarks));
    move_rows(rows, doubts, n_doubts);
    for (guint i = 0; i < n; i++)
        add_class(rows, prediction, i);
    move_rows(rows, remarks, n_remarks);
}

gboolean gst_nnc_overlay_is_detection(const GstNncPrediction *prediction)
{
    return gst_nnc_prediction_get_region_id(prediction) >= 0;
}

static GPtrArray *choose_sections(GPtrArray *predictions)
{
    GPtrArray *const chosen = g_ptr_array_new();

    for (guint i = 0; i < predictions->len && chosen->len < MOST_SECTIONS; i++)
        if (!gst_nnc_overlay_is_detection(predictions->pdata[i]))
            g_ptr_array_add(chosen, predictions->pdata[i]);
    return chosen;
}

GPtrArray *gst_nnc_overlay_describe(GPtrArray *predictions,
                                    const struct gst_nnc_overlay_wanted *wanted)
{
    g_autoptr(GPtrArray) sections = choose_sections(predictions);
    GPtrArray *const rows = g_ptr_array_new_with_free_func(free_row);
    const guint n_rows = sections->len ? wanted->n_rows / sections->len : 0;
    const gboolean titled = sections->len > 1 && n_rows > 1;

    for (guint i = 0; i < sections->len; i++) {
        const GstNncPrediction *const prediction = sections->pdata[i];
        if (titled)
            add_row(rows, GST_NNC_OVERLAY_TITLE,
                    g_strdup(gst_nnc_prediction_get_element(prediction)), NULL);
        add_section(rows, prediction, wanted, n_rows - (guint)titled);
    }
    return rows;
}

gchar *gst_nnc_overlay_describe_region(const GstNncPrediction *prediction)
{
    const gchar *const label = gst_nnc_prediction_get_region_label(prediction);
    g_autofree gchar *number =
        percent(gst_nnc_prediction_get_class_probability(prediction, 0));
    const gchar *const name = gst_nnc_prediction_get_class_name(prediction, 0);
    g_autofree gchar *text = !is_classified(prediction) ? describe_status(prediction)
                             : gst_nnc_prediction_is_unknown(prediction)
                                 ? g_strdup("unknown")
                             : name ? g_strdup_printf("%s %s", name, number)
                                    : g_strdup("");
    g_autofree gchar *line =
        label && *label ? g_strdup_printf("%s: %s", label, text) : g_strdup(text);

    return tame(line);
}

/* --- keys --- */

gchar *gst_nnc_overlay_make_key(const GPtrArray *rows, gboolean numbers)
{
    GString *const key = g_string_new(NULL);

    for (guint i = 0; i < rows->len; i++) {
        const struct gst_nnc_overlay_row *const row = rows->pdata[i];
        /* Lengths, so that no text can look like the end of another one. */
        g_string_append_printf(key, "%d%d%zu:%s", row->kind, row->dim, strlen(row->left),
                               row->left);
        if (numbers && row->right)
            g_string_append_printf(key, "=%s", row->right);
        g_string_append_c(key, '\n');
    }
    return g_string_free(key, FALSE);
}
