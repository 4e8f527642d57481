/* SPDX-License-Identifier: MIT */
/* Convolution of narrow numbers over one register tile, and narrowing: the form of
 * conv_body.h, with words of several channels in the place of channels. A vector has the 16
 * output channels of a block. What is peculiar to a kind of number comes before this file:
 * PER_WORD, add_products, start_of, skipped_tap, add_skipped, to_float, narrow_pixel,
 * narrow_lane. */

static void activate(const struct nnc_activation *a, const float *x, float *y, size_t n)
    __attribute__((unused)); /* its neighbour activate_vec is what is wanted */

#include "conv_window.h"
#include "activation_body.h"

enum { WORDS = NNC_BLOCK / PER_WORD, MAX_NR = 4, MAX_MR = 8 };
_Static_assert((int)VEC == (int)NNC_BLOCK, "a vector is a block of output channels");

/* Loops over a tile, unrolled whole: anything else would keep the sums in memory. */
#define EACH_PIXEL(i, lo, hi)                                                                  \
    _Pragma("GCC unroll 8") for (int i = 0; i < MAX_MR; i++) if (i >= (lo) && i < (hi))
#define EACH_BLOCK(j) _Pragma("GCC unroll 4") for (int j = 0; j < MAX_NR; j++) if (j < nr)

struct tile {
    const struct nnc_conv_args *args;
    const float *x;              /* words of tap (ky0, 0) of pixel 0; may lie before the row */
    uint32_t ky0, ky1;           /* taps inside the picture, vertically */
    uint32_t x0;                 /* first output pixel */
    const float *packed[MAX_NR];
    size_t y;                    /* output of pixel 0 in block 0, from args->y */
    size_t y_offset[MAX_NR];     /* the tile's blocks, from there */
    float gain[MAX_NR];
    uint32_t lanes;              /* channels to store of the last block */
};

static inline __attribute__((always_inline)) void
accumulate(vec acc[MAX_MR][MAX_NR], const float *x, const size_t pixel,
           const float *const w[MAX_NR], uint32_t words, const int lo, const int hi,
           const int nr)
{
    for (uint32_t c = 0; c < words; c++) {
        vec weight[MAX_NR];
        EACH_BLOCK(j)
            weight[j] = vec_load(w[j] + c * NNC_BLOCK);
        EACH_PIXEL(i, lo, hi)
        {
            const vec value = vec_set1(x[i * pixel + c]);
            EACH_BLOCK(j)
                acc[i][j] = add_products(acc[i][j], value, weight[j]);
        }
    }
}

/* Any subset of pixels, any stride: pixels outside read zeros, which change no sum. */
static inline __attribute__((always_inline)) void
accumulate_masked(vec acc[MAX_MR][MAX_NR], const float *x, size_t pixel,
                  const float *const w[MAX_NR], uint32_t words, int lo, int hi, const int mr,
                  const int nr)
{
    static const float zeros[WORDS];
    const float *source[MAX_MR];
    EACH_PIXEL(i, 0, mr)
        source[i] = i >= lo && i < hi ? x + i * pixel : zeros;
    for (uint32_t c = 0; c < words; c++) {
        vec weight[MAX_NR];
        EACH_BLOCK(j)
            weight[j] = vec_load(w[j] + c * NNC_BLOCK);
        EACH_PIXEL(i, 0, mr)
        {
            const vec value = vec_set1(source[i][c]);
            EACH_BLOCK(j)
                acc[i][j] = add_products(acc[i][j], value, weight[j]);
        }
    }
}

/* What sums begin with, [mr][nr][16]; taps on padding have a part in it. */
static void start_tile(const struct tile *t, float *sums, int mr, int nr)
{
    const struct nnc_conv_args *const a = t->args;
    for (int i = 0; i < mr; i++)
        for (int j = 0; j < nr; j++)
            vec_store(sums + (i * nr + j) * NNC_BLOCK, vec_load(start_of(t->packed[j])));
    if (!skipped_tap(t->packed[0], 0))
        return;
    for (uint32_t ky = 0; ky < a->kernel[0]; ky++)
        for (uint32_t kx = 0; kx < a->kernel[1]; kx++) {
            int lo = 0, hi = 0;
            if (ky >= t->ky0 && ky < t->ky1)
                valid_pixels(a, t->x0, kx, mr, &lo, &hi);
            for (int i = 0; i < mr && (lo > 0 || hi < mr); i++)
                for (int j = 0; j < nr && (i < lo || i >= hi); j++) {
                    float *const sum = sums + (i * nr + j) * NNC_BLOCK;
                    vec_store(sum,
                              add_skipped(vec_load(sum),
                                          vec_load(skipped_tap(t->packed[j],
                                                               ky * a->kernel[1] + kx))));
                }
        }
}

