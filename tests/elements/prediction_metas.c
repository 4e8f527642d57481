/* SPDX-License-Identifier: MIT */

/* Predictions and tasks as things on buffers: what they say, in structures and JSON, and
 * that both metas live through what pipelines do to buffers. No network takes part. */

#include <gst/check/gstcheck.h>
#include <gstnnc/gstnnc.h>

#include <math.h>
#include <string.h>

static const gchar *const paths[] = {"b/b1", "a", "b", "a/\"q\"", NULL};

static GstNncPrediction *make_prediction(const gchar *element)
{
    g_autoptr(GstNncTaxonomy) taxonomy = gst_nnc_taxonomy_new(paths);
    const GstNncScore classes[] = {{0, 0.75f, 1.5f}, {3, 0.25f, -INFINITY}};
    const gfloat categories[] = {0.75f, 0.25f, 0.75f, -1.0f};
    const GstNncPredictionInfo info = {
        .status = GST_NNC_PREDICTION_STATUS_CLASSIFIED,
        .element = element,
        .task_id = 7,
        .cutout = "a,b",
        .attention = "",
        .taxonomy = taxonomy,
        .classes = classes,
        .n_classes = 2,
        .category_probabilities = categories,
        .has_presence = TRUE,
        .presence = 0.5f,
        .unknown = TRUE,
        .params = 11,
        .macs = 13,
        .total_params = 110,
        .total_macs = 130,
        .preprocess_time = 17,
        .inference_time = 19,
        .source_pts = GST_CLOCK_TIME_NONE,
    };
    return gst_nnc_prediction_new(&info);
}

GST_START_TEST(taxonomy)
{
    g_autoptr(GstNncTaxonomy) tree = gst_nnc_taxonomy_new(paths);

    fail_unless_equals_int(gst_nnc_taxonomy_get_n_categories(tree), 4);
    fail_unless_equals_string(gst_nnc_taxonomy_get_name(tree, 0), "b1");
    fail_unless_equals_int(gst_nnc_taxonomy_get_parent(tree, 0), 2);
    fail_unless(gst_nnc_taxonomy_get_parent(tree, 1) == GST_NNC_NO_CATEGORY);
    fail_unless_equals_int(gst_nnc_taxonomy_get_depth(tree, 3), 1);
    fail_unless(gst_nnc_taxonomy_is_class(tree, 3) &&
                !gst_nnc_taxonomy_is_class(tree, 2));
    fail_unless_equals_int(gst_nnc_taxonomy_find(tree, "b"), 2);
    fail_unless(gst_nnc_taxonomy_find(tree, "b1") == GST_NNC_NO_CATEGORY);
    fail_if(gst_nnc_taxonomy_get_path(tree, 4));
}
GST_END_TEST

GST_START_TEST(getters)
{
    g_autoptr(GstNncPrediction) made = make_prediction("one");
    gfloat number;

    fail_unless_equals_string(gst_nnc_prediction_get_class_path(made, 0), "b/b1");
    fail_unless_equals_string(gst_nnc_prediction_get_class_name(made, 0), "b1");
    fail_unless(gst_nnc_prediction_get_class_probability(made, 0) == 0.75f);
    fail_if(gst_nnc_prediction_get_class_path(made, 2));
    fail_unless(gst_nnc_prediction_get_category_probability(made, 2, &number) &&
                number == 0.75f);
    fail_if(gst_nnc_prediction_get_category_probability(made, 3, NULL));
    fail_if(gst_nnc_prediction_get_category_probability(made, 4, NULL));
    fail_unless_equals_int(gst_nnc_prediction_get_best_category(made, 0), 2);
    fail_unless_equals_int(gst_nnc_prediction_get_best_category(made, 1), 0);
    fail_unless(gst_nnc_prediction_get_best_category(made, 2) == GST_NNC_NO_CATEGORY);
    fail_unless(gst_nnc_prediction_get_presence(made, &number) && number == 0.5f);
    fail_unless(gst_nnc_prediction_is_unknown(made));
}
GST_END_TEST

