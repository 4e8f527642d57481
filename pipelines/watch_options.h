/* SPDX-License-Identifier: MIT */
#ifndef WATCH_OPTIONS_H
#define WATCH_OPTIONS_H

/* What the user of nnc-watch asks for, on the command line and in a file. */

#include <glib.h>

/* What the program ends with; documented in --help. */
enum watch_exit {
    WATCH_DONE = 0,      /* the source has ended, or the user wanted it */
    WATCH_WRONG = 1,     /* a setting that cannot work: model, task, file, socket */
    WATCH_USAGE = 2,     /* the command line or the configuration is not understood */
    WATCH_NO_READER = 3, /* nobody takes the lines */
    WATCH_LOST = 4       /* the source is lost, and was tried often enough */
};

struct watch_options {
    gchar *source, *config, *socket;
    gchar *model, *cutout, *attention, *preset, *preset_file;
    gchar **settings; /* PROPERTY=VALUE of nncclassify */
    gchar *json, *predictions;
    gchar *retry; /* a number or "ever"; NULL: as suits the source */
    gdouble fps;  /* 0: all */
    gint stall;   /* seconds, 0: unset */
    gboolean sync;
};

/* Fills a zeroed structure from the command line alone. Exits the process for --help. */
gboolean watch_options_parse(struct watch_options *options, int *argc, char ***argv,
                             GError **error);

/* Copies `given` into a zeroed structure, and fills what it leaves out from its
 * configuration, if it names one. FALSE: `*options` is empty. */
gboolean watch_options_complete(const struct watch_options *given,
                                struct watch_options *options, GError **error);

void watch_options_clear(struct watch_options *options);

/* Says what is wrong with a value; answers FALSE. */
gboolean watch_options_fail(GError **error, const gchar *format, ...) G_GNUC_PRINTF(2, 3);

#endif
