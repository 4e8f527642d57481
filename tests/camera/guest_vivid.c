/* SPDX-License-Identifier: MIT */

/* nnccamsrc on the kernel's test driver: modes, buffers, controls, regions, sources, bad
 * settings. Runs in a guest (run-in-guest), as root. */

#include "guest_fixture.h"

#include <grp.h>
#include <gstnnc/gstnnc.h>
#include <sys/stat.h>

#include <unistd.h>

#define WEBCAM "nnccamsrc name=source "
#define SMALL "video/x-raw,width=320,height=180,framerate=60/1"
#define SINK " ! fakesink name=sink sync=false"

static void webcam(void)
{
    set_input(VIVID, 0);
}

/* --- modes --- */

static const struct {
    const char *filter; /* caps that force a mode, or elements that ask for one */
    const char *mode;   /* the beginning of what the message says */
} modes[] = {
    {"video/x-raw,format=YUY2,width=320,height=180,framerate=30/1",
     "YUY2 320x180 at 30/1"},
    {"video/x-raw,format=NV12,width=640", "NV12 640x480 at 25/1"},
    {"video/x-raw,format=RGB,width=640,height=360,framerate=40/1", "RGB 640x360 at 40/1"},
    {"video/x-raw,format=BGRx,width=320", "BGRx 320x180 at 30/1"},
    {"video/x-raw,format=GRAY8,width=320", "GRAY8 320x180 at 30/1"},
    {"video/x-raw,format=UYVY,framerate=60/1", "UYVY 320x180 at 60/1"},
    {"video/x-raw,format=NV24,width=320", "NV24 320x180"},
    {"video/x-raw,format=Y42B,width=320", "Y42B 320x180"},
    {"video/x-raw,width=[1000,1300]", "I420 1280x720"},
};

START_TEST(modes_are_chosen_and_told)
{
    g_autofree char *launch = g_strdup_printf(WEBCAM "! %s" SINK, modes[_i].filter);
    struct player player;

    webcam();
    player_open(&player, launch);
    g_autoptr(GstStructure) event = player_wait_event(&player, "mode");
    const char *const text = gst_structure_get_string(event, "text");
    fail_unless(g_str_has_prefix(text, modes[_i].mode), "%s", text);
    player_wait(&player, 2);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(player.sink, "sink");
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);
    GstVideoInfo info;
    fail_unless(gst_video_info_from_caps(&info, caps));
    fail_unless_equals_uint64(player_seen(&player).last_size, GST_VIDEO_INFO_SIZE(&info));
    fail_unless_equals_uint64(player_stat(&player, "copies"), 0);
    player_close(&player);
}
END_TEST

/* Somebody downstream says what it looks at. */
static GstPadProbeReturn answer(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    static const gchar *const formats[] = {"YUY2", NULL};
    GstQuery *const query = GST_PAD_PROBE_INFO_QUERY(info);

    if (!gst_nnc_query_is_wanted_input(query))
        return GST_PAD_PROBE_OK;
    gst_nnc_wanted_input_set(query, 600, 300, 10, 1, formats);
    return GST_PAD_PROBE_HANDLED;
}

START_TEST(wishes_are_asked_for)
{
    struct player player;

    webcam();
    player_prepare(&player, WEBCAM "! queue" SINK);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(player.sink, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer, NULL, NULL);
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    g_autoptr(GstStructure) event = player_wait_event(&player, "mode");
    const char *const text = gst_structure_get_string(event, "text");
    fail_unless(g_str_has_prefix(text, "I420 640x360 at 10/1"), "%s", text);
    fail_unless(strstr(text, "the cheapest that gives 600x300 at 10/1") != NULL, "%s",
                text);
    player_wait(&player, 2);
    player_close(&player);
}
END_TEST

/* --- buffers --- */

/* Without moving text, two frames of one pattern are equal, however they come. */
static GstBuffer *still_frame(const char *io_mode)
{
    g_autofree char *launch = g_strdup_printf(
        WEBCAM "io-mode=%s ! video/x-raw,format=NV12,width=640,height=360" SINK, io_mode);
    struct player player;

    player_open(&player, launch);
    player_wait(&player, 3);
    GstBuffer *const frame = player_copy_frame(&player);
    player_close(&player);
    return frame;
}

