/* SPDX-License-Identifier: MIT */

/* nnccamsrc when the camera fails: every fault that vivid can be made to have,
 * unplugging, stalls, and that nothing is left over after many frames. Runs in a guest
 * (run-in-guest), as root. NNC_GUEST_LONG makes it longer. */

#include "guest_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#define PIPE                                                                             \
    "nnccamsrc name=source stall-timeout=1000 on-loss=%s ! "                             \
    "video/x-raw,format=%s,width=320,height=180,framerate=60/1 ! "                       \
    "fakesink name=sink sync=false"

static gboolean is_long(void)
{
    return g_getenv("NNC_GUEST_LONG") != NULL;
}

static void open_camera(struct player *player, const char *on_loss)
{
    g_autofree char *launch = g_strdup_printf(PIPE, on_loss, "NV12");

    set_input("/dev/video0", 0);
    player_open(player, launch);
}

/* The node that the pipeline uses now. */
static char *current_device(struct player *player)
{
    g_autoptr(GstStructure) stats = NULL;

    g_object_get(player->source, "stats", &stats, NULL);
    return g_strdup(gst_structure_get_string(stats, "device"));
}

/* --- faults that the stream survives --- */

/* vivid calls its faults by what fails then: REQBUFS by queue_setup, QBUF by buf_prepare,
 * STREAMON by start_streaming. Each hits the next such call. */
static const struct {
    const char *control;
    gboolean before;   /* armed before the start */
    gboolean loses;    /* the camera is opened anew */
    const char *stat;  /* counts it */
    const char *armed; /* another one, which hits the opening anew */
} faults[] = {
    {"inject_v4l2_buf_flag_error", FALSE, FALSE, "corrupted", NULL},
    {"inject_vidioc_qbuf_error", FALSE, FALSE, "requeue-errors", NULL},
    {"inject_fatal_streaming_error", FALSE, TRUE, "reopens", NULL},
    {"disconnect", FALSE, TRUE, "reopens", NULL},
    {"inject_vidioc_reqbufs_error", TRUE, TRUE, "reopens", NULL},
    {"inject_vidioc_qbuf_error", TRUE, TRUE, "reopens", NULL},
    {"inject_vidioc_streamon_error", TRUE, TRUE, "reopens", NULL},
    {"inject_fatal_streaming_error", FALSE, TRUE, "reopens",
     "inject_vidioc_reqbufs_error"},
    {"inject_fatal_streaming_error", FALSE, TRUE, "reopens",
     "inject_vidioc_streamon_error"},
};

/* What the warning of a fault before the start says. */
static const char *explanation_of(const char *control)
{
    return strstr(control, "reqbufs") ? "asking for buffers"
           : strstr(control, "qbuf")  ? "queueing a buffer"
                                      : "starting the stream";
}

START_TEST(faults_are_survived)
{
    struct player player;

    set_input("/dev/video0", 0);
    if (faults[_i].before)
        set_device_control("/dev/video0", faults[_i].control, "1");
    open_camera(&player, "wait");
    if (faults[_i].before) {
        g_autofree char *text = player_wait_text(&player, GST_MESSAGE_WARNING);
        fail_unless(strstr(text, explanation_of(faults[_i].control)) != NULL, "%s", text);
    }
    player_wait(&player, 5);
    if (faults[_i].armed)
        set_device_control("/dev/video0", faults[_i].armed, "1");
    if (!faults[_i].before)
        set_device_control("/dev/video0", faults[_i].control, "1");
    if (faults[_i].loses && !faults[_i].before)
        gst_structure_free(player_wait_event(&player, "lost"));
    if (faults[_i].loses)
        gst_structure_free(player_wait_event(&player, "back"));
    player_wait(&player, 10);
    fail_unless(player_stat(&player, faults[_i].stat) >= 1, "%s", faults[_i].stat);
    fail_unless_equals_uint64(player_stat(&player, "losses"), faults[_i].loses);
    const struct seen seen = player_seen(&player);
    fail_unless_equals_int(seen.n_corrupted, (gint)player_stat(&player, "corrupted"));
    fail_if(seen.time_went_back);
    GstState state;
    gst_element_get_state(player.pipeline, &state, NULL, 0);
    fail_unless_equals_int(state, GST_STATE_PLAYING);
    player_close(&player);
}
END_TEST

