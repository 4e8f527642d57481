/* SPDX-License-Identifier: MIT */

/* What happens to a frame: which task holds at its time, and how it is told. All of it is
 * the streaming thread's. */

#include "gstnnctaskinject.h"
#include "gstnncsegment.h"
#include "gstnnctasksight.h"
#include "gstnnctasktext.h"

#include <gstnnc/gstnnctask.h>
#include <gstnnc/gstnnctaskevent.h>

#include <math.h>
#include <string.h>

/* What users set, as it is for one frame. */
struct inputs {
    GstStructure *task; /* owned, becomes the frame's */
    struct gst_nnc_task_script *script;
    struct gst_nnc_task_rules *map, *hear;
    struct gst_nnc_task_fade fade;
};

static void take_inputs(GstNncTaskInject *self, struct inputs *inputs)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;

    pthread_mutex_lock(&settings->lock);
    inputs->task = gst_structure_copy(settings->task);
    inputs->script = settings->script ? gst_nnc_task_script_ref(settings->script) : NULL;
    inputs->map = settings->map ? gst_nnc_task_rules_ref(settings->map) : NULL;
    pthread_mutex_unlock(&settings->lock);
    inputs->hear = gst_nnc_task_hearing_ref_rules(self->hearing);
    inputs->fade.hold_ns = atomic_load(&settings->hold) * (gint64)GST_MSECOND;
    inputs->fade.decay_ns = atomic_load(&settings->decay) * (gint64)GST_MSECOND;
}

static void release_inputs(struct inputs *inputs)
{
    gst_nnc_task_script_unref(inputs->script);
    gst_nnc_task_rules_unref(inputs->map);
    gst_nnc_task_rules_unref(inputs->hear);
}

static void reset_rules(GstNncTaskInject *self)
{
    struct inputs inputs;

    take_inputs(self, &inputs);
    if (inputs.map)
        gst_nnc_task_rules_reset(inputs.map);
    if (inputs.hear)
        gst_nnc_task_rules_reset(inputs.hear);
    gst_structure_free(inputs.task);
    release_inputs(&inputs);
}

/* Whoever comes behind may have forgotten the event, too. */
void gst_nnc_task_inject_forget_stream(GstNncTaskInject *self)
{
    reset_rules(self);
    self->now_ns = 0;
    self->event_in_force = FALSE;
    self->event_is_due = TRUE;
}

/* --- time --- */

/* Times are foreign: sums and differences of what comes out here cannot overflow. */
static gint64 to_time(GstClockTime time)
{
    return (gint64)MIN(time, (GstClockTime)G_MAXINT64 / 4);
}

/* Frames without a time get the clock's; without a clock, that of the frame before. */
static void read_time(GstNncTaskInject *self, GstBuffer *buffer)
{
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;
    const GstClockTime pts = GST_BUFFER_PTS(buffer), dts = GST_BUFFER_DTS(buffer);
    GstClockTime time =
        gst_nnc_running_time(segment, GST_CLOCK_TIME_IS_VALID(pts) ? pts : dts);

    if (!GST_CLOCK_TIME_IS_VALID(time))
        time = gst_element_get_current_running_time(GST_ELEMENT(self));
    if (GST_CLOCK_TIME_IS_VALID(time))
        self->now_ns = to_time(time);
}

static gint64 seconds_since_midnight(gint64 unix_seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(unix_seconds);

    return g_date_time_get_hour(time) * 3600 + g_date_time_get_minute(time) * 60 +
           g_date_time_get_second(time);
}

/* The time zone is looked up once a second: GLib looks at its file each time. */
static gint64 read_time_of_day(GstNncTaskInject *self)
{
    const gint64 now_us = g_get_real_time();
    const gint64 second = now_us / G_USEC_PER_SEC;

    if (second != self->unix_second) {
        self->unix_second = second;
        self->day_second = seconds_since_midnight(second);
    }
    return self->day_second * GST_SECOND + now_us % G_USEC_PER_SEC * GST_USECOND;
}

static gint64 read_script_time(GstNncTaskInject *self,
                               const struct gst_nnc_task_script *script,
                               GstBuffer *buffer)
{
    const GstSegment *const segment = &GST_BASE_TRANSFORM(self)->segment;

    if (script->by_time_of_day)
        return read_time_of_day(self);
    if (atomic_load(&self->settings.clock) == GST_NNC_TASK_CLOCK_RUNNING_TIME)
        return self->now_ns;
    const GstClockTime time = gst_nnc_stream_time(segment, GST_BUFFER_PTS(buffer));
    return GST_CLOCK_TIME_IS_VALID(time) ? to_time(time) : -1; /* before any line */
}

