/* SPDX-License-Identifier: MIT */

/* Frames without end through nncclassify, another task every seven, other caps every hundred:
 *
 *     soak FRAMES
 *
 * After the first tenth, memory stays what it was, and so do descriptors and threads. The
 * slope of the resident memory is the median of the slopes between all pairs of samples
 * (Theil and Sen), which a few large pages more or less do not move. */

#include "../elements/element_fixture.h"

#include <dirent.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

enum { FRAMES_OF_A_TASK = 7, FRAMES_OF_CAPS = 100, N_SAMPLES = 100 };

/* In all, which is what the allocators' own bookkeeping may come to; a slope is told from it
 * by many frames only. */
static const gdouble FREE_GROWTH = 256 * 1024;

static gdouble most_slope(guint64 frames) /* bytes a frame */
{
    return frames < 1000000 ? FREE_GROWTH / (gdouble)frames : frames < 10000000 ? 0.2 : 0.02;
}

static const struct {
    const gchar *caps;
    gsize size;
} pictures[] = {
    {"video/x-raw,format=RGB,width=32,height=24,framerate=30/1", 32 * 24 * 3},
    {"video/x-raw,format=NV12,width=64,height=48,framerate=30/1", 64 * 48 * 3 / 2},
    {"video/x-raw,format=YUY2,width=40,height=30,framerate=30/1", 40 * 30 * 2},
};

static const gchar *const cutouts[] = {"", "a", "b", "aa1,b1", "-aa2"};
static const gchar *const attentions[] = {"", "a=1.5", "b=0.25,aa=2"};

struct sample {
    gdouble frame, resident, heap; /* bytes */
    guint descriptors, threads;
};

static gdouble read_resident(void)
{
    g_autofree gchar *text = NULL;
    gulong all, resident;

    g_assert(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
    g_assert(sscanf(text, "%lu %lu", &all, &resident) == 2);
    return (gdouble)resident * (gdouble)sysconf(_SC_PAGESIZE);
}

static struct sample take_sample(guint64 frame)
{
    return (struct sample){.frame = (gdouble)frame,
                           .resident = read_resident(),
                           .heap = (gdouble)mallinfo2().uordblks,
                           .descriptors = count_entries("/proc/self/fd"),
                           .threads = count_entries("/proc/self/task")};
}

/* The harness and the bus keep what they get. */
static void drain(struct fixture *fixture)
{
    GstEvent *event;

    while ((event = gst_harness_try_pull_event(fixture->harness)))
        gst_event_unref(event);
    while ((event = gst_harness_try_pull_upstream_event(fixture->harness)))
        gst_event_unref(event);
    fail_unless_equals_int(count_messages(fixture, GST_MESSAGE_WARNING, NULL), 0);
}

static void push_frame(struct fixture *fixture, guint64 frame)
{
    const guint task = (guint)(frame / FRAMES_OF_A_TASK);
    const guint kind = (guint)(frame / FRAMES_OF_CAPS % G_N_ELEMENTS(pictures));

    if (frame % FRAMES_OF_CAPS == 0) {
        fixture_set_caps(fixture, pictures[kind].caps);
        drain(fixture);
    }
    if (frame % FRAMES_OF_A_TASK == 0)
        g_object_set(fixture->element, "cutout", cutouts[task % G_N_ELEMENTS(cutouts)],
                     "attention", attentions[task % G_N_ELEMENTS(attentions)], NULL);
    GstBuffer *const out =
        classify_buffer(fixture, noise_buffer(pictures[kind].size, (guint32)frame));
    const GstNncPrediction *const prediction = gst_buffer_get_nnc_prediction(out, NULL);
    fail_unless(prediction && gst_nnc_prediction_get_status(prediction) ==
                                  GST_NNC_PREDICTION_STATUS_CLASSIFIED);
    gst_buffer_unref(out);
}

static int compare(const void *a, const void *b)
{
    const gdouble x = *(const gdouble *)a, y = *(const gdouble *)b;
    return (x > y) - (x < y);
}

static gdouble find_slope(const struct sample *samples, guint n)
{
    g_autofree gdouble *slopes = g_new(gdouble, n * n / 2);
    guint count = 0;

    for (guint i = 0; i < n; i++)
        for (guint k = i + 1; k < n; k++)
            slopes[count++] = (samples[k].resident - samples[i].resident) /
                              (samples[k].frame - samples[i].frame);
    qsort(slopes, count, sizeof *slopes, compare);
    return slopes[count / 2];
}

static gboolean judge(const struct sample *samples, guint n, guint64 frames)
{
    const struct sample *const first = &samples[0], *const last = &samples[n - 1];
    const gdouble slope = find_slope(samples, n);
    const gdouble most = most_slope(frames);
    const gboolean same =
        first->descriptors == last->descriptors && first->threads == last->threads;

    g_print("%" G_GUINT64_FORMAT " frames: resident %.0f to %.0f bytes, slope %.4f bytes a "
            "frame (most %.4f); heap %.0f to %.0f; descriptors %u to %u, threads %u to %u\n",
            frames, first->resident, last->resident, slope, most, first->heap, last->heap,
            first->descriptors, last->descriptors, first->threads, last->threads);
    return same && slope <= most && last->heap - first->heap <= FREE_GROWTH;
}

static guint64 n_frames = 100000;

GST_START_TEST(nothing_grows)
{
    struct sample samples[N_SAMPLES];
    struct fixture fixture;
    guint n = 0;

    fixture_open(&fixture, MODEL_PRESENCE, NULL);
    for (guint64 frame = 0; frame < n_frames; frame++) {
        push_frame(&fixture, frame);
        if (frame >= n_frames / 10 && frame % (n_frames / N_SAMPLES + 1) == 0 &&
            n < N_SAMPLES)
            samples[n++] = take_sample(frame);
    }
    drain(&fixture);
    fixture_close(&fixture);
    fail_unless(judge(samples, n, n_frames));
}
GST_END_TEST

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    if (argc > 1)
        n_frames = g_ascii_strtoull(argv[1], NULL, 10);
    Suite *const suite = suite_create("soak");
    TCase *const all = tcase_create("soak");
    tcase_set_timeout(all, 0);
    tcase_add_test(all, nothing_grows);
    suite_add_tcase(suite, all);
    return gst_check_run_suite(suite, "soak", __FILE__);
}
