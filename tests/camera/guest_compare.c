/* SPDX-License-Identifier: MIT */

/* No test: nnccamsrc and GStreamer's v4l2src side by side, taking turns. Prints frames
 * per second that reached the sink and what a frame took of a processor, for the whole
 * process, from the 20th frame on. Runs in a guest:
 *
 *     run-in-guest -- build/tests/camera/guest_compare [FRAMES] */

#include "guest_fixture.h"

#include <stdlib.h>
#include <time.h>

#define N_TURNS 3
#define CLASSIFY " ! nncclassify threads=1 model=" NNC_TINY_MODEL

static const struct {
    const char *name, *source, *behind;
} rows[] = {
    {"nnccamsrc mmap", "nnccamsrc io-mode=mmap", ""},
    {"v4l2src   mmap", "v4l2src io-mode=mmap", ""},
    {"nnccamsrc mmap, classified", "nnccamsrc io-mode=mmap", CLASSIFY},
    {"v4l2src   mmap, classified", "v4l2src io-mode=mmap", CLASSIFY},
    {"nnccamsrc dmabuf, classified", "nnccamsrc io-mode=dmabuf", CLASSIFY},
    {"v4l2src   dmabuf, classified", "v4l2src io-mode=dmabuf", CLASSIFY},
};

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static guint n_copied(struct player *player)
{
    g_autoptr(GstStructure) stats = NULL;
    guint64 copies = 0;

    g_object_get(player->source, "stats", &stats, NULL);
    gst_structure_get_uint64(stats, "copies", &copies);
    return (guint)copies;
}

static void play(guint row, guint n_frames)
{
    g_autofree char *launch =
        g_strdup_printf("%s name=source device=" VIVID " ! "
                        "video/x-raw,format=NV12,width=640,height=360,framerate=40/1%s ! "
                        "fakesink name=sink sync=false",
                        rows[row].source, rows[row].behind);
    struct player player;

    player_open(&player, launch);
    player_try_wait(&player, 20, 30000);
    const struct seen before = player_seen(&player);
    const double wall = seconds(CLOCK_MONOTONIC),
                 work = seconds(CLOCK_PROCESS_CPUTIME_ID);
    g_usleep(n_frames * 25000);
    const struct seen after = player_seen(&player);
    const double n = after.n - before.n;
    g_print("%-30s %5.2f frames/s, %.3f ms of a processor per frame, %u missing",
            rows[row].name, n / (seconds(CLOCK_MONOTONIC) - wall),
            1e3 * (seconds(CLOCK_PROCESS_CPUTIME_ID) - work) / n,
            (guint)(after.n_missing - before.n_missing));
    if (g_str_has_prefix(rows[row].source, "nnc"))
        g_print(", %u copied", n_copied(&player));
    g_print("\n");
    player_close(&player);
}

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    for (guint turn = 0; turn < N_TURNS; turn++)
        for (guint row = 0; row < G_N_ELEMENTS(rows); row++)
            play(row, argc > 1 ? (guint)atoi(argv[1]) : 200);
    return 0;
}
