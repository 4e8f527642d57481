/* SPDX-License-Identifier: MIT */
/* One function per operator of the graph, which writes it as ONNX with the channels that are
 * left.
 *
 * Where a channel of the result comes from the same channel of an operand, the operand has
 * just the channels of the result. Where it needs the whole operand, the operator is written
 * as it was, and the needed channels are taken from its result.
 *
 * Two barriers keep the planner from computing the expert in another way than the full
 * network. A batch normalisation is folded into a convolution that nobody else reads; where
 * the others were cut away, an Identity says that it was not. And a product by a constant
 * becomes a Gemm, other than the one that a Gemm with a computed bias is made of. */

#include "cut.h"

#include <math.h>

enum { AXES = NNC_MAX_RANK };

/* What most operators need to know. */
struct writing {
    struct nnc_cut *cut;
    const struct nnc_node *node;
    const struct nnc_shape *x, *out; /* of the source; x is input 0 */
    uint32_t axis;                   /* of the result's channels */
    struct nnc_channels needed;      /* of the result */
};

static const struct nnc_shape *shape_of(const struct nnc_cut *cut, uint32_t value)
{
    return &cut->graph->values[value].shape;
}

static const char *whole(struct nnc_cut *cut, uint32_t value)
{
    return nnc_cut_pick(cut, value, cut->need->axis[value], nnc_cut_needed(cut, value));
}

/* Input i with the result's channels, or whole, as the operator works. */
static const char *operand(const struct writing *w, uint32_t i, bool by_channel)
{
    const uint32_t value = w->node->inputs[i];
    return by_channel ? nnc_cut_pick(w->cut, value, w->cut->need->axis[value], w->needed)
                      : whole(w->cut, value);
}

static const char *result_name(const struct writing *w)
{
    return w->cut->name[w->node->output];
}

/* The name that an operator on whole operands gives its result. */
static const char *begin_whole(const struct writing *w)
{
    const bool all = w->needed.n == w->cut->need->channels[w->node->output];
    return all ? result_name(w) : nnc_cut_make_up(w->cut, result_name(w));
}

/* Takes the needed channels out of it. */
static void end_whole(const struct writing *w, const char *name)
{
    if (name != result_name(w))
        nnc_cut_select(w->cut, name, w->axis, w->needed.at, w->needed.n, result_name(w));
}

static void begin(const struct writing *w, const char *op, const char *const *inputs,
                  uint32_t n, const char *output)
{
    nnc_cut_begin(w->cut, w->node, op, inputs, n, output);
}

static void end(const struct writing *w)
{
    nnc_onnx_end_node(&w->cut->writer);
}

static void put_pair(const struct writing *w, const char *attribute, const uint32_t pair[2])
{
    const int64_t values[2] = {pair[0], pair[1]};
    nnc_onnx_put_ints(&w->cut->writer, attribute, values, 2);
}

/* One input, and attributes that `put` writes (NULL = none). */
static void write_unary(const struct writing *w, const char *op,
                        void (*put)(const struct writing *w))
{
    const bool by_channel = nnc_demand_by_channel(w->cut->need, w->node, 0);
    const char *const x = operand(w, 0, by_channel);
    const char *const name = by_channel ? result_name(w) : begin_whole(w);
    begin(w, op, &x, 1, name);
    if (put)
        put(w);
    end(w);
    end_whole(w, name);
}

/* Conv, BatchNormalization ------------------------------------------------------------- */

static void put_window(const struct writing *w, const uint32_t kernel[2],
                       const uint32_t stride[2], const uint32_t dilation[2],
                       const uint32_t begins[2], const uint32_t ends[2])
{
    const int64_t pads[4] = {begins[0], begins[1], ends[0], ends[1]};
    put_pair(w, "kernel_shape", kernel);
    put_pair(w, "strides", stride);
    nnc_onnx_put_ints(&w->cut->writer, "pads", pads, 4);
    if (dilation[0] != 1 || dilation[1] != 1)
        put_pair(w, "dilations", dilation);
}

