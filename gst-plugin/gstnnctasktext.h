/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_TEXT_H
#define GST_NNC_TASK_TEXT_H

/* The form of task texts, for those who have no model to ask what the names mean: a text
 * that passes here may still name a category that the model does not know. All functions
 * are pure. Threads: any. */

#include <glib-object.h>
#include <nnc/status.h>

G_BEGIN_DECLS

#define GST_NNC_TASK_MAX_GAIN 16.0

/* A cutout: UTF-8 without control characters, at most NNC_TASK_TEXT_MAX bytes. `what`
 * begins the message ("script.jsonl, line 3: 'cutout'"). Fails: NNC_TASK, NNC_LIMIT. */
enum nnc_status gst_nnc_task_text_check_cutout(const gchar *what, const gchar *text,
                                               struct nnc_error *error);

/* An attention: the same, and "category=gain" between its commas. Empty is fine. */
enum nnc_status gst_nnc_task_text_check_attention(const gchar *what, const gchar *text,
                                                  struct nnc_error *error);

/* What an attention text that passed the check says of exactly this name; 1 if nothing,
 * and where `attention` is NULL. Patterns are not followed: nobody here knows whether
 * "v*" means "vehicles". */
gdouble gst_nnc_task_text_gain_of(const gchar *attention, const gchar *category);

/* One number from 0 to GST_NNC_TASK_MAX_GAIN with a decimal point in any locale. */
enum nnc_status gst_nnc_task_text_read_gain(const gchar *what, const gchar *category,
                                            const gchar *text, gdouble *gain,
                                            struct nnc_error *error);

/* A value of any numeric or boolean type, of a structure's field. FALSE: it is another.
 */
gboolean gst_nnc_task_text_to_number(const GValue *value, gdouble *number);

/* The beginning of a foreign text for messages: printable, valid, short. To be freed. */
gchar *gst_nnc_task_text_excerpt(const gchar *text);

G_END_DECLS

#endif
