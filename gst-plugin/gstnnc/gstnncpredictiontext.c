/* SPDX-License-Identifier: MIT */

/* A prediction in the two forms that leave the process: a structure for bus messages and
 * one line of JSON. Both use the field names of the command line's output. */

#include "gstnncjson.h"
#include "gstnncpredictionprivate.h"

static void take_class(GValue *classes, const GstNncPrediction *self, guint rank)
{
    GValue value = G_VALUE_INIT;
    GstStructure *const structure = gst_structure_new(
        "nnc/class", "path", G_TYPE_STRING, gst_nnc_prediction_get_class_path(self, rank),
        "class", G_TYPE_STRING, gst_nnc_prediction_get_class_name(self, rank), "category",
        G_TYPE_UINT, gst_nnc_prediction_get_class_category(self, rank), "probability",
        G_TYPE_DOUBLE, (gdouble)gst_nnc_prediction_get_class_probability(self, rank),
        "logit", G_TYPE_DOUBLE, (gdouble)gst_nnc_prediction_get_class_logit(self, rank),
        NULL);

    g_value_init(&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&value, structure);
    gst_value_array_append_and_take_value(classes, &value);
}

static void set_classes(GstStructure *structure, const GstNncPrediction *self)
{
    GValue classes = G_VALUE_INIT;
    const guint n = gst_nnc_prediction_get_n_classes(self);

    if (n && gst_nnc_prediction_get_status(self) == GST_NNC_PREDICTION_STATUS_CLASSIFIED)
        gst_structure_set(
            structure, "path", G_TYPE_STRING, gst_nnc_prediction_get_class_path(self, 0),
            "class", G_TYPE_STRING, gst_nnc_prediction_get_class_name(self, 0),
            "probability", G_TYPE_DOUBLE,
            (gdouble)gst_nnc_prediction_get_class_probability(self, 0), "logit",
            G_TYPE_DOUBLE, (gdouble)gst_nnc_prediction_get_class_logit(self, 0), NULL);
    g_value_init(&classes, GST_TYPE_ARRAY);
    for (guint i = 0; i < n; i++)
        take_class(&classes, self, i);
    gst_structure_take_value(structure, "predictions", &classes);
}

static void set_presence(GstStructure *structure, const GstNncPrediction *self)
{
    gfloat presence;

    if (gst_nnc_prediction_get_presence(self, &presence))
        gst_structure_set(structure, "presence", G_TYPE_DOUBLE, (gdouble)presence,
                          "unknown", G_TYPE_BOOLEAN, gst_nnc_prediction_is_unknown(self),
                          NULL);
}

static void set_region(GstStructure *structure, const GstNncPrediction *self)
{
    guint x, y, width, height;

    if (!gst_nnc_prediction_get_region(self, &x, &y, &width, &height))
        return;
    gst_structure_set(structure, "x", G_TYPE_UINT, x, "y", G_TYPE_UINT, y, "width",
                      G_TYPE_UINT, width, "height", G_TYPE_UINT, height, "region-id",
                      G_TYPE_INT, gst_nnc_prediction_get_region_id(self), "region-label",
                      G_TYPE_STRING, gst_nnc_prediction_get_region_label(self), NULL);
}

/**
 * gst_nnc_prediction_to_structure:
 * @self: a #GstNncPrediction
 *
 * The structure "nnc/prediction" with the fields `status`, `element`, `task-id`,
 * `cutout`, `attention`, `params`, `macs`, `total-params`, `total-macs`, `preprocess-ns`,
 * `inference-ns`, `age`; those of the best class: `path`, `class`, `probability`, `logit`; all ranked classes as the
 * array `predictions`; `presence` and `unknown` if the model has them; `reason` if the
 * frame was not classified; `x`, `y`, `width`, `height`, `region-id` and `region-label` if
 * it is about a part of the frame.
 *
 * Returns: (transfer full): a new structure
 *
 * Since: 0.1
 */