static void write_normalisation(struct nnc_cut *cut, const struct nnc_node *node,
                                const char *x, struct nnc_channels channels,
                                const char *name)
{
    const char *inputs[5] = {x};
    for (uint32_t i = 1; i < 5; i++)
        inputs[i] = nnc_cut_rows(cut, node->inputs[i], 0, channels);
    nnc_cut_begin(cut, node, "BatchNormalization", inputs, 5, name);
    nnc_onnx_put_float(&cut->writer, "epsilon", node->epsilon);
    nnc_onnx_end_node(&cut->writer);
}

static bool is_convolution(const struct nnc_cut *cut, uint32_t value)
{
    const struct nnc_value *const v = &cut->graph->values[value];
    return v->kind == NNC_VALUE_NODE && cut->graph->nodes[v->source].op == NNC_OP_CONV;
}

static void write_batch_norm(const struct writing *w)
{
    struct nnc_cut *const cut = w->cut;
    const char *x = nnc_cut_pick(cut, w->node->inputs[0], w->axis, w->needed);
    if (is_convolution(cut, w->node->inputs[0]) && cut->uses[w->node->inputs[0]] > 1) {
        const char *const barrier = nnc_cut_make_up(cut, x);
        nnc_onnx_begin_node(&cut->writer, "Identity", barrier, &x, 1, barrier);
        nnc_onnx_end_node(&cut->writer);
        x = barrier;
    }
    write_normalisation(cut, w->node, x, w->needed, result_name(w));
}

/* Neighbouring groups of which equally many outputs are needed: a convolution. */
struct part {
    uint32_t first, end; /* in the list of needed outputs */
    uint32_t groups;
};

static struct part next_part(const struct writing *w, uint32_t first)
{
    const uint32_t per_group = w->out->dim[1] / w->node->conv.groups;
    struct part part = {first, first, 0};
    for (uint32_t size = 0; part.end < w->needed.n; part.groups++) {
        uint32_t n = 0;
        const uint32_t group = w->needed.at[part.end] / per_group;
        while (part.end + n < w->needed.n && w->needed.at[part.end + n] / per_group == group)
            n++;
        if (size && n != size)
            break;
        size = n;
        part.end += n;
    }
    return part;
}

/* The input channels of the groups of some outputs. */
static struct nnc_channels convolved(const struct writing *w, struct nnc_channels outs)
{
    const uint32_t groups = w->node->conv.groups;
    const uint32_t per_group = w->out->dim[1] / groups, ins = w->x->dim[1] / groups;
    struct nnc_channels channels = {0};
    uint32_t *const at = nnc_cut_alloc(w->cut, w->x->dim[1], sizeof *at);
    for (uint32_t i = 0; at && i < outs.n; i++) {
        const uint32_t group = outs.at[i] / per_group;
        for (uint32_t c = group * ins; c < (group + 1) * ins; c++)
            if (!channels.n || at[channels.n - 1] < c)
                at[channels.n++] = c;
    }
    channels.at = at;
    return channels;
}

static void write_part(const struct writing *w, const struct part *part, const char *name)
{
    const struct nnc_conv *const c = &w->node->conv;
    const uint32_t *const in = w->node->inputs;
    const struct nnc_channels outs = {part->end - part->first, w->needed.at + part->first};
    const char *const inputs[3] = {
        nnc_cut_pick(w->cut, in[0], 1, convolved(w, outs)),
        nnc_cut_rows(w->cut, in[1], 0, outs),
        in[2] == NNC_NONE ? NULL : nnc_cut_rows(w->cut, in[2], 0, outs)};
    begin(w, "Conv", inputs, in[2] == NNC_NONE ? 2 : 3, name);
    nnc_onnx_put_int(&w->cut->writer, "group", part->groups);
    put_window(w, c->kernel, c->stride, c->dilation, c->pad_begin, c->pad_end);
    end(w);
}

