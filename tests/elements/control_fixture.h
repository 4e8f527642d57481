/* SPDX-License-Identifier: MIT */
#ifndef NNC_CONTROL_FIXTURE_H
#define NNC_CONTROL_FIXTURE_H

/* What the tests of task control share: one frame, which is classified by a task and
 * compared with the core, and the ways by which tasks come with the stream. */

#include "element_fixture.h"

#define FRAME_BYTES 2304 /* of RGB_CAPS */

/* Classifies `in`, a frame of noise_buffer(FRAME_BYTES, 5), checks it against the core and
 * what its task says in words; answers the task's number. */
guint64 check_frame(struct fixture *fixture, GstBuffer *in, const char *cutout,
                    const char *attention);

/* The same with a frame of its own, once the newest task is compiled. */
guint64 check_task(struct fixture *fixture, const char *cutout, const char *attention);

/* The structure that this text means, which must mean one. */
GstStructure *parse_task(const char *text);

/* One warning was posted, and has these words. */
void check_refusal(struct fixture *fixture, const char *said);

void push_event(struct fixture *fixture, const char *task, gboolean sticky);

/* The frame for check_frame, with a task of its own if `task` is not NULL. */
GstBuffer *with_meta(const char *task);

#endif