START_TEST(mapped_and_exported_frames_are_equal)
{
    GstMapInfo map;

    webcam();
    set_device_control(VIVID, "osd_text_mode", "2");
    g_autoptr(GstBuffer) mapped = still_frame("mmap");
    g_autoptr(GstBuffer) exported = still_frame("dmabuf");
    set_device_control(VIVID, "osd_text_mode", "0");
    fail_unless_equals_uint64(gst_buffer_get_size(mapped), 640 * 360 * 3 / 2);
    fail_unless(gst_buffer_map(exported, &map, GST_MAP_READ));
    fail_unless(!gst_buffer_memcmp(mapped, 0, map.data, map.size));
    gst_buffer_unmap(exported, &map);
}
END_TEST

static const struct {
    const char *launch;
    gboolean exported;
} memories[] = {
    {WEBCAM "io-mode=dmabuf ! " SMALL SINK, TRUE},
    {WEBCAM "io-mode=mmap ! " SMALL SINK, FALSE},
    {WEBCAM "! " SMALL SINK, FALSE},
    {WEBCAM "! video/x-raw(memory:DMABuf),width=320" SINK, TRUE},
};

START_TEST(memory_is_what_was_asked_for)
{
    struct player player;

    webcam();
    player_open(&player, memories[_i].launch);
    player_wait(&player, 20);
    const struct seen seen = player_seen(&player);
    fail_unless_equals_int(seen.n_exported, memories[_i].exported ? seen.n : 0);
    fail_unless_equals_uint64(player_stat(&player, "copies"), 0);
    fail_if(seen.time_went_back);
    player_close(&player);
}
END_TEST

/* Whoever keeps frames gets copies before the driver runs dry. */
START_TEST(copies_only_when_frames_are_kept)
{
    struct player player;

    webcam();
    player_prepare(&player, WEBCAM "! " SMALL SINK " enable-last-sample=false");
    player.n_to_hold = 20;
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    player_wait(&player, 60);
    const guint64 copies = player_stat(&player, "copies");
    const struct seen seen = player_seen(&player);
    fail_unless(copies >= 30 && copies < seen.n, "%u copies of %u", (guint)copies,
                seen.n);
    fail_unless_equals_uint64(player_stat(&player, "lost"), seen.n_missing);
    player_close(&player);
}
END_TEST

/* --- while it plays --- */

static guint64 brightness(GstBuffer *frame)
{
    GstMapInfo map;
    guint64 sum = 0;

    fail_unless(gst_buffer_map(frame, &map, GST_MAP_READ));
    for (gsize i = 0; i < map.size; i++)
        sum += map.data[i];
    gst_buffer_unmap(frame, &map);
    return sum / map.size;
}

START_TEST(controls_while_playing)
{
    struct player player;

    webcam();
    set_device_control(VIVID, "brightness", "128");
    player_open(&player,
                WEBCAM "! video/x-raw,format=GRAY8,width=320,framerate=60/1" SINK);
    player_wait(&player, 3);
    g_autoptr(GstBuffer) before = player_copy_frame(&player);
    gst_util_set_object_arg(G_OBJECT(player.source), "controls", "c,brightness=40");
    player_wait(&player, 10);
    g_autoptr(GstBuffer) after = player_copy_frame(&player);
    const gint change = (gint)brightness(before) - (gint)brightness(after);
    fail_unless(ABS(change) > 10, "brightness changed by %d", change);
    player_drop_messages(&player);
    set_device_control(VIVID, "brightness", "128");
    g_autoptr(GstStructure) event = player_wait_event(&player, "control");
    gint64 value;
    fail_unless_equals_string(gst_structure_get_string(event, "name"), "brightness");
    fail_unless(gst_structure_get_int64(event, "value", &value) && value == 128);
    player_close(&player);
}
END_TEST

