/* SPDX-License-Identifier: MIT */

/* From the device to a prediction: known pictures that come through a camera are
 * classified as they are from files, to the last bit; and frames of GStreamer's own
 * v4l2src reach nncclassify without a copy. Runs in a guest with v4l2loopback
 * (run-in-guest --loopback), as root. */

#include "guest_fixture.h"

#include <gst/allocators/gstdmabuf.h>
#include <gstnnc/gstnnc.h>
#include <linux/videodev2.h>

#define CLASSIFY " ! nncclassify top-k=0 threads=1 model=" NNC_TINY_MODEL
#define PICTURES "/tmp/pictures.yuy2"
#define WIDTH 160
#define HEIGHT 120
#define N_PICTURES 3
#define PICTURE_SIZE (WIDTH * HEIGHT * 2)

/* --- pictures --- */

/* Waves of three sorts: enough that the network's answers differ. */
static void draw(guint8 *picture, guint which)
{
    for (guint y = 0; y < HEIGHT; y++)
        for (guint i = 0; i < WIDTH * 2; i++)
            picture[y * WIDTH * 2 + i] =
                (guint8)(128 + 90 * ((i * (which + 1) / 16 + y * (3 - which) / 20) % 3) -
                         60 * (i & 1));
}

static guint8 pictures[N_PICTURES][PICTURE_SIZE];

static void write_pictures(void)
{
    for (guint i = 0; i < N_PICTURES; i++)
        draw(pictures[i], i);
    fail_unless(
        g_file_set_contents(PICTURES, (const gchar *)pictures, sizeof pictures, NULL));
}

/* --- predictions --- */

struct answers {
    GMutex lock;
    GstNncPrediction *of[N_PICTURES];
    guint n; /* frames that were one of the pictures */
    guint n_strange;
};

static gint which_picture(GstBuffer *buffer)
{
    for (gint i = 0; i < N_PICTURES; i++)
        if (!gst_buffer_memcmp(buffer, 0, pictures[i], PICTURE_SIZE))
            return i;
    return -1;
}

static GstPadProbeReturn collect(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    GstBuffer *const buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstNncPredictionMeta *const meta = gst_buffer_get_nnc_prediction_meta(buffer);
    const gint which = which_picture(buffer);
    struct answers *const answers = data;

    g_mutex_lock(&answers->lock);
    if (which < 0 || !meta) {
        answers->n_strange++;
    } else {
        answers->n++;
        if (!answers->of[which])
            answers->of[which] = gst_nnc_prediction_ref(meta->prediction);
    }
    g_mutex_unlock(&answers->lock);
    return GST_PAD_PROBE_OK;
}

static void classify(struct answers *answers, const char *launch, guint n)
{
    struct player player;

    memset(answers, 0, sizeof *answers);
    g_mutex_init(&answers->lock);
    player_prepare(&player, launch);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(player.sink, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, collect, answers, NULL);
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    player_wait(&player, n);
    player_close(&player);
}

static void check_equal(const GstNncPrediction *a, const GstNncPrediction *b)
{
    const guint n = gst_nnc_prediction_get_n_classes(a);

    fail_unless(n > 10 && n == gst_nnc_prediction_get_n_classes(b));
    for (guint i = 0; i < n; i++) {
        const gfloat p = gst_nnc_prediction_get_class_probability(a, i);
        const gfloat q = gst_nnc_prediction_get_class_probability(b, i);
        fail_unless_equals_string(gst_nnc_prediction_get_class_path(a, i),
                                  gst_nnc_prediction_get_class_path(b, i));
        fail_unless(!memcmp(&p, &q, sizeof p), "%s: %.9g and %.9g",
                    gst_nnc_prediction_get_class_path(a, i), p, q);
    }
}

