/* SPDX-License-Identifier: MIT */
/* See random_layers.h. */

#include "random_layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 64 };
static const float CANARY = 12345.0f;

float random_float(struct dice *dice)
{
    return (float)below(dice, 2001) / 1000 - 1;
}

float *random_floats(struct dice *dice, size_t n)
{
    float *const out = malloc((n + 1) * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = random_float(dice);
    return out;
}

uint32_t random_size(struct dice *dice)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31};
    return sizes[below(dice, sizeof sizes / sizeof *sizes)];
}

void random_geometry(struct nnc_conv_args *a, struct dice *dice)
{
    do {
        a->in_height = random_size(dice);
        a->in_width = random_size(dice);
        for (int i = 0; i < 2; i++) {
            a->kernel[i] = below(dice, 3) ? 3 : 1 + below(dice, 5);
            a->stride[i] = 1 + below(dice, 3);
            a->dilation[i] = 1 + (below(dice, 5) == 0);
            a->pad[i] = below(dice, a->kernel[i] + 1);
        }
        const int64_t h = (int64_t)a->in_height + 2 * a->pad[0] -
                          (int64_t)(a->kernel[0] - 1) * a->dilation[0] - 1;
        const int64_t w = (int64_t)a->in_width + 2 * a->pad[1] -
                          (int64_t)(a->kernel[1] - 1) * a->dilation[1] - 1;
        a->out_height = h < 0 ? 0 : (uint32_t)h / a->stride[0] + 1;
        a->out_width = w < 0 ? 0 : (uint32_t)w / a->stride[1] + 1;
    } while (!a->out_height || !a->out_width);
}

void random_map_geometry(struct nnc_conv_args *a, struct dice *dice)
{
    const uint32_t stride = 1 + below(dice, 2);
    for (int i = 0; i < 2; i++) {
        a->pad[i] = below(dice, 3);
        a->kernel[i] = 2 * a->pad[i] + 1 + (stride == 2 && below(dice, 2));
        a->stride[i] = stride;
        a->dilation[i] = 1;
    }
    a->in_height = a->in_width = 4 * stride;
    a->out_height = a->out_width = 4;
}

float *guarded_floats(size_t n)
{
    float *const memory = malloc((n + 2 * GUARD) * sizeof *memory);
    for (size_t i = 0; i < n + 2 * GUARD; i++)
        memory[i] = CANARY;
    return memory + GUARD;
}

float *unguarded_floats(float *floats, size_t n)
{
    float *const memory = floats - GUARD;
    for (size_t i = 0; i < GUARD; i++) {
        if (memory[i] != CANARY || floats[n + i] != CANARY) {
            fprintf(stderr, "written beside the output, by %zu floats\n",
                    floats[n + i] != CANARY ? i + 1 : GUARD - i);
            abort();
        }
    }
    memmove(memory, floats, n * sizeof *memory);
    return memory;
}
