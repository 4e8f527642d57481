/* SPDX-License-Identifier: MIT */

/* What users set and read of nncclassify. No setter waits for a frame or for a
 * compilation, and none posts a message under a lock: a synchronous bus handler may set
 * again. */

#include "gstnncclassify.h"

#include <gstnnc/gstnnctask.h>

#define DEFAULT_TOP_K 5
#define DEFAULT_QOS TRUE
#define MAX_THREADS 256

/* A user who types sees every answer; a program that storms does not flood the bus. */
#define REFUSALS_PER_SECOND 20

enum {
    PROP_0,
    PROP_MODEL,
    PROP_CUTOUT,
    PROP_ATTENTION,
    PROP_TASK,
    PROP_TOP_K,
    PROP_THRESHOLD,
    PROP_INTERVAL,
    PROP_THREADS,
    PROP_PRECISION,
    PROP_POST_MESSAGES,
    PROP_QOS,
    PROP_TAXONOMY,
    PROP_STATS,
    PROP_ACTIVE_PARAMS,
    PROP_ACTIVE_MACS,
    PROP_TOTAL_PARAMS,
    PROP_TOTAL_MACS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

#define GST_TYPE_NNC_POST_MESSAGES (gst_nnc_post_messages_get_type())

static GType gst_nnc_post_messages_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_POST_MESSAGES_NONE, "No messages", "none"},
        {GST_NNC_POST_MESSAGES_CHANGE, "A message when the best class is another one",
         "change"},
        {GST_NNC_POST_MESSAGES_ALL, "A message for every frame with a prediction", "all"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncPostMessages", values));
    return type;
}

#define GST_TYPE_NNC_PRECISION (gst_nnc_precision_get_type())

static GType gst_nnc_precision_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {NNC_PRECISION_FP32, "Numbers of 32 bits", "fp32"},
        {NNC_PRECISION_BF16, "Numbers of 16 bits (AVX512-BF16)", "bf16"},
        {NNC_PRECISION_INT8, "Bytes, for a quantised model (AVX512-VNNI)", "int8"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncPrecision", values));
    return type;
}

void gst_nnc_settings_init(struct gst_nnc_settings *settings)
{
    pthread_mutex_init(&settings->lock, NULL);
    atomic_store(&settings->top_k, DEFAULT_TOP_K);
    atomic_store(&settings->qos, DEFAULT_QOS);
}

void gst_nnc_settings_finish(struct gst_nnc_settings *settings)
{
    g_free(settings->model);
    g_free(settings->taxonomy);
    pthread_mutex_destroy(&settings->lock);
}

/* --- setting --- */

static void refuse(GstNncClassify *self, const struct nnc_error *error)
{
    gst_nnc_count(&self->stats.tasks_refused, 1);
    pthread_mutex_lock(&self->settings.lock);
    const gboolean may_speak =
        gst_nnc_limiter_allows(&self->settings.refused, REFUSALS_PER_SECOND);
    pthread_mutex_unlock(&self->settings.lock);
    if (may_speak)
        gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, error);
}

/* NULL leaves that half of the task as it is. */
static void set_task(GstNncClassify *self, const gchar *cutout, const gchar *attention)
{
    struct nnc_error error;

    if (gst_nnc_task_slot_set(&self->slot, cutout, attention, &error))
        refuse(self, &error);
    else
        gst_nnc_count(&self->stats.tasks_accepted, 1);
}

static void set_task_structure(GstNncClassify *self, const GstStructure *task)
{
    const gchar *cutout = NULL, *attention = NULL;
    struct nnc_error error;

    if (gst_nnc_task_get(task, &cutout, &attention)) {
        set_task(self, cutout, attention);
        return;
    }
    gst_nnc_error_set(
        &error, NNC_TASK,
        "property 'task': got a structure '%.60s'; expected '" GST_NNC_TASK_NAME
        "' with the string fields cutout and attention",
        task ? gst_structure_get_name(task) : "(none)");
    refuse(self, &error);
}

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

static void set_model(GstNncClassify *self, const gchar *path)
{
    if (!may_set_at_rest(self, "model"))
        return;
    pthread_mutex_lock(&self->settings.lock);
    g_free(self->settings.model);
    self->settings.model = g_strdup(path);
    pthread_mutex_unlock(&self->settings.lock);
}

