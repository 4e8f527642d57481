/* SPDX-License-Identifier: MIT */

/* nnccamsrc on a driver that fails and lies: the whole element, in a pipeline, without a
 * kernel device, also under sanitizers. No queue: ThreadSanitizer does not see how
 * GStreamer hands buffers over. */

#include "fake_camera.h"
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

GST_ELEMENT_REGISTER_DECLARE(nnccamsrc)

#define CAMERA "nnccamsrc name=source io-mode=mmap "
#define SINK " ! fakesink name=sink sync=false "
#define SMALL "! video/x-raw,format=YUY2,width=320,height=240,framerate=15/1"

/* --- the driver's nodes, in a folder of their own --- */

static char folder[] = "/tmp/nnc-camera-streams-XXXXXX";

static void make_node(const char *name)
{
    const int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    fail_unless(fd >= 0, "%s: %m", name);
    close(fd);
}

static void plug_in(void)
{
    fake_camera_reset();
    fake.keeps_time = true;
    make_node("video0");
}

static void check_nothing_left(void)
{
    fake_camera_lock();
    fail_unless_equals_int(fake.n_open, 0);
    fail_unless_equals_int(fake.n_mapped, 0);
    fake_camera_unlock();
}

/* The next call of this kind fails, once. */
static void fail_next(unsigned long request, int number)
{
    fake_camera_lock();
    fake.fail_request = request;
    fake.fail_errno = number;
    fake.fail_once = true;
    fake_camera_unlock();
}

/* Answers with a buffer that does not exist: the camera is lost, until told otherwise. */
static void break_driver(gboolean broken)
{
    fake_camera_lock();
    fake.index_plus_one = broken ? 100 : 0;
    fake_camera_unlock();
}

static void close_and_check(struct player *player)
{
    player_close(player);
    check_nothing_left();
}

/* --- frames --- */

static const char *const formats[] = {"video/x-raw,format=YUY2",
                                      "video/x-raw,format=NV12", "image/jpeg"};

START_TEST(frames_flow)
{
    g_autofree char *launch = g_strdup_printf(CAMERA "! %s,width=640" SINK, formats[_i]);
    struct player player;

    player_open(&player, launch);
    player_wait(&player, 100);
    const struct seen seen = player_seen(&player);
    fail_if(seen.time_went_back);
    fail_unless_equals_int(seen.n_corrupted, 0);
    fail_unless_equals_uint64(player_stat(&player, "retimed"), 0);
    fail_unless_equals_uint64(player_stat(&player, "losses"), 0);
    close_and_check(&player);
}
END_TEST

static gpointer let_go_often(gpointer data)
{
    for (guint i = 0; i < 200; i++) {
        player_let_go(data);
        g_usleep(500);
    }
    return NULL;
}

/* Buffers are queued again by whoever lets go of them last. */
START_TEST(frames_are_released_by_another_thread)
{
    struct player player;

    player_prepare(&player, CAMERA SMALL SINK "enable-last-sample=false");
    player.n_to_hold = 20;
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    GThread *const reader = g_thread_new("reader", let_go_often, &player);
    g_usleep(50 * 1000);
    fail_next(VIDIOC_DQBUF, ENODEV); /* some are kept over a loss, too */
    g_thread_join(reader);
    pthread_mutex_lock(&player.lock);
    player.n_to_hold = 0;
    pthread_mutex_unlock(&player.lock);
    player_wait(&player, 20);
    fail_if(player_seen(&player).time_went_back);
    close_and_check(&player);
}
END_TEST

/* Frames that are kept outlive the stream, the camera and the pipeline's rest. */
START_TEST(kept_frames_outlive_the_camera)
{
    struct player player;

    player_prepare(&player, CAMERA SMALL SINK "enable-last-sample=false");
    player.n_to_hold = 3;
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    player_wait(&player, 20);
    gst_element_set_state(player.pipeline, GST_STATE_NULL);
    fail_unless_equals_int(player.held.length, 3);
    for (GList *l = player.held.head; l; l = l->next) {
        guint8 byte = 1;
        fail_unless_equals_uint64(
            gst_buffer_extract(l->data, 320 * 240 * 2 - 1, &byte, 1), 1);
    }
    close_and_check(&player);
}
END_TEST

