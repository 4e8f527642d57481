/* SPDX-License-Identifier: MIT */

/* The model that an element names: known from the moment it is named, so that categories
 * can be set one by one before the pipeline plays; loaded for good at the start; exchanged
 * for another one, at a frame boundary, while frames flow. */

#include "gstnnccategory.h"
#include "gstnncclassify.h"
#include "gstnncmodels.h"

/* --- what is known --- */

static void tell_children(GstNncClassify *self, const GPtrArray *categories,
                          void (*tell)(GstChildProxy *, GObject *, const gchar *))
{
    for (guint i = 0; categories && i < categories->len; i++) {
        g_autofree gchar *name = gst_object_get_name(categories->pdata[i]);
        tell(GST_CHILD_PROXY(self), categories->pdata[i], name);
    }
}

static void show_costs(struct gst_nnc_settings *settings, const struct nnc_model *model)
{
    const struct nnc_cost cost =
        model ? nnc_model_cost(model) : (struct nnc_cost){0, 0};

    atomic_store(&settings->total_params, cost.params);
    atomic_store(&settings->total_macs, cost.macs);
}

static gboolean is_known(GstNncClassify *self, const struct nnc_model *model)
{
    pthread_mutex_lock(&self->settings.lock);
    const gboolean known = self->settings.known == model;
    pthread_mutex_unlock(&self->settings.lock);
    return known;
}

/* Takes over a model as gst_nnc_models_acquire() gave it; NULL: none. */
static void know(GstNncClassify *self, struct nnc_model *model)
{
    if (is_known(self, model)) {
        gst_nnc_models_release(model);
        return;
    }
    struct gst_nnc_settings *const settings = &self->settings;
    GPtrArray *const categories =
        model ? gst_nnc_categories_new(GST_ELEMENT(self), nnc_model_taxonomy(model)) : NULL;
    gchar *const taxonomy = model ? gst_nnc_result_taxonomy_json(model) : NULL;

    pthread_mutex_lock(&settings->lock);
    struct nnc_model *const old = settings->known;
    GPtrArray *const old_categories = settings->categories;
    settings->known = model;
    settings->categories = categories;
    g_free(settings->taxonomy);
    settings->taxonomy = taxonomy;
    pthread_mutex_unlock(&settings->lock);
    show_costs(settings, model);
    tell_children(self, old_categories, gst_child_proxy_child_removed);
    gst_nnc_categories_free(old_categories);
    gst_nnc_models_release(old);
    tell_children(self, categories, gst_child_proxy_child_added);
}

void gst_nnc_classify_forget_model(GstNncClassify *self)
{
    know(self, NULL);
}

/* Knows the model of this file; none if it cannot be read, which the start will say. */
static struct nnc_model *know_file(GstNncClassify *self, const gchar *path)
{
    const enum nnc_precision precision =
        (enum nnc_precision)atomic_load(&self->settings.precision);
    struct nnc_model *model = NULL;
    struct nnc_error error;

    if (path && *path && gst_nnc_models_acquire(path, precision, &model, &error))
        GST_INFO_OBJECT(self, "not readable now: %s", error.message);
    know(self, model);
    return model;
}

static gchar *get_path(GstNncClassify *self)
{
    pthread_mutex_lock(&self->settings.lock);
    gchar *const path = g_strdup(self->settings.model);
    pthread_mutex_unlock(&self->settings.lock);
    return path;
}

static gboolean set_path(GstNncClassify *self, const gchar *path)
{
    pthread_mutex_lock(&self->settings.lock);
    g_free(self->settings.model);
    self->settings.model = g_strdup(path);
    const gboolean running = self->settings.running;
    pthread_mutex_unlock(&self->settings.lock);
    return running;
}

static void set_running(GstNncClassify *self, gboolean running)
{
    pthread_mutex_lock(&self->settings.lock);
    self->settings.running = running;
    pthread_mutex_unlock(&self->settings.lock);
}

/* `naming` orders two threads that name models at rest, and the start. */
void gst_nnc_classify_set_model(GstNncClassify *self, const gchar *path)
{
    pthread_mutex_lock(&self->naming);
    const gboolean running = set_path(self, path);
    if (!running || !gst_nnc_task_slot_change_engine(&self->slot))
        gst_nnc_task_slot_know(&self->slot, know_file(self, path));
    pthread_mutex_unlock(&self->naming);
}

/* --- start and stop --- */

static enum nnc_status make_engine(GstNncClassify *self, const gchar *path,
                                   struct gst_nnc_engine **engine,
                                   struct nnc_error *error)
{
    const struct gst_nnc_engine_options options = {
        .path = path,
        .precision = (enum nnc_precision)atomic_load(&self->settings.precision),
        .threads = atomic_load(&self->settings.threads),
    };
    return gst_nnc_engine_create(&options, engine, error);
}

static void describe(GstNncClassify *self, const struct nnc_model *model)
{
    GST_INFO_OBJECT(self, "loaded %s, backend %s (%s), %s", nnc_model_name(model),
                    nnc_backend_name(nnc_model_backend(model)),
                    nnc_isa_name(nnc_model_isa(model)),
                    nnc_precision_name(nnc_model_precision(model)));
}

