/* SPDX-License-Identifier: MIT */
/* Runs steps: turns places into pointers and calls kernels. What is not worth a kernel of
 * its own (Concat, Softmax, picking elements, products of two computed matrices) is
 * computed here, plainly. */

#include "stack.h"

#include <math.h>
#include <string.h>

static float *at(const struct nnc_run *run, const struct nnc_place *place)
{
    return run->base[place->space] + place->offset;
}

static void fill_epilogue(const struct nnc_run *run, const struct nnc_plan_step *s,
                          struct nnc_epilogue *epilogue)
{
    epilogue->activation = s->step->activation;
    epilogue->residual = s->step->residual == NNC_NONE ? NULL : at(run, &s->residual);
    epilogue->gain = s->step->gain == NNC_NONE ? NULL : at(run, &s->gain);
    epilogue->gain_at = NULL;
    if (s->stack && s->stack->gain_at) {
        epilogue->gain = run->base[NNC_SPACE_ATTENTION];
        epilogue->gain_at = s->stack->gain_at;
    }
}

/* The inputs of one group, beginning in a block of their own: where they lie, or a copy. */
static const float *inputs_of_group(const struct nnc_plan_step *s, const float *x,
                                    uint32_t group, float *copy)
{
    const uint32_t count = s->conv.in_channels, first = group * count;
    const size_t pixels = s->in_edge[0]->pixels;
    if (!s->group_x_floats)
        return x + first / NNC_BLOCK * NNC_BLOCK * pixels + first % NNC_BLOCK;
    for (uint32_t c = 0; c < count; c++) {
        const uint32_t of = first + c;
        const float *const from =
            x + of / NNC_BLOCK * NNC_BLOCK * pixels + of % NNC_BLOCK;
        float *const to = copy + c / NNC_BLOCK * NNC_BLOCK * pixels + c % NNC_BLOCK;
        for (size_t p = 0; p < pixels; p++)
            to[p * NNC_BLOCK] = from[p * NNC_BLOCK];
    }
    return copy;
}

/* A group's lanes of a block that it shares with others. */
static void copy_lanes(const struct nnc_plan_step *s, uint32_t block, uint32_t group,
                       const float *from, float *to)
{
    const uint32_t row = block * NNC_BLOCK;
    const uint32_t begin = group * s->group_outs, end = begin + s->group_outs;
    const uint32_t first = begin > row ? begin - row : 0;
    const uint32_t last = end - row < NNC_BLOCK ? end - row : NNC_BLOCK;
    for (size_t p = 0; p < s->out_edge->pixels; p++)
        memcpy(to + p * NNC_BLOCK + first, from + p * NNC_BLOCK + first,
               (last - first) * sizeof *to);
}

/* One block of a GROUPED step, group by group: the bits are those of a convolution that has
 * this group alone, so that they do not depend on what lies beside it. */
static void run_groups(const struct nnc_run *run, const struct nnc_plan_step *s,
                       const struct nnc_conv_args *args, uint32_t block)
{
    static const uint32_t zero;
    struct nnc_conv_args one = *args;
    float *const x = run->scratch, *const y = x + s->group_x_floats;
    float *const out = args->y + block * args->ys.block;
    const float *packed = args->packed[block];
    const uint32_t last_row = (block + 1) * NNC_BLOCK - 1;
    const uint32_t last = (last_row < args->out_channels ? last_row : args->out_channels - 1) /
                          s->group_outs;
    if (one.epilogue.residual)
        one.epilogue.residual += block * args->ys.block;
    one.active = &zero;
    one.n_active = 1;
    one.packed = &packed;
    one.scratch = y + s->group_y_floats;
    one.y = s->group_y_floats ? y : out;
    for (uint32_t g = block * NNC_BLOCK / s->group_outs; g <= last;
         g++, packed += nnc_conv_packed_floats(args->in_channels, args->kernel)) {
        if (!s->group_needed[g])
            continue;
        one.x = inputs_of_group(s, args->x, g, x);
        s->kernels->conv(&one, 0, s->kernels->conv_items(&one));
        if (s->group_y_floats)
            copy_lanes(s, block, g, y, out);
    }
}