static const struct {
    struct fake_camera lie; /* only the fields that lie */
    const char *stat;
    gboolean corrupted;
} lies[] = {
    {{.bytesused = 100}, "short", TRUE},
    {{.bytesused = UINT32_MAX}, "short", TRUE},
    {{.bytesused = 1000000000}, "corrupted", TRUE},
    {{.flags = V4L2_BUF_FLAG_ERROR}, "corrupted", TRUE},
    {{.seconds = -5}, "retimed", FALSE},
    {{.seconds = 1000000000000}, "retimed", FALSE},
    {{.seconds = 1}, "retimed", FALSE},
};

/* Lies of the driver are counted, and reach nobody as anything but a flag. */
START_TEST(lies_are_counted)
{
    struct player player;

    fake.keeps_time = !lies[_i].lie.seconds;
    fake.bytesused = lies[_i].lie.bytesused;
    fake.flags = lies[_i].lie.flags;
    fake.seconds = lies[_i].lie.seconds;
    player_open(&player, CAMERA SMALL SINK);
    player_wait(&player, 20);
    const struct seen seen = player_seen(&player);
    fail_unless(player_stat(&player, lies[_i].stat) >= 20);
    fail_unless_equals_int(seen.n_corrupted, lies[_i].corrupted ? seen.n : 0);
    fail_unless_equals_uint64(seen.last_size, 320 * 240 * 2);
    fail_if(seen.time_went_back);
    close_and_check(&player);
}
END_TEST

/* --- failures --- */

/* Hit the stream while it runs: it goes on. */
static const struct {
    unsigned long request;
    int number;
    gboolean loses;
} shocks[] = {
    {VIDIOC_DQBUF, EIO, TRUE},    {VIDIOC_DQBUF, ENODEV, TRUE},
    {VIDIOC_DQBUF, EINVAL, TRUE}, {VIDIOC_DQBUF, EAGAIN, FALSE},
    {VIDIOC_DQBUF, EINTR, FALSE}, {VIDIOC_QBUF, EINVAL, FALSE},
    {VIDIOC_QBUF, EIO, FALSE},    {VIDIOC_QBUF, ENODEV, FALSE},
};

START_TEST(running_streams_go_on)
{
    struct player player;

    player_open(&player, CAMERA SMALL SINK);
    player_wait(&player, 5);
    fail_next(shocks[_i].request, shocks[_i].number);
    if (shocks[_i].loses) {
        gst_structure_free(player_wait_event(&player, "lost"));
        gst_structure_free(player_wait_event(&player, "back"));
    }
    player_wait(&player, 20);
    fail_unless_equals_uint64(player_stat(&player, "losses"), shocks[_i].loses);
    fail_unless(fake.n_failed >= 1);
    close_and_check(&player);
}
END_TEST

/* Hit a lost camera on its way back: it is tried again. */
static const unsigned long steps[] = {FAKE_OPEN,    VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT,
                                      VIDIOC_S_FMT, VIDIOC_REQBUFS,  VIDIOC_QUERYBUF,
                                      FAKE_MMAP,    VIDIOC_QBUF,     VIDIOC_STREAMON};
static const int numbers[] = {EIO, EBUSY, EINVAL};

START_TEST(the_way_back_is_tried_again)
{
    const guint step = (guint)_i / G_N_ELEMENTS(numbers);
    struct player player;

    player_open(&player, CAMERA SMALL SINK);
    player_wait(&player, 5);
    break_driver(TRUE);
    gst_structure_free(player_wait_event(&player, "lost"));
    fail_next(steps[step], numbers[(guint)_i % G_N_ELEMENTS(numbers)]);
    break_driver(FALSE);
    gst_structure_free(player_wait_event(&player, "back"));
    player_wait(&player, 5);
    fail_unless_equals_uint64(player_stat(&player, "losses"), 1);
    fail_if(player_seen(&player).time_went_back);
    close_and_check(&player);
}
END_TEST

