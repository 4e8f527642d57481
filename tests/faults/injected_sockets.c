/* SPDX-License-Identifier: MIT */
/* See injected.h: sockets. */

#include "injected.h"

#include <errno.h>
#include <sys/socket.h>

#define WRAP(type, name, ...)                                                            \
    type __real_##name(__VA_ARGS__);                                                     \
    type __wrap_##name(__VA_ARGS__);                                                     \
    type __wrap_##name(__VA_ARGS__)

static bool strikes(void)
{
    if (!fault_strikes(FAULT_SOCKET))
        return false;
    errno = fault_number();
    return true;
}

WRAP(int, socket, int domain, int type, int protocol)
{
    return strikes() ? -1 : __real_socket(domain, type, protocol);
}

WRAP(int, bind, int fd, const struct sockaddr *address, socklen_t size)
{
    return strikes() ? -1 : __real_bind(fd, address, size);
}

WRAP(int, connect, int fd, const struct sockaddr *address, socklen_t size)
{
    return strikes() ? -1 : __real_connect(fd, address, size);
}

WRAP(int, listen, int fd, int most)
{
    return strikes() ? -1 : __real_listen(fd, most);
}

WRAP(int, accept4, int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    return strikes() ? -1 : __real_accept4(fd, address, size, flags);
}
