/* SPDX-License-Identifier: MIT */
/* Convolution of narrow numbers as a product of tiles, which AMX has registers for: 16
 * pixels by 64 bytes of their taps, times these bytes by 16 output channels. Before this
 * file come a vec_*.h, what is peculiar to a kind of number (as for conv_narrow_body.h), and
 * the tiles: TILES_CONFIGURE(), TILES_RELEASE(), TILE_LOAD(tile, from, bytes of a row),
 * TILE_STORE, TILE_MULTIPLY(sums, pixels, weights), with tiles by their numbers.
 *
 * An item is 32 pixels of the output and all active blocks. Their taps are gathered into
 * rows, in the order that packed weights have: input block, ky, kx, word. So any stride,
 * dilation and padding is one product without edges, and the rows serve all blocks. What
 * falls on padding is zero, and adds nothing. A sum runs over its row in order, whatever
 * lies beside it. */

#include "kernels.h"

static void activate(const struct nnc_activation *a, const float *x, float *y, size_t n)
    __attribute__((unused)); /* its neighbour activate_vec is what is wanted */

enum {
    WORDS = NNC_BLOCK / PER_WORD, /* of a pixel in a block of channels */
    TILE = 16,                    /* rows of a tile, words in a row, channels */
    TILE_WORDS = TILE * TILE,
    SIDE = 2, /* tiles side by side, either way */
    ITEM_PIXELS = SIDE * TILE
};

#define PRECISION (PER_WORD == 2 ? NNC_PRECISION_BF16 : NNC_PRECISION_INT8)

#include "conv_finish.h"
#include "conv_window.h"
#include "narrow_padding.h"

/* An item at work. */
struct product {
    const struct nnc_conv_args *args;
    uint32_t first, n;      /* its pixels, numbered row by row */
    uint32_t words, chunks; /* of a row of taps; its last chunk is filled up with zeros */
    size_t pitch;           /* words from row to row */
    float *rows;            /* [ITEM_PIXELS][pitch] */
    float *tail;            /* [SIDE] weights of the last chunk, filled up likewise */
    float *sums;            /* [SIDE tiles of pixels][SIDE blocks][pixel][channel] */
};

static uint32_t words_of_row(const struct nnc_conv_args *a)
{
    return nnc_narrow_words(PRECISION, a->in_channels) * a->kernel[Y] * a->kernel[X];
}

/* An odd number of lines, so that rows of a tile do not share a few lines of a cache. */
static size_t pitch_of(uint32_t words)
{
    return (size_t)(nnc_ceil_div(words, TILE) | 1) * TILE;
}

static size_t conv_scratch_floats(const struct nnc_conv_args *a)
{
    return ITEM_PIXELS * pitch_of(words_of_row(a)) + (SIDE + SIDE * SIDE) * TILE_WORDS;
}

static uint32_t amx_items(const struct nnc_conv_args *a)
{
    return nnc_ceil_div(a->out_height * a->out_width, ITEM_PIXELS);
}

/* A tap of `n` pixels side by side: where it lies in the first block, from the picture's
 * first pixel, and which pixels [lo, hi) have it inside. */
struct tap {
    ptrdiff_t at;
    int lo, hi;
};

static struct tap tap_of(const struct nnc_conv_args *a, uint32_t y, uint32_t x, uint32_t number,
                         int n)
{
    const uint32_t ky = number / a->kernel[X], kx = number % a->kernel[X];
    const ptrdiff_t iy = (ptrdiff_t)y * a->stride[Y] + (ptrdiff_t)ky * a->dilation[Y] - a->pad[Y];
    const ptrdiff_t ix = (ptrdiff_t)x * a->stride[X] + (ptrdiff_t)kx * a->dilation[X] - a->pad[X];
    struct tap tap = {iy * (ptrdiff_t)a->xs.row + ix * (ptrdiff_t)a->xs.pixel, 0, 0};
    if (iy >= 0 && iy < (ptrdiff_t)a->in_height)
        valid_outputs(a, X, x, kx, n, &tap.lo, &tap.hi);
    return tap;
}

static ALWAYS_INLINE void gather_tap(const struct product *p, const struct tap *tap,
                                     const float *x, float *to, int n, const uint32_t words)
{
    const size_t step = p->args->stride[X] * p->args->xs.pixel;
    const float *const from = x + tap->at;
    for (int i = 0; i < tap->lo; i++)
        memset(to + i * p->pitch, 0, words * sizeof *to);
    for (int i = tap->lo; i < tap->hi; i++)
        memcpy(to + i * p->pitch, from + i * step, words * sizeof *to);
    for (int i = tap->hi; i < n; i++)
        memset(to + i * p->pitch, 0, words * sizeof *to);
}