START_TEST(another_number_is_the_same_camera)
{
    struct player player;

    player_open(&player, CAMERA SMALL SINK);
    player_wait(&player, 5);
    fail_unless(!rename("video0", "video7"));
    fail_next(VIDIOC_DQBUF, ENODEV);
    g_autoptr(GstStructure) lost = player_wait_event(&player, "lost");
    fail_unless(strstr(gst_structure_get_string(lost, "text"), "unplugged") != NULL);
    g_autoptr(GstStructure) back = player_wait_event(&player, "back");
    fail_unless_equals_string(gst_structure_get_string(back, "device"), "./video7");
    player_wait(&player, 5);
    close_and_check(&player);
    fail_unless(!unlink("video7"));
}
END_TEST

/* --- the start --- */

static const struct {
    unsigned long request;
    int number;
    guint32 capabilities; /* 0: the usual ones */
    const char *says;
} starts[] = {
    {FAKE_OPEN, EACCES, 0, "its permissions (600) let only its owner in"},
    {FAKE_OPEN, EBUSY, 0, "one program at a time"},
    {FAKE_OPEN, ENODEV, 0, "unplugged"},
    {VIDIOC_QUERYCAP, ENOTTY, 0, "not a video device"},
    {VIDIOC_S_FMT, EBUSY, 0, "one program at a time"},
    {VIDIOC_REQBUFS, EBUSY, 0, "one program at a time"},
    {0, 0, V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING, "metadata node"},
    {0, 0, V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_STREAMING, "an output"},
    {0, 0, V4L2_CAP_VIDEO_M2M | V4L2_CAP_STREAMING, "a codec"},
};

START_TEST(starts_that_fail_say_why)
{
    g_autofree char *launch =
        g_strdup_printf(CAMERA "device=%s/video0 " SMALL SINK, folder);

    fake.fail_request = starts[_i].request;
    fake.fail_errno = starts[_i].number;
    if (starts[_i].capabilities)
        fake.capabilities = starts[_i].capabilities;
    g_autofree char *text = failure_of(launch);
    fail_unless(strstr(text, starts[_i].says) != NULL, "%s", text);
    check_nothing_left();
}
END_TEST

START_TEST(colours_that_nobody_takes)
{
    fake.colorspace = V4L2_COLORSPACE_SRGB;
    g_autofree char *text = failure_of(CAMERA "! video/x-raw,colorimetry=bt709" SINK);
    fail_unless(strstr(text, "downstream takes") != NULL, "%s", text);
    check_nothing_left();
}
END_TEST

/* --- queries --- */

START_TEST(latency_is_a_frame_to_all_buffers)
{
    g_autoptr(GstQuery) query = gst_query_new_latency();
    GstClockTime least, most;
    struct player player;
    gboolean live;

    player_open(&player, CAMERA SMALL SINK);
    player_wait(&player, 3);
    fail_unless(gst_element_query(player.source, query));
    gst_query_parse_latency(query, &live, &least, &most);
    fail_unless(live);
    fail_unless_equals_uint64(least, GST_SECOND / 15);
    fail_unless_equals_uint64(most, 4 * least);
    close_and_check(&player);
}
END_TEST

static const guint wanted[][2] = {{0, 4}, {1, 5}, {6, 10}, {1000, 32}}; /* asked, given */

/* Downstream's pool is not used; how many buffers it asks for is. */
static GstPadProbeReturn propose(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    GstQuery *const query = GST_PAD_PROBE_INFO_QUERY(info);
    const guint n = *(const guint *)data;

    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
        return GST_PAD_PROBE_OK;
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
    if (n)
        gst_query_add_allocation_pool(query, NULL, 320 * 240 * 2, n, 0);
    return GST_PAD_PROBE_HANDLED;
}

