/* SPDX-License-Identifier: MIT */

/* The same errno means different things to different people: ENOSPC is no full disk here,
 * and "invalid argument" at STREAMON is no fault of the user's. */

#include "camera_error.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *nnc_camera_trouble_name(enum nnc_camera_trouble trouble)
{
    static const char *const names[] = {"ok",          "again",     "absent",
                                        "denied",      "busy",      "unfit",
                                        "unsupported", "bandwidth", "lost"};

    return (size_t)trouble < sizeof names / sizeof *names ? names[trouble] : "unknown";
}

static void write_message(struct nnc_camera_error *error, enum nnc_camera_trouble trouble,
                          int number, const char *format, va_list arguments)
{
    if (!error)
        return;
    error->trouble = trouble;
    error->number = number;
    vsnprintf(error->message, sizeof error->message, format, arguments);
}

enum nnc_camera_trouble nnc_camera_fail(struct nnc_camera_error *error,
                                        enum nnc_camera_trouble trouble,
                                        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_message(error, trouble, 0, format, arguments);
    va_end(arguments);
    return trouble;
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
                                                         const char *format, ...)
{
    const size_t length = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + length, size - length, format, arguments);
    va_end(arguments);
}

static void explain_denied(const char *path, char *hint, size_t size)
{
    struct stat node;

    if (stat(path, &node))
        return;
    const struct group *const group = getgrgid(node.st_gid);
    if (group && node.st_mode & S_IRGRP)
        append(
            hint, size,
            "; it belongs to the group '%s', which this user is not in: sudo usermod -aG "
            "%s \"$USER\", then log in again",
            group->gr_name, group->gr_name);
    else
        append(hint, size, "; its permissions (%o) let only its owner in, user %u",
               (unsigned)node.st_mode & 0777, (unsigned)node.st_uid);
}

/* Whether the process `pid` has the device open, of those that we may look into. */
static int holds(const char *pid, dev_t device)
{
    char folder[64], path[PATH_MAX];
    int found = 0;

    snprintf(folder, sizeof folder, "/proc/%.16s/fd", pid);
    DIR *const fds = opendir(folder);
    if (!fds)
        return 0;
    for (struct dirent *entry; !found && (entry = readdir(fds));) {
        struct stat open_file;
        snprintf(path, sizeof path, "%s/%.32s", folder, entry->d_name);
        found = !stat(path, &open_file) && S_ISCHR(open_file.st_mode) &&
                open_file.st_rdev == device;
    }
    closedir(fds);
    return found;
}

static void append_process(const char *pid, char *hint, size_t size)
{
    char path[64], name[64] = "";

    snprintf(path, sizeof path, "/proc/%.16s/comm", pid);
    FILE *const comm = fopen(path, "re");
    if (comm) {
        if (fgets(name, sizeof name, comm))
            name[strcspn(name, "\n")] = '\0';
        fclose(comm);
    }
    append(hint, size, "; process %.16s (%s) has it open", pid, name);
}

static void explain_busy(const char *path, char *hint, size_t size)
{
    struct stat node;
    DIR *const processes = stat(path, &node) ? NULL : opendir("/proc");

    if (!processes)
        return;
    for (struct dirent *entry; (entry = readdir(processes));) {
        const long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 0 && pid != getpid() && holds(entry->d_name, node.st_rdev)) {
            append_process(entry->d_name, hint, size);
            break;
        }
    }
    closedir(processes);
}

static enum nnc_camera_trouble trouble_of(int number)
{
    switch (number) {
    case EAGAIN:
        return NNC_CAMERA_AGAIN;
    case ENOENT:
        return NNC_CAMERA_ABSENT;
    case EACCES:
    case EPERM:
        return NNC_CAMERA_DENIED;
    case EBUSY:
        return NNC_CAMERA_BUSY;
    case ENOTTY:
    case EISDIR:
        return NNC_CAMERA_UNFIT;
    case ENOSPC:
        return NNC_CAMERA_BANDWIDTH;
    default:
        return NNC_CAMERA_LOST;
    }
}

static void explain(const char *path, int number, char *hint, size_t size)
{
    switch (number) {
    case EACCES:
    case EPERM:
        explain_denied(path, hint, size);
        break;
    case EBUSY:
        append(hint, size, "; one program at a time can take its pictures");
        explain_busy(path, hint, size);
        break;
    case ENOTTY:
    case EISDIR:
        append(hint, size, "; it is not a video device");
        break;
    case ENOSPC:
        append(hint, size,
               "; the USB bus has no bandwidth left for this size and rate: choose a "
               "smaller one, MJPEG, or another USB controller than the other cameras'");
        break;
    case ENODEV:
    case ENXIO:
        append(hint, size, "; it has been unplugged");
        break;
    case EPROTO:
    case EIO:
        append(hint, size, "; look at its cable and at 'dmesg'");
        break;
    default:
        break;
    }
}

enum nnc_camera_trouble nnc_camera_fail_call(struct nnc_camera_error *error,
                                             const char *path, const char *what,
                                             int number)
{
    const enum nnc_camera_trouble trouble = trouble_of(number);

    if (!error)
        return trouble;
    nnc_camera_fail(error, trouble, "%s: %s: %s", path, what, strerror(number));
    error->number = number;
    explain(path, number, error->message, sizeof error->message);
    return trouble;
}
