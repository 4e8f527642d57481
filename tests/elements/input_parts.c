/* SPDX-License-Identifier: MIT */

/* The arithmetic of nncclassify, without pipelines: rectangles, lists of labels, sizes,
 * times. */

#include "gstnnchistogram.h"
#include "gstnnclabels.h"
#include "gstnncleastsize.h"
#include "gstnncrate.h"
#include "gstnncrect.h"

#include <gst/check/gstcheck.h>
#include <gst/gst.h>

#include <math.h>

static const struct {
    struct gst_nnc_rect of;
    struct gst_nnc_shares shares;
    struct gst_nnc_rect part;
} part_rows[] = {
    {{0, 0, 100, 50}, {0, 0, 1, 1}, {0, 0, 100, 50}},
    {{7, 9, 100, 50}, {0.5, 0.5, 0.5, 0.5}, {57, 34, 50, 25}},
    {{0, 0, 100, 50}, {0.5, 0.5, 1, 1}, {50, 25, 50, 25}},
    {{0, 0, 1, 1}, {0.9, 0.9, 0.1, 0.1}, {0, 0, 1, 1}},
    {{0, 0, 3, 3}, {1, 1, 1, 1}, {2, 2, 1, 1}},
    {{0, 0, 10, 10}, {0.3, 0, 0, 0}, {3, 0, 1, 1}},
    {{0, 0, 10, 10}, {-1, -5, 0.5, 2}, {0, 0, 5, 10}},
    {{0, 0, 10, 10}, {NAN, NAN, NAN, NAN}, {0, 0, 1, 1}},
    {{0, 0, 10, 10}, {INFINITY, 0, INFINITY, 1e300}, {9, 0, 1, 10}},
    {{0, 0, 16384, 16384}, {0, 0, 1, 0.99999}, {0, 0, 16384, 16384}},
};

GST_START_TEST(parts)
{
    const struct gst_nnc_rect part =
        gst_nnc_rect_part(&part_rows[__i__].of, &part_rows[__i__].shares);

    fail_unless(gst_nnc_rect_equal(&part, &part_rows[__i__].part), "%ux%u at %u,%u",
                part.width, part.height, part.x, part.y);
}
GST_END_TEST

static const struct {
    gint64 x, y, width, height;
    gboolean inside;
    struct gst_nnc_rect clipped; /* by 10x20 at 5,6 */
} clip_rows[] = {
    {5, 6, 10, 20, TRUE, {5, 6, 10, 20}},
    {0, 0, 100, 100, TRUE, {5, 6, 10, 20}},
    {-100, -100, 106, 107, TRUE, {5, 6, 1, 1}},
    {14, 25, 1, 1, TRUE, {14, 25, 1, 1}},
    {G_MININT, 8, (gint64)G_MAXINT * 2 + 1, 2, TRUE, {5, 8, 10, 2}},
    {15, 6, 5, 5, FALSE, {0}},
    {5, 26, 5, 5, FALSE, {0}},
    {0, 0, 5, 6, FALSE, {0}},
    {6, 7, 0, 5, FALSE, {0}},
    {6, 7, 5, -5, FALSE, {0}},
    {G_MAXUINT, G_MAXUINT, G_MAXUINT, G_MAXUINT, FALSE, {0}},
};

GST_START_TEST(clips)
{
    static const struct gst_nnc_rect bounds = {5, 6, 10, 20};
    struct gst_nnc_rect rect = {0};

    fail_unless_equals_int(gst_nnc_rect_clip(&rect, clip_rows[__i__].x,
                                             clip_rows[__i__].y, clip_rows[__i__].width,
                                             clip_rows[__i__].height, &bounds),
                           clip_rows[__i__].inside);
    fail_unless(gst_nnc_rect_equal(&rect, &clip_rows[__i__].clipped));
}
GST_END_TEST

static const struct {
    const char *text, *label;
    gboolean wanted;
} label_rows[] = {
    {NULL, "a", TRUE},
    {"", NULL, TRUE},
    {" , ,", "a", TRUE},
    {"a", "a", TRUE},
    {"a", "b", FALSE},
    {"a", NULL, FALSE},
    {"a,b", "b", TRUE},
    {" a , b ", "b", TRUE},
    {"a*", "abc", TRUE},
    {"?b?", "abc", TRUE},
    {"?b?", "ab", FALSE},
    {"-a", "a", FALSE},
    {"-a", "b", TRUE},
    {"-a", NULL, TRUE},
    {"- a", "a", FALSE},
    {"*,-face", "face", FALSE},
    {"*,-face", "x", TRUE},
    {"-a*,ab", "ab", TRUE},
    {"a,-a", "a", FALSE},
    {"-", "a", TRUE},
    {"*a?b*c", "\xff\xfe", FALSE},
    {"-*a?b*c", "\xff\xfe", TRUE},
    {"\xff*", "x", FALSE},
};

GST_START_TEST(labels)
{
    struct gst_nnc_labels *const list = gst_nnc_labels_new(label_rows[__i__].text);

    fail_unless_equals_int(gst_nnc_labels_want(list, label_rows[__i__].label),
                           label_rows[__i__].wanted);
    fail_unless(g_utf8_validate(gst_nnc_labels_text(list), -1, NULL));
    gst_nnc_labels_unref(list);
}
GST_END_TEST

/* --- sizes --- */

