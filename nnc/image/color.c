/* SPDX-License-Identifier: MIT */
/* Colour conversion as one affine map for each channel. The numbers are those of ITU-R
 * BT.601 and BT.709: Kr and Kb define everything else. */

#include "color.h"

#include "pixel_layout.h"

#include <string.h>

enum { RED, GREEN, BLUE };
enum { LUMA, CB, CR };

static void set_identity(float weight[3][3])
{
    for (unsigned i = 0; i < 3; i++)
        weight[i][i] = 1;
}

/* Codes 16..235 and 16..240 around 128, or 0..255 around 128, of 255. */
static void set_yuv(float weight[3][3], float offset[3], enum nnc_color_matrix matrix,
                    enum nnc_color_range range)
{
    const double kr = matrix == NNC_MATRIX_BT709 ? 0.2126 : 0.299;
    const double kb = matrix == NNC_MATRIX_BT709 ? 0.0722 : 0.114;
    const double kg = 1 - kr - kb;
    const bool full = range == NNC_RANGE_FULL;
    const double luma = full ? 1 : 255.0 / 219, black = full ? 0 : 16.0 / 219;
    const double chroma = full ? 1 : 255.0 / 224, zero = 128.0 / (full ? 255 : 224);
    const double of_cb[3] = {0, -2 * (1 - kb) * kb / kg, 2 * (1 - kb)};
    const double of_cr[3] = {2 * (1 - kr), -2 * (1 - kr) * kr / kg, 0};
    for (unsigned i = 0; i < 3; i++) {
        weight[i][LUMA] = (float)luma;
        weight[i][CB] = (float)(chroma * of_cb[i]);
        weight[i][CR] = (float)(chroma * of_cr[i]);
        offset[i] = (float)(-black - zero * (of_cb[i] + of_cr[i]));
    }
}

static void set_grey(float weight[3], float *offset, enum nnc_color_range range)
{
    const bool full = range == NNC_RANGE_FULL;
    memcpy(weight, (const float[3]){full ? 1.0f : 255.0f / 219, 0, 0},
           3 * sizeof *weight);
    *offset = full ? 0.0f : -16.0f / 219;
}

void nnc_color_channels(struct nnc_color_channel *channels, const struct nnc_image *image,
                        const struct nnc_input_spec *spec)
{
    static const float luma[3] = {0.299f, 0.587f, 0.114f};
    const struct nnc_pixel_layout *const layout = nnc_pixel_layout(image->format);
    float weight[3][3] = {{0}}, offset[3] = {0};
    if (layout->n_components == 1 || (layout->yuv && spec->channels == 1))
        for (unsigned i = 0; i < 3; i++)
            set_grey(weight[i], &offset[i], image->range);
    else if (layout->yuv)
        set_yuv(weight, offset, image->matrix, image->range);
    else if (spec->channels == 1)
        memcpy(weight[RED], luma, sizeof luma);
    else
        set_identity(weight);
    for (unsigned i = 0; i < spec->channels; i++) {
        const unsigned from = spec->bgr && spec->channels == 3 ? BLUE - i : i;
        channels[i] = (struct nnc_color_channel){
            .offset = offset[from], .mean = spec->mean[from], .std = spec->std[from]};
        memcpy(channels[i].weight, weight[from], sizeof weight[from]);
    }
}
