/* SPDX-License-Identifier: MIT */

/* What caps say of vivid's pictures: colours, fields, memory. Runs in a guest
 * (run-in-guest), as root. */

#include "guest_fixture.h"

#define SINK " ! fakesink name=sink sync=false"

static GstStructure *caps_of(struct player *player)
{
    g_autoptr(GstPad) pad = gst_element_get_static_pad(player->sink, "sink");
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);

    fail_unless(caps != NULL);
    return gst_structure_copy(gst_caps_get_structure(caps, 0));
}

/* --- colours --- */

/* Entries of vivid's menus; in `expected` GStreamer's names or numbers. */
static const struct {
    const char *colorspace, *encoding, *range, *transfer;
    const char *format, *expected;
} colors[] = {
    {"sRGB", "0", "0", "0", "YUY2", "2:4:7:1"},
    {"sRGB", "0", "Full Range", "0", "YUY2", "1:4:7:1"},
    {"sRGB", "0", "0", "0", "RGB", "sRGB"},
    {"SMPTE 170M", "0", "0", "0", "NV12", "bt601"},
    {"Rec. 709", "0", "0", "0", "NV12", "bt709"},
    {"Rec. 709", "ITU-R 601", "0", "sRGB", "NV12", "2:4:7:1"},
    {"BT.2020", "0", "0", "0", "YUY2", "bt2020"},
};

static void set_colors(const char *colorspace, const char *encoding, const char *range,
                       const char *transfer)
{
    set_device_control(VIVID, "colorspace", colorspace);
    set_device_control(VIVID, "y_cbcr_encoding", encoding);
    set_device_control(VIVID, "quantization", range);
    set_device_control(VIVID, "transfer_function", transfer);
}

static void usual_colors(void)
{
    set_input(VIVID, 0);
    set_colors("sRGB", "0", "0", "0");
}

static void check_colors(struct player *player, const char *expected)
{
    g_autoptr(GstStructure) caps = caps_of(player);
    const char *const text = gst_structure_get_string(caps, "colorimetry");
    GstVideoColorimetry got, wanted;

    fail_unless(text && gst_video_colorimetry_from_string(&got, text));
    fail_unless(gst_video_colorimetry_from_string(&wanted, expected));
    fail_unless(gst_video_colorimetry_is_equal(&got, &wanted), "%s, not %s", text,
                expected);
    fail_unless_equals_string(gst_structure_get_string(caps, "interlace-mode"),
                              "progressive");
}

static const char *const sources[] = {"nnccamsrc", "v4l2src"};

/* GStreamer's own element says the same of them. Later ones have the driver convert them
 * to what they like best. */
START_TEST(colours_are_the_drivers)
{
    const guint n_sources = GST_CHECK_VERSION(1, 24, 0) ? 1 : G_N_ELEMENTS(sources);

    usual_colors();
    set_colors(colors[_i].colorspace, colors[_i].encoding, colors[_i].range,
               colors[_i].transfer);
    for (guint i = 0; i < n_sources; i++) {
        g_autofree char *launch =
            g_strdup_printf("%s name=source device=" VIVID " ! video/x-raw,format=%s,"
                            "width=320,height=180,framerate=60/1" SINK,
                            sources[i], colors[_i].format);
        struct player player;
        player_open(&player, launch);
        player_wait(&player, 2);
        check_colors(&player, colors[_i].expected);
        player_close(&player);
    }
    usual_colors();
}
END_TEST

START_TEST(colours_change_while_it_plays)
{
    struct player player;

    usual_colors();
    player_open(&player, "nnccamsrc name=source device=" VIVID
                         " ! video/x-raw,format=NV12,width=320,framerate=60/1" SINK);
    player_wait(&player, 3);
    check_colors(&player, "2:4:7:1");
    player_drop_messages(&player);
    set_device_control(VIVID, "colorspace", "Rec. 709");
    gst_structure_free(player_wait_event(&player, "source"));
    gst_structure_free(player_wait_event(&player, "mode"));
    player_wait(&player, 3);
    check_colors(&player, "bt709");
    player_close(&player);
    usual_colors();
}
END_TEST

