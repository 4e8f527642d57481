/* SPDX-License-Identifier: MIT */
#ifndef DEMO_PICTURES_H
#define DEMO_PICTURES_H

/* The photographs of the demo: those that stamps.tsv lists, each fitted into one common
 * square of white, so that the caps of the stream never change. */

#include <glib.h>

enum { DEMO_SIDE = 256, DEMO_PICTURE_BYTES = DEMO_SIDE * DEMO_SIDE * 3 };

struct demo_picture {
    char *name;     /* "european-bear" */
    char *path;     /* its class: "mammals/other_mammals/brown_bear" */
    guint8 *pixels; /* DEMO_SIDE rows of DEMO_SIDE RGB pixels, no gaps */
};

/* All pictures of `table`, read from `folder`. NULL and `*error` if a file is missing: a
 * part of the pictures would give other figures than the whole. */
GPtrArray *demo_pictures_load(const char *table, const char *folder, GError **error);

#endif
