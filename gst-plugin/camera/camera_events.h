/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_EVENTS_H
#define NNC_CAMERA_EVENTS_H

/* What a camera reports on its own: somebody changed a control, the source (a cable, a
 * resolution) changed.
 *
 * Threads: single. */

#include "camera_controls.h"

enum nnc_camera_event_kind {
    NNC_CAMERA_EVENT_OTHER,
    NNC_CAMERA_EVENT_CONTROL,
    NNC_CAMERA_EVENT_SOURCE,
    NNC_CAMERA_EVENT_END
};

struct nnc_camera_event {
    enum nnc_camera_event_kind kind;
    uint32_t control; /* CONTROL: its id */
    int64_t value;    /* CONTROL */
    bool has_value;   /* CONTROL: the value changed, rather than a flag or a range */
};

/* Asks for all that the camera can report; what it cannot is left out. */
void nnc_camera_events_subscribe(const struct nnc_camera *camera,
                                 const struct nnc_camera_controls *controls);

/* The next event; AGAIN if there is none. */
enum nnc_camera_trouble nnc_camera_events_take(const struct nnc_camera *camera,
                                               struct nnc_camera_event *event,
                                               struct nnc_camera_error *error);

/* Follows a source that has changed: takes over its timings where the input has such.
 * False if there is no signal. */
bool nnc_camera_source_follow(const struct nnc_camera *camera);

#endif
