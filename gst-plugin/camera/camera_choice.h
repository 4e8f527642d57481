/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_CHOICE_H
#define NNC_CAMERA_CHOICE_H

/* Which mode costs least and still gives what is wanted. Pure: no device is touched.
 *
 * Threads: any. */

#include "camera_modes.h"

/* What is looked at downstream. More is allowed, and costs. */
struct nnc_camera_wish {
    uint32_t width, height;      /* pixels, at least */
    struct nnc_camera_rate rate; /* frames per second, at least */
    bool gray;                   /* colours are not looked at */
};

/* Where nobody says what is wanted. */
extern const struct nnc_camera_wish nnc_camera_usual_wish; /* 640x480, 30/1, in colour */

struct nnc_camera_choice {
    struct nnc_camera_mode mode;
    unsigned row;     /* of the offers */
    double cost;      /* nanoseconds per second, an estimate */
    double shortfall; /* 1: the wish is met; 2: half of its pixels or frames */
    unsigned n_considered, n_meeting;
    struct nnc_camera_mode runner_up; /* of another format or size; format NULL: none */
    double runner_up_cost;
};

/* What receiving and reading a second of `mode` takes, in nanoseconds of one core. */
double nnc_camera_cost(const struct nnc_camera_mode *mode);

/* False if there is nothing to choose from. Of modes that meet the wish the cheapest,
 * else the one that comes nearest. */
bool nnc_camera_choose(const struct nnc_camera_offers *offers,
                       const struct nnc_camera_wish *wish,
                       struct nnc_camera_choice *choice);

/* One sentence that tells why; answers `text`. */
const char *nnc_camera_choice_explain(const struct nnc_camera_choice *choice,
                                      const struct nnc_camera_wish *wish, char *text,
                                      size_t size);

#endif
