/* SPDX-License-Identifier: MIT */
/* Convolution of floats over one register tile. Compiled once per instruction set, after its
 * vec_*.h.
 *
 * A tile holds all its sums in registers from the bias to the epilogue, in the order input
 * block, ky, kx, input channel; taps that fall on padding are skipped. That order does not
 * depend on MR and NR, so neither do the bits. The tile with padding on one side is the
 * same code with its first or last pixel left out of that tap. */

#include "winograd.h"

enum { MAX_MR = 16, WINOGRAD_TILES = 8 };

/* A microsecond or two. */
enum { LEAST_PRODUCTS = 150000 };

#include "conv_tile.h"

/* Which pixels of a tile have tap kx inside the picture. */
enum edge {
    EDGE_NONE,   /* all */
    EDGE_LEFT,   /* all but the first */
    EDGE_RIGHT,  /* all but the last */
    EDGE_OUTSIDE /* none */
};

static ALWAYS_INLINE void
accumulate(vec acc[MAX_MR][MAX_NR * PER_BLOCK], const float *x, const size_t pixel,
           const size_t lane, const float *const w[MAX_NR], uint32_t channels, const int lo,
           const int hi, const int nr)
{
    for (uint32_t c = 0; c < channels; c++) {
        vec weight[MAX_NR * PER_BLOCK];
        EACH_VECTOR(j)
            weight[j] = vec_load(w[j / PER_BLOCK] + c * NNC_BLOCK + (j % PER_BLOCK) * VEC);
        EACH_PIXEL(i, lo, hi)
        {
            const vec value = vec_set1(x[i * pixel + c * lane]);
            EACH_VECTOR(j)
                acc[i][j] = vec_fma(value, weight[j], acc[i][j]);
        }
    }
}

/* Any subset of pixels, any strides: pixels outside read zeros, which change no sum. */
static ALWAYS_INLINE void
accumulate_masked(vec acc[MAX_MR][MAX_NR * PER_BLOCK], const float *x, size_t pixel,
                  size_t lane, const float *const w[MAX_NR], uint32_t channels, int lo, int hi,
                  const int mr, const int nr)
{
    static const float zero;
    const float *source[MAX_MR];
    size_t step[MAX_MR];
    EACH_PIXEL(i, 0, mr)
    {
        const bool inside = i >= lo && i < hi;
        source[i] = inside ? x + i * pixel : &zero;
        step[i] = inside ? lane : 0;
    }
    for (uint32_t c = 0; c < channels; c++) {
        vec weight[MAX_NR * PER_BLOCK];
        EACH_VECTOR(j)
            weight[j] = vec_load(w[j / PER_BLOCK] + c * NNC_BLOCK + (j % PER_BLOCK) * VEC);
        EACH_PIXEL(i, 0, mr)
        {
            const vec value = vec_set1(source[i][c * step[i]]);
            EACH_VECTOR(j)
                acc[i][j] = vec_fma(value, weight[j], acc[i][j]);
        }
    }
}

/* Where a vector of the tile's sums is stored, from args->y. */
static ALWAYS_INLINE size_t place_in(const struct tile *t, int i, int j)
{
    return t->y + t->y_offset[j / PER_BLOCK] + (size_t)i * t->args->ys.pixel +
           (size_t)(j % PER_BLOCK) * VEC;
}

/* What finish() does, in its order, to all sums of a tile where they are. Activations but the
 * simplest would make too much code of it. */
static ALWAYS_INLINE void
store_tile(const struct tile *t, vec acc[MAX_MR][MAX_NR * PER_BLOCK], const int mr,
           const int nr)
{
    const struct nnc_conv_args *const a = t->args;
    const struct nnc_activation *const activation = &a->epilogue.activation;
    const bool simple = activation->kind == NNC_ACT_NONE || activation->kind == NNC_ACT_CLIP;
    if (t->lanes < NNC_BLOCK || !simple) {
        float sums[MAX_MR * MAX_NR * NNC_BLOCK];
        EACH_PIXEL(i, 0, mr)
            EACH_VECTOR(j)
                vec_store(sums + i * nr * NNC_BLOCK + j * VEC, acc[i][j]);
        finish_tile(t, sums, mr, nr);
        return;
    }
    if (a->epilogue.residual)
        EACH_PIXEL(i, 0, mr)
            EACH_VECTOR(j)
                acc[i][j] = vec_add(acc[i][j],
                                    vec_load(a->epilogue.residual + place_in(t, i, j)));
    if (activation->kind == NNC_ACT_CLIP) {
        const vec low = vec_set1(activation->alpha), high = vec_set1(activation->beta);
        EACH_PIXEL(i, 0, mr)
            EACH_VECTOR(j)
                acc[i][j] = vec_min(vec_max(acc[i][j], low), high);
    }
    if (a->epilogue.gain)
        EACH_VECTOR(j)
        {
            const vec gain = vec_set1(t->gain[j / PER_BLOCK]);
            EACH_PIXEL(i, 0, mr)
                acc[i][j] = vec_mul(acc[i][j], gain);
        }
    EACH_PIXEL(i, 0, mr)
        EACH_VECTOR(j)
            vec_store(a->y + place_in(t, i, j), acc[i][j]);
}

