/* SPDX-License-Identifier: MIT */
/* Depthwise convolution, after conv_body.h: a few pixels of one row and block at a time,
 * their sums in registers. Taps on padding are skipped, in the order ky, kx; an interior
 * run of pixels has all of a row's taps and needs no look at the borders. */

enum { RUN = 4 };

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

static void depthwise_row(const struct nnc_conv_args *a, uint32_t block, uint32_t y)
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

static void depthwise(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    for (uint32_t item = first; item < last; item++)
        for (uint32_t y = 0; y < a->out_height; y++)
            depthwise_row(a, a->active[item], y);
}