/* Taps from the `first` on of `n` pixels side by side, of all channels, into their rows, in
 * which a block's taps lie together. */
static void gather_taps(const struct product *p, const struct tap *taps, uint32_t n_taps,
                        uint32_t first, float *row, int n)
{
    const struct nnc_conv_args *const a = p->args;
    const uint32_t blocks = a->in_channels / NNC_BLOCK;
    const uint32_t rest = nnc_ceil_div(a->in_channels % NNC_BLOCK, PER_WORD);
    const size_t per_block = (size_t)a->kernel[Y] * a->kernel[X] * WORDS;
    const float *x = a->x;
    for (uint32_t b = 0; b < blocks; b++, x += a->xs.block, row += per_block)
        for (uint32_t t = 0; t < n_taps; t++)
            gather_tap(p, &taps[t], x, row + (first + t) * WORDS, n, WORDS);
    for (uint32_t t = 0; rest && t < n_taps; t++)
        gather_tap(p, &taps[t], x, row + (first + t) * rest, n, rest);
}

/* The rows of an item. */
static void gather(const struct product *p)
{
    enum { TAPS = 16 }; /* at a time */
    const struct nnc_conv_args *const a = p->args;
    const uint32_t all = a->kernel[Y] * a->kernel[X];
    for (uint32_t i = 0, n; i < p->n; i += n) {
        const uint32_t y = (p->first + i) / a->out_width, x = (p->first + i) % a->out_width;
        n = a->out_width - x < p->n - i ? a->out_width - x : p->n - i;
        for (uint32_t first = 0; first < all; first += TAPS) {
            struct tap taps[TAPS];
            const uint32_t n_taps = all - first < TAPS ? all - first : TAPS;
            for (uint32_t t = 0; t < n_taps; t++)
                taps[t] = tap_of(a, y, x, first + t, (int)n);
            gather_taps(p, taps, n_taps, first, p->rows + i * p->pitch, (int)n);
        }
    }
    for (uint32_t i = 0; i < p->n; i++)
        memset(p->rows + i * p->pitch + p->words, 0,
               (p->chunks * TILE - p->words) * sizeof *p->rows);
}

/* What the sums of a pixel and block begin with; with `padding`, taps on it have a part. */
static void start_sum(const struct product *p, uint32_t pixel, const float *packed,
                      bool padding, float *sum)
{
    const struct nnc_conv_args *const a = p->args;
    const uint32_t y = pixel / a->out_width, x = pixel % a->out_width;
    vec v = vec_load(start_of(packed));
    for (uint32_t t = 0; padding && t < a->kernel[Y] * a->kernel[X]; t++) {
        const struct tap tap = tap_of(a, y, x, t, 1);
        if (tap.lo == tap.hi)
            v = add_skipped(v, vec_load(skipped_tap(packed, t)));
    }
    vec_store(sum, v);
}

/* From the sums of a pixel and block to the output. */
static void finish_sum(const struct product *p, uint32_t pixel, uint32_t block,
                       const float *packed, const float *sum)
{
    const struct nnc_conv_args *const a = p->args;
    const float gain = nnc_gain_of_block(&a->epilogue, block);
    const size_t at = block * a->ys.block + pixel / a->out_width * a->ys.row +
                      pixel % a->out_width * a->ys.pixel;
    const vec v = to_float(vec_load(sum), packed);
    const uint32_t left = a->out_channels - block * NNC_BLOCK;
    if (!a->exact_tail || left >= NNC_BLOCK) {
        finish(a, gain, v, at);
        return;
    }
    float floats[NNC_BLOCK];
    vec_store(floats, v);
    finish_part(a, gain, floats, at, left);
}

/* The weights of the last chunk behind `whole` ones, with zeros for what is no tap's: what
 * lies behind a block's weights could be anything. */
static const float *tail_of(const struct product *p, const float *weights, int j)
{
    float *const tail = p->tail + j * TILE_WORDS;
    const size_t before = (size_t)(p->chunks - 1) * TILE;
    const size_t n = (p->words - before) * NNC_BLOCK;
    memcpy(tail, weights + before * NNC_BLOCK, n * sizeof *tail);
    memset(tail + n, 0, (TILE_WORDS - n) * sizeof *tail);
    return tail;
}

