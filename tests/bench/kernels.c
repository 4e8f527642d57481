/* SPDX-License-Identifier: MIT */
/* Times convolution kernels, one layer at a time: `kernels` drives it and makes tables.
 *
 *     bench_kernels NAMES TABLE [MODEL...]
 *
 * NAMES are instruction sets and backends, with `/direct` behind them to do without Winograd's convolution where
 * the planner would have it, and `im2col` for patches multiplied by OpenBLAS in one product,
 * separated by commas; TABLE is 1 for the layers of the design's table, else 0. First
 * come lines of JSON that describe the layers, then an empty one. Then every line `run
 * LAYER SECONDS` on stdin is answered by one object: the median microseconds of a call
 * for every name, and the peak of multiply-adds in the instruction set of each in
 * GFLOP/s, measured in between. */

#include "kernels/winograd.h"

#include "engines/server.h"
#include "peak.h"
#include "shapes.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

extern void openblas_set_num_threads(int n);
extern char *openblas_get_corename(void);

enum { MAX_VARIANTS = 12, MAX_SAMPLES = 4096 };

struct layer {
    struct bench_shape shape;
    struct nnc_conv_args args;
    float *x, *planar, *weights, *rows, *y, *patches;
    const float **packed, **winograd_packed;
    uint32_t winograd; /* what the planner would choose */
    uint32_t *all;
    size_t y_floats;
    double reference_us; /* measured once: it is slow, and nobody waits for it */
};

struct variant {
    const char *name;
    const struct nnc_kernels *kernels; /* NULL: im2col */
    bool direct;
};

static struct variant variants[MAX_VARIANTS];
static size_t n_variants;

static float *floats(size_t n, float scale)
{
    static uint32_t seed = 1;
    float *const out = aligned_alloc(64, (n * sizeof *out + 127) / 64 * 64);
    for (size_t i = 0; out && i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = scale * ((float)(seed >> 8) / (float)(1 << 23) - 1);
    }
    if (!out) {
        fprintf(stderr, "bench_kernels: out of memory\n");
        exit(1);
    }
    return out;
}

static struct nnc_strides strides(bool planar, uint32_t height, uint32_t width)
{
    const size_t pixels = (size_t)height * width;
    if (planar)
        return (struct nnc_strides){16 * pixels, pixels, width, 1};
    return (struct nnc_strides){16 * pixels, 1, 16 * (size_t)width, 16};
}

/* From rows of outputs, as the engines with plain layouts have them, to blocks. */
static void pack(struct layer *l)
{
    const struct bench_shape *const s = &l->shape;
    const uint32_t taps = s->kernel * s->kernel;
    const size_t per_block = nnc_conv_packed_floats(s->in_channels, l->args.kernel);
    for (uint32_t o = 0; o < s->out_channels; o++) {
        float *const block = l->weights + o / NNC_BLOCK * per_block;
        block[o % NNC_BLOCK] = 0.1f;
        for (uint32_t c = 0; c < s->in_channels; c++) {
            const uint32_t c0 = c / NNC_BLOCK * NNC_BLOCK;
            const uint32_t left = s->in_channels - c0, in_block = left < 16 ? left : 16;
            for (uint32_t k = 0; k < taps; k++)
                block[NNC_BLOCK * (1 + c0 * taps + k * in_block + c - c0) +
                      o % NNC_BLOCK] = l->rows[(o * s->in_channels + c) * taps + k];
        }
    }
}

static void pack_winograd(struct layer *l, uint32_t blocks)
{
    const uint32_t channels = l->shape.in_channels;
    l->winograd = nnc_winograd_choose(&l->args);
    if (!l->winograd)
        return;
    const size_t per_block = nnc_winograd_packed_floats(channels, l->winograd);
    float *const weights = floats(blocks * per_block, 0);
    l->winograd_packed = calloc(blocks, sizeof *l->winograd_packed);
    if (!l->winograd_packed)
        exit(1);
    for (uint32_t b = 0; b < blocks; b++) {
        nnc_winograd_pack(l->packed[b], channels, l->winograd, weights + b * per_block);
        l->winograd_packed[b] = weights + b * per_block;
    }
}

