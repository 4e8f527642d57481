/* SPDX-License-Identifier: MIT */
/* Convolution to a picture of 4x4 pixels: all of it is one register tile, one block wide.
 * Part of conv_items.h where the instruction set has registers enough (NNC_WHOLE_MAPS).
 *
 * Such layers end a network, and there they hold most of its weights: a row at a time would
 * read these four times, and wait for them each time, since one row's products are made
 * faster than a cache of the second level gives their weights. Here each is read once, in
 * the order it lies in, and asked for a little ahead; so it does not matter how far away
 * they are. The order of a sum is run_tile()'s, so the bits are, too. */

enum { MAP = 4 /* pixels along an edge; MAP * MAP = MAX_MR */ };

static ALWAYS_INLINE void
accumulate_map(vec acc[MAX_MR][MAX_NR * PER_BLOCK], const float *x, const size_t row,
               const size_t pixel, const float *w, uint32_t words, const int y0,
               const int y1, const int x0, const int x1)
{
    for (uint32_t c = 0; c < words; c++, w += NNC_BLOCK) {
        const vec weight = vec_load(w);
        fetch_ahead(w);
        EACH_PIXEL(i, 0, MAP * MAP)
            if (i / MAP >= y0 && i / MAP < y1 && i % MAP >= x0 && i % MAP < x1)
                acc[i][0] = add_products(
                    acc[i][0], vec_set1(x[i / MAP * row + i % MAP * pixel + c]), weight);
    }
}

/* What a tap adds, by the rows and columns that have it inside the picture. */
#define TAP_CASE(rows, columns)                                                                \
    case rows * N_EDGES + columns:                                                             \
        accumulate_map(acc, x, row, pixel, w, words, rows == EDGE_FIRST,                       \
                       MAP - (rows == EDGE_LAST), columns == EDGE_FIRST,                       \
                       MAP - (columns == EDGE_LAST));                                          \
        break;

static ALWAYS_INLINE void
add_map_tap(vec acc[MAX_MR][MAX_NR * PER_BLOCK], const float *x, const size_t row,
            const size_t pixel, const float *w, const uint32_t words,
            const struct map_edges *edges, uint32_t ky, uint32_t kx)
{
    switch (edges->of[Y][ky] * N_EDGES + edges->of[X][kx]) {
        TAP_CASE(EDGE_NONE, EDGE_NONE)
        TAP_CASE(EDGE_NONE, EDGE_FIRST)
        TAP_CASE(EDGE_NONE, EDGE_LAST)
        TAP_CASE(EDGE_FIRST, EDGE_NONE)
        TAP_CASE(EDGE_FIRST, EDGE_FIRST)
        TAP_CASE(EDGE_FIRST, EDGE_LAST)
        TAP_CASE(EDGE_LAST, EDGE_NONE)
        TAP_CASE(EDGE_LAST, EDGE_FIRST)
        TAP_CASE(EDGE_LAST, EDGE_LAST)
    }
}

static ALWAYS_INLINE void
run_map(const struct tile *t, const struct map_edges *edges, const size_t stride)
{
    const struct nnc_conv_args *const a = t->args;
    const size_t pixel = stride * WORDS, row = stride * MAP * pixel;
    vec acc[MAX_MR][MAX_NR * PER_BLOCK];
    start_map(t, edges, acc);
    const float *w = map_weights(t);
    for (uint32_t c0 = 0; c0 < a->in_channels; c0 += NNC_BLOCK) {
        const uint32_t left = a->in_channels - c0;
        const uint32_t words = left < NNC_BLOCK ? nnc_ceil_div(left, PER_WORD) : WORDS;
        const float *const block = t->x + c0 / NNC_BLOCK * a->xs.block;
        for (uint32_t ky = 0; ky < a->kernel[0]; ky++)
            for (uint32_t kx = 0; kx < a->kernel[1]; kx++, w += words * NNC_BLOCK) {
                const float *const x = block + ky * a->xs.row + kx * WORDS;
                if (words == WORDS)
                    add_map_tap(acc, x, row, pixel, w, WORDS, edges, ky, kx);
                else
                    add_map_tap(acc, x, row, pixel, w, words, edges, ky, kx);
            }
    }
    finish_map(t, acc);
}

static void map_stride_1(const struct tile *t, const struct map_edges *edges)
{
    run_map(t, edges, 1);
}

static void map_stride_2(const struct tile *t, const struct map_edges *edges)
{
    run_map(t, edges, 2);
}

/* Whether run_map() has code for a layer. */
static bool axis_fits(const struct nnc_conv_args *a, enum axis axis,
                      enum edge edges[MAX_COLUMNS])
{
    bool fits = a->kernel[axis] <= MAX_COLUMNS && a->dilation[axis] == 1;
    for (uint32_t k = 0; fits && k < a->kernel[axis]; k++) {
        edges[k] = edge_of(a, axis, 0, k, MAP);
        fits = edges[k] < EDGE_OUTSIDE;
    }
    return fits;
}

static bool is_map(const struct nnc_conv_args *a, struct map_edges *edges)
{
    const uint32_t stride = a->stride[X];
    return a->out_height == MAP && a->out_width == MAP && a->xs.lane == 1 &&
           a->xs.pixel == WORDS && (stride == 1 || stride == 2) && stride == a->stride[Y] &&
           a->xs.row == stride * MAP * WORDS && a->ys.row == MAP * a->ys.pixel &&
           axis_fits(a, Y, edges->of[Y]) && axis_fits(a, X, edges->of[X]);
}

/* An item is a block. */
static void conv_maps(const struct nnc_conv_args *a, const struct map_edges *edges,
                      uint32_t first, uint32_t last)
{
    for (uint32_t item = first; item < last; item++) {
        struct tile t;
        fill_tile(&t, a, item, 1);
        t.x = a->x - (a->pad[Y] * a->xs.row + a->pad[X] * a->xs.pixel);
        (a->stride[X] == 1 ? map_stride_1 : map_stride_2)(&t, edges);
    }
}
