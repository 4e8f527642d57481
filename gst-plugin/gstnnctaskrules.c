/* SPDX-License-Identifier: MIT */

/* The texts of rules, and their gains over time. */

#include "gstnnctaskrules.h"

#include "gstnncerror.h"
#include "gstnnctasktext.h"

#include <math.h>
#include <string.h>

/* --- life --- */

static struct gst_nnc_task_rules *create(guint max_rules)
{
    struct gst_nnc_task_rules *const rules = g_new0(struct gst_nnc_task_rules, 1);

    atomic_init(&rules->references, 1);
    rules->rules = g_new0(struct gst_nnc_task_rule, max_rules);
    return rules;
}

struct gst_nnc_task_rules *gst_nnc_task_rules_ref(struct gst_nnc_task_rules *rules)
{
    atomic_fetch_add_explicit(&rules->references, 1, memory_order_relaxed);
    return rules;
}

void gst_nnc_task_rules_unref(struct gst_nnc_task_rules *rules)
{
    if (!rules ||
        atomic_fetch_sub_explicit(&rules->references, 1, memory_order_acq_rel) != 1)
        return;
    for (guint i = 0; i < rules->n; i++) {
        g_free(rules->rules[i].name);
        g_free(rules->rules[i].field);
        g_free(rules->rules[i].category);
    }
    g_free(rules->rules);
    g_free(rules);
}

/* --- texts --- */

/* "category:gain" behind the sign of equality. */
static enum nnc_status read_effect(struct gst_nnc_task_rule *rule, const gchar *what,
                                   gchar *text, struct nnc_error *error)
{
    g_autofree gchar *excerpt = gst_nnc_task_text_excerpt(text);
    gchar *const colon = strrchr(text, ':');

    if (colon) {
        *colon = 0;
        rule->category = g_strdup(g_strstrip(text));
    }
    if (!colon || !*rule->category) {
        gst_nnc_error_set(error, NNC_TASK,
                          "%s: got '%s' behind '='; expected category:gain, e.g. "
                          "vehicles:1.5",
                          what, excerpt);
        return NNC_TASK;
    }
    return gst_nnc_task_text_read_gain(what, rule->category, g_strstrip(colon + 1),
                                       &rule->gain, error);
}

/* What stands before the sign of equality: written to, and stripped. */
typedef gboolean (*read_cause)(struct gst_nnc_task_rule *rule, gchar *cause);

static gboolean read_label(struct gst_nnc_task_rule *rule, gchar *cause)
{
    rule->name = g_strdup(cause);
    return *cause != 0;
}

static gboolean read_threshold(struct gst_nnc_task_rule *rule, const gchar *text)
{
    gchar *end;

    rule->threshold = g_ascii_strtod(text, &end);
    return end != text && !*end && !isnan(rule->threshold);
}

/* "message" and "message:field"; the field is behind the last colon. */
static gboolean read_message(struct gst_nnc_task_rule *rule, gchar *text)
{
    gchar *const colon = strrchr(text, ':');

    if (colon) {
        *colon = 0;
        rule->field = g_strdup(g_strstrip(colon + 1));
    }
    rule->name = g_strdup(g_strstrip(text));
    return *rule->name && (!colon || *rule->field);
}

static gboolean read_heard(struct gst_nnc_task_rule *rule, gchar *cause)
{
    gchar *const sign = strpbrk(cause, "<>");

    if (!sign) {
        const gboolean good = read_message(rule, cause);
        rule->condition = rule->field ? GST_NNC_TASK_HAS_FIELD : GST_NNC_TASK_ALWAYS;
        return good;
    }
    const gboolean or_equal = sign[1] == '=';
    if (*sign == '<')
        rule->condition = or_equal ? GST_NNC_TASK_LESS_OR_EQUAL : GST_NNC_TASK_LESS;
    else
        rule->condition = or_equal ? GST_NNC_TASK_GREATER_OR_EQUAL : GST_NNC_TASK_GREATER;
    *sign = 0;
    return read_threshold(rule, g_strstrip(sign + 1 + or_equal)) &&
           read_message(rule, cause) && rule->field;
}

/* The '=' between cause and effect: the last one, since categories have none, but labels
 * and comparisons may. */