static void run_conv(const struct nnc_run *run, const struct nnc_plan_step *s, uint32_t first,
                     uint32_t last)
{
    struct nnc_conv_args args = s->conv;
    args.x = at(run, &s->in[0]);
    args.y = at(run, &s->out);
    args.packed = s->stack ? s->stack->packed : s->packed;
    args.scratch = run->scratch;
    fill_epilogue(run, s, &args.epilogue);
    if (s->step->kind == NNC_STEP_CONV) {
        if (s->narrow)
            s->narrow->conv(&args, first, last);
        else
            s->kernels->conv(&args, first, last);
        return;
    }
    if (s->step->kind == NNC_STEP_DEPTHWISE) {
        s->kernels->depthwise(&args, first, last);
        return;
    }
    for (uint32_t item = first; item < last; item++)
        run_groups(run, s, &args, s->active[item]);
}

static void run_narrow(const struct nnc_run *run, const struct nnc_plan_step *s,
                       uint32_t block)
{
    const struct nnc_narrow_kernels *const kernels = run->plan->program->narrow;
    const struct nnc_strides *const xs = &s->conv.xs;
    const uint32_t left = s->out_edge->channels - block * NNC_BLOCK;
    const size_t words = nnc_narrow_words(kernels->precision, NNC_BLOCK);
    const struct nnc_narrow_args args = {
        .x = at(run, &s->in[0]) + block * xs->block,
        .lane = xs->lane,
        .pixel = xs->pixel,
        .lanes = left < NNC_BLOCK ? left : NNC_BLOCK,
        .pixels = s->out_edge->pixels,
        .scale = s->step->scale,
        .zero = s->step->zero,
        .y = at(run, &s->out) + block * words * s->out_edge->pixels,
    };
    kernels->narrow(&args);
}

static void run_activate(const struct nnc_run *run, const struct nnc_plan_step *s,
                         uint32_t first, uint32_t last)
{
    const float *const x = at(run, &s->in[0]);
    float *const y = at(run, &s->out);
    const size_t block = NNC_BLOCK * s->out_edge->pixels;
    if (s->out_edge->blocked)
        for (uint32_t i = first; i < last; i++)
            s->kernels->activate(&s->step->activation, x + s->active[i] * block,
                                 y + s->active[i] * block, block);
    else
        for (uint32_t i = 0; i < s->n_spans; i++)
            s->kernels->activate(&s->step->activation, x + s->spans[i].first,
                                 y + s->spans[i].first, s->spans[i].count);
}

/* One block of a blocked result: operands are blocked alike, or have a number per channel,
 * or one number. */
static void binary_block(const struct nnc_plan_step *s, const float *const x[2], uint32_t block,
                         float *y)
{
    const size_t pixels = s->out_edge->pixels;
    const float *from[2];
    bool whole[2];
    size_t step[2];
    for (int i = 0; i < 2; i++) {
        const bool one = nnc_shape_elements(&s->in_edge[i]->shape) == 1;
        whole[i] = s->in_edge[i]->blocked;
        step[i] = !one;
        from[i] = x[i] + (whole[i] ? block * pixels * NNC_BLOCK : one ? 0 : block * NNC_BLOCK);
    }
    y += block * pixels * NNC_BLOCK;
    for (int i = 0; i < 2; i++)
        if (!whole[i] && step[i]) { /* a number per channel */
            s->kernels->binary_channels(s->node->binary, i == 0, from[1 - i], from[i], y,
                                        pixels);
            return;
        }
    s->kernels->binary(s->node->binary, from[0], step[0], from[1], step[1], y,
                       pixels * NNC_BLOCK);
}

/* Floats from one index to the next along each axis of `out`; 0 where `x` is broadcast. */
static void broadcast_strides(const struct nnc_shape *x, const struct nnc_shape *out,
                              size_t strides[NNC_MAX_RANK])
{
    size_t stride = 1;
    for (uint32_t i = 0; i < out->rank; i++) {
        const uint32_t axis = out->rank - 1 - i;
        const uint32_t dim = i < x->rank ? x->dim[x->rank - 1 - i] : 1;
        strides[axis] = dim == 1 ? 0 : stride;
        stride *= dim;
    }
}

static void binary_broadcast(const struct nnc_plan_step *s, const float *const x[2], float *y)
{
    const struct nnc_shape *const out = &s->out_edge->shape;
    if (out->rank == 0) {
        s->kernels->binary(s->node->binary, x[0], 0, x[1], 0, y, 1);
        return;
    }
    size_t strides[2][NNC_MAX_RANK];
    for (int i = 0; i < 2; i++)
        broadcast_strides(&s->in_edge[i]->shape, out, strides[i]);
    const uint32_t inner = out->dim[out->rank - 1];
    const size_t rows = nnc_shape_elements(out) / inner;
    uint32_t index[NNC_MAX_RANK] = {0};
    for (size_t row = 0; row < rows; row++) {
        size_t offset[2] = {0, 0};
        for (uint32_t k = 0; k + 1 < out->rank; k++)
            for (int i = 0; i < 2; i++)
                offset[i] += index[k] * strides[i][k];
        s->kernels->binary(s->node->binary, x[0] + offset[0], strides[0][out->rank - 1] != 0,
                           x[1] + offset[1], strides[1][out->rank - 1] != 0, y + row * inner,
                           inner);
        for (uint32_t k = out->rank - 1; k-- > 0;) {
            if (++index[k] < out->dim[k])
                break;
            index[k] = 0;
        }
    }
}

