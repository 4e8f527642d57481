/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_DEVICE_H
#define NNC_CAMERA_DEVICE_H

/* One open camera: a node that gives pictures by memory mapping, and who it is.
 *
 * Threads: single. */

#include "camera_error.h"
#include "v4l2_ops.h"

#include <stdbool.h>
#include <stdint.h>

#define NNC_CAMERA_PATH_SIZE 256

/* What stays the same when the same camera comes back as another /dev/videoN. */
struct nnc_camera_identity {
    char driver[17];
    char card[33];   /* the name that people know */
    char bus[33];    /* where it is plugged in */
    char serial[65]; /* of USB devices that have one, else "" */
};

struct nnc_camera {
    const struct nnc_v4l2_ops *ops;
    int fd; /* -1: not open */
    char path[NNC_CAMERA_PATH_SIZE];
    struct nnc_camera_identity identity;
    uint32_t capabilities;
    uint32_t type; /* V4L2_BUF_TYPE_VIDEO_CAPTURE or ..._MPLANE */
};

/* Opens the node `path`; `*camera` needs no initialisation. Does not wait. */
enum nnc_camera_trouble nnc_camera_open(struct nnc_camera *camera,
                                        const struct nnc_v4l2_ops *ops, const char *path,
                                        struct nnc_camera_error *error);
void nnc_camera_close(struct nnc_camera *camera);

/* ioctl, again if a signal came between. 0, or -1 with errno. */
int nnc_camera_ioctl(const struct nnc_camera *camera, unsigned long request,
                     void *argument);
bool nnc_camera_is_multiplanar(const struct nnc_camera *camera);

#endif
