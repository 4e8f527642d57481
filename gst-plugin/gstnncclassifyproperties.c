/* SPDX-License-Identifier: MIT */

/* Setting and reading the properties of nncclassify. What setters do stands in
 * gstnncclassifycontrol.c, what the properties mean in gstnncclassifydescribe.c. */

#include "gstnncclassifyproperties.h"

#include <gstnnc/gstnnctask.h>

void gst_nnc_settings_init(struct gst_nnc_settings *settings)
{
    pthread_mutex_init(&settings->lock, NULL);
    atomic_store(&settings->top_k, GST_NNC_CLASSIFY_DEFAULT_TOP_K);
    atomic_store(&settings->qos, GST_NNC_CLASSIFY_DEFAULT_QOS);
}

void gst_nnc_settings_finish(struct gst_nnc_settings *settings)
{
    g_free(settings->model);
    g_free(settings->preset);
    g_free(settings->preset_file);
    g_clear_pointer(&settings->presets, g_hash_table_unref);
    pthread_mutex_destroy(&settings->lock);
}

/* --- setting --- */

/* What is read at the start only: refused while the element runs. */
static gboolean may_set_at_rest(GstNncClassify *self, const gchar *property)
{
    struct nnc_error error;

    pthread_mutex_lock(&self->settings.lock);
    const gboolean running = self->settings.running;
    pthread_mutex_unlock(&self->settings.lock);
    if (!running)
        return TRUE;
    gst_nnc_error_set(&error, NNC_STATE,
                      "property '%s' cannot change while the element runs; set the state "
                      "to READY first",
                      property);
    gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, &error);
    return FALSE;
}

static const gchar *text_or_empty(const GValue *value)
{
    const gchar *const text = g_value_get_string(value);

    return text ? text : "";
}