static void make_input(struct layer *l)
{
    const struct bench_shape *const s = &l->shape;
    const size_t pixels = (size_t)s->in_height * s->in_width;
    l->planar = floats(s->in_channels * pixels, 1);
    l->x = floats(nnc_ceil_div(s->in_channels, NNC_BLOCK) * NNC_BLOCK * pixels, 0);
    for (size_t c = 0; c < s->in_channels; c++)
        for (size_t p = 0; p < pixels; p++)
            l->x[s->picture ? c * pixels + p
                            : c / NNC_BLOCK * NNC_BLOCK * pixels + p * NNC_BLOCK +
                                  c % NNC_BLOCK] = l->planar[c * pixels + p];
}

static void make_layer(struct layer *l, const struct bench_shape *s)
{
    const uint32_t blocks = nnc_ceil_div(s->out_channels, NNC_BLOCK);
    const uint32_t height = bench_out_size(s->in_height, s);
    const uint32_t width = bench_out_size(s->in_width, s);
    struct nnc_conv_args *const a = &l->args;
    *l = (struct layer){.shape = *s,
                        .y_floats = (size_t)blocks * NNC_BLOCK * height * width};
    *a = (struct nnc_conv_args){.in_channels = s->in_channels,
                                .in_height = s->in_height,
                                .in_width = s->in_width,
                                .out_channels = s->out_channels,
                                .out_height = height,
                                .out_width = width,
                                .kernel = {s->kernel, s->kernel},
                                .stride = {s->stride, s->stride},
                                .dilation = {1, 1},
                                .pad = {s->pad, s->pad},
                                .n_active = blocks,
                                .xs = strides(s->picture, s->in_height, s->in_width),
                                .ys = strides(false, height, width),
                                .epilogue.activation = {NNC_ACT_CLIP, 0, INFINITY}};
    make_input(l);
    l->y = floats(l->y_floats, 0);
    l->rows = floats((size_t)s->out_channels * s->in_channels * s->kernel * s->kernel,
                     1 / sqrtf((float)s->in_channels * (float)(s->kernel * s->kernel)));
    l->weights = floats(blocks * nnc_conv_packed_floats(s->in_channels, a->kernel), 0);
    l->patches =
        floats((size_t)s->in_channels * s->kernel * s->kernel * height * width, 0);
    l->packed = calloc(blocks, sizeof *l->packed);
    l->all = calloc(blocks, sizeof *l->all);
    if (!l->packed || !l->all)
        exit(1);
    pack(l);
    for (uint32_t b = 0; b < blocks; b++) {
        l->packed[b] = l->weights + b * nnc_conv_packed_floats(s->in_channels, a->kernel);
        l->all[b] = b;
    }
    a->x = l->x;
    a->y = l->y;
    a->active = l->all;
    pack_winograd(l, blocks);
}

/* One row of patches for one tap of one channel. */
static void copy_tap(const struct layer *l, const float *in, uint32_t ky, uint32_t kx,
                     float *out)
{
    const struct nnc_conv_args *const a = &l->args;
    for (uint32_t y = 0; y < a->out_height; y++)
        for (uint32_t x = 0; x < a->out_width; x++) {
            const int64_t iy = (int64_t)y * a->stride[0] + ky - a->pad[0];
            const int64_t ix = (int64_t)x * a->stride[1] + kx - a->pad[1];
            const bool inside =
                iy >= 0 && ix >= 0 && iy < a->in_height && ix < a->in_width;
            *out++ = inside ? in[iy * a->in_width + ix] : 0;
        }
}

/* The classic way: [C x taps][pixels] patches, one product, bias and ReLU behind it. */
static void im2col(const struct layer *l)
{
    const struct bench_shape *const s = &l->shape;
    const size_t pixels = (size_t)l->args.out_height * l->args.out_width;
    const uint32_t taps = s->kernel * s->kernel, k = s->in_channels * taps;
    float *to = l->patches;
    for (uint32_t c = 0; c < s->in_channels; c++)
        for (uint32_t t = 0; t < taps; t++, to += pixels)
            copy_tap(l, l->planar + (size_t)c * s->in_height * s->in_width, t / s->kernel,
                     t % s->kernel, to);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s->out_channels,
                (int)pixels, (int)k, 1, l->rows, (int)k, l->patches, (int)pixels, 0, l->y,
                (int)pixels);
    for (size_t i = 0; i < s->out_channels * pixels; i++) {
        const float v = l->y[i] + 0.1f;
        l->y[i] = v > 0 ? v : 0;
    }
}

