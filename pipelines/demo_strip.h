/* SPDX-License-Identifier: MIT */
#ifndef DEMO_STRIP_H
#define DEMO_STRIP_H

/* The picture strip: some of the photographs as columns, the tasks as rows, in each cell
 * what the task saw. */

#include "demo_pictures.h"

enum { DEMO_TOP = 3, DEMO_STRIP_COLUMNS = 8 };

/* What one task said about one picture. */
struct demo_answer {
    char *paths[DEMO_TOP]; /* best first; NULL where there are fewer */
    float probabilities[DEMO_TOP];
    gboolean active; /* the picture's class is part of the task */
    gboolean right;
};

struct demo_strip_row {
    char *title, *subtitle;
    const struct demo_answer *answers; /* one per picture */
};

/* Writes the PNG file `name`. FALSE with `*error`. */
gboolean demo_strip_write(const char *name, const GPtrArray *pictures,
                          const struct demo_strip_row *rows, guint n_rows,
                          GError **error);

#endif
