/* SPDX-License-Identifier: MIT */
/* Depthwise convolution, after conv_body.h: a few pixels of one row and block at a time,
 * their sums in registers. Taps on padding are skipped, in the order ky, kx, so no bit depends
 * on how many pixels go together. The usual kernels, 3 or 5 columns without dilation, have
 * register tiles that read an input once for all columns; what takes any other comes first. */

enum { RUN = 4, MAX_DEPTHWISE = 5 /* columns of a kernel */ };

/* Columns of the input, or of the kernel; and the vectors of one block. No bound is higher
 * than it has to be: the compiler unrolls first and throws away later. */
#define EACH_COLUMN(i, n)                                                                      \
    _Pragma("GCC unroll 24") for (int i = 0; i < 24; i++) if (i < (n))
#define EACH_TAP(i, n)                                                                         \
    _Pragma("GCC unroll 5") for (int i = 0; i < MAX_DEPTHWISE; i++) if (i < (n))
#define EACH_PART(j) _Pragma("GCC unroll 4") for (int j = 0; j < PER_BLOCK; j++)

/* Pixels x .. x + pixels - 1 of row y, taps [ky0, ky1) x [kx0, kx1). */
static inline __attribute__((always_inline)) void
depthwise_pixels(const struct nnc_conv_args *a, uint32_t block, const uint32_t ky[2],
                 const uint32_t kx[2], uint32_t y, uint32_t x, const int pixels)
{
    const float *const packed = a->packed[block];
    vec acc[RUN][PER_BLOCK];
    for (int i = 0; i < pixels; i++)
        for (int j = 0; j < PER_BLOCK; j++)
            acc[i][j] = vec_load(packed + j * VEC);
    const ptrdiff_t iy0 = (ptrdiff_t)y * a->stride[0] - a->pad[0];
    const ptrdiff_t ix0 = (ptrdiff_t)x * a->stride[1] - a->pad[1];
    const float *const base = a->x + block * a->xs.block;
    const size_t step = a->xs.pixel * a->stride[1];
    for (uint32_t i = ky[0]; i < ky[1]; i++)
        for (uint32_t k = kx[0]; k < kx[1]; k++) {
            const ptrdiff_t iy = iy0 + (ptrdiff_t)i * a->dilation[0];
            const ptrdiff_t ix = ix0 + (ptrdiff_t)k * a->dilation[1];
            const float *const in = base + iy * (ptrdiff_t)a->xs.row +
                                    ix * (ptrdiff_t)a->xs.pixel;
            const float *const w = packed + NNC_BLOCK * (1 + (size_t)i * a->kernel[1] + k);
            for (int j = 0; j < PER_BLOCK; j++) {
                const vec weight = vec_load(w + j * VEC);
                for (int p = 0; p < pixels; p++)
                    acc[p][j] = vec_fma(vec_load(in + p * step + j * VEC), weight, acc[p][j]);
            }
        }
    const float gain = nnc_gain_of_block(&a->epilogue, block);
    for (int p = 0; p < pixels; p++) {
        const size_t at = block * a->ys.block + y * a->ys.row + (x + p) * a->ys.pixel;
        for (int j = 0; j < PER_BLOCK; j++)
            finish(a, gain, acc[p][j], at + j * VEC);
    }
}

/* One pixel near a border: its taps inside the picture. */
static void depthwise_border(const struct nnc_conv_args *a, uint32_t block,
                             const uint32_t ky[2], uint32_t y, uint32_t x)
{
    uint32_t kx[2] = {0, a->kernel[1]};
    const int64_t first = (int64_t)x * a->stride[1] - a->pad[1];
    while (kx[0] < kx[1] && first + (int64_t)kx[0] * a->dilation[1] < 0)
        kx[0]++;
    while (kx[1] > kx[0] &&
           first + (int64_t)(kx[1] - 1) * a->dilation[1] >= (int64_t)a->in_width)
        kx[1]--;
    depthwise_pixels(a, block, ky, kx, y, x, 1);
}

/* Output columns [*x0, *x1) all of whose taps lie inside the picture. */
static void interior(const struct nnc_conv_args *a, uint32_t *x0, uint32_t *x1)
{
    const int64_t reach = (int64_t)(a->kernel[1] - 1) * a->dilation[1];
    const int64_t last = (int64_t)a->in_width - 1 - reach + a->pad[1]; /* first tap, at most */
    *x0 = nnc_ceil_div(a->pad[1], a->stride[1]);
    *x1 = last < 0 ? 0 : (uint32_t)(last / a->stride[1]) + 1;
    *x1 = *x1 < a->out_width ? *x1 : a->out_width;
    *x0 = *x0 < *x1 ? *x0 : *x1;
}

/* An interior run of pixels has all of a row's taps and needs no look at the borders. */
static void depthwise_any_row(const struct nnc_conv_args *a, uint32_t block, uint32_t y)
{
    const uint32_t kx[2] = {0, a->kernel[1]};
    uint32_t ky[2], x0, x1, x = 0;
    valid_rows(a, y, &ky[0], &ky[1]);
    interior(a, &x0, &x1);
    for (; x < x0; x++)
        depthwise_border(a, block, ky, y, x);
    for (; x + RUN <= x1; x += RUN)
        depthwise_pixels(a, block, ky, kx, y, x, RUN);
    for (; x < x1; x++)
        depthwise_pixels(a, block, ky, kx, y, x, 1);
    for (; x < a->out_width; x++)
        depthwise_border(a, block, ky, y, x);
}

/* `mr` pixels of a block with a kernel of `columns`. Every column of the input is read once
 * and has a part in the sums of up to `columns` pixels, in the order of kx for each; columns
 * left and right of the picture are left out. */