static void run(const struct variant *v, struct layer *l)
{
    if (v->kernels)
        v->kernels->conv(&l->args, 0, v->kernels->conv_items(&l->args));
    else
        im2col(l);
}

static bool uses_winograd(const struct variant *v, const struct layer *l)
{
    return v->kernels && v->kernels->winograd && !v->direct && l->winograd;
}

/* Weights and scratch memory as this variant wants them. */
static void prepare(const struct variant *v, struct layer *l)
{
    const bool winograd = uses_winograd(v, l);
    l->args.winograd = winograd ? l->winograd : 0;
    l->args.packed = winograd ? l->winograd_packed : l->packed;
    free(l->args.scratch);
    l->args.scratch =
        v->kernels ? floats(v->kernels->conv_scratch_floats(&l->args) + 1, 0) : NULL;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median microseconds of a call in a turn of so many seconds; a sample is some calls, so
 * that the clock costs nothing beside them. */
static double measure(const struct variant *v, struct layer *l, double seconds)
{
    static double samples[MAX_SAMPLES];
    const bool reference = v->kernels && v->kernels->backend == NNC_BACKEND_REFERENCE;
    if (reference && l->reference_us > 0)
        return l->reference_us;
    prepare(v, l);
    if (!reference)
        run(v, l);
    const uint64_t start = bench_now_ns();
    run(v, l);
    const uint64_t once = bench_now_ns() - start;
    if (reference)
        return l->reference_us = (double)once / 1e3;
    const uint64_t calls = 20000 / (once + 1) + 1;
    const uint64_t end = bench_now_ns() + (uint64_t)(seconds * 1e9);
    size_t n = 0;
    for (uint64_t before = bench_now_ns(); n < MAX_SAMPLES && (before < end || n < 3);) {
        for (uint64_t i = 0; i < calls; i++)
            run(v, l);
        const uint64_t after = bench_now_ns();
        samples[n++] = (double)(after - before) / (double)calls / 1e3;
        before = after;
    }
    qsort(samples, n, sizeof *samples, compare_doubles);
    return samples[n / 2];
}

/* The best of some tries: this is what the processor can do, not what it is left to do.
 */
static double measure_peak(float (*work)(uint64_t), uint64_t (*flops)(uint64_t))
{
    enum { REPETITIONS = 20000, TRIES = 20 };
    static volatile float sink;
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        const uint64_t start = bench_now_ns();
        sink = work(REPETITIONS);
        const double speed =
            (double)flops(REPETITIONS) / (double)(bench_now_ns() - start);
        best = speed > best ? speed : best;
    }
    (void)sink;
    return best;
}

static double peak_of(const struct variant *v)
{
    if (!v->kernels || v->kernels->backend != NNC_BACKEND_NATIVE)
        return 0; /* whatever that one uses */
    switch (v->kernels->isa) {
#if defined(BENCH_AVX512)
    case NNC_ISA_AVX512:
        return measure_peak(bench_peak_avx512, bench_peak_flops_avx512);
#endif
#if defined(BENCH_AVX2)
    case NNC_ISA_AVX2:
        return measure_peak(bench_peak_avx2, bench_peak_flops_avx2);
#endif
#if defined(BENCH_NEON)
    case NNC_ISA_NEON:
        return measure_peak(bench_peak_neon, bench_peak_flops_neon);
#endif
    default:
        return measure_peak(bench_peak_generic, bench_peak_flops_generic);
    }
}

/* Largest difference from the reference, by blocks; the product's result is planar. */
static double difference(const struct variant *v, struct layer *l)
{
    const struct variant reference = {"reference",
                                      nnc_kernels_get(NNC_BACKEND_REFERENCE, NNC_ISA_AUTO)};
    const size_t pixels = (size_t)l->args.out_height * l->args.out_width;
    float *const want = floats(l->y_floats, 0);
    double worst = 0;
    prepare(&reference, l);
    run(&reference, l);
    memcpy(want, l->y, l->y_floats * sizeof *want);
    memset(l->y, 0, l->y_floats * sizeof *l->y);
    prepare(v, l);
    run(v, l);
    for (size_t c = 0; c < l->shape.out_channels; c++)
        for (size_t p = 0; p < pixels; p++) {
            const size_t blocked = c / 16 * 16 * pixels + p * 16 + c % 16;
            const float got = l->y[v->kernels ? blocked : c * pixels + p];
            const double d = fabs((double)got - (double)want[blocked]);
            worst = d > worst || isnan(d) ? d : worst;
        }
    free(want);
    return worst;
}

