/* SPDX-License-Identifier: MIT */

#include "watch_notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A leading @ is an address that is no file. */
static socklen_t fill_address(const gchar *name, struct sockaddr_un *address)
{
    const gsize length = strlen(name);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((name[0] != '/' && name[0] != '@') || length >= sizeof address->sun_path)
        return 0;
    memcpy(address->sun_path, name, length);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

void watch_notify(const gchar *state)
{
    const gchar *const name = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    const socklen_t size = name ? fill_address(name, &address) : 0;
    const int fd = size ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        return;
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
               (const struct sockaddr *)&address, size) < 0)
        g_debug("the service manager does not listen");
    close(fd);
}

static gboolean tell_alive(gpointer data)
{
    watch_notify("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

static guint64 number_of(const gchar *variable)
{
    const gchar *const text = g_getenv(variable);
    guint64 number = 0;

    if (text)
        g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &number, NULL);
    return number;
}

void watch_notify_start_watchdog(void)
{
    const guint64 pid = number_of("WATCHDOG_PID");
    const guint64 usec = number_of("WATCHDOG_USEC");

    if (usec && (!pid || pid == (guint64)getpid()))
        g_timeout_add((guint)MAX(1, usec / 2000), tell_alive, NULL);
}