/* --- which task --- */

static void set_text(GstStructure *task, const gchar *field, const gchar *text)
{
    if (text)
        gst_structure_set(task, field, G_TYPE_STRING, text, NULL);
}

static const struct gst_nnc_task_line *find_line(GstNncTaskInject *self,
                                                 const struct gst_nnc_task_script *script,
                                                 GstBuffer *buffer)
{
    const gdouble loop = atomic_load(&self->settings.loop);

    return gst_nnc_task_script_at(script, read_script_time(self, script, buffer),
                                  (gint64)(loop * GST_SECOND));
}

static void follow_script(GstNncTaskInject *self, const struct inputs *inputs,
                          GstBuffer *buffer)
{
    const struct gst_nnc_task_line *const line =
        inputs->script ? find_line(self, inputs->script, buffer) : NULL;

    atomic_store(&self->stats.script_line, line ? line->number : 0);
    if (!line)
        return;
    set_text(inputs->task, "cutout", line->cutout);
    set_text(inputs->task, "attention", line->attention);
}

/* The categories that rules raise or lower, in the order of the rules: the same gains
 * must make the same text in nncclassify. */
struct gains {
    guint n;
    const gchar *category[2 * GST_NNC_TASK_MAX_RULES];
    gdouble gain[2 * GST_NNC_TASK_MAX_RULES];
};

static void collect_gain(struct gains *gains, const gchar *category, gdouble gain)
{
    guint i = 0;

    while (i < gains->n && strcmp(gains->category[i], category))
        i++;
    if (i < gains->n && fabs(gain - 1.0) <= fabs(gains->gain[i] - 1.0))
        return;
    gains->category[i] = category;
    gains->gain[i] = gain;
    gains->n = MAX(gains->n, i + 1);
}

static void collect_gains(struct gains *gains, const struct gst_nnc_task_rules *rules,
                          const struct gst_nnc_task_fade *fade, gint64 now_ns)
{
    for (guint i = 0; rules && i < rules->n; i++) {
        const gdouble gain = gst_nnc_task_rule_gain(&rules->rules[i], fade, now_ns);
        if (gain != 1.0)
            collect_gain(gains, rules->rules[i].category, gain);
    }
}

/* What the task says of exactly this category, apart from what is seen and heard. */
static gdouble get_base_gain(const GstStructure *task, const gchar *field,
                             const gchar *category)
{
    const GValue *const value = gst_structure_get_value(task, field);
    gdouble gain;

    if (value && gst_nnc_task_text_to_number(value, &gain))
        return gain;
    return gst_nnc_task_text_gain_of(gst_structure_get_string(task, "attention"),
                                     category);
}

static void set_gains(GstStructure *task, const struct gains *gains)
{
    for (guint i = 0; i < gains->n; i++) {
        g_autofree gchar *field = g_strconcat("gain/", gains->category[i], NULL);
        const gdouble base = get_base_gain(task, field, gains->category[i]);
        const gdouble gain = MIN(base * gains->gain[i], GST_NNC_TASK_MAX_GAIN);
        gst_structure_set(task, field, G_TYPE_DOUBLE, gain, NULL);
    }
}

static void attend(GstNncTaskInject *self, const struct inputs *inputs, GstBuffer *buffer)
{
    struct gains gains = {.n = 0};

    if (inputs->map)
        atomic_fetch_add(&self->stats.labels_matched,
                         gst_nnc_task_see(inputs->map, buffer, self->now_ns));
    if (inputs->hear)
        gst_nnc_task_rules_apply_pending(inputs->hear, self->now_ns);
    collect_gains(&gains, inputs->map, &inputs->fade, self->now_ns);
    collect_gains(&gains, inputs->hear, &inputs->fade, self->now_ns);
    set_gains(inputs->task, &gains);
}

static GstStructure *choose_task(GstNncTaskInject *self, GstBuffer *buffer)
{
    struct inputs inputs;

    take_inputs(self, &inputs);
    read_time(self, buffer);
    follow_script(self, &inputs, buffer);
    attend(self, &inputs, buffer);
    release_inputs(&inputs);
    return inputs.task;
}

/* --- telling --- */

static gboolean says_something(const GstStructure *task)
{
    return gst_structure_n_fields(task) > 1; /* more than its number */
}

struct comparison {
    const GstStructure *other;
    gboolean equal;
};

/* Copies share values of a boxed type, some of which (masks of bytes) GStreamer cannot
 * compare. */