/* sums += rows times weights: `high` tiles of pixels by `wide` blocks. */
static ALWAYS_INLINE void multiply(const struct product *p, const float *const weights[SIDE],
                                   const float *const tail[SIDE], const int high,
                                   const int wide)
{
    enum { LINE = TILE * sizeof(float) };
    const size_t pitch = p->pitch * sizeof *p->rows;
    TILE_LOAD(0, p->sums, LINE);
    if (wide > 1)
        TILE_LOAD(1, p->sums + TILE_WORDS, LINE);
    if (high > 1)
        TILE_LOAD(2, p->sums + 2 * TILE_WORDS, LINE);
    if (high > 1 && wide > 1)
        TILE_LOAD(3, p->sums + 3 * TILE_WORDS, LINE);
    for (uint32_t k = 0; k < p->chunks; k++) {
        const bool last = k == p->chunks - 1;
        TILE_LOAD(4, p->rows + k * TILE, pitch);
        TILE_LOAD(6, last ? tail[0] : weights[0] + k * TILE_WORDS, LINE);
        TILE_MULTIPLY(0, 4, 6);
        if (wide > 1) {
            TILE_LOAD(7, last ? tail[1] : weights[1] + k * TILE_WORDS, LINE);
            TILE_MULTIPLY(1, 4, 7);
        }
        if (high > 1) {
            TILE_LOAD(5, p->rows + TILE * p->pitch + k * TILE, pitch);
            TILE_MULTIPLY(2, 5, 6);
        }
        if (high > 1 && wide > 1)
            TILE_MULTIPLY(3, 5, 7);
    }
    TILE_STORE(0, p->sums, LINE);
    if (wide > 1)
        TILE_STORE(1, p->sums + TILE_WORDS, LINE);
    if (high > 1)
        TILE_STORE(2, p->sums + 2 * TILE_WORDS, LINE);
    if (high > 1 && wide > 1)
        TILE_STORE(3, p->sums + 3 * TILE_WORDS, LINE);
}

static float *sum_at(const struct product *p, uint32_t pixel, uint32_t j)
{
    return p->sums + (pixel / TILE * SIDE + j) * TILE_WORDS + pixel % TILE * NNC_BLOCK;
}

/* All pixels of an item by `wide` blocks, from the `b`th active one on. */
static void run_blocks(const struct product *p, uint32_t b, uint32_t wide)
{
    const struct nnc_conv_args *const a = p->args;
    const uint32_t taps = a->kernel[Y] * a->kernel[X];
    const uint32_t head = nnc_narrow_head(PRECISION, taps);
    const float *weights[SIDE] = {0}, *tail[SIDE] = {0};
    for (uint32_t j = 0; j < wide; j++) {
        const float *const packed = a->packed[a->active[b + j]];
        weights[j] = packed + (size_t)head * NNC_BLOCK;
        tail[j] = tail_of(p, weights[j], (int)j);
        const bool padding = padding_counts(packed, taps);
        for (uint32_t i = 0; i < p->n; i++)
            start_sum(p, p->first + i, packed, padding, sum_at(p, i, j));
    }
    if (p->n <= TILE && wide == 1)
        multiply(p, weights, tail, 1, 1);
    else if (p->n <= TILE)
        multiply(p, weights, tail, 1, 2);
    else if (wide == 1)
        multiply(p, weights, tail, 2, 1);
    else
        multiply(p, weights, tail, 2, 2);
    for (uint32_t j = 0; j < wide; j++)
        for (uint32_t i = 0; i < p->n; i++)
            finish_sum(p, p->first + i, a->active[b + j], a->packed[a->active[b + j]],
                       sum_at(p, i, j));
}

static void amx_conv(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    const uint32_t words = words_of_row(a);
    struct product p = {.args = a,
                        .words = words,
                        .chunks = nnc_ceil_div(words, TILE),
                        .pitch = pitch_of(words),
                        .sums = a->scratch};
    p.tail = p.sums + SIDE * SIDE * TILE_WORDS;
    p.rows = p.tail + SIDE * TILE_WORDS;
    const uint32_t pixels = a->out_height * a->out_width;
    TILES_CONFIGURE();
    for (uint32_t item = first; item < last; item++) {
        p.first = item * ITEM_PIXELS;
        p.n = pixels - p.first < ITEM_PIXELS ? pixels - p.first : ITEM_PIXELS;
        gather(&p);
        for (uint32_t b = 0; b < a->n_active; b += SIDE)
            run_blocks(&p, b, a->n_active - b < SIDE ? 1 : SIDE);
    }
    TILES_RELEASE();
}