static void run_binary(const struct nnc_run *run, const struct nnc_plan_step *s, uint32_t first,
                       uint32_t last)
{
    const float *const x[2] = {at(run, &s->in[0]), at(run, &s->in[1])};
    float *const y = at(run, &s->out);
    if (!s->out_edge->blocked) {
        binary_broadcast(s, x, y);
        return;
    }
    for (uint32_t i = first; i < last; i++)
        binary_block(s, x, s->active[i], y);
}

static void run_on_block(const struct nnc_run *run, const struct nnc_plan_step *s,
                         uint32_t block)
{
    const struct nnc_edge *const in = s->in_edge[0], *const out = s->out_edge;
    const float *const x = at(run, &s->in[0]) + block * in->pixels * NNC_BLOCK;
    float *const y = at(run, &s->out) + block * out->pixels * NNC_BLOCK;
    if (s->step->kind == NNC_STEP_AFFINE)
        s->kernels->affine(x, s->packed[block], s->packed[block] + NNC_BLOCK, y, in->pixels);
    else if (s->step->kind == NNC_STEP_AVERAGE)
        s->kernels->average(x, in->pixels, y);
    else {
        struct nnc_pool_args args = s->pool;
        args.x = x;
        args.y = y;
        s->kernels->pool(&args);
    }
}

static void run_reorder(const struct nnc_run *run, const struct nnc_plan_step *s,
                        uint32_t first, uint32_t last)
{
    const float *const x = at(run, &s->in[0]);
    float *const y = at(run, &s->out);
    const size_t pixels = s->out_edge->pixels;
    const bool to_blocked = s->out_edge->blocked;
    for (uint32_t i = first; i < last; i++)
        for (uint32_t lane = 0; lane < NNC_BLOCK; lane++) {
            const size_t c = (size_t)s->active[i] * NNC_BLOCK + lane;
            if (c >= s->out_edge->channels)
                break;
            const size_t plain = c * pixels;
            const size_t blocked = s->active[i] * pixels * NNC_BLOCK + lane;
            for (size_t p = 0; p < pixels; p++)
                if (to_blocked)
                    y[blocked + p * NNC_BLOCK] = x[plain + p];
                else
                    y[plain + p] = x[blocked + p * NNC_BLOCK];
        }
}

static void run_concat(const struct nnc_run *run, const struct nnc_plan_step *s)
{
    float *const y = at(run, &s->out);
    const struct nnc_shape *const out = &s->out_edge->shape;
    size_t inner = 1, outer = 1;
    for (uint32_t i = s->node->axis + 1; i < out->rank; i++)
        inner *= out->dim[i];
    for (uint32_t i = 0; i < s->node->axis; i++)
        outer *= out->dim[i];
    const size_t row = out->dim[s->node->axis] * inner;
    size_t before = 0;
    for (uint32_t k = 0; k < s->step->n_in; k++) {
        const struct nnc_edge *const in = s->in_edge[k];
        if (s->out_edge->blocked) {
            if (s->in_needed[k])
                memcpy(y + before, at(run, &s->in[k]), in->floats * sizeof *y);
            before += in->floats;
            continue;
        }
        const size_t part = in->shape.dim[s->node->axis] * inner;
        for (size_t i = 0; i < outer && s->in_needed[k]; i++)
            memcpy(y + i * row + before, at(run, &s->in[k]) + i * part, part * sizeof *y);
        before += part;
    }
}

static void run_pick(const struct nnc_run *run, const struct nnc_plan_step *s)
{
    const float *const x = at(run, &s->in[0]);
    float *const y = at(run, &s->out);
    const struct nnc_pick *const pick = &s->pick;
    uint32_t index[NNC_MAX_RANK] = {0};
    const uint64_t n = nnc_shape_elements(&s->out_edge->shape);
    for (uint64_t i = 0; i < n; i++) {
        int64_t from = 0;
        for (uint32_t k = 0; k < pick->rank; k++) {
            const int64_t part = pick->table[k][index[k]];
            if (part < 0) {
                from = -1;
                break;
            }
            from += part;
        }
        y[i] = from < 0 ? pick->fill : x[from];
        for (uint32_t k = pick->rank; k-- > 0;) {
            if (++index[k] < pick->dim[k])
                break;
            index[k] = 0;
        }
    }
}