/* One vector on its way out: residual, activation, gain; `lanes` real channels. */
static void finish(const struct nnc_conv_args *a, vec v, float gain, size_t at, uint32_t lanes)
{
    const struct nnc_epilogue *const e = &a->epilogue;
    const __mmask16 real = (__mmask16)(lanes >= NNC_BLOCK ? 0xffff : (1u << lanes) - 1);
    if (e->residual)
        v = vec_add(v, _mm512_maskz_loadu_ps(real, e->residual + at));
    if (e->activation.kind)
        v = activate_vec(&e->activation, v);
    if (e->gain)
        v = vec_mul(v, vec_set1(gain));
    _mm512_mask_storeu_ps(a->y + at, real, v);
}

/* The way out of a tile, kept out of the unrolled code. */
static void finish_tile(const struct tile *t, const float *sums, int mr, int nr)
{
    for (int i = 0; i < mr; i++)
        for (int j = 0; j < nr; j++, sums += NNC_BLOCK)
            finish(t->args, to_float(vec_load(sums), t->packed[j]), t->gain[j],
                   t->y + t->y_offset[j] + i * t->args->ys.pixel,
                   j == nr - 1 ? t->lanes : NNC_BLOCK);
}

enum addressing { STRIDE_1, STRIDE_2, ANY_STRIDE, N_ADDRESSINGS };

static inline __attribute__((always_inline)) void
run_tile(const struct tile *t, const int mr, const int nr, const enum addressing mode)
{
    const struct nnc_conv_args *const a = t->args;
    float sums[MAX_MR * MAX_NR * NNC_BLOCK];
    vec acc[MAX_MR][MAX_NR];
    start_tile(t, sums, mr, nr);
    EACH_PIXEL(i, 0, mr)
        EACH_BLOCK(j)
            acc[i][j] = vec_load(sums + (i * nr + j) * NNC_BLOCK);
    const size_t pixel = mode == STRIDE_1   ? WORDS
                         : mode == STRIDE_2 ? 2 * WORDS
                                            : a->xs.pixel * a->stride[1];
    const uint32_t taps = a->kernel[0] * a->kernel[1];
    const enum nnc_precision precision = PER_WORD == 2 ? NNC_PRECISION_BF16 : NNC_PRECISION_INT8;
    size_t before = nnc_narrow_head(precision, taps);
    for (uint32_t c0 = 0; c0 < a->in_channels; c0 += NNC_BLOCK) {
        const uint32_t left = a->in_channels - c0;
        const uint32_t words = left < NNC_BLOCK ? nnc_ceil_div(left, PER_WORD) : WORDS;
        for (uint32_t ky = t->ky0; ky < t->ky1; ky++) {
            const float *const row = t->x + (c0 / NNC_BLOCK) * a->xs.block +
                                     (size_t)(ky - t->ky0) * a->dilation[0] * a->xs.row;
            for (uint32_t kx = 0; kx < a->kernel[1]; kx++) {
                int lo, hi;
                valid_pixels(a, t->x0, kx, mr, &lo, &hi);
                if (lo >= hi)
                    continue;
                const size_t skip =
                    NNC_BLOCK * (before + ((size_t)ky * a->kernel[1] + kx) * words);
                const float *w[MAX_NR] = {0};
                for (int j = 0; j < nr; j++)
                    w[j] = t->packed[j] + skip;
                const float *const x = row + (size_t)kx * a->dilation[1] * a->xs.pixel;
                if (mode == ANY_STRIDE)
                    accumulate_masked(acc, x, pixel, w, words, lo, hi, mr, nr);
                else if (lo == 0 && hi == mr)
                    accumulate(acc, x, pixel, w, words, 0, mr, nr);
                else if (lo == 1)
                    accumulate(acc, x, pixel, w, words, 1, mr, nr);
                else
                    accumulate(acc, x, pixel, w, words, 0, mr - 1, nr);
            }
        }
        before += (size_t)taps * words;
    }
    EACH_PIXEL(i, 0, mr)
        EACH_BLOCK(j)
            vec_store(sums + (i * nr + j) * NNC_BLOCK, acc[i][j]);
    finish_tile(t, sums, mr, nr);
}

/* One function per tile shape and addressing; sanitizer builds make do with a few shapes,
 * which are the same code. */
#if defined(NNC_FEW_TILES)
#define EACH_TILE(X) X(1, 1) X(1, 2) X(1, 3) X(2, 1) X(2, 2)
static const int max_mr[MAX_NR + 1] = {0, 3, 2};
#else
#define UP_TO_6(X, nr) X(nr, 1) X(nr, 2) X(nr, 3) X(nr, 4) X(nr, 5) X(nr, 6)
#define UP_TO_8(X, nr) UP_TO_6(X, nr) X(nr, 7) X(nr, 8)
#define EACH_TILE(X) UP_TO_8(X, 1) UP_TO_8(X, 2) UP_TO_8(X, 3) UP_TO_6(X, 4)
static const int max_mr[MAX_NR + 1] = {0, 8, 8, 8, 6};
#endif

