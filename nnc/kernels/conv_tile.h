/* SPDX-License-Identifier: MIT */
/* A register tile, MR pixels of a row by NR blocks of 16 output channels: what it is, loops
 * over its sums, and their way out. Shared by the convolutions of every kind of number;
 * after a vec_*.h and the sizes MAX_MR and NNC_TILES. */

#include "conv_finish.h"
#include "conv_window.h"

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

/* Loops over a tile that are unrolled whole, with bounds known when compiled: anything else
 * would keep the sums in memory. */
#define EACH_PIXEL(i, lo, hi)                                                                  \
    _Pragma("GCC unroll 16") for (int i = 0; i < MAX_MR; i++) if (i >= (lo) && i < (hi))
#define EACH_VECTOR(j)                                                                         \
    _Pragma("GCC unroll 16") for (int j = 0; j < MAX_NR * PER_BLOCK;                           \
                                  j++) if (j < nr * PER_BLOCK)

/* Which pixels of a tile, along an axis, have a tap inside the picture. */
enum edge {
    EDGE_NONE,    /* all */
    EDGE_FIRST,   /* all but the first */
    EDGE_LAST,    /* all but the last */
    EDGE_OUTSIDE, /* none */
    EDGE_OTHER,
    N_EDGES
};

static enum edge edge_of(const struct nnc_conv_args *a, enum axis axis, uint32_t at,
                         uint32_t tap, int n)
{
    int lo, hi;
    valid_outputs(a, axis, at, tap, n, &lo, &hi);
    return lo == 0 && hi == n       ? EDGE_NONE
           : lo >= hi               ? EDGE_OUTSIDE
           : lo == 1 && hi == n     ? EDGE_FIRST
           : lo == 0 && hi == n - 1 ? EDGE_LAST
                                    : EDGE_OTHER;
}

/* Of a whole picture as one tile. */
struct map_edges {
    enum edge of[2][MAX_COLUMNS]; /* of each ky, of each kx */
};

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
    enum { FLOATS = 512 }; /* 4 and 8 KiB did as well for a map, less well for Winograd's */
    __builtin_prefetch(weights + FLOATS);
}

struct tile {
    const struct nnc_conv_args *args;
    const float *x;              /* input of tap (ky0, 0) of pixel 0; may lie before the row */
    uint32_t ky0, ky1;           /* taps inside the picture, vertically */
    uint32_t x0;                 /* first output pixel */
    uint8_t edge[MAX_COLUMNS];   /* enum edge of each kx; EDGE_OTHER is none */
    struct ahead *ahead;         /* of conv_body.h and its kin */
    uint32_t points, point_tiles; /* of winograd_body.h, and where their sums go */
    float *products;
    const float *packed[MAX_NR]; /* the head, then weights */
    size_t y;                    /* output of pixel 0 in block 0, from args->y */
    size_t y_offset[MAX_NR];     /* the tile's blocks, from there */
    float gain[MAX_NR];          /* theirs */
    uint32_t lanes;              /* channels to store of the last block */
};

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
