/* SPDX-License-Identifier: MIT */

/* What is read of a camera's modes, which of them is chosen, and the small arithmetic
 * around it: lost frames, pauses, regions, names. */

#include "camera_backoff.h"
#include "camera_choice.h"
#include "camera_crop.h"
#include "camera_find.h"
#include "camera_sequence.h"
#include "fake_camera.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct nnc_camera_offers read_offers(void)
{
    struct nnc_camera_offers offers = {.rows = NULL};
    struct nnc_camera_error error;
    struct nnc_camera camera;

    ck_assert_int_eq(nnc_camera_open(&camera, &fake_ops, "/dev/video9", &error),
                     NNC_CAMERA_OK);
    ck_assert_int_eq(nnc_camera_modes_read(&camera, &offers, &error), NNC_CAMERA_OK);
    nnc_camera_close(&camera);
    return offers;
}

/* --- choice --- */

static const struct {
    struct nnc_camera_wish wish;
    const char *mode; /* of the usual webcam */
} choices[] = {
    {{64, 64, {15, 1}, false}, "NV12 320x240 at 15/1 frames/s"},
    {{64, 64, {1, 1}, false}, "NV12 320x240 at 15/1 frames/s"},
    {{320, 240, {15, 1}, false}, "NV12 320x240 at 15/1 frames/s"},
    {{321, 240, {15, 1}, false}, "NV12 640x480 at 30/1 frames/s"},
    {{64, 64, {30, 1}, false}, "NV12 640x480 at 30/1 frames/s"},
    {{640, 480, {30, 1}, false}, "NV12 640x480 at 30/1 frames/s"},
    {{1000, 500, {5, 1}, false}, "NV12 1280x720 at 10/1 frames/s"},
    {{64, 64, {60, 1}, false}, "NV12 640x480 at 30/1 frames/s"},      /* the nearest */
    {{1920, 1080, {10, 1}, false}, "NV12 1280x720 at 10/1 frames/s"}, /* the nearest */
};

START_TEST(the_cheapest_that_suffices)
{
    struct nnc_camera_choice choice;
    char text[512];

    fake_camera_reset();
    struct nnc_camera_offers offers = read_offers();
    ck_assert_uint_eq(offers.n, 9);
    ck_assert(nnc_camera_choose(&offers, &choices[_i].wish, &choice));
    ck_assert_str_eq(nnc_camera_mode_print(&choice.mode, text, sizeof text),
                     choices[_i].mode);
    ck_assert_uint_eq(choice.n_considered, 9);
    nnc_camera_choice_explain(&choice, &choices[_i].wish, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, choices[_i].mode));
    nnc_camera_offers_clear(&offers);
}
END_TEST

/* Raw frames where they suffice; JPEG where only it has the rate. */
START_TEST(jpeg_only_where_it_must_be)
{
    const struct nnc_camera_wish wish = {600, 400, {30, 1}, false};
    struct nnc_camera_offers offers = {.rows = NULL};
    struct nnc_camera_choice choice;
    const struct {
        const char *format;
        uint32_t fps;
    } rows[] = {{"YUY2", 10}, {"JPEG", 30}, {"GRAY8", 60}};

    for (unsigned i = 0; i < 3; i++) {
        struct nnc_camera_offer *const row = nnc_camera_offers_add(&offers);
        row->format = nnc_camera_format_by_name(rows[i].format, 0);
        row->width = (struct nnc_camera_range){1280, 1280, 1};
        row->height = (struct nnc_camera_range){720, 720, 1};
        row->rates[row->n_rates++] = (struct nnc_camera_rate){rows[i].fps, 1};
    }
    ck_assert(nnc_camera_choose(&offers, &wish, &choice));
    ck_assert_str_eq(choice.mode.format->name, "JPEG"); /* gray is no colour */
    struct nnc_camera_wish other = wish;
    other.gray = true;
    ck_assert(nnc_camera_choose(&offers, &other, &choice));
    ck_assert_str_eq(choice.mode.format->name, "GRAY8");
    other = wish;
    other.rate.n = 10;
    ck_assert(nnc_camera_choose(&offers, &other, &choice));
    ck_assert_str_eq(choice.mode.format->name, "YUY2");
    nnc_camera_offers_clear(&offers);
}
END_TEST

