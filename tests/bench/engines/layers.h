/* SPDX-License-Identifier: MIT */
#ifndef NNC_BENCH_LAYERS_H
#define NNC_BENCH_LAYERS_H

/* Reads what bench_lower writes (its head describes the lines), for engines that have no
 * reader of their own. */

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum layer_kind {
    LAYER_INPUT,
    LAYER_CONV,
    LAYER_GEMM,
    LAYER_CLIP,
    LAYER_ADD,
    LAYER_AVERAGE,
    LAYER_CONCAT,
    LAYER_OUTPUT
};

struct layer {
    enum layer_kind kind;
    uint32_t id, n_in, *in; /* values by number; a residual is the second of a conv */
    uint32_t out_channels, kernel[2], stride[2], dilation[2], pads[4], groups;
    uint32_t dims[3]; /* of its result: channels, height, width */
    float low, high;
    bool has_residual;
    size_t weight, bias;
};

struct network {
    struct layer *layers;
    size_t n_layers;
    uint32_t n_values; /* numbers are below this */
    float *weights;
    size_t n_weights;
};

static inline const struct layer *network_value(const struct network *net, uint32_t id)
{
    for (size_t i = 0; i < net->n_layers; i++)
        if (net->layers[i].id == id && net->layers[i].kind != LAYER_OUTPUT)
            return &net->layers[i];
    return NULL;
}

static inline bool layer_inputs(struct layer *l, FILE *file, uint32_t n)
{
    l->n_in = n;
    l->in = (uint32_t *)calloc(n + 1, sizeof *l->in);
    for (uint32_t i = 0; i < n && l->in; i++)
        if (fscanf(file, "%u", &l->in[i]) != 1)
            return false;
    return l->in;
}

static inline bool layer_conv(struct layer *l, FILE *file)
{
    int residual;
    if (!layer_inputs(l, file, 1) ||
        fscanf(file, "%u %u %u %u %u %u %u %u %u %u %u %u %f %f %d %zu %zu",
               &l->out_channels, &l->kernel[0], &l->kernel[1], &l->stride[0],
               &l->stride[1], &l->dilation[0], &l->dilation[1], &l->pads[0], &l->pads[1],
               &l->pads[2], &l->pads[3], &l->groups, &l->low, &l->high, &residual,
               &l->weight, &l->bias) != 17)
        return false;
    l->has_residual = residual >= 0;
    if (l->has_residual)
        l->in[l->n_in++] = (uint32_t)residual;
    return true;
}

static inline bool layer_read(struct layer *l, FILE *file, const char *word)
{
    uint32_t n;
    if (fscanf(file, "%u", &l->id) != 1)
        return false;
    if (!strcmp(word, "input")) {
        l->kind = LAYER_INPUT;
        return fscanf(file, "%u %u %u", &l->dims[0], &l->dims[1], &l->dims[2]) == 3;
    }
    if (!strcmp(word, "conv")) {
        l->kind = LAYER_CONV;
        return layer_conv(l, file);
    }
    if (!strcmp(word, "gemm")) {
        l->kind = LAYER_GEMM;
        return layer_inputs(l, file, 1) &&
               fscanf(file, "%u %f %f %zu %zu", &l->out_channels, &l->low, &l->high,
                      &l->weight, &l->bias) == 5;
    }
    if (!strcmp(word, "clip")) {
        l->kind = LAYER_CLIP;
        return layer_inputs(l, file, 1) && fscanf(file, "%f %f", &l->low, &l->high) == 2;
    }
    if (!strcmp(word, "add") || !strcmp(word, "average")) {
        l->kind = *word == 'a' && word[1] == 'd' ? LAYER_ADD : LAYER_AVERAGE;
        return layer_inputs(l, file, l->kind == LAYER_ADD ? 2 : 1);
    }
    if (!strcmp(word, "concat")) {
        l->kind = LAYER_CONCAT;
        return fscanf(file, "%u", &n) == 1 && layer_inputs(l, file, n);
    }
    l->kind = LAYER_OUTPUT;
    return !strcmp(word, "output");
}

static inline void layer_shape(const struct network *net, struct layer *l)
{
    const struct layer *const x = l->n_in ? network_value(net, l->in[0]) : NULL;
    if (!x)
        return;
    memcpy(l->dims, x->dims, sizeof l->dims);
    if (l->kind == LAYER_CONV) {
        l->dims[0] = l->out_channels;
        for (int i = 0; i < 2; i++)
            l->dims[1 + i] = (x->dims[1 + i] + l->pads[i] + l->pads[2 + i] -
                              (l->kernel[i] - 1) * l->dilation[i] - 1) /
                                 l->stride[i] +
                             1;
    } else if (l->kind == LAYER_GEMM || l->kind == LAYER_AVERAGE ||
               l->kind == LAYER_CONCAT) {
        l->dims[1] = l->dims[2] = 1;
        if (l->kind == LAYER_GEMM)
            l->dims[0] = l->out_channels;
        for (uint32_t i = 1; l->kind == LAYER_CONCAT && i < l->n_in; i++)
            l->dims[0] += network_value(net, l->in[i])->dims[0];
    }
}

static inline bool network_weights(struct network *net, const char *path)
{
    FILE *const file = fopen(path, "rb");
    if (!file)
        return false;
    fseek(file, 0, SEEK_END);
    net->n_weights = (size_t)ftell(file) / sizeof *net->weights;
    rewind(file);
    net->weights = (float *)malloc(net->n_weights * sizeof *net->weights);
    const bool read = net->weights && fread(net->weights, sizeof *net->weights,
                                            net->n_weights, file) == net->n_weights;
    fclose(file);
    return read;
}

/* `path` names LAYERS; WEIGHTS lies beside it with `.weights` behind its name. */
static inline bool network_open(struct network *net, const char *path)
{
    char word[16], weights[4096];
    FILE *const file = fopen(path, "r");
    bool good = file;
    while (good && fscanf(file, "%15s", word) == 1) {
        net->layers = (struct layer *)realloc(net->layers,
                                              (net->n_layers + 1) * sizeof *net->layers);
        struct layer *const l = &net->layers[net->n_layers];
        memset(l, 0, sizeof *l);
        l->low = -INFINITY; /* where a line has no limits, there are none */
        l->high = INFINITY;
        good = layer_read(l, file, word);
        layer_shape(net, l);
        net->n_layers++;
        net->n_values = l->id >= net->n_values ? l->id + 1 : net->n_values;
    }
    if (file)
        fclose(file);
    snprintf(weights, sizeof weights, "%s.weights", path);
    if (!good || !network_weights(net, weights))
        fprintf(stderr, "%s: cannot be read as layers\n", path);
    return good && net->weights;
}

#endif
