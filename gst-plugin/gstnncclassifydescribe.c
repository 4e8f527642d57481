/* SPDX-License-Identifier: MIT */

/* What nncclassify says of itself: its properties and signals, as gst-inspect-1.0 shows
 * them and as programs find them. */

#include "gstnnccategory.h"
#include "gstnncclassifyproperties.h"

#define MAX_THREADS 256

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

#define GST_TYPE_NNC_CONTROL_POLICY (gst_nnc_control_policy_get_type())

static GType gst_nnc_control_policy_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_CONTROL_POLICY_MERGE, "What one leaves open is that of the next", "merge"},
        {GST_NNC_CONTROL_POLICY_REPLACE, "What one leaves open is everything", "replace"},
        {GST_NNC_CONTROL_POLICY_IGNORE_META, "Like merge, without metas", "ignore-meta"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncControlPolicy", values));
    return type;
}

#define GST_TYPE_NNC_PRECISION (gst_nnc_precision_get_type())

static GType gst_nnc_precision_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {NNC_PRECISION_FP32, "Numbers of 32 bits", "fp32"},
        {NNC_PRECISION_BF16, "Numbers of 16 bits (AMX or AVX512-BF16)", "bf16"},
        {NNC_PRECISION_INT8,
         "Bytes, for a quantised model (AMX, AVX512-VNNI or ARM's dot product)", "int8"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncPrecision", values));
    return type;
}

void gst_nnc_classify_notify_task(GstNncClassify *self)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CUTOUT]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_ATTENTION]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TASK]);
}

void gst_nnc_classify_notify_cost(GstNncClassify *self)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_ACTIVE_PARAMS]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_ACTIVE_MACS]);
}

void gst_nnc_classify_notify_model(GstNncClassify *self)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MODEL]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TAXONOMY]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TOTAL_PARAMS]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TOTAL_MACS]);
}

#define READY (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define FACT (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void describe_task(void)
{
    /**
     * GstNncClassify:model:
     *
     * The ONNX file, with a taxonomy in its metadata. Elements of one process that name
     * the same file share it. It is read when it is named: categories are there from then
     * on. While frames flow, another model is loaded aside and takes over between two
     * frames, together with the newest cutout and attention, which must fit it (names are
     * not checked before); if anything fails the old model goes on and the property goes
     * back to it.
     *
     * Since: 0.1
     */
    properties[PROP_MODEL] = g_param_spec_string(
        "model", "Model", "ONNX file with a taxonomy in its metadata", NULL, PLAYING);
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
     * Cutout and attention as fields of one structure "nnc/task": both change as one. A
     * field that is missing leaves that half as it is. `cutout` and `attention` are texts,
     * or arrays of them; `attention` may be an array of numbers, a gain for every
     * category; `mask` (bytes, or an array of numbers) has one for every class, 0 = cut
     * away; `gain/PATH` is the gain of one category, the others stay.
     *
     * Since: 0.1
     */
    properties[PROP_TASK] = g_param_spec_boxed(
        "task", "Task",
        "Cutout and attention that change as one: nnc/task with the fields cutout, "
        "attention, mask, gain/PATH",
        GST_TYPE_STRUCTURE, PLAYING);
}

static void describe_work(void)
{
    properties[PROP_TOP_K] = g_param_spec_uint(
        "top-k", "Top k", "How many classes a prediction lists; 0 = all", 0, 65536,
        GST_NNC_CLASSIFY_DEFAULT_TOP_K, PLAYING);
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
    /**
     * GstNncClassify:preset:
     *
     * The name of a task: of #GstNncClassify:preset-file, else of those that the model
     * brings along (`nnc info` lists them). Setting it is setting cutout and attention; a
     * name that nobody knows changes nothing and posts a warning.
     *
     * Since: 0.1
     */
    properties[PROP_PRESET] = g_param_spec_string(
        "preset", "Preset", "A task by its name, from the model or from a file of presets",
        NULL, PLAYING);
    /**
     * GstNncClassify:preset-file:
     *
     * A JSON file of tasks with names for #GstNncClassify:preset, e.g.
     * {"traffic": {"cutout": "vehicles", "attention": "vehicles=1.5"}}. It is read when it
     * is set; a file that cannot be read changes nothing and posts a warning.
     *
     * Since: 0.1
     */
    properties[PROP_PRESET_FILE] =
        g_param_spec_string("preset-file", "Preset file",
                            "JSON file of tasks with names, for preset", NULL, PLAYING);
    /**
     * GstNncClassify:control-policy:
     *
     * How tasks of metas (for their frame), of events (until the next event) and of the
     * properties go together: the first of them wins, and what it leaves open is that of
     * the next (merge) or everything and gain 1 (replace). With ignore-meta metas are not
     * looked at.
     *
     * Since: 0.1
     */
    properties[PROP_CONTROL_POLICY] = g_param_spec_enum(
        "control-policy", "Control policy",
        "How tasks of metas, events and properties go together",
        GST_TYPE_NNC_CONTROL_POLICY, GST_NNC_CONTROL_POLICY_MERGE, PLAYING);
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
                             GST_NNC_CLASSIFY_DEFAULT_QOS, PLAYING);
}