static const struct {
    uint32_t width, height, got_width, got_height;
} steps[] = {{64, 64, 160, 120},     {160, 120, 160, 120},   {161, 121, 168, 128},
             {1000, 700, 1000, 704}, {1280, 720, 1280, 720}, {9999, 9999, 1280, 720}};

START_TEST(sizes_in_steps)
{
    const struct nnc_camera_wish wish = {
        steps[_i].width, steps[_i].height, {1, 1}, false};
    struct nnc_camera_choice choice;

    fake_camera_reset();
    fake.stepwise = true;
    fake.sizes[0].width = 160;
    fake.sizes[0].height = 120;
    fake.sizes[1].width = 1280;
    fake.sizes[1].height = 720;
    struct nnc_camera_offers offers = read_offers();
    ck_assert(nnc_camera_choose(&offers, &wish, &choice));
    ck_assert_uint_eq(choice.mode.width, steps[_i].got_width);
    ck_assert_uint_eq(choice.mode.height, steps[_i].got_height);
    nnc_camera_offers_clear(&offers);
}
END_TEST

START_TEST(drivers_that_list_no_sizes)
{
    fake_camera_reset();
    fake.lists_no_sizes = true;
    struct nnc_camera_offers offers = read_offers();
    ck_assert_uint_eq(offers.n, 3);
    ck_assert_uint_eq(offers.rows[0].width.low, 320);
    ck_assert_uint_eq(offers.rows[0].width.high, 1280);
    nnc_camera_offers_clear(&offers);
}
END_TEST

START_TEST(sizes_that_cannot_be_are_left_out)
{
    fake_camera_reset();
    fake.sizes[0].height = 0;
    fake.sizes[1].width = 4000000000u;
    struct nnc_camera_offers offers = read_offers();
    ck_assert_uint_eq(offers.n, 3);
    ck_assert_uint_eq(offers.rows[0].width.low, 1280);
    nnc_camera_offers_clear(&offers);
}
END_TEST

START_TEST(unknown_formats_are_counted)
{
    fake_camera_reset();
    fake.formats[1] = V4L2_PIX_FMT_SBGGR8;
    fake.formats[2] = V4L2_PIX_FMT_NV12M; /* several pieces of memory: not by this API */
    struct nnc_camera_offers offers = read_offers();
    ck_assert_uint_eq(offers.n, 3);
    ck_assert_uint_eq(offers.n_unreadable, 2);
    nnc_camera_offers_clear(&offers);
}
END_TEST

START_TEST(nothing_to_choose_from)
{
    struct nnc_camera_offers none = {.rows = NULL};
    struct nnc_camera_choice choice;

    ck_assert(!nnc_camera_choose(&none, &nnc_camera_usual_wish, &choice));
}
END_TEST

/* --- counting --- */

START_TEST(gaps_in_numbers)
{
    static const struct {
        uint32_t number, lost;
    } rows[] = {
        {5, 0}, {6, 0},           {8, 1}, {18, 9}, {18, 0},           {3, 0},
        {4, 0}, {4294967294u, 0}, {0, 1}, {1, 0},  {1000001, 999999}, {2148483648u, 0}};
    struct nnc_camera_sequence sequence = {.known = false};

    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(nnc_camera_sequence_next(&sequence, rows[i].number) == rows[i].lost,
                      "row %u", i);
}
END_TEST

START_TEST(pauses_grow_to_a_second)
{
    static const unsigned expected[] = {100, 200, 400, 800, 1000, 1000, 1000};
    struct nnc_camera_backoff backoff = {0};

    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
        ck_assert_uint_eq(nnc_camera_backoff_next(&backoff), expected[i]);
}
END_TEST

