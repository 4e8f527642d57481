/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_SEQUENCE_H
#define NNC_CAMERA_SEQUENCE_H

/* Drivers number the frames that the sensor took; what is missing between two was lost.
 * The number has 32 bits and wraps. Zero-initialise. */

#include <stdbool.h>
#include <stdint.h>

struct nnc_camera_sequence {
    uint32_t last;
    bool known;
};

/* How many frames were lost before `number`. A number that goes back, or stands still, is
 * no loss: the driver has begun anew, or does not count. */
static inline uint32_t nnc_camera_sequence_next(struct nnc_camera_sequence *sequence,
                                                uint32_t number)
{
    const uint32_t step = number - sequence->last;
    const bool forward = sequence->known && step && step < UINT32_MAX / 2;

    *sequence = (struct nnc_camera_sequence){number, true};
    return forward ? step - 1 : 0;
}

#endif
