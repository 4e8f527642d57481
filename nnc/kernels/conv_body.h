/* SPDX-License-Identifier: MIT */
/* Convolution of floats over one register tile. Compiled once per instruction set, after its
 * vec_*.h.
 *
 * A tile holds all its sums in registers from the bias to the epilogue, in the order input
 * block, ky, kx, input channel; taps that fall on padding are skipped. That order does not
 * depend on MR and NR, so neither do the bits. The tile with padding on one side is the
 * same code with its first or last pixel left out of that tap. */

#include "winograd.h"

enum {
    MAX_MR = 16,
    WINOGRAD_TILES = 16,
    PER_WORD = 1,     /* channels, */
    WORDS = NNC_BLOCK /* and words of a pixel in a block, as conv_narrow_body.h has them */
};

/* A microsecond or two. */
enum { LEAST_PRODUCTS = 150000 };

#include "conv_tile.h"

static inline vec add_products(vec sum, vec value, vec weight)
{
    return vec_fma(value, weight, sum);
}

/* With `fetch` the weights that come a little later in the same order are asked for. */
static ALWAYS_INLINE void
accumulate(vec acc[MAX_MR][MAX_NR * PER_BLOCK], const float *x, const size_t pixel,
           const size_t lane, const float *const w[MAX_NR], uint32_t channels, const int lo,
           const int hi, const int nr, const bool fetch)
{
    for (uint32_t c = 0; c < channels; c++) {
        vec weight[MAX_NR * PER_BLOCK];
        EACH_VECTOR(j)
        {
            const float *const from = w[j / PER_BLOCK] + c * NNC_BLOCK + (j % PER_BLOCK) * VEC;
            weight[j] = vec_load(from);
            if (fetch && j % PER_BLOCK == 0)
                fetch_ahead(from);
        }
        EACH_PIXEL(i, lo, hi)
        {
            const vec value = vec_set1(x[i * pixel + c * lane]);
            EACH_VECTOR(j)
                acc[i][j] = add_products(acc[i][j], value, weight[j]);
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
                acc[i][j] = add_products(acc[i][j], value, weight[j]);
        }
    }
}

/* For conv_map_body.h: how the sums of a whole picture begin, where their weights do, and the
 * sums' way out. */
static ALWAYS_INLINE void start_map(const struct tile *t, const struct map_edges *edges,
                                    vec acc[MAX_MR][MAX_NR * PER_BLOCK])
{
    (void)edges;
    EACH_PIXEL(i, 0, MAX_MR)
        acc[i][0] = vec_load(t->packed[0]);
}

static ALWAYS_INLINE const float *map_weights(const struct tile *t)
{
    return t->packed[0] + NNC_BLOCK;
}

static ALWAYS_INLINE void finish_map(const struct tile *t,
                                     vec acc[MAX_MR][MAX_NR * PER_BLOCK])
{
    store_tile(t, acc, MAX_MR, 1);
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
                    valid_outputs(a, X, t->x0, kx, mr, &lo, &hi);
                    if (lo == 0 && hi == mr)
                        accumulate(acc, x, pixel, lane, w, channels, 0, mr, nr, true);
                    else
                        accumulate_masked(acc, x, pixel, lane, w, channels, lo, hi, mr, nr);
                    continue;
                }
                switch (t->edge[kx]) {
                case EDGE_NONE:
                    accumulate(acc, x, pixel, lane, w, channels, 0, mr, nr, true);
                    break;
                case EDGE_FIRST:
                    accumulate(acc, x, pixel, lane, w, channels, 1, mr, nr, true);
                    break;
                case EDGE_LAST:
                    accumulate(acc, x, pixel, lane, w, channels, 0, mr - 1, nr, true);
                    break;
                default: /* outside */
                    break;
                }
            }
        }
    }
    store_tile(t, acc, mr, nr);
}

/* The products of winograd_body.h: for every point a product of its own, tiles in the place
 * of pixels, `mr` of them at a time. x is [point][input block][WINOGRAD_TILES][16], the sums
 * [point][WINOGRAD_TILES][nr * 16], and a point's begin a line further than its size: an even
 * power of two would put the points of a tile into the same few lines of a cache.
 *
 * A point's weights are read once from where they lie, and for further tiles again from the
 * cache. */
static inline size_t inputs_of_point(uint32_t channels)
{
    return ((size_t)nnc_ceil_div(channels, NNC_BLOCK) * WINOGRAD_TILES + 1) * NNC_BLOCK;
}

static inline size_t sums_of_point(uint32_t nr)
{
    return ((size_t)nr * WINOGRAD_TILES + 1) * NNC_BLOCK;
}

static ALWAYS_INLINE void run_point(const struct tile *t, uint32_t point, const float *x,
                                    float *sums, const int mr, const int nr, const bool fetch)
{
    const uint32_t channels = t->args->in_channels;
    vec acc[MAX_MR][MAX_NR * PER_BLOCK];
    EACH_PIXEL(i, 0, mr)
        EACH_VECTOR(j)
            acc[i][j] = vec_set1(0);
    for (uint32_t c0 = 0; c0 < channels; c0 += NNC_BLOCK, x += WINOGRAD_TILES * NNC_BLOCK) {
        const uint32_t left = channels - c0;
        const size_t skip = NNC_BLOCK * (1 + (size_t)point * channels + c0);
        const float *w[MAX_NR] = {0};
        for (int j = 0; j < nr; j++)
            w[j] = t->packed[j] + skip;
        accumulate(acc, x, NNC_BLOCK, 1, w, left < NNC_BLOCK ? left : NNC_BLOCK, 0, mr, nr,
                   fetch);
    }
    EACH_PIXEL(i, 0, mr)
        EACH_VECTOR(j)
            vec_store(sums + i * nr * NNC_BLOCK + j * VEC, acc[i][j]);
}

static ALWAYS_INLINE void run_points(const struct tile *t, const int mr, const int nr)
{
    const float *x = t->x;
    float *sums = t->products;
    for (uint32_t p = 0; p < t->points; p++) {
        run_point(t, p, x, sums, mr, nr, true);
        for (uint32_t k = (uint32_t)mr; k < t->point_tiles; k += (uint32_t)mr)
            run_point(t, p, x + k * NNC_BLOCK, sums + k * (uint32_t)nr * NNC_BLOCK, mr, nr,
                      false);
        x += inputs_of_point(t->args->in_channels);
        sums += sums_of_point((uint32_t)nr);
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
        t->edge[kx] = (uint8_t)edge_of(a, X, t->x0, kx, mr);
        if (t->edge[kx] == EDGE_OTHER)
            return ANY_STRIDE;
    }
    return blocked ? (a->stride[1] == 1 ? BLOCKED_STRIDE_1 : BLOCKED_STRIDE_2)
                   : (a->stride[1] == 1 ? PLAIN_STRIDE_1 : PLAIN_STRIDE_2);
}

static uint64_t floats_of_block(const struct nnc_conv_args *a)
{
    return nnc_conv_packed_floats(a->in_channels, a->kernel);
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