#define TILE(nr, mr)                                                                           \
    static void tile_##nr##_##mr##_s1(const struct tile *t) { run_tile(t, mr, nr, STRIDE_1); } \
    static void tile_##nr##_##mr##_s2(const struct tile *t) { run_tile(t, mr, nr, STRIDE_2); } \
    static void tile_##nr##_##mr##_any(const struct tile *t)                                   \
    {                                                                                          \
        run_tile(t, mr, nr, ANY_STRIDE);                                                       \
    }
EACH_TILE(TILE)

#define ENTRY(nr, mr)                                                                          \
    [nr][mr] = {tile_##nr##_##mr##_s1, tile_##nr##_##mr##_s2, tile_##nr##_##mr##_any},
static void (*const tiles[MAX_NR + 1][MAX_MR + 1][N_ADDRESSINGS])(const struct tile *) = {
    EACH_TILE(ENTRY)};

/* How many blocks go side by side: the widest tile, cut evenly. */
static uint32_t blocks_per_group(const struct nnc_conv_args *a)
{
    uint32_t widest = 1;
    while (widest < MAX_NR && max_mr[widest + 1] && widest < a->n_active)
        widest++;
    return nnc_ceil_div(a->n_active, nnc_ceil_div(a->n_active, widest));
}

/* An item is one group of blocks and some rows: small enough to share, large enough that
 * claiming it costs nothing beside it. */
static uint32_t rows_per_item(const struct nnc_conv_args *a)
{
    const uint64_t per_row = (uint64_t)a->in_channels * a->kernel[0] * a->kernel[1] *
                             a->out_width * NNC_BLOCK * blocks_per_group(a);
    const uint64_t rows = PER_WORD * 400000 / (per_row + 1) + 1;
    return rows < a->out_height ? (uint32_t)rows : a->out_height;
}

static uint32_t conv_items(const struct nnc_conv_args *a)
{
    return nnc_ceil_div(a->n_active, blocks_per_group(a)) *
           nnc_ceil_div(a->out_height, rows_per_item(a));
}

/* The addressing a tile needs: the fast ones can leave out one pixel at either end. */
static enum addressing choose_addressing(const struct nnc_conv_args *a, uint32_t x0, int mr)
{
    if (a->xs.pixel != WORDS || a->stride[1] > 2)
        return ANY_STRIDE;
    for (uint32_t kx = 0; kx < a->kernel[1]; kx++) {
        int lo, hi;
        valid_pixels(a, x0, kx, mr, &lo, &hi);
        if (lo < hi && !(lo == 0 && hi >= mr - 1) && !(lo == 1 && hi == mr))
            return ANY_STRIDE;
    }
    return a->stride[1] == 1 ? STRIDE_1 : STRIDE_2;
}

static void conv_row(const struct nnc_conv_args *a, struct tile *t, uint32_t nr, uint32_t y)
{
    valid_rows(a, y, &t->ky0, &t->ky1);
    const ptrdiff_t iy = (ptrdiff_t)y * a->stride[0] - a->pad[0] +
                         (ptrdiff_t)t->ky0 * a->dilation[0];
    const uint32_t tiles_in_row = nnc_ceil_div(a->out_width, (uint32_t)max_mr[nr]);
    uint32_t x = 0;
    for (uint32_t i = 0; i < tiles_in_row; i++) {
        const uint32_t mr = nnc_ceil_div(a->out_width - x, tiles_in_row - i);
        const ptrdiff_t ix = (ptrdiff_t)x * a->stride[1] - a->pad[1];
        t->x0 = x;
        t->x = a->x + iy * (ptrdiff_t)a->xs.row + ix * (ptrdiff_t)a->xs.pixel;
        t->y = y * a->ys.row + x * a->ys.pixel;
        tiles[nr][mr][choose_addressing(a, x, (int)mr)](t);
        x += mr;
    }
}

static void conv(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
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
            t.gain[j] = nnc_gain_of_block(&a->epilogue, a->active[b0 + j]);
            t.y_offset[j] = a->active[b0 + j] * a->ys.block;
        }
        const uint32_t end = (a->active[b0 + nr - 1] + 1) * NNC_BLOCK;
        if (a->exact_tail && end > a->out_channels)
            t.lanes = NNC_BLOCK - (end - a->out_channels);
        for (uint32_t y = y0; y < y1; y++)
            conv_row(a, &t, nr, y);
    }
}

/* Narrowing ---------------------------------------------------------------------------- */

static void narrow(const struct nnc_narrow_args *a)
{
    if (a->lane == 1 && a->lanes == NNC_BLOCK) {
        for (size_t p = 0; p < a->pixels; p++)
            narrow_pixel(a, vec_load(a->x + p * a->pixel), p);
        return;
    }
    memset(a->y, 0, a->pixels * WORDS * sizeof *a->y);
    for (uint32_t i = 0; i < a->lanes; i++)
        for (size_t p = 0; p < a->pixels; p++)
            narrow_lane(a, a->x[i * a->lane + p * a->pixel], p, i);
}