START_TEST(pools_tell_how_many_buffers)
{
    g_autoptr(GstStructure) stats = NULL;
    struct player player;
    guint n;

    player_prepare(&player, CAMERA SMALL SINK);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(player.sink, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, propose,
                      (gpointer)&wanted[_i][0], NULL);
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    player_wait(&player, 3);
    g_object_get(player.source, "stats", &stats, NULL);
    fail_unless(gst_structure_get_uint(stats, "buffers", &n));
    fail_unless_equals_int(n, wanted[_i][1]);
    fail_unless_equals_uint64(player_stat(&player, "copies"), 0);
    close_and_check(&player);
}
END_TEST

/* --- everything at once --- */

static gpointer set_often(gpointer data)
{
    static const char *const crops[] = {"", "1,2,3,4", "x"};

    for (guint i = 0; i < 300; i++) {
        g_autoptr(GstStructure) stats = NULL;
        gst_util_set_object_arg(data, "controls", "c,brightness=1");
        g_object_set(data, "crop", crops[i % 3], "stall-timeout", 1000 + i, "on-loss",
                     i % 2, NULL);
        g_object_get(data, "stats", &stats, NULL);
        g_usleep(500);
    }
    return NULL;
}

static void change_states(struct player *player, const GstState *states, guint n)
{
    for (guint i = 0; i < 20; i++) {
        gst_element_set_state(player->pipeline, states[i % n]);
        if (i % 3 == 0)
            fail_next(VIDIOC_DQBUF, i % 2 ? EIO : ENODEV);
        g_usleep(10 * 1000);
    }
    gst_element_set_state(player->pipeline, GST_STATE_PLAYING);
    player_wait(player, 20);
}

START_TEST(setters_and_losses_at_once)
{
    static const GstState states[] = {GST_STATE_PLAYING, GST_STATE_PAUSED};
    struct player player;

    player_open(&player, CAMERA SMALL SINK);
    GThread *const setter = g_thread_new("setter", set_often, player.source);
    change_states(&player, states, G_N_ELEMENTS(states));
    g_thread_join(setter);
    close_and_check(&player);
}
END_TEST

#ifndef __SANITIZE_THREAD__
START_TEST(stops_and_losses_at_once)
{
    static const GstState states[] = {GST_STATE_PLAYING, GST_STATE_READY,
                                      GST_STATE_PAUSED, GST_STATE_NULL};
    struct player player;

    player_open(&player, CAMERA SMALL SINK);
    change_states(&player, states, G_N_ELEMENTS(states));
    close_and_check(&player);
}
END_TEST
#endif

static Suite *camera_streams(void)
{
    Suite *const suite = suite_create("camera_streams");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_add_checked_fixture(all, plug_in, NULL);
    tcase_add_loop_test(all, frames_flow, 0, G_N_ELEMENTS(formats));
    tcase_add_test(all, frames_are_released_by_another_thread);
    tcase_add_test(all, kept_frames_outlive_the_camera);
    tcase_add_loop_test(all, lies_are_counted, 0, G_N_ELEMENTS(lies));
    tcase_add_loop_test(all, running_streams_go_on, 0, G_N_ELEMENTS(shocks));
    tcase_add_loop_test(all, the_way_back_is_tried_again, 0,
                        G_N_ELEMENTS(steps) * G_N_ELEMENTS(numbers));
    tcase_add_test(all, another_number_is_the_same_camera);
    tcase_add_loop_test(all, starts_that_fail_say_why, 0, G_N_ELEMENTS(starts));
    tcase_add_test(all, colours_that_nobody_takes);
    tcase_add_test(all, latency_is_a_frame_to_all_buffers);
    tcase_add_loop_test(all, pools_tell_how_many_buffers, 0, G_N_ELEMENTS(wanted));
    tcase_add_test(all, setters_and_losses_at_once);
/* A new streaming thread goes on with what the one before left, unseen. */
#ifndef __SANITIZE_THREAD__
    tcase_add_test(all, stops_and_losses_at_once);
#endif
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    GST_ELEMENT_REGISTER(nnccamsrc, NULL);
    if (!mkdtemp(folder) || chdir(folder))
        return 1;
    const int failed = gst_check_run_suite(camera_streams(), "camera_streams", __FILE__);
    unlink("video0");
    rmdir(folder);
    return failed;
}
