/* SPDX-License-Identifier: MIT */

/* The properties of nnctask: their descriptions, and the way to and from their values. */

#include "gstnnctaskinject.h"

enum {
    PROP_0,
    PROP_CUTOUT,
    PROP_ATTENTION,
    PROP_TASK,
    PROP_MODE,
    PROP_SCRIPT,
    PROP_SCRIPT_CLOCK,
    PROP_LOOP,
    PROP_MAP,
    PROP_HEAR,
    PROP_HOLD,
    PROP_DECAY,
    PROP_STATS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

#define GST_TYPE_NNC_TASK_MODE (gst_nnc_task_mode_get_type())

static GType gst_nnc_task_mode_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_TASK_MODE_META, "A meta on every buffer: exact to the frame", "meta"},
        {GST_NNC_TASK_MODE_EVENT, "An event before the buffer from which it holds",
         "event"},
        {GST_NNC_TASK_MODE_STICKY_EVENT,
         "The same, kept by pads for elements that are linked later", "sticky-event"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncTaskMode", values));
    return type;
}

#define GST_TYPE_NNC_TASK_CLOCK (gst_nnc_task_clock_get_type())

static GType gst_nnc_task_clock_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_TASK_CLOCK_RUNNING_TIME, "Since the pipeline began to play",
         "running-time"},
        {GST_NNC_TASK_CLOCK_STREAM_TIME, "The position in the film", "stream-time"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncTaskClock", values));
    return type;
}

/* --- setting --- */