static const gchar *text_or_empty(const GValue *value)
{
    const gchar *const text = g_value_get_string(value);

    return text ? text : "";
}

static void set_property(GObject *object, guint id, const GValue *value,
                         GParamSpec *pspec)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(object);
    struct gst_nnc_settings *const settings = &self->settings;

    switch (id) {
    case PROP_MODEL:
        set_model(self, g_value_get_string(value));
        break;
    case PROP_CUTOUT:
        set_task(self, text_or_empty(value), NULL);
        break;
    case PROP_ATTENTION:
        set_task(self, NULL, text_or_empty(value));
        break;
    case PROP_TASK:
        set_task_structure(self, gst_value_get_structure(value));
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
    case PROP_POST_MESSAGES:
        atomic_store(&settings->post_messages, g_value_get_enum(value));
        break;
    case PROP_QOS:
        atomic_store(&settings->qos, g_value_get_boolean(value));
        break;
    default:
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

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
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
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

void gst_nnc_classify_task_changed(gpointer owner, const struct nnc_error *error)
{
    GObject *const object = owner;

    if (error) {
        refuse(GST_NNC_CLASSIFY(owner), error);
        g_object_notify_by_pspec(object, properties[PROP_CUTOUT]);
        g_object_notify_by_pspec(object, properties[PROP_ATTENTION]);
        g_object_notify_by_pspec(object, properties[PROP_TASK]);
        return;
    }
    g_object_notify_by_pspec(object, properties[PROP_ACTIVE_PARAMS]);
    g_object_notify_by_pspec(object, properties[PROP_ACTIVE_MACS]);
}

/* --- description --- */

#define READY (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define FACT (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void describe_task(void)
{
    /**
     * GstNncClassify:model:
     *
     * The ONNX file, with a taxonomy in its metadata. Elements of one process that name
     * the same file share it.
     *
     * Since: 0.1
     */
    properties[PROP_MODEL] = g_param_spec_string(
        "model", "Model", "ONNX file with a taxonomy in its metadata", NULL, READY);
    /**
     * GstNncClassify:cutout:
     *
     * Which categories are active, e.g. "vehicles,mammals/cats" or "-places"; "" for all.
     * Everything else is neither run nor kept in memory. Every value that is accepted
     * counts as a change and gives the task the next number. It takes effect at a frame
     * boundary once it is compiled; of several in a row the last one wins. A value that
     * cannot be understood changes nothing and posts a warning. Before the start any
     * value is accepted; it is looked at when the model is loaded.
     *
     * Since: 0.1
     */
    properties[PROP_CUTOUT] = g_param_spec_string(
        "cutout", "Cutout",
        "Active categories, e.g. \"vehicles,mammals/cats\" or \"-places\"; empty = all",
        "", PLAYING);
    /**
     * GstNncClassify:attention:
     *
     * How strongly the features of categories count, e.g. "vehicles=1.5,places=0.5";
     * gains go from 0 to 16, categories that are not named have 1. Otherwise like
     * #GstNncClassify:cutout.
     *
     * Since: 0.1
     */
    properties[PROP_ATTENTION] = g_param_spec_string(
        "attention", "Attention",
        "Gains of categories (0..16), e.g. \"vehicles=1.5,places=0.5\"; empty = all 1",
        "", PLAYING);
    /**
     * GstNncClassify:task:
     *
     * Cutout and attention as the string fields `cutout` and `attention` of one structure
     * "nnc/task": both change as one. A field that is missing leaves that half as it is.
     *
     * Since: 0.1
     */
    properties[PROP_TASK] = g_param_spec_boxed(
        "task", "Task",
        "Cutout and attention that change as one: nnc/task, cutout=(string), "
        "attention=(string)",
        GST_TYPE_STRUCTURE, PLAYING);
}

static void describe_work(void)
{
    properties[PROP_TOP_K] = g_param_spec_uint(
        "top-k", "Top k", "How many classes a prediction lists; 0 = all", 0, 65536,
        DEFAULT_TOP_K, PLAYING);
    properties[PROP_THRESHOLD] = g_param_spec_float(
        "threshold", "Threshold", "Least probability of a class that is listed", 0.0f,
        1.0f, 0.0f, PLAYING | GST_PARAM_CONTROLLABLE);
    /**
     * GstNncClassify:interval:
     *
     * How many frames pass without a prediction between two that are classified; 0
     * classifies every frame, 1 every other one. Frames with a task of their own are
     * classified in any case.
     *
     * Since: 0.1
     */
    properties[PROP_INTERVAL] = g_param_spec_uint(
        "interval", "Interval", "Frames left out between two that are classified", 0,
        G_MAXINT, 0, PLAYING);
    properties[PROP_THREADS] = g_param_spec_uint(
        "threads", "Threads", "Threads that work on one frame; 0 = one per core", 0,
        MAX_THREADS, 0, READY);
    /**
     * GstNncClassify:precision:
     *
     * What convolutions and matrix products multiply. A processor or a model that cannot is
     * refused at the start with what it needs; models for int8 are made by `nnc quantize`.
     *
     * Since: 0.1
     */
    properties[PROP_PRECISION] = g_param_spec_enum(
        "precision", "Precision", "The numbers that convolutions multiply",
        GST_TYPE_NNC_PRECISION, NNC_PRECISION_FP32, READY);
    properties[PROP_POST_MESSAGES] = g_param_spec_enum(
        "post-messages", "Post messages",
        "When to post an element message nnc/prediction", GST_TYPE_NNC_POST_MESSAGES,
        GST_NNC_POST_MESSAGES_NONE, PLAYING);
    /**
     * GstNncClassify:qos:
     *
     * Whether frames that are late already are left unclassified. Unlike other filters,
     * the element never drops them: they pass with a prediction that says "late".
     *
     * Since: 0.1
     */
    properties[PROP_QOS] =
        g_param_spec_boolean("qos", "QoS", "Leave late frames unclassified (never drops)",
                             DEFAULT_QOS, PLAYING);
}

static void describe_facts(void)
{
    /**
     * GstNncClassify:taxonomy:
     *
     * The categories of the loaded model as one line of JSON, see
     * gst_nnc_taxonomy_to_json(). JSON because every language reads it: arrays of
     * structures are out of reach for bindings that lack GStreamer's own overrides.
     *
     * Since: 0.1
     */
    properties[PROP_TAXONOMY] = g_param_spec_string(
        "taxonomy", "Taxonomy",
        "The model's categories as JSON; none unless it is loaded", NULL, FACT);
    /**
     * GstNncClassify:stats:
     *
     * The structure "nnc/stats": frames-in, frames-classified, frames-refused,
     * frames-late, frames-skipped (by interval, or gaps), tasks-accepted, tasks-refused,
     * task-meta-ignored, task-meta-conflict, inference-ns-last, inference-ns-average,
     * task-id, cutout and attention (of the task that frames run, which may be older than
     * the one accepted last; tasks of metas not regarded), last-task-id, arena-bytes,
     * weight-bytes, backend and isa (what does the arithmetic, by which instructions),
     * precision. Counters begin anew with every start.
     *
     * Since: 0.1
     */
    properties[PROP_STATS] =
        g_param_spec_boxed("stats", "Statistics", "What was counted since the start",
                           GST_TYPE_STRUCTURE, FACT);
    properties[PROP_ACTIVE_PARAMS] = g_param_spec_uint64(
        "active-params", "Active parameters", "Parameters that the running task uses", 0,
        G_MAXUINT64, 0, FACT);
    properties[PROP_ACTIVE_MACS] = g_param_spec_uint64(
        "active-macs", "Active MACs",
        "Multiply-adds that the running task does per frame", 0, G_MAXUINT64, 0, FACT);
    properties[PROP_TOTAL_PARAMS] =
        g_param_spec_uint64("total-params", "Total parameters",
                            "Parameters of the full network", 0, G_MAXUINT64, 0, FACT);
    properties[PROP_TOTAL_MACS] = g_param_spec_uint64(
        "total-macs", "Total MACs", "Multiply-adds of the full network per frame", 0,
        G_MAXUINT64, 0, FACT);
}

void gst_nnc_classify_install_properties(GObjectClass *object_class)
{
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    describe_task();
    describe_work();
    describe_facts();
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_POST_MESSAGES, 0);
}
