// SPDX-License-Identifier: MIT
/* The progress bar. It is drawn at most ten times a second, so that a loop may call it
 * for every picture. */

#include "progress.h"

#include "print.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 30 };
#define REDRAW_NS 100000000u

uint64_t cli_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void cli_progress_init(struct cli_progress *progress, const char *what, size_t total)
{
    *progress = (struct cli_progress){
        .what = what,
        .total = total,
        .started_ns = cli_now_ns(),
        .visible = total > 0 && isatty(STDERR_FILENO),
    };
}

void cli_progress_show(struct cli_progress *progress, size_t done)
{
    const uint64_t now = cli_now_ns();
    if (!progress->visible || now - progress->drawn_ns < REDRAW_NS)
        return;
    progress->drawn_ns = now;
    const double share = (double)done / (double)progress->total;
    const double elapsed = (double)(now - progress->started_ns) / 1e9;
    char bar[3 * WIDTH + 1];
    fprintf(stderr, "\r\033[K%s %3.0f %% ▕%s▏ %zu of %zu", progress->what, 100 * share,
            cli_bar(share, WIDTH, bar), done, progress->total);
    if (done)
        fprintf(stderr, ", %.0f s left", elapsed * (1 - share) / share);
    fflush(stderr);
}

void cli_progress_clear(struct cli_progress *progress)
{
    if (progress->visible && progress->drawn_ns)
        fputs("\r\033[K", stderr);
    progress->drawn_ns = 0;
}
