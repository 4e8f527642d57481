/* SPDX-License-Identifier: MIT */
/* The narrow kernels of every precision against plain C, over random shapes and epilogues:
 * narrowing and sums of bytes to the last bit, sums of bf16 within a bound; and what is
 * computed beside an element does not change its bits. Kernels have their own kind of byte,
 * so each gets operands of its own, of the same floats. The plain C itself is held against
 * the float kernels on numbers that bf16 and bytes hold exactly. */

#include "kernels/narrow_tables.h"
#include "model_amx.h"
#include "random_layers.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 200 };


struct layer {
    struct nnc_conv_args args; /* but for operands */
    float *x, *floats, *residual, gain; /* x: [blocks][pixels][16] floats */
    float (*scales)[NNC_BLOCK]; /* [blocks] of the weights */
    uint32_t *all;
    uint32_t blocks, in_blocks, taps;
    size_t y_floats, in_pixels;
    float scale; /* of the activations */
    int32_t zero; /* of unsigned bytes */
};

/* What a layer's kernels read. */
struct operands {
    float *x, *weights;
    const float **packed;
};

static struct nnc_strides strides(size_t per_pixel, uint32_t height, uint32_t width)
{
    return (struct nnc_strides){.block = per_pixel * height * width, .lane = 1,
                                .row = per_pixel * width, .pixel = per_pixel};
}

static struct nnc_narrow_args narrowing(const struct layer *l, uint32_t block,
                                        const struct nnc_narrow_kernels *k, float *y)
{
    const uint32_t left = l->args.in_channels - block * NNC_BLOCK;
    return (struct nnc_narrow_args){
        .x = l->x + (size_t)block * NNC_BLOCK * l->in_pixels,
        .lane = 1,
        .pixel = NNC_BLOCK,
        .lanes = left < NNC_BLOCK ? left : NNC_BLOCK,
        .pixels = l->in_pixels,
        .scale = l->scale,
        .zero = l->zero + k->lowest_byte,
        .y = y + block * nnc_narrow_words(k->precision, NNC_BLOCK) * l->in_pixels,
    };
}

static struct operands make_operands(const struct layer *l, const struct nnc_narrow_kernels *k)
{
    const struct nnc_conv_args *const a = &l->args;
    const size_t in_words = nnc_narrow_words(k->precision, NNC_BLOCK) * l->in_pixels;
    const size_t per_block = nnc_conv_packed_floats(a->in_channels, a->kernel);
    const size_t words = nnc_narrow_packed_words(k->precision, a->in_channels, l->taps);
    const struct operands o = {
        .x = aligned_alloc(64, nnc_align(l->in_blocks * in_words, 16) * sizeof(float)),
        .weights = aligned_alloc(64, l->blocks * words * sizeof(float)),
        .packed = calloc(l->blocks, sizeof *o.packed),
    };
    for (uint32_t b = 0; b < l->in_blocks; b++) {
        const struct nnc_narrow_args args = narrowing(l, b, k, o.x);
        k->narrow(&args);
    }
    for (uint32_t b = 0; b < l->blocks; b++) {
        float *const to = o.weights + b * words;
        if (k->precision == NNC_PRECISION_BF16)
            nnc_narrow_pack_bf16(l->floats + b * per_block, a->in_channels, l->taps, to);
        else
            nnc_narrow_pack_int8(l->floats + b * per_block, a->in_channels, l->taps,
                                 l->scales[b], l->scale, l->zero + k->lowest_byte, to);
        o.packed[b] = to;
    }
    return o;
}

static void free_operands(const struct operands *o)
{
    free(o->x);
    free(o->weights);
    free(o->packed);
}

/* Weights of a block as the float kernels have them: exact in `numbers` if `exact`. */
static void fill_block(struct layer *l, uint32_t b, enum nnc_precision precision, bool exact,
                       struct dice *dice)
{
    const size_t per_block = nnc_conv_packed_floats(l->args.in_channels, l->args.kernel);
    float *const floats = l->floats + b * per_block, *const scale = l->scales[b];
    for (int i = 0; i < NNC_BLOCK; i++)
        scale[i] = exact ? 1.0f / 128 : 0.001f * (float)(1 + below(dice, 9));
    for (size_t i = 0; i < per_block; i++) {
        const float steps = (float)below(dice, 255) - 127;
        floats[i] = i < NNC_BLOCK                             ? random_float(dice)
                    : exact || precision == NNC_PRECISION_INT8 ? steps * scale[i % 16]
                                                               : random_float(dice);
        if (i % 16 + b * NNC_BLOCK >= l->args.out_channels)
            floats[i] = 0;
    }
}

