/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_HEARING_H
#define GST_NNC_TASK_HEARING_H

/* Element messages of a pipeline, heard on the threads that post them. Elements have no
 * way to read the bus, which belongs to the application; but the bus can tell whoever
 * asks of each message before the application has it. Messages that the application's
 * own synchronous handler drops are not heard. */

#include "gstnnctaskrules.h"

#include <gst/gst.h>

#include <pthread.h>

G_BEGIN_DECLS

/* Shared: the bus keeps a reference while it listens, so that a message on its way when
 * the element stops finds everything alive. The bus knows nothing of the element. */
struct gst_nnc_task_hearing;

struct gst_nnc_task_hearing *gst_nnc_task_hearing_create(void);
void gst_nnc_task_hearing_unref(struct gst_nnc_task_hearing *hearing);

/* Any thread. Takes the reference `rules`; NULL hears nothing. */
void gst_nnc_task_hearing_take_rules(struct gst_nnc_task_hearing *hearing,
                                     struct gst_nnc_task_rules *rules);

/* Any thread. A reference, or NULL. */
struct gst_nnc_task_rules *
gst_nnc_task_hearing_ref_rules(struct gst_nnc_task_hearing *hearing);

/* Any thread. How many messages met a rule since the count was reset. */
guint64 gst_nnc_task_hearing_count(const struct gst_nnc_task_hearing *hearing);
void gst_nnc_task_hearing_reset_count(struct gst_nnc_task_hearing *hearing);

/* Listens to the bus of the topmost parent of `element`: bins inside a pipeline have
 * buses of their own, whose messages arrive there in the end. Once listening, it stays
 * with that bus. FALSE: there is no bus. These two: one caller at a time. */
gboolean gst_nnc_task_hearing_start(struct gst_nnc_task_hearing *hearing,
                                    GstElement *element);

/* Afterwards no message counts any more. Does nothing if it does not listen. */
void gst_nnc_task_hearing_stop(struct gst_nnc_task_hearing *hearing);

/* Whether a message's structure is what a rule listens for. A field with many numbers, as
 * `level` has one for each channel, counts with its largest. */
gboolean gst_nnc_task_rule_hears(const struct gst_nnc_task_rule *rule,
                                 const GstStructure *message);

G_END_DECLS

#endif
