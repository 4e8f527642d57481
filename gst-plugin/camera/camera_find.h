/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_FIND_H
#define NNC_CAMERA_FIND_H

/* Which cameras there are, and which of them is meant.
 *
 * Threads: any; nothing is kept. */

#include "camera_device.h"

struct nnc_camera_entry {
    char path[NNC_CAMERA_PATH_SIZE];
    struct nnc_camera_identity identity;
};

#define NNC_CAMERA_MAX_ENTRIES 64

/* Fills `entries` with the cameras that can be opened, by rising number; answers how
 * many. Other video nodes are left out. */
unsigned nnc_camera_list(const struct nnc_v4l2_ops *ops,
                         struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES]);

/* Turns what a user says into the path of a node: a path (/dev/video0,
 * /dev/v4l/by-id/...), a camera's name, part of it, or its serial number; NULL or "" is
 * the first camera. Fails with ABSENT, and says what there is. */
enum nnc_camera_trouble nnc_camera_find(const struct nnc_v4l2_ops *ops, const char *text,
                                        char path[NNC_CAMERA_PATH_SIZE],
                                        struct nnc_camera_error *error);

/* Where the camera `identity` is now: the same serial number, else the same place, else,
 * unless it has a twin, the only one of its kind. */
enum nnc_camera_trouble nnc_camera_find_again(const struct nnc_v4l2_ops *ops,
                                              const struct nnc_camera_identity *identity,
                                              bool has_twin,
                                              char path[NNC_CAMERA_PATH_SIZE],
                                              struct nnc_camera_error *error);

/* Whether another camera looks the same but for its place: when one of two goes away, the
 * other is not it. */
bool nnc_camera_has_twin(const struct nnc_v4l2_ops *ops,
                         const struct nnc_camera_identity *identity);

/* The node with pictures on the same bus address as `camera`, which has none. */
bool nnc_camera_find_sibling(const struct nnc_camera *camera,
                             char path[NNC_CAMERA_PATH_SIZE]);

#endif
