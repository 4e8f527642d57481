/* SPDX-License-Identifier: MIT */

/* Formats that are not plain pictures in one piece of memory: JPEG goes through
 * untouched, Bayer is converted by libv4l2, the multi-planar API and frames in two
 * pieces. And the command nnc-camera. Runs in a guest with v4l2loopback and a
 * multi-planar vivid (guest-tests), as root. */

#include "guest_fixture.h"

#include <linux/videodev2.h>

#define MULTIPLANAR "/dev/video3"

/* --- v4l2loopback --- */

START_TEST(jpeg_goes_through)
{
    /* Nobody decodes it here. */
    static const guint8 jpeg[2048] = {0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4};
    struct feeder *const feeder =
        feeder_start(V4L2_PIX_FMT_MJPEG, 160, 120, jpeg, sizeof jpeg, 1);
    struct player player;

    player_open(&player, "nnccamsrc name=source device=" LOOPBACK
                         " ! image/jpeg ! fakesink name=sink sync=false");
    player_wait(&player, 5);
    g_autoptr(GstBuffer) frame = player_copy_frame(&player);
    fail_unless_equals_uint64(gst_buffer_get_size(frame), sizeof jpeg);
    fail_unless(!gst_buffer_memcmp(frame, 0, jpeg, sizeof jpeg));
    player_close(&player);
    feeder_stop(feeder);
}
END_TEST

/* A sensor behind a filter that sees blue only: B at even places of even rows. */
START_TEST(bayer_is_converted)
{
    static guint8 sensor[160 * 120];
    guint8 pixel[3];

    for (guint y = 0; y < 120; y += 2)
        for (guint x = 0; x < 160; x += 2)
            sensor[y * 160 + x] = 200;
    struct feeder *const feeder =
        feeder_start(V4L2_PIX_FMT_SBGGR8, 160, 120, sensor, sizeof sensor, 1);
    struct player player;
    player_open(&player, "nnccamsrc name=source device=" LOOPBACK
                         " ! video/x-raw,format=RGB ! fakesink name=sink sync=false");
    g_autoptr(GstStructure) event = player_wait_event(&player, "mode");
    const char *const text = gst_structure_get_string(event, "text");
    fail_unless(strstr(text, "converted by libv4l2") != NULL, "%s", text);
    player_wait(&player, 3);
    g_autoptr(GstBuffer) frame = player_copy_frame(&player);
    fail_unless_equals_uint64(gst_buffer_get_size(frame), 160 * 120 * 3);
    gst_buffer_extract(frame, (60 * 160 + 80) * 3, pixel, 3);
    fail_unless(pixel[0] < 50 && pixel[1] < 50 && pixel[2] > 150, "%u %u %u", pixel[0],
                pixel[1], pixel[2]);
    player_close(&player);
    feeder_stop(feeder);
}
END_TEST

/* The feeder stops: a camera that stands still. Another goes on. */
START_TEST(feeders_come_back)
{
    static const guint8 gray[160 * 120 * 2] = {1, 2, 3};
    struct feeder *feeder =
        feeder_start(V4L2_PIX_FMT_YUYV, 160, 120, gray, sizeof gray, 1);
    struct player player;

    player_open(&player, "nnccamsrc name=source stall-timeout=500 device=" LOOPBACK
                         " ! fakesink name=sink sync=false");
    player_wait(&player, 5);
    feeder_stop(feeder);
    gst_structure_free(player_wait_event(&player, "lost"));
    feeder = feeder_start(V4L2_PIX_FMT_YUYV, 160, 120, gray, sizeof gray, 1);
    gst_structure_free(player_wait_event(&player, "back"));
    player_wait(&player, 5);
    fail_if(player_seen(&player).time_went_back);
    player_close(&player);
    feeder_stop(feeder);
}
END_TEST

/* Its buffers cannot be exported. */
START_TEST(export_that_is_not_there_is_explained)
{
    static const guint8 gray[160 * 120 * 2] = {1, 2, 3};
    struct feeder *const feeder =
        feeder_start(V4L2_PIX_FMT_YUYV, 160, 120, gray, sizeof gray, 1);
    g_autofree char *text =
        failure_of("nnccamsrc name=source device=" LOOPBACK
                   " ! video/x-raw(memory:DMABuf) ! fakesink name=sink");

    fail_unless(strstr(text, "cannot share its buffers as memory:DMABuf") != NULL, "%s",
                text);
    feeder_stop(feeder);
}
END_TEST

/* --- multi-planar --- */

static const char *const multiplanar[] = {
    "video/x-raw,format=YUY2,width=320",
    "video/x-raw,format=NV12,width=640,height=360",
    "video/x-raw,format=I420,width=320",
};

static GstBuffer *converted_frame(const char *device, const char *io_mode, guint i)
{
    g_autofree char *launch = g_strdup_printf(
        "nnccamsrc name=source device=%s io-mode=%s ! %s ! videoconvert ! "
        "video/x-raw,format=RGB ! fakesink name=sink sync=false",
        device, io_mode, multiplanar[i]);
    struct player player;

    set_input(device, 0);
    set_device_control(device, "osd_text_mode", "2");
    player_open(&player, launch);
    player_wait(&player, 3);
    GstBuffer *const frame = player_copy_frame(&player);
    fail_unless_equals_uint64(player_stat(&player, "copies"), 0);
    player_close(&player);
    return frame;
}

static void check_equal(GstBuffer *a, GstBuffer *b)
{
    GstMapInfo map;

    fail_unless_equals_uint64(gst_buffer_get_size(a), gst_buffer_get_size(b));
    fail_unless(gst_buffer_map(a, &map, GST_MAP_READ));
    fail_unless(!gst_buffer_memcmp(b, 0, map.data, map.size));
    gst_buffer_unmap(a, &map);
}