static enum nnc_status read_rule(struct gst_nnc_task_rule *rule, const gchar *what,
                                 const gchar *form, read_cause read, gchar *text,
                                 struct nnc_error *error)
{
    g_autofree gchar *excerpt = gst_nnc_task_text_excerpt(text);
    gchar *const equals = strrchr(text, '=');

    if (equals)
        *equals = 0;
    if (!equals || !read(rule, g_strstrip(text))) {
        gst_nnc_error_set(error, NNC_TASK, "%s: got '%s'; expected %s", what, excerpt,
                          form);
        return NNC_TASK;
    }
    return read_effect(rule, what, equals + 1, error);
}

static enum nnc_status parse(const gchar *what, const gchar *form, read_cause read,
                             const gchar *text, struct gst_nnc_task_rules **rules,
                             struct nnc_error *error)
{
    enum nnc_status status = gst_nnc_task_text_check_cutout(what, text, error);

    if (status)
        return status;
    g_auto(GStrv) texts = g_strsplit(text, ",", -1);
    const guint n = text[strspn(text, " ")] ? g_strv_length(texts) : 0;
    if (n > GST_NNC_TASK_MAX_RULES) {
        gst_nnc_error_set(error, NNC_LIMIT, "%s: got %u rules; expected at most %d", what,
                          n, GST_NNC_TASK_MAX_RULES);
        return NNC_LIMIT;
    }
    struct gst_nnc_task_rules *const new = create(n);
    while (new->n < n && !status) {
        status = read_rule(&new->rules[new->n], what, form, read, texts[new->n], error);
        new->n++; /* also of one that is half read: it has names to be freed */
    }
    if (status)
        gst_nnc_task_rules_unref(new);
    else
        *rules = new;
    return status;
}

enum nnc_status gst_nnc_task_rules_parse_map(const gchar *text,
                                             struct gst_nnc_task_rules **rules,
                                             struct nnc_error *error)
{
    return parse("property 'map'", "label=category:gain", read_label, text, rules, error);
}

enum nnc_status gst_nnc_task_rules_parse_hear(const gchar *text,
                                              struct gst_nnc_task_rules **rules,
                                              struct nnc_error *error)
{
    return parse("property 'hear'",
                 "message=category:gain or message:field>number=category:gain",
                 read_heard, text, rules, error);
}

/* --- over time --- */

void gst_nnc_task_rules_reset(struct gst_nnc_task_rules *rules)
{
    for (guint i = 0; i < rules->n; i++) {
        atomic_store(&rules->rules[i].pending, FALSE);
        rules->rules[i].ever_applied = FALSE;
    }
}

void gst_nnc_task_rule_apply(struct gst_nnc_task_rule *rule, gint64 now_ns)
{
    rule->applied_ns = now_ns;
    rule->ever_applied = TRUE;
}

void gst_nnc_task_rules_apply_pending(struct gst_nnc_task_rules *rules, gint64 now_ns)
{
    for (guint i = 0; i < rules->n; i++)
        if (atomic_exchange(&rules->rules[i].pending, FALSE))
            gst_nnc_task_rule_apply(&rules->rules[i], now_ns);
}

/* Between 1 (just applied, or held) and 0 (over). */
static gdouble strength(const struct gst_nnc_task_fade *fade, gint64 elapsed_ns)
{
    const gint64 fading_ns = elapsed_ns - fade->hold_ns;

    if (fading_ns <= 0)
        return 1.0;
    return fading_ns >= fade->decay_ns
               ? 0.0
               : 1.0 - (gdouble)fading_ns / (gdouble)fade->decay_ns;
}

gdouble gst_nnc_task_rule_gain(const struct gst_nnc_task_rule *rule,
                               const struct gst_nnc_task_fade *fade, gint64 now_ns)
{
    if (!rule->ever_applied)
        return 1.0;
    const gdouble left = strength(fade, now_ns - rule->applied_ns);
    if (left == 1.0)
        return rule->gain;
    const gdouble gain = 1.0 + (rule->gain - 1.0) * left;
    return round(gain * GST_NNC_TASK_GAIN_STEPS) / GST_NNC_TASK_GAIN_STEPS;
}
