/* SPDX-License-Identifier: MIT */
/* A register tile, MR pixels of a row by NR blocks of 16 output channels: what it is, loops
 * over its sums, and their way out. Shared by the convolutions of every kind of number;
 * after a vec_*.h and the sizes MAX_MR and NNC_TILES. */

#include "activation_body.h"
#include "conv_window.h"

#include <string.h>

/* Instrumented tiles take minutes to compile; sanitizer builds make do with a few, which
 * are the same code. */
#if defined(NNC_FEW_TILES)
#undef NNC_TILES
#define NNC_TILES(X) X(1, 3) X(2, 2)
#undef NNC_DEPTHWISE_TILES
#define NNC_DEPTHWISE_TILES(X) X(1, 3)
#endif

enum {
    PER_BLOCK = NNC_BLOCK / VEC,
    MAX_NR = 4,
    MAX_COLUMNS = 8 /* of a kernel, for the fast addressings */
};

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Loops over a tile that are unrolled whole, with bounds known when compiled: anything else
 * would keep the sums in memory. */
#define EACH_PIXEL(i, lo, hi)                                                                  \
    _Pragma("GCC unroll 16") for (int i = 0; i < MAX_MR; i++) if (i >= (lo) && i < (hi))
#define EACH_VECTOR(j)                                                                         \
    _Pragma("GCC unroll 16") for (int j = 0; j < MAX_NR * PER_BLOCK;                           \
                                  j++) if (j < nr * PER_BLOCK)

/* Weights that are wanted soon are asked for in two ways.
 *
 * Whoever reads them for the first time, in their order, asks with every vector for one a
 * little further on (fetch_ahead), so that they arrive from the last cache as fast as they
 * are used.
 *
 * Where tiles read the same weights again, what comes after them is asked for meanwhile: with
 * every tap a few lines. All at once would wait for room to ask. */
struct ahead {
    uintptr_t at, end; /* addresses of nobody do no harm */
    uint32_t lines;    /* with a tap */
};

enum { CACHE_LINE = 64 };

static ALWAYS_INLINE void ask_ahead(struct ahead *ahead)
{
    enum { FOR_READING, SECOND_CACHE = 2 };
    for (uint32_t k = ahead->lines; k && ahead->at < ahead->end; k--, ahead->at += CACHE_LINE)
        __builtin_prefetch((const void *)ahead->at, FOR_READING, SECOND_CACHE);
}

static ALWAYS_INLINE void fetch_ahead(const float *weights)
{
    enum { FLOATS = 512 };
    __builtin_prefetch(weights + FLOATS);
}

struct tile {
    const struct nnc_conv_args *args;
    const float *x;              /* input of tap (ky0, 0) of pixel 0; may lie before the row */
    uint32_t ky0, ky1;           /* taps inside the picture, vertically */
    uint32_t x0;                 /* first output pixel */
    uint8_t edge[MAX_COLUMNS];   /* of conv_body.h: enum edge of each kx */
    struct ahead *ahead;         /* of conv_body.h and its kin */
    uint32_t points, point_tiles; /* of winograd_body.h, and where their sums go */
    float *products;
    const float *packed[MAX_NR]; /* the head, then weights */
    size_t y;                    /* output of pixel 0 in block 0, from args->y */
    size_t y_offset[MAX_NR];     /* the tile's blocks, from there */
    float gain[MAX_NR];          /* theirs */
    uint32_t lanes;              /* channels to store of the last block */
};

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
