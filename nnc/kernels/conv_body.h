/* SPDX-License-Identifier: MIT */
/* Convolution over one register tile: MR pixels of a row by NR blocks of 16 output
 * channels. Compiled once per instruction set, after its vec_*.h.
 *
 * A tile holds all its sums in registers from the bias to the epilogue, in the order input
 * block, ky, kx, input channel; taps that fall on padding are skipped. That order does not
 * depend on MR and NR, so neither do the bits. The tile with padding on one side is the
 * same code with its first or last pixel left out of that tap. */

#include "activation_body.h"
#include "conv_window.h"
#include "kernels.h"

#include <string.h>

/* Instrumented tiles take minutes to compile; sanitizer builds make do with a few, which
 * are the same code. */
#if defined(NNC_FEW_TILES)
#undef NNC_TILES
#define NNC_TILES(X) X(1, 3) X(2, 2)
#endif

enum {
    PER_BLOCK = NNC_BLOCK / VEC,
    MAX_NR = 4,
    MAX_MR = 16,
    MAX_COLUMNS = 8, /* of a kernel, for the fast addressings */
    WINOGRAD_TILES = 8
};

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Loops over a tile that are unrolled whole, with bounds known when compiled: anything else
 * would keep the sums in memory. */
#define EACH_PIXEL(i, lo, hi)                                                                  \
    _Pragma("GCC unroll 16") for (int i = 0; i < MAX_MR; i++) if (i >= (lo) && i < (hi))
#define EACH_VECTOR(j)                                                                         \
    _Pragma("GCC unroll 16") for (int j = 0; j < MAX_NR * PER_BLOCK;                           \
                                  j++) if (j < nr * PER_BLOCK)

/* Which pixels of a tile have tap kx inside the picture. */
enum edge {
    EDGE_NONE,   /* all */
    EDGE_LEFT,   /* all but the first */
    EDGE_RIGHT,  /* all but the last */
    EDGE_OUTSIDE /* none */
};

