/* SPDX-License-Identifier: MIT */
/* Convolution with 3x3 kernels and stride 1 after Winograd (Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2015): tiles of M x M outputs from
 * (M + 2) x (M + 2) inputs, with (M + 2)^2 products a channel in place of 9 M^2. After
 * conv_body.h.
 *
 * An item is a group of tiles and all active blocks: it transforms the group's inputs once,
 * then for every point multiplies them by that point's weights with the register tile of
 * conv_body.h, tiles in the place of pixels, and transforms back. A point's sum runs over
 * the input channels in their order, so no bit depends on the group or the other blocks.
 *
 * Packed weights of a block: 16 biases, then for every point, input channel: 16 weights,
 * transformed by winograd.c. */

enum { MAX_POINTS = 6, ITEM_TILES = 8 };

#define EACH_POINT(i, n)                                                                       \
    _Pragma("GCC unroll 6") for (int i = 0; i < MAX_POINTS; i++) if (i < (n))

/* B^T d of one row or column. */
static ALWAYS_INLINE void input_line(const int m, const vec d[MAX_POINTS], vec out[MAX_POINTS])
{
    if (m == 2) {
        out[0] = vec_sub(d[0], d[2]);
        out[1] = vec_add(d[1], d[2]);
        out[2] = vec_sub(d[2], d[1]);
        out[3] = vec_sub(d[1], d[3]);
        return;
    }
    const vec two = vec_set1(2), four = vec_set1(4), minus_five = vec_set1(-5);
    const vec even = vec_fma(vec_set1(-4), d[2], d[4]); /* d4 - 4 d2 */
    const vec odd = vec_fma(vec_set1(-4), d[1], d[3]);  /* d3 - 4 d1 */
    const vec even2 = vec_sub(d[4], d[2]);              /* d4 - d2 */
    const vec odd2 = vec_sub(d[3], d[1]);               /* d3 - d1 */
    out[0] = vec_fma(four, d[0], vec_fma(minus_five, d[2], d[4]));
    out[1] = vec_add(even, odd);
    out[2] = vec_sub(even, odd);
    out[3] = vec_fma(two, odd2, even2);
    out[4] = vec_fma(vec_set1(-2), odd2, even2);
    out[5] = vec_fma(four, d[1], vec_fma(minus_five, d[3], d[5]));
}

/* A^T m of one row or column. */
static ALWAYS_INLINE void output_line(const int m, const vec p[MAX_POINTS], vec out[4])
{
    const vec sum = vec_add(p[1], p[2]), difference = vec_sub(p[1], p[2]);
    if (m == 2) {
        out[0] = vec_add(p[0], sum);
        out[1] = vec_sub(difference, p[3]);
        return;
    }
    const vec sum2 = vec_add(p[3], p[4]), difference2 = vec_sub(p[3], p[4]);
    out[0] = vec_add(vec_add(p[0], sum), sum2);
    out[1] = vec_fma(vec_set1(2), difference2, difference);
    out[2] = vec_fma(vec_set1(4), sum2, sum);
    out[3] = vec_add(vec_fma(vec_set1(8), difference2, difference), p[5]);
}

/* The inputs of a tile, some of which may lie outside the picture. */
struct window {
    ptrdiff_t row[MAX_POINTS]; /* of the first column, from the picture's first pixel */
    bool row_inside[MAX_POINTS], column_inside[MAX_POINTS];
};

static ALWAYS_INLINE struct window window_of(const struct nnc_conv_args *a, const int m,
                                             ptrdiff_t y, ptrdiff_t x)
{
    struct window w;
    EACH_POINT(i, m + 2)
    {
        w.row[i] = (y + i) * (ptrdiff_t)a->xs.row + x * NNC_BLOCK;
        w.row_inside[i] = y + i >= 0 && y + i < (ptrdiff_t)a->in_height;
        w.column_inside[i] = x + i >= 0 && x + i < (ptrdiff_t)a->in_width;
    }
    return w;
}

/* One vector of channels of a tile's inputs, of a picture `x`, into V; `point` is the
 * distance of two points there. */
