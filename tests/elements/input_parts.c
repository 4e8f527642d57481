/* SPDX-License-Identifier: MIT */

/* The arithmetic behind regions, without pipelines: rectangles and lists of labels. */

#include "gstnnclabels.h"
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

static Suite *input_parts_suite(void)
{
    Suite *const suite = suite_create("input_parts");
    TCase *const kinds = tcase_create("parts");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, parts, 0, G_N_ELEMENTS(part_rows));
    tcase_add_loop_test(kinds, clips, 0, G_N_ELEMENTS(clip_rows));
    tcase_add_loop_test(kinds, labels, 0, G_N_ELEMENTS(label_rows));
    return suite;
}

GST_CHECK_MAIN(input_parts)
