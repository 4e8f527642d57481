/* SPDX-License-Identifier: MIT */
/* The temporary file has the name of the file and a number behind it. Errors that a disk
 * keeps to itself until it must (a quota, a network) come out of fsync. */

#include "replace_file.h"

#include "../base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100 };

static const char *base_of(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum nnc_status fail_errno(const char *path, int number, struct nnc_error *error)
{
    const enum nnc_status status =
        number == ENOENT || number == ENOTDIR                    ? NNC_NOT_FOUND
        : number == EACCES || number == EPERM || number == EROFS ? NNC_PERM
        : number == EISDIR || number == ENAMETOOLONG             ? NNC_PATH
                                                                 : NNC_IO;
    const char *const hint = status == NNC_NOT_FOUND ? "; its folder must be there" : "";
    return nnc_fail(error, status, base_of(path), "'%.200s' cannot be written: %s%s",
                    path, strerrordesc_np(number), hint);
}

static enum nnc_status check_place(const char *path, struct nnc_error *error)
{
    struct stat there;
    if (!*base_of(path) || (!stat(path, &there) && !S_ISREG(there.st_mode)))
        return nnc_fail(
            error, NNC_PATH, base_of(path),
            "'%.200s' cannot be written: it is a folder or a device; expected "
            "the name of a file",
            path);
    return NNC_OK;
}

/* Opens the first name that is free; -1 with errno. */
static int open_beside(const char *path, char *name, size_t room)
{
    int fd = -1;
    for (int i = 0; i < TRIES && fd < 0; i++) {
        snprintf(name, room, "%s.%ld-%d.part", path, (long)getpid(), i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0 && errno != EEXIST)
            return -1;
    }
    return fd;
}

/* 0 or an error number. */
static int write_fully(int fd, const uint8_t *bytes, uint64_t size)
{
    while (size) {
        const ssize_t n = write(fd, bytes, size < (1u << 30) ? (size_t)size : 1u << 30);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0) {
            bytes += n;
            size -= (uint64_t)n;
        }
    }
    /* Not every file system can; those that can must have succeeded. */
    return fsync(fd) && errno != EINVAL && errno != ENOSYS ? errno : 0;
}

enum nnc_status nnc_replace_file(const char *path, const void *bytes, uint64_t size,
                                 struct nnc_error *error)
{
    const enum nnc_status status = check_place(path, error);
    if (status)
        return status;
    const size_t room = strlen(path) + 48;
    char *const name = nnc_alloc(room, 1);
    if (!name)
        return nnc_fail_nomem(error, room);
    const int fd = open_beside(path, name, room);
    int number = fd < 0 ? errno : write_fully(fd, bytes, size);
    if (fd >= 0 && close(fd) && !number)
        number = errno;
    if (fd >= 0 && !number && rename(name, path))
        number = errno;
    if (fd >= 0 && number)
        unlink(name);
    free(name);
    return number ? fail_errno(path, number, error) : NNC_OK;
}