enum addressing {
    BLOCKED_STRIDE_1,
    BLOCKED_STRIDE_2,
    PLAIN_STRIDE_1, /* pixels of a channel side by side: a picture */
    PLAIN_STRIDE_2,
    ANY_STRIDE,
    POINTS, /* Winograd's products */
    N_ADDRESSINGS
};

static ALWAYS_INLINE void
run_tile(const struct tile *t, const int mr, const int nr, const enum addressing mode)
{
    const struct nnc_conv_args *const a = t->args;
    vec acc[MAX_MR][MAX_NR * PER_BLOCK];
    EACH_VECTOR(j)
    {
        const vec bias = vec_load(t->packed[j / PER_BLOCK] + (j % PER_BLOCK) * VEC);
        EACH_PIXEL(i, 0, mr)
            acc[i][j] = bias;
    }
    const bool blocked = mode == BLOCKED_STRIDE_1 || mode == BLOCKED_STRIDE_2;
    const size_t pixel = mode == BLOCKED_STRIDE_1   ? NNC_BLOCK
                         : mode == BLOCKED_STRIDE_2 ? 2 * NNC_BLOCK
                         : mode == PLAIN_STRIDE_1   ? 1
                         : mode == PLAIN_STRIDE_2   ? 2
                                                    : a->xs.pixel * a->stride[1];
    const size_t lane = blocked ? 1 : a->xs.lane;
    const size_t right = a->dilation[1] * a->xs.pixel, down = a->dilation[0] * a->xs.row;
    const uint32_t columns = a->kernel[1];
    for (uint32_t c0 = 0; c0 < a->in_channels; c0 += NNC_BLOCK) {
        const uint32_t left = a->in_channels - c0;
        const uint32_t channels = left < NNC_BLOCK ? left : NNC_BLOCK;
        const float *row = t->x + (c0 / NNC_BLOCK) * a->xs.block;
        size_t skip = NNC_BLOCK * (1 + (size_t)columns * ((size_t)c0 * a->kernel[0] +
                                                          (size_t)t->ky0 * channels));
        for (uint32_t ky = t->ky0; ky < t->ky1; ky++, row += down) {
            const float *x = row;
            for (uint32_t kx = 0; kx < columns; kx++, x += right) {
                const float *w[MAX_NR] = {0};
                for (int j = 0; j < nr; j++)
                    w[j] = t->packed[j] + skip;
                skip += (size_t)channels * NNC_BLOCK;
                ask_ahead(t->ahead);
                if (mode == ANY_STRIDE) {
                    int lo, hi;
                    valid_pixels(a, t->x0, kx, mr, &lo, &hi);
                    if (lo == 0 && hi == mr)
                        accumulate(acc, x, pixel, lane, w, channels, 0, mr, nr);
                    else
                        accumulate_masked(acc, x, pixel, lane, w, channels, lo, hi, mr, nr);
                    continue;
                }
                switch (t->edge[kx]) {
                case EDGE_NONE:
                    accumulate(acc, x, pixel, lane, w, channels, 0, mr, nr);
                    break;
                case EDGE_LEFT:
                    accumulate(acc, x, pixel, lane, w, channels, 1, mr, nr);
                    break;
                case EDGE_RIGHT:
                    accumulate(acc, x, pixel, lane, w, channels, 0, mr - 1, nr);
                    break;
                case EDGE_OUTSIDE:
                    break;
                }
            }
        }
    }
    store_tile(t, acc, mr, nr);
}