static ALWAYS_INLINE void transform_input(const struct window *w, const int m, const float *x,
                                          float *v, size_t point)
{
    static const float zeros[MAX_POINTS * NNC_BLOCK];
    const int n = m + 2;
    const float *row[MAX_POINTS];
    vec half[MAX_POINTS][MAX_POINTS]; /* B^T d */
    EACH_POINT(i, n)
        row[i] = w->row_inside[i] ? x + w->row[i] : zeros;
    EACH_POINT(k, n) /* columns */
    {
        vec d[MAX_POINTS], line[MAX_POINTS];
        EACH_POINT(i, n)
            d[i] = vec_load_if(w->column_inside[k], row[i] + k * NNC_BLOCK);
        input_line(m, d, line);
        EACH_POINT(i, n)
            half[i][k] = line[i];
    }
    EACH_POINT(i, n)
    {
        vec line[MAX_POINTS];
        input_line(m, half[i], line);
        EACH_POINT(k, n)
            vec_store(v + (size_t)(i * n + k) * point, line[k]);
    }
}

/* Some tiles of a picture, numbered row by row. */
struct tile_group {
    const struct nnc_conv_args *args;
    uint32_t m, in_row; /* outputs along an edge of a tile; tiles in a row */
    uint32_t first, n;  /* tiles */
    float *v, *products;
};

static ALWAYS_INLINE void load_group(const struct tile_group *g, const int m)
{
    const struct nnc_conv_args *const a = g->args;
    const uint32_t blocks = nnc_ceil_div(a->in_channels, NNC_BLOCK);
    const size_t point = inputs_of_point(a->in_channels);
    for (uint32_t t = 0; t < g->n; t++) {
        const uint32_t tile = g->first + t;
        const struct window w = window_of(
            a, m, (ptrdiff_t)(tile / g->in_row * g->m) - a->pad[0],
            (ptrdiff_t)(tile % g->in_row * g->m) - a->pad[1]);
        for (uint32_t b = 0; b < blocks; b++)
            for (uint32_t lane = 0; lane < NNC_BLOCK; lane += VEC)
                transform_input(&w, m, a->x + b * a->xs.block + lane,
                                g->v + (b * WINOGRAD_TILES + t) * NNC_BLOCK + lane, point);
    }
}

/* From one tile's sums to its outputs that lie inside the picture, one vector of channels;
 * `channel` is the place of that vector in the output. */
static ALWAYS_INLINE void
store_outputs(const struct tile_group *g, const int m, uint32_t tile, const float *products,
              size_t point, const float *bias, float gain, size_t channel)
{
    const struct nnc_conv_args *const a = g->args;
    const int n = m + 2;
    const uint32_t y0 = tile / g->in_row * (uint32_t)m, x0 = tile % g->in_row * (uint32_t)m;
    vec half[4][MAX_POINTS]; /* A^T p */
    EACH_POINT(k, n)
    {
        vec p[MAX_POINTS], line[4];
        EACH_POINT(i, n)
            p[i] = vec_load(products + (size_t)(i * n + k) * point);
        output_line(m, p, line);
        EACH_POINT(i, m)
            half[i][k] = line[i];
    }
    const vec b = vec_load(bias);
    EACH_POINT(i, m)
    {
        vec line[4];
        if (y0 + (uint32_t)i >= a->out_height)
            break;
        output_line(m, half[i], line);
        EACH_POINT(k, m)
            if (x0 + (uint32_t)k < a->out_width)
                finish(a, gain, vec_add(line[k], b),
                       channel + (y0 + i) * a->ys.row + (x0 + k) * a->ys.pixel);
    }
}

static ALWAYS_INLINE void
store_group(const struct tile_group *g, const int m, const struct tile *t,
            const uint32_t *blocks, uint32_t nr)
{
    const size_t point = sums_of_point(nr);
    for (uint32_t k = 0; k < g->n; k++)
        for (uint32_t j = 0; j < nr; j++)
            for (uint32_t lane = 0; lane < NNC_BLOCK; lane += VEC)
                store_outputs(g, m, g->first + k, g->products + (k * nr + j) * NNC_BLOCK + lane,
                              point, t->packed[j] + lane, t->gain[j],
                              blocks[j] * g->args->ys.block + lane);
}

