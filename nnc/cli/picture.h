/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_PICTURE_H
#define NNC_CLI_PICTURE_H

/* Picture files as RGB pixels: whatever gdk-pixbuf reads, upright as its camera says,
 * transparent parts over mid grey (128). */

#include <nnc/image.h>

#include <stdbool.h>

struct cli_picture {
    uint8_t *rgb; /* owned; rows without gaps */
    struct nnc_image image;
};

/* false: `*reason` is a sentence (free with g_free), nothing to finish. */
bool cli_picture_load(const char *path, struct cli_picture *picture, char **reason);
void cli_picture_finish(struct cli_picture *picture);

#endif