static const struct {
    const char *controls, *says;
} refused[] = {
    {"c,brightnes=1", "has no control 'brightnes'"},
    {"c,brightness=1000", "expected 0 to 255 in steps of 1"},
    {"c,brightness=(string)bright", "expected 0 to 255"},
    {"c,test_pattern=(string)nix", "or the name of an entry"},
};

START_TEST(refused_controls_are_explained)
{
    g_autofree char *launch = g_strdup_printf(WEBCAM "! " SMALL SINK);
    struct player player;

    webcam();
    player_open(&player, launch);
    player_wait(&player, 1);
    gst_util_set_object_arg(G_OBJECT(player.source), "controls", refused[_i].controls);
    g_autofree char *text = player_wait_text(&player, GST_MESSAGE_WARNING);
    fail_unless(strstr(text, refused[_i].says) != NULL, "%s", text);
    player_wait(&player, 3);
    player_close(&player);
}
END_TEST

START_TEST(crop_where_the_camera_can)
{
    struct player player;
    gint x, width;

    set_input(VIVID, 3);
    set_device_control(VIVID, "osd_text_mode", "2");
    player_open(&player, WEBCAM "! video/x-raw,format=GRAY8,width=640,height=360" SINK);
    player_wait(&player, 3);
    g_autoptr(GstBuffer) whole = player_copy_frame(&player);
    g_object_set(player.source, "crop", "640,0,640,360", NULL);
    g_autoptr(GstStructure) event = player_wait_event(&player, "crop");
    fail_unless(gst_structure_get(event, "x", G_TYPE_INT, &x, "width", G_TYPE_INT, &width,
                                  NULL) &&
                x == 640 && width == 640);
    player_wait(&player, 5);
    g_autoptr(GstBuffer) part = player_copy_frame(&player);
    /* the right half of the colour bars is the darker one */
    fail_unless(brightness(whole) > brightness(part) + 10, "%u, %u",
                (guint)brightness(whole), (guint)brightness(part));
    g_object_set(player.source, "crop", "1000,0,640,360", NULL);
    g_autofree char *text = player_wait_text(&player, GST_MESSAGE_WARNING);
    fail_unless(strstr(text, "leaves the picture") != NULL, "%s", text);
    g_object_set(player.source, "crop", "", NULL);
    player_wait(&player, 3);
    player_close(&player);
    set_device_control(VIVID, "osd_text_mode", "0");
}
END_TEST

START_TEST(crop_where_it_cannot)
{
    struct player player;

    webcam();
    player_open(&player, WEBCAM "crop=0,0,64,64 ! " SMALL SINK);
    g_autofree char *text = player_wait_text(&player, GST_MESSAGE_WARNING);
    fail_unless(strstr(text, "cannot crop by itself") != NULL, "%s", text);
    player_wait(&player, 3);
    g_object_set(player.source, "crop", "a,b", NULL);
    g_autofree char *other = player_wait_text(&player, GST_MESSAGE_WARNING);
    fail_unless(strstr(other, "expected \"x,y,width,height\"") != NULL, "%s", other);
    player_wait(&player, 3);
    player_close(&player);
}
END_TEST

START_TEST(sources_change)
{
    struct player player;

    set_input(VIVID, 3);
    player_open(&player, WEBCAM "! video/x-raw,format=NV12" SINK);
    player_wait(&player, 3);
    player_drop_messages(&player);
    set_device_control(VIVID, "dv_timings_signal_mode", "1"); /* no signal */
    gst_structure_free(player_wait_event(&player, "no-signal"));
    player_wait(&player, 2);
    set_device_control(VIVID, "dv_timings", "14"); /* 1920x1080p50 */
    set_device_control(VIVID, "dv_timings_signal_mode", "4");
    gst_structure_free(player_wait_event(&player, "source"));
    player_wait(&player, 5);
    set_device_control(VIVID, "dv_timings_signal_mode", "0");
    gst_structure_free(player_wait_event(&player, "source"));
    player_wait(&player, 3);
    fail_if(player_seen(&player).time_went_back);
    player_close(&player);
    webcam();
}
END_TEST