GstStructure *gst_nnc_prediction_to_structure(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    GstStructure *const structure = gst_structure_new(
        "nnc/prediction", "status", G_TYPE_STRING,
        gst_nnc_prediction_status_to_string(gst_nnc_prediction_get_status(self)),
        "element", G_TYPE_STRING, gst_nnc_prediction_get_element(self), "task-id",
        G_TYPE_UINT64, gst_nnc_prediction_get_task_id(self), "cutout", G_TYPE_STRING,
        gst_nnc_prediction_get_cutout(self), "attention", G_TYPE_STRING,
        gst_nnc_prediction_get_attention(self), "params", G_TYPE_UINT64,
        gst_nnc_prediction_get_params(self), "macs", G_TYPE_UINT64,
        gst_nnc_prediction_get_macs(self), "total-params", G_TYPE_UINT64,
        gst_nnc_prediction_get_total_params(self), "total-macs", G_TYPE_UINT64,
        gst_nnc_prediction_get_total_macs(self), "preprocess-ns", G_TYPE_UINT64,
        gst_nnc_prediction_get_preprocess_time(self), "inference-ns", G_TYPE_UINT64,
        gst_nnc_prediction_get_inference_time(self), "age", G_TYPE_UINT,
        gst_nnc_prediction_get_age(self), NULL);

    if (gst_nnc_prediction_get_reason(self))
        gst_structure_set(structure, "reason", G_TYPE_STRING,
                          gst_nnc_prediction_get_reason(self), NULL);
    set_classes(structure, self);
    set_presence(structure, self);
    set_region(structure, self);
    return structure;
}

static void append_member(GString *json, const gchar *name, const gchar *text)
{
    g_string_append_printf(json, ",\"%s\":", name);
    gst_nnc_json_append_string(json, text);
}

static void append_number(GString *json, const gchar *name, guint64 number)
{
    g_string_append_printf(json, ",\"%s\":%" G_GUINT64_FORMAT, name, number);
}

static void append_class(GString *json, const GstNncPrediction *self, guint rank)
{
    g_string_append(json, rank ? ",{\"path\":" : "{\"path\":");
    gst_nnc_json_append_string(json, gst_nnc_prediction_get_class_path(self, rank));
    append_member(json, "class", gst_nnc_prediction_get_class_name(self, rank));
    g_string_append(json, ",\"probability\":");
    gst_nnc_json_append_float(json, gst_nnc_prediction_get_class_probability(self, rank));
    g_string_append(json, ",\"logit\":");
    gst_nnc_json_append_float(json, gst_nnc_prediction_get_class_logit(self, rank));
    g_string_append_c(json, '}');
}

/* The categories above the classes: path -> probability. */
static void append_superclasses(GString *json, const GstNncPrediction *self)
{
    GstNncTaxonomy *const taxonomy = gst_nnc_prediction_get_taxonomy(self);
    const guint n = taxonomy ? gst_nnc_taxonomy_get_n_categories(taxonomy) : 0;
    gboolean first = TRUE;
    gfloat probability;

    g_string_append(json, ",\"superclasses\":{");
    for (guint i = 0; i < n; i++) {
        if (gst_nnc_taxonomy_is_class(taxonomy, i) ||
            !gst_nnc_prediction_get_category_probability(self, i, &probability))
            continue;
        if (!first)
            g_string_append_c(json, ',');
        first = FALSE;
        gst_nnc_json_append_string(json, gst_nnc_taxonomy_get_path(taxonomy, i));
        g_string_append_c(json, ':');
        gst_nnc_json_append_float(json, probability);
    }
    g_string_append_c(json, '}');
}

/* Only models that have this output say anything here. */
static void append_presence(GString *json, const GstNncPrediction *self)
{
    gfloat presence;

    if (!gst_nnc_prediction_get_presence(self, &presence))
        return;
    g_string_append(json, ",\"presence\":");
    gst_nnc_json_append_float(json, presence);
    g_string_append_printf(json, ",\"unknown\":%s",
                           gst_nnc_prediction_is_unknown(self) ? "true" : "false");
}

static void append_region(GString *json, const GstNncPrediction *self)
{
    guint x, y, width, height;

    if (!gst_nnc_prediction_get_region(self, &x, &y, &width, &height))
        return;
    g_string_append_printf(json,
                           ",\"region\":{\"x\":%u,\"y\":%u,\"width\":%u,\"height\":%u,"
                           "\"id\":%d",
                           x, y, width, height, gst_nnc_prediction_get_region_id(self));
    append_member(json, "label", gst_nnc_prediction_get_region_label(self));
    g_string_append_c(json, '}');
}

/* GST_CLOCK_TIME_NONE stands for a number that is not known. */
static void append_or_null(GString *json, const gchar *name, guint64 number)
{
    if (number != GST_CLOCK_TIME_NONE)
        append_number(json, name, number);
    else
        append_member(json, name, NULL);
}

