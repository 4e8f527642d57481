/* SPDX-License-Identifier: MIT */
/* The socket of nnc-watch, call by call: what cannot be opened is said in words and leaves
 * nothing behind, one client's failure is no other's, and who could not be taken in for
 * want of descriptors is taken in later. */

#include "injected.h"

#include "../../pipelines/watch_server.h"

#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static gchar *folder, *path;

static gchar *answer(const gchar *line, gsize length, gpointer data)
{
    return g_strdup_printf("ok %.*s", (int)length, line);
}

static guint count_descriptors(void)
{
    GDir *const dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir))
        n++;
    g_dir_close(dir);
    return n;
}

/* --- clients --- */

static void set_up(void)
{
    g_main_context_iteration(NULL, FALSE); /* it has a descriptor from then on */
    folder = g_dir_make_tmp("nnc-watch-XXXXXX", NULL);
    path = g_build_filename(folder, "socket", NULL);
}

static void tear_down(void)
{
    g_rmdir(folder); /* empty, if all was removed */
    g_free(folder);
    g_free(path);
}

static struct sockaddr_un address_of(const gchar *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    g_strlcpy(address.sun_path, name, sizeof address.sun_path);
    return address;
}

static int open_client(void)
{
    const struct sockaddr_un address = address_of(path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert(!connect(fd, (const struct sockaddr *)&address, sizeof address));
    return fd;
}

/* Says a line; TRUE if the whole answer came, FALSE if the server hung up. */
static gboolean ask(int client, const gchar *text)
{
    g_autofree gchar *line = g_strconcat(text, "\n", NULL);
    g_autofree gchar *expected = g_strconcat("ok ", line, NULL);
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    gchar got[256];
    gsize n = 0;

    ck_assert(send(client, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line));
    while (n < strlen(expected)) {
        g_main_context_iteration(NULL, FALSE);
        const ssize_t more = recv(client, got + n, sizeof got - n, MSG_DONTWAIT);
        ck_assert_msg(g_get_monotonic_time() < end, "no answer");
        if (!more || (more < 0 && errno == ECONNRESET))
            return FALSE;
        n += more > 0 ? (gsize)more : 0;
        if (more < 0)
            g_usleep(100);
    }
    ck_assert(!memcmp(got, expected, n));
    return TRUE;
}

/* --- starts --- */

static const struct {
    enum fault_kind kind;
    unsigned long at;
    int number;
    gboolean stale; /* a program that did not end well has left its socket */
    const char *words;
} starts[] = {
    {FAULT_SOCKET, 0, EMFILE, FALSE, "Too many open files"},
    {FAULT_SOCKET, 0, EAFNOSUPPORT, FALSE, "not supported"},
    {FAULT_FILE, 0, EMFILE, FALSE, "Too many open files"},
    {FAULT_FILE, 0, EACCES, FALSE, "Permission denied"},
    {FAULT_SOCKET, 1, ENOSPC, FALSE, "No space left"}, /* bind */
    {FAULT_SOCKET, 1, EROFS, FALSE, "Read-only"},
    {FAULT_SOCKET, 2, ENOMEM, FALSE, "Cannot allocate"}, /* listen */
    {FAULT_SOCKET, 1, EMFILE, TRUE, "Too many open files"},
};

static void leave_stale_socket(void)
{
    const struct sockaddr_un address = address_of(path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert(!bind(fd, (const struct sockaddr *)&address, sizeof address));
    close(fd);
}

START_TEST(starts_fail)
{
    GError *error = NULL;

    if (starts[_i].stale)
        leave_stale_socket();
    const guint descriptors = count_descriptors();
    fault_begin(starts[_i].kind, starts[_i].at, FALSE, starts[_i].number);
    ck_assert(!watch_server_new(path, answer, NULL, &error));
    ck_assert(fault_end() > starts[_i].at);
    ck_assert_msg(strstr(error->message, starts[_i].words), "%s", error->message);
    ck_assert(strstr(error->message, path));
    g_clear_error(&error);
    ck_assert_int_eq(count_descriptors(), descriptors);
    ck_assert(starts[_i].stale || !g_file_test(path, G_FILE_TEST_EXISTS));

    struct watch_server *const server = watch_server_new(path, answer, NULL, &error);
    ck_assert_msg(server, "%s", error ? error->message : "");
    const int client = open_client();
    ck_assert(ask(client, "again"));
    close(client);
    watch_server_free(server);
    ck_assert_int_eq(count_descriptors(), descriptors);
    ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
}
END_TEST

/* --- clients that fail --- */

static const struct {
    enum fault_kind kind;
    int number;
    gboolean always, answered;
} talks[] = {
    {FAULT_SOCKET, EMFILE, FALSE, TRUE}, /* a second later */
    {FAULT_SOCKET, ECONNABORTED, FALSE, TRUE},
    {FAULT_SOCKET, EINTR, FALSE, TRUE},
    {FAULT_READ, EINTR, FALSE, TRUE},
    {FAULT_READ, EAGAIN, FALSE, TRUE},
    {FAULT_READ, FAULT_SHORT, TRUE, TRUE},
    {FAULT_READ, ECONNRESET, FALSE, FALSE},
    {FAULT_WRITE, EINTR, FALSE, TRUE},
    {FAULT_WRITE, EAGAIN, FALSE, TRUE},
    {FAULT_WRITE, FAULT_SHORT, TRUE, TRUE},
    {FAULT_WRITE, EPIPE, FALSE, FALSE},
};

START_TEST(clients_fail)
{
    GError *error = NULL;
    const guint descriptors = count_descriptors();
    struct watch_server *const server = watch_server_new(path, answer, NULL, &error);
    const int other = open_client();
    ck_assert(ask(other, "before"));

    const int client = open_client();
    fault_begin(talks[_i].kind, 0, talks[_i].always, talks[_i].number);
    ck_assert_int_eq(ask(client, "a command"), talks[_i].answered);
    ck_assert(fault_end() > 0);
    ck_assert(ask(other, "after"));
    close(client);
    close(other);
    watch_server_free(server);
    ck_assert_int_eq(count_descriptors(), descriptors);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("watch_faults");
    TCase *const all = tcase_create("faults");

    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_loop_test(all, starts_fail, 0, G_N_ELEMENTS(starts));
    tcase_add_loop_test(all, clients_fail, 0, G_N_ELEMENTS(talks));
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
