/* SPDX-License-Identifier: MIT */

#include "watch_server.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_CLIENTS 16
#define MOST_WAITS 20 /* for the folder */
#define WAIT_US 50000

struct watch_server {
    gchar *path;
    struct stat file; /* ours: another one of that name is not removed */
    int fd;
    guint id; /* of the source that waits for clients, or for better times */
    guint n_clients;
    GList *clients; /* struct watch_talker */
    watch_answer_func answer;
    gpointer data;
};

/* --- clients --- */

static void drop_client(struct watch_talker *client, gpointer data)
{
    struct watch_server *const server = data;

    server->clients = g_list_remove(server->clients, client);
    server->n_clients--;
    close(client->in);
    watch_talker_free(client);
}

static gchar *answer_client(const gchar *line, gsize length, gpointer data)
{
    const struct watch_server *const server = data;

    return server->answer(line, length, server->data);
}

static void refuse_client(int fd)
{
    static const char text[] = "error too many clients; try again later\n";

    if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        g_debug("a client has gone before it was refused");
    close(fd);
}

static gboolean on_client(gint fd, GIOCondition condition, gpointer data);

static gboolean listen_again(gpointer data)
{
    struct watch_server *const server = data;

    server->id = g_unix_fd_add(server->fd, G_IO_IN, on_client, server);
    return G_SOURCE_REMOVE;
}

static gboolean on_client(gint fd, GIOCondition condition, gpointer data)
{
    struct watch_server *const server = data;
    const int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (client < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
        /* The client still waits: asking at once would be asking for ever. */
        server->id = g_timeout_add_seconds(1, listen_again, server);
        return G_SOURCE_REMOVE;
    }
    if (client < 0)
        return G_SOURCE_CONTINUE;
    if (server->n_clients == MOST_CLIENTS) {
        refuse_client(client);
        return G_SOURCE_CONTINUE;
    }
    server->n_clients++;
    server->clients =
        g_list_prepend(server->clients, watch_talker_new(client, client, answer_client,
                                                         drop_client, server));
    return G_SOURCE_CONTINUE;
}

/* --- the file --- */

static gboolean fail(GError **error, const gchar *path, const gchar *reason)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "socket %s: %s", path, reason);
    return FALSE;
}

/* 0: somebody listens there (or cannot keep up, EAGAIN); ECONNREFUSED: nobody does. */
static int try_to_connect(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int reason =
        fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? errno
                                                                                     : 0;

    if (fd >= 0)
        close(fd);
    return reason == EAGAIN ? 0 : reason;
}

/* Removes the socket of a program that did not end well. */
static gboolean clear_place(const struct sockaddr_un *address, GError **error)
{
    struct stat status;

    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT || fail(error, address->sun_path, g_strerror(errno));
    if (!S_ISSOCK(status.st_mode))
        return fail(error, address->sun_path,
                    "there is a file of that name that is no socket; it stays, choose "
                    "another name");
    const int reason = try_to_connect(address);
    if (reason != ECONNREFUSED)
        return fail(error, address->sun_path,
                    reason ? g_strerror(reason)
                           : "another program listens there; choose another name or end it");
    return !unlink(address->sun_path) ||
           fail(error, address->sun_path, g_strerror(errno));
}

static gboolean bind_file(struct watch_server *server, const struct sockaddr_un *address,
                          GError **error)
{
    /* The mode that the file is born with: there is no moment at which others may. */
    const mode_t before = umask(0177);
    const gboolean bound =
        !bind(server->fd, (const struct sockaddr *)address, sizeof *address);
    const int reason = errno;

    umask(before);
    if (!bound)
        return fail(error, server->path, g_strerror(reason));
    if (lstat(server->path, &server->file) < 0 || listen(server->fd, MOST_CLIENTS) < 0)
        return fail(error, server->path, g_strerror(errno));
    return TRUE;
}

/* Two programs that start at once must not remove each other's new file: the folder is
 * locked while one looks. Whoever may read the folder could hold it for ever, hence the
 * limit. */
static gboolean take_place(struct watch_server *server, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree gchar *name = g_path_get_dirname(server->path);

    if (strlen(server->path) >= sizeof address.sun_path)
        return fail(error, server->path, "the path is too long for a socket (107 bytes)");
    strcpy(address.sun_path, server->path);
    const int folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return fail(error, server->path, g_strerror(errno));
    for (guint i = 0; i < MOST_WAITS && flock(folder, LOCK_EX | LOCK_NB); i++)
        g_usleep(WAIT_US);
    const gboolean taken =
        clear_place(&address, error) && bind_file(server, &address, error);
    close(folder);
    return taken;
}

static void remove_file(const struct watch_server *server)
{
    struct stat now;

    if (server->file.st_ino && !lstat(server->path, &now) &&
        now.st_ino == server->file.st_ino && now.st_dev == server->file.st_dev)
        unlink(server->path);
}

/* --- life --- */

struct watch_server *watch_server_new(const gchar *path, watch_answer_func answer,
                                      gpointer data, GError **error)
{
    struct watch_server *const server = g_new0(struct watch_server, 1);

    server->path = g_strdup(path);
    server->answer = answer;
    server->data = data;
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->fd < 0)
        fail(error, path, g_strerror(errno));
    else if (take_place(server, error)) {
        server->id = g_unix_fd_add(server->fd, G_IO_IN, on_client, server);
        return server;
    }
    watch_server_free(server);
    return NULL;
}

void watch_server_free(struct watch_server *server)
{
    if (!server)
        return;
    if (server->id)
        g_source_remove(server->id);
    while (server->clients)
        drop_client(server->clients->data, server);
    remove_file(server);
    if (server->fd >= 0)
        close(server->fd);
    g_free(server->path);
    g_free(server);
}
