/* SPDX-License-Identifier: MIT */

/* What users set of nnctask: from texts to what frames go by. No setter waits for a
 * frame, and none posts a message under a lock: a synchronous bus handler may set
 * again. */

#include "gstnnctaskinject.h"
#include "gstnnctasktext.h"

#include <gstnnc/gstnnctask.h>

/* A user who types sees every answer; a program that storms does not flood the bus. */
#define REFUSALS_PER_SECOND 20

void gst_nnc_task_inject_settings_init(struct gst_nnc_task_inject_settings *settings)
{
    pthread_mutex_init(&settings->setters, NULL);
    pthread_mutex_init(&settings->lock, NULL);
    settings->task = gst_nnc_task_new(NULL, NULL);
    for (guint i = 0; i < GST_NNC_TASK_N_TEXTS; i++)
        settings->texts[i] = g_strdup("");
    atomic_store(&settings->hold, GST_NNC_TASK_DEFAULT_HOLD);
    atomic_store(&settings->decay, GST_NNC_TASK_DEFAULT_DECAY);
}

void gst_nnc_task_inject_settings_finish(struct gst_nnc_task_inject_settings *settings)
{
    gst_clear_structure(&settings->task);
    gst_clear_structure(&settings->newest);
    for (guint i = 0; i < GST_NNC_TASK_N_TEXTS; i++)
        g_free(settings->texts[i]);
    pthread_mutex_destroy(&settings->lock);
    pthread_mutex_destroy(&settings->setters);
}

/* --- from texts to what frames go by; under `setters` --- */

static void take_script(GstNncTaskInject *self, struct gst_nnc_task_script *script)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;

    pthread_mutex_lock(&settings->lock);
    struct gst_nnc_task_script *const old = settings->script;
    settings->script = script;
    pthread_mutex_unlock(&settings->lock);
    gst_nnc_task_script_unref(old);
}

static enum nnc_status use_script(GstNncTaskInject *self, const gchar *path,
                                  struct nnc_error *error)
{
    struct gst_nnc_task_script *script = NULL;
    enum nnc_status status = NNC_OK;

    if (*path)
        status = gst_nnc_task_script_read(path, &script, error);
    if (!status)
        take_script(self, script);
    return status;
}

static void take_map(GstNncTaskInject *self, struct gst_nnc_task_rules *map)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;

    pthread_mutex_lock(&settings->lock);
    struct gst_nnc_task_rules *const old = settings->map;
    settings->map = map;
    pthread_mutex_unlock(&settings->lock);
    gst_nnc_task_rules_unref(old);
}

static enum nnc_status use_map(GstNncTaskInject *self, const gchar *text,
                               struct nnc_error *error)
{
    struct gst_nnc_task_rules *map = NULL;
    const enum nnc_status status = gst_nnc_task_rules_parse_map(text, &map, error);

    if (!status)
        take_map(self, map);
    return status;
}

/* Listening costs the pipeline something for each message: only if there is a reason. */
static enum nnc_status use_hear(GstNncTaskInject *self, const gchar *text,
                                struct nnc_error *error)
{
    struct gst_nnc_task_rules *rules = NULL;
    const enum nnc_status status = gst_nnc_task_rules_parse_hear(text, &rules, error);

    if (status)
        return status;
    const gboolean listens =
        rules->n && gst_nnc_task_hearing_start(self->hearing, GST_ELEMENT(self));
    if (!rules->n)
        gst_nnc_task_hearing_stop(self->hearing);
    atomic_store(&self->settings.hearing, listens);
    gst_nnc_task_hearing_take_rules(self->hearing, rules);
    return NNC_OK;
}

static enum nnc_status (*const use_text[])(GstNncTaskInject *self, const gchar *text,
                                           struct nnc_error *error) = {
    [GST_NNC_TASK_SCRIPT] = use_script,
    [GST_NNC_TASK_MAP] = use_map,
    [GST_NNC_TASK_HEAR] = use_hear,
};

/* --- tasks of the properties --- */

struct task_check {
    struct nnc_error *error;
    enum nnc_status status;
};

static enum nnc_status check_gain(const gchar *name, const GValue *value,
                                  struct nnc_error *error)
{
    gdouble gain;

    if (gst_nnc_task_text_to_number(value, &gain) && gain >= 0.0 &&
        gain <= GST_NNC_TASK_MAX_GAIN)
        return NNC_OK;
    g_autofree gchar *field = gst_nnc_task_text_excerpt(name);
    g_autofree gchar *dump = g_strdup_value_contents(value);
    g_autofree gchar *got = gst_nnc_task_text_excerpt(dump);
    gst_nnc_error_set(error, NNC_TASK,
                      "property 'task': '%s' is %s; expected a number from 0 to %g",
                      field, got, GST_NNC_TASK_MAX_GAIN);
    return NNC_TASK;
}

/* Only what the element has to understand is looked at: texts may also be arrays, and
 * other fields are between the application and nncclassify. */
static gboolean check_field(GQuark field, const GValue *value, gpointer data)
{
    struct task_check *const check = data;
    const gchar *const name = g_quark_to_string(field);
    const gchar *const text =
        G_VALUE_HOLDS_STRING(value) ? g_value_get_string(value) : NULL;

    if (g_str_has_prefix(name, "gain/"))
        check->status = check_gain(name, value, check->error);
    else if (text && g_str_equal(name, "cutout"))
        check->status =
            gst_nnc_task_text_check_cutout("property 'cutout'", text, check->error);
    else if (text && g_str_equal(name, "attention"))
        check->status =
            gst_nnc_task_text_check_attention("property 'attention'", text, check->error);
    return !check->status;
}