enum nnc_status gst_nnc_classify_load(GstNncClassify *self, struct nnc_error *error)
{
    struct gst_nnc_engine *engine = NULL;

    pthread_mutex_lock(&self->naming);
    g_autofree gchar *path = get_path(self);
    enum nnc_status status = make_engine(self, path, &engine, error);
    if (!status) {
        describe(self, engine->model);
        know(self, gst_nnc_models_ref(engine->model));
        status = gst_nnc_classify_apply_waiting_preset(self, error);
    }
    if (!status)
        status = gst_nnc_task_slot_start(&self->slot, engine, error);
    set_running(self, !status);
    gst_nnc_engine_unref(engine);
    self->name = gst_object_get_name(GST_OBJECT(self));
    pthread_mutex_unlock(&self->naming);
    return status;
}

static void drop_plans(GstNncClassify *self)
{
    pthread_mutex_lock(&self->settings.lock);
    if (self->settings.known)
        nnc_model_drop_unused_plans(self->settings.known);
    pthread_mutex_unlock(&self->settings.lock);
}

void gst_nnc_classify_unload(GstNncClassify *self)
{
    set_running(self, FALSE);
    gst_nnc_task_slot_stop(&self->slot);
    gst_nnc_task_layers_clear(&self->layers);
    drop_plans(self);
    g_clear_pointer(&self->name, g_free);
}

/* --- while frames flow: what the slot tells and asks, on its worker --- */

static void task_changed(gpointer owner, const struct nnc_error *error)
{
    if (!error) {
        gst_nnc_classify_notify_cost(owner);
        return;
    }
    gst_nnc_classify_refuse(owner, error);
    gst_nnc_classify_notify_task(owner);
}

static enum nnc_status load(gpointer owner, struct gst_nnc_engine **engine,
                            struct nnc_error *error)
{
    GstNncClassify *const self = owner;

    g_free(self->tried);
    self->tried = get_path(self);
    return make_engine(self, self->tried, engine, error);
}

/* Unless a newer name came meanwhile, which the worker will try next. */
static void take_back_path(GstNncClassify *self, const gchar *path)
{
    pthread_mutex_lock(&self->settings.lock);
    if (!g_strcmp0(self->settings.model, self->tried)) {
        g_free(self->settings.model);
        self->settings.model = g_strdup(path);
    }
    pthread_mutex_unlock(&self->settings.lock);
}


/* With an error the old engine goes on, and the property goes back to it. */
static void engine_changed(gpointer owner, struct gst_nnc_engine *engine,
                           const struct nnc_error *error)
{
    GstNncClassify *const self = owner;

    if (error) {
        take_back_path(self, engine->path);
        gst_nnc_classify_refuse(self, error);
    } else {
        describe(self, engine->model);
        know(self, gst_nnc_models_ref(engine->model));
    }
    gst_nnc_classify_notify_model(self);
    gst_nnc_classify_notify_task(self);
    gst_nnc_classify_notify_cost(self);
}

static void preloaded(gpointer owner, const struct gst_nnc_live_task *live,
                      const struct nnc_error *error)
{
    if (error) {
        gst_nnc_classify_refuse(owner, error);
        return;
    }
    gst_element_post_message(
        owner, gst_message_new_element(
                   owner, gst_structure_new("nnc/preloaded", "cutout", G_TYPE_STRING,
                                            live->cutout, "attention", G_TYPE_STRING,
                                            live->attention, NULL)));
}

const struct gst_nnc_task_slot_owner gst_nnc_classify_slot_owner = {
    task_changed, load, engine_changed, preloaded};

/* --- categories as children --- */

static GPtrArray *ref_categories(GstChildProxy *proxy)
{
    struct gst_nnc_settings *const settings = &GST_NNC_CLASSIFY(proxy)->settings;

    pthread_mutex_lock(&settings->lock);
    GPtrArray *const categories =
        settings->categories ? g_ptr_array_ref(settings->categories) : g_ptr_array_new();
    pthread_mutex_unlock(&settings->lock);
    return categories;
}

static GObject *get_child_by_index(GstChildProxy *proxy, guint index)
{
    g_autoptr(GPtrArray) categories = ref_categories(proxy);

    return index < categories->len ? g_object_ref(categories->pdata[index]) : NULL;
}

static GObject *get_child_by_name(GstChildProxy *proxy, const gchar *name)
{
    g_autoptr(GPtrArray) categories = ref_categories(proxy);

    return gst_nnc_categories_find(categories, name);
}

static guint get_children_count(GstChildProxy *proxy)
{
    g_autoptr(GPtrArray) categories = ref_categories(proxy);

    return categories->len;
}

void gst_nnc_classify_init_child_proxy(gpointer interface, gpointer data)
{
    GstChildProxyInterface *const proxy = interface;

    proxy->get_child_by_index = get_child_by_index;
    proxy->get_child_by_name = get_child_by_name;
    proxy->get_children_count = get_children_count;
}