static void describe_facts(void)
{
    /**
     * GstNncClassify:taxonomy:
     *
     * The categories of the model as one line of JSON, see
     * gst_nnc_taxonomy_to_json(). JSON because every language reads it: arrays of
     * structures are out of reach for bindings that lack GStreamer's own overrides.
     *
     * Since: 0.1
     */
    properties[PROP_TAXONOMY] = g_param_spec_string(
        "taxonomy", "Taxonomy",
        "The model's categories as JSON; none without a readable model", NULL, FACT);
    /**
     * GstNncClassify:stats:
     *
     * The structure "nnc/stats". Frames: frames-in, frames-classified, frames-refused,
     * frames-late, frames-skipped (the sum of frames-gap, frames-corrupted, and
     * frames-left-out by the interval), frames-held (with a result of an older frame),
     * frames-replaced (with async: by a newer one, before they were begun). Regions of
     * interest: rois-classified, and those without a prediction: rois-refused (empty, or
     * outside of the frame), rois-outside (of the crop), rois-unwanted (by their label),
     * rois-small, rois-over-budget. Tasks: tasks-accepted, tasks-refused,
     * task-event-ignored, task-meta-ignored, task-meta-conflict, task-switches and
     * plan-switches (how often another task, another cutout came to run), task-id, cutout
     * and attention (of the task that frames run, which may be older than the one
     * accepted last; tasks of metas not regarded), last-task-id. Times, in nanoseconds:
     * inference-ns-last, -average, -p50, -p90 and -p99 of the network for each picture,
     * with what it waited for others that run the same task; frame-ns-p50, -p90 and -p99
     * of a frame in the element; percentiles are at most an eighth too long. fps-in and
     * fps: frames that came and that were classified, in the last second or so. Of the
     * model, shared with other elements: plan-cache-hits and plan-cache-misses (tasks
     * whose plan was there, or had to be made), weight-bytes. And arena-bytes, backend
     * and isa (what does the arithmetic, by which instructions), precision. Counters
     * begin anew with every start.
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

static void install_signals(GType type)
{
    /**
     * GstNncClassify::set-task:
     * @element: the element
     * @task: a structure as #GstNncClassify:task takes it
     *
     * Like setting #GstNncClassify:task.
     *
     * Returns: the number that predictions of this task will carry; 0 if it was refused,
     *   or if the element is not started
     *
     * Since: 0.1
     */
    g_signal_new_class_handler("set-task", type, G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
                               G_CALLBACK(gst_nnc_classify_set_structure), NULL, NULL,
                               NULL, G_TYPE_UINT64, 1, GST_TYPE_STRUCTURE);
    /**
     * GstNncClassify::preload-task:
     * @element: the element
     * @task: a structure as #GstNncClassify:task takes it; what it leaves open is that of
     *   today's task
     *
     * Has a task compiled before it is needed, so that the first frame that asks for it by
     * a meta or an event does not wait. An element message "nnc/preloaded" says when it is
     * done. The last sixteen are kept until the element stops.
     *
     * Returns: whether the task was understood
     *
     * Since: 0.1
     */
    g_signal_new_class_handler("preload-task", type, G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
                               G_CALLBACK(gst_nnc_classify_preload), NULL, NULL, NULL,
                               G_TYPE_BOOLEAN, 1, GST_TYPE_STRUCTURE);
}

void gst_nnc_classify_install_properties(GObjectClass *object_class)
{
    object_class->set_property = gst_nnc_classify_set_property;
    object_class->get_property = gst_nnc_classify_get_property;
    describe_task();
    describe_work();
    describe_facts();
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
    gst_nnc_input_install_properties(object_class);
    install_signals(G_OBJECT_CLASS_TYPE(object_class));
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_CONTROL_POLICY, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_CATEGORY, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_POST_MESSAGES, 0);
}
