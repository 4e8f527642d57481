/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_CROP_H
#define NNC_CAMERA_CROP_H

/* The part of its picture that a camera itself cuts out, by the selection API.
 *
 * Threads: single. */

#include "camera_device.h"

struct nnc_camera_crop {
    int32_t x, y;
    uint32_t width, height; /* 0x0: everything */
};

/* Reads "x,y,width,height", in pixels of the sensor; "" and NULL are everything. */
bool nnc_camera_crop_parse(const char *text, struct nnc_camera_crop *crop);

/* Whether the camera has the API at all. */
bool nnc_camera_crop_is_there(const struct nnc_camera *camera);

/* Sets the region, as near to `*crop` as the camera can, and writes what it is now.
 * Fails: UNSUPPORTED if the camera cannot, or the region lies outside its picture; BUSY
 * if the stream must stop for it. */
enum nnc_camera_trouble nnc_camera_crop_set(const struct nnc_camera *camera,
                                            struct nnc_camera_crop *crop,
                                            struct nnc_camera_error *error);

#endif
