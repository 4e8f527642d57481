/* SPDX-License-Identifier: MIT */

/* Setting the task from outside: properties, single categories, action signals. No setter
 * waits for a frame or for a compilation, and none posts a message under a lock: a
 * synchronous bus handler may set again. */

#include "gstnncclassify.h"
#include "gstnncpresetfile.h"

/* A user who types sees every answer; a program that storms does not flood the bus. */
#define REFUSALS_PER_SECOND 20

void gst_nnc_classify_refuse(GstNncClassify *self, const struct nnc_error *error)
{
    gst_nnc_count(&self->stats.tasks_refused, 1);
    pthread_mutex_lock(&self->settings.lock);
    const gboolean may_speak =
        gst_nnc_limiter_allows(&self->settings.refused, REFUSALS_PER_SECOND);
    pthread_mutex_unlock(&self->settings.lock);
    if (may_speak)
        gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, error);
}

/* Takes `request` over. */
static guint64 set_request(GstNncClassify *self, struct gst_nnc_request *request)
{
    struct nnc_error error;
    guint64 id = 0;

    if (gst_nnc_task_slot_set(&self->slot, request, &id, &error))
        gst_nnc_classify_refuse(self, &error);
    else
        gst_nnc_count(&self->stats.tasks_accepted, 1);
    gst_nnc_request_clear(request);
    return id;
}

guint64 gst_nnc_classify_set_texts(GstNncClassify *self, const gchar *cutout,
                                   const gchar *attention)
{
    struct gst_nnc_request request;

    gst_nnc_request_init(&request, cutout, attention);
    return set_request(self, &request);
}

guint64 gst_nnc_classify_set_structure(GstNncClassify *self, const GstStructure *task)
{
    struct gst_nnc_request request;
    struct nnc_error error;

    if (!gst_nnc_request_parse(task, &request, &error))
        return set_request(self, &request);
    gst_nnc_classify_refuse(self, &error);
    return 0;
}

gboolean gst_nnc_classify_preload(GstNncClassify *self, const GstStructure *task)
{
    struct gst_nnc_request request;
    struct nnc_error error;
    enum nnc_status status = gst_nnc_request_parse(task, &request, &error);

    if (!status) {
        status = gst_nnc_task_slot_preload(&self->slot, &request, &error);
        gst_nnc_request_clear(&request);
    }
    if (status)
        gst_nnc_classify_refuse(self, &error);
    return !status;
}

/* --- presets --- */

/* The texts of a preset, of the user's file first; to be freed. `*judged` tells if there
 * is a model, without which the answer may be another one later. */
static gboolean find_preset(GstNncClassify *self, const gchar *name, gchar **cutout,
                            gchar **attention, gboolean *judged)
{
    struct gst_nnc_settings *const settings = &self->settings;

    pthread_mutex_lock(&settings->lock);
    const struct gst_nnc_preset *const own =
        settings->presets ? g_hash_table_lookup(settings->presets, name) : NULL;
    const struct nnc_preset *const models =
        settings->known ? nnc_model_find_preset(settings->known, name) : NULL;
    if (own || models) {
        *cutout = g_strdup(own ? own->cutout : models->cutout);
        *attention = g_strdup(own ? own->attention : models->attention);
    }
    *judged = settings->known != NULL;
    pthread_mutex_unlock(&settings->lock);
    return own || models;
}

static gchar *list_presets(GstNncClassify *self)
{
    GString *const names = g_string_new(NULL);
    const struct nnc_preset *preset;

    pthread_mutex_lock(&self->settings.lock);
    for (gsize i = 0; self->settings.known && names->len < 200 &&
                      (preset = nnc_model_preset(self->settings.known, i));
         i++)
        g_string_append_printf(names, "%s'%s'", i ? ", " : "", preset->name);
    pthread_mutex_unlock(&self->settings.lock);
    return g_string_free(names, FALSE);
}

