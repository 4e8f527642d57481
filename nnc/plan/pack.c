/* SPDX-License-Identifier: MIT */
/* Reads weights, folds what follows them in, and lays them out. */

#include "pack.h"

#include "../kernels/winograd.h"
#include "geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

uint32_t nnc_pack_blocks(const struct nnc_program *p, uint32_t step)
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

static uint64_t direct_floats(const struct nnc_program *p, uint32_t step, uint32_t block)
{
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

static enum nnc_status read_value(struct nnc_packer *packer, uint32_t value, uint64_t first,
                                  uint64_t count, float *out, struct nnc_error *error)
{
    const struct nnc_graph *const g = packer->program->graph;
    return nnc_graph_read_ahead(g, &packer->ahead, g->values[value].source, first, count, out,
                                error);
}

/* Room number `which` with at least this many floats, and anything in them. */
static float *make_room(struct nnc_packer *packer, int which, uint64_t floats)
{
    if (packer->room_floats[which] < floats) {
        free(packer->room[which]);
        packer->room[which] = nnc_alloc_aligned(floats * sizeof(float));
        packer->room_floats[which] = packer->room[which] ? floats : 0;
    }
    return packer->room[which];
}

void nnc_packer_finish(struct nnc_packer *packer)
{
    for (int which = 0; which < 2; which++)
        free(packer->room[which]);
    *packer = (struct nnc_packer){.program = packer->program};
}

/* In double: the fold is exact to the last bit but one, whatever the variance. */
static enum nnc_status read_fold(struct nnc_packer *packer, uint32_t step, uint32_t block,
                                 struct fold *fold, struct nnc_error *error)
{
    const struct nnc_program *const p = packer->program;
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
        const enum nnc_status status = read_value(packer, norm->inputs[k + 1],
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

static enum nnc_status read_bias(struct nnc_packer *packer, uint32_t step, uint32_t block,
                                 const struct fold *fold, float *bias, struct nnc_error *error)
{
    const struct nnc_program *const p = packer->program;
    const struct nnc_node *const node = node_of(p, step);
    const uint32_t rows = rows_of_block(p, step, block);
    float own[NNC_BLOCK] = {0};
    if (node->n_inputs > 2 && node->inputs[2] != NNC_NONE) {
        const bool single = nnc_shape_elements(shape_of(p, node->inputs[2])) == 1 &&
                            out_channels(p, step) != 1;
        const enum nnc_status status =
            read_value(packer, node->inputs[2], single ? 0 : (uint64_t)block * NNC_BLOCK,
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

/* Where the weights of input channel `c` begin in a packed block; the next tap's are a block of
 * channels further on, whose size `*channels` is. */
static size_t place_of(uint32_t c, uint32_t inputs, uint32_t taps, uint32_t *channels)
{
    const uint32_t c0 = c / NNC_BLOCK * NNC_BLOCK, left = inputs - c0;
    *channels = left < NNC_BLOCK ? left : NNC_BLOCK;
    return NNC_BLOCK * (1 + (size_t)c0 * taps + (c - c0));
}

/* Puts one row of weights into its lane. */
static void place_row(const float *row, uint32_t inputs, uint32_t taps, float scale,
                      uint32_t lane, float *packed)
{
    for (uint32_t c = 0; c < inputs; c++) {
        uint32_t channels;
        float *const out = packed + place_of(c, inputs, taps, &channels) + lane;
        for (uint32_t t = 0; t < taps; t++)
            out[(size_t)t * channels * NNC_BLOCK] = row[(size_t)c * taps + t] * scale;
    }
}

/* Puts a full block of rows into all lanes: whole lines of the cache at a time. */
static void place_rows(const float *rows, uint32_t inputs, uint32_t taps,
                       const float scale[NNC_BLOCK], float *packed)
{
    const size_t size = (size_t)inputs * taps;
    for (uint32_t c = 0; c < inputs; c++) {
        uint32_t channels;
        float *const out = packed + place_of(c, inputs, taps, &channels);
        for (uint32_t t = 0; t < taps; t++)
            for (uint32_t lane = 0; lane < NNC_BLOCK; lane++)
                out[(size_t)t * channels * NNC_BLOCK + lane] =
                    rows[lane * size + (size_t)c * taps + t] * scale[lane];
    }
}

/* Weights filed as [inputs][outputs]: one input of all lanes at a time. */
static enum nnc_status pack_columns(struct nnc_packer *packer, uint32_t step, uint32_t block,
                                    const struct fold *fold, const float *bias,
                                    float *packed, struct nnc_error *error)
{
    const struct nnc_program *const p = packer->program;
    const struct nnc_node *const node = node_of(p, step);
    const uint32_t columns = shape_of(p, node->inputs[1])->dim[1];
    const uint32_t rows = rows_of_block(p, step, block);
    memcpy(packed, bias, NNC_BLOCK * sizeof *bias);
    for (uint32_t k = 0; k < packed_inputs(p, step); k++) {
        float *const out = packed + (size_t)NNC_BLOCK * (1 + k);
        const enum nnc_status status =
            read_value(packer, node->inputs[1], (uint64_t)k * columns + block * NNC_BLOCK, rows,
                       out, error);
        if (status)
            return status;
        for (uint32_t i = 0; i < rows; i++)
            out[i] *= fold->scale[i];
    }
    return NNC_OK;
}

/* Each row to its lane, in the part of the packed block that its group has. */
static void place_groups(const struct nnc_program *p, uint32_t step, uint32_t block,
                         const float *rows, const struct fold *fold, const float *bias,
                         float *packed)
{
    const bool grouped = p->steps[step].kind == NNC_STEP_GROUPED;
    const uint32_t inputs = packed_inputs(p, step), taps = taps_of(p, step);
    const uint32_t first_group = block * NNC_BLOCK / outs_per_group(p, step);
    for (uint32_t i = 0; i < rows_of_block(p, step, block); i++) {
        const uint32_t o = block * NNC_BLOCK + i;
        float *const of_group =
            !grouped ? packed
                     : packed + (o / outs_per_group(p, step) - first_group) *
                                    group_floats(p, step);
        of_group[i] = bias[i];
        place_row(rows + (size_t)i * inputs * taps, inputs, taps, fold->scale[i], i, of_group);
    }
}

/* Whether every lane of a block has a row: no float of it is then left as it was. */
static bool is_full(const struct nnc_program *p, uint32_t step, uint32_t block)
{
    return p->steps[step].kind != NNC_STEP_GROUPED &&
           rows_of_block(p, step, block) == NNC_BLOCK;
}

static enum nnc_status pack_rows(struct nnc_packer *packer, uint32_t step, uint32_t block,
                                 const struct fold *fold, const float *bias, float *packed,
                                 struct nnc_error *error)
{
    const struct nnc_program *const p = packer->program;
    const uint32_t inputs = packed_inputs(p, step), taps = taps_of(p, step);
    const uint64_t size = (uint64_t)inputs * taps;
    const uint64_t n = rows_of_block(p, step, block) * size;
    float *const rows = make_room(packer, 0, n);
    if (!rows)
        return nnc_fail_nomem(error, n * sizeof *rows);
    const enum nnc_status status = read_value(packer, node_of(p, step)->inputs[1],
                                              block * NNC_BLOCK * size, n, rows, error);
    if (status)
        return status;
    if (is_full(p, step, block)) {
        memcpy(packed, bias, NNC_BLOCK * sizeof *bias);
        place_rows(rows, inputs, taps, fold->scale, packed);
    } else {
        place_groups(p, step, block, rows, fold, bias, packed);
    }
    return NNC_OK;
}

/* Weights of the direct kind; those of the others are made of them. */
static enum nnc_status pack_direct(struct nnc_packer *packer, uint32_t step, uint32_t block,
                                  float *packed, struct nnc_error *error)
{
    const struct nnc_program *const p = packer->program;
    const struct nnc_node *const node = node_of(p, step);
    struct fold fold;
    enum nnc_status status = read_fold(packer, step, block, &fold, error);
    if (status)
        return status;
    if (!is_full(p, step, block))
        memset(packed, 0, direct_floats(p, step, block) * sizeof *packed);
    if (p->steps[step].kind == NNC_STEP_AFFINE) {
        memcpy(packed, fold.scale, sizeof fold.scale);
        memcpy(packed + NNC_BLOCK, fold.shift, sizeof fold.shift);
        return NNC_OK;
    }
    float bias[NNC_BLOCK];
    status = read_bias(packer, step, block, &fold, bias, error);
    if (status)
        return status;
    return node->op == NNC_OP_GEMM && !node->gemm.transpose_b
               ? pack_columns(packer, step, block, &fold, bias, packed, error)
               : pack_rows(packer, step, block, &fold, bias, packed, error);
}

/* The scale of each row of integer weights in a block, the batch normalisation's included:
 * that changes what a row's integers mean, not the integers. */
static enum nnc_status read_scales(struct nnc_packer *packer, uint32_t step, uint32_t block,
                                   float scale[NNC_BLOCK], struct nnc_error *error)
{
    const struct nnc_program *const p = packer->program;
    struct fold fold;
    const enum nnc_status status = read_fold(packer, step, block, &fold, error);
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

static enum nnc_status pack_narrow(struct nnc_packer *packer, uint32_t step, uint32_t block,
                                   const float *direct, float *packed,
                                   struct nnc_error *error)
{
    const struct nnc_program *const p = packer->program;
    const uint32_t inputs = packed_inputs(p, step), taps = taps_of(p, step);
    memset(packed, 0, nnc_pack_floats(p, step, block, 0) * sizeof *packed);
    if (numbers_of(p, step) == NNC_PRECISION_BF16) {
        nnc_narrow_pack_bf16(direct, inputs, taps, packed);
        return NNC_OK;
    }
    float scale[NNC_BLOCK];
    const enum nnc_status status = read_scales(packer, step, block, scale, error);
    if (!status)
        nnc_narrow_pack_int8(direct, inputs, taps, scale, p->steps[step].scale,
                             p->steps[step].zero, packed);
    return status;
}

enum nnc_status nnc_pack_block(struct nnc_packer *packer, uint32_t step, uint32_t block,
                               uint8_t winograd, float *packed, struct nnc_error *error)
{
    const struct nnc_program *const p = packer->program;
    const bool narrow = numbers_of(p, step) != NNC_PRECISION_FP32;
    if (!narrow && !winograd)
        return pack_direct(packer, step, block, packed, error);
    const uint64_t n = direct_floats(p, step, block);
    float *const direct = make_room(packer, 1, n);
    if (!direct)
        return nnc_fail_nomem(error, n * sizeof *direct);
    const enum nnc_status status = pack_direct(packer, step, block, direct, error);
    if (status)
        return status;
    if (narrow)
        return pack_narrow(packer, step, block, direct, packed, error);
    nnc_winograd_pack(direct, packed_inputs(p, step), winograd, packed);
    return NNC_OK;
}

uint64_t nnc_pack_floats(const struct nnc_program *p, uint32_t step, uint32_t block,
                         uint8_t winograd)
{
    if (numbers_of(p, step) != NNC_PRECISION_FP32)
        return nnc_narrow_packed_words(numbers_of(p, step), packed_inputs(p, step),
                                       taps_of(p, step));
    return winograd ? nnc_winograd_packed_floats(packed_inputs(p, step), winograd)
                    : direct_floats(p, step, block);
}

uint8_t nnc_pack_winograd(const struct nnc_program *p, const struct nnc_kernels *kernels,
                          uint32_t step)
{
    struct nnc_conv_args args;
    if (!kernels->winograd || p->steps[step].kind != NNC_STEP_CONV ||
        numbers_of(p, step) != NNC_PRECISION_FP32)
        return 0;
    nnc_conv_geometry(p, &p->steps[step], &args);
    return (uint8_t)nnc_winograd_choose(&args);
}