/* Blocks side by side: as many as leave registers for the tiles of an item. */
static uint32_t winograd_blocks(const struct nnc_conv_args *a, uint32_t n_tiles)
{
    const int wanted = n_tiles < ITEM_TILES ? (int)n_tiles : ITEM_TILES;
    uint32_t widest = 1;
    while (widest < MAX_NR && max_mr[widest + 1] && widest < a->n_active &&
           (max_mr[widest + 1] >= wanted || max_mr[widest + 1] == max_mr[widest]))
        widest++;
    return widest;
}

/* Tiles at a time, of `n` that all have to be done: as even as can be, and no more in all
 * than there is room for. What lies behind the last one is multiplied, too, and not used. */
static uint32_t tiles_at_a_time(uint32_t n, uint32_t most)
{
    uint32_t mr = nnc_ceil_div(n, nnc_ceil_div(n, most));
    while (nnc_ceil_div(n, mr) * mr > WINOGRAD_TILES)
        mr--;
    return mr;
}

static ALWAYS_INLINE void run_group(const struct tile_group *g, const int m)
{
    const struct nnc_conv_args *const a = g->args;
    const uint32_t groups = nnc_ceil_div(a->n_active, winograd_blocks(a, g->n));
    load_group(g, m);
    for (uint32_t i = 0, b = 0; i < groups; i++) {
        const uint32_t nr = nnc_ceil_div(a->n_active - b, groups - i);
        struct tile t;
        fill_tile(&t, a, b, nr);
        t.points = (uint32_t)((m + 2) * (m + 2));
        t.point_tiles = g->n;
        t.x = g->v;
        t.products = g->products;
        tiles[nr][tiles_at_a_time(g->n, (uint32_t)max_mr[nr])][POINTS](&t);
        store_group(g, m, &t, a->active + b, nr);
        b += nr;
    }
}

static void run_group_2(const struct tile_group *g)
{
    run_group(g, 2);
}

static void run_group_4(const struct tile_group *g)
{
    run_group(g, 4);
}

static uint32_t tiles_along(uint32_t size, uint32_t m)
{
    return nnc_ceil_div(size, m);
}

static uint32_t winograd_items(const struct nnc_conv_args *a)
{
    return nnc_ceil_div(tiles_along(a->out_height, a->winograd) *
                            tiles_along(a->out_width, a->winograd),
                        ITEM_TILES);
}

static size_t winograd_floats_of_inputs(const struct nnc_conv_args *a)
{
    const size_t points = (size_t)(a->winograd + 2) * (a->winograd + 2);
    return points * inputs_of_point(a->in_channels);
}

static size_t winograd_scratch_floats(const struct nnc_conv_args *a)
{
    const size_t points = (size_t)(a->winograd + 2) * (a->winograd + 2);
    return winograd_floats_of_inputs(a) + points * sums_of_point(MAX_NR);
}

static void winograd(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    struct tile_group g = {.args = a,
                           .m = a->winograd,
                           .in_row = tiles_along(a->out_width, a->winograd),
                           .v = a->scratch,
                           .products = a->scratch + winograd_floats_of_inputs(a)};
    const uint32_t n_tiles = tiles_along(a->out_height, a->winograd) * g.in_row;
    const uint32_t end = last * ITEM_TILES < n_tiles ? last * ITEM_TILES : n_tiles;
    for (g.first = first * ITEM_TILES; g.first < end; g.first += g.n) {
        g.n = end - g.first < WINOGRAD_TILES ? end - g.first : WINOGRAD_TILES;
        (a->winograd == 2 ? run_group_2 : run_group_4)(&g);
    }
}

/* The entries of the table: either way. */
static uint32_t conv_items(const struct nnc_conv_args *a)
{
    return a->winograd ? winograd_items(a) : direct_items(a);
}

static size_t conv_scratch_floats(const struct nnc_conv_args *a)
{
    return a->winograd ? winograd_scratch_floats(a) : 0;
}

static void conv(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    (a->winograd ? winograd : direct)(a, first, last);
}
