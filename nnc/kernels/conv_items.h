/* SPDX-License-Identifier: MIT */
/* A layer as tiles, and tiles as items: one function for every shape of tile that NNC_TILES
 * names, how many blocks and rows make an item, and the walk over them. After conv_tile.h
 * and what fills a tile: the macros TILE(nr, mr), which defines the functions of a shape, and
 * NAME(nr, mr), which lists them by addressing; N_ADDRESSINGS, choose_addressing,
 * floats_of_block, those of packed weights, and LEAST_PRODUCTS, those that an item is worth
 * being claimed for. */

#define UP_TO_1(X, nr) X(nr, 1)
#define UP_TO_2(X, nr) UP_TO_1(X, nr) X(nr, 2)
#define UP_TO_3(X, nr) UP_TO_2(X, nr) X(nr, 3)
#define UP_TO_4(X, nr) UP_TO_3(X, nr) X(nr, 4)
#define UP_TO_5(X, nr) UP_TO_4(X, nr) X(nr, 5)
#define UP_TO_6(X, nr) UP_TO_5(X, nr) X(nr, 6)
#define UP_TO_7(X, nr) UP_TO_6(X, nr) X(nr, 7)
#define UP_TO_8(X, nr) UP_TO_7(X, nr) X(nr, 8)
#define UP_TO_9(X, nr) UP_TO_8(X, nr) X(nr, 9)
#define UP_TO_10(X, nr) UP_TO_9(X, nr) X(nr, 10)
#define UP_TO_11(X, nr) UP_TO_10(X, nr) X(nr, 11)
#define UP_TO_12(X, nr) UP_TO_11(X, nr) X(nr, 12)
#define UP_TO_13(X, nr) UP_TO_12(X, nr) X(nr, 13)
#define UP_TO_14(X, nr) UP_TO_13(X, nr) X(nr, 14)
#define UP_TO_15(X, nr) UP_TO_14(X, nr) X(nr, 15)
#define UP_TO_16(X, nr) UP_TO_15(X, nr) X(nr, 16)

#define DEFINE(nr, mr) UP_TO_##mr(TILE, nr)
NNC_TILES(DEFINE)

#define ROW(nr, mr) [nr] = {UP_TO_##mr(NAME, nr)},
static void (*const tiles[MAX_NR + 1][MAX_MR + 1][N_ADDRESSINGS])(const struct tile *) = {
    NNC_TILES(ROW)};

#define LIMIT(nr, mr) [nr] = mr,
static const int max_mr[MAX_NR + 1] = {NNC_TILES(LIMIT)};

/* How many blocks go side by side: as few tiles as can be for a row, then as many blocks, cut
 * evenly (4 blocks as 2 + 2 rather than 3 + 1). A row that one tile holds is rather left
 * whole: cut, it would read all weights for a few pixels at a time, more than a cache of the
 * second level gives while their products are made. */
static uint32_t blocks_per_group(const struct nnc_conv_args *a)
{
    uint32_t best = 1, fewest = UINT32_MAX;
    bool whole = false;
    for (uint32_t nr = 1; nr <= MAX_NR && max_mr[nr]; nr++) {
        const uint32_t in_row = nnc_ceil_div(a->out_width, (uint32_t)max_mr[nr]);
        const uint32_t groups = nnc_ceil_div(a->n_active, nr);
        if (groups * in_row > fewest || (groups * in_row == fewest && in_row > 1 && whole))
            continue;
        fewest = groups * in_row;
        whole = in_row == 1;
        best = nnc_ceil_div(a->n_active, groups);
    }
    return best;
}

/* An item is one group of blocks and some rows: small enough to share, large enough that
 * claiming it costs nothing beside it, all of about a size. */
static uint32_t rows_per_item(const struct nnc_conv_args *a)
{
    const uint64_t per_row = (uint64_t)a->in_channels * a->kernel[0] * a->kernel[1] *
                             a->out_width * NNC_BLOCK * blocks_per_group(a);
    const uint64_t items = per_row * a->out_height / LEAST_PRODUCTS;
    const uint32_t most = items < a->out_height ? (uint32_t)items : a->out_height;
    return nnc_ceil_div(a->out_height, most ? most : 1);
}

static uint32_t row_items(const struct nnc_conv_args *a)
{
    return nnc_ceil_div(a->n_active, blocks_per_group(a)) *
           nnc_ceil_div(a->out_height, rows_per_item(a));
}

/* Rows [y0, y1), one tile's width after the other: which taps fall on padding at its sides is
 * the same in all of them. */
