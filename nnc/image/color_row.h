/* SPDX-License-Identifier: MIT */
/* One channel of one row, as a plain loop that the compiler vectorises for the instruction
 * set it is compiled for. Products and sums are rounded one by one (-ffp-contract=off), so
 * that all give the same bits. */

#include "color.h"

static void color_row(float *restrict out, const struct nnc_color_channel *channel,
                      const float *const component[3], uint32_t n)
{
    const float *const restrict a = component[0];
    const float *const restrict b = component[1];
    const float *const restrict c = component[2];
    const struct nnc_color_channel k = *channel;
    for (uint32_t i = 0; i < n; i++) {
        const float value =
            k.weight[0] * a[i] + k.weight[1] * b[i] + k.weight[2] * c[i] + k.offset;
        const float above = value > 0 ? value : 0;
        out[i] = ((above < 1 ? above : 1) - k.mean) / k.std;
    }
}