static gboolean is_same_value(const GValue *a, const GValue *b)
{
    if (G_VALUE_HOLDS_BOXED(a) && G_VALUE_HOLDS_BOXED(b) &&
        g_value_get_boxed(a) == g_value_get_boxed(b))
        return TRUE;
    return gst_value_can_compare(a, b) && gst_value_compare(a, b) == GST_VALUE_EQUAL;
}

static gboolean compare_field(GQuark field, const GValue *value, gpointer data)
{
    struct comparison *const comparison = data;
    const GValue *const other =
        gst_structure_get_value(comparison->other, g_quark_to_string(field));

    comparison->equal = other && is_same_value(value, other);
    return comparison->equal;
}

static gboolean is_same_task(const GstStructure *a, const GstStructure *b)
{
    struct comparison comparison = {b, TRUE};

    if (gst_structure_n_fields(a) != gst_structure_n_fields(b))
        return FALSE;
    gst_structure_foreach(a, compare_field, &comparison);
    return comparison.equal;
}

static void show_task(GstNncTaskInject *self)
{
    struct gst_nnc_task_inject_settings *const settings = &self->settings;
    GstStructure *const copy = gst_structure_copy(self->task);

    pthread_mutex_lock(&settings->lock);
    GstStructure *const old = settings->newest;
    settings->newest = copy;
    pthread_mutex_unlock(&settings->lock);
    if (old)
        gst_structure_free(old);
}

/* A task that is like the one before keeps its number. Takes `task`. */
static void note_task(GstNncTaskInject *self, GstStructure *task)
{
    gst_structure_set(task, "seq", G_TYPE_UINT64, self->seq, NULL);
    if (self->task && is_same_task(self->task, task)) {
        gst_structure_free(task);
        return;
    }
    gst_structure_set(task, "seq", G_TYPE_UINT64, ++self->seq, NULL);
    gst_clear_structure(&self->task);
    self->task = task;
    self->event_is_due = TRUE;
    atomic_fetch_add(&self->stats.tasks, 1);
    show_task(self);
}

static gboolean push_event(GstNncTaskInject *self, const GstStructure *task, gint mode)
{
    const gboolean sticky = mode == GST_NNC_TASK_MODE_STICKY_EVENT;
    const gboolean pushed = gst_pad_push_event(GST_BASE_TRANSFORM_SRC_PAD(self),
                                               gst_nnc_task_event_new(task, sticky));

    if (pushed)
        atomic_fetch_add(&self->stats.events_sent, 1);
    return pushed;
}

/* The user chose another way of telling: nobody must go on by the last event. */
static void withdraw_event(GstNncTaskInject *self)
{
    if (!self->event_in_force || self->frame_mode == self->event_mode)
        return;
    g_autoptr(GstStructure) nothing = gst_nnc_task_new(NULL, NULL);
    push_event(self, nothing, self->event_mode);
    self->event_in_force = FALSE;
    self->event_is_due = TRUE;
}

/* An event that nobody took, since nobody is linked, is tried again before the next
 * frame. A task that says nothing is worth an event only where another one holds. */
static void tell_by_event(GstNncTaskInject *self)
{
    const gboolean says = says_something(self->task);

    if (!self->event_is_due)
        return;
    if ((says || self->event_in_force) && !push_event(self, self->task, self->frame_mode))
        return;
    self->event_mode = self->frame_mode;
    self->event_in_force = says;
    self->event_is_due = FALSE;
}

static void tell_by_meta(GstNncTaskInject *self, GstBuffer *buffer)
{
    if (gst_buffer_get_nnc_task_meta(buffer)) {
        atomic_fetch_add(&self->stats.metas_kept, 1);
    } else if (says_something(self->task)) {
        gst_buffer_add_nnc_task_meta(buffer, self->task);
        atomic_fetch_add(&self->stats.metas_added, 1);
    }
}

GstFlowReturn gst_nnc_task_inject_transform_ip(GstBaseTransform *base, GstBuffer *buffer)
{
    GstNncTaskInject *const self = GST_NNC_TASK_INJECT(base);

    atomic_fetch_add(&self->stats.frames, 1);
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) {
        atomic_fetch_add(&self->stats.gaps, 1);
        return GST_FLOW_OK;
    }
    note_task(self, choose_task(self, buffer));
    withdraw_event(self);
    if (self->frame_mode == GST_NNC_TASK_MODE_META)
        tell_by_meta(self, buffer);
    else
        tell_by_event(self);
    return GST_FLOW_OK;
}