START_TEST(pictures_of_cameras_and_files_are_classified_alike)
{
    struct answers camera, files;

    write_pictures();
    struct feeder *const feeder = feeder_start(V4L2_PIX_FMT_YUYV, WIDTH, HEIGHT,
                                               pictures[0], PICTURE_SIZE, N_PICTURES);
    classify(&camera,
             "nnccamsrc name=source device=" LOOPBACK CLASSIFY
             " ! fakesink name=sink sync=false",
             15);
    feeder_stop(feeder);
    classify(&files,
             "filesrc name=source location=" PICTURES
             " ! rawvideoparse format=yuy2 width=160 height=120 framerate=25/1" CLASSIFY
             " ! fakesink name=sink",
             N_PICTURES);
    fail_unless(camera.n >= 10 && camera.n_strange <= 1, "%u known, %u strange", camera.n,
                camera.n_strange);
    for (guint i = 0; i < N_PICTURES; i++) {
        fail_unless(camera.of[i] && files.of[i], "picture %u was not seen", i);
        check_equal(camera.of[i], files.of[i]);
        gst_nnc_prediction_unref(camera.of[i]);
        gst_nnc_prediction_unref(files.of[i]);
    }
}
END_TEST

/* --- beside v4l2src --- */

static const struct {
    const char *source, *format;
    gboolean exported;
} sources[] = {
    {"v4l2src device=" VIVID " io-mode=mmap", "YUY2", FALSE},
    {"v4l2src device=" VIVID " io-mode=mmap", "NV12", FALSE},
    {"v4l2src device=" VIVID " io-mode=mmap", "I420", FALSE},
    {"v4l2src device=" VIVID " io-mode=mmap", "RGB", FALSE},
    {"v4l2src device=" VIVID " io-mode=mmap", "BGRx", FALSE},
    {"v4l2src device=" VIVID " io-mode=mmap", "GRAY8", FALSE},
    {"v4l2src device=" VIVID " io-mode=dmabuf", "NV12", TRUE},
    {"v4l2src device=" VIVID " io-mode=dmabuf", "YUY2", TRUE},
    {"nnccamsrc device=" VIVID " io-mode=mmap", "UYVY", FALSE},
    {"nnccamsrc device=" VIVID " io-mode=dmabuf", "UYVY", TRUE},
};

/* Where the memory of frames comes from when they leave nncclassify. */
struct origin {
    gint n, n_predicted, n_of_driver; /* atomic */
    gboolean exported, own;
};

static GstPadProbeReturn inspect(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    GstBuffer *const buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstMemory *memory = gst_buffer_peek_memory(buffer, 0);
    struct origin *const origin = data;

    while (memory->parent)
        memory = memory->parent;
    const gboolean of_driver =
        origin->exported ? gst_is_dmabuf_memory(memory)
                         : origin->own || gst_memory_is_type(memory, "V4l2Memory");
    g_atomic_int_add(&origin->n_of_driver, of_driver);
    g_atomic_int_add(&origin->n_predicted,
                     gst_buffer_get_nnc_prediction_meta(buffer) != NULL);
    g_atomic_int_inc(&origin->n);
    return GST_PAD_PROBE_OK;
}

START_TEST(frames_reach_the_classifier_without_a_copy)
{
    g_autofree char *launch = g_strdup_printf(
        "%s name=source ! "
        "video/x-raw,format=%s,width=320,height=180,framerate=30/1" CLASSIFY
        " ! fakesink name=sink sync=false",
        sources[_i].source, sources[_i].format);
    struct origin origin = {.exported = sources[_i].exported,
                            .own = g_str_has_prefix(launch, "nnc")};
    struct player player;

    set_input(VIVID, 0);
    player_prepare(&player, launch);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(player.sink, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, inspect, &origin, NULL);
    gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
    player_wait(&player, 8);
    if (origin.own)
        fail_unless_equals_uint64(player_stat(&player, "copies"), 0);
    player_close(&player);
    fail_unless(origin.n >= 8);
    fail_unless_equals_int(origin.n_predicted, origin.n);
    fail_unless_equals_int(origin.n_of_driver, origin.n);
}
END_TEST

static Suite *guest_classify(void)
{
    Suite *const suite = suite_create("guest_classify");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, pictures_of_cameras_and_files_are_classified_alike);
    tcase_add_loop_test(all, frames_reach_the_classifier_without_a_copy, 0,
                        G_N_ELEMENTS(sources));
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(guest_classify(), "guest_classify", __FILE__);
}