static void make_weights(struct layer *l, enum nnc_precision precision, bool exact,
                         struct dice *dice)
{
    const size_t per_block = nnc_conv_packed_floats(l->args.in_channels, l->args.kernel);
    l->floats = calloc(l->blocks * per_block, sizeof *l->floats);
    l->scales = calloc(l->blocks, sizeof *l->scales);
    l->all = calloc(l->blocks, sizeof *l->all);
    for (uint32_t b = 0; b < l->blocks; b++) {
        fill_block(l, b, precision, exact, dice);
        l->all[b] = b;
    }
}

static void random_epilogue(struct layer *l, struct dice *dice)
{
    static const struct nnc_activation activations[] = {
        {NNC_ACT_NONE, 0, 0},       {NNC_ACT_CLIP, 0, INFINITY},   {NNC_ACT_CLIP, 0, 6},
        {NNC_ACT_LEAKY_RELU, 0.1f, 0}, {NNC_ACT_HARD_SIGMOID, 0.2f, 0.5f},
    };
    struct nnc_epilogue *const e = &l->args.epilogue;
    e->activation = activations[below(dice, 5)];
    l->gain = 0.5f + random_float(dice);
    e->gain = below(dice, 2) ? &l->gain : NULL;
    l->residual = calloc(l->y_floats, sizeof *l->residual);
    for (size_t i = 0; i < l->y_floats; i++)
        l->residual[i] = random_float(dice);
    e->residual = below(dice, 2) ? l->residual : NULL;
}

/* `exact`: numbers that both kinds hold, so that the float kernels compute the same. */
static void make_layer(struct layer *l, enum nnc_precision precision, bool exact,
                       struct dice *dice)
{
    struct nnc_conv_args *const a = &l->args;
    const uint32_t words = nnc_narrow_words(precision, NNC_BLOCK);
    memset(l, 0, sizeof *l);
    a->out_channels =
        below(dice, 4) ? random_size(dice) : 16 * (1 + below(dice, 9)); /* AMX: from 6 on */
    a->in_channels = below(dice, 3) ? random_size(dice) : 16 * (1 + below(dice, 3));
    (below(dice, 4) ? random_geometry : random_map_geometry)(a, dice);
    a->xs = strides(words, a->in_height, a->in_width);
    a->ys = strides(NNC_BLOCK, a->out_height, a->out_width);
    a->exact_tail = below(dice, 2);
    l->taps = a->kernel[0] * a->kernel[1];
    l->blocks = nnc_ceil_div(a->out_channels, NNC_BLOCK);
    l->in_blocks = nnc_ceil_div(a->in_channels, NNC_BLOCK);
    l->in_pixels = (size_t)a->in_height * a->in_width;
    l->y_floats = (size_t)l->blocks * NNC_BLOCK * a->out_height * a->out_width;
    l->scale = exact ? 1.0f / 64 : 0.003f + 0.001f * (float)below(dice, 9);
    l->zero = below(dice, 3) ? (int32_t)below(dice, 256) : 0;
    const size_t n = (size_t)l->in_blocks * NNC_BLOCK * l->in_pixels;
    l->x = malloc(n * sizeof *l->x);
    for (size_t i = 0; i < n; i++) /* within what a byte with this zero holds, if exact */
        l->x[i] = exact ? (float)((int32_t)below(dice, 256) - l->zero) / 64
                        : random_float(dice);
    make_weights(l, precision, exact, dice);
    random_epilogue(l, dice);
}

static void free_layer(struct layer *l)
{
    free(l->x);
    free(l->floats);
    free(l->residual);
    free(l->scales);
    free(l->all);
}

/* Computes with guards on both sides of the output; the result is the caller's to free. */
static float *compute(const struct layer *l, const struct operands *o,
                      const struct nnc_narrow_kernels *k, const uint32_t *active,
                      uint32_t n_active, bool item_by_item)
{
    struct nnc_conv_args a = l->args;
    a.x = o->x;
    a.packed = o->packed;
    a.y = guarded_floats(l->y_floats);
    a.active = active;
    a.n_active = n_active;
    const size_t scratch = k->conv_scratch_floats ? k->conv_scratch_floats(&a) : 0;
    a.scratch = scratch ? guarded_floats(scratch) : NULL;
    const uint32_t items = k->conv_items(&a);
    if (!item_by_item)
        k->conv(&a, 0, items);
    for (uint32_t i = items; item_by_item && i-- > 0;)
        k->conv(&a, i, i + 1);
    if (scratch)
        free(unguarded_floats(a.scratch, scratch));
    return unguarded_floats(a.y, l->y_floats);
}

