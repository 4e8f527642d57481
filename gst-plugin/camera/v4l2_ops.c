/* SPDX-License-Identifier: MIT */

#include "v4l2_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int kernel_open(const char *path, int flags)
{
    return open(path, flags);
}

static int kernel_ioctl(int fd, unsigned long request, void *argument)
{
    return ioctl(fd, request, argument);
}

static void *kernel_mmap(size_t length, int fd, int64_t offset)
{
    return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

/* The pages move in one step: whoever reads meanwhile gets one or the other. */
static void kernel_detach(void *start, size_t length)
{
    void *const copy =
        mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (copy == MAP_FAILED)
        return;
    memcpy(copy, start, length);
    if (mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, start) == MAP_FAILED)
        munmap(copy, length);
}

const struct nnc_v4l2_ops nnc_v4l2_kernel = {
    .dev_dir = "/dev",
    .sys_dir = "/sys/class/video4linux",
    .open = kernel_open,
    .close = close,
    .ioctl = kernel_ioctl,
    .mmap = kernel_mmap,
    .munmap = munmap,
    .detach = kernel_detach,
    .poll = poll,
};

static int converter_open(const char *path, int flags)
{
    return v4l2_open(path, flags);
}

static int converter_ioctl(int fd, unsigned long request, void *argument)
{
    return v4l2_ioctl(fd, request, argument);
}

static void *converter_mmap(size_t length, int fd, int64_t offset)
{
    return v4l2_mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

/* Converted frames are in memory of libv4l2's own. */
static void converter_detach(void *start, size_t length)
{
}

const struct nnc_v4l2_ops nnc_v4l2_converter = {
    .dev_dir = "/dev",
    .sys_dir = "/sys/class/video4linux",
    .open = converter_open,
    .close = v4l2_close,
    .ioctl = converter_ioctl,
    .mmap = converter_mmap,
    .munmap = v4l2_munmap,
    .detach = converter_detach,
    .poll = poll,
};
