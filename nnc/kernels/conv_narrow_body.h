/* SPDX-License-Identifier: MIT */
/* Convolution of narrow numbers over one register tile, and narrowing: the form of
 * conv_body.h, with words of several channels in the place of channels. What is peculiar to a
 * kind of number comes before this file: PER_WORD, add_products, start_of, skipped_tap,
 * add_skipped, to_float, narrow_pixel, narrow_lane. */

#include "kernels.h"

static void activate(const struct nnc_activation *a, const float *x, float *y, size_t n)
    __attribute__((unused)); /* its neighbour activate_vec is what is wanted */

enum { WORDS = NNC_BLOCK / PER_WORD, MAX_MR = 16, LEAST_PRODUCTS = PER_WORD * 400000 };

#define PRECISION (PER_WORD == 2 ? NNC_PRECISION_BF16 : NNC_PRECISION_INT8)

#undef NNC_TILES
#define NNC_TILES NNC_NARROW_TILES
#include "conv_tile.h"
#include "narrow_padding.h"

static ALWAYS_INLINE void
accumulate(vec acc[MAX_MR][MAX_NR * PER_BLOCK], const float *x, const size_t pixel,
           const float *const w[MAX_NR], uint32_t words, const int lo, const int hi,
           const int nr)
{
    for (uint32_t c = 0; c < words; c++) {
        vec weight[MAX_NR * PER_BLOCK];
        EACH_VECTOR(j)
            weight[j] = vec_load(w[j / PER_BLOCK] + c * NNC_BLOCK + (j % PER_BLOCK) * VEC);
        EACH_PIXEL(i, lo, hi)
        {
            const vec value = vec_set1(x[i * pixel + c]);
            EACH_VECTOR(j)
                acc[i][j] = add_products(acc[i][j], value, weight[j]);
        }
    }
}

/* Any subset of pixels, any stride: pixels outside read zeros, which change no sum. */
static ALWAYS_INLINE void
accumulate_masked(vec acc[MAX_MR][MAX_NR * PER_BLOCK], const float *x, size_t pixel,
                  const float *const w[MAX_NR], uint32_t words, int lo, int hi, const int mr,
                  const int nr)
{
    static const float zeros[WORDS];
    const float *source[MAX_MR];
    EACH_PIXEL(i, 0, mr)
        source[i] = i >= lo && i < hi ? x + i * pixel : zeros;
    for (uint32_t c = 0; c < words; c++) {
        vec weight[MAX_NR * PER_BLOCK];
        EACH_VECTOR(j)
            weight[j] = vec_load(w[j / PER_BLOCK] + c * NNC_BLOCK + (j % PER_BLOCK) * VEC);
        EACH_PIXEL(i, 0, mr)
        {
            const vec value = vec_set1(source[i][c]);
            EACH_VECTOR(j)
                acc[i][j] = add_products(acc[i][j], value, weight[j]);
        }
    }
}

static inline void add_skipped_block(float *sums, const float *skipped)
{
    for (int k = 0; k < NNC_BLOCK; k += VEC)
        vec_store(sums + k, add_skipped(vec_load(sums + k), vec_load(skipped + k)));
}

static bool padding_counts_in(const struct tile *t, int nr)
{
    for (int j = 0; j < nr; j++)
        if (padding_counts(t->packed[j], t->args->kernel[Y] * t->args->kernel[X]))
            return true;
    return false;
}

/* What padding adds to the sums of a tile, [mr][nr][16]. */
static __attribute__((noinline)) void add_padding(const struct tile *t, float *sums, int mr,
                                                  int nr)
{
    const struct nnc_conv_args *const a = t->args;
    for (uint32_t ky = 0; ky < a->kernel[Y]; ky++)
        for (uint32_t kx = 0; kx < a->kernel[X]; kx++) {
            int lo = 0, hi = 0;
            if (ky >= t->ky0 && ky < t->ky1)
                valid_outputs(a, X, t->x0, kx, mr, &lo, &hi);
            for (int i = 0; i < mr && (lo > 0 || hi < mr); i++)
                for (int j = 0; j < nr && (i < lo || i >= hi); j++)
                    add_skipped_block(sums + (i * nr + j) * NNC_BLOCK,
                                      skipped_tap(t->packed[j], ky * a->kernel[X] + kx));
        }
}

static ALWAYS_INLINE void start_sums(const struct tile *t,
                                     vec acc[MAX_MR][MAX_NR * PER_BLOCK], const int mr,
                                     const int nr)
{
    EACH_VECTOR(j)
    {
        const vec start = vec_load(start_of(t->packed[j / PER_BLOCK]) + (j % PER_BLOCK) * VEC);
        EACH_PIXEL(i, 0, mr)
            acc[i][j] = start;
    }
}