static void compare(const struct layer *l, uint32_t b, const float *got, const float *want,
                    double tolerance, const char *what)
{
    for (uint32_t c = 16 * b; c < 16 * b + 16 && c < l->args.out_channels; c++)
        for (uint32_t y = 0; y < l->args.out_height; y++)
            for (uint32_t x = 0; x < l->args.out_width; x++) {
                const struct nnc_strides *const s = &l->args.ys;
                const size_t i = c / 16 * s->block + c % 16 + y * s->row + x * s->pixel;
                ck_assert_msg(fabs((double)got[i] - want[i]) <= tolerance,
                              "%s: channel %u at %u,%u: %.9g, expected %.9g", what, c, x, y,
                              (double)got[i], (double)want[i]);
            }
}

/* n terms of at most 1 each: |error| <= n * eps * n. The integer sum and its way to float
 * are the same operations everywhere; activations may differ in the last bit. */
static double bound(const struct layer *l, const struct nnc_narrow_kernels *k)
{
    const double n = 2.0 + (double)l->args.in_channels * l->taps;
    return k->precision == NNC_PRECISION_BF16 ? 2 * n * n * FLT_EPSILON : 4 * FLT_EPSILON * 8;
}

/* All that this processor runs. What nnc_narrow_get() chooses comes first, and may come again.
 * */
static const struct nnc_narrow_kernels *fast[8];
static int n_fast;

static const struct nnc_narrow_kernels *plain_kernels(enum nnc_precision precision)
{
    return precision == NNC_PRECISION_BF16 ? &nnc_narrow_reference_bf16
                                           : &nnc_narrow_reference_int8;
}

static void find_fast_kernels(void)
{
    const enum nnc_precision precisions[] = {NNC_PRECISION_BF16, NNC_PRECISION_INT8};
    const char *needs;
    for (int i = 0; i < 2; i++) {
        fast[n_fast] = nnc_narrow_get(nnc_kernels_get(NNC_BACKEND_AUTO, NNC_ISA_AUTO),
                                      precisions[i], &needs);
        n_fast += fast[n_fast] != NULL;
    }
#if defined(HAVE_MODEL_AMX)
    if (!__builtin_cpu_supports("avx512f"))
        return;
    if (__builtin_cpu_supports("avx512bf16")) {
        fast[n_fast++] = &nnc_narrow_avx512_bf16;
        fast[n_fast++] = &model_amx_bf16;
    }
    if (__builtin_cpu_supports("avx512vnni")) {
        fast[n_fast++] = &nnc_narrow_avx512_vnni;
        fast[n_fast++] = &model_amx_int8;
    }
#endif
}

START_TEST(agrees_with_reference)
{
    const struct nnc_narrow_kernels *const k = fast[_i];
    const struct nnc_narrow_kernels *const reference = plain_kernels(k->precision);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct dice dice = {.state = round};
        struct layer l;
        char what[64];
        make_layer(&l, k->precision, false, &dice);
        snprintf(what, sizeof what, "%s, seed %u", k->name, round);
        const struct operands plain = make_operands(&l, reference);
        const struct operands own = make_operands(&l, k);
        float *const want = compute(&l, &plain, reference, l.all, l.blocks, false);
        float *const got = compute(&l, &own, k, l.all, l.blocks, false);
        float *const pieces = compute(&l, &own, k, l.all, l.blocks, true);
        for (uint32_t b = 0; b < l.blocks; b++) {
            compare(&l, b, got, want, bound(&l, k), what);
            compare(&l, b, pieces, got, 0, what);
            float *const alone = compute(&l, &own, k, &b, 1, false);
            compare(&l, b, alone, got, 0, what);
            free(alone);
        }
        free(want);
        free(got);
        free(pieces);
        free_operands(&plain);
        free_operands(&own);
        free_layer(&l);
    }
}
END_TEST

/* The plain-C specification means what the float kernels mean: eighths of weights and
 * 64ths of activations are exact in bf16 (8 bits) and in bytes. */
START_TEST(means_what_floats_mean)
{
    const struct nnc_narrow_kernels *const k =
        plain_kernels(_i ? NNC_PRECISION_INT8 : NNC_PRECISION_BF16);
    const struct nnc_kernels *const floats = nnc_kernels_get(NNC_BACKEND_REFERENCE,
                                                            NNC_ISA_AUTO);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct dice dice = {.state = 7000 + round};
        struct layer l;
        char what[64];
        make_layer(&l, k->precision, true, &dice);
        snprintf(what, sizeof what, "%s, seed %u", nnc_precision_name(k->precision), round);
        const struct operands o = make_operands(&l, k);
        float *const got = compute(&l, &o, k, l.all, l.blocks, false);
        const size_t per_block = nnc_conv_packed_floats(l.args.in_channels, l.args.kernel);
        struct layer f = l;
        const float **const packed = calloc(l.blocks, sizeof *packed);
        for (uint32_t b = 0; b < l.blocks; b++)
            packed[b] = l.floats + b * per_block;
        f.args.x = l.x;
        f.args.xs = strides(NNC_BLOCK, l.args.in_height, l.args.in_width);
        f.args.packed = packed;
        f.args.active = l.all;
        f.args.n_active = l.blocks;
        f.args.y = calloc(l.y_floats, sizeof(float));
        floats->conv(&f.args, 0, floats->conv_items(&f.args));
        for (uint32_t b = 0; b < l.blocks; b++) /* sums below 2^10, rounded once or twice */
            compare(&l, b, got, f.args.y, 1024 * 2 * FLT_EPSILON, what);
        free(packed);
        free(f.args.y);
        free(got);
        free_operands(&o);
        free_layer(&l);
    }
}
END_TEST

