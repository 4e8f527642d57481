/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_PROGRESS_H
#define NNC_CLI_PROGRESS_H

/* A progress bar on stderr, shown only where stderr is a terminal. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_progress {
    const char *what;
    size_t total;
    uint64_t started_ns, drawn_ns;
    bool visible;
};

void cli_progress_init(struct cli_progress *progress, const char *what, size_t total);
void cli_progress_show(struct cli_progress *progress, size_t done);
void cli_progress_clear(
    struct cli_progress *progress); /* before other lines, and at the end */

/* Monotonic time. */
uint64_t cli_now_ns(void);

#endif