static ALWAYS_INLINE void sums_to_memory(vec acc[MAX_MR][MAX_NR * PER_BLOCK], float *sums,
                                         const int mr, const int nr)
{
    EACH_PIXEL(i, 0, mr)
        EACH_VECTOR(j)
            vec_store(sums + i * nr * NNC_BLOCK + j * VEC, acc[i][j]);
}

static ALWAYS_INLINE void sums_from_memory(vec acc[MAX_MR][MAX_NR * PER_BLOCK],
                                           const float *sums, const int mr, const int nr)
{
    EACH_PIXEL(i, 0, mr)
        EACH_VECTOR(j)
            acc[i][j] = vec_load(sums + i * nr * NNC_BLOCK + j * VEC);
}

static ALWAYS_INLINE void finish_sums(const struct tile *t,
                                      vec acc[MAX_MR][MAX_NR * PER_BLOCK], const int mr,
                                      const int nr)
{
    EACH_PIXEL(i, 0, mr)
        EACH_VECTOR(j)
            acc[i][j] = to_float(acc[i][j],
                                 t->packed[j / PER_BLOCK] + (j % PER_BLOCK) * VEC);
    store_tile(t, acc, mr, nr);
}

/* For conv_map_body.h: as of conv_body.h. */
#if NNC_WHOLE_MAPS
static bool outside(enum edge edge, int i, int n)
{
    return (edge == EDGE_FIRST && i == 0) || (edge == EDGE_LAST && i == n - 1);
}

static __attribute__((noinline)) void add_padding_of_map(const struct tile *t,
                                                         const struct map_edges *edges,
                                                         float *sums)
{
    const struct nnc_conv_args *const a = t->args;
    const int across = (int)a->out_width;
    for (uint32_t ky = 0; ky < a->kernel[Y]; ky++)
        for (uint32_t kx = 0; kx < a->kernel[X]; kx++)
            for (int i = 0; i < MAX_MR; i++)
                if (outside(edges->of[Y][ky], i / across, across) ||
                    outside(edges->of[X][kx], i % across, across))
                    add_skipped_block(sums + i * NNC_BLOCK,
                                      skipped_tap(t->packed[0], ky * a->kernel[X] + kx));
}

static ALWAYS_INLINE void start_map(const struct tile *t, const struct map_edges *edges,
                                    vec acc[MAX_MR][MAX_NR * PER_BLOCK])
{
    start_sums(t, acc, MAX_MR, 1);
    if (padding_counts_in(t, 1)) {
        float sums[MAX_MR * NNC_BLOCK];
        sums_to_memory(acc, sums, MAX_MR, 1);
        add_padding_of_map(t, edges, sums);
        sums_from_memory(acc, sums, MAX_MR, 1);
    }
}

static ALWAYS_INLINE const float *map_weights(const struct tile *t)
{
    const struct nnc_conv_args *const a = t->args;
    return t->packed[0] +
           (size_t)NNC_BLOCK * nnc_narrow_head(PRECISION, a->kernel[Y] * a->kernel[X]);
}

static ALWAYS_INLINE void finish_map(const struct tile *t,
                                     vec acc[MAX_MR][MAX_NR * PER_BLOCK])
{
    finish_sums(t, acc, MAX_MR, 1);
}
#endif

enum addressing { STRIDE_1, STRIDE_2, ANY_STRIDE, N_ADDRESSINGS };

/* The pixels of a tile that have the tap inside. */
static ALWAYS_INLINE void add_tap(vec acc[MAX_MR][MAX_NR * PER_BLOCK], const float *x,
                                  const size_t pixel, const float *const w[MAX_NR],
                                  const uint32_t words, uint8_t edge, const int mr,
                                  const int nr)
{
    switch (edge) {
    case EDGE_NONE:
        accumulate(acc, x, pixel, w, words, 0, mr, nr);
        break;
    case EDGE_FIRST:
        accumulate(acc, x, pixel, w, words, 1, mr, nr);
        break;
    case EDGE_LAST:
        accumulate(acc, x, pixel, w, words, 0, mr - 1, nr);
        break;
    default: /* outside */
        break;
    }
}