/* The products of winograd_body.h: for every point a product of its own, tiles in the place
 * of pixels. x is [point][input block][WINOGRAD_TILES][16], the sums [point][WINOGRAD_TILES]
 * [nr * 16]. */
static ALWAYS_INLINE void run_points(const struct tile *t, const int mr, const int nr)
{
    const uint32_t channels = t->args->in_channels;
    const float *x = t->x;
    float *products = t->products;
    for (uint32_t p = 0; p < t->points; p++, products += WINOGRAD_TILES * nr * NNC_BLOCK) {
        vec acc[MAX_MR][MAX_NR * PER_BLOCK];
        EACH_PIXEL(i, 0, mr)
            EACH_VECTOR(j)
                acc[i][j] = vec_set1(0);
        for (uint32_t c0 = 0; c0 < channels; c0 += NNC_BLOCK, x += WINOGRAD_TILES * NNC_BLOCK) {
            const uint32_t left = channels - c0;
            const size_t skip = NNC_BLOCK * (1 + (size_t)p * channels + c0);
            const float *w[MAX_NR] = {0};
            for (int j = 0; j < nr; j++)
                w[j] = t->packed[j] + skip;
            ask_ahead(t->ahead);
            accumulate(acc, x, NNC_BLOCK, 1, w, left < NNC_BLOCK ? left : NNC_BLOCK, 0, mr, nr);
        }
        EACH_PIXEL(i, 0, mr)
            EACH_VECTOR(j)
                vec_store(products + i * nr * NNC_BLOCK + j * VEC, acc[i][j]);
    }
}

/* The addressing a tile needs: the fast ones can leave out one pixel at either end. */
static enum addressing choose_addressing(struct tile *t, int mr)
{
    const struct nnc_conv_args *const a = t->args;
    const bool blocked = a->xs.lane == 1 && a->xs.pixel == NNC_BLOCK;
    if ((!blocked && a->xs.pixel != 1) || a->stride[1] > 2 || a->kernel[1] > MAX_COLUMNS)
        return ANY_STRIDE;
    for (uint32_t kx = 0; kx < a->kernel[1]; kx++) {
        int lo, hi;
        valid_pixels(a, t->x0, kx, mr, &lo, &hi);
        if (lo == 0 && hi == mr)
            t->edge[kx] = EDGE_NONE;
        else if (lo >= hi)
            t->edge[kx] = EDGE_OUTSIDE;
        else if (lo == 1 && hi == mr)
            t->edge[kx] = EDGE_LEFT;
        else if (lo == 0 && hi == mr - 1)
            t->edge[kx] = EDGE_RIGHT;
        else
            return ANY_STRIDE;
    }
    return blocked ? (a->stride[1] == 1 ? BLOCKED_STRIDE_1 : BLOCKED_STRIDE_2)
                   : (a->stride[1] == 1 ? PLAIN_STRIDE_1 : PLAIN_STRIDE_2);
}

static uint64_t floats_of_block(const struct nnc_conv_args *a)
{
    return a->winograd ? nnc_winograd_packed_floats(a->in_channels, a->winograd)
                       : nnc_conv_packed_floats(a->in_channels, a->kernel);
}

/* One function per tile shape and addressing. */
#define TILE_OF(nr, mr, name, mode)                                                            \
    static void tile_##nr##_##mr##_##name(const struct tile *t)                                \
    {                                                                                          \
        run_tile(t, mr, nr, mode);                                                             \
    }
#define TILE(nr, mr)                                                                           \
    TILE_OF(nr, mr, s1, BLOCKED_STRIDE_1)                                                      \
    TILE_OF(nr, mr, s2, BLOCKED_STRIDE_2)                                                      \
    TILE_OF(nr, mr, p1, PLAIN_STRIDE_1)                                                        \
    TILE_OF(nr, mr, p2, PLAIN_STRIDE_2)                                                        \
    TILE_OF(nr, mr, any, ANY_STRIDE)                                                           \
    static void tile_##nr##_##mr##_points(const struct tile *t)                                \
    {                                                                                          \
        run_points(t, mr, nr);                                                                 \
    }
#define NAME(nr, mr)                                                                           \
    [mr] = {tile_##nr##_##mr##_s1, tile_##nr##_##mr##_s2,  tile_##nr##_##mr##_p1,              \
            tile_##nr##_##mr##_p2, tile_##nr##_##mr##_any, tile_##nr##_##mr##_points},
#include "conv_items.h"
