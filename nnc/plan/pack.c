/* SPDX-License-Identifier: MIT */
/* Reads, folds and lays out weights. A block's slot holds its data and how many plans use
 * it; one lock guards all slots and is held while a block is read, never while a frame
 * waits. */

#include "pack.h"

#include "../kernels/winograd.h"
#include "geometry.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    float *data;
    uint32_t users;
};

struct nnc_weights {
    const struct nnc_program *program;
    pthread_mutex_t lock;
    struct slot *slots;
    uint32_t *first_slot; /* [n_steps + 1] */
    uint8_t *winograd;    /* [n_steps] */
    size_t resident;
};

/* Scale and shift that follow the sum of one block: of batch normalisation and Gemm's
 * alpha and beta. Without either scale is 1 and shift 0, which change no bit. */
struct fold {
    float scale[NNC_BLOCK], shift[NNC_BLOCK], bias_scale;
};

static const struct nnc_node *node_of(const struct nnc_program *p, uint32_t step)
{
    return &p->graph->nodes[p->steps[step].node];
}

static const struct nnc_shape *shape_of(const struct nnc_program *p, uint32_t value)
{
    return &p->graph->values[value].shape;
}

static bool has_weights(const struct nnc_step *s)
{
    return s->kind == NNC_STEP_CONV || s->kind == NNC_STEP_GROUPED ||
           s->kind == NNC_STEP_DEPTHWISE || s->kind == NNC_STEP_AFFINE;
}

static uint32_t out_channels(const struct nnc_program *p, uint32_t step)
{
    return p->edges[p->steps[step].out].channels;
}

static uint32_t n_blocks(const struct nnc_program *p, uint32_t step)
{
    return has_weights(&p->steps[step]) ? nnc_ceil_div(out_channels(p, step), NNC_BLOCK) : 0;
}

static uint32_t rows_of_block(const struct nnc_program *p, uint32_t step, uint32_t block)
{
    const uint32_t left = out_channels(p, step) - block * NNC_BLOCK;
    return left < NNC_BLOCK ? left : NNC_BLOCK;
}

static uint32_t outs_per_group(const struct nnc_program *p, uint32_t step)
{
    const struct nnc_node *const node = node_of(p, step);
    return node->op == NNC_OP_CONV ? out_channels(p, step) / node->conv.groups
                                   : out_channels(p, step);
}

static uint32_t groups_in_block(const struct nnc_program *p, uint32_t step, uint32_t block)
{
    const uint32_t row = block * NNC_BLOCK, outs = outs_per_group(p, step);
    return (row + rows_of_block(p, step, block) - 1) / outs - row / outs + 1;
}

/* Input channels of one sum, as the kernel sees them. */
static uint32_t packed_inputs(const struct nnc_program *p, uint32_t step)
{
    const struct nnc_node *const node = node_of(p, step);
    if (node->op == NNC_OP_CONV)
        return shape_of(p, node->inputs[1])->dim[1];
    return shape_of(p, node->inputs[0])->dim[node->gemm.transpose_a ? 0 : 1];
}

/* Floats of one group in a block. */
static uint64_t group_floats(const struct nnc_program *p, uint32_t step)
{
    static const uint32_t one[2] = {1, 1};
    const struct nnc_node *const node = node_of(p, step);
    return nnc_conv_packed_floats(packed_inputs(p, step),
                                  node->op == NNC_OP_CONV ? node->conv.kernel : one);
}

/* The numbers that a step multiplies. */
static enum nnc_precision numbers_of(const struct nnc_program *p, uint32_t step)
{
    return p->edges[p->steps[step].in[0]].numbers;
}

static uint32_t taps_of(const struct nnc_program *p, uint32_t step)
{
    const struct nnc_node *const node = node_of(p, step);
    return node->op == NNC_OP_CONV ? node->conv.kernel[0] * node->conv.kernel[1] : 1;
}

static uint64_t block_floats(const struct nnc_program *p, uint32_t step, uint32_t block)
{
    if (numbers_of(p, step) != NNC_PRECISION_FP32)
        return nnc_narrow_packed_words(numbers_of(p, step), packed_inputs(p, step),
                                       taps_of(p, step));
    switch (p->steps[step].kind) {
    case NNC_STEP_AFFINE:
        return 2 * NNC_BLOCK;
    case NNC_STEP_GROUPED:
        return groups_in_block(p, step, block) * group_floats(p, step);
    default:
        return group_floats(p, step);
    }
}

/* Reading ------------------------------------------------------------------------------ */

static enum nnc_status read_value(const struct nnc_program *p, uint32_t value, uint64_t first,
                                  uint64_t count, float *out, struct nnc_error *error)
{
    return nnc_graph_read_floats(p->graph, p->graph->values[value].source, first, count, out,
                                 error);
}