GST_START_TEST(texts)
{
    g_autoptr(GstNncPrediction) made = make_prediction("one");
    g_autofree gchar *json = gst_nnc_prediction_to_json(made);
    g_autoptr(GstStructure) structure = gst_nnc_prediction_to_structure(made);
    guint64 id;

    fail_unless_equals_string(
        json, "{\"version\":1,\"status\":\"classified\",\"reason\":null,"
              "\"element\":\"one\",\"task_id\":7,\"cutout\":\"a,b\",\"attention\":\"\","
              "\"params\":11,\"macs\":13,\"total_params\":110,\"total_macs\":130,"
              "\"preprocess_ns\":17,\"inference_ns\":19,\"age\":0,"
              "\"source_pts\":null,\"corrupted\":false,\"predictions\":[{\"path\":\"b/b1\",\"class\":\"b1\","
              "\"probability\":0.75,\"logit\":1.5},{\"path\":\"a/\\\"q\\\"\","
              "\"class\":\"\\\"q\\\"\",\"probability\":0.25,\"logit\":null}],"
              "\"superclasses\":{\"a\":0.25,\"b\":0.75},\"presence\":0.5,"
              "\"unknown\":true}");
    fail_unless_equals_string(gst_structure_get_string(structure, "class"), "b1");
    fail_unless(gst_structure_get_uint64(structure, "task-id", &id) && id == 7);
    fail_unless_equals_int(
        gst_value_array_get_size(gst_structure_get_value(structure, "predictions")), 2);
    g_autofree gchar *serialised = gst_structure_to_string(structure);
    g_autoptr(GstStructure) back = gst_structure_from_string(serialised, NULL);
    fail_unless(back);
}
GST_END_TEST

GST_START_TEST(region)
{
    g_autoptr(GstNncPrediction) whole = make_prediction("one");
    const GstNncPredictionInfo info = {.status = GST_NNC_PREDICTION_STATUS_REFUSED,
                                       .has_region = TRUE,
                                       .region = {1, 2, 30, 40, 5, "person"},
                                       .source_pts = 9};
    g_autoptr(GstNncPrediction) part = gst_nnc_prediction_new(&info);
    g_autofree gchar *json = gst_nnc_prediction_to_json(part);
    g_autoptr(GstStructure) structure = gst_nnc_prediction_to_structure(part);
    guint x, y, width, height;

    fail_if(gst_nnc_prediction_get_region(whole, NULL, NULL, NULL, NULL));
    fail_unless_equals_int(gst_nnc_prediction_get_region_id(whole), -1);
    fail_unless(gst_nnc_prediction_get_region_label(whole) == NULL);
    fail_unless(gst_nnc_prediction_get_region(part, &x, &y, &width, &height));
    fail_unless(x == 1 && y == 2 && width == 30 && height == 40);
    fail_unless_equals_int(gst_nnc_prediction_get_region_id(part), 5);
    fail_unless_equals_string(gst_nnc_prediction_get_region_label(part), "person");
    fail_unless_equals_uint64(gst_nnc_prediction_get_source_pts(part), 9);
    fail_unless(g_str_has_suffix(json, ",\"region\":{\"x\":1,\"y\":2,\"width\":30,"
                                       "\"height\":40,\"id\":5,\"label\":\"person\"}}"));
    fail_unless_equals_string(gst_structure_get_string(structure, "region-label"),
                              "person");
}
GST_END_TEST

GST_START_TEST(task_events)
{
    g_autoptr(GstStructure) task = gst_nnc_task_new("a", "b=2.0");
    g_autoptr(GstStructure) other = gst_structure_new_empty("nnc/tusk");

    for (gint sticky = 0; sticky <= 1; sticky++) {
        g_autoptr(GstEvent) event = gst_nnc_task_event_new(task, sticky);
        fail_unless(GST_EVENT_IS_DOWNSTREAM(event) && GST_EVENT_IS_SERIALIZED(event));
        fail_unless(GST_EVENT_IS_STICKY(event) == sticky);
        fail_unless(gst_structure_is_equal(gst_nnc_task_event_parse(event), task));
    }
    g_autoptr(GstEvent) foreign = gst_nnc_task_event_new(other, FALSE);
    g_autoptr(GstEvent) eos = gst_event_new_eos();
    fail_if(gst_nnc_task_event_parse(foreign) || gst_nnc_task_event_parse(eos));
}
GST_END_TEST

GST_START_TEST(wanted_input)
{
    const gchar *const formats[] = {"NV12", "GRAY8", NULL};
    g_autoptr(GstQuery) query = gst_nnc_wanted_input_query_new();
    g_autoptr(GstQuery) latency = gst_query_new_latency();
    g_auto(GStrv) found = NULL;
    gint width, height, fps_n, fps_d;

    fail_if(gst_nnc_query_is_wanted_input(latency));
    fail_if(gst_nnc_wanted_input_parse(query, &width, &height, &fps_n, &fps_d, NULL));
    gst_nnc_wanted_input_set(query, 64, 48, 15, 2, formats);
    fail_unless(
        gst_nnc_wanted_input_parse(query, &width, &height, &fps_n, &fps_d, &found));
    fail_unless(width == 64 && height == 48 && fps_n == 15 && fps_d == 2);
    fail_unless(g_strv_equal((const gchar *const *)found, formats));
}
GST_END_TEST