/* The batch normalisation that the planner folds into this convolution, or NULL. */
static const struct nnc_node *folded(const struct writing *w)
{
    const struct nnc_graph *const g = w->cut->graph;
    const uint32_t value = w->node->output;
    if (w->cut->uses[value] != 1)
        return NULL;
    for (const struct nnc_node *n = w->node + 1; n < g->nodes + g->n_nodes; n++)
        if (n->op == NNC_OP_BATCH_NORM && n->inputs[0] == value)
            return n;
    return NULL;
}

/* Groups of which differently many outputs are needed: several convolutions, each with the
 * normalisation that is folded into it, side by side. */
static void write_parts(const struct writing *w)
{
    const struct nnc_node *const norm = folded(w);
    const char **const names = nnc_cut_alloc(w->cut, w->needed.n, sizeof *names);
    uint32_t n = 0;
    struct part part;
    for (uint32_t at = 0; names && at < w->needed.n; at = part.end) {
        part = next_part(w, at);
        const struct nnc_channels outs = {part.end - part.first, w->needed.at + part.first};
        const char *const name = nnc_cut_make_up(w->cut, result_name(w));
        write_part(w, &part, name);
        names[n++] = norm ? nnc_cut_make_up(w->cut, name) : name;
        if (norm)
            write_normalisation(w->cut, norm, name, outs, names[n - 1]);
    }
    const uint32_t result = norm ? norm->output : w->node->output;
    if (norm) {
        w->cut->done[norm - w->cut->graph->nodes] = true;
        w->cut->varies[norm->output] = w->cut->read_varying;
        w->cut->name[w->node->output] = NULL; /* it is nowhere as a whole */
    }
    if (!names)
        return;
    begin(w, "Concat", names, n, w->cut->name[result]);
    nnc_onnx_put_int(&w->cut->writer, "axis", 1);
    end(w);
}

static void write_conv(const struct writing *w)
{
    const struct part part = next_part(w, 0);
    if (part.end == w->needed.n)
        write_part(w, &part, result_name(w));
    else
        write_parts(w);
}

/* Gemm, MatMul ------------------------------------------------------------------------- */

static void write_gemm(const struct writing *w)
{
    const struct nnc_gemm *const gemm = &w->node->gemm;
    const uint32_t *const in = w->node->inputs;
    const char *inputs[3] = {
        whole(w->cut, in[0]),
        nnc_cut_rows(w->cut, in[1], gemm->transpose_b ? 0 : 1, w->needed)};
    if (in[2] != NNC_NONE) { /* one number, or one for each column */
        const struct nnc_shape *const bias = shape_of(w->cut, in[2]);
        inputs[2] = nnc_shape_elements(bias) == 1
                        ? nnc_cut_value(w->cut, in[2])
                        : nnc_cut_rows(w->cut, in[2], bias->rank - 1, w->needed);
    }
    begin(w, "Gemm", inputs, inputs[2] ? 3 : 2, result_name(w));
    nnc_onnx_put_float(&w->cut->writer, "alpha", gemm->alpha);
    nnc_onnx_put_float(&w->cut->writer, "beta", gemm->beta);
    nnc_onnx_put_int(&w->cut->writer, "transA", gemm->transpose_a);
    nnc_onnx_put_int(&w->cut->writer, "transB", gemm->transpose_b);
    end(w);
}

/* A constant matrix, perhaps transposed, as the reader recognises it. */
static bool is_constant_matrix(const struct nnc_cut *cut, uint32_t value)
{
    const struct nnc_value *const v = &cut->graph->values[value];
    if (v->shape.rank != 2)
        return false;
    if (v->kind != NNC_VALUE_NODE || cut->graph->nodes[v->source].op != NNC_OP_TRANSPOSE)
        return v->kind == NNC_VALUE_TENSOR;
    const uint32_t x = cut->graph->nodes[v->source].inputs[0];
    return cut->graph->values[x].kind == NNC_VALUE_TENSOR;
}

