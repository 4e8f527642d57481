/* SPDX-License-Identifier: MIT */
/* See conv_layers.h. */

#include "conv_layers.h"

#include "../fuzz/said.h"
#include "kernels/winograd.h"
#include "random_layers.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct layer {
    struct nnc_conv_args args;
    bool depthwise, plain_input, rows_of_pixels;
    float *x, *weights, *residual, gain;
    const float **packed;
    uint32_t winograd;                /* m, or 0 */
    float *winograd_weights;
    const float **winograd_packed;
    uint32_t *all;
    uint32_t blocks;
    size_t x_floats, y_floats;
    double magnitude; /* bound of sum |x w| */
};

static struct nnc_strides strides(bool plain, uint32_t height, uint32_t width)
{
    const size_t pixels = (size_t)height * width;
    if (plain)
        return (struct nnc_strides){.block = 16 * pixels, .lane = pixels, .row = width,
                                    .pixel = 1};
    return (struct nnc_strides){.block = 16 * pixels, .lane = 1, .row = 16 * (size_t)width,
                                .pixel = 16};
}

static void make_winograd_weights(struct layer *l)
{
    const uint32_t channels = l->args.in_channels;
    const size_t per_block = nnc_winograd_packed_floats(channels, l->winograd);
    l->winograd_weights = malloc(l->blocks * per_block * sizeof *l->winograd_weights);
    l->winograd_packed = calloc(l->blocks, sizeof *l->winograd_packed);
    for (uint32_t b = 0; b < l->blocks; b++) {
        float *const to = l->winograd_weights + b * per_block;
        nnc_winograd_pack(l->packed[b], channels, l->winograd, to);
        l->winograd_packed[b] = to;
    }
}

/* What depthwise kernels have tiles for, rows of every width. */
static void usual_depthwise_geometry(struct layer *l, struct dice *dice)
{
    struct nnc_conv_args *const a = &l->args;
    const uint32_t kernel = below(dice, 2) ? 3 : 5, stride = 1 + below(dice, 2);
    a->in_height = 1 + below(dice, 9);
    a->in_width = 1 + below(dice, 40);
    for (int i = 0; i < 2; i++) {
        const uint32_t size = i ? a->in_width : a->in_height;
        a->kernel[i] = kernel;
        a->stride[i] = stride;
        a->dilation[i] = 1;
        a->pad[i] = size < kernel || below(dice, 2) ? kernel / 2 : below(dice, kernel);
    }
    a->out_height = (a->in_height + 2 * a->pad[0] - kernel) / stride + 1;
    a->out_width = (a->in_width + 2 * a->pad[1] - kernel) / stride + 1;
}

/* Rows of pixels with all their channels: what a matrix product uses. */
static void matrix_geometry(struct layer *l, struct dice *dice)
{
    struct nnc_conv_args *const a = &l->args;
    a->in_height = a->out_height = 1;
    a->in_width = a->out_width = 1 + below(dice, 5);
    for (int i = 0; i < 2; i++) {
        a->kernel[i] = a->stride[i] = a->dilation[i] = 1;
        a->pad[i] = 0;
    }
    a->xs = (struct nnc_strides){.block = 16, .lane = 1, .row = 0, .pixel = a->in_channels};
    a->ys = (struct nnc_strides){.block = 16, .lane = 1, .row = 0, .pixel = a->out_channels};
    a->exact_tail = true;
}

static void random_epilogue(struct layer *l, struct dice *dice)
{
    static const struct nnc_activation activations[] = {
        {NNC_ACT_NONE, 0, 0},          {NNC_ACT_CLIP, 0, INFINITY},
        {NNC_ACT_CLIP, 0, 6},          {NNC_ACT_LEAKY_RELU, 0.1f, 0},
        {NNC_ACT_SIGMOID, 0, 0},       {NNC_ACT_HARD_SIGMOID, 0.2f, 0.5f},
        {NNC_ACT_HARD_SWISH, 0, 0},
    };
    struct nnc_epilogue *const e = &l->args.epilogue;
    e->activation = activations[below(dice, 7)];
    l->gain = 0.5f + random_float(dice);
    e->gain = below(dice, 2) ? &l->gain : NULL;
    l->residual = random_floats(dice, l->y_floats);
    e->residual = below(dice, 2) ? l->residual : NULL;
}

/* What Winograd's convolution can do. */
static void winograd_geometry(struct layer *l, struct dice *dice)
{
    struct nnc_conv_args *const a = &l->args;
    l->winograd = below(dice, 2) ? 2 : 4;
    for (int i = 0; i < 2; i++) {
        a->kernel[i] = 3;
        a->stride[i] = a->dilation[i] = 1;
        a->pad[i] = below(dice, 3);
    }
    a->in_height = 3 + below(dice, 20);
    a->in_width = 3 + below(dice, 20);
    a->out_height = a->in_height + 2 * a->pad[0] - 2;
    a->out_width = a->in_width + 2 * a->pad[1] - 2;
}