/* The real lanes of narrowed bytes, as the reference has them. */
static void make_unsigned(uint8_t *bytes, const struct nnc_narrow_args *args, int32_t lowest)
{
    for (size_t i = 0; lowest && i < args->pixels * NNC_BLOCK; i++)
        if (i % NNC_BLOCK < args->lanes)
            bytes[i] = (uint8_t)(bytes[i] - lowest);
}

/* Numbers at and beyond the edges of what narrow numbers hold. */
START_TEST(narrows_alike)
{
    static const float odd[] = {0.0f,     -0.0f,   1e-40f, 1.00390625f, 1.01171875f, 3.4e38f,
                                INFINITY, -INFINITY, NAN,  127.5f,      -3e9f,       0.0049f};
    const struct nnc_narrow_kernels *const k = fast[_i];
    const struct nnc_narrow_kernels *const reference = plain_kernels(k->precision);
    struct dice dice = {.state = 1};
    for (uint32_t round = 0; round < ROUNDS; round++) {
        float x[16 * 9], got[16 * 9 + 1], want[16 * 9 + 1];
        for (size_t i = 0; i < sizeof x / sizeof *x; i++)
            x[i] = below(&dice, 4) ? 2 * random_float(&dice)
                                          : odd[below(&dice, sizeof odd / sizeof *odd)];
        const bool plain = below(&dice, 2);
        struct nnc_narrow_args args = {.x = x, .lane = plain ? 9 : 1, .pixel = plain ? 1 : 16,
                                       .lanes = below(&dice, 2) ? 16
                                                : 1 + below(&dice, 16),
                                       .pixels = 9, .scale = 0.01f,
                                       .zero = (int32_t)below(&dice, 256)};
        memset(got, 0x5a, sizeof got);
        memset(want, 0x5a, sizeof want);
        args.y = want;
        reference->narrow(&args);
        args.y = got;
        args.zero += k->lowest_byte;
        k->narrow(&args);
        make_unsigned((uint8_t *)got, &args, k->lowest_byte);
        const size_t bytes = 9 * nnc_narrow_words(k->precision, NNC_BLOCK) * sizeof(float);
        ck_assert_mem_eq(got, want, bytes);
        ck_assert_int_eq(((const uint8_t *)got)[bytes], 0x5a);
    }
}
END_TEST

START_TEST(rounds_to_nearest_even)
{
    static const struct {
        float x, bf16;
    } rows[] = {
        {1.0f, 1.0f},
        {1.00390625f, 1.0f},        /* in the middle: down to the even one */
        {1.01171875f, 1.015625f},   /* in the middle: up to the even one */
        {1.0040f, 1.0078125f},
        {-1.00390625f, -1.0f},
        {3.4e38f, INFINITY},
        {1e-40f, 0.0f},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint32_t bits = (uint32_t)nnc_bf16_of(rows[i].x) << 16;
        float back;
        memcpy(&back, &bits, sizeof back);
        ck_assert_msg(back == rows[i].bf16, "%g became %g, expected %g", (double)rows[i].x,
                      (double)back, (double)rows[i].bf16);
    }
    ck_assert_int_eq(nnc_byte_of(0.5f, 1, 0), 0);
    ck_assert_int_eq(nnc_byte_of(1.5f, 1, 0), 2);
    ck_assert_int_eq(nnc_byte_of(-1, 1, 3), 2);
    ck_assert_int_eq(nnc_byte_of(1e30f, 1, 3), 255);
    ck_assert_int_eq(nnc_byte_of(-1e30f, 1, 3), 0);
    ck_assert_int_eq(nnc_byte_of(NAN, 1, 3), 0);
}
END_TEST

int main(void)
{
    find_fast_kernels();
    for (int i = 0; i < n_fast; i++)
        printf("%d: %s\n", i, fast[i]->name);
    Suite *const suite = suite_create("narrow");
    TCase *const all = tcase_create("kernels");
    tcase_set_timeout(all, 240);
    tcase_add_loop_test(all, agrees_with_reference, 0, n_fast);
    tcase_add_loop_test(all, means_what_floats_mean, 0, 2);
    tcase_add_loop_test(all, narrows_alike, 0, n_fast);
    tcase_add_test(all, rounds_to_nearest_even);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