static void run_rows(const struct nnc_conv_args *a, struct tile *t, uint32_t nr, uint32_t y0,
                     uint32_t y1)
{
    const uint32_t tiles_in_row = nnc_ceil_div(a->out_width, (uint32_t)max_mr[nr]);
    for (uint32_t i = 0, x = 0, mr; i < tiles_in_row; i++, x += mr) {
        mr = nnc_ceil_div(a->out_width - x, tiles_in_row - i);
        t->x0 = x;
        void (*const run)(const struct tile *) = tiles[nr][mr][choose_addressing(t, (int)mr)];
        const ptrdiff_t ix = (ptrdiff_t)x * a->stride[X] - a->pad[X];
        for (uint32_t y = y0; y < y1; y++) {
            valid_rows(a, y, &t->ky0, &t->ky1);
            const ptrdiff_t iy = (ptrdiff_t)y * a->stride[Y] - a->pad[Y] +
                                 (ptrdiff_t)t->ky0 * a->dilation[Y];
            t->x = a->x + iy * (ptrdiff_t)a->xs.row + ix * (ptrdiff_t)a->xs.pixel;
            t->y = y * a->ys.row + x * a->ys.pixel;
            run(t);
        }
    }
}

/* What a tile of `nr` blocks has wherever it lies: they begin at the `b0`th active one. */
static void fill_tile(struct tile *t, const struct nnc_conv_args *a, uint32_t b0, uint32_t nr)
{
    *t = (struct tile){.args = a, .lanes = NNC_BLOCK};
    for (uint32_t j = 0; j < nr; j++) {
        t->packed[j] = a->packed[a->active[b0 + j]];
        t->y_offset[j] = a->active[b0 + j] * a->ys.block;
        t->gain[j] = nnc_gain_of_block(&a->epilogue, a->active[b0 + j]);
    }
    const uint32_t end = (a->active[b0 + nr - 1] + 1) * NNC_BLOCK;
    if (a->exact_tail && end > a->out_channels)
        t->lanes = NNC_BLOCK - (end - a->out_channels);
}

/* Weights as many as those of the `nr` active blocks from `b0` on, from where these end: the
 * next blocks', or what lies behind a layer's, which is the next layer's, mostly. The `part`th
 * of `parts`, in the course of so many taps. */
static struct ahead ahead_of(const struct nnc_conv_args *a, uint32_t b0, uint32_t nr,
                             uint32_t part, uint32_t parts, uint64_t taps)
{
    if (a->weights_near)
        return (struct ahead){0};
    const uint32_t next = b0 + nr;
    const uintptr_t block = floats_of_block(a) * sizeof(float);
    const uintptr_t begin = next < a->n_active
                                ? (uintptr_t)a->packed[a->active[next]]
                                : (uintptr_t)a->packed[a->active[next - 1]] + block;
    const uintptr_t size = nr * block / parts;
    return (struct ahead){.at = begin + part * size,
                          .end = begin + (part + 1) * size,
                          .lines = (uint32_t)(size / CACHE_LINE / taps + 1)};
}

static uint64_t taps_of(const struct nnc_conv_args *a, uint32_t n_tiles)
{
    return (uint64_t)n_tiles * a->kernel[0] * a->kernel[1] *
           nnc_ceil_div(a->in_channels, NNC_BLOCK);
}

static void conv_rows(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    const uint32_t per_group = blocks_per_group(a), rows = rows_per_item(a);
    const uint32_t items_per_group = nnc_ceil_div(a->out_height, rows);
    for (uint32_t item = first; item < last; item++) {
        const uint32_t b0 = item / items_per_group * per_group;
        const uint32_t part = item % items_per_group;
        const uint32_t y0 = part * rows;
        const uint32_t y1 = y0 + rows < a->out_height ? y0 + rows : a->out_height;
        const uint32_t left = a->n_active - b0;
        const uint32_t nr = left < per_group ? left : per_group;
        const uint32_t n_tiles = (y1 - y0) * nnc_ceil_div(a->out_width, (uint32_t)max_mr[nr]);
        struct tile t;
        fill_tile(&t, a, b0, nr);
        struct ahead ahead = ahead_of(a, b0, nr, part, items_per_group, taps_of(a, n_tiles));
        t.ahead = &ahead;
        run_rows(a, &t, nr, y0, y1);
    }
}

#if NNC_WHOLE_MAPS
#include "conv_map_body.h"
#endif

/* The direct convolution, either way. */
static uint32_t direct_items(const struct nnc_conv_args *a)
{
#if NNC_WHOLE_MAPS
    struct map_edges edges;
    if (is_map(a, &edges))
        return a->n_active;
#endif
    return row_items(a);
}

static void direct(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
#if NNC_WHOLE_MAPS
    struct map_edges edges;
    if (is_map(a, &edges)) {
        conv_maps(a, &edges, first, last);
        return;
    }
#endif
    conv_rows(a, first, last);
}