/* In double: the fold is exact to the last bit but one, whatever the variance. */
static enum nnc_status read_fold(const struct nnc_program *p, uint32_t step, uint32_t block,
                                 struct fold *fold, struct nnc_error *error)
{
    const struct nnc_node *const node = node_of(p, step);
    const uint32_t rows = rows_of_block(p, step, block);
    const bool gemm = node->op == NNC_OP_GEMM;
    for (uint32_t i = 0; i < NNC_BLOCK; i++) {
        fold->scale[i] = gemm ? node->gemm.alpha : 1;
        fold->shift[i] = 0;
    }
    fold->bias_scale = gemm ? node->gemm.beta : 1;
    if (p->steps[step].batch_norm == NNC_NONE)
        return NNC_OK;
    const struct nnc_node *const norm = &p->graph->nodes[p->steps[step].batch_norm];
    float of[4][NNC_BLOCK]; /* scale, bias, mean, variance */
    for (int k = 0; k < 4; k++) {
        const enum nnc_status status = read_value(p, norm->inputs[k + 1],
                                                  (uint64_t)block * NNC_BLOCK, rows, of[k],
                                                  error);
        if (status)
            return status;
    }
    for (uint32_t i = 0; i < rows; i++) {
        const double scale = of[0][i] / sqrt((double)of[3][i] + norm->epsilon);
        fold->scale[i] = (float)scale;
        fold->shift[i] = (float)(of[1][i] - of[2][i] * scale);
    }
    return NNC_OK;
}

static enum nnc_status read_bias(const struct nnc_program *p, uint32_t step, uint32_t block,
                                 const struct fold *fold, float *bias, struct nnc_error *error)
{
    const struct nnc_node *const node = node_of(p, step);
    const uint32_t rows = rows_of_block(p, step, block);
    float own[NNC_BLOCK] = {0};
    if (node->n_inputs > 2 && node->inputs[2] != NNC_NONE) {
        const bool single = nnc_shape_elements(shape_of(p, node->inputs[2])) == 1 &&
                            out_channels(p, step) != 1;
        const enum nnc_status status =
            read_value(p, node->inputs[2], single ? 0 : (uint64_t)block * NNC_BLOCK,
                       single ? 1 : rows, own, error);
        if (status)
            return status;
        for (uint32_t i = 1; single && i < rows; i++)
            own[i] = own[0];
    }
    const bool gemm = node->op == NNC_OP_GEMM;
    for (uint32_t i = 0; i < NNC_BLOCK; i++) {
        bias[i] = fold->shift[i] + own[i] * (gemm ? fold->bias_scale : fold->scale[i]);
        if (i >= rows)
            bias[i] = 0;
    }
    return NNC_OK;
}

/* Puts one row of weights into its lane. */
static void place_row(const float *row, uint32_t inputs, uint32_t taps, float scale,
                      uint32_t lane, float *packed)
{
    for (uint32_t c = 0; c < inputs; c++) {
        const uint32_t c0 = c / NNC_BLOCK * NNC_BLOCK, left = inputs - c0;
        const uint32_t channels = left < NNC_BLOCK ? left : NNC_BLOCK;
        for (uint32_t t = 0; t < taps; t++) {
            const size_t before = (size_t)c0 * taps + (size_t)t * channels + (c - c0);
            packed[NNC_BLOCK * (1 + before) + lane] = row[c * taps + t] * scale;
        }
    }
}

/* Weights filed as [inputs][outputs]: one input of all lanes at a time. */
static enum nnc_status pack_columns(const struct nnc_program *p, uint32_t step, uint32_t block,
                                    const struct fold *fold, const float *bias,
                                    float *packed, struct nnc_error *error)
{
    const struct nnc_node *const node = node_of(p, step);
    const uint32_t columns = shape_of(p, node->inputs[1])->dim[1];
    const uint32_t rows = rows_of_block(p, step, block);
    memcpy(packed, bias, NNC_BLOCK * sizeof *bias);
    for (uint32_t k = 0; k < packed_inputs(p, step); k++) {
        float *const out = packed + (size_t)NNC_BLOCK * (1 + k);
        const enum nnc_status status =
            read_value(p, node->inputs[1], (uint64_t)k * columns + block * NNC_BLOCK, rows,
                       out, error);
        if (status)
            return status;
        for (uint32_t i = 0; i < rows; i++)
            out[i] *= fold->scale[i];
    }
    return NNC_OK;
}

