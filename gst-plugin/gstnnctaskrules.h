/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_RULES_H
#define GST_NNC_TASK_RULES_H

/* What makes which category count more: "a label `car` raises vehicles_1 to 1.5". Two
 * texts are made into such rules, one about what is seen, one about what is heard. Each
 * rule remembers when it applied last, from which its gain follows at any later time. */

#include <glib.h>
#include <nnc/status.h>

#include <stdatomic.h>

G_BEGIN_DECLS

#define GST_NNC_TASK_MAX_RULES 64

/* Gains fade in steps of 1/64, so that a slow fade is not another task in each frame. */
#define GST_NNC_TASK_GAIN_STEPS 64

enum gst_nnc_task_condition {
    GST_NNC_TASK_ALWAYS,    /* the name is enough */
    GST_NNC_TASK_HAS_FIELD, /* the message has the field */
    GST_NNC_TASK_LESS,
    GST_NNC_TASK_LESS_OR_EQUAL,
    GST_NNC_TASK_GREATER,
    GST_NNC_TASK_GREATER_OR_EQUAL
};

struct gst_nnc_task_rule {
    gchar *name;  /* a pattern of labels; a message's name */
    gchar *field; /* of the message; NULL if the condition is ALWAYS */
    enum gst_nnc_task_condition condition;
    gdouble threshold;
    gchar *category;
    gdouble gain;

    atomic_bool pending;   /* heard, and not met by a frame yet; any thread */
    gint64 applied_ns;     /* running time; the streaming thread's */
    gboolean ever_applied; /* the streaming thread's */
};

/* Shared, but for what the rules remember. */
struct gst_nnc_task_rules {
    atomic_uint references;
    guint n;
    struct gst_nnc_task_rule *rules;
};

/* "person=people:1.5, car*=vehicles_1:2": a label, of which `*` and `?` match anything, a
 * category, a gain. "" is fine, and has no rules. Fails: NNC_TASK, NNC_LIMIT; `*rules` is
 * untouched then. */
enum nnc_status gst_nnc_task_rules_parse_map(const gchar *text,
                                             struct gst_nnc_task_rules **rules,
                                             struct nnc_error *error);

/* "level:peak>-20=vehicles_1:1.5, motion:motion_begin=people:2, bell=people:2": a
 * message's name; then, if more than the name is asked, a field that must be there, or a
 * comparison (< <= > >=) of the field with a number; a category, a gain. */
enum nnc_status gst_nnc_task_rules_parse_hear(const gchar *text,
                                              struct gst_nnc_task_rules **rules,
                                              struct nnc_error *error);

struct gst_nnc_task_rules *gst_nnc_task_rules_ref(struct gst_nnc_task_rules *rules);
void gst_nnc_task_rules_unref(struct gst_nnc_task_rules *rules); /* NULL is fine */

/* The rest is the streaming thread's. */

/* Forgets when rules applied. */
void gst_nnc_task_rules_reset(struct gst_nnc_task_rules *rules);

/* Rules that were heard since the last call apply from `now_ns` on. */
void gst_nnc_task_rules_apply_pending(struct gst_nnc_task_rules *rules, gint64 now_ns);

void gst_nnc_task_rule_apply(struct gst_nnc_task_rule *rule, gint64 now_ns);

struct gst_nnc_task_fade {
    gint64 hold_ns;  /* how long a gain stays after the rule applied last */
    gint64 decay_ns; /* how long it then takes, in a straight line, to become 1 */
};

/* The gain at a time; while it fades, in steps of 1/64; 1 if the rule never applied or
 * that is over. A time before the rule applied (frames need not come in their order) is
 * like that time. */
gdouble gst_nnc_task_rule_gain(const struct gst_nnc_task_rule *rule,
                               const struct gst_nnc_task_fade *fade, gint64 now_ns);

G_END_DECLS

#endif