START_TEST(regions_in_words)
{
    static const struct {
        const char *text;
        bool good;
        struct nnc_camera_crop crop;
    } rows[] = {
        {"320,0,640,360", true, {320, 0, 640, 360}},
        {"", true, {0, 0, 0, 0}},
        {NULL, true, {0, 0, 0, 0}},
        {"1,2,3", false, {0, 0, 0, 0}},
        {"1,2,3,4,5", false, {0, 0, 0, 0}},
        {"1,2,0,4", false, {0, 0, 0, 0}},
        {"left", false, {0, 0, 0, 0}},
    };
    struct nnc_camera_crop crop;

    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(nnc_camera_crop_parse(rows[i].text, &crop), rows[i].good);
        if (rows[i].good)
            ck_assert_mem_eq(&crop, &rows[i].crop, sizeof crop);
    }
}
END_TEST

/* --- which camera --- */

/* A folder with two nodes that the fake driver is behind. */
static struct nnc_v4l2_ops with_nodes(char folder[32])
{
    struct nnc_v4l2_ops ops = fake_ops;
    char path[64];

    strcpy(folder, "/tmp/nnc-cameras-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    static const char *const names[] = {"video10", "video2", "video-x", "videos",
                                        "audio0"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        close(open(path, O_CREAT | O_WRONLY, 0600));
    }
    ops.dev_dir = folder;
    return ops;
}

static void remove_nodes(const char *folder)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(cameras_by_name)
{
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    char folder[32], path[NNC_CAMERA_PATH_SIZE];
    struct nnc_camera_error error;

    fake_camera_reset();
    const struct nnc_v4l2_ops ops = with_nodes(folder);
    ck_assert_uint_eq(nnc_camera_list(&ops, entries), 2);
    ck_assert_ptr_nonnull(strstr(entries[0].path, "/video2"));
    ck_assert_int_eq(nnc_camera_find(&ops, NULL, path, &error), NNC_CAMERA_OK);
    ck_assert_str_eq(path, entries[0].path);
    ck_assert_int_eq(nnc_camera_find(&ops, entries[1].path, path, &error), NNC_CAMERA_OK);
    ck_assert_str_eq(path, entries[1].path);
    ck_assert_int_eq(nnc_camera_find(&ops, "webcam", path, &error), NNC_CAMERA_ABSENT);
    ck_assert_ptr_nonnull(strstr(error.message, "2 cameras answer to 'webcam'"));
    ck_assert_int_eq(nnc_camera_find(&ops, "nobody", path, &error), NNC_CAMERA_ABSENT);
    ck_assert_ptr_nonnull(strstr(error.message, "no camera answers to 'nobody'"));
    ck_assert_ptr_nonnull(strstr(error.message, "Fake Webcam"));
    ck_assert_int_eq(nnc_camera_find(&ops, "/dev/no-video", path, &error),
                     NNC_CAMERA_ABSENT);
    ck_assert_ptr_nonnull(strstr(error.message, "there is no /dev/no-video"));
    remove_nodes(folder);
    ck_assert_int_eq(nnc_camera_find(&ops, "", path, &error), NNC_CAMERA_ABSENT);
    ck_assert_ptr_nonnull(strstr(error.message, "no camera"));
    ck_assert_int_eq(fake.n_open, 0);
}
END_TEST

