/* SPDX-License-Identifier: MIT */

/* Every call that reaches a driver fails in turn, with every errno that drivers use: the
 * kind of trouble is the right one, the sentence names the device, nothing stays open,
 * mapped or queued, and the next attempt succeeds. And drivers lie: about sizes, buffers,
 * frames, and the end of their lists. */

#include "camera_stream.h"
#include "fake_camera.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH "/dev/video9"

/* Opens, reads the modes, starts in the first, takes a frame, releases it, stops. What
 * fails first is the answer. */
static enum nnc_camera_trouble live(bool dmabuf, struct nnc_camera_error *error)
{
    const struct nnc_camera_stream_options options = {4, dmabuf};
    struct nnc_camera_offers offers = {.rows = NULL};
    struct nnc_camera_stream *stream = NULL;
    struct nnc_camera_frame frame;
    struct nnc_camera camera;
    enum nnc_camera_trouble trouble = nnc_camera_open(&camera, &fake_ops, PATH, error);

    if (trouble)
        return trouble;
    trouble = nnc_camera_modes_read(&camera, &offers, error);
    if (!trouble && offers.n) {
        const struct nnc_camera_offer *const row = &offers.rows[0];
        const struct nnc_camera_mode mode = {row->format, false, row->width.low,
                                             row->height.low, row->rates[0]};
        trouble = nnc_camera_stream_start(&camera, &mode, &options, &stream, error);
    }
    if (!trouble && stream)
        trouble = nnc_camera_stream_take(stream, &frame, error);
    if (!trouble && stream)
        nnc_camera_slot_release(frame.slot);
    nnc_camera_stream_stop(stream);
    nnc_camera_offers_clear(&offers);
    nnc_camera_close(&camera);
    return trouble;
}

