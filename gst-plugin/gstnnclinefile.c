/* SPDX-License-Identifier: MIT */

/* A write to a pipe waits in poll() and not in write(), so that it can be interrupted:
 * after poll() says that there is room, PIPE_BUF bytes go without waiting. Standard
 * output is another process's as well and is left as it is, hence no O_NONBLOCK on it. */

#include "gstnnclinefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a write that nothing can wake goes without a look whether it is to end. */
enum { LOOK_MS = 50 };

/* More than that is written even if nobody asks for it. */
#define MOST_PENDING_BYTES (64 * 1024)

void gst_nnc_line_file_init(struct gst_nnc_line_file *file)
{
    *file = (struct gst_nnc_line_file){.fd = -1, .pending = g_string_new(NULL)};
    file->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void gst_nnc_line_file_finish(struct gst_nnc_line_file *file)
{
    gst_nnc_line_file_close(file);
    g_string_free(file->pending, TRUE);
    if (file->wake_fd >= 0)
        close(file->wake_fd);
}

void gst_nnc_line_file_interrupt(struct gst_nnc_line_file *file, gboolean interrupt)
{
    guint64 number = 1;
    ssize_t ignored;

    g_atomic_int_set(&file->interrupted, interrupt);
    if (interrupt)
        ignored = write(file->wake_fd, &number, sizeof number);
    else
        ignored = read(file->wake_fd, &number, sizeof number);
    (void)ignored; /* it was in that state before */
}

/* --- open and close --- */

static gchar *explain(const gchar *path, int error)
{
    g_autofree gchar *name = g_filename_display_name(path);
    g_autofree gchar *folder = g_path_get_dirname(name);

    switch (error) {
    case ENOENT:
        return g_strdup_printf(
            "cannot write to '%s': there is no folder '%s'; make it, or "
            "set 'location' to a file elsewhere",
            name, folder);
    case EISDIR:
        return g_strdup_printf(
            "cannot write to '%s': it is a folder; set 'location' to the "
            "name of a file",
            name);
    case EACCES:
    case EPERM:
        return g_strdup_printf("cannot write to '%s': no permission; set 'location' to a "
                               "file that this user may write",
                               name);
    case ENXIO:
        return g_strdup_printf("cannot write to '%s': nobody reads from that pipe; start "
                               "the reader first",
                               name);
    default:
        return g_strdup_printf("cannot write to '%s': %s", name, g_strerror(error));
    }
}

static gboolean is_regular(int fd)
{
    struct stat status;

    return !fstat(fd, &status) && S_ISREG(status.st_mode);
}

gboolean gst_nnc_line_file_open(struct gst_nnc_line_file *file, const gchar *path,
                                gboolean append, gchar **reason)
{
    const gboolean owned = strcmp(path, "-") != 0;
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
                      (append ? O_APPEND : O_TRUNC);
    const int fd = owned ? open(path, flags, 0666) : STDOUT_FILENO;

    if (fd < 0) {
        *reason = explain(path, errno);
        return FALSE;
    }
    gst_nnc_line_file_close(file);
    file->fd = fd;
    file->owned = owned;
    file->may_block = !is_regular(fd);
    file->torn = FALSE;
    return TRUE;
}

int gst_nnc_line_file_close(struct gst_nnc_line_file *file)
{
    const int error = file->fd >= 0 && file->owned && close(file->fd) ? errno : 0;

    file->fd = -1;
    file->n_pending = 0;
    g_string_truncate(file->pending, 0);
    return error == EINTR ? 0 : error;
}

/* --- signals --- */

/* SIGPIPE and SIGXFSZ (a file larger than the limit) go to the thread that wrote, and end
 * the process by default. Both are held back while we write, and one that we caused is
 * taken away. */
struct held_signals {
    sigset_t set, before, pending;
};

static void hold_signals(struct held_signals *held)
{
    sigemptyset(&held->set);
    sigaddset(&held->set, SIGPIPE);
    sigaddset(&held->set, SIGXFSZ);
    sigpending(&held->pending);
    pthread_sigmask(SIG_BLOCK, &held->set, &held->before);
}

static void release_signals(struct held_signals *held, int error)
{
    const int caused = error == EPIPE ? SIGPIPE : error == EFBIG ? SIGXFSZ : 0;
    const struct timespec at_once = {0, 0};
    sigset_t mine;

    if (caused && !sigismember(&held->pending, caused)) {
        sigemptyset(&mine);
        sigaddset(&mine, caused);
        while (sigtimedwait(&mine, NULL, &at_once) < 0 && errno == EINTR)
            ;
    }
    pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}

/* --- writing --- */

/* 0 when there is room, or an error that write() will name. */
static int wait_for_room(const struct gst_nnc_line_file *file)
{
    struct pollfd fds[] = {{.fd = file->fd, .events = POLLOUT},
                           {.fd = file->wake_fd, .events = POLLIN}};

    for (;;) {
        const int n = poll(fds, G_N_ELEMENTS(fds), file->wake_fd < 0 ? LOOK_MS : -1);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            return fds[0].revents ? 0 : ECANCELED;
        if (!n && g_atomic_int_get(&file->interrupted))
            return ECANCELED;
    }
}

static int write_bytes(const struct gst_nnc_line_file *file, const gchar *bytes,
                       gsize size, gsize *n_written)
{
    while (*n_written < size) {
        const gsize rest = size - *n_written;
        const int error = file->may_block ? wait_for_room(file) : 0;
        if (error)
            return error;
        const ssize_t n = write(file->fd, bytes + *n_written,
                                file->may_block ? MIN(rest, PIPE_BUF) : rest);
        if (n >= 0)
            *n_written += (gsize)n;
        else if (errno != EINTR && errno != EAGAIN)
            return errno;
    }
    return 0;
}

static guint count_lines(const gchar *bytes, gsize size)
{
    guint n = 0;

    for (gsize i = 0; i < size; i++)
        n += bytes[i] == '\n';
    return n;
}

static int write_pending(struct gst_nnc_line_file *file, guint *n_lost)
{
    struct held_signals held;
    gsize n_written = 0;

    if (file->torn)
        g_string_prepend_c(file->pending, '\n');
    hold_signals(&held);
    const int error =
        write_bytes(file, file->pending->str, file->pending->len, &n_written);
    release_signals(&held, error);
    const guint n_ended =
        count_lines(file->pending->str, n_written) - (file->torn && n_written);
    *n_lost += file->n_pending - MIN(n_ended, file->n_pending);
    if (n_written)
        file->torn = file->pending->str[n_written - 1] != '\n';
    file->n_pending = 0;
    g_string_truncate(file->pending, 0);
    return error;
}

int gst_nnc_line_file_flush(struct gst_nnc_line_file *file, guint *n_lost)
{
    *n_lost = 0;
    if (!file->n_pending)
        return 0;
    return write_pending(file, n_lost);
}

int gst_nnc_line_file_write(struct gst_nnc_line_file *file, const gchar *line,
                            gboolean flush, guint *n_lost)
{
    *n_lost = 0;
    g_string_append(file->pending, line);
    file->n_pending++;
    if (!flush && file->pending->len < MOST_PENDING_BYTES)
        return 0;
    return write_pending(file, n_lost);
}
