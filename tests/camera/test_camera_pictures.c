/* SPDX-License-Identifier: MIT */

/* What the pictures of a mode are like: where their planes lie, their colours, their
 * fields. */

#include "camera_modes.h"
#include "fake_camera.h"

#include <check.h>
#include <string.h>

/* --- what drivers say of their pictures --- */

static const struct {
    struct fake_camera is; /* only the fields that say it */
    struct nnc_camera_setting setting;
    enum nnc_camera_trouble trouble;
} pictures[] = {
    {{.field = 0}, {.field = V4L2_FIELD_NONE}, NNC_CAMERA_OK},
    {{.line = 1408}, {.line = {1408}, .field = V4L2_FIELD_NONE}, NNC_CAMERA_OK},
    {{.colorspace = 8, .encoding = 2, .quantization = 1, .transfer = 2},
     {{0}, V4L2_FIELD_NONE, 8, 2, 1, 2},
     NNC_CAMERA_OK},
    {{.colorspace = 8, .encoding = 2, .has_no_magic = true},
     {{0}, V4L2_FIELD_NONE, 8, 0, 0, 0},
     NNC_CAMERA_OK},
    {{.capabilities = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING,
      .line = 1408,
      .colorspace = 3,
      .encoding = 4,
      .quantization = 2,
      .transfer = 1},
     {{1408}, V4L2_FIELD_NONE, 3, 4, 2, 1},
     NNC_CAMERA_OK},
    {{.field = V4L2_FIELD_INTERLACED}, {.field = V4L2_FIELD_INTERLACED}, NNC_CAMERA_OK},
    {{.field = V4L2_FIELD_ALTERNATE}, {.field = V4L2_FIELD_ALTERNATE}, NNC_CAMERA_OK},
    {{.field = V4L2_FIELD_ALTERNATE, .interlaced = V4L2_FIELD_INTERLACED_BT},
     {.field = V4L2_FIELD_INTERLACED_BT},
     NNC_CAMERA_OK},
    {{.field = V4L2_FIELD_SEQ_TB, .interlaced = V4L2_FIELD_INTERLACED},
     {.field = V4L2_FIELD_INTERLACED},
     NNC_CAMERA_OK},
    {{.field = V4L2_FIELD_SEQ_TB}, {.field = 0}, NNC_CAMERA_UNSUPPORTED},
    {{.field = V4L2_FIELD_SEQ_BT}, {.field = 0}, NNC_CAMERA_UNSUPPORTED},
};

static void be(const struct fake_camera *camera)
{
    fake_camera_reset();
    if (camera->capabilities)
        fake.capabilities = camera->capabilities;
    fake.line = camera->line;
    fake.colorspace = camera->colorspace;
    fake.encoding = camera->encoding;
    fake.quantization = camera->quantization;
    fake.transfer = camera->transfer;
    fake.has_no_magic = camera->has_no_magic;
    fake.field = camera->field;
    fake.interlaced = camera->interlaced;
}

START_TEST(colours_and_lines_are_read)
{
    const struct nnc_camera_mode mode = {
        nnc_camera_format_by_name("YUY2", 0), false, 640, 480, {30, 1}};
    const struct nnc_camera_setting *const expected = &pictures[_i].setting;
    struct nnc_camera_setting setting = {.field = 99};
    struct nnc_camera_error error = {.message = ""};
    struct nnc_camera camera;

    be(&pictures[_i].is);
    ck_assert_int_eq(nnc_camera_open(&camera, &fake_ops, "/dev/video9", &error),
                     NNC_CAMERA_OK);
    ck_assert_int_eq(nnc_camera_mode_set(&camera, &mode, &setting, &error),
                     pictures[_i].trouble);
    nnc_camera_close(&camera);
    if (pictures[_i].trouble) {
        ck_assert_ptr_nonnull(strstr(error.message, "expected whole pictures"));
        return;
    }
    ck_assert_uint_eq(setting.line[0], expected->line[0]);
    ck_assert_uint_eq(setting.field, expected->field);
    ck_assert_uint_eq(setting.colorspace, expected->colorspace);
    ck_assert_uint_eq(setting.encoding, expected->encoding);
    ck_assert_uint_eq(setting.quantization, expected->quantization);
    ck_assert_uint_eq(setting.transfer, expected->transfer);
}
END_TEST

