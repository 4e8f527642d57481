/* SPDX-License-Identifier: MIT */
/* The name is first judged as text, then the kernel is asked to keep to the directory
 * (openat2), because a name that was judged can be changed into a link before it is
 * opened. Where the kernel cannot, each component is opened without following links. */

#include "open_beneath.h"

#include "uninterrupted.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __has_include
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif
#endif

enum { MAX_LOCATION = 1024, OPEN_FLAGS = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY };

static enum nnc_status fail_path(const char *location, const char *why,
                                 struct nnc_error *error)
{
    return nnc_fail(error, NNC_PATH, location, "external file '%.64s': %s", location,
                    why);
}

static bool is_dots(const char *component, size_t n)
{
    return n == 2 && component[0] == '.' && component[1] == '.';
}

/* Refuses what no good file needs, before anything touches the disk. */
static enum nnc_status judge_name(const char *location, struct nnc_error *error)
{
    const size_t size = strlen(location);
    if (location[0] == '/')
        return fail_path(location,
                         "absolute location; expected one relative to the model", error);
    bool named = false; /* some component is more than "." */
    for (const char *p = location; *p;) {
        const size_t n = strcspn(p, "/");
        if (is_dots(p, n))
            return fail_path(location, "location may lead outside the model's directory",
                             error);
        named = named || (n && !(n == 1 && *p == '.'));
        p += n;
        p += strspn(p, "/");
    }
    const bool ends_well = size && location[size - 1] != '/' &&
                           !(size > 1 && !strcmp(location + size - 2, "/."));
    if (!named || !ends_well)
        return fail_path(location, "location names no file", error);
    return NNC_OK;
}

static enum nnc_status fail_open(const char *location, int number,
                                 struct nnc_error *error)
{
    switch (number) {
    case ELOOP:
        return fail_path(location, "symbolic link in its location", error);
    case EXDEV:
        return fail_path(location, "location leads outside the model's directory", error);
    case ENXIO: /* a socket, or a FIFO without the other end */
        return fail_path(location, "not a regular file", error);
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return nnc_fail(error, NNC_NOT_FOUND, location,
                        "external file '%.64s': no such file", location);
    case EACCES:
    case EPERM:
        return nnc_fail(error, NNC_PERM, location,
                        "external file '%.64s': permission denied", location);
    default:
        return nnc_fail(error, NNC_IO, location,
                        "external file '%.64s': cannot be opened; system error %d (%s)",
                        location, number, strerrordesc_np(number));
    }
}

/* One component, never through a link. -1 and errno ELOOP for a link. */
static int open_component(int directory, const char *name, int flags)
{
    struct stat status;
    if (NNC_UNINTERRUPTED(fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW)))
        return -1;
    if (S_ISLNK(status.st_mode)) {
        errno = ELOOP;
        return -1;
    }
    return (int)NNC_UNINTERRUPTED(openat(directory, name, flags | O_NOFOLLOW));
}

static int open_plainly(int directory, char *location)
{
    int at = directory;
    for (char *p = location;;) {
        char *slash = strchr(p, '/');
        if (slash)
            *slash = 0;
        const bool last = !slash;
        const int flags = last ? OPEN_FLAGS : O_PATH | O_DIRECTORY | O_CLOEXEC;
        const int next = *p ? open_component(at, p, flags) : dup(at);
        const int number = errno;
        if (at != directory)
            close(at);
        errno = number;
        if (next < 0 || last)
            return next;
        at = next;
        p = slash + 1;
    }
}

/* -1 and errno ENOSYS where the kernel or a sandbox does not have it. */
static int open_by_kernel(int directory, const char *location)
{
#if defined(SYS_openat2) && defined(RESOLVE_BENEATH)
    struct open_how how = {.flags = OPEN_FLAGS,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
                                      RESOLVE_NO_MAGICLINKS};
    int fd = -1;
    for (int tries = 0; tries < 16; tries++) { /* EAGAIN: a rename raced with us */
        fd = (int)NNC_UNINTERRUPTED(
            syscall(SYS_openat2, directory, location, &how, sizeof how));
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    if (fd < 0 && errno == EPERM) /* old sandboxes say so for calls they do not know */
        errno = ENOSYS;
    return fd;
#else
    errno = ENOSYS;
    return -1;
#endif
}

static enum nnc_status check_opened(int fd, const char *location, struct nnc_error *error)
{
    struct stat status;
    if (NNC_UNINTERRUPTED(fstat(fd, &status)))
        return fail_open(location, errno, error);
    if (!S_ISREG(status.st_mode))
        return fail_path(location, "not a regular file", error);
    if (status.st_nlink > 1) /* a way around the rule that files stay in the directory */
        return fail_path(location, "hard link; the file has more than one name", error);
    return NNC_OK;
}

enum nnc_status nnc_open_beneath(int directory, const char *location, size_t size,
                                 bool plain, int *fd, struct nnc_error *error)
{
    char name[MAX_LOCATION + 1];
    if (size > MAX_LOCATION)
        return nnc_fail(error, NNC_PATH, NULL,
                        "external file: location of %zu bytes, limit %d", size,
                        MAX_LOCATION);
    memcpy(name, location, size);
    name[size] = 0;
    if (strlen(name) != size)
        return fail_path(name, "NUL byte in its location", error);
    enum nnc_status status = judge_name(name, error);
    if (status)
        return status;
    struct stat seen; /* opening a device can have effects; a race can only cost that */
    if (!NNC_UNINTERRUPTED(fstatat(directory, name, &seen, AT_SYMLINK_NOFOLLOW)) &&
        !S_ISREG(seen.st_mode))
        return fail_path(
            name, S_ISLNK(seen.st_mode) ? "symbolic link" : "not a regular file", error);
    char parts[MAX_LOCATION + 1];
    memcpy(parts, name, sizeof parts);
    int opened = plain ? -1 : open_by_kernel(directory, name);
    if (plain || (opened < 0 && errno == ENOSYS))
        opened = open_plainly(directory, parts);
    if (opened < 0)
        return fail_open(name, errno, error);
    status = check_opened(opened, name, error);
    if (status)
        close(opened);
    else
        *fd = opened;
    return status;
}
