/* SPDX-License-Identifier: MIT */
#include "shapes.h"

#include "runtime/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bench_shape TABLE[] = {
    {32, 32, 32, 32, 3, 1, 1, false, 0}, {64, 16, 16, 64, 3, 1, 1, false, 0},
    {48, 8, 8, 48, 3, 1, 1, false, 0},   {64, 16, 16, 960, 3, 2, 1, false, 0},
    {64, 16, 16, 48, 3, 2, 1, false, 0}, {48, 8, 8, 80, 3, 1, 1, false, 0},
    {48, 8, 8, 16, 3, 1, 1, false, 0},   {32, 32, 32, 64, 3, 2, 1, false, 0},
    {64, 16, 16, 48, 1, 2, 0, false, 0},
};

uint32_t bench_out_size(uint32_t in, const struct bench_shape *s)
{
    return (in + 2 * s->pad - s->kernel) / s->stride + 1;
}

/* Taps of all outputs along one axis that lie inside. */
static uint64_t inner_taps(uint32_t in, const struct bench_shape *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < bench_out_size(in, s); i++)
        for (uint32_t k = 0; k < s->kernel; k++) {
            const int64_t at = (int64_t)i * s->stride + k - s->pad;
            n += at >= 0 && at < (int64_t)in;
        }
    return n;
}

uint64_t bench_macs(const struct bench_shape *s)
{
    return (uint64_t)s->in_channels * s->out_channels * s->kernel * s->kernel *
           bench_out_size(s->in_height, s) * bench_out_size(s->in_width, s);
}

uint64_t bench_true_macs(const struct bench_shape *s)
{
    return (uint64_t)s->in_channels * s->out_channels * inner_taps(s->in_height, s) *
           inner_taps(s->in_width, s);
}

static bool same(const struct bench_shape *a, const struct bench_shape *b)
{
    return a->in_channels == b->in_channels && a->in_height == b->in_height &&
           a->in_width == b->in_width && a->out_channels == b->out_channels &&
           a->kernel == b->kernel && a->stride == b->stride && a->pad == b->pad &&
           a->picture == b->picture;
}

static void add(struct bench_shape *shapes, size_t *n, const struct bench_shape *shape)
{
    for (size_t i = 0; i < *n; i++)
        if (same(&shapes[i], shape)) {
            shapes[i].count += shape->count;
            return;
        }
    if (*n < BENCH_MAX_SHAPES)
        shapes[(*n)++] = *shape;
}

static void add_step(struct bench_shape *shapes, size_t *n,
                     const struct nnc_plan_step *step)
{
    const struct nnc_conv_args *const a = &step->conv;
    const bool square = a->kernel[0] == a->kernel[1] && a->stride[0] == a->stride[1] &&
                        a->pad[0] == a->pad[1] && a->dilation[0] == 1 &&
                        a->dilation[1] == 1;
    /* The leader of a stack has the shape of all. */
    if (step->led || step->step->kind != NNC_STEP_CONV || step->node->op != NNC_OP_CONV || !square)
        return;
    const struct bench_shape shape = {.in_channels = a->in_channels,
                                      .in_height = a->in_height,
                                      .in_width = a->in_width,
                                      .out_channels = a->out_channels,
                                      .kernel = a->kernel[0],
                                      .stride = a->stride[0],
                                      .pad = a->pad[0],
                                      .picture = a->xs.lane != 1,
                                      .count = 1};
    add(shapes, n, &shape);
}

static void add_model(struct bench_shape *shapes, size_t *n, const char *path)
{
    struct nnc_model *model = NULL;
    struct nnc_shared_plan *plan = NULL;
    struct nnc_error error;
    uint8_t *active = NULL;
    if (!nnc_model_open(path, NULL, &model, &error)) {
        const size_t classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(model));
        active = malloc(classes);
        if (active)
            memset(active, 1, classes);
    }
    if (!active || nnc_model_plan(model, active, &plan, &error)) {
        fprintf(stderr, "bench_kernels: %s\n", error.message);
        exit(1);
    }
    for (uint32_t i = 0; i < plan->plan->n_steps; i++)
        add_step(shapes, n, &plan->plan->steps[i]);
    nnc_shared_plan_unref(plan);
    nnc_model_unref(model);
    free(active);
}

size_t bench_shapes(struct bench_shape shapes[BENCH_MAX_SHAPES], bool table,
                    char *const *models, int n_models)
{
    size_t n = 0;
    for (size_t i = 0; table && i < sizeof TABLE / sizeof *TABLE; i++)
        add(shapes, &n, &TABLE[i]);
    for (int i = 0; i < n_models; i++)
        add_model(shapes, &n, models[i]);
    return n;
}
