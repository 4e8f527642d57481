/* SPDX-License-Identifier: MIT */

/* With GStreamer 1.24 or later: detections that get predictions, and predictions as
 * GStreamer's own elements for analytics read them. */

#include "element_fixture.h"

#include <gst/analytics/analytics.h>

#include <string.h>

#define FRAME_BYTES 2304 /* of RGB_CAPS */

static guint count_classifications(GstBuffer *buffer)
{
    GstAnalyticsRelationMeta *const meta = gst_buffer_get_analytics_relation_meta(buffer);
    GstAnalyticsMtd found;
    gpointer state = NULL;
    guint n = 0;

    while (meta && gst_analytics_relation_meta_iterate(
                       meta, &state, gst_analytics_cls_mtd_get_mtd_type(), &found))
        n++;
    return n;
}

/* The classification whose first label has this depth ("a/aa" has 1), the only one. */
static GstAnalyticsClsMtd level_at(GstAnalyticsRelationMeta *meta, guint depth,
                                   const gchar *first)
{
    GstAnalyticsClsMtd found = {0}, level = {0};
    gpointer state = NULL;

    while (gst_analytics_relation_meta_iterate(
        meta, &state, gst_analytics_cls_mtd_get_mtd_type(), (GstAnalyticsMtd *)&found)) {
        const gchar *path = g_quark_to_string(gst_analytics_cls_mtd_get_quark(&found, 0));
        guint slashes = 0;
        if (first && g_strcmp0(path, first))
            continue;
        for (; (path = strchr(path, '/')); path++)
            slashes++;
        if (slashes == depth)
            level = found;
    }
    fail_unless(level.meta == meta, "no classification of depth %u", depth);
    return level;
}

static void check_label(const GstAnalyticsClsMtd *level, gsize index, const gchar *path,
                        gfloat probability)
{
    fail_unless_equals_string(
        g_quark_to_string(gst_analytics_cls_mtd_get_quark(level, index)), path);
    fail_unless(gst_analytics_cls_mtd_get_level(level, index) == probability);
}

static void check_classes(const GstAnalyticsClsMtd *level,
                          const GstNncPrediction *prediction)
{
    const guint n = gst_nnc_prediction_get_n_classes(prediction);

    fail_unless_equals_int(gst_analytics_cls_mtd_get_length(level), n);
    for (guint i = 0; i < n; i++)
        check_label(level, i, gst_nnc_prediction_get_class_path(prediction, i),
                    gst_nnc_prediction_get_class_probability(prediction, i));
}

/* All labels are active categories of this depth, best first. */
static void check_categories(const GstAnalyticsClsMtd *level,
                             const GstNncPrediction *prediction, guint depth, gsize n)
{
    GstNncTaxonomy *const tree = gst_nnc_prediction_get_taxonomy(prediction);
    gfloat probability, before = 1.0f;

    fail_unless_equals_int(gst_analytics_cls_mtd_get_length(level), n);
    for (gsize i = 0; i < n; i++) {
        const gchar *const path =
            g_quark_to_string(gst_analytics_cls_mtd_get_quark(level, i));
        const guint category = gst_nnc_taxonomy_find(tree, path);
        fail_unless(gst_nnc_taxonomy_get_depth(tree, category) == depth);
        fail_unless(gst_nnc_prediction_get_category_probability(prediction, category,
                                                                &probability));
        check_label(level, i, path, probability);
        fail_unless(probability <= before);
        before = probability;
    }
}

static void check_part_of(GstAnalyticsRelationMeta *meta, const GstAnalyticsClsMtd *part,
                          const GstAnalyticsClsMtd *whole)
{
    fail_unless(gst_analytics_relation_meta_get_relation(meta, part->id, whole->id) ==
                GST_ANALYTICS_REL_TYPE_IS_PART_OF);
    fail_unless(gst_analytics_relation_meta_get_relation(meta, whole->id, part->id) ==
                GST_ANALYTICS_REL_TYPE_CONTAIN);
}

