/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_CONTROLS_H
#define NNC_CAMERA_CONTROLS_H

/* Controls by name: exposure, focus, brightness and whatever else a driver has. Names are
 * those of v4l2-ctl: "Exposure Time, Absolute" is exposure_time_absolute.
 *
 * Threads: single. */

#include "camera_device.h"

struct nnc_camera_control {
    uint32_t id, type, flags;
    char name[33]; /* the driver's */
    char key[33];  /* v4l2-ctl's */
    int64_t low, high, step, usual;
};

/* Zero-initialise. */
struct nnc_camera_controls {
    struct nnc_camera_control *rows;
    unsigned n;
};

/* Those that have a number for a value: not strings, arrays and headlines. A camera
 * without controls has none; that is no failure. */
void nnc_camera_controls_read(const struct nnc_camera *camera,
                              struct nnc_camera_controls *controls);
void nnc_camera_controls_clear(struct nnc_camera_controls *controls);

/* NULL if there is none. */
const struct nnc_camera_control *
nnc_camera_controls_find(const struct nnc_camera_controls *controls, const char *key);
const struct nnc_camera_control *
nnc_camera_controls_find_id(const struct nnc_camera_controls *controls, uint32_t id);

/* Sets a control, any time. `text` is a number, true or false, or an entry of a menu.
 * Fails with UNSUPPORTED and what was expected. */
enum nnc_camera_trouble nnc_camera_control_set(const struct nnc_camera *camera,
                                               const struct nnc_camera_controls *controls,
                                               const char *key, const char *text,
                                               struct nnc_camera_error *error);

bool nnc_camera_control_get(const struct nnc_camera *camera,
                            const struct nnc_camera_control *control, int64_t *value);

#endif