/* What both APIs show of the same test picture is the same. */
START_TEST(planes_are_put_together)
{
    g_autoptr(GstBuffer) single = converted_frame(VIVID, "mmap", (guint)_i);
    g_autoptr(GstBuffer) mapped = converted_frame(MULTIPLANAR, "mmap", (guint)_i);
    g_autoptr(GstBuffer) exported = converted_frame(MULTIPLANAR, "dmabuf", (guint)_i);

    check_equal(single, mapped);
    check_equal(single, exported);
}
END_TEST

/* One of two cameras that look the same goes away: the other is not it. */
START_TEST(twins_are_not_mixed_up)
{
    struct player player;

    set_input(VIVID, 0);
    player_open(&player, "nnccamsrc name=source device=" VIVID
                         " ! video/x-raw,width=320,framerate=60/1 ! "
                         "fakesink name=sink sync=false");
    player_wait(&player, 5);
    unplug_vivid();
    gst_structure_free(player_wait_event(&player, "lost"));
    const guint n = player_seen(&player).n;
    g_usleep(1500 * 1000);
    fail_unless_equals_int(player_seen(&player).n, n);
    replug_vivid();
    gst_structure_free(player_wait_event(&player, "back"));
    player_wait(&player, 5);
    player_close(&player);
}
END_TEST

/* --- the command --- */

static const struct {
    const char *arguments;
    int status;
    const char *says;
} commands[] = {
    {"list", 0, "/dev/video0  vivid (driver vivid, at platform:vivid-000)"},
    {"list --json", 0, "\"device\":\"/dev/video3\",\"name\":\"vivid\""},
    {"modes " VIVID, 0, "  NV12      640 x 360               1, 2, 4, 5"},
    {"modes " VIVID " --json", 0, "\"format\":\"YUY2\",\"width\":320,\"height\":180"},
    {"probe " VIVID " --size 100x100 --rate 25", 0, "I420 320x180 at 25/1 frames/s"},
    {"probe " VIVID " --model " NNC_TINY_MODEL, 0,
     "the cheapest that gives 32x32 at 30/1"},
    {"probe " VIVID " --json", 0, "\"frames\":20"},
    {"probe " MULTIPLANAR, 0, "DMABuf    yes"},
    {"probe Nikon", 1, "no camera answers to 'Nikon'"},
    {"probe vivid", 1, "2 cameras answer to 'vivid'"},
    {"probe /dev/video1", 1, "is an output"},
    {"probe --model /nix", 1, "no such file"},
    {"modes a b", 2, "too much is 'b'"},
    {"look", 2, "there is no command 'look'"},
    {"list --size 1x1", 2, "do not go with 'list'"},
    {"probe --size 640", 2, "--size takes WIDTHxHEIGHT"},
    {"probe --rate x", 2, "--rate takes frames per second"},
    {"", 2, "usage: nnc-camera"},
    {"--help", 0, "usage: nnc-camera"},
};

static char *run(const char *line, int *status)
{
    g_autofree char *errors = NULL, *output = NULL;
    g_autoptr(GError) error = NULL;

    g_spawn_command_line_sync(line, &output, &errors, status, &error);
    g_assert_no_error(error);
    *status = WEXITSTATUS(*status);
    return g_strconcat(output, errors, NULL);
}

START_TEST(the_command_answers)
{
    g_autofree char *line =
        g_strdup_printf(NNC_CAMERA_COMMAND " %s", commands[_i].arguments);
    int status;

    set_input(VIVID, 0);
    set_input(MULTIPLANAR, 0);
    g_autofree char *text = run(line, &status);
    fail_unless(status == commands[_i].status && strstr(text, commands[_i].says),
                "nnc-camera %s: %d: %.500s", commands[_i].arguments, status, text);
}
END_TEST

/* The line that it prints can be pasted; here with another sink, and an end. */
START_TEST(the_line_for_gst_launch_runs)
{
    int status;

    set_input(VIVID, 0);
    g_autofree char *text =
        run(NNC_CAMERA_COMMAND " probe " VIVID " --model " NNC_TINY_MODEL, &status);
    const char *const line = strstr(text, "gst-launch-1.0");
    fail_unless(status == 0 && line, "%s", text);
    g_auto(GStrv) parts = g_strsplit(line, "device=", 2);
    g_autofree char *ending =
        g_strconcat(parts[0], "num-buffers=5 device=", parts[1], NULL);
    g_auto(GStrv) halves = g_strsplit(ending, "autovideosink", 2);
    g_autofree char *launch = g_strconcat(halves[0], "fakesink", NULL);
    g_autofree char *said = run(launch, &status);
    fail_unless(status == 0 && strstr(said, "nnc/prediction"), "%s: %s", launch, said);
}
END_TEST

static Suite *guest_formats(void)
{
    Suite *const suite = suite_create("guest_formats");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, jpeg_goes_through);
    tcase_add_test(all, bayer_is_converted);
    tcase_add_test(all, feeders_come_back);
    tcase_add_test(all, export_that_is_not_there_is_explained);
    tcase_add_loop_test(all, planes_are_put_together, 0, G_N_ELEMENTS(multiplanar));
    tcase_add_loop_test(all, the_command_answers, 0, G_N_ELEMENTS(commands));
    tcase_add_test(all, the_line_for_gst_launch_runs);
    tcase_add_test(all, twins_are_not_mixed_up);
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(guest_formats(), "guest_formats", __FILE__);
}