GST_START_TEST(several_on_one_buffer)
{
    g_autoptr(GstBuffer) buffer = gst_buffer_new();
    g_autoptr(GstNncPrediction) one = make_prediction("one");
    g_autoptr(GstNncPrediction) two = make_prediction("two");

    fail_if(gst_buffer_get_nnc_prediction(buffer, NULL));
    gst_buffer_add_nnc_prediction_meta(buffer, one);
    gst_buffer_add_nnc_prediction_meta(buffer, two);
    fail_unless(gst_buffer_get_nnc_prediction(buffer, "one") == one);
    fail_unless(gst_buffer_get_nnc_prediction(buffer, "two") == two);
    fail_unless(gst_buffer_get_nnc_prediction(buffer, NULL) == two);
    fail_if(gst_buffer_get_nnc_prediction(buffer, "three"));
    fail_unless(gst_buffer_get_nnc_prediction_meta(buffer)->prediction == one);
    GList *const all = gst_buffer_get_nnc_predictions(buffer);
    fail_unless(all->data == one && all->next->data == two && !all->next->next);
    g_list_free_full(all, (GDestroyNotify)gst_nnc_prediction_unref);
}
GST_END_TEST

GST_START_TEST(impossible_predictions)
{
    const GstNncScore classes[] = {{4, 1.0f, 1.0f}};
    g_autoptr(GstNncTaxonomy) tree = gst_nnc_taxonomy_new(paths);
    const GstNncPredictionInfo none = {.classes = classes, .n_classes = 1};
    const GstNncPredictionInfo beyond = {
        .classes = classes, .n_classes = 1, .taxonomy = tree};

    ASSERT_CRITICAL(gst_nnc_prediction_new(&none));
    ASSERT_CRITICAL(gst_nnc_prediction_new(&beyond));
}
GST_END_TEST

GST_START_TEST(kept_beyond_everything)
{
    GstBuffer *const buffer = gst_buffer_new();
    GstNncPrediction *made = make_prediction("one");

    gst_buffer_add_nnc_prediction_meta(buffer, made);
    gst_nnc_prediction_unref(made);
    made = gst_nnc_prediction_ref(gst_buffer_get_nnc_prediction(buffer, NULL));
    GstBuffer *const copy = gst_buffer_copy_deep(buffer);
    fail_unless(gst_buffer_get_nnc_prediction(copy, NULL) == made);
    gst_buffer_unref(buffer);
    gst_buffer_unref(copy);
    fail_unless_equals_string(gst_nnc_prediction_get_class_path(made, 1), "a/\"q\"");
    gst_nnc_prediction_unref(made);
}
GST_END_TEST

/* --- tasks --- */

GST_START_TEST(tasks)
{
    g_autoptr(GstBuffer) buffer = gst_buffer_new();
    g_autoptr(GstStructure) task = gst_nnc_task_new("attention,x/y", NULL);
    const gchar *cutout = "", *attention = "";

    fail_unless(gst_nnc_task_get(task, &cutout, &attention));
    fail_unless_equals_string(cutout, "attention,x/y");
    fail_if(attention);
    fail_if(gst_buffer_get_nnc_task_meta(buffer));
    gst_buffer_add_nnc_task_meta(buffer, task);
    fail_unless(gst_structure_is_equal(gst_buffer_get_nnc_task_meta(buffer)->task, task));
    gst_structure_set(task, "cutout", G_TYPE_INT, 1, NULL);
    fail_if(gst_nnc_task_get(task, &cutout, &attention));
    fail_if(gst_nnc_task_get(NULL, &cutout, &attention));
}
GST_END_TEST

static Suite *prediction_metas_suite(void)
{
    Suite *const suite = suite_create("prediction_metas");
    TCase *const kinds = tcase_create("metas");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, taxonomy);
    tcase_add_test(kinds, getters);
    tcase_add_test(kinds, texts);
    tcase_add_test(kinds, region);
    tcase_add_test(kinds, task_events);
    tcase_add_test(kinds, wanted_input);
    tcase_add_test(kinds, several_on_one_buffer);
    tcase_add_test(kinds, impossible_predictions);
    tcase_add_test(kinds, kept_beyond_everything);
    tcase_add_test(kinds, tasks);
    return suite;
}

GST_CHECK_MAIN(prediction_metas)