/* --- layouts --- */

static const struct {
    const char *format;
    uint32_t width, height, line;
    uint32_t stride[3];
    size_t offset[3], size;
} layouts[] = {
    {"YUY2", 640, 480, 0, {1280}, {0}, 614400},
    {"YUY2", 640, 480, 1280, {1280}, {0}, 614400},
    {"YUY2", 640, 480, 1408, {1408}, {0}, 1408 * 479 + 1280},
    {"YUY2", 640, 480, 100, {1280}, {0}, 614400}, /* a lie */
    {"YUY2", 3, 2, 0, {8}, {0}, 16},
    {"RGB", 5, 3, 0, {15}, {0}, 45},
    {"GRAY8", 7, 3, 16, {16}, {0}, 39},
    {"NV12", 640, 480, 640, {640, 640}, {0, 307200}, 460800},
    {"NV12", 640, 480, 704, {704, 704}, {0, 704 * 480}, 704 * 719 + 640},
    {"NV12", 5, 3, 0, {5, 6}, {0, 15}, 27},
    {"I420",
     640,
     480,
     704,
     {704, 352, 352},
     {0, 337920, 422400},
     422400 + 352 * 239 + 320},
    {"I420", 5, 3, 0, {5, 3, 3}, {0, 15, 21}, 27},
    {"Y42B", 8, 2, 0, {8, 4, 4}, {0, 16, 24}, 32},
    {"NV24", 8, 2, 0, {8, 16}, {0, 16}, 48},
};

START_TEST(where_planes_lie)
{
    const struct nnc_camera_format *const format =
        nnc_camera_format_by_name(layouts[_i].format, 0);
    const uint32_t line[NNC_CAMERA_MAX_PLANES] = {layouts[_i].line};
    struct nnc_camera_layout layout;

    nnc_camera_layout_compute(format, layouts[_i].width, layouts[_i].height, line,
                              &layout);
    for (unsigned i = 0; i < format->n_planes; i++) {
        ck_assert_uint_eq(layout.stride[i], layouts[_i].stride[i]);
        ck_assert_uint_eq(layout.offset[i], layouts[_i].offset[i]);
    }
    ck_assert_uint_eq(layout.size[0], layouts[_i].size);
    ck_assert_uint_eq(layout.total, layouts[_i].size);
}
END_TEST

START_TEST(planes_in_pieces)
{
    const struct nnc_camera_format *const format = nnc_camera_format_by_name("NV12", 1);
    const uint32_t line[NNC_CAMERA_MAX_PLANES] = {704, 768};
    struct nnc_camera_layout layout;

    ck_assert_uint_eq(format->n_buffers, 2);
    ck_assert_ptr_null(nnc_camera_format_by_name("NV12", 2));
    nnc_camera_layout_compute(format, 640, 480, line, &layout);
    ck_assert_uint_eq(layout.offset[1], 0);
    ck_assert_uint_eq(layout.stride[1], 768);
    ck_assert_uint_eq(layout.size[0], 704 * 479 + 640);
    ck_assert_uint_eq(layout.size[1], 768 * 239 + 640);
}
END_TEST

static Suite *camera_pictures(void)
{
    Suite *const suite = suite_create("camera_pictures");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_add_loop_test(all, colours_and_lines_are_read, 0,
                        sizeof pictures / sizeof *pictures);
    tcase_add_loop_test(all, where_planes_lie, 0, sizeof layouts / sizeof *layouts);
    tcase_add_test(all, planes_in_pieces);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(camera_pictures());

    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
