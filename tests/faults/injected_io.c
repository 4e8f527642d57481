/* SPDX-License-Identifier: MIT */
/* See injected.h: what is done with files, pipes and events that are open. */

#include "injected.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WRAP(type, name, ...)                                                            \
    type __real_##name(__VA_ARGS__);                                                     \
    type __wrap_##name(__VA_ARGS__);                                                     \
    type __wrap_##name(__VA_ARGS__)

static size_t shortened(size_t size)
{
    return size > 1 ? size / 2 : size;
}

WRAP(ssize_t, read, int fd, void *out, size_t size)
{
    if (!fault_strikes(FAULT_READ))
        return __real_read(fd, out, size);
    if (fault_number() == FAULT_SHORT)
        return __real_read(fd, out, shortened(size));
    errno = fault_number();
    return -1;
}

WRAP(ssize_t, write, int fd, const void *bytes, size_t size)
{
    if (!fault_strikes(FAULT_WRITE))
        return __real_write(fd, bytes, size);
    if (fault_number() == FAULT_SHORT)
        return __real_write(fd, bytes, shortened(size));
    errno = fault_number();
    return -1;
}

/* As Linux does it: closed all the same. */
WRAP(int, close, int fd)
{
    const int closed = __real_close(fd);
    if (!fault_strikes(FAULT_CLOSE))
        return closed;
    errno = fault_number();
    return -1;
}

WRAP(int, poll, struct pollfd *fds, nfds_t n, int timeout_ms)
{
    if (!fault_strikes(FAULT_POLL))
        return __real_poll(fds, n, timeout_ms);
    errno = fault_number();
    return -1;
}

WRAP(int, eventfd, unsigned first, int flags)
{
    if (!fault_strikes(FAULT_EVENTFD))
        return __real_eventfd(first, flags);
    errno = fault_number();
    return -1;
}