START_TEST(the_same_camera_again)
{
    struct nnc_camera_identity identity;
    char folder[32], path[NNC_CAMERA_PATH_SIZE], node[64];
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    struct nnc_camera_error error;

    fake_camera_reset();
    const struct nnc_v4l2_ops ops = with_nodes(folder);
    ck_assert_uint_eq(nnc_camera_list(&ops, entries), 2);
    identity = entries[0].identity;
    snprintf(node, sizeof node, "%s/video2", folder);
    /* two that cannot be told apart: better none than the wrong one */
    ck_assert_int_eq(nnc_camera_find_again(&ops, &identity, false, path, &error),
                     NNC_CAMERA_ABSENT);
    unlink(node);
    ck_assert_int_eq(nnc_camera_find_again(&ops, &identity, false, path, &error),
                     NNC_CAMERA_OK);
    ck_assert_ptr_nonnull(strstr(path, "/video10"));
    ck_assert(!nnc_camera_has_twin(&ops, &identity));
    fake.bus = "usb-0000:00:14.0-2"; /* in another socket */
    ck_assert(nnc_camera_has_twin(&ops, &identity));
    ck_assert_int_eq(nnc_camera_find_again(&ops, &identity, true, path, &error),
                     NNC_CAMERA_ABSENT);
    ck_assert_int_eq(nnc_camera_find_again(&ops, &identity, false, path, &error),
                     NNC_CAMERA_OK);
    fake.card = "Another";
    ck_assert_int_eq(nnc_camera_find_again(&ops, &identity, false, path, &error),
                     NNC_CAMERA_ABSENT);
    ck_assert_ptr_nonnull(strstr(error.message, "Fake Webcam"));
    remove_nodes(folder);
}
END_TEST

/* A search passes nodes of other kinds by. */
START_TEST(strangers_end_no_search)
{
    struct nnc_camera_error error;
    char folder[32], path[NNC_CAMERA_PATH_SIZE];

    fake_camera_reset();
    fake.capabilities = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
    const struct nnc_v4l2_ops ops = with_nodes(folder);
    ck_assert_int_eq(nnc_camera_find(&ops, NULL, path, &error), NNC_CAMERA_ABSENT);
    remove_nodes(folder);
}
END_TEST

/* A metadata node says where the pictures are. */
START_TEST(siblings_are_found)
{
    struct nnc_camera_error error;
    struct nnc_camera camera;
    char folder[32], path[NNC_CAMERA_PATH_SIZE];

    fake_camera_reset();
    const struct nnc_v4l2_ops ops = with_nodes(folder);
    ck_assert_int_eq(nnc_camera_open(&camera, &ops, "/dev/video11", &error),
                     NNC_CAMERA_OK);
    ck_assert(nnc_camera_find_sibling(&camera, path));
    ck_assert_ptr_nonnull(strstr(path, "/video2"));
    nnc_camera_close(&camera);
    remove_nodes(folder);
}
END_TEST

static Suite *camera_modes(void)
{
    Suite *const suite = suite_create("camera_modes");
    TCase *const choice = tcase_create("choice");
    TCase *const arithmetic = tcase_create("arithmetic");
    TCase *const which = tcase_create("which");

    suite_add_tcase(suite, choice);
    tcase_add_loop_test(choice, the_cheapest_that_suffices, 0,
                        sizeof choices / sizeof *choices);
    tcase_add_test(choice, jpeg_only_where_it_must_be);
    tcase_add_loop_test(choice, sizes_in_steps, 0, sizeof steps / sizeof *steps);
    tcase_add_test(choice, drivers_that_list_no_sizes);
    tcase_add_test(choice, sizes_that_cannot_be_are_left_out);
    tcase_add_test(choice, unknown_formats_are_counted);
    tcase_add_test(choice, nothing_to_choose_from);
    suite_add_tcase(suite, arithmetic);
    tcase_add_test(arithmetic, gaps_in_numbers);
    tcase_add_test(arithmetic, pauses_grow_to_a_second);
    tcase_add_test(arithmetic, regions_in_words);
    suite_add_tcase(suite, which);
    tcase_add_test(which, cameras_by_name);
    tcase_add_test(which, the_same_camera_again);
    tcase_add_test(which, strangers_end_no_search);
    tcase_add_test(which, siblings_are_found);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(camera_modes());

    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
