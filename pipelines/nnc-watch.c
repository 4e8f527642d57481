/* SPDX-License-Identifier: MIT */

/* Watches a source with a nested network, unattended: lines of JSON go out, commands come
 * in, a lost source is opened again. A program to start your own from: main() puts the
 * parts together, and each part is a file of its own.
 *
 *     watch_options   the command line and the file
 *     watch_source    where frames come from
 *     watch_stream    the pipeline, and what becomes of it
 *     watch_gate      the place where frames leave the source
 *     watch_settings  what the options mean to the elements
 *     watch_commands  what a line means
 *     watch_talker    one who gives commands
 *     watch_server    the socket
 *     watch_notify    the service manager */

#include "watch_commands.h"
#include "watch_notify.h"
#include "watch_options.h"
#include "watch_server.h"
#include "watch_stream.h"
#include "watch_talker.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <gst/gst.h>
#include <signal.h>
#include <unistd.h>

struct app {
    struct watch_options given;   /* by the command line */
    struct watch_options options; /* with the configuration */
    GMainLoop *loop;
    struct watch_stream *stream;
    struct watch_server *server;
    struct watch_talker *keyboard; /* standard input */
    enum watch_exit result;
};

static gboolean end(gpointer data)
{
    struct app *const app = data;

    watch_notify("STOPPING=1");
    watch_stream_end(app->stream);
    return G_SOURCE_CONTINUE;
}

static void on_ended(enum watch_exit result, gpointer data)
{
    struct app *const app = data;

    app->result = result;
    g_main_loop_quit(app->loop);
}

/* --- standard streams --- */

/* A file that is opened later must not become standard output by accident. */
static void fill_standard_streams(void)
{
    int fd;

    while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
        ;
    if (fd > STDERR_FILENO)
        close(fd);
}

static gboolean can_write(int fd)
{
    return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

static gboolean uses_standard_output(const struct watch_options *options)
{
    return !options->json || g_str_equal(options->json, "-");
}

/* Told of at once, not only when there is a line again. */
static gboolean on_reader_gone(gint fd, GIOCondition condition, gpointer data)
{
    struct app *const app = data;

    g_printerr("nnc-watch: nobody reads standard output any more\n");
    app->result = WATCH_NO_READER;
    g_main_loop_quit(app->loop);
    return G_SOURCE_REMOVE;
}

/* --- commands --- */

static gchar *answer(const gchar *line, gsize length, gpointer data)
{
    struct app *const app = data;
    gboolean quits = FALSE;
    gchar *const text = watch_commands_answer(app->stream, line, length, &quits);

    if (quits)
        end(app);
    return text;
}

/* The program goes on without a keyboard; a service never has one. */
static void on_keyboard_gone(struct watch_talker *talker, gpointer data)
{
    struct app *const app = data;

    watch_talker_free(talker);
    app->keyboard = NULL;
}

/* --- the configuration, again --- */

static gboolean reload(gpointer data)
{
    struct app *const app = data;
    g_autoptr(GError) error = NULL;
    struct watch_options options = {.source = NULL};

    watch_notify("RELOADING=1");
    if (!watch_options_complete(&app->given, &options, &error) ||
        !watch_stream_apply(app->stream, &options, &error))
        g_printerr("nnc-watch: %s; what held before goes on\n", error->message);
    watch_options_clear(&options);
    watch_notify("READY=1");
    return G_SOURCE_CONTINUE;
}

/* --- the program --- */

/* Without anything to read again SIGHUP ends the program, as a closed terminal should. */
static void catch_signals(struct app *app)
{
    signal(SIGPIPE, SIG_IGN); /* whoever writes looks at the result */
    signal(SIGTTIN, SIG_IGN); /* in the background there is no keyboard */
    g_unix_signal_add(SIGTERM, end, app);
    g_unix_signal_add(SIGINT, end, app);
    if (app->options.config || !uses_standard_output(&app->options))
        g_unix_signal_add(SIGHUP, reload, app);
}

static gboolean set_up(struct app *app, GError **error)
{
    app->stream = watch_stream_new(&app->options, on_ended, app, error);
    if (!app->stream)
        return FALSE;
    if (app->options.socket) {
        app->server = watch_server_new(app->options.socket, answer, app, error);
        if (!app->server)
            return FALSE;
    }
    app->keyboard = watch_talker_new(STDIN_FILENO, -1, answer, on_keyboard_gone, app);
    if (uses_standard_output(&app->options))
        g_unix_fd_add(STDOUT_FILENO, G_IO_ERR | G_IO_HUP, on_reader_gone, app);
    return TRUE;
}

/* From the loop, which the stream may want to quit at once. */
static gboolean start(gpointer data)
{
    struct app *const app = data;

    watch_stream_start(app->stream);
    return G_SOURCE_REMOVE;
}

static void run(struct app *app)
{
    g_autoptr(GError) error = NULL;

    app->loop = g_main_loop_new(NULL, FALSE);
    catch_signals(app);
    if (set_up(app, &error)) {
        watch_notify_start_watchdog();
        watch_notify("READY=1");
        g_idle_add(start, app);
        g_main_loop_run(app->loop);
    } else {
        g_printerr("nnc-watch: %s\n", error->message);
        app->result = WATCH_WRONG;
    }
}

static void clear(struct app *app)
{
    if (app->keyboard)
        watch_talker_free(app->keyboard);
    watch_server_free(app->server);
    watch_stream_free(app->stream);
    if (app->loop)
        g_main_loop_unref(app->loop);
    watch_options_clear(&app->options);
    watch_options_clear(&app->given);
}

int main(int argc, char **argv)
{
    struct app app = {.result = WATCH_DONE};
    g_autoptr(GError) error = NULL;

    fill_standard_streams();
    if (!watch_options_parse(&app.given, &argc, &argv, &error) ||
        !watch_options_complete(&app.given, &app.options, &error)) {
        g_printerr("nnc-watch: %s\n", error->message);
        app.result = WATCH_USAGE;
    } else if (uses_standard_output(&app.options) && !can_write(STDOUT_FILENO)) {
        g_printerr("nnc-watch: standard output cannot be written to\n");
        app.result = WATCH_NO_READER;
    } else {
        gst_init(NULL, NULL);
        run(&app);
    }
    clear(&app);
    return app.result;
}
