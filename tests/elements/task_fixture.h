/* SPDX-License-Identifier: MIT */
#ifndef NNC_TASK_FIXTURE_H
#define NNC_TASK_FIXTURE_H

/* What the tests of nnctask share: the element in a harness, frames at given times, and a
 * record of what leaves it, events and buffers in their order. */

#include "element_fixture.h"

struct task_fixture {
    struct fixture element; /* without a model: for its messages and its stats */
    GString *record;        /* see take_record; the streaming thread's */
};

/* nnctask with `properties` as gst-launch would set them, playing. */
void task_open(struct task_fixture *fixture, const char *properties);
void task_close(struct task_fixture *fixture);

/* A buffer of one byte at a time. */
GstBuffer *frame_at(guint ms);
void add_region(GstBuffer *buffer, const char *label);

/* Pushes one buffer, which must come out; a reference to it. */
GstBuffer *pass(struct task_fixture *fixture, GstBuffer *buffer);

/* Pushes a frame at a time, with a region if `label` is not NULL, and forgets it. */
void pass_frame(struct task_fixture *fixture, guint ms, const char *label);

/* What left the element since the last call: "|" for a buffer, or its task between
 * "<" and ">"; a task event as its task between "(" and ")", and between "((" and "))" if
 * it is sticky. A task is its fields in the order of their names, "attention=b=2 cutout=a
 * seq=1", gains as numbers. To be freed. */
gchar *take_record(struct task_fixture *fixture);

/* The same must have left. */
void check_record(struct task_fixture *fixture, const char *expected);

/* Sets what a text says, "cutout=a", in the way of gst-launch; strings as they are. */
void set_from_text(GstElement *element, const char *text);

/* A file below a folder that is made for it; both are removed by remove_file. */
gchar *write_file(const char *text);
void remove_file(gchar *path);

#endif