static void write_matmul(const struct writing *w)
{
    const uint32_t b = w->node->inputs[1];
    const char *const name = begin_whole(w);
    const char *inputs[2] = {whole(w->cut, w->node->inputs[0]), whole(w->cut, b)};
    if (w->x->rank == 2 && is_constant_matrix(w->cut, b)) {
        const uint32_t rows = shape_of(w->cut, b)->dim[0];
        uint32_t *const at = nnc_cut_alloc(w->cut, rows, sizeof *at);
        for (uint32_t i = 0; at && i < rows; i++)
            at[i] = i;
        const char *const barrier = nnc_cut_make_up(w->cut, inputs[1]);
        if (at)
            nnc_cut_select(w->cut, inputs[1], 0, at, rows, barrier);
        inputs[1] = barrier;
    }
    begin(w, "MatMul", inputs, 2, name);
    end(w);
    end_whole(w, name);
}

/* Element by element ------------------------------------------------------------------- */

static const char *scalar(const struct writing *w, float value)
{
    const char *const name = nnc_cut_make_up(w->cut, "number");
    nnc_onnx_begin_floats(&w->cut->writer, name, (struct nnc_onnx_dims){0});
    nnc_onnx_put_values(&w->cut->writer, &value, 1);
    nnc_onnx_end_floats(&w->cut->writer);
    return name;
}

static void write_clip(const struct writing *w)
{
    const float low = w->node->activation.alpha, high = w->node->activation.beta;
    const bool by_channel = nnc_demand_by_channel(w->cut->need, w->node, 0);
    const char *const name = by_channel ? result_name(w) : begin_whole(w);
    const char *const inputs[3] = {operand(w, 0, by_channel),
                                   isinf(low) && low < 0 ? NULL : scalar(w, low),
                                   isinf(high) && high > 0 ? NULL : scalar(w, high)};
    begin(w, "Clip", inputs, inputs[2] ? 3 : inputs[1] ? 2 : 1, name);
    end(w);
    end_whole(w, name);
}

static void put_slope(const struct writing *w)
{
    nnc_onnx_put_float(&w->cut->writer, "alpha", w->node->activation.alpha);
}

static void put_line(const struct writing *w)
{
    put_slope(w);
    nnc_onnx_put_float(&w->cut->writer, "beta", w->node->activation.beta);
}

static void write_activation(const struct writing *w)
{
    const struct nnc_activation *const a = &w->node->activation;
    const bool relu = a->alpha == 0 && !signbit(a->alpha) && isinf(a->beta) && a->beta > 0;
    switch (a->kind) {
    case NNC_ACT_NONE:
        write_unary(w, "Identity", NULL);
        return;
    case NNC_ACT_CLIP:
        if (relu)
            write_unary(w, "Relu", NULL);
        else
            write_clip(w);
        return;
    case NNC_ACT_LEAKY_RELU:
        write_unary(w, "LeakyRelu", put_slope);
        return;
    case NNC_ACT_SIGMOID:
        write_unary(w, "Sigmoid", NULL);
        return;
    case NNC_ACT_HARD_SIGMOID:
        write_unary(w, "HardSigmoid", put_line);
        return;
    case NNC_ACT_HARD_SWISH:
        write_unary(w, "HardSwish", NULL);
        return;
    }
}

/* An operand fits the result's channels if it has them at the same place from the right. */
static const char *broadcast(const struct writing *w, uint32_t value)
{
    const struct nnc_shape *const v = shape_of(w->cut, value);
    const uint32_t drop = w->out->rank - v->rank;
    if (!w->out->rank || w->axis < drop || v->dim[w->axis - drop] == 1)
        return whole(w->cut, value);
    return nnc_cut_pick(w->cut, value, w->axis - drop, w->needed);
}

static void write_binary(const struct writing *w)
{
    static const char *const ops[] = {
        [NNC_ADD] = "Add", [NNC_SUB] = "Sub", [NNC_MUL] = "Mul", [NNC_DIV] = "Div"};
    const char *const inputs[2] = {broadcast(w, w->node->inputs[0]),
                                   broadcast(w, w->node->inputs[1])};
    begin(w, ops[w->node->binary], inputs, 2, result_name(w));
    end(w);
}