static void append_cost(GString *json, const GstNncPrediction *self)
{
    append_number(json, "params", gst_nnc_prediction_get_params(self));
    append_number(json, "macs", gst_nnc_prediction_get_macs(self));
    append_number(json, "total_params", gst_nnc_prediction_get_total_params(self));
    append_number(json, "total_macs", gst_nnc_prediction_get_total_macs(self));
    append_number(json, "preprocess_ns", gst_nnc_prediction_get_preprocess_time(self));
    append_number(json, "inference_ns", gst_nnc_prediction_get_inference_time(self));
}

void gst_nnc_prediction_append_json_members(const GstNncPrediction *self, GString *json)
{
    const guint n = gst_nnc_prediction_get_n_classes(self);

    append_member(
        json, "status",
        gst_nnc_prediction_status_to_string(gst_nnc_prediction_get_status(self)));
    append_member(json, "reason", gst_nnc_prediction_get_reason(self));
    append_member(json, "element", gst_nnc_prediction_get_element(self));
    append_number(json, "task_id", gst_nnc_prediction_get_task_id(self));
    append_member(json, "cutout", gst_nnc_prediction_get_cutout(self));
    append_member(json, "attention", gst_nnc_prediction_get_attention(self));
    append_cost(json, self);
    append_number(json, "age", gst_nnc_prediction_get_age(self));
    append_or_null(json, "source_pts", gst_nnc_prediction_get_source_pts(self));
    g_string_append_printf(json, ",\"corrupted\":%s",
                           gst_nnc_prediction_is_corrupted(self) ? "true" : "false");
    g_string_append(json, ",\"predictions\":[");
    for (guint i = 0; i < n; i++)
        append_class(json, self, i);
    g_string_append_c(json, ']');
    append_superclasses(json, self);
    append_presence(json, self);
    append_region(json, self);
}

/**
 * gst_nnc_prediction_to_json:
 * @self: a #GstNncPrediction
 *
 * One object on one line, as `prediction-1.schema.json` (installed with the library)
 * describes it. Floats have nine digits: they read back to the same bits.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1
 */
gchar *gst_nnc_prediction_to_json(const GstNncPrediction *self)
{
    g_return_val_if_fail(self, NULL);
    GString *const json = g_string_new("{\"version\":1");

    gst_nnc_prediction_append_json_members(self, json);
    g_string_append_c(json, '}');
    return g_string_free(json, FALSE);
}

/* Written here, not by g_date_time_format(): that knows fractions of seconds since GLib
 * 2.66 only, and takes the zone's name from the locale. */
static void append_wall_clock(GString *json, gint64 unix_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(unix_us / G_USEC_PER_SEC);

    if (!unix_us || !time)
        return;
    g_string_append_printf(json, ",\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"",
                           g_date_time_get_year(time), g_date_time_get_month(time),
                           g_date_time_get_day_of_month(time), g_date_time_get_hour(time),
                           g_date_time_get_minute(time), g_date_time_get_second(time),
                           (gint)(unix_us % G_USEC_PER_SEC));
}

/**
 * gst_nnc_prediction_to_json_line: (skip)
 * @self: a #GstNncPrediction
 * @frame: the frame that it lies on
 *
 * What gst_nnc_prediction_to_json() says, and of the frame `frame` (its number), `pts`,
 * `running_time`, `width` and `height` (0 and %GST_CLOCK_TIME_NONE are null) and, if
 * asked for, `time`. The line ends with a newline.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1
 */
gchar *gst_nnc_prediction_to_json_line(const GstNncPrediction *self,
                                       const GstNncFrame *frame)
{
    g_return_val_if_fail(self && frame, NULL);
    GString *const json = g_string_new("{\"version\":1");

    append_number(json, "frame", frame->number);
    append_or_null(json, "pts", frame->pts);
    append_or_null(json, "running_time", frame->running_time);
    append_wall_clock(json, frame->unix_us);
    append_or_null(json, "width", frame->width ? frame->width : GST_CLOCK_TIME_NONE);
    append_or_null(json, "height", frame->height ? frame->height : GST_CLOCK_TIME_NONE);
    gst_nnc_prediction_append_json_members(self, json);
    g_string_append(json, "}\n");
    return g_string_free(json, FALSE);
}