static enum nnc_status fail_preset(GstNncClassify *self, const gchar *name,
                                   struct nnc_error *error)
{
    g_autofree gchar *names = list_presets(self);

    gst_nnc_error_set(error, NNC_TASK,
                      "preset '%.64s': neither the model nor a file of presets has it; "
                      "the model has %s",
                      name, *names ? names : "none");
    return NNC_TASK;
}

static void note_preset(GstNncClassify *self, const gchar *name, gboolean waits)
{
    pthread_mutex_lock(&self->settings.lock);
    g_free(self->settings.preset);
    self->settings.preset = g_strdup(name);
    self->settings.preset_waits = waits;
    pthread_mutex_unlock(&self->settings.lock);
}

void gst_nnc_classify_set_preset(GstNncClassify *self, const gchar *name)
{
    g_autofree gchar *cutout = NULL, *attention = NULL;
    struct nnc_error error;
    gboolean judged = TRUE;

    if (!name || !*name) {
        note_preset(self, NULL, FALSE);
        return;
    }
    const gboolean found = find_preset(self, name, &cutout, &attention, &judged);
    if (found) {
        gst_nnc_classify_set_texts(self, cutout, attention);
    } else if (judged) {
        fail_preset(self, name, &error);
        gst_nnc_classify_refuse(self, &error);
        return;
    }
    note_preset(self, name, !found);
}

void gst_nnc_classify_set_preset_file(GstNncClassify *self, const gchar *path)
{
    GHashTable *presets = NULL;
    struct nnc_error error;

    if (path && *path && gst_nnc_preset_file_read(path, &presets, &error)) {
        gst_nnc_classify_refuse(self, &error);
        return;
    }
    pthread_mutex_lock(&self->settings.lock);
    GHashTable *const old = self->settings.presets;
    self->settings.presets = presets;
    g_free(self->settings.preset_file);
    self->settings.preset_file = g_strdup(path);
    pthread_mutex_unlock(&self->settings.lock);
    if (old)
        g_hash_table_unref(old);
}

enum nnc_status gst_nnc_classify_apply_waiting_preset(GstNncClassify *self,
                                                      struct nnc_error *error)
{
    g_autofree gchar *name = NULL, *cutout = NULL, *attention = NULL;
    gboolean judged;

    pthread_mutex_lock(&self->settings.lock);
    if (self->settings.preset_waits)
        name = g_strdup(self->settings.preset);
    self->settings.preset_waits = FALSE;
    pthread_mutex_unlock(&self->settings.lock);
    if (!name)
        return NNC_OK;
    if (!find_preset(self, name, &cutout, &attention, &judged))
        return fail_preset(self, name, error);
    gst_nnc_classify_set_texts(self, cutout, attention);
    return NNC_OK;
}

/* --- single categories --- */

static void answer(GstNncClassify *self, enum nnc_status status, gboolean changed,
                   const struct nnc_error *error)
{
    if (status) {
        gst_nnc_classify_refuse(self, error);
    } else if (changed) {
        gst_nnc_count(&self->stats.tasks_accepted, 1);
        gst_nnc_classify_notify_task(self);
    }
}

void gst_nnc_classify_set_gain(GstNncClassify *self, uint32_t category, gdouble gain)
{
    const struct gst_nnc_gain one = {category, (gfloat)gain};
    struct nnc_error error;
    gboolean changed;

    if (atomic_load(&self->syncing) == g_thread_self()) {
        g_array_append_val(self->synced, one);
        return;
    }
    const enum nnc_status status =
        gst_nnc_task_slot_set_gains(&self->slot, &one, 1, &changed, &error);
    answer(self, status, changed, &error);
}

void gst_nnc_classify_set_active(GstNncClassify *self, uint32_t category, gboolean active)
{
    struct nnc_error error;
    gboolean changed;
    const enum nnc_status status = gst_nnc_task_slot_set_active(
        &self->slot, category, active, &changed, &error);

    answer(self, status, changed, &error);
}
