/* SPDX-License-Identifier: MIT */
#ifndef NNC_GUEST_FIXTURE_H
#define NNC_GUEST_FIXTURE_H

/* What the tests in a guest share beside a player: a second hand on the device, which
 * does what users, cables and faults do. */

#include "player.h"

/* --- the device --- */

#define VIVID "/dev/video0"

/* Sets a control of the camera at `path`, by v4l2-ctl's name; the test fails if it
 * cannot. */
void set_device_control(const char *path, const char *key, const char *value);
/* The input of vivid: 0 webcam, 3 HDMI. */
void set_input(const char *path, int input);
/* Takes the driver from its device and gives it back, as unplugging and plugging in do.
 */
void unplug_vivid(void);
void replug_vivid(void);

/* A camera of v4l2loopback: a thread writes `n` frames of `size` bytes into it, over and
 * over, 25 a second, until feeder_stop(). */
#define LOOPBACK "/dev/video10"
struct feeder;
struct feeder *feeder_start(guint32 fourcc, guint width, guint height,
                            const guint8 *frames, gsize size, guint n);
void feeder_stop(struct feeder *feeder);

/* --- the process --- */

struct usage {
    guint descriptors, maps;
    glong resident_kib;
};

struct usage read_usage(void);

#endif