static void put_axis(const struct writing *w)
{
    nnc_onnx_put_int(&w->cut->writer, "axis", w->node->axis);
}

/* Pools -------------------------------------------------------------------------------- */

static bool rounds_up(const struct writing *w)
{
    const struct nnc_pool_params *const p = &w->node->pool;
    for (int i = 0; i < 2; i++) {
        const uint64_t covered = (uint64_t)(p->kernel[i] - 1) * p->dilation[i] + 1;
        const uint64_t padded = (uint64_t)w->x->dim[2 + i] + p->pad_begin[i] + p->pad_end[i];
        if ((padded - covered) / p->stride[i] + 1 != w->out->dim[2 + i])
            return true;
    }
    return false;
}

static void put_pool(const struct writing *w)
{
    const struct nnc_pool_params *const p = &w->node->pool;
    put_window(w, p->kernel, p->stride, p->dilation, p->pad_begin, p->pad_end);
    if (rounds_up(w))
        nnc_onnx_put_int(&w->cut->writer, "ceil_mode", 1);
    if (p->average && p->count_include_pad)
        nnc_onnx_put_int(&w->cut->writer, "count_include_pad", 1);
}

/* Over rows and columns, which leave or stay as ones; axes are an input since opset 18. */
static void write_global_average(const struct writing *w)
{
    static const int64_t axes[2] = {2, 3};
    if (w->out->rank == 4) {
        write_unary(w, "GlobalAveragePool", NULL);
        return;
    }
    const bool listed = w->cut->graph->opset >= 18;
    const bool by_channel = nnc_demand_by_channel(w->cut->need, w->node, 0);
    const char *const name = by_channel ? result_name(w) : begin_whole(w);
    const char *const inputs[2] = {operand(w, 0, by_channel),
                                   listed ? nnc_cut_list(w->cut, "axes", axes, 2) : NULL};
    begin(w, "ReduceMean", inputs, listed ? 2 : 1, name);
    if (!listed)
        nnc_onnx_put_ints(&w->cut->writer, "axes", axes, 2);
    nnc_onnx_put_int(&w->cut->writer, "keepdims", 0);
    end(w);
    end_whole(w, name);
}

/* Elements to other places ------------------------------------------------------------- */

static void write_concat(const struct writing *w)
{
    const bool along = w->node->axis == w->axis;
    const char **const inputs = nnc_cut_alloc(w->cut, w->node->n_inputs, sizeof *inputs);
    uint32_t n = 0, before = 0, k = 0;
    for (uint32_t i = 0; inputs && i < w->node->n_inputs; i++) {
        const uint32_t value = w->node->inputs[i], size = shape_of(w->cut, value)->dim[w->axis];
        struct nnc_channels part = w->needed;
        if (along) { /* those of the needed channels that lie in this input */
            uint32_t *const at = nnc_cut_alloc(w->cut, size, sizeof *at);
            for (part.n = 0; at && k < w->needed.n && w->needed.at[k] < before + size; k++)
                at[part.n++] = w->needed.at[k] - before;
            part.at = at;
            before += size;
        }
        if (part.n)
            inputs[n++] = nnc_cut_pick(w->cut, value, w->axis, part);
    }
    if (!inputs)
        return;
    begin(w, "Concat", inputs, n, result_name(w));
    put_axis(w);
    end(w);
}

static void write_reshape_to(const struct writing *w, const char *x,
                             const struct nnc_shape *shape, const char *name)
{
    int64_t dims[AXES];
    for (uint32_t i = 0; i < shape->rank; i++)
        dims[i] = shape->dim[i];
    const char *const inputs[2] = {x, nnc_cut_list(w->cut, "shape", dims, shape->rank)};
    begin(w, "Reshape", inputs, 2, name);
    end(w);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    return b ? common_divisor(b, a % b) : a;
}