START_TEST(pauses_leave_no_old_frames)
{
    struct player player;

    webcam();
    player_open(&player, WEBCAM "! " SMALL SINK);
    player_wait(&player, 10);
    for (guint i = 0; i < 3; i++) {
        gst_element_set_state(player.pipeline, GST_STATE_PAUSED);
        g_usleep(200 * 1000);
        gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
        player_wait(&player, 10);
    }
    fail_if(player_seen(&player).time_went_back);
    fail_unless_equals_uint64(player_stat(&player, "retimed"), 0);
    player_close(&player);
}
END_TEST

/* --- bad input --- */

static const struct {
    const char *launch, *says;
} bad[] = {
    {WEBCAM "device=/dev/null" SINK, "not a video device"},
    {WEBCAM "device=/etc/passwd" SINK, "not a video device"},
    {WEBCAM "device=/tmp" SINK, "not a video device"},
    {WEBCAM "device=/dev/video77" SINK, "there is no /dev/video77; there is /dev/video0"},
    {WEBCAM "device=Nikon" SINK, "no camera answers to 'Nikon': there is /dev/video0"},
    {WEBCAM "device=/dev/video1" SINK, "is an output"},
    {WEBCAM "device=/dev/video2" SINK, "is a metadata node"},
    {WEBCAM "! video/x-raw,width=123,height=77" SINK,
     "has no mode that downstream takes"},
    {WEBCAM "! video/x-raw,width=320,framerate=61/1" SINK,
     "nnc-camera modes /dev/video0"},
    {WEBCAM "! image/jpeg" SINK, "has no mode that downstream takes"},
};

START_TEST(bad_settings_are_explained)
{
    webcam();
    g_autofree char *text = failure_of(bad[_i].launch);
    fail_unless(strstr(text, bad[_i].says) != NULL, "%s", text);
}
END_TEST

START_TEST(busy_cameras_are_explained)
{
    struct player player;

    webcam();
    player_open(&player, WEBCAM "! " SMALL SINK);
    player_wait(&player, 2);
    g_autofree char *text = failure_of(WEBCAM "! video/x-raw,width=640" SINK);
    fail_unless(strstr(text, "one program at a time") != NULL, "%s", text);
    player_wait(&player, 2);
    player_close(&player);
}
END_TEST

/* As somebody who is not in the group. */
START_TEST(missing_permission_names_the_group)
{
    const struct group *const video = getgrnam("video");

    webcam();
    fail_unless(video && !chown(VIVID, 0, video->gr_gid) && !chmod(VIVID, 0660));
    fail_unless(!setegid(65534) && !seteuid(65534));
    g_autofree char *text = failure_of(WEBCAM "device=" VIVID SINK);
    fail_unless(!seteuid(0) && !setegid(0));
    fail_unless(strstr(text, "group 'video'") != NULL, "%s", text);
    fail_unless(strstr(text, "usermod -aG video") != NULL, "%s", text);
}
END_TEST

static Suite *guest_vivid(void)
{
    Suite *const suite = suite_create("guest_vivid");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, modes_are_chosen_and_told, 0, G_N_ELEMENTS(modes));
    tcase_add_test(all, wishes_are_asked_for);
    tcase_add_test(all, mapped_and_exported_frames_are_equal);
    tcase_add_loop_test(all, memory_is_what_was_asked_for, 0, G_N_ELEMENTS(memories));
    tcase_add_test(all, copies_only_when_frames_are_kept);
    tcase_add_test(all, controls_while_playing);
    tcase_add_loop_test(all, refused_controls_are_explained, 0, G_N_ELEMENTS(refused));
    tcase_add_test(all, crop_where_the_camera_can);
    tcase_add_test(all, crop_where_it_cannot);
    tcase_add_test(all, sources_change);
    tcase_add_test(all, pauses_leave_no_old_frames);
    tcase_add_loop_test(all, bad_settings_are_explained, 0, G_N_ELEMENTS(bad));
    tcase_add_test(all, busy_cameras_are_explained);
    tcase_add_test(all, missing_permission_names_the_group);
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(guest_vivid(), "guest_vivid", __FILE__);
}