/* --- numbers and clocks that wrap --- */

START_TEST(numbers_wrap)
{
    struct player player;

    set_device_control("/dev/video0", "wrap_sequence_number", "1");
    open_camera(&player, "wait");
    player_wait(&player, 180); /* it wraps after 128 */
    const struct seen seen = player_seen(&player);
    set_device_control("/dev/video0", "wrap_sequence_number", "0");
    fail_unless(seen.first_offset > G_MAXUINT32 - 256 && seen.last_offset < 1000,
                "%u to %u", (guint)seen.first_offset, (guint)seen.last_offset);
    fail_unless(player_stat(&player, "lost") < 1000);
    player_close(&player);
}
END_TEST

static const char *const clocks[] = {"64 Bit", "32 Bit"};

/* Timestamps of another age are not believed. */
START_TEST(clocks_wrap)
{
    struct player player;

    set_device_control("/dev/video0", "wrap_timestamp", clocks[_i]);
    open_camera(&player, "wait");
    player_wait(&player, 20);
    const struct seen seen = player_seen(&player);
    set_device_control("/dev/video0", "wrap_timestamp", "0");
    fail_unless(player_stat(&player, "retimed") >= 20);
    fail_if(seen.time_went_back);
    fail_unless(seen.last_pts < GST_CLOCK_TIME_NONE / 2);
    player_close(&player);
}
END_TEST

START_TEST(lost_frames_are_counted)
{
    struct player player;

    open_camera(&player, "wait");
    player_wait(&player, 5);
    set_device_control("/dev/video0", "percentage_of_dropped_buffers", "40");
    player_wait(&player, 40);
    set_device_control("/dev/video0", "percentage_of_dropped_buffers", "0");
    player_wait(&player, 10);
    gst_element_set_state(player.pipeline, GST_STATE_PAUSED);
    const struct seen seen = player_seen(&player);
    const guint64 lost = player_stat(&player, "lost");
    fail_unless(lost > 10, "%u lost", (guint)lost);
    fail_unless_equals_uint64(lost, seen.n_missing);
    fail_unless_equals_uint64(seen.n + lost, seen.last_offset - seen.first_offset + 1);
    fail_unless_equals_int(seen.n_missing_unmarked, 0);
    fail_unless(seen.n_discont > 5);
    player_close(&player);
}
END_TEST

START_TEST(stalls_are_noticed)
{
    struct player player;

    open_camera(&player, "wait");
    player_wait(&player, 5);
    set_device_control("/dev/video0", "percentage_of_dropped_buffers", "100");
    g_autoptr(GstStructure) event = player_wait_event(&player, "lost");
    fail_unless(strstr(gst_structure_get_string(event, "text"), "no frame for 1000 ms"));
    fail_unless_equals_uint64(player_stat(&player, "stalls"), 1);
    set_device_control("/dev/video0", "percentage_of_dropped_buffers", "0");
    gst_structure_free(player_wait_event(&player, "back"));
    player_wait(&player, 5);
    fail_if(player_seen(&player).time_went_back);
    player_close(&player);
}
END_TEST

/* --- unplugging --- */

START_TEST(unplugged_and_plugged_in_again)
{
    const guint n = is_long() ? 20 : 2;
    struct player player;

    open_camera(&player, "wait");
    player_wait(&player, 10);
    for (guint i = 0; i < n; i++) {
        g_autofree char *before = current_device(&player);
        /* Who has the old node open keeps its number: every other time it is another. */
        const int holder = i % 2 ? -1 : open(before, O_RDWR | O_CLOEXEC);
        unplug_vivid();
        g_autoptr(GstStructure) lost = player_wait_event(&player, "lost");
        fail_unless(strstr(gst_structure_get_string(lost, "text"), "unplugged") != NULL,
                    "%s", gst_structure_get_string(lost, "text"));
        replug_vivid();
        g_autoptr(GstStructure) back = player_wait_event(&player, "back");
        g_autofree char *after = current_device(&player);
        g_printerr("unplugged %u: %s, back as %s\n", i + 1, before, after);
        if (holder < 0) {
            fail_unless_equals_string(after, "/dev/video0");
        } else {
            fail_if(g_str_equal(before, after));
            close(holder);
        }
        player_wait(&player, 10);
    }
    fail_unless_equals_uint64(player_stat(&player, "losses"), n);
    fail_unless_equals_uint64(player_stat(&player, "reopens"), n);
    fail_if(player_seen(&player).time_went_back);
    player_close(&player);
    /* The number is free again; the tests go on with the first. */
    if (!g_file_test("/dev/video0", G_FILE_TEST_EXISTS)) {
        unplug_vivid();
        replug_vivid();
    }
}
END_TEST