void gst_nnc_classify_set_property(GObject *object, guint id, const GValue *value,
                                   GParamSpec *pspec)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(object);
    struct gst_nnc_settings *const settings = &self->settings;

    switch (id) {
    case PROP_MODEL:
        gst_nnc_classify_set_model(self, g_value_get_string(value));
        break;
    case PROP_CUTOUT:
        gst_nnc_classify_set_texts(self, text_or_empty(value), NULL);
        break;
    case PROP_ATTENTION:
        gst_nnc_classify_set_texts(self, NULL, text_or_empty(value));
        break;
    case PROP_TASK:
        gst_nnc_classify_set_structure(self, gst_value_get_structure(value));
        break;
    case PROP_TOP_K:
        atomic_store(&settings->top_k, g_value_get_uint(value));
        break;
    case PROP_THRESHOLD:
        atomic_store(&settings->threshold, g_value_get_float(value));
        break;
    case PROP_INTERVAL:
        atomic_store(&settings->interval, g_value_get_uint(value));
        break;
    case PROP_THREADS:
        if (may_set_at_rest(self, "threads"))
            atomic_store(&settings->threads, g_value_get_uint(value));
        break;
    case PROP_PRECISION:
        if (may_set_at_rest(self, "precision"))
            atomic_store(&settings->precision, g_value_get_enum(value));
        break;
    case PROP_PRESET:
        gst_nnc_classify_set_preset(self, g_value_get_string(value));
        break;
    case PROP_PRESET_FILE:
        gst_nnc_classify_set_preset_file(self, g_value_get_string(value));
        break;
    case PROP_CONTROL_POLICY:
        atomic_store(&settings->control_policy, g_value_get_enum(value));
        break;
    case PROP_POST_MESSAGES:
        atomic_store(&settings->post_messages, g_value_get_enum(value));
        break;
    case PROP_QOS:
        atomic_store(&settings->qos, g_value_get_boolean(value));
        break;
    default:
        if (!gst_nnc_input_set_property(&self->input, id, value, GST_ELEMENT(self)))
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

/* --- reading --- */

static void get_locked_text(GstNncClassify *self, gchar *const *text, GValue *value)
{
    pthread_mutex_lock(&self->settings.lock);
    g_value_set_string(value, *text);
    pthread_mutex_unlock(&self->settings.lock);
}

static GstStructure *get_task(GstNncClassify *self)
{
    g_autofree gchar *cutout = NULL, *attention = NULL;

    gst_nnc_task_slot_get_texts(&self->slot, &cutout, &attention);
    return gst_nnc_task_new(cutout, attention);
}

static GstStructure *get_stats(GstNncClassify *self)
{
    struct gst_nnc_live_task *const live = gst_nnc_task_slot_ref_live(&self->slot);
    GstStructure *const stats = gst_nnc_stats_to_structure(
        &self->stats, live, gst_nnc_task_slot_last_id(&self->slot));

    gst_nnc_live_task_unref(live);
    return stats;
}

static struct nnc_cost get_active_cost(GstNncClassify *self)
{
    struct gst_nnc_live_task *const live = gst_nnc_task_slot_ref_live(&self->slot);
    const struct nnc_cost cost =
        live ? nnc_task_cost(live->task) : (struct nnc_cost){0, 0};

    gst_nnc_live_task_unref(live);
    return cost;
}

static gchar *take_text(GstNncClassify *self, guint id)
{
    gchar *text = NULL;

    gst_nnc_task_slot_get_texts(&self->slot, id == PROP_CUTOUT ? &text : NULL,
                                id == PROP_ATTENTION ? &text : NULL);
    return text;
}

void gst_nnc_classify_get_property(GObject *object, guint id, GValue *value,
                                   GParamSpec *pspec)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(object);
    struct gst_nnc_settings *const settings = &self->settings;

    switch (id) {
    case PROP_MODEL:
        get_locked_text(self, &settings->model, value);
        break;
    case PROP_CUTOUT:
    case PROP_ATTENTION:
        g_value_take_string(value, take_text(self, id));
        break;
    case PROP_TASK:
        g_value_take_boxed(value, get_task(self));
        break;
    case PROP_TOP_K:
        g_value_set_uint(value, atomic_load(&settings->top_k));
        break;
    case PROP_THRESHOLD:
        g_value_set_float(value, atomic_load(&settings->threshold));
        break;
    case PROP_INTERVAL:
        g_value_set_uint(value, atomic_load(&settings->interval));
        break;
    case PROP_THREADS:
        g_value_set_uint(value, atomic_load(&settings->threads));
        break;
    case PROP_PRECISION:
        g_value_set_enum(value, atomic_load(&settings->precision));
        break;
    case PROP_PRESET:
        get_locked_text(self, &settings->preset, value);
        break;
    case PROP_PRESET_FILE:
        get_locked_text(self, &settings->preset_file, value);
        break;
    case PROP_CONTROL_POLICY:
        g_value_set_enum(value, atomic_load(&settings->control_policy));
        break;
    case PROP_POST_MESSAGES:
        g_value_set_enum(value, atomic_load(&settings->post_messages));
        break;
    case PROP_QOS:
        g_value_set_boolean(value, atomic_load(&settings->qos));
        break;
    case PROP_TAXONOMY:
        get_locked_text(self, &settings->taxonomy, value);
        break;
    case PROP_STATS:
        g_value_take_boxed(value, get_stats(self));
        break;
    case PROP_ACTIVE_PARAMS:
        g_value_set_uint64(value, get_active_cost(self).params);
        break;
    case PROP_ACTIVE_MACS:
        g_value_set_uint64(value, get_active_cost(self).macs);
        break;
    case PROP_TOTAL_PARAMS:
        g_value_set_uint64(value, atomic_load(&settings->total_params));
        break;
    case PROP_TOTAL_MACS:
        g_value_set_uint64(value, atomic_load(&settings->total_macs));
        break;
    default:
        if (!gst_nnc_input_get_property(&self->input, id, value))
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}
