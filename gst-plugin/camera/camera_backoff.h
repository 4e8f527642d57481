/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_BACKOFF_H
#define NNC_CAMERA_BACKOFF_H

/* How long to wait before the next try: 100 ms, then twice as long each time, a second at
 * most, so that a camera that is back is used within a second. Zero-initialise. */

#define NNC_CAMERA_BACKOFF_FIRST_MS 100u
#define NNC_CAMERA_BACKOFF_LAST_MS 1000u

struct nnc_camera_backoff {
    unsigned next_ms;
};

static inline unsigned nnc_camera_backoff_next(struct nnc_camera_backoff *backoff)
{
    const unsigned now =
        backoff->next_ms ? backoff->next_ms : NNC_CAMERA_BACKOFF_FIRST_MS;

    backoff->next_ms =
        now * 2 < NNC_CAMERA_BACKOFF_LAST_MS ? now * 2 : NNC_CAMERA_BACKOFF_LAST_MS;
    return now;
}

#endif