static enum nnc_status pack_rows(const struct nnc_program *p, uint32_t step, uint32_t block,
                                 const struct fold *fold, const float *bias, float *packed,
                                 struct nnc_error *error)
{
    const struct nnc_node *const node = node_of(p, step);
    const bool grouped = p->steps[step].kind == NNC_STEP_GROUPED;
    const uint32_t taps =
        node->op == NNC_OP_CONV ? node->conv.kernel[0] * node->conv.kernel[1] : 1;
    const uint32_t inputs = packed_inputs(p, step);
    const uint32_t first_group = block * NNC_BLOCK / outs_per_group(p, step);
    const uint64_t size = (uint64_t)inputs * taps;
    const uint32_t n_rows = rows_of_block(p, step, block);
    float *const rows = nnc_alloc(n_rows * size, sizeof *rows);
    if (!rows)
        return nnc_fail_nomem(error, n_rows * size * sizeof *rows);
    const enum nnc_status status = read_value(p, node->inputs[1], block * NNC_BLOCK * size,
                                              n_rows * size, rows, error);
    for (uint32_t i = 0; i < n_rows && !status; i++) {
        const uint32_t o = block * NNC_BLOCK + i;
        float *const of_group =
            !grouped ? packed
                     : packed + (o / outs_per_group(p, step) - first_group) *
                                    group_floats(p, step);
        of_group[i] = bias[i];
        place_row(rows + i * size, inputs, taps, fold->scale[i], i, of_group);
    }
    free(rows);
    return status;
}

static enum nnc_status pack_block(const struct nnc_program *p, uint32_t step, uint32_t block,
                                  float *packed, struct nnc_error *error)
{
    const struct nnc_node *const node = node_of(p, step);
    struct fold fold;
    enum nnc_status status = read_fold(p, step, block, &fold, error);
    if (status)
        return status;
    if (p->steps[step].kind == NNC_STEP_AFFINE) {
        memcpy(packed, fold.scale, sizeof fold.scale);
        memcpy(packed + NNC_BLOCK, fold.shift, sizeof fold.shift);
        return NNC_OK;
    }
    float bias[NNC_BLOCK];
    status = read_bias(p, step, block, &fold, bias, error);
    if (status)
        return status;
    return node->op == NNC_OP_GEMM && !node->gemm.transpose_b
               ? pack_columns(p, step, block, &fold, bias, packed, error)
               : pack_rows(p, step, block, &fold, bias, packed, error);
}

/* The scale of each row of integer weights in a block, the batch normalisation's included:
 * that changes what a row's integers mean, not the integers. */
static enum nnc_status read_scales(const struct nnc_program *p, uint32_t step, uint32_t block,
                                   float scale[NNC_BLOCK], struct nnc_error *error)
{
    struct fold fold;
    const enum nnc_status status = read_fold(p, step, block, &fold, error);
    if (status)
        return status;
    const uint32_t value = node_of(p, step)->inputs[1];
    const struct nnc_scaling *const s =
        p->graph->tensors[p->graph->values[value].source].scaling;
    const uint32_t rows = rows_of_block(p, step, block);
    for (uint32_t i = 0; i < NNC_BLOCK; i++)
        scale[i] =
            i >= rows ? 0 : s->scale[s->n > 1 ? block * NNC_BLOCK + i : 0] * fold.scale[i];
    return NNC_OK;
}

/* Narrow weights are made from packed float ones. */
static enum nnc_status pack_narrow(const struct nnc_program *p, uint32_t step, uint32_t block,
                                   float *packed, struct nnc_error *error)
{
    const uint64_t bytes = group_floats(p, step) * sizeof(float);
    float *const floats = nnc_alloc(group_floats(p, step), sizeof *floats);
    if (!floats)
        return nnc_fail_nomem(error, bytes);
    float scale[NNC_BLOCK];
    enum nnc_status status = pack_block(p, step, block, floats, error);
    if (!status && numbers_of(p, step) == NNC_PRECISION_INT8)
        status = read_scales(p, step, block, scale, error);
    if (!status && numbers_of(p, step) == NNC_PRECISION_BF16) {
        nnc_narrow_pack_bf16(floats, packed_inputs(p, step), taps_of(p, step), packed);
    } else if (!status) {
        nnc_narrow_pack_int8(floats, packed_inputs(p, step), taps_of(p, step), scale,
                             p->steps[step].scale, p->steps[step].zero, packed);
    }
    free(floats);
    return status;
}

/* Sharing ------------------------------------------------------------------------------ */

static uint8_t winograd_of(const struct nnc_program *program, const struct nnc_kernels *kernels,
                           uint32_t step)
{
    struct nnc_conv_args args;
    if (!kernels->winograd || program->steps[step].kind != NNC_STEP_CONV ||
        numbers_of(program, step) != NNC_PRECISION_FP32)
        return 0;
    nnc_conv_geometry(program, &program->steps[step], &args);
    return (uint8_t)nnc_winograd_choose(&args);
}