static unsigned count_descriptors(void)
{
    DIR *const folder = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

static unsigned n_descriptors; /* before the test */

static void set_up(void)
{
    n_descriptors = count_descriptors();
}

static void check_nothing_left(void)
{
    ck_assert_uint_eq(count_descriptors(), n_descriptors);
    ck_assert_int_eq(fake.n_open, 0);
    ck_assert_int_eq(fake.n_mapped, 0);
    ck_assert(!fake.streaming);
}

/* --- calls that fail --- */

static const struct {
    unsigned long request;
    unsigned after;     /* how often it succeeds first */
    bool may_be_absent; /* the driver need not have it: the stream runs without */
    const char *says;
} calls[] = {
    {FAKE_OPEN, 0, false, "opening it"},
    {VIDIOC_QUERYCAP, 0, false, "asking what it is"},
    {VIDIOC_ENUM_FMT, 0, false, ""},
    {VIDIOC_ENUM_FMT, 1, true, ""},
    {VIDIOC_ENUM_FRAMESIZES, 0, true, ""},
    {VIDIOC_ENUM_FRAMESIZES, 1, true, ""},
    {VIDIOC_ENUM_FRAMEINTERVALS, 0, true, ""},
    {VIDIOC_S_FMT, 0, false, ""},
    {VIDIOC_S_PARM, 0, true, ""},
    {VIDIOC_REQBUFS, 0, false, "asking for buffers"},
    {VIDIOC_QUERYBUF, 0, false, "asking for a buffer"},
    {VIDIOC_QUERYBUF, 3, false, "asking for a buffer"},
    {FAKE_MMAP, 0, false, "mapping a buffer"},
    {FAKE_MMAP, 2, false, "mapping a buffer"},
    {VIDIOC_EXPBUF, 0, true, ""},
    {VIDIOC_EXPBUF, 2, true, ""},
    {VIDIOC_QBUF, 0, false, "queueing a buffer"},
    {VIDIOC_QBUF, 3, false, "queueing a buffer"},
    {VIDIOC_QBUF, 4, true, ""}, /* giving a frame back: tried again later */
    {VIDIOC_STREAMON, 0, false, "starting the stream"},
    {VIDIOC_DQBUF, 0, false, "taking a frame"},
    {VIDIOC_STREAMOFF, 0, true, ""},
};

static const struct {
    int number;
    enum nnc_camera_trouble trouble;
    const char *says;
} errors[] = {
    {EINVAL, NNC_CAMERA_LOST, ""},
    {EBUSY, NNC_CAMERA_BUSY, "one program at a time"},
    {ENODEV, NNC_CAMERA_LOST, "unplugged"},
    {EIO, NNC_CAMERA_LOST, "cable"},
    {EPROTO, NNC_CAMERA_LOST, "cable"},
    {ENOSPC, NNC_CAMERA_BANDWIDTH, "USB bus has no bandwidth"},
    {EACCES, NNC_CAMERA_DENIED, ""},
    {ENOMEM, NNC_CAMERA_LOST, ""},
    {ETIMEDOUT, NNC_CAMERA_LOST, ""},
    {EPIPE, NNC_CAMERA_LOST, ""},
    {EAGAIN, NNC_CAMERA_AGAIN, ""},
    {ENOTTY, NNC_CAMERA_UNFIT, "not a video device"},
};

#define N_CALLS ((int)(sizeof calls / sizeof *calls))
#define N_ERRORS ((int)(sizeof errors / sizeof *errors))

/* EINVAL is what ends a list, what tells a stranger from a camera, and what refuses a
 * format. */
static enum nnc_camera_trouble expected(int call, int error)
{
    const bool invalid = errors[error].number == EINVAL;

    if (calls[call].request == VIDIOC_QUERYCAP && invalid)
        return NNC_CAMERA_UNFIT;
    if (calls[call].request == VIDIOC_ENUM_FMT && invalid)
        return calls[call].after ? NNC_CAMERA_OK : NNC_CAMERA_UNSUPPORTED;
    if (calls[call].request == VIDIOC_ENUM_FMT)
        return errors[error].trouble;
    if (calls[call].request == VIDIOC_S_FMT && invalid)
        return NNC_CAMERA_UNSUPPORTED;
    return calls[call].may_be_absent ? NNC_CAMERA_OK : errors[error].trouble;
}

START_TEST(every_call_fails_in_turn)
{
    const int call = _i / N_ERRORS, number = _i % N_ERRORS;
    struct nnc_camera_error error = {.message = ""};

    fake_camera_reset();
    fake.fail_request = calls[call].request;
    fake.fail_after = calls[call].after;
    fake.fail_errno = errors[number].number;
    const enum nnc_camera_trouble trouble = live(true, &error);
    ck_assert_msg(trouble == expected(call, number), "call %d, errno %d: %s (%s)", call,
                  errors[number].number, nnc_camera_trouble_name(trouble), error.message);
    ck_assert_uint_gt(fake.n_failed, 0);
    check_nothing_left();
    if (trouble) {
        ck_assert_ptr_nonnull(strstr(error.message, PATH));
        ck_assert_ptr_nonnull(strstr(error.message, calls[call].says));
        if (trouble == errors[number].trouble && trouble != NNC_CAMERA_UNSUPPORTED)
            ck_assert_ptr_nonnull(strstr(error.message, errors[number].says));
    }
    fake.fail_errno = 0;
    ck_assert_int_eq(live(true, &error), NNC_CAMERA_OK);
    check_nothing_left();
}
END_TEST

/* A signal is no failure, wherever it comes. */
START_TEST(signals_are_no_failure)
{
    struct nnc_camera_error error;

    fake_camera_reset();
    fake.fail_request = calls[_i].request;
    fake.fail_after = calls[_i].after;
    fake.fail_errno = EINTR;
    fake.fail_once = true;
    if (fake.fail_request == FAKE_MMAP)
        return; /* mmap knows no EINTR */
    ck_assert_int_eq(live(true, &error), NNC_CAMERA_OK);
    ck_assert_uint_eq(fake.n_failed, 1);
    check_nothing_left();
}
END_TEST

/* --- nodes that are no cameras --- */

static const struct {
    uint32_t capabilities;
    const char *says;
} strangers[] = {
    {V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING, "metadata"},
    {V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_STREAMING, "output"},
    {V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING, "codec"},
    {V4L2_CAP_VBI_CAPTURE | V4L2_CAP_STREAMING, "teletext"},
    {V4L2_CAP_RADIO, "radio"},
    {V4L2_CAP_VIDEO_CAPTURE, "read()"},
    {0, "no capture device"},
};

START_TEST(strangers_are_named)
{
    struct nnc_camera_error error;

    fake_camera_reset();
    fake.capabilities = strangers[_i].capabilities;
    ck_assert_int_eq(live(false, &error), NNC_CAMERA_UNFIT);
    ck_assert_ptr_nonnull(strstr(error.message, strangers[_i].says));
    ck_assert_ptr_nonnull(strstr(error.message, "Fake Webcam"));
    check_nothing_left();
}
END_TEST

/* --- lies --- */

static const struct {
    struct fake_camera lie; /* only the fields that lie */
    enum nnc_camera_trouble trouble;
    const char *says;
} lies[] = {
    {{.gives_width = 648}, NNC_CAMERA_UNSUPPORTED, "was asked for YUY2 320x240"},
    {{.gives_fourcc = V4L2_PIX_FMT_SBGGR8}, NNC_CAMERA_UNSUPPORTED, "gives BA81"},
    {{.buffer_length = 100}, NNC_CAMERA_UNSUPPORTED, "buffers of 100 bytes"},
    {{.buffer_length = 320 * 240 * 2 - 1}, NNC_CAMERA_UNSUPPORTED, "which takes 153600"},
    {{.line = 4096}, NNC_CAMERA_UNSUPPORTED, "which takes 979584"},
    {{.line = 1}, NNC_CAMERA_OK, ""}, /* taken to be tight */
    {{.n_buffers = 1}, NNC_CAMERA_LOST, "gives 1 buffers; expected 2"},
    {{.n_buffers = 2}, NNC_CAMERA_OK, ""},
    {{.index_plus_one = 100}, NNC_CAMERA_LOST, "buffer 99 of 4"},
    {{.endless = true}, NNC_CAMERA_OK, ""},
    {{.lists_no_sizes = true}, NNC_CAMERA_OK, ""},
    {{.bytesused = UINT32_MAX}, NNC_CAMERA_OK, ""},
    {{.bytesused = 1000000000}, NNC_CAMERA_OK, ""},
};

static void lie(const struct fake_camera *how)
{
    fake.gives_width = how->gives_width;
    fake.gives_fourcc = how->gives_fourcc;
    fake.buffer_length = how->buffer_length;
    fake.line = how->line;
    fake.n_buffers = how->n_buffers;
    fake.index_plus_one = how->index_plus_one;
    fake.endless = how->endless;
    fake.lists_no_sizes = how->lists_no_sizes;
    fake.bytesused = how->bytesused;
}

START_TEST(lies_are_found_out)
{
    struct nnc_camera_error error = {.message = ""};

    fake_camera_reset();
    lie(&lies[_i].lie);
    const enum nnc_camera_trouble trouble = live(false, &error);
    ck_assert_msg(trouble == lies[_i].trouble, "lie %d: %s (%s)", _i,
                  nnc_camera_trouble_name(trouble), error.message);
    if (trouble)
        ck_assert_msg(strstr(error.message, lies[_i].says) != NULL, "lie %d: %s", _i,
                      error.message);
    check_nothing_left();
}
END_TEST

/* --- frames --- */

static struct nnc_camera camera;

static struct nnc_camera_stream *start(const char *format, unsigned n_buffers,
                                       bool dmabuf)
{
    const struct nnc_camera_mode mode = {
        nnc_camera_format_by_name(format, 0), false, 320, 240, {15, 1}};
    const struct nnc_camera_stream_options options = {n_buffers, dmabuf};
    struct nnc_camera_stream *stream = NULL;
    struct nnc_camera_error error;

    ck_assert_int_eq(nnc_camera_open(&camera, &fake_ops, PATH, &error), NNC_CAMERA_OK);
    ck_assert_msg(!nnc_camera_stream_start(&camera, &mode, &options, &stream, &error),
                  "%s", error.message);
    return stream;
}

static void finish(struct nnc_camera_stream *stream)
{
    nnc_camera_stream_stop(stream);
    nnc_camera_close(&camera);
    check_nothing_left();
}

static const struct {
    uint32_t bytesused, flags, data_offset;
    bool multiplanar, corrupted, is_short;
    size_t offset, used;
} frames[] = {
    {153600, 0, 0, false, false, false, 0, 153600},
    {153600, V4L2_BUF_FLAG_ERROR, 0, false, true, false, 0, 153600},
    {153599, 0, 0, false, true, true, 0, 153599},
    {1, 0, 0, false, true, true, 0, 1},
    {UINT32_MAX, 0, 0, false, true, true, 0, 0},
    {153601, 0, 0, false, true, false, 0, 153600},
    {4000000000u, 0, 0, false, true, false, 0, 153600},
    {153600, 0, 0, true, false, false, 0, 153600},
    {153600, 0, 64, true, true, true, 64, 153536},
    {153600, 0, 153600, true, true, false, 0, 153600},
    {153600, 0, 4000000000u, true, true, false, 0, 153600},
    {64, 0, 128, true, true, true, 128, 0},
};

START_TEST(frames_stay_inside_their_buffer)
{
    struct nnc_camera_error error;
    struct nnc_camera_frame frame;

    fake_camera_reset();
    if (frames[_i].multiplanar)
        fake.capabilities = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
    struct nnc_camera_stream *const stream = start("YUY2", 4, false);
    fake.bytesused = frames[_i].bytesused;
    fake.flags = frames[_i].flags;
    fake.data_offset = frames[_i].data_offset;
    ck_assert_int_eq(nnc_camera_stream_take(stream, &frame, &error), NNC_CAMERA_OK);
    ck_assert_int_eq(frame.corrupted, frames[_i].corrupted);
    ck_assert_int_eq(frame.is_short, frames[_i].is_short);
    ck_assert_uint_eq(frame.piece[0].offset, frames[_i].offset);
    ck_assert_uint_eq(frame.piece[0].used, frames[_i].used);
    ck_assert_uint_eq(frame.time_ns, 100000250000ull);
    nnc_camera_slot_release(frame.slot);
    finish(stream);
}
END_TEST

/* The driver answers twice with the same buffer, which somebody reads already. */
START_TEST(lent_buffers_are_not_lent_twice)
{
    struct nnc_camera_error error;
    struct nnc_camera_frame frame, again;

    fake_camera_reset();
    struct nnc_camera_stream *const stream = start("YUY2", 4, false);
    ck_assert_int_eq(nnc_camera_stream_take(stream, &frame, &error), NNC_CAMERA_OK);
    fake.index_plus_one = frame.slot->index + 1;
    ck_assert_int_eq(nnc_camera_stream_take(stream, &again, &error), NNC_CAMERA_LOST);
    ck_assert_ptr_nonnull(strstr(error.message, "not queued"));
    nnc_camera_slot_release(frame.slot);
    finish(stream);
}
END_TEST

/* Frames can be read after the stream has stopped and the camera has been closed. */
START_TEST(frames_outlive_their_stream)
{
    struct nnc_camera_error error;
    struct nnc_camera_frame held[3];

    fake_camera_reset();
    struct nnc_camera_stream *const stream = start("NV12", 4, true);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(nnc_camera_stream_take(stream, &held[i], &error), NNC_CAMERA_OK);
    ck_assert_uint_eq(nnc_camera_stream_n_queued(stream), 1);
    ck_assert(nnc_camera_stream_has_dmabuf(stream));
    nnc_camera_stream_stop(stream);
    nnc_camera_close(&camera);
    ck_assert_int_eq(fake.n_mapped, 3);
    ck_assert_int_eq(fake.n_detached, 3);
    for (unsigned i = 0; i < 3; i++) {
        memset(held[i].slot->piece[0].map, 7, held[i].slot->piece[0].length);
        nnc_camera_slot_release(held[i].slot);
        ck_assert_int_eq(fake.n_mapped, 2 - (int)i);
    }
    check_nothing_left();
}
END_TEST

/* A buffer that could not be queued is queued again with the next frame. */
START_TEST(stranded_buffers_come_back)
{
    struct nnc_camera_error error;
    struct nnc_camera_frame frame;

    fake_camera_reset();
    struct nnc_camera_stream *const stream = start("YUY2", 4, false);
    ck_assert_int_eq(nnc_camera_stream_take(stream, &frame, &error), NNC_CAMERA_OK);
    fake.fail_request = VIDIOC_QBUF;
    fake.fail_errno = EINVAL;
    fake.fail_once = true;
    nnc_camera_slot_release(frame.slot);
    ck_assert_uint_eq(nnc_camera_stream_n_queued(stream), 3);
    ck_assert_uint_eq(nnc_camera_stream_n_stranded(stream), 1);
    ck_assert_int_eq(nnc_camera_stream_take(stream, &frame, &error), NNC_CAMERA_OK);
    ck_assert_uint_eq(nnc_camera_stream_n_queued(stream), 3);
    nnc_camera_slot_release(frame.slot);
    ck_assert_uint_eq(nnc_camera_stream_n_queued(stream), 4);
    finish(stream);
}
END_TEST

/* Export fails for one buffer: all go through mapped memory, none leaks. */
START_TEST(export_is_all_or_nothing)
{
    fake_camera_reset();
    fake.fail_request = VIDIOC_EXPBUF;
    fake.fail_errno = EINVAL;
    fake.fail_after = 2;
    struct nnc_camera_stream *const stream = start("NV12", 4, true);
    ck_assert(!nnc_camera_stream_has_dmabuf(stream));
    ck_assert_int_eq(fake.n_exported, 2);
    finish(stream);
}
END_TEST

/* A multi-planar buffer of more pieces than a picture can have, or none. */
START_TEST(strange_planes_are_refused)
{
    const struct nnc_camera_mode mode = {
        nnc_camera_format_by_name("NV12", 0), false, 320, 240, {15, 1}};
    const struct nnc_camera_stream_options options = {4, false};
    struct nnc_camera_stream *stream;
    struct nnc_camera_error error;

    fake_camera_reset();
    fake.capabilities = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
    fake.planes = 7;
    ck_assert_int_eq(nnc_camera_open(&camera, &fake_ops, PATH, &error), NNC_CAMERA_OK);
    ck_assert_int_eq(nnc_camera_stream_start(&camera, &mode, &options, &stream, &error),
                     NNC_CAMERA_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(error.message, "7 pieces"));
    nnc_camera_close(&camera);
    check_nothing_left();
}
END_TEST

static Suite *camera_calls(void)
{
    Suite *const suite = suite_create("camera_calls");
    TCase *const failures = tcase_create("failures");
    TCase *const truth = tcase_create("truth");

    suite_add_tcase(suite, failures);
    tcase_add_checked_fixture(failures, set_up, NULL);
    tcase_add_loop_test(failures, every_call_fails_in_turn, 0, N_CALLS * N_ERRORS);
    tcase_add_loop_test(failures, signals_are_no_failure, 0, N_CALLS);
    tcase_add_loop_test(failures, strangers_are_named, 0,
                        sizeof strangers / sizeof *strangers);
    suite_add_tcase(suite, truth);
    tcase_add_checked_fixture(truth, set_up, NULL);
    tcase_add_loop_test(truth, lies_are_found_out, 0, sizeof lies / sizeof *lies);
    tcase_add_loop_test(truth, frames_stay_inside_their_buffer, 0,
                        sizeof frames / sizeof *frames);
    tcase_add_test(truth, lent_buffers_are_not_lent_twice);
    tcase_add_test(truth, frames_outlive_their_stream);
    tcase_add_test(truth, stranded_buffers_come_back);
    tcase_add_test(truth, export_is_all_or_nothing);
    tcase_add_test(truth, strange_planes_are_refused);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(camera_calls());

    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
