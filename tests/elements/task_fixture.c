/* SPDX-License-Identifier: MIT */

/* See task_fixture.h. */

#include "task_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

/* --- the record --- */

static gboolean collect_field(GQuark field, const GValue *value, gpointer data)
{
    g_autofree gchar *text = G_VALUE_HOLDS_STRING(value) ? g_value_dup_string(value)
                                                         : gst_value_serialize(value);

    g_ptr_array_add(data, g_strdup_printf("%s=%s", g_quark_to_string(field), text));
    return TRUE;
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const gchar *const *)a, *(const gchar *const *)b);
}

static gchar *show_task(const GstStructure *task)
{
    g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);

    fail_unless_equals_string(gst_structure_get_name(task), "nnc/task");
    gst_structure_foreach(task, collect_field, fields);
    g_ptr_array_sort(fields, compare_texts);
    g_ptr_array_add(fields, NULL);
    return g_strjoinv(" ", (gchar **)fields->pdata);
}

static void record_buffer(GString *record, GstBuffer *buffer)
{
    const GstNncTaskMeta *const meta = gst_buffer_get_nnc_task_meta(buffer);

    if (!meta) {
        g_string_append_c(record, '|');
        return;
    }
    g_autofree gchar *task = show_task(meta->task);
    g_string_append_printf(record, "<%s>", task);
}

static void record_event(GString *record, GstEvent *event)
{
    const GstStructure *const structure = gst_nnc_task_event_parse(event);

    if (!structure)
        return;
    g_autofree gchar *task = show_task(structure);
    g_string_append_printf(record, GST_EVENT_IS_STICKY(event) ? "((%s))" : "(%s)", task);
}

static GstPadProbeReturn record_item(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
        record_buffer(data, GST_PAD_PROBE_INFO_BUFFER(info));
    else
        record_event(data, GST_PAD_PROBE_INFO_EVENT(info));
    return GST_PAD_PROBE_OK;
}

gchar *take_record(struct task_fixture *fixture)
{
    gchar *const text = g_strdup(fixture->record->str);

    g_string_truncate(fixture->record, 0);
    return text;
}

void check_record(struct task_fixture *fixture, const char *expected)
{
    g_autofree gchar *text = take_record(fixture);

    fail_unless_equals_string(text, expected);
}

/* --- the element --- */

void task_open(struct task_fixture *fixture, const char *properties)
{
    g_autofree gchar *launch = g_strdup_printf("nnctask name=task %s", properties);
    g_autoptr(GError) error = NULL;

    *fixture = (struct task_fixture){.record = g_string_new(NULL)};
    GstElement *const element = gst_parse_launch(launch, &error);
    g_assert_no_error(error);
    gst_object_ref_sink(element);
    fixture->element.element = element;
    fixture->element.bus = gst_bus_new();
    gst_element_set_bus(element, fixture->element.bus);
    fixture->element.harness = gst_harness_new_with_element(element, "sink", "src");
    g_autoptr(GstPad) pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad,
                      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                      record_item, fixture->record, NULL);
    gst_harness_play(fixture->element.harness);
    gst_harness_set_src_caps_str(fixture->element.harness, "application/x-anything");
}

void task_close(struct task_fixture *fixture)
{
    gst_harness_teardown(fixture->element.harness);
    gst_element_set_state(fixture->element.element, GST_STATE_NULL);
    gst_bus_set_flushing(fixture->element.bus, TRUE);
    gst_element_set_bus(fixture->element.element, NULL);
    gst_object_unref(fixture->element.bus);
    gst_object_unref(fixture->element.element);
    g_string_free(fixture->record, TRUE);
}

/* --- frames --- */

GstBuffer *frame_at(guint ms)
{
    GstBuffer *const buffer = gst_buffer_new_allocate(NULL, 1, NULL);

    gst_buffer_memset(buffer, 0, 0, 1);
    GST_BUFFER_PTS(buffer) = ms * GST_MSECOND;
    return buffer;
}

void add_region(GstBuffer *buffer, const char *label)
{
    gst_buffer_add_video_region_of_interest_meta(buffer, label, 0, 0, 1, 1);
}

GstBuffer *pass(struct task_fixture *fixture, GstBuffer *buffer)
{
    return classify_buffer(&fixture->element, buffer);
}

void pass_frame(struct task_fixture *fixture, guint ms, const char *label)
{
    GstBuffer *const buffer = frame_at(ms);

    if (label)
        add_region(buffer, label);
    gst_buffer_unref(pass(fixture, buffer));
}

/* --- settings and files --- */

void set_from_text(GstElement *element, const char *text)
{
    g_autofree gchar *name = g_strndup(text, strcspn(text, "="));
    const gchar *const value = text + strlen(name) + 1;
    const GParamSpec *const spec =
        g_object_class_find_property(G_OBJECT_GET_CLASS(element), name);

    if (G_PARAM_SPEC_VALUE_TYPE(spec) == G_TYPE_STRING)
        g_object_set(element, name, value, NULL); /* whatever its bytes are */
    else
        gst_util_set_object_arg(G_OBJECT(element), name, value);
}

gchar *write_file(const char *text)
{
    g_autofree gchar *folder = g_dir_make_tmp("nnc-XXXXXX", NULL);
    gchar *const path = g_build_filename(folder, "script.jsonl", NULL);

    fail_unless(g_file_set_contents(path, text, -1, NULL));
    return path;
}

void remove_file(gchar *path)
{
    g_autofree gchar *folder = g_path_get_dirname(path);

    g_remove(path);
    g_rmdir(folder);
    g_free(path);
}