static void make_layer(struct layer *l, struct dice *dice)
{
    struct nnc_conv_args *const a = &l->args;
    memset(l, 0, sizeof *l);
    l->depthwise = below(dice, 5) == 0;
    l->rows_of_pixels = !l->depthwise && below(dice, 6) == 0;
    l->plain_input = !l->depthwise && below(dice, 3) == 0;
    a->out_channels =
        below(dice, 4) ? random_size(dice) : 16 * (1 + below(dice, 6));
    a->in_channels = l->depthwise ? a->out_channels : random_size(dice);
    if (l->rows_of_pixels) {
        matrix_geometry(l, dice);
    } else {
        if (!l->depthwise && !l->plain_input && below(dice, 2))
            winograd_geometry(l, dice);
        else if (l->depthwise && below(dice, 4))
            usual_depthwise_geometry(l, dice);
        else if (!l->depthwise && below(dice, 4) == 0)
            random_map_geometry(a, dice);
        else
            random_geometry(a, dice);
        a->xs = strides(l->plain_input, a->in_height, a->in_width);
        a->ys = strides(false, a->out_height, a->out_width);
    }
    l->blocks = nnc_ceil_div(a->out_channels, 16);
    const size_t in_blocks = nnc_ceil_div(a->in_channels, 16);
    l->x_floats = l->rows_of_pixels ? (size_t)a->in_width * a->in_channels
                  : l->plain_input  ? (size_t)a->in_channels * a->in_height * a->in_width
                                    : in_blocks * 16 * a->in_height * a->in_width;
    l->y_floats = l->rows_of_pixels ? (size_t)a->out_width * a->out_channels
                                    : (size_t)l->blocks * 16 * a->out_height * a->out_width;
    l->x = random_floats(dice, l->x_floats);
    const size_t per_block =
        nnc_conv_packed_floats(l->depthwise ? 1 : a->in_channels, a->kernel);
    l->weights = random_floats(dice, l->blocks * per_block);
    l->packed = calloc(l->blocks, sizeof *l->packed);
    l->all = calloc(l->blocks, sizeof *l->all);
    for (uint32_t b = 0; b < l->blocks; b++) {
        l->packed[b] = l->weights + b * per_block;
        l->all[b] = b;
    }
    if (l->winograd)
        make_winograd_weights(l);
    a->x = l->x;
    a->packed = l->packed;
    a->active = l->all;
    a->n_active = l->blocks;
    l->magnitude = 2.0 + (double)per_block / 16;
    random_epilogue(l, dice);
}

static void free_layer(struct layer *l)
{
    free(l->x);
    free(l->weights);
    free(l->residual);
    free(l->packed);
    free(l->winograd_weights);
    free(l->winograd_packed);
    free(l->all);
}

/* Computes with guards on both sides of the output; the result is the caller's to free. */
static float *compute(const struct layer *l, const struct nnc_kernels *k,
                      const uint32_t *active, uint32_t n_active, bool item_by_item)
{
    struct nnc_conv_args a = l->args;
    a.y = guarded_floats(l->y_floats);
    a.active = active;
    a.n_active = n_active;
    if (k->winograd && l->winograd) {
        a.winograd = l->winograd;
        a.packed = l->winograd_packed;
    }
    a.scratch = malloc((k->conv_scratch_floats(&a) + 1) * sizeof(float));
    const uint32_t items = l->depthwise ? n_active : k->conv_items(&a);
    void (*const run)(const struct nnc_conv_args *, uint32_t, uint32_t) =
        l->depthwise ? k->depthwise : k->conv;
    if (!item_by_item)
        run(&a, 0, items);
    for (uint32_t i = items; item_by_item && i-- > 0;)
        run(&a, i, i + 1);
    free(a.scratch);
    return unguarded_floats(a.y, l->y_floats);
}

static size_t index_of(const struct layer *l, uint32_t c, uint32_t y, uint32_t x)
{
    const struct nnc_strides *const s = &l->args.ys;
    return c / 16 * s->block + c % 16 * s->lane + y * s->row + x * s->pixel;
}

/* Each real output channel of the block `b`. */
static bool agree(const struct layer *l, uint32_t b, const float *got, const float *want,
                  double tolerance, const char *what)
{
    for (uint32_t c = 16 * b; c < 16 * b + 16 && c < l->args.out_channels; c++)
        for (uint32_t y = 0; y < l->args.out_height; y++)
            for (uint32_t x = 0; x < l->args.out_width; x++) {
                const size_t i = index_of(l, c, y, x);
                CHECK(fabs((double)got[i] - want[i]) <= tolerance,
                      "%s: channel %u at %u,%u: %.9g, expected %.9g", what, c, x, y,
                      (double)got[i], (double)want[i]);
            }
    return true;
}

/* One block alone has the bits it has among all. */
static bool alone_agree(const struct layer *l, const struct nnc_kernels *k, const float *all,
                        const char *what)
{
    bool good = true;
    for (uint32_t b = 0; b < l->blocks && good; b++) {
        float *const alone = compute(l, k, &b, 1, false);
        good = agree(l, b, alone, all, 0, what);
        free(alone);
    }
    return good;
}

bool check_conv_layer(struct dice *dice, const struct kernel_choice *choice)
{
    const struct nnc_kernels *const k = kernels_of(choice);
    struct layer l;
    make_layer(&l, dice);
    float *const want = compute(&l, kernels_of(&kernel_choices[0]), l.all, l.blocks, false);
    float *const got = compute(&l, k, l.all, l.blocks, false);
    float *const pieces = compute(&l, k, l.all, l.blocks, true);
    /* n terms of at most 1 each: |error| <= n * eps * n; gain and slopes below 2. The
     * transforms of m = 4 have factors up to 8 on the way there and back. */
    const double transforms = l.winograd == 4 && k->winograd ? 8 : 1;
    const double bound = transforms * 2 * l.magnitude * l.magnitude * FLT_EPSILON;
    bool good = true;
    for (uint32_t b = 0; b < l.blocks && good; b++)
        good = agree(&l, b, got, want, bound, choice->name) &&
               agree(&l, b, pieces, got, 0, choice->name);
    good = good && alone_agree(&l, k, got, choice->name);
    free(want);
    free(got);
    free(pieces);
    free_layer(&l);
    return good;
}