static const struct {
    enum nnc_fit fit; /* to 64x32 */
    struct gst_nnc_shares part;
    gdouble aspect;
    gint width, height;
} size_rows[] = {
    {NNC_FIT_STRETCH, {0, 0, 1, 1}, 0.0, 64, 32},
    {NNC_FIT_STRETCH, {0, 0, 1, 1}, 1.0, 64, 32},
    {NNC_FIT_STRETCH, {0, 0, 0.5, 0.25}, 1.0, 128, 128},
    {NNC_FIT_CROP, {0, 0, 1, 1}, 0.0, 64, 32},
    {NNC_FIT_CROP, {0, 0, 1, 1}, 2.0, 64, 32},
    {NNC_FIT_CROP, {0, 0, 1, 1}, 1.0, 64, 64},
    {NNC_FIT_CROP, {0, 0, 1, 1}, 4.0, 128, 32},
    {NNC_FIT_CROP, {0, 0, 1, 1}, 16.0 / 9.0, 64, 36},
    {NNC_FIT_CROP, {0.5, 0, 0.5, 1}, 4.0, 128, 32},
    {NNC_FIT_LETTERBOX, {0, 0, 1, 1}, 0.0, 64, 32},
    {NNC_FIT_LETTERBOX, {0, 0, 1, 1}, 1.0, 32, 32},
    {NNC_FIT_LETTERBOX, {0, 0, 1, 1}, 4.0, 64, 16},
    {NNC_FIT_LETTERBOX, {0, 0, 0.5, 0.5}, 1.0, 64, 64},
    {NNC_FIT_STRETCH, {0, 0, 0, 0}, 1.0, 16384, 16384},
    {NNC_FIT_CROP, {0, 0, 1, 1e-9}, 1e9, 16384, 16384},
};

GST_START_TEST(least_sizes)
{
    const struct nnc_input_spec spec = {
        .width = 64, .height = 32, .channels = 3, .fit = size_rows[__i__].fit};
    gint width, height;

    gst_nnc_least_size(&spec, &size_rows[__i__].part, size_rows[__i__].aspect, &width,
                       &height);
    fail_unless_equals_int(width, size_rows[__i__].width);
    fail_unless_equals_int(height, size_rows[__i__].height);
}
GST_END_TEST

/* --- times --- */

/* A percentile is never too short, and at most an eighth too long. */
GST_START_TEST(histogram_keeps_numbers)
{
    static struct gst_nnc_histogram times;
    guint64 number = 0;

    fail_unless_equals_uint64(gst_nnc_histogram_percentile(&times, 99), 0);
    for (guint i = 0; i < 20000 && number < G_GUINT64_CONSTANT(1) << 40; i++) {
        gst_nnc_histogram_reset(&times);
        gst_nnc_histogram_add(&times, number);
        for (guint percent = 0; percent <= 100; percent += 50) {
            const guint64 read = gst_nnc_histogram_percentile(&times, percent);
            fail_unless(read >= number && read <= number + number / 8,
                        "%" G_GUINT64_FORMAT " became %" G_GUINT64_FORMAT, number, read);
        }
        number += 1 + number / 1000;
    }
    gst_nnc_histogram_add(&times, G_MAXUINT64);
    fail_unless_equals_uint64(gst_nnc_histogram_percentile(&times, 100),
                              (G_GUINT64_CONSTANT(1) << 40) - 1);
}
GST_END_TEST

GST_START_TEST(histogram_ranks)
{
    static struct gst_nnc_histogram times;

    for (guint64 us = 1; us <= 1000; us++)
        gst_nnc_histogram_add(&times, us * 1000);
    for (guint percent = 1; percent <= 100; percent++) {
        const guint64 exact = percent * 10000;
        const guint64 read = gst_nnc_histogram_percentile(&times, percent);
        fail_unless(read >= exact && read <= exact + exact / 8, "%u", percent);
    }
}
GST_END_TEST

GST_START_TEST(rates)
{
    static const struct {
        gdouble at; /* seconds */
        guint64 count;
        gdouble rate;
    } rows[] = {{100.0, 5, 0.0},   {100.5, 20, 0.0},  {101.0, 35, 30.0},
                {101.9, 35, 30.0}, {102.0, 65, 30.0}, {104.0, 75, 5.0},
                {104.5, 0, 5.0},   {105.5, 10, 10.0}};
    struct gst_nnc_rate rate = {0};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const guint64 now = (guint64)(rows[i].at * 1e9);
        gst_nnc_rate_tell(&rate, rows[i].count, now);
        fail_unless(gst_nnc_rate_get(&rate, now) == rows[i].rate, "row %u: %f", i,
                    gst_nnc_rate_get(&rate, now));
    }
    fail_unless(gst_nnc_rate_get(&rate, (guint64)(107.4 * 1e9)) == 10.0);
    fail_unless(gst_nnc_rate_get(&rate, (guint64)(107.6 * 1e9)) == 0.0);
    gst_nnc_rate_reset(&rate);
    fail_unless(gst_nnc_rate_get(&rate, 1) == 0.0);
}
GST_END_TEST

static Suite *input_parts_suite(void)
{
    Suite *const suite = suite_create("input_parts");
    TCase *const kinds = tcase_create("parts");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, parts, 0, G_N_ELEMENTS(part_rows));
    tcase_add_loop_test(kinds, clips, 0, G_N_ELEMENTS(clip_rows));
    tcase_add_loop_test(kinds, least_sizes, 0, G_N_ELEMENTS(size_rows));
    tcase_add_test(kinds, histogram_keeps_numbers);
    tcase_add_test(kinds, histogram_ranks);
    tcase_add_test(kinds, rates);
    tcase_add_loop_test(kinds, labels, 0, G_N_ELEMENTS(label_rows));
    return suite;
}

GST_CHECK_MAIN(input_parts)