static void set_property(GObject *object, guint id, const GValue *value,
                         GParamSpec *pspec)
{
    GstNncTaskInject *const self = GST_NNC_TASK_INJECT(object);
    struct gst_nnc_task_inject_settings *const settings = &self->settings;

    switch (id) {
    case PROP_CUTOUT:
        gst_nnc_task_inject_set_task_text(self, "cutout", g_value_get_string(value));
        break;
    case PROP_ATTENTION:
        gst_nnc_task_inject_set_task_text(self, "attention", g_value_get_string(value));
        break;
    case PROP_TASK:
        gst_nnc_task_inject_set_task(self, gst_value_get_structure(value));
        break;
    case PROP_MODE:
        atomic_store(&settings->mode, g_value_get_enum(value));
        break;
    case PROP_SCRIPT:
        gst_nnc_task_inject_set_text(self, GST_NNC_TASK_SCRIPT,
                                     g_value_get_string(value));
        break;
    case PROP_SCRIPT_CLOCK:
        atomic_store(&settings->clock, g_value_get_enum(value));
        break;
    case PROP_LOOP:
        atomic_store(&settings->loop, g_value_get_double(value));
        break;
    case PROP_MAP:
        gst_nnc_task_inject_set_text(self, GST_NNC_TASK_MAP, g_value_get_string(value));
        break;
    case PROP_HEAR:
        gst_nnc_task_inject_set_text(self, GST_NNC_TASK_HEAR, g_value_get_string(value));
        break;
    case PROP_HOLD:
        atomic_store(&settings->hold, g_value_get_uint(value));
        break;
    case PROP_DECAY:
        atomic_store(&settings->decay, g_value_get_uint(value));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

/* --- reading --- */

static void get_text(GstNncTaskInject *self, enum gst_nnc_task_text which, GValue *value)
{
    pthread_mutex_lock(&self->settings.lock);
    g_value_set_string(value, self->settings.texts[which]);
    pthread_mutex_unlock(&self->settings.lock);
}

static GstStructure *get_task(GstNncTaskInject *self)
{
    pthread_mutex_lock(&self->settings.lock);
    GstStructure *const task = gst_structure_copy(self->settings.task);
    pthread_mutex_unlock(&self->settings.lock);
    return task;
}

static void get_task_text(GstNncTaskInject *self, const gchar *field, GValue *value)
{
    GstStructure *const task = get_task(self);

    g_value_set_string(value, gst_structure_get_string(task, field));
    gst_structure_free(task);
}

static GstStructure *get_stats(GstNncTaskInject *self)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;
    GstStructure *const stats = gst_nnc_task_stats_to_structure(&self->stats);

    gst_structure_set(stats, "messages-matched", G_TYPE_UINT64,
                      gst_nnc_task_hearing_count(self->hearing), "hearing",
                      G_TYPE_BOOLEAN, (gboolean)atomic_load(&settings->hearing), NULL);
    pthread_mutex_lock(&settings->lock);
    if (settings->newest)
        gst_structure_set(stats, "task", GST_TYPE_STRUCTURE, settings->newest, NULL);
    pthread_mutex_unlock(&settings->lock);
    return stats;
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    GstNncTaskInject *const self = GST_NNC_TASK_INJECT(object);
    struct gst_nnc_task_inject_settings *const settings = &self->settings;

    switch (id) {
    case PROP_CUTOUT:
        get_task_text(self, "cutout", value);
        break;
    case PROP_ATTENTION:
        get_task_text(self, "attention", value);
        break;
    case PROP_TASK:
        g_value_take_boxed(value, get_task(self));
        break;
    case PROP_MODE:
        g_value_set_enum(value, atomic_load(&settings->mode));
        break;
    case PROP_SCRIPT:
        get_text(self, GST_NNC_TASK_SCRIPT, value);
        break;
    case PROP_SCRIPT_CLOCK:
        g_value_set_enum(value, atomic_load(&settings->clock));
        break;
    case PROP_LOOP:
        g_value_set_double(value, atomic_load(&settings->loop));
        break;
    case PROP_MAP:
        get_text(self, GST_NNC_TASK_MAP, value);
        break;
    case PROP_HEAR:
        get_text(self, GST_NNC_TASK_HEAR, value);
        break;
    case PROP_HOLD:
        g_value_set_uint(value, atomic_load(&settings->hold));
        break;
    case PROP_DECAY:
        g_value_set_uint(value, atomic_load(&settings->decay));
        break;
    case PROP_STATS:
        g_value_take_boxed(value, get_stats(self));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

/* --- description --- */

#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define FACT (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void describe_task(void)
{
    /**
     * GstNncTaskInject:cutout:
     *
     * Which categories are active; see #GstNncClassify:cutout. %NULL leaves that to
     * nncclassify. Only the form is checked here, since the model is not known: names are
     * looked at by nncclassify. While the element runs, a text of another form changes
     * nothing and posts a warning; before the start everything is noted, and a bad text
     * lets the start fail. That holds for all texts of the element.
     *
     * Since: 0.1
     */
    properties[PROP_CUTOUT] = g_param_spec_string(
        "cutout", "Cutout",
        "Active categories, e.g. \"vehicles,mammals/cats\"; none = as nncclassify has it",
        NULL, PLAYING);
    /**
     * GstNncTaskInject:attention:
     *
     * Gains of categories; see #GstNncClassify:attention. %NULL leaves that to
     * nncclassify.
     *
     * Since: 0.1
     */
    properties[PROP_ATTENTION] =
        g_param_spec_string("attention", "Attention",
                            "Gains of categories (0..16), e.g. \"vehicles=1.5\"; none = "
                            "as nncclassify has it",
                            NULL, PLAYING);
    /**
     * GstNncTaskInject:task:
     *
     * The whole task of the properties as one structure "nnc/task": what it does not have
     * is left to nncclassify. Beside `cutout` and `attention` it may have `gain/CATEGORY`
     * fields (double), and others, which are passed on unseen.
     *
     * Since: 0.1
     */
    properties[PROP_TASK] = g_param_spec_boxed(
        "task", "Task",
        "All of the task as one: nnc/task, cutout=(string), attention=(string), "
        "gain/CATEGORY=(double)",
        GST_TYPE_STRUCTURE, PLAYING);
    properties[PROP_MODE] = g_param_spec_enum(
        "mode", "Mode", "How tasks are told: a meta on every buffer, or events",
        GST_TYPE_NNC_TASK_MODE, GST_NNC_TASK_MODE_META, PLAYING);
}

static void describe_script(void)
{
    /**
     * GstNncTaskInject:script:
     *
     * A file of JSON lines. Each has either `time`, in seconds, or `at`, a local time of
     * day ("08:30" or "08:30:15"), and `cutout`, `attention` or both. A line holds until
     * the next one. The file is read at the start; when the property is set while the
     * element runs, even to the same name, it is read at once, and if it is bad the old
     * one stays.
     *
     * Since: 0.1
     */
    properties[PROP_SCRIPT] = g_param_spec_string(
        "script", "Script",
        "File of JSON lines with tasks by time: {\"time\": 12.5, \"cutout\": "
        "\"vehicles\"} or {\"at\": \"08:30\", ...}; set again to read it again",
        "", PLAYING);
    properties[PROP_SCRIPT_CLOCK] = g_param_spec_enum(
        "script-clock", "Script clock", "What \"time\" in the script counts",
        GST_TYPE_NNC_TASK_CLOCK, GST_NNC_TASK_CLOCK_RUNNING_TIME, PLAYING);
    properties[PROP_LOOP] = g_param_spec_double(
        "loop", "Loop",
        "Seconds after which a script with \"time\" begins again; 0 = it does not", 0.0,
        1e9, 0.0, PLAYING);
}

static void describe_senses(void)
{
    /**
     * GstNncTaskInject:map:
     *
     * What seen labels do, as "label=category:gain" between commas; `*` and `?` in a
     * label match anything. Labels are those of GstVideoRegionOfInterestMeta and, if
     * built with GStreamer 1.24 or later, of GstAnalytics detections. Setting it forgets
     * what was seen.
     *
     * Since: 0.1
     */
    properties[PROP_MAP] = g_param_spec_string(
        "map", "Map",
        "Gains (0..16) for categories by labels of the frame's regions: "
        "\"person=people:1.5,car*=vehicles:2\"",
        "", PLAYING);
    /**
     * GstNncTaskInject:hear:
     *
     * What element messages on the pipeline's bus do, as "message=category:gain" between
     * commas. "message:field=category:gain" wants a field to be there,
     * "message:field>number=category:gain" (or <, <=, >=) compares it; of many numbers,
     * such as those of `level` for each channel, the largest counts. A message counts
     * from the next frame on. Setting it forgets what was heard.
     *
     * Since: 0.1
     */
    properties[PROP_HEAR] = g_param_spec_string(
        "hear", "Hear",
        "Gains (0..16) for categories by element messages of the pipeline: "
        "\"level:peak>-20=vehicles:1.5,motion:motion_begin=people:2\"",
        "", PLAYING);
    properties[PROP_HOLD] = g_param_spec_uint(
        "hold", "Hold",
        "Milliseconds that a gain stays after what was seen or heard last", 0, G_MAXUINT,
        GST_NNC_TASK_DEFAULT_HOLD, PLAYING);
    properties[PROP_DECAY] = g_param_spec_uint(
        "decay", "Decay",
        "Milliseconds in which a gain returns to 1 after that, in a straight line", 0,
        G_MAXUINT, GST_NNC_TASK_DEFAULT_DECAY, PLAYING);
}

static void describe_facts(void)
{
    /**
     * GstNncTaskInject:stats:
     *
     * The structure "nnc/task-stats": frames (that came in), gaps (of them), tasks (that
     * differed from the one before), metas-added, metas-kept (of others), events-sent,
     * labels-matched, messages-matched, texts-refused, script-line (that holds; 0 for
     * none), hearing (whether a bus is listened to), task (the newest one, with `seq`).
     * Counters begin anew with every start.
     *
     * Since: 0.1
     */
    properties[PROP_STATS] =
        g_param_spec_boxed("stats", "Statistics", "What was counted since the start",
                           GST_TYPE_STRUCTURE, FACT);
}

void gst_nnc_task_inject_install_properties(GObjectClass *object_class)
{
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    describe_task();
    describe_script();
    describe_senses();
    describe_facts();
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_TASK_MODE, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_TASK_CLOCK, 0);
}