static void run_softmax(const struct nnc_run *run, const struct nnc_plan_step *s)
{
    const float *const x = at(run, &s->in[0]);
    float *const y = at(run, &s->out);
    const struct nnc_shape *const shape = &s->out_edge->shape;
    const size_t n = shape->rank ? shape->dim[s->node->axis] : 1;
    size_t inner = 1;
    for (uint32_t i = s->node->axis + 1; i < shape->rank; i++)
        inner *= shape->dim[i];
    const size_t total = nnc_shape_elements(shape);
    for (size_t start = 0; start < total; start += n * inner)
        for (size_t k = start; k < start + inner; k++) {
            float largest = x[k], sum = 0;
            for (size_t i = 1; i < n; i++)
                largest = x[k + i * inner] > largest ? x[k + i * inner] : largest;
            for (size_t i = 0; i < n; i++)
                sum += y[k + i * inner] = expf(x[k + i * inner] - largest);
            for (size_t i = 0; i < n; i++)
                y[k + i * inner] /= sum;
        }
}

static void run_matmul(const struct nnc_run *run, const struct nnc_plan_step *s)
{
    const struct nnc_shape *const a = &s->in_edge[0]->shape, *const b = &s->in_edge[1]->shape;
    const struct nnc_shape *const out = &s->out_edge->shape;
    const size_t rows = a->rank > 1 ? a->dim[a->rank - 2] : 1, inner = a->dim[a->rank - 1];
    const size_t columns = b->rank > 1 ? b->dim[b->rank - 1] : 1;
    /* Vectors lose their axis in the output: what is left of it are the batches. */
    struct nnc_shape batch = *out, batch_a = *a, batch_b = *b;
    batch.rank -= (a->rank > 1) + (b->rank > 1);
    batch_a.rank = a->rank > 2 ? a->rank - 2 : 0;
    batch_b.rank = b->rank > 2 ? b->rank - 2 : 0;
    size_t strides[2][NNC_MAX_RANK];
    broadcast_strides(&batch_a, &batch, strides[0]);
    broadcast_strides(&batch_b, &batch, strides[1]);
    float *y = at(run, &s->out);
    uint32_t index[NNC_MAX_RANK] = {0};
    const size_t n = nnc_shape_elements(&batch);
    for (size_t i = 0; i < n; i++) {
        const float *x0 = at(run, &s->in[0]), *x1 = at(run, &s->in[1]);
        for (uint32_t k = 0; k < batch.rank; k++) {
            x0 += index[k] * strides[0][k] * rows * inner;
            x1 += index[k] * strides[1][k] * inner * columns;
        }
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++) {
                double sum = 0;
                for (size_t k = 0; k < inner; k++)
                    sum += (double)x0[r * inner + k] * x1[k * columns + c];
                *y++ = (float)sum;
            }
        for (uint32_t k = batch.rank; k-- > 0;) {
            if (++index[k] < batch.dim[k])
                break;
            index[k] = 0;
        }
    }
}

void nnc_plan_step_run(const struct nnc_run *run, const struct nnc_plan_step *s, uint32_t first,
                       uint32_t last)
{
    switch (s->step->kind) {
    case NNC_STEP_CONV:
    case NNC_STEP_GROUPED:
    case NNC_STEP_DEPTHWISE:
        run_conv(run, s, first, last);
        break;
    case NNC_STEP_ACTIVATE:
        run_activate(run, s, first, last);
        break;
    case NNC_STEP_BINARY:
        run_binary(run, s, first, last);
        break;
    case NNC_STEP_AFFINE:
    case NNC_STEP_POOL:
    case NNC_STEP_AVERAGE:
        for (uint32_t i = first; i < last; i++)
            run_on_block(run, s, s->active[i]);
        break;
    case NNC_STEP_REORDER:
        run_reorder(run, s, first, last);
        break;
    case NNC_STEP_NARROW:
        for (uint32_t i = first; i < last; i++)
            run_narrow(run, s, s->active[i]);
        break;
    case NNC_STEP_CONCAT:
        run_concat(run, s);
        break;
    case NNC_STEP_PICK:
        run_pick(run, s);
        break;
    case NNC_STEP_SOFTMAX:
        run_softmax(run, s);
        break;
    case NNC_STEP_MATMUL:
        run_matmul(run, s);
        break;
    }
}