/* a{aa{aa1,aa2} ab{ab1}} b{b1}: classes, two subcategories, two categories. */
GST_START_TEST(tree_of_classifications)
{
    static const struct {
        const char *properties;
        guint levels;
        gsize subcategories, categories;
    } rows[] = {{"top-k=0", 3, 2, 2},
                {"top-k=1", 3, 2, 2},
                {"cutout=b", 2, 0, 1},
                {"cutout=a/ab", 3, 1, 1}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fixture fixture;
        fixture_open(&fixture, MODEL_PRESENCE, rows[i].properties);
        fixture_set_caps(&fixture, RGB_CAPS);
        GstBuffer *const out = classify_buffer(&fixture, noise_buffer(FRAME_BYTES, 1));
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        GstAnalyticsRelationMeta *const meta =
            gst_buffer_get_analytics_relation_meta(out);
        fail_unless_equals_int(count_classifications(out), rows[i].levels);
        const gchar *const best = gst_nnc_prediction_get_class_path(made, 0);
        const guint depth = strchr(strchr(best, '/') + 1, '/') ? 2 : 1;
        const GstAnalyticsClsMtd classes = level_at(meta, depth, best);
        const GstAnalyticsClsMtd top = level_at(meta, 0, NULL);
        check_classes(&classes, made);
        check_categories(&top, made, 0, rows[i].categories);
        if (rows[i].subcategories) {
            const gchar *const second =
                gst_nnc_taxonomy_get_path(gst_nnc_prediction_get_taxonomy(made),
                                          gst_nnc_prediction_get_best_category(made, 1));
            const GstAnalyticsClsMtd middle =
                level_at(meta, 1, strcmp(second, "b/b1") ? second : NULL);
            check_categories(&middle, made, 1, rows[i].subcategories);
            check_part_of(meta, &classes, &middle);
            check_part_of(meta, &middle, &top);
        } else {
            check_part_of(meta, &classes, &top);
        }
        gst_buffer_unref(out);
        fixture_close(&fixture);
    }
}
GST_END_TEST

