/* SPDX-License-Identifier: MIT */
/* Conv, BatchNormalization, Gemm and MatMul, which have rows of weights for the channels
 * of their results.
 *
 * Two barriers keep the planner from computing the expert in another way than the full
 * network. A batch normalisation is folded into a convolution that nobody else reads;
 * where the others were cut away, an Identity says that it was not. And a product by a
 * constant would be read as a Gemm, with other sums than those of a Gemm whose bias is
 * computed, which the graph has as a product and a sum; a Slice of all of the constant
 * hides it. */

#include "cut_parts.h"

/* Convolutions ----------------------------------------------------------------------- */

static void write_normalisation(struct nnc_cut *cut, const struct nnc_node *node,
                                const char *x, struct nnc_channels channels,
                                const char *name)
{
    const char *inputs[5] = {x};
    for (uint32_t i = 1; i < 5; i++)
        inputs[i] = nnc_cut_pick(cut, node->inputs[i], 0, channels);
    nnc_cut_begin(cut, node, "BatchNormalization", inputs, 5, name);
    nnc_onnx_put_float(&cut->writer, "epsilon", node->epsilon);
    nnc_onnx_end_node(&cut->writer);
}

static bool is_convolution(const struct nnc_cut *cut, uint32_t value)
{
    const struct nnc_value *const v = nnc_cut_source(cut, value);
    return v->kind == NNC_VALUE_NODE && cut->graph->nodes[v->source].op == NNC_OP_CONV;
}

void nnc_write_batch_norm(const struct nnc_writing *w)
{
    struct nnc_cut *const cut = w->cut;
    const char *x = nnc_cut_pick(cut, w->node->inputs[0], w->axis, w->needed);
    if (is_convolution(cut, w->node->inputs[0]) && cut->uses[w->node->inputs[0]] > 1) {
        const char *const barrier = nnc_cut_make_up(cut, x);
        nnc_cut_begin_helper(cut, "Identity", &x, 1, barrier);
        nnc_onnx_end_node(&cut->writer);
        x = barrier;
    }
    write_normalisation(cut, w->node, x, w->needed, nnc_writing_name(w));
}

/* Neighbouring groups of which equally many outputs are needed: a convolution. */
struct part {
    uint32_t first, end; /* in the list of needed outputs */
    uint32_t groups;
};

static struct part next_part(const struct nnc_writing *w, uint32_t first)
{
    const uint32_t per_group = w->out->dim[1] / w->node->conv.groups;
    struct part part = {first, first, 0};
    for (uint32_t size = 0; part.end < w->needed.n; part.groups++) {
        uint32_t n = 0;
        const uint32_t group = w->needed.at[part.end] / per_group;
        while (part.end + n < w->needed.n &&
               w->needed.at[part.end + n] / per_group == group)
            n++;
        if (size && n != size)
            break;
        size = n;
        part.end += n;
    }
    return part;
}

/* The input channels of the groups of some outputs. */
static struct nnc_channels convolved(const struct nnc_writing *w,
                                     struct nnc_channels outs)
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

static void write_part(const struct nnc_writing *w, const struct part *part,
                       const char *name)
{
    const struct nnc_conv *const c = &w->node->conv;
    const uint32_t *const in = w->node->inputs;
    const struct nnc_channels outs = {part->end - part->first,
                                      w->needed.at + part->first};
    const char *const inputs[3] = {
        nnc_cut_multiplied(w->cut, w->node, nnc_cut_pick(w->cut, in[0], 1, convolved(w, outs))),
        nnc_cut_weights(w->cut, w->node, 0, outs),
        in[2] == NNC_NONE ? NULL : nnc_cut_pick(w->cut, in[2], 0, outs)};
    nnc_cut_begin(w->cut, w->node, "Conv", inputs, in[2] == NNC_NONE ? 2 : 3, name);
    nnc_onnx_put_int(&w->cut->writer, "group", part->groups);
    nnc_writing_put_window(w, c->kernel, c->stride, c->dilation, c->pad_begin,
                           c->pad_end);
    nnc_onnx_end_node(&w->cut->writer);
}

/* The batch normalisation that the planner folds into this convolution, or NULL. */
static const struct nnc_node *folded(const struct nnc_writing *w)
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