START_TEST(colours_that_nobody_takes_are_explained)
{
    usual_colors();
    g_autofree char *text =
        failure_of("nnccamsrc name=source device=" VIVID
                   " ! video/x-raw,format=NV12,colorimetry=bt2020" SINK);
    fail_unless(strstr(text, "colorimetry=(string)2:4:7:1") &&
                    strstr(text, "downstream takes"),
                "%s", text);
}
END_TEST

/* --- fields --- */

/* A tuner gives both fields of a frame, line by line. */
START_TEST(fields_of_television_are_told)
{
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        g_autofree char *launch = g_strdup_printf(
            "%s name=source device=" VIVID " ! "
            "video/"
            "x-raw,format=YUY2,width=720,height=480,interlace-mode=interleaved" SINK,
            sources[i]);
        struct player player;
        set_input(VIVID, 1);
        player_open(&player, launch);
        player_wait(&player, 5);
        const struct seen seen = player_seen(&player);
        fail_unless_equals_int(seen.n_interlaced, seen.n);
        player_close(&player);
    }
    set_input(VIVID, 0);
}
END_TEST

/* --- memory:DMABuf --- */

/* As this GStreamer names a format there. */
static char *exported_launch(const char *device, const char *sink)
{
    return g_strdup_printf(
        "nnccamsrc name=source device=%s ! "
        "video/x-raw(memory:DMABuf),format=%s,width=320 ! "
        "fakesink name=sink sync=false %s",
        device, GST_CHECK_VERSION(1, 24, 0) ? "DMA_DRM,drm-format=NV12" : "NV12", sink);
}

START_TEST(promised_memory_is_never_copied)
{
    g_autofree char *launch = exported_launch(VIVID, "enable-last-sample=false");
    struct player player;

    usual_colors();
    player_prepare(&player, launch);
    player.n_to_hold = 2;
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    player_wait(&player, 30);
    const struct seen seen = player_seen(&player);
    fail_unless_equals_int(seen.n_exported, seen.n);
    fail_unless_equals_uint64(player_stat(&player, "copies"), 0);
    player_close(&player);
}
END_TEST

/* Who keeps all of the driver's buffers waits for himself; that is no stall. */
START_TEST(a_reader_that_keeps_all_is_no_stall)
{
    g_autofree char *launch = exported_launch(VIVID, "enable-last-sample=false");
    struct player player;

    usual_colors();
    player_prepare(&player, launch);
    g_object_set(player.source, "stall-timeout", 300, NULL);
    player.n_to_hold = 20;
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    fail_if(player_try_wait(&player, 21, 1500));
    fail_unless_equals_uint64(player_stat(&player, "losses"), 0);
    pthread_mutex_lock(&player.lock);
    player.n_to_hold = 0;
    pthread_mutex_unlock(&player.lock);
    player_let_go(&player);
    player_wait(&player, 10);
    const struct seen seen = player_seen(&player);
    fail_unless_equals_int(seen.n_exported, seen.n);
    fail_unless_equals_uint64(player_stat(&player, "losses"), 0);
    player_close(&player);
}
END_TEST

static Suite *guest_pictures(void)
{
    Suite *const suite = suite_create("guest_pictures");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, colours_are_the_drivers, 0, G_N_ELEMENTS(colors));
    tcase_add_test(all, colours_change_while_it_plays);
    tcase_add_test(all, colours_that_nobody_takes_are_explained);
    tcase_add_test(all, fields_of_television_are_told);
    tcase_add_test(all, promised_memory_is_never_copied);
    tcase_add_test(all, a_reader_that_keeps_all_is_no_stall);
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(guest_pictures(), "guest_pictures", __FILE__);
}
