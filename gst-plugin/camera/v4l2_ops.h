/* SPDX-License-Identifier: MIT */
#ifndef NNC_V4L2_OPS_H
#define NNC_V4L2_OPS_H

/* The kernel, as the camera code sees it: the few calls that reach a device. There are
 * three tables: the system calls, libv4l2 (which converts what nobody else can read), and
 * a test's, where every call can fail and a driver may lie.
 *
 * Threads: immutable. */

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct nnc_v4l2_ops {
    const char *dev_dir; /* where device nodes are: /dev */
    const char *sys_dir; /* where the kernel describes them: /sys/class/video4linux */
    int (*open)(const char *path, int flags);
    int (*close)(int fd);
    int (*ioctl)(int fd, unsigned long request, void *argument);
    void *(*mmap)(size_t length, int fd, int64_t offset); /* MAP_FAILED if it fails */
    int (*munmap)(void *start, size_t length);
    /* Puts a copy into the place of mapped memory, which lets the device go; readers see
     * no difference. Where that fails it stays as it is. */
    void (*detach)(void *start, size_t length);
    int (*poll)(struct pollfd *fds, nfds_t n, int timeout_ms);
};

/* The system calls. */
extern const struct nnc_v4l2_ops nnc_v4l2_kernel;

/* libv4l2: formats that it can convert to are enumerated beside the driver's own, marked
 * V4L2_FMT_FLAG_EMULATED, and frames in them are converted while they are dequeued. */
extern const struct nnc_v4l2_ops nnc_v4l2_converter;

#endif
