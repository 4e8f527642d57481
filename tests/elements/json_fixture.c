/* SPDX-License-Identifier: MIT */

/* See json_fixture.h. */

#include "json_fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

void json_make(struct json *json, const char *properties)
{
    *json = (struct json){.folder = g_dir_make_tmp("nncjson-XXXXXX", NULL)};
    json->path = g_build_filename(json->folder, "lines.jsonl", NULL);
    g_autofree gchar *launch = g_strdup_printf("nncjson name=j %s", properties);
    struct fixture *const fixture = &json->fixture;
    fixture->element = gst_object_ref_sink(gst_parse_launch(launch, NULL));
    fixture->bus = gst_bus_new();
    gst_element_set_bus(fixture->element, fixture->bus);
}

int json_make_pipe(struct json *json)
{
    json_make(json, "");
    fail_if(mkfifo(json->path, 0600));
    const int reader = open(json->path, O_RDONLY | O_NONBLOCK);
    g_object_set(json->fixture.element, "location", json->path, NULL);
    return reader;
}

void json_play(struct json *json)
{
    struct fixture *const fixture = &json->fixture;

    fixture->harness = gst_harness_new_with_element(fixture->element, "sink", "src");
    gst_harness_set_src_caps_str(fixture->harness, RGB_CAPS);
    gst_harness_play(fixture->harness);
}

void json_open(struct json *json, const char *properties)
{
    json_make(json, properties);
    g_object_set(json->fixture.element, "location", json->path, NULL);
    json_play(json);
}

void json_stop(struct json *json)
{
    gst_element_set_state(json->fixture.element, GST_STATE_NULL);
}

void json_close(struct json *json)
{
    struct fixture *const fixture = &json->fixture;

    json_stop(json);
    if (fixture->harness)
        gst_harness_teardown(fixture->harness);
    gst_bus_set_flushing(fixture->bus, TRUE);
    gst_element_set_bus(fixture->element, NULL);
    gst_object_unref(fixture->bus);
    gst_object_unref(fixture->element);
    g_remove(json->path);
    g_rmdir(json->folder);
    g_free(json->path);
    g_free(json->folder);
}

void json_push(struct json *json, GstNncPrediction *prediction)
{
    GstBuffer *const buffer =
        gst_buffer_new_allocate(NULL, 3 * RGB_WIDTH * RGB_HEIGHT, NULL);

    GST_BUFFER_PTS(buffer) = json->n_pushed++ * 10 * GST_MSECOND;
    GST_BUFFER_DURATION(buffer) = 10 * GST_MSECOND;
    if (prediction)
        give_prediction(buffer, prediction);
    GstBuffer *const out = classify_buffer(&json->fixture, buffer);
    fail_unless(out == buffer);
    gst_buffer_unref(out);
}

void json_push_n(struct json *json, guint n)
{
    for (guint i = 0; i < n; i++)
        json_push(json, predict_class("one", 0, FALSE));
}

guint json_count_lines(const char *path)
{
    g_autofree gchar *text = NULL;
    guint n = 0;

    fail_unless(g_file_get_contents(path, &text, NULL, NULL), "no file %s", path);
    for (const gchar *c = text; (c = strchr(c, '\n')); c++)
        n++;
    return n;
}

void json_check_stats(struct json *json, guint64 lines, guint64 lost)
{
    fail_unless_equals_uint64(read_stat(&json->fixture, "frames"), json->n_pushed);
    fail_unless_equals_uint64(read_stat(&json->fixture, "lines"), lines);
    fail_unless_equals_uint64(read_stat(&json->fixture, "lines-lost"), lost);
}

void json_check_warning(struct json *json, const char *text)
{
    g_autofree gchar *said = NULL;
    const guint n = count_messages(&json->fixture, GST_MESSAGE_WARNING, &said);

    fail_unless_equals_int(n, 1);
    fail_unless(strstr(said, text), "expected '%s' in '%s'", text, said);
}

void json_check_no_warning(struct json *json)
{
    fail_unless_equals_int(count_messages(&json->fixture, GST_MESSAGE_WARNING, NULL), 0);
}

gpointer json_push_many(gpointer json)
{
    struct json *const self = json;
    GstBuffer *const buffer = gst_buffer_new();

    give_prediction(buffer, predict_class("one", 0, FALSE));
    for (guint i = 0; i < 10000; i++)
        if (gst_harness_push(self->fixture.harness, gst_buffer_ref(buffer)))
            break;
    gst_buffer_unref(buffer);
    return NULL;
}