static ALWAYS_INLINE void depthwise_tile(const struct tile *t, const int left, const int right,
                                         const int mr, const int columns, const int stride)
{
    const struct nnc_conv_args *const a = t->args;
    const int last = (mr - 1) * stride + columns - 1;
    const float *const weights =
        t->packed[0] + NNC_BLOCK * (1 + (size_t)t->ky0 * (size_t)columns);
    vec acc[MAX_MR][MAX_NR * PER_BLOCK];
    EACH_PART(j)
    {
        const float *x = t->x + j * VEC, *w = weights + j * VEC;
        const vec bias = vec_load(t->packed[0] + j * VEC);
        EACH_PIXEL(i, 0, mr)
            acc[i][j] = bias;
        for (uint32_t ky = t->ky0; ky < t->ky1; ky++) {
            vec weight[MAX_DEPTHWISE];
            EACH_TAP(k, columns)
                weight[k] = vec_load(w + k * NNC_BLOCK);
            EACH_COLUMN(c, last + 1)
            {
                if ((c < columns - 1 && c < left) ||
                    (c > last - columns + 1 && c > last - right))
                    continue;
                const vec value = vec_load(x + c * NNC_BLOCK);
                EACH_TAP(k, columns)
                    if (c >= k && (c - k) % stride == 0 && (c - k) / stride < mr)
                        acc[(c - k) / stride][j] =
                            vec_fma(value, weight[k], acc[(c - k) / stride][j]);
            }
            x += a->xs.row;
            w += columns * NNC_BLOCK;
        }
    }
    store_tile(t, acc, mr, 1);
}

#define DEPTHWISE_TILE(nr, mr)                                                                 \
    DEPTHWISE_TILE_OF(mr, 3, 1)                                                                \
    DEPTHWISE_TILE_OF(mr, 3, 2)                                                                \
    DEPTHWISE_TILE_OF(mr, 5, 1)                                                                \
    DEPTHWISE_TILE_OF(mr, 5, 2)
#define DEPTHWISE_TILE_OF(mr, columns, stride)                                                 \
    static void depthwise_##mr##_##columns##_##stride(const struct tile *t, int left,          \
                                                      int right)                               \
    {                                                                                          \
        depthwise_tile(t, left, right, mr, columns, stride);                                   \
    }
#define DEPTHWISE_NAMES(nr, mr)                                                                \
    [mr] = {{depthwise_##mr##_3_1, depthwise_##mr##_3_2},                                      \
            {depthwise_##mr##_5_1, depthwise_##mr##_5_2}},
#define DEPTHWISE_DEFINE(nr, mr) UP_TO_##mr(DEPTHWISE_TILE, nr)
#define DEPTHWISE_LIST(nr, mr) UP_TO_##mr(DEPTHWISE_NAMES, nr)
#define DEPTHWISE_LIMIT(nr, mr) MAX_PIXELS = mr
NNC_DEPTHWISE_TILES(DEPTHWISE_DEFINE)
enum { NNC_DEPTHWISE_TILES(DEPTHWISE_LIMIT) };
static void (*const depthwise_tiles[MAX_PIXELS + 1][2][2])(const struct tile *, int, int) = {
    NNC_DEPTHWISE_TILES(DEPTHWISE_LIST)};

/* Whether every pixel has a tap inside the picture, for one of the tiles. */
static bool has_depthwise_tile(const struct nnc_conv_args *a)
{
    const int64_t last = (int64_t)(a->out_width - 1) * a->stride[1] - a->pad[1];
    return (a->kernel[1] == 3 || a->kernel[1] == 5) && a->stride[1] <= 2 &&
           a->dilation[0] == 1 && a->dilation[1] == 1 && a->pad[1] < a->kernel[1] &&
           last < (int64_t)a->in_width && a->xs.pixel == NNC_BLOCK;
}

static void depthwise_row(struct tile *t, uint32_t block, uint32_t y)
{
    const struct nnc_conv_args *const a = t->args;
    const uint32_t tiles_in_row = nnc_ceil_div(a->out_width, MAX_PIXELS);
    valid_rows(a, y, &t->ky0, &t->ky1);
    const ptrdiff_t iy = (ptrdiff_t)y * a->stride[0] - a->pad[0] + (ptrdiff_t)t->ky0;
    uint32_t x = 0;
    for (uint32_t i = 0; i < tiles_in_row; i++) {
        const uint32_t mr = nnc_ceil_div(a->out_width - x, tiles_in_row - i);
        const ptrdiff_t ix = (ptrdiff_t)x * a->stride[1] - a->pad[1];
        const ptrdiff_t end = ix + (ptrdiff_t)((mr - 1) * a->stride[1] + a->kernel[1]);
        t->x = a->x + block * a->xs.block + iy * (ptrdiff_t)a->xs.row + ix * NNC_BLOCK;
        t->y = block * a->ys.block + y * a->ys.row + x * a->ys.pixel;
        depthwise_tiles[mr][a->kernel[1] == 5][a->stride[1] == 2](
            t, ix < 0 ? (int)-ix : 0,
            end > (ptrdiff_t)a->in_width ? (int)(end - (ptrdiff_t)a->in_width) : 0);
        x += mr;
    }
}

static void depthwise(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    const bool tiled = has_depthwise_tile(a);
    for (uint32_t item = first; item < last; item++) {
        const uint32_t block = a->active[item];
        struct tile t = {.args = a,
                         .packed = {a->packed[block]},
                         .gain = {nnc_gain_of_block(&a->epilogue, block)},
                         .lanes = NNC_BLOCK};
        for (uint32_t y = 0; y < a->out_height; y++)
            if (tiled)
                depthwise_row(&t, block, y);
            else
                depthwise_any_row(a, block, y);
    }
}