enum nnc_status nnc_weights_create(const struct nnc_program *program,
                                   const struct nnc_kernels *kernels,
                                   struct nnc_weights **weights, struct nnc_error *error)
{
    struct nnc_weights *const w = nnc_alloc(1, sizeof *w);
    if (!w)
        return nnc_fail_nomem(error, sizeof *w);
    w->program = program;
    if (pthread_mutex_init(&w->lock, NULL)) {
        free(w);
        return nnc_fail_nomem(error, sizeof *w);
    }
    w->first_slot = nnc_alloc((uint64_t)program->n_steps + 1, sizeof *w->first_slot);
    w->winograd = nnc_alloc(program->n_steps, sizeof *w->winograd);
    uint32_t n = 0;
    for (uint32_t s = 0; s < program->n_steps && w->first_slot && w->winograd; s++) {
        w->first_slot[s] = n;
        w->winograd[s] = winograd_of(program, kernels, s);
        n += n_blocks(program, s);
    }
    w->slots = nnc_alloc(n, sizeof *w->slots);
    if (!w->first_slot || !w->winograd || !w->slots) {
        nnc_weights_destroy(w);
        return nnc_fail_nomem(error, (uint64_t)n * sizeof *w->slots);
    }
    w->first_slot[program->n_steps] = n;
    *weights = w;
    return NNC_OK;
}

void nnc_weights_destroy(struct nnc_weights *w)
{
    if (!w)
        return;
    pthread_mutex_destroy(&w->lock);
    free(w->first_slot);
    free(w->winograd);
    free(w->slots);
    free(w);
}

uint32_t nnc_weights_winograd(const struct nnc_weights *w, uint32_t step)
{
    return w->winograd[step];
}

size_t nnc_weights_block_bytes(const struct nnc_weights *w, uint32_t step, uint32_t block)
{
    const uint64_t floats =
        w->winograd[step]
            ? nnc_winograd_packed_floats(packed_inputs(w->program, step), w->winograd[step])
            : block_floats(w->program, step, block);
    return floats * sizeof(float);
}

/* Weights of the direct kind; those of Winograd's are made of them. */
static enum nnc_status load_direct(const struct nnc_weights *w, uint32_t step, uint32_t block,
                                   float **data, struct nnc_error *error)
{
    const uint64_t bytes = block_floats(w->program, step, block) * sizeof(float);
    *data = nnc_alloc_aligned(bytes);
    if (!*data)
        return nnc_fail_nomem(error, bytes);
    memset(*data, 0, bytes);
    const enum nnc_status status =
        numbers_of(w->program, step) == NNC_PRECISION_FP32
            ? pack_block(w->program, step, block, *data, error)
            : pack_narrow(w->program, step, block, *data, error);
    if (status)
        free(*data);
    return status;
}

static enum nnc_status load(struct nnc_weights *w, uint32_t step, uint32_t block,
                            struct slot *slot, struct nnc_error *error)
{
    const size_t bytes = nnc_weights_block_bytes(w, step, block);
    float *data;
    const enum nnc_status status = load_direct(w, step, block, &data, error);
    if (status)
        return status;
    if (w->winograd[step]) {
        float *const direct = data;
        data = nnc_alloc_aligned(bytes);
        if (data)
            nnc_winograd_pack(direct, packed_inputs(w->program, step), w->winograd[step], data);
        free(direct);
        if (!data)
            return nnc_fail_nomem(error, bytes);
    }
    slot->data = data;
    w->resident += bytes;
    return NNC_OK;
}

enum nnc_status nnc_weights_acquire(struct nnc_weights *w, uint32_t step, uint32_t block,
                                    const float **packed, struct nnc_error *error)
{
    enum nnc_status status = NNC_OK;
    struct slot *const slot = &w->slots[w->first_slot[step] + block];
    pthread_mutex_lock(&w->lock);
    if (!slot->data)
        status = load(w, step, block, slot, error);
    if (!status) {
        slot->users++;
        *packed = slot->data;
    }
    pthread_mutex_unlock(&w->lock);
    return status;
}

void nnc_weights_release(struct nnc_weights *w, uint32_t step, uint32_t block)
{
    struct slot *const slot = &w->slots[w->first_slot[step] + block];
    pthread_mutex_lock(&w->lock);
    if (--slot->users == 0) {
        w->resident -= nnc_weights_block_bytes(w, step, block);
        free(slot->data);
        slot->data = NULL;
    }
    pthread_mutex_unlock(&w->lock);
}

size_t nnc_weights_resident_bytes(struct nnc_weights *w)
{
    pthread_mutex_lock(&w->lock);
    const size_t bytes = w->resident;
    pthread_mutex_unlock(&w->lock);
    return bytes;
}