/* False: no kernels have this name; v->kernels NULL: none here. */
static bool find_kernels(struct variant *v, const char *name)
{
    enum nnc_backend backend = NNC_BACKEND_NATIVE;
    enum nnc_isa isa = NNC_ISA_AUTO;
    char own[32];
    const char *const slash = strchr(name, '/');
    snprintf(own, sizeof own, "%.*s", slash ? (int)(slash - name) : 31, name);
    v->direct = slash;
    if ((slash && strcmp(slash, "/direct")) ||
        (!nnc_isa_from_name(own, &isa) && !nnc_backend_from_name(own, &backend)))
        return false;
    v->kernels = nnc_kernels_get(backend, isa);
    if (v->kernels && v->kernels->warm_up)
        v->kernels->warm_up();
    return true;
}

static bool choose_variants(char *names)
{
    for (char *name; (name = strsep(&names, ",")) && n_variants < MAX_VARIANTS;) {
        struct variant *const v = &variants[n_variants];
        *v = (struct variant){.name = name};
        if (!strcmp(name, "im2col")) {
            n_variants++;
        } else if (!find_kernels(v, name)) {
            fprintf(stderr, "bench_kernels: no kernels are called '%s'\n", name);
            return false;
        } else if (v->kernels) {
            n_variants++;
        } else {
            fprintf(stderr, "skipped %s: not on this processor or in this build\n", name);
        }
    }
    openblas_set_num_threads(1);
    return true;
}

/* Without a choice the direct way is the only one, timed already. */
static bool applies(const struct variant *v, const struct layer *l)
{
    return !v->direct || l->winograd;
}

/* The differences hold the variants to their word before anything is timed. */
static void describe(struct layer *l)
{
    const struct bench_shape *const s = &l->shape;
    printf("{\"in\": [%u, %u, %u], \"out\": %u, \"kernel\": %u, \"stride\": %u, \"pad\": "
           "%u, "
           "\"picture\": %s, \"count\": %u, \"macs\": %llu, \"true_macs\": %llu, "
           "\"blas\": \"%s\", \"winograd\": %u, \"differences\": {",
           s->in_channels, s->in_height, s->in_width, s->out_channels, s->kernel,
           s->stride, s->pad, s->picture ? "true" : "false", s->count,
           (unsigned long long)bench_macs(s), (unsigned long long)bench_true_macs(s),
           openblas_get_corename(), l->winograd);
    const char *comma = "";
    for (size_t i = 0; i < n_variants; i++) {
        if (!applies(&variants[i], l))
            continue;
        printf("%s\"%s\": %.3g", comma, variants[i].name, difference(&variants[i], l));
        comma = ", ";
    }
    printf("}}\n");
}

static void answer(struct layer *l, double seconds)
{
    const char *comma = "{";
    for (size_t i = 0; i < n_variants; i++) {
        if (!applies(&variants[i], l))
            continue;
        const double us = measure(&variants[i], l, seconds);
        printf("%s\"%s\": {\"us\": %.4f, \"peak\": %.2f}", comma, variants[i].name, us,
               peak_of(&variants[i]));
        comma = ", ";
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    static struct bench_shape shapes[BENCH_MAX_SHAPES];
    static struct layer layers[BENCH_MAX_SHAPES];
    if (argc < 3) {
        fprintf(stderr, "usage: bench_kernels NAMES TABLE [MODEL...]\n");
        return 2;
    }
    if (!choose_variants(argv[1]))
        return 1;
    const size_t n = bench_shapes(shapes, atoi(argv[2]), argv + 3, argc - 3);
    for (size_t i = 0; i < n; i++) {
        make_layer(&layers[i], &shapes[i]);
        describe(&layers[i]);
    }
    printf("\n");
    fflush(stdout);
    size_t layer;
    double seconds;
    while (scanf(" run %zu %lf", &layer, &seconds) == 2 && layer < n) {
        answer(&layers[layer], seconds);
        fflush(stdout);
    }
    return 0;
}