START_TEST(stopping_while_it_is_away)
{
    struct player player;

    open_camera(&player, "wait");
    player_wait(&player, 5);
    unplug_vivid();
    gst_structure_free(player_wait_event(&player, "lost"));
    g_usleep(300 * 1000);
    const gint64 began = g_get_monotonic_time();
    gst_element_set_state(player.pipeline, GST_STATE_NULL);
    fail_unless(g_get_monotonic_time() - began < 5 * G_USEC_PER_SEC);
    player_close(&player);
    replug_vivid();
}
END_TEST

START_TEST(black_while_it_is_away)
{
    struct player player;

    open_camera(&player, "black");
    player_wait(&player, 5);
    unplug_vivid();
    gst_structure_free(player_wait_event(&player, "lost"));
    player_wait(&player, 10);
    g_autoptr(GstBuffer) frame = player_copy_frame(&player);
    guint8 luma = 1, chroma = 1;
    gst_buffer_extract(frame, 12345, &luma, 1);
    gst_buffer_extract(frame, 320 * 180 + 777, &chroma, 1);
    fail_unless_equals_int(luma, 16);
    fail_unless_equals_int(chroma, 128);
    replug_vivid();
    gst_structure_free(player_wait_event(&player, "back"));
    player_wait(&player, 10);
    const struct seen seen = player_seen(&player);
    fail_unless(seen.n_gap >= 10);
    fail_unless_equals_uint64(player_stat(&player, "black"), seen.n_gap);
    fail_if(seen.time_went_back);
    player_close(&player);
}
END_TEST

START_TEST(error_if_so_wished)
{
    struct player player;

    open_camera(&player, "error");
    player_wait(&player, 5);
    unplug_vivid();
    g_autofree char *text = player_wait_text(&player, GST_MESSAGE_ERROR);
    fail_unless(strstr(text, "unplugged") != NULL, "%s", text);
    player_close(&player);
    replug_vivid();
}
END_TEST

/* --- many frames --- */

START_TEST(nothing_is_left_over)
{
    const guint n = is_long() ? 10000 : 1000;
    struct player player;

    open_camera(&player, "wait");
    player_wait(&player, 100);
    const struct usage before = read_usage();
    for (guint i = 0; i < n; i += 100)
        player_wait(&player, 100);
    const struct usage after = read_usage();
    g_printerr("%u frames: %u descriptors then %u, %u maps then %u, %ld KiB then %ld, %u "
               "lost, %u copied\n",
               n, before.descriptors, after.descriptors, before.maps, after.maps,
               before.resident_kib, after.resident_kib,
               (guint)player_stat(&player, "lost"),
               (guint)player_stat(&player, "copies"));
    fail_unless_equals_int(after.descriptors, before.descriptors);
    fail_unless_equals_int(after.maps, before.maps);
    fail_unless(after.resident_kib - before.resident_kib < 512);
    fail_unless_equals_uint64(player_stat(&player, "copies"), 0);
    player_close(&player);
    fail_unless(read_usage().descriptors < before.descriptors);
}
END_TEST

static Suite *guest_faults(void)
{
    Suite *const suite = suite_create("guest_faults");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 1200);
    tcase_add_loop_test(all, faults_are_survived, 0, G_N_ELEMENTS(faults));
    tcase_add_test(all, numbers_wrap);
    tcase_add_loop_test(all, clocks_wrap, 0, G_N_ELEMENTS(clocks));
    tcase_add_test(all, lost_frames_are_counted);
    tcase_add_test(all, stalls_are_noticed);
    tcase_add_test(all, nothing_is_left_over);
    tcase_add_test(all, unplugged_and_plugged_in_again);
    tcase_add_test(all, stopping_while_it_is_away);
    tcase_add_test(all, black_while_it_is_away);
    tcase_add_test(all, error_if_so_wished);
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(guest_faults(), "guest_faults", __FILE__);
}