/* Groups of which differently many outputs are needed: several convolutions, each with
 * the normalisation that is folded into it, side by side. */
static void write_parts(const struct nnc_writing *w)
{
    const struct nnc_node *const norm = folded(w);
    const char **const names = nnc_cut_alloc(w->cut, w->needed.n, sizeof *names);
    uint32_t n = 0;
    struct part part;
    for (uint32_t at = 0; names && at < w->needed.n; at = part.end) {
        part = next_part(w, at);
        const struct nnc_channels outs = {part.end - part.first,
                                          w->needed.at + part.first};
        const char *const name = nnc_cut_make_up(w->cut, nnc_writing_name(w));
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
    nnc_cut_begin(w->cut, w->node, "Concat", names, n, w->cut->name[result]);
    nnc_onnx_put_int(&w->cut->writer, "axis", 1);
    nnc_onnx_end_node(&w->cut->writer);
}

void nnc_write_conv(const struct nnc_writing *w)
{
    const struct part part = next_part(w, 0);
    if (part.end == w->needed.n)
        write_part(w, &part, nnc_writing_name(w));
    else
        write_parts(w);
}

/* Gemm, MatMul ----------------------------------------------------------------------- */

void nnc_write_gemm(const struct nnc_writing *w)
{
    const struct nnc_gemm *const gemm = &w->node->gemm;
    const uint32_t *const in = w->node->inputs;
    const char *inputs[3] = {
        nnc_cut_multiplied(w->cut, w->node, nnc_writing_whole(w, 0)),
        nnc_cut_weights(w->cut, w->node, gemm->transpose_b ? 0 : 1, w->needed)};
    if (in[2] != NNC_NONE) { /* one number, or one for each column */
        const struct nnc_shape *const bias = nnc_writing_shape(w, in[2]);
        inputs[2] = nnc_shape_elements(bias) == 1
                        ? nnc_cut_value(w->cut, in[2])
                        : nnc_cut_pick(w->cut, in[2], bias->rank - 1, w->needed);
    }
    nnc_cut_begin(w->cut, w->node, "Gemm", inputs, inputs[2] ? 3 : 2,
                  nnc_writing_name(w));
    nnc_onnx_put_float(&w->cut->writer, "alpha", gemm->alpha);
    nnc_onnx_put_float(&w->cut->writer, "beta", gemm->beta);
    nnc_onnx_put_int(&w->cut->writer, "transA", gemm->transpose_a);
    nnc_onnx_put_int(&w->cut->writer, "transB", gemm->transpose_b);
    nnc_onnx_end_node(&w->cut->writer);
}

/* A constant matrix, perhaps transposed, as the reader recognises it. */
static bool is_constant_matrix(const struct nnc_cut *cut, uint32_t value)
{
    const struct nnc_value *const v = nnc_cut_source(cut, value);
    if (v->shape.rank != 2)
        return false;
    if (v->kind != NNC_VALUE_NODE || cut->graph->nodes[v->source].op != NNC_OP_TRANSPOSE)
        return v->kind == NNC_VALUE_TENSOR;
    const uint32_t x = cut->graph->nodes[v->source].inputs[0];
    return nnc_cut_source(cut, x)->kind == NNC_VALUE_TENSOR;
}

void nnc_write_matmul(const struct nnc_writing *w)
{
    const uint32_t b = w->node->inputs[1];
    const char *const result = nnc_writing_result(w);
    const char *inputs[2] = {nnc_writing_whole(w, 0), nnc_writing_whole(w, 1)};
    if (w->x->rank == 2 && is_constant_matrix(w->cut, b)) {
        const uint32_t rows = nnc_writing_shape(w, b)->dim[0];
        uint32_t *const at = nnc_cut_alloc(w->cut, rows, sizeof *at);
        for (uint32_t i = 0; at && i < rows; i++)
            at[i] = i;
        const char *const barrier = nnc_cut_make_up(w->cut, inputs[1]);
        if (at)
            nnc_cut_select(w->cut, inputs[1], 0, at, rows, barrier);
        inputs[1] = barrier;
    }
    nnc_cut_begin(w->cut, w->node, "MatMul", inputs, 2, result);
    nnc_onnx_end_node(&w->cut->writer);
    nnc_writing_finish(w, result);
}