static enum nnc_status check_task(const GstStructure *task, struct nnc_error *error)
{
    struct task_check check = {error, NNC_OK};

    if (!gst_structure_has_name(task, GST_NNC_TASK_NAME)) {
        gst_nnc_error_set(error, NNC_TASK,
                          "property 'task': got a structure '%.60s'; expected "
                          "'" GST_NNC_TASK_NAME
                          "' with the fields cutout, attention or gain/CATEGORY",
                          gst_structure_get_name(task));
        return NNC_TASK;
    }
    gst_structure_foreach(task, check_field, &check);
    return check.status;
}

/* --- start and stop --- */

/* `setters` is held, so nobody changes what is read here. */
static enum nnc_status use_all(GstNncTaskInject *self, struct nnc_error *error)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;
    enum nnc_status status = check_task(settings->task, error);

    for (guint i = 0; i < GST_NNC_TASK_N_TEXTS && !status; i++)
        status = use_text[i](self, settings->texts[i], error);
    return status;
}

enum nnc_status gst_nnc_task_inject_start(GstNncTaskInject *self, struct nnc_error *error)
{
    gst_nnc_task_stats_reset(&self->stats);
    gst_nnc_task_hearing_reset_count(self->hearing);
    pthread_mutex_lock(&self->settings.lock);
    gst_clear_structure(&self->settings.newest);
    pthread_mutex_unlock(&self->settings.lock);
    pthread_mutex_lock(&self->settings.setters);
    const enum nnc_status status = use_all(self, error);
    self->settings.running = !status;
    pthread_mutex_unlock(&self->settings.setters);
    return status;
}

void gst_nnc_task_inject_stop(GstNncTaskInject *self)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;

    pthread_mutex_lock(&settings->setters);
    settings->running = FALSE;
    gst_nnc_task_hearing_stop(self->hearing);
    gst_nnc_task_hearing_take_rules(self->hearing, NULL);
    atomic_store(&settings->hearing, FALSE);
    take_script(self, NULL);
    take_map(self, NULL);
    pthread_mutex_unlock(&settings->setters);
}

/* --- setting --- */

static void refuse(GstNncTaskInject *self, const struct nnc_error *error)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;

    atomic_fetch_add(&self->stats.texts_refused, 1);
    pthread_mutex_lock(&settings->lock);
    const gboolean may_speak =
        gst_nnc_limiter_allows(&settings->refused, REFUSALS_PER_SECOND);
    pthread_mutex_unlock(&settings->lock);
    if (may_speak)
        gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, error);
}

static gchar *exchange_text(GstNncTaskInject *self, enum gst_nnc_task_text which,
                            gchar *text)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;

    pthread_mutex_lock(&settings->lock);
    gchar *const old = settings->texts[which];
    settings->texts[which] = text;
    pthread_mutex_unlock(&settings->lock);
    return old;
}

void gst_nnc_task_inject_set_text(GstNncTaskInject *self, enum gst_nnc_task_text which,
                                  const gchar *given)
{
    g_autofree gchar *text = g_strdup(given ? given : "");
    enum nnc_status status = NNC_OK;
    struct nnc_error error;

    pthread_mutex_lock(&self->settings.setters);
    if (self->settings.running)
        status = use_text[which](self, text, &error);
    if (!status)
        text = exchange_text(self, which, text);
    pthread_mutex_unlock(&self->settings.setters);
    if (status)
        refuse(self, &error);
}

/* `setters` is held. Takes `task`. */
static enum nnc_status use_task(GstNncTaskInject *self, GstStructure *task,
                                struct nnc_error *error)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;
    const enum nnc_status status = settings->running ? check_task(task, error) : NNC_OK;

    if (!status) {
        pthread_mutex_lock(&settings->lock);
        GstStructure *const old = settings->task;
        settings->task = task;
        pthread_mutex_unlock(&settings->lock);
        task = old;
    }
    gst_structure_free(task);
    return status;
}

void gst_nnc_task_inject_set_task(GstNncTaskInject *self, const GstStructure *given)
{
    GstStructure *const task =
        given ? gst_structure_copy(given) : gst_nnc_task_new(NULL, NULL);
    struct nnc_error error;

    gst_structure_remove_field(task, "seq"); /* the element counts itself */
    pthread_mutex_lock(&self->settings.setters);
    const enum nnc_status status = use_task(self, task, &error);
    pthread_mutex_unlock(&self->settings.setters);
    if (status)
        refuse(self, &error);
}

void gst_nnc_task_inject_set_task_text(GstNncTaskInject *self, const gchar *field,
                                       const gchar *text)
{
    struct nnc_error error;

    if (text && !g_utf8_validate(text, -1, NULL)) { /* which no structure takes */
        g_autofree gchar *what = g_strdup_printf("property '%s'", field);
        gst_nnc_task_text_check_cutout(what, text, &error);
        refuse(self, &error);
        return;
    }
    pthread_mutex_lock(&self->settings.setters);
    GstStructure *const task = gst_structure_copy(self->settings.task);
    if (text)
        gst_structure_set(task, field, G_TYPE_STRING, text, NULL);
    else
        gst_structure_remove_field(task, field);
    const enum nnc_status status = use_task(self, task, &error);
    pthread_mutex_unlock(&self->settings.setters);
    if (status)
        refuse(self, &error);
}