/* What other elements said of the frame stays. */
GST_START_TEST(beside_others)
{
    struct fixture fixture;
    GstAnalyticsClsMtd other;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const in = noise_buffer(FRAME_BYTES, 1);
    gst_analytics_relation_meta_add_one_cls_mtd(
        gst_buffer_add_analytics_relation_meta(in), 0.5f, g_quark_from_string("other"),
        &other);
    GstBuffer *const out = classify_buffer(&fixture, in);
    fail_unless_equals_int(count_classifications(out),
                           3); /* a{a1,a2} b{b1,b2}: 2 levels */
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- detections --- */

static const struct {
    const char *label;
    gint x, y, width, height;
    gboolean taken;
    guint clipped[4];
} detections[] = {
    {"person", 3, 4, 10, 12, TRUE, {3, 4, 10, 12}},
    {"person", -5, -6, 10, 12, TRUE, {0, 0, 5, 6}},
    {"person", 30, 20, G_MAXINT, G_MAXINT, TRUE, {30, 20, 2, 4}},
    {"car", 3, 4, 10, 12, FALSE, {0}},
    {"person", 40, 4, 10, 12, FALSE, {0}},
    {"person", G_MININT, G_MININT, 10, 12, FALSE, {0}},
    {"person", 3, 4, -1, 12, FALSE, {0}},
    {"person", 3, 4, 0, 0, FALSE, {0}},
};

static void check_detection(struct fixture *fixture, GstBuffer *out,
                            const GstAnalyticsODMtd *detection,
                            const GstNncPrediction *prediction, const guint *clipped)
{
    GstAnalyticsRelationMeta *const meta = gst_buffer_get_analytics_relation_meta(out);
    GstAnalyticsMtd classes;
    GstMapInfo map;

    fail_unless(gst_analytics_relation_meta_get_direct_related(
        meta, detection->id, GST_ANALYTICS_REL_TYPE_RELATE_TO,
        gst_analytics_cls_mtd_get_mtd_type(), NULL, &classes));
    check_classes((const GstAnalyticsClsMtd *)&classes, prediction);
    fail_unless_equals_int(gst_nnc_prediction_get_region_id(prediction), detection->id);
    gst_buffer_map(out, &map, GST_MAP_READ);
    struct nnc_image image = rgb_image(map.data);
    image.region.x = clipped[0];
    image.region.y = clipped[1];
    image.region.width = clipped[2];
    image.region.height = clipped[3];
    check_against_core(fixture, prediction, &image);
    gst_buffer_unmap(out, &map);
}

GST_START_TEST(detected_objects)
{
    GstAnalyticsODMtd found[G_N_ELEMENTS(detections)];
    struct fixture fixture;
    guint n = 0;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 region=roi roi-labels=person");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const in = noise_buffer(FRAME_BYTES, 4);
    GstAnalyticsRelationMeta *const meta = gst_buffer_add_analytics_relation_meta(in);
    for (guint i = 0; i < G_N_ELEMENTS(detections); i++)
        gst_analytics_relation_meta_add_od_mtd(
            meta, g_quark_from_string(detections[i].label), detections[i].x,
            detections[i].y, detections[i].width, detections[i].height, 0.9f, &found[i]);
    GstBuffer *const out = classify_buffer(&fixture, in);
    g_autoptr(GPtrArray) predictions = predictions_of(out);
    for (guint i = 0; i < G_N_ELEMENTS(detections); i++)
        if (detections[i].taken)
            check_detection(&fixture, out, &found[i], g_ptr_array_index(predictions, n++),
                            detections[i].clipped);
    fail_unless_equals_int(predictions->len, n);
    fail_unless_equals_uint64(read_stat(&fixture, "rois-unwanted"), 1);
    fail_unless_equals_uint64(read_stat(&fixture, "rois-refused"), 4);
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

/* The same object as a region of interest and as a detection is looked at once. */
GST_START_TEST(object_known_twice)
{
    static const guint clipped[] = {3, 4, 10, 12};
    struct fixture fixture;
    GstAnalyticsODMtd detection, other;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 region=roi");
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const in = noise_buffer(FRAME_BYTES, 4);
    GstVideoRegionOfInterestMeta *const roi =
        gst_buffer_add_video_region_of_interest_meta(in, "person", 3, 4, 10, 12);
    GstAnalyticsRelationMeta *const meta = gst_buffer_add_analytics_relation_meta(in);
    gst_analytics_relation_meta_add_od_mtd(meta, g_quark_from_string("car"), 3, 4, 10, 12,
                                           0.9f, &other);
    gst_analytics_relation_meta_add_od_mtd(meta, g_quark_from_string("person"), 3, 4, 10,
                                           12, 0.9f, &detection);
    roi->id = (gint)detection.id;
    GstBuffer *const out = classify_buffer(&fixture, in);
    g_autoptr(GPtrArray) predictions = predictions_of(out);
    fail_unless_equals_int(predictions->len, 2);
    check_detection(&fixture, out, &detection, g_ptr_array_index(predictions, 0),
                    clipped);
    check_detection(&fixture, out, &other, g_ptr_array_index(predictions, 1), clipped);
    fail_unless(gst_video_region_of_interest_meta_get_param(
        gst_buffer_get_video_region_of_interest_meta_id(out, roi->id), "nnc/prediction"));
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_analytics(void)
{
    Suite *const suite = suite_create("classify_analytics");
    TCase *const kinds = tcase_create("analytics");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, tree_of_classifications);
    tcase_add_test(kinds, beside_others);
    tcase_add_test(kinds, detected_objects);
    tcase_add_test(kinds, object_known_twice);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_analytics(), "classify_analytics", __FILE__);
}