/* The input's channels in which the needed ones of the result lie. */
static struct nnc_channels touched(const struct writing *w, uint64_t mine, uint64_t theirs)
{
    struct nnc_channels channels = {0};
    const uint32_t most = w->cut->need->channels[w->node->inputs[0]];
    uint32_t *const at = nnc_cut_alloc(w->cut, most, sizeof *at);
    for (uint32_t i = 0; at && i < w->needed.n; i++) {
        const uint64_t last = ((uint64_t)(w->needed.at[i] + 1) * mine - 1) / theirs;
        for (uint64_t c = w->needed.at[i] * mine / theirs; c <= last; c++)
            if (!channels.n || at[channels.n - 1] < c)
                at[channels.n++] = (uint32_t)c;
    }
    channels.at = at;
    return channels;
}

/* Channels of one size from some of another size: they are taken apart into units that both
 * sizes are multiples of, and the needed units picked. */
static void write_regrouped(const struct writing *w, uint64_t mine, uint64_t theirs)
{
    struct nnc_cut *const cut = w->cut;
    const struct nnc_channels from = touched(w, mine, theirs);
    const char *x = nnc_cut_pick(cut, w->node->inputs[0],
                                 cut->need->axis[w->node->inputs[0]], from);
    const struct nnc_shape result = nnc_cut_shape(cut, w->node->output);
    if (from.n * theirs != w->needed.n * mine) {
        const uint64_t unit = common_divisor(mine, theirs), units = w->needed.n * (mine / unit);
        const struct nnc_shape apart = {
            3, {1, (uint32_t)(from.n * theirs / unit), (uint32_t)unit}};
        uint32_t *const at = nnc_cut_alloc(cut, units, sizeof *at);
        uint64_t k = 0, there = 0;
        for (uint32_t i = 0; at && i < w->needed.n; i++)
            for (uint64_t u = 0; u < mine / unit; u++) {
                const uint64_t element = w->needed.at[i] * mine + u * unit;
                while (from.at[there] < element / theirs)
                    there++;
                at[k++] = (uint32_t)((there * theirs + element % theirs) / unit);
            }
        const char *const split = nnc_cut_make_up(cut, result_name(w));
        const char *const picked = nnc_cut_make_up(cut, result_name(w));
        bool *const named = &cut->named[w->node - cut->graph->nodes], keep = *named;
        *named = false; /* the name is for the last one */
        write_reshape_to(w, x, &apart, split);
        if (at)
            nnc_cut_select(cut, split, 1, at, (uint32_t)units, picked);
        *named = keep;
        x = picked;
    }
    write_reshape_to(w, x, &result, result_name(w));
}

static void write_reshape(const struct writing *w)
{
    uint64_t mine, theirs;
    if (nnc_demand_regroups(w->cut->need, w->node, &mine, &theirs)) {
        write_regrouped(w, mine, theirs);
        return;
    }
    const char *const name = begin_whole(w);
    write_reshape_to(w, whole(w->cut, w->node->inputs[0]), w->out, name);
    end_whole(w, name);
}

static void put_perm(const struct writing *w)
{
    int64_t perm[AXES];
    for (uint32_t i = 0; i < w->x->rank; i++)
        perm[i] = w->node->perm[i];
    nnc_onnx_put_ints(&w->cut->writer, "perm", perm, w->x->rank);
}

/* The input of a Slice or Gather along its channels, and where in it the needed ones are. */
static const char *picked(const struct writing *w, uint32_t *at)
{
    for (uint32_t i = 0; at && i < w->needed.n; i++)
        at[i] = nnc_demand_picked(w->cut->need, w->node, w->needed.at[i]);
    return at ? nnc_cut_places(w->cut, w->node->inputs[0], at, w->needed.n) : "";
}

/* The lists of a Slice: axes that it changes, at least one of them. */
struct ranges {
    int64_t start[AXES], end[AXES], axis[AXES], step[AXES];
    uint32_t n;
};

static void add_range(struct ranges *r, uint32_t axis, uint32_t start, int64_t step, uint32_t n)
{
    const int64_t end = (int64_t)start + step * n;
    r->axis[r->n] = axis;
    r->start[r->n] = start;
    r->end[r->n] = end < 0 ? INT32_MIN : end; /* -1 would be the last element */
    r->step[r->n++] = step;
}

