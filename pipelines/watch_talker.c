/* SPDX-License-Identifier: MIT */

#include "watch_talker.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

/* Who does not read so many bytes of answers is not listened to until then. */
#define MOST_WAITING_BYTES (16 * 1024)

static gboolean on_input(gint fd, GIOCondition condition, gpointer data);

/* --- answers --- */

static void leave(struct watch_talker *talker)
{
    talker->ended = TRUE;
    g_string_truncate(talker->answers, 0);
}

static void write_answers(struct watch_talker *talker)
{
    const ssize_t n = write(talker->out, talker->answers->str, talker->answers->len);

    if (n >= 0)
        g_string_erase(talker->answers, 0, n);
    else if (errno != EAGAIN && errno != EINTR)
        leave(talker);
}

static gboolean on_room(gint fd, GIOCondition condition, gpointer data)
{
    struct watch_talker *const talker = data;

    write_answers(talker);
    if (!talker->in_id && !talker->ended && talker->answers->len < MOST_WAITING_BYTES)
        talker->in_id = g_unix_fd_add(talker->in, G_IO_IN, on_input, talker);
    if (talker->answers->len)
        return G_SOURCE_CONTINUE;
    talker->out_id = 0;
    if (talker->ended)
        talker->gone(talker, talker->data);
    return G_SOURCE_REMOVE;
}

static void say(struct watch_talker *talker, const gchar *answer)
{
    if (talker->out < 0) {
        g_printerr("%s\n", answer);
        return;
    }
    g_string_append(talker->answers, answer);
    g_string_append_c(talker->answers, '\n');
    if (talker->out_id)
        return;
    write_answers(talker); /* at once: what was asked may end the program */
    if (talker->answers->len)
        talker->out_id = g_unix_fd_add(talker->out, G_IO_OUT, on_room, talker);
}

/* --- commands --- */

static void end_line(struct watch_talker *talker)
{
    g_autofree gchar *answer =
        talker->too_long
            ? g_strdup_printf("error the line has more than %d bytes and was left out",
                              WATCH_TALKER_MOST_BYTES)
            : talker->answer(talker->line->str, talker->line->len, talker->data);

    if (answer)
        say(talker, answer);
    talker->too_long = FALSE;
    g_string_truncate(talker->line, 0);
}

static void take_piece(struct watch_talker *talker, const gchar *bytes, gsize size)
{
    talker->too_long |= talker->line->len + size > WATCH_TALKER_MOST_BYTES;
    if (talker->too_long)
        g_string_truncate(talker->line, 0);
    else
        g_string_append_len(talker->line, bytes, (gssize)size);
}

static void take_bytes(struct watch_talker *talker, const gchar *bytes, gsize size)
{
    const gchar *newline;

    while ((newline = memchr(bytes, '\n', size))) {
        const gsize length = (gsize)(newline - bytes);
        take_piece(talker, bytes, length);
        end_line(talker);
        bytes += length + 1;
        size -= length + 1;
    }
    take_piece(talker, bytes, size);
}

static void take_end(struct watch_talker *talker)
{
    if (talker->line->len || talker->too_long)
        end_line(talker);
    talker->ended = TRUE;
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    struct watch_talker *const talker = data;
    gchar bytes[4096];
    const ssize_t n = read(fd, bytes, sizeof bytes);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (n > 0)
        take_bytes(talker, bytes, (gsize)n);
    else
        take_end(talker);
    if (!talker->ended && talker->answers->len < MOST_WAITING_BYTES)
        return G_SOURCE_CONTINUE;
    talker->in_id = 0;
    if (talker->ended && !talker->answers->len)
        talker->gone(talker, talker->data);
    return G_SOURCE_REMOVE;
}

/* --- life --- */

struct watch_talker *watch_talker_new(int in, int out, watch_answer_func answer,
                                      watch_gone_func gone, gpointer data)
{
    struct watch_talker *const talker = g_new0(struct watch_talker, 1);

    talker->in = in;
    talker->out = out;
    talker->answer = answer;
    talker->gone = gone;
    talker->data = data;
    talker->line = g_string_new(NULL);
    talker->answers = g_string_new(NULL);
    talker->in_id = g_unix_fd_add(in, G_IO_IN, on_input, talker);
    return talker;
}

void watch_talker_free(struct watch_talker *talker)
{
    if (talker->in_id)
        g_source_remove(talker->in_id);
    if (talker->out_id)
        g_source_remove(talker->out_id);
    g_string_free(talker->line, TRUE);
    g_string_free(talker->answers, TRUE);
    g_free(talker);
}
