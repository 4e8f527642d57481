/* SPDX-License-Identifier: MIT */
#ifndef NNC_IMAGE_COLOR_H
#define NNC_IMAGE_COLOR_H

/* From a picture's own components to the channels of a network. */

#include <nnc/image.h>

/* channel = clamp(weight . components + offset, 0..1), components in units of 255, then
 * (channel - mean) / std. All colour spaces and grey, in and out, have this form. */
struct nnc_color_channel {
    float weight[3], offset, mean, std;
};

/* One for each of `spec->channels`. Grey networks get the luma: Y of YUV pictures, the
 * BT.601 sum of RGB ones. Grey pictures are the same in all channels. `spec->mean` and
 * `std` are in the order R, G, B even if the network's channels are B, G, R. */
void nnc_color_channels(struct nnc_color_channel *channels, const struct nnc_image *image,
                        const struct nnc_input_spec *spec);

#endif