static void write_ranges(const struct writing *w, const struct ranges *r, const char *x,
                         const char *name)
{
    const char *const inputs[5] = {x, nnc_cut_list(w->cut, "starts", r->start, r->n),
                                   nnc_cut_list(w->cut, "ends", r->end, r->n),
                                   nnc_cut_list(w->cut, "axes", r->axis, r->n),
                                   nnc_cut_list(w->cut, "steps", r->step, r->n)};
    begin(w, "Slice", inputs, 5, name);
    end(w);
}

/* Whether the numbers are apart by the same step, 1 for a single one. */
static bool are_even(const uint32_t *at, uint32_t n, int64_t *step)
{
    *step = n > 1 ? (int64_t)at[1] - at[0] : 1;
    for (uint32_t i = 1; i < n; i++)
        if ((int64_t)at[i] - at[i - 1] != *step)
            return false;
    return *step != 0;
}

/* The ranges of all axes but that of the channels (NNC_NONE = of all). */
static struct ranges other_ranges(const struct writing *w, uint32_t channels)
{
    const struct nnc_slice *const s = &w->node->slice;
    struct ranges r = {.n = 0};
    for (uint32_t i = 0; i < w->x->rank; i++)
        if (i != channels && (w->out->dim[i] != w->x->dim[i] || s->start[i]))
            add_range(&r, i, s->start[i], w->out->dim[i] > 1 ? s->step[i] : 1, w->out->dim[i]);
    return r;
}

static void write_slice(const struct writing *w)
{
    int64_t step;
    if (!w->x->rank) { /* of a single number: no axis to name */
        write_unary(w, "Identity", NULL);
        return;
    }
    if (!nnc_demand_picks(w->cut->need, w->node)) {
        const char *const name = begin_whole(w);
        struct ranges all = other_ranges(w, NNC_NONE);
        if (!all.n)
            add_range(&all, 0, 0, 1, w->x->dim[0]);
        write_ranges(w, &all, whole(w->cut, w->node->inputs[0]), name);
        end_whole(w, name);
        return;
    }
    uint32_t *const at = nnc_cut_alloc(w->cut, w->needed.n, sizeof *at);
    const char *const x = picked(w, at);
    struct ranges others = other_ranges(w, w->axis);
    if (!at)
        return;
    if (are_even(at, w->needed.n, &step)) {
        add_range(&others, w->axis, at[0], step, w->needed.n);
        write_ranges(w, &others, x, result_name(w));
        return;
    }
    const char *const gathered =
        others.n ? nnc_cut_make_up(w->cut, result_name(w)) : result_name(w);
    nnc_cut_select(w->cut, x, w->axis, at, w->needed.n, gathered);
    if (others.n)
        write_ranges(w, &others, gathered, result_name(w));
}

/* Indices of the given shape along the node's axis. */
static void write_gather_of(const struct writing *w, const char *x, const uint32_t *at,
                            struct nnc_onnx_dims dims, const char *name)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < dims.rank; i++)
        n *= dims.dim[i];
    int64_t *const indices = nnc_cut_alloc(w->cut, n, sizeof *indices);
    if (!indices || !at)
        return;
    for (uint64_t i = 0; i < n; i++)
        indices[i] = at[i];
    const char *const inputs[2] = {x, nnc_cut_make_up(w->cut, "indices")};
    nnc_onnx_put_integers(&w->cut->writer, inputs[1], dims, indices);
    begin(w, "Gather", inputs, 2, name);
    nnc_onnx_put_int(&w->cut->writer, "axis", w->node->gather.axis);
    end(w);
}

