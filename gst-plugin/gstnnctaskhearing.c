/* SPDX-License-Identifier: MIT */

/* The bus's side of attention: messages in, marks on rules out. */

#include "gstnnctaskhearing.h"

#include "gstnnctasktext.h"

/* How deep arrays of arrays are followed: `spectrum` has one for each channel. */
#define MAX_DEPTH 4

struct gst_nnc_task_hearing {
    atomic_uint references;
    pthread_mutex_t lock;
    struct gst_nnc_task_rules *rules; /* lock */
    _Atomic guint64 n_heard;

    GstBus *bus; /* start and stop only; NULL when it does not listen */
    gulong handler;
};

/* --- life --- */

struct gst_nnc_task_hearing *gst_nnc_task_hearing_create(void)
{
    struct gst_nnc_task_hearing *const hearing = g_new0(struct gst_nnc_task_hearing, 1);

    atomic_init(&hearing->references, 1);
    pthread_mutex_init(&hearing->lock, NULL);
    return hearing;
}

void gst_nnc_task_hearing_unref(struct gst_nnc_task_hearing *hearing)
{
    if (atomic_fetch_sub_explicit(&hearing->references, 1, memory_order_acq_rel) != 1)
        return;
    gst_nnc_task_rules_unref(hearing->rules);
    pthread_mutex_destroy(&hearing->lock);
    g_free(hearing);
}

static void unref_by_closure(gpointer hearing, GClosure *closure)
{
    gst_nnc_task_hearing_unref(hearing);
}

void gst_nnc_task_hearing_take_rules(struct gst_nnc_task_hearing *hearing,
                                     struct gst_nnc_task_rules *rules)
{
    pthread_mutex_lock(&hearing->lock);
    struct gst_nnc_task_rules *const old = hearing->rules;
    hearing->rules = rules;
    pthread_mutex_unlock(&hearing->lock);
    gst_nnc_task_rules_unref(old);
}

struct gst_nnc_task_rules *
gst_nnc_task_hearing_ref_rules(struct gst_nnc_task_hearing *hearing)
{
    pthread_mutex_lock(&hearing->lock);
    struct gst_nnc_task_rules *const rules =
        hearing->rules ? gst_nnc_task_rules_ref(hearing->rules) : NULL;
    pthread_mutex_unlock(&hearing->lock);
    return rules;
}

guint64 gst_nnc_task_hearing_count(const struct gst_nnc_task_hearing *hearing)
{
    return atomic_load(&hearing->n_heard);
}

void gst_nnc_task_hearing_reset_count(struct gst_nnc_task_hearing *hearing)
{
    atomic_store(&hearing->n_heard, 0);
}

/* --- messages --- */

/* `level` still uses GLib's old array. */
G_GNUC_BEGIN_IGNORE_DEPRECATIONS

static guint count_values(const GValue *value)
{
    if (GST_VALUE_HOLDS_ARRAY(value))
        return gst_value_array_get_size(value);
    if (GST_VALUE_HOLDS_LIST(value))
        return gst_value_list_get_size(value);
    const GValueArray *const array = g_value_get_boxed(value);
    return array ? array->n_values : 0;
}

static const GValue *get_value(const GValue *value, guint i)
{
    if (GST_VALUE_HOLDS_ARRAY(value))
        return gst_value_array_get_value(value, i);
    if (GST_VALUE_HOLDS_LIST(value))
        return gst_value_list_get_value(value, i);
    return &((const GValueArray *)g_value_get_boxed(value))->values[i];
}

static gboolean holds_many(const GValue *value)
{
    return GST_VALUE_HOLDS_ARRAY(value) || GST_VALUE_HOLDS_LIST(value) ||
           G_TYPE_CHECK_VALUE_TYPE(value, g_value_array_get_type());
}

G_GNUC_END_IGNORE_DEPRECATIONS

static gboolean read_largest(const GValue *value, guint depth, gdouble *largest)
{
    gboolean any = FALSE;
    gdouble number;

    if (!holds_many(value))
        return gst_nnc_task_text_to_number(value, largest);
    const guint n = depth < MAX_DEPTH ? count_values(value) : 0;
    for (guint i = 0; i < n; i++)
        if (read_largest(get_value(value, i), depth + 1, &number)) {
            *largest = any ? MAX(*largest, number) : number;
            any = TRUE;
        }
    return any;
}

static gboolean compares(const struct gst_nnc_task_rule *rule, gdouble number)
{
    switch (rule->condition) {
    case GST_NNC_TASK_LESS:
        return number < rule->threshold;
    case GST_NNC_TASK_LESS_OR_EQUAL:
        return number <= rule->threshold;
    case GST_NNC_TASK_GREATER:
        return number > rule->threshold;
    case GST_NNC_TASK_GREATER_OR_EQUAL:
        return number >= rule->threshold;
    default:
        return TRUE;
    }
}

gboolean gst_nnc_task_rule_hears(const struct gst_nnc_task_rule *rule,
                                 const GstStructure *message)
{
    gdouble number;

    if (!gst_structure_has_name(message, rule->name))
        return FALSE;
    if (rule->condition == GST_NNC_TASK_ALWAYS)
        return TRUE;
    const GValue *const value = gst_structure_get_value(message, rule->field);
    if (!value || rule->condition == GST_NNC_TASK_HAS_FIELD)
        return value != NULL;
    return read_largest(value, 0, &number) && compares(rule, number);
}

static void on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct gst_nnc_task_hearing *const hearing = data;
    const GstStructure *const structure = gst_message_get_structure(message);
    struct gst_nnc_task_rules *const rules = gst_nnc_task_hearing_ref_rules(hearing);
    gboolean heard = FALSE;

    for (guint i = 0; structure && rules && i < rules->n; i++)
        if (gst_nnc_task_rule_hears(&rules->rules[i], structure)) {
            atomic_store(&rules->rules[i].pending, TRUE);
            heard = TRUE;
        }
    if (heard)
        atomic_fetch_add(&hearing->n_heard, 1);
    gst_nnc_task_rules_unref(rules);
}

/* --- the bus --- */

static GstBus *find_bus(GstElement *element)
{
    GstObject *top = gst_object_ref(GST_OBJECT(element));
    GstObject *parent;

    while ((parent = gst_object_get_parent(top))) {
        gst_object_unref(top);
        top = parent;
    }
    GstBus *const bus =
        GST_IS_ELEMENT(top) ? gst_element_get_bus(GST_ELEMENT(top)) : NULL;
    gst_object_unref(top);
    return bus;
}

gboolean gst_nnc_task_hearing_start(struct gst_nnc_task_hearing *hearing,
                                    GstElement *element)
{
    if (hearing->bus)
        return TRUE;
    hearing->bus = find_bus(element);
    if (!hearing->bus)
        return FALSE;
    /* The bus counts how many want this, so nobody's request ends with ours. */
    gst_bus_enable_sync_message_emission(hearing->bus);
    atomic_fetch_add_explicit(&hearing->references, 1, memory_order_relaxed);
    hearing->handler =
        g_signal_connect_data(hearing->bus, "sync-message::element",
                              G_CALLBACK(on_message), hearing, unref_by_closure, 0);
    return TRUE;
}

void gst_nnc_task_hearing_stop(struct gst_nnc_task_hearing *hearing)
{
    if (!hearing->bus)
        return;
    g_signal_handler_disconnect(hearing->bus, hearing->handler);
    gst_bus_disable_sync_message_emission(hearing->bus);
    gst_clear_object(&hearing->bus);
}
