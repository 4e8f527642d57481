/* SPDX-License-Identifier: MIT */

#include "watch_commands.h"

#include "watch_settings.h"

#include <gstnnc/gstnnc.h>

#include <string.h>

/* An answer is one line, whatever a message has in it. */
static gchar *refuse(const gchar *reason)
{
    g_autofree gchar *text = g_strdup(reason);

    return g_strdup_printf("error %s", g_strdelimit(text, "\r\n", ' '));
}

static gchar *answer_task(struct watch_stream *stream, GstStructure *task)
{
    g_autofree gchar *reason = NULL;
    guint64 id = 0;

    if (!watch_stream_set_task(stream, task, &id, &reason))
        return refuse(reason);
    return g_strdup_printf("ok %" G_GUINT64_FORMAT, id);
}

static gchar *set_half(struct watch_stream *stream, const gchar *half, const gchar *text)
{
    return answer_task(
        stream, gst_structure_new(GST_NNC_TASK_NAME, half, G_TYPE_STRING, text, NULL));
}

static gchar *set_cutout(struct watch_stream *stream, const gchar *text)
{
    return set_half(stream, "cutout", text);
}

static gchar *set_attention(struct watch_stream *stream, const gchar *text)
{
    return set_half(stream, "attention", text);
}

static gchar *set_task(struct watch_stream *stream, const gchar *text)
{
    g_autofree gchar *reason = NULL;
    GstStructure *const task = watch_settings_task_from_json(text, &reason);

    return task ? answer_task(stream, task) : refuse(reason);
}

static gchar *set_preset(struct watch_stream *stream, const gchar *text)
{
    g_autofree gchar *reason = NULL;
    guint64 id = 0;

    if (!*text)
        return refuse("preset: expected a name");
    if (!watch_stream_set_preset(stream, text, &id, &reason))
        return refuse(reason);
    return g_strdup_printf("ok %" G_GUINT64_FORMAT, id);
}

static gchar *show_stats(struct watch_stream *stream, const gchar *text)
{
    g_autofree gchar *stats = watch_stream_stats(stream);

    return g_strdup_printf("ok %s", stats);
}

static gchar *quit(struct watch_stream *stream, const gchar *text)
{
    return g_strdup("ok");
}

static const struct {
    const gchar *name;
    gchar *(*answer)(struct watch_stream *stream, const gchar *text);
} commands[] = {
    {"cutout", set_cutout}, {"attention", set_attention}, {"task", set_task},
    {"preset", set_preset}, {"stats", show_stats},        {"quit", quit},
};

gchar *watch_commands_answer(struct watch_stream *stream, const gchar *line, gsize length,
                             gboolean *quits)
{
    if (memchr(line, '\0', length) || !g_utf8_validate_len(line, length, NULL))
        return refuse("the line is no text in UTF-8");
    g_autofree gchar *text = g_strstrip(g_strndup(line, length));
    g_autofree gchar *name = g_strndup(text, strcspn(text, " \t"));

    if (!*text)
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (!g_str_equal(name, commands[i].name))
            continue;
        *quits = commands[i].answer == quit;
        return commands[i].answer(stream, g_strstrip(text + strlen(name)));
    }
    return refuse("expected cutout, attention, task, preset, stats or quit; see --help");
}