static ALWAYS_INLINE void
run_tile(const struct tile *t, const int mr, const int nr, const enum addressing mode)
{
    const struct nnc_conv_args *const a = t->args;
    vec acc[MAX_MR][MAX_NR * PER_BLOCK];
    start_sums(t, acc, mr, nr);
    if (padding_counts_in(t, nr)) {
        float sums[MAX_MR * MAX_NR * NNC_BLOCK];
        sums_to_memory(acc, sums, mr, nr);
        add_padding(t, sums, mr, nr);
        sums_from_memory(acc, sums, mr, nr);
    }
    const size_t pixel = mode == STRIDE_1   ? WORDS
                         : mode == STRIDE_2 ? 2 * WORDS
                                            : a->xs.pixel * a->stride[1];
    const uint32_t taps = a->kernel[0] * a->kernel[1];
    size_t before = nnc_narrow_head(PRECISION, taps);
    for (uint32_t c0 = 0; c0 < a->in_channels; c0 += NNC_BLOCK) {
        const uint32_t left = a->in_channels - c0;
        const uint32_t words = left < NNC_BLOCK ? nnc_ceil_div(left, PER_WORD) : WORDS;
        for (uint32_t ky = t->ky0; ky < t->ky1; ky++) {
            const float *const row = t->x + (c0 / NNC_BLOCK) * a->xs.block +
                                     (size_t)(ky - t->ky0) * a->dilation[0] * a->xs.row;
            for (uint32_t kx = 0; kx < a->kernel[1]; kx++) {
                const size_t skip =
                    NNC_BLOCK * (before + ((size_t)ky * a->kernel[1] + kx) * words);
                const float *w[MAX_NR] = {0};
                for (int j = 0; j < nr; j++)
                    w[j] = t->packed[j] + skip;
                const float *const x = row + (size_t)kx * a->dilation[1] * a->xs.pixel;
                if (mode == ANY_STRIDE) {
                    int lo, hi;
                    valid_outputs(a, X, t->x0, kx, mr, &lo, &hi);
                    accumulate_masked(acc, x, pixel, w, words, lo, hi, mr, nr);
                    continue;
                }
                if (words == WORDS)
                    add_tap(acc, x, pixel, w, WORDS, t->edge[kx], mr, nr);
                else
                    add_tap(acc, x, pixel, w, words, t->edge[kx], mr, nr);
            }
        }
        before += (size_t)taps * words;
    }
    finish_sums(t, acc, mr, nr);
}

/* The addressing a tile needs: the fast ones can leave out one pixel at either end. */
static enum addressing choose_addressing(struct tile *t, int mr)
{
    const struct nnc_conv_args *const a = t->args;
    if (a->xs.pixel != WORDS || a->stride[1] > 2 || a->kernel[1] > MAX_COLUMNS)
        return ANY_STRIDE;
    for (uint32_t kx = 0; kx < a->kernel[1]; kx++) {
        t->edge[kx] = (uint8_t)edge_of(a, X, t->x0, kx, mr);
        if (t->edge[kx] == EDGE_OTHER)
            return ANY_STRIDE;
    }
    return a->stride[1] == 1 ? STRIDE_1 : STRIDE_2;
}

/* They are few: nothing is asked for ahead. */
static uint64_t floats_of_block(const struct nnc_conv_args *a)
{
    (void)a;
    return 0;
}

/* One function per tile shape and addressing. */
#define TILE(nr, mr)                                                                           \
    static void tile_##nr##_##mr##_s1(const struct tile *t) { run_tile(t, mr, nr, STRIDE_1); } \
    static void tile_##nr##_##mr##_s2(const struct tile *t) { run_tile(t, mr, nr, STRIDE_2); } \
    static void tile_##nr##_##mr##_any(const struct tile *t)                                   \
    {                                                                                          \
        run_tile(t, mr, nr, ANY_STRIDE);                                                       \
    }
#define NAME(nr, mr)                                                                           \
    [mr] = {tile_##nr##_##mr##_s1, tile_##nr##_##mr##_s2, tile_##nr##_##mr##_any},
#include "conv_items.h"

/* Narrowing ---------------------------------------------------------------------------- */

static void narrow(const struct nnc_narrow_args *a)
{
    if (a->lane == 1 && a->lanes == NNC_BLOCK) {
        for (size_t p = 0; p < a->pixels; p++)
            for (int k = 0; k < NNC_BLOCK; k += VEC)
                narrow_vector(a, vec_load(a->x + p * a->pixel + k), p * NNC_BLOCK + k);
        return;
    }
    memset(a->y, 0, a->pixels * WORDS * sizeof *a->y);
    for (uint32_t i = 0; i < a->lanes; i++)
        for (size_t p = 0; p < a->pixels; p++)
            narrow_one(a, a->x[i * a->lane + p * a->pixel], p * NNC_BLOCK + i);
}