static void write_gather(const struct writing *w)
{
    const struct nnc_gather *const g = &w->node->gather;
    const uint32_t x = w->node->inputs[0];
    const struct nnc_onnx_dims dims = {w->out->rank + 1 - w->x->rank, w->out->dim + g->axis};
    if (nnc_demand_picks(w->cut->need, w->node)) {
        uint32_t *const at = nnc_cut_alloc(w->cut, w->needed.n, sizeof *at);
        const char *const from = picked(w, at);
        write_gather_of(w, from, at, (struct nnc_onnx_dims){1, &w->needed.n}, result_name(w));
        return;
    }
    if (nnc_demand_by_channel(w->cut->need, w->node, 0)) {
        write_gather_of(w, operand(w, 0, true), g->indices, dims, result_name(w));
        return;
    }
    /* The input has what the indices name, if they go along its channels, else all. */
    const bool along = g->axis == w->cut->need->axis[x];
    const char *const name = begin_whole(w);
    uint32_t *const at = nnc_cut_alloc(w->cut, g->n_indices, sizeof *at);
    for (uint32_t i = 0; at && i < g->n_indices; i++)
        at[i] = g->indices[i];
    const char *const from = along && at ? nnc_cut_places(w->cut, x, at, g->n_indices)
                                         : whole(w->cut, x);
    write_gather_of(w, from, at, dims, name);
    end_whole(w, name);
}

static void write_pad(const struct writing *w)
{
    static const char *const modes[] = {
        [NNC_PAD_CONSTANT] = "constant", [NNC_PAD_REFLECT] = "reflect", [NNC_PAD_EDGE] = "edge"};
    const struct nnc_pad *const pad = &w->node->pad;
    const uint32_t rank = w->x->rank;
    const bool by_channel = nnc_demand_by_channel(w->cut->need, w->node, 0);
    int64_t pads[2 * AXES];
    for (uint32_t i = 0; i < rank; i++) {
        pads[i] = pad->begin[i];
        pads[rank + i] = pad->end[i];
    }
    const char *const name = by_channel ? result_name(w) : begin_whole(w);
    const bool valued =
        pad->mode == NNC_PAD_CONSTANT && (pad->value != 0 || signbit(pad->value));
    const char *const inputs[3] = {operand(w, 0, by_channel),
                                   nnc_cut_list(w->cut, "pads", pads, 2 * rank),
                                   valued ? scalar(w, pad->value) : NULL};
    begin(w, "Pad", inputs, valued ? 3 : 2, name);
    nnc_onnx_put_text(&w->cut->writer, "mode", modes[pad->mode]);
    end(w);
    end_whole(w, name);
}

void nnc_cut_write_node(struct nnc_cut *cut, const struct nnc_node *node)
{
    const struct writing w = {.cut = cut,
                              .node = node,
                              .x = shape_of(cut, node->inputs[0]),
                              .out = shape_of(cut, node->output),
                              .axis = cut->need->axis[node->output],
                              .needed = nnc_cut_needed(cut, node->output)};
    if (cut->status)
        return;
    switch (node->op) {
    case NNC_OP_CONV:
        write_conv(&w);
        break;
    case NNC_OP_BATCH_NORM:
        write_batch_norm(&w);
        break;
    case NNC_OP_ACTIVATION:
        write_activation(&w);
        break;
    case NNC_OP_BINARY:
        write_binary(&w);
        break;
    case NNC_OP_POOL:
        write_unary(&w, node->pool.average ? "AveragePool" : "MaxPool", put_pool);
        break;
    case NNC_OP_GLOBAL_AVERAGE:
        write_global_average(&w);
        break;
    case NNC_OP_GEMM:
        write_gemm(&w);
        break;
    case NNC_OP_MATMUL:
        write_matmul(&w);
        break;
    case NNC_OP_CONCAT:
        write_concat(&w);
        break;
    case NNC_OP_RESHAPE:
        write_reshape(&w);
        break;
    case NNC_OP_TRANSPOSE:
        write_unary(&w, "Transpose", put_perm);
        break;
    case NNC_OP_SLICE:
        write_slice(&w);
        break;
    case NNC_OP_GATHER:
        write_gather(&w);
        break;
    case NNC_OP_SOFTMAX:
        write_unary(&w, "Softmax", put_axis);
        break;
    case NNC_OP_PAD:
        write_pad(&w);
        break;
    case NNC_OP_IDENTITY:
        write_unary(&w, "Identity", NULL);
        break;
    }
}