struct tile {
    const struct nnc_conv_args *args;
    const float *x;              /* input of tap (ky0, 0) of pixel 0; may lie before the row */
    uint32_t ky0, ky1;           /* taps inside the picture, vertically */
    uint32_t x0;                 /* first output pixel */
    uint8_t edge[MAX_COLUMNS];   /* enum edge of each kx, if the addressing is a fast one */
    uint32_t points;             /* of winograd_body.h, and where their sums go */
    float *products;
    const float *packed[MAX_NR]; /* biases, then weights */
    size_t y;                    /* output of pixel 0 in block 0, from args->y */
    size_t y_offset[MAX_NR];     /* the tile's blocks, from there */
    float gain[MAX_NR];          /* theirs */
    uint32_t lanes;              /* channels to store of the last block */
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

/* A whole vector of sums on its way out: residual, activation, gain. */
static inline void finish(const struct nnc_conv_args *a, float gain, vec v, size_t at)
{
    const struct nnc_epilogue *const e = &a->epilogue;
    if (e->residual)
        v = vec_add(v, vec_load(e->residual + at));
    if (e->activation.kind)
        v = activate_vec(&e->activation, v);
    vec_store(a->y + at, vec_mul(v, vec_set1(gain)));
}

/* The same for fewer channels than a vector has. */
static void finish_part(const struct nnc_conv_args *a, float gain, const float *sums, size_t at,
                        uint32_t lanes)
{
    const struct nnc_epilogue *const e = &a->epilogue;
    float part[VEC] = {0};
    vec v = vec_load(sums);
    if (e->residual) {
        memcpy(part, e->residual + at, lanes * sizeof *part);
        v = vec_add(v, vec_load(part));
    }
    if (e->activation.kind)
        v = activate_vec(&e->activation, v);
    vec_store(part, vec_mul(v, vec_set1(gain)));
    memcpy(a->y + at, part, lanes * sizeof *part);
}

/* The way out of a tile for all that is not done in registers: `sums` is [mr][nr][16]. */
static void finish_tile(const struct tile *t, const float *sums, int mr, int nr)
{
    for (int i = 0; i < mr; i++)
        for (int j = 0; j < nr; j++, sums += NNC_BLOCK) {
            const uint32_t lanes = j == nr - 1 ? t->lanes : NNC_BLOCK;
            const size_t at = t->y + t->y_offset[j] + i * t->args->ys.pixel;
            for (uint32_t k = 0; k < lanes; k += VEC)
                if (lanes - k >= VEC)
                    finish(t->args, t->gain[j], vec_load(sums + k), at + k);
                else
                    finish_part(t->args, t->gain[j], sums + k, at + k, lanes - k);
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
            accumulate(acc, x, NNC_BLOCK, 1, w, left < NNC_BLOCK ? left : NNC_BLOCK, 0, mr, nr);
        }
        EACH_PIXEL(i, 0, mr)
            EACH_VECTOR(j)
                vec_store(products + i * nr * NNC_BLOCK + j * VEC, acc[i][j]);
    }
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
#define TILES_1(nr) TILE(nr, 1)
#define TILES_2(nr) TILES_1(nr) TILE(nr, 2)
#define TILES_3(nr) TILES_2(nr) TILE(nr, 3)
#define TILES_4(nr) TILES_3(nr) TILE(nr, 4)
#define TILES_5(nr) TILES_4(nr) TILE(nr, 5)
#define TILES_6(nr) TILES_5(nr) TILE(nr, 6)
#define TILES_7(nr) TILES_6(nr) TILE(nr, 7)
#define TILES_8(nr) TILES_7(nr) TILE(nr, 8)
#define TILES_9(nr) TILES_8(nr) TILE(nr, 9)
#define TILES_10(nr) TILES_9(nr) TILE(nr, 10)
#define TILES_11(nr) TILES_10(nr) TILE(nr, 11)
#define TILES_12(nr) TILES_11(nr) TILE(nr, 12)
#define TILES_13(nr) TILES_12(nr) TILE(nr, 13)
#define TILES_14(nr) TILES_13(nr) TILE(nr, 14)
#define TILES_15(nr) TILES_14(nr) TILE(nr, 15)
#define TILES_16(nr) TILES_15(nr) TILE(nr, 16)
#define DEFINE(nr, max_mr) TILES_##max_mr(nr)
NNC_TILES(DEFINE)

#define NAME(nr, mr)                                                                           \
    [mr] = {tile_##nr##_##mr##_s1, tile_##nr##_##mr##_s2,  tile_##nr##_##mr##_p1,              \
            tile_##nr##_##mr##_p2, tile_##nr##_##mr##_any, tile_##nr##_##mr##_points},
#define NAMES_1(nr) NAME(nr, 1)
#define NAMES_2(nr) NAMES_1(nr) NAME(nr, 2)
#define NAMES_3(nr) NAMES_2(nr) NAME(nr, 3)
#define NAMES_4(nr) NAMES_3(nr) NAME(nr, 4)
#define NAMES_5(nr) NAMES_4(nr) NAME(nr, 5)
#define NAMES_6(nr) NAMES_5(nr) NAME(nr, 6)
#define NAMES_7(nr) NAMES_6(nr) NAME(nr, 7)
#define NAMES_8(nr) NAMES_7(nr) NAME(nr, 8)
#define NAMES_9(nr) NAMES_8(nr) NAME(nr, 9)
#define NAMES_10(nr) NAMES_9(nr) NAME(nr, 10)
#define NAMES_11(nr) NAMES_10(nr) NAME(nr, 11)
#define NAMES_12(nr) NAMES_11(nr) NAME(nr, 12)
#define NAMES_13(nr) NAMES_12(nr) NAME(nr, 13)
#define NAMES_14(nr) NAMES_13(nr) NAME(nr, 14)
#define NAMES_15(nr) NAMES_14(nr) NAME(nr, 15)
#define NAMES_16(nr) NAMES_15(nr) NAME(nr, 16)
#define ROW(nr, max_mr) [nr] = {NAMES_##max_mr(nr)},
static void (*const tiles[MAX_NR + 1][MAX_MR + 1][N_ADDRESSINGS])(const struct tile *) = {
    NNC_TILES(ROW)};

#define LIMIT(nr, mr) [nr] = mr,
static const int max_mr[MAX_NR + 1] = {NNC_TILES(LIMIT)};

/* How many blocks go side by side: the widest tile the instruction set has, cut evenly
 * (4 blocks as 2 + 2 rather than 3 + 1) where that leaves enough pixels. */
static uint32_t blocks_per_group(const struct nnc_conv_args *a)
{
    uint32_t widest = 1;
    while (widest < MAX_NR && max_mr[widest + 1] && widest < a->n_active)
        widest++;
    const uint32_t groups = nnc_ceil_div(a->n_active, widest);
    return nnc_ceil_div(a->n_active, groups);
}

/* An item is one group of blocks and some rows: small enough to share, large enough that
 * claiming it costs nothing beside it (a microsecond or two), all of about a size. */
static uint32_t rows_per_item(const struct nnc_conv_args *a)
{
    enum { LEAST_PRODUCTS = 150000 };
    const uint64_t per_row = (uint64_t)a->in_channels * a->kernel[0] * a->kernel[1] *
                             a->out_width * NNC_BLOCK * blocks_per_group(a);
    const uint64_t items = per_row * a->out_height / LEAST_PRODUCTS;
    const uint32_t most = items < a->out_height ? (uint32_t)items : a->out_height;
    return nnc_ceil_div(a->out_height, most ? most : 1);
}

static uint32_t direct_items(const struct nnc_conv_args *a)
{
    return nnc_ceil_div(a->n_active, blocks_per_group(a)) *
           nnc_ceil_div(a->out_height, rows_per_item(a));
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

static void conv_row(const struct nnc_conv_args *a, struct tile *t, uint32_t nr, uint32_t y)
{
    valid_rows(a, y, &t->ky0, &t->ky1);
    const ptrdiff_t iy = (ptrdiff_t)y * a->stride[0] - a->pad[0] +
                         (ptrdiff_t)t->ky0 * a->dilation[0];
    const uint32_t limit = (uint32_t)max_mr[nr];
    const uint32_t tiles_in_row = nnc_ceil_div(a->out_width, limit);
    uint32_t x = 0;
    for (uint32_t i = 0; i < tiles_in_row; i++) {
        const uint32_t mr = nnc_ceil_div(a->out_width - x, tiles_in_row - i);
        const ptrdiff_t ix = (ptrdiff_t)x * a->stride[1] - a->pad[1];
        t->x0 = x;
        t->x = a->x + iy * (ptrdiff_t)a->xs.row + ix * (ptrdiff_t)a->xs.pixel;
        t->y = y * a->ys.row + x * a->ys.pixel;
        tiles[nr][mr][choose_addressing(t, (int)mr)](t);
        x += mr;
    }
}

static void direct(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    const uint32_t per_group = blocks_per_group(a), rows = rows_per_item(a);
    const uint32_t items_per_group = nnc_ceil_div(a->out_height, rows);
    for (uint32_t item = first; item < last; item++) {
        const uint32_t b0 = item / items_per_group * per_group;
        const uint32_t y0 = item % items_per_group * rows;
        const uint32_t y1 = y0 + rows < a->out_height ? y0 + rows : a->out_height;
        const uint32_t left = a->n_active - b0;
        const uint32_t nr = left < per_group ? left : per_group;
        struct tile t = {.args = a, .lanes = NNC_BLOCK};
        for (uint32_t j = 0; j < nr; j++) {
            t.packed[j] = a->packed[a->active[b0 + j]];
            t.y_offset[j] = a->active[b0 + j] * a->ys.block;
            t.gain[j] = nnc_gain_of_block(&a->epilogue, a->active[b0 + j]);
        }
        const uint32_t end = (a->active[b0 + nr - 1] + 1) * NNC_BLOCK;
        if (a->exact_tail && end > a->out_channels)
            t.lanes = NNC_BLOCK - (end - a->out_channels);
        for (uint32_t y = y0; y < y1; y++)
            conv_row(a, &t, nr, y);
    }
}
