/* SPDX-License-Identifier: MIT */
/* What Winograd's convolution is used for, and its weights, from the packed ones of the
 * direct one. In double: the transform happens once, and what it rounds is in every result. */

#include "winograd.h"

#include <string.h>

static const double G2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
static const double G4[6][3] = {
    {1.0 / 4, 0, 0},
    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
    {1.0 / 24, 1.0 / 12, 1.0 / 6},
    {1.0 / 24, -1.0 / 12, 1.0 / 6},
    {0, 0, 1},
};

/* With m = 4 the weights are four times as many. They pay where they are used for many tiles
 * while they are near; a layer of few tiles reads its weights once, from far away, and does
 * better with m = 2. Kernels of few channels are busy with the transforms alone. */
uint32_t nnc_winograd_choose(const struct nnc_conv_args *a)
{
    enum { LEAST_CHANNELS = 16, LEAST_SIZE = 6, TILES_FOR_4 = 16 };
    for (int i = 0; i < 2; i++)
        if (a->kernel[i] != 3 || a->stride[i] != 1 || a->dilation[i] != 1 || a->pad[i] > 1)
            return 0;
    if (a->xs.lane != 1 || a->xs.pixel != NNC_BLOCK || a->in_channels < LEAST_CHANNELS ||
        a->out_channels < LEAST_CHANNELS || a->out_height < LEAST_SIZE ||
        a->out_width < LEAST_SIZE)
        return 0;
    const uint32_t tiles = nnc_ceil_div(a->out_height, 4) * nnc_ceil_div(a->out_width, 4);
    return tiles >= TILES_FOR_4 ? 4 : 2;
}

uint64_t nnc_winograd_packed_floats(uint32_t in_channels, uint32_t m)
{
    return NNC_BLOCK * (1 + (uint64_t)in_channels * (m + 2) * (m + 2));
}

/* The kernels of one input channel and all lanes: G g G^T of each. */
static void transform(const double (*g)[3], uint32_t n, const float *taps, size_t tap,
                      float *out, size_t point)
{
    double half[6][3][NNC_BLOCK];
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < 3; k++)
            for (uint32_t lane = 0; lane < NNC_BLOCK; lane++)
                half[i][k][lane] = g[i][0] * (double)taps[k * tap + lane] +
                                   g[i][1] * (double)taps[(3 + k) * tap + lane] +
                                   g[i][2] * (double)taps[(6 + k) * tap + lane];
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < n; k++)
            for (uint32_t lane = 0; lane < NNC_BLOCK; lane++)
                out[(i * n + k) * point + lane] =
                    (float)(half[i][0][lane] * g[k][0] + half[i][1][lane] * g[k][1] +
                            half[i][2][lane] * g[k][2]);
}

void nnc_winograd_pack(const float *direct, uint32_t in_channels, uint32_t m, float *packed)
{
    const size_t point = (size_t)in_channels * NNC_BLOCK;
    memcpy(packed, direct, NNC_BLOCK * sizeof *packed);
    for (uint32_t c = 0; c < in_channels; c++) {
        const uint32_t c0 = c / NNC_BLOCK * NNC_BLOCK;
        const uint32_t left = in_channels - c0;
        const uint32_t channels = left < NNC_BLOCK ? left : NNC_BLOCK;
        transform(m == 2 ? G2 : G4, m + 2, direct + NNC_BLOCK * (1 + c0 * 9 + c - c0),
                  (size_t)channels * NNC_BLOCK, packed + NNC_BLOCK * (1 + c), point);
    }
}
