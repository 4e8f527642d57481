/* SPDX-License-Identifier: MIT */
#ifndef NNC_JSON_FIXTURE_H
#define NNC_JSON_FIXTURE_H

/* An nncjson in a harness, which writes into a file in a folder of its own. */

#include "element_fixture.h"
#include "prediction_fixture.h"

struct json {
    struct fixture fixture; /* element, bus and harness alone */
    gchar *folder;
    gchar *path; /* of the file in it */
    guint n_pushed;
};

/* Two steps, so that a test may set things in between; open does both, with the location
 * set to `path`. `properties` as gst-launch has them. */
void json_make(struct json *json, const char *properties);
int json_make_pipe(struct json *json); /* its reader; opened without waiting */
void json_play(struct json *json);
void json_open(struct json *json, const char *properties);
void json_stop(struct json *json);
void json_close(struct json *json);

/* Pushes a frame with `prediction` (or NULL), which must come out as the same buffer. */
void json_push(struct json *json, GstNncPrediction *prediction);
void json_push_n(struct json *json, guint n);
gpointer json_push_many(gpointer json); /* a thread: until somebody refuses, or 10,000 */

guint json_count_lines(const char *path);
void json_check_stats(struct json *json, guint64 lines, guint64 lost);

/* Exactly one warning, which says `text`; none at all. */
void json_check_warning(struct json *json, const char *text);
void json_check_no_warning(struct json *json);

#endif
