/* SPDX-License-Identifier: MIT */
/* Lowers a graph: node after node, each asks for its operands in the layout it works in
 * and says where its result lies. Chains Conv -> BatchNormalization -> Add -> activation
 * -> Mul by one number become one step, emitted where the chain ends. */

#include "program.h"

#include "../kernels/kernels.h"
#include "stack.h"

#include <stdlib.h>

struct builder {
    struct nnc_program *program;
    const struct nnc_graph *graph;
    uint32_t *plain, *blocked; /* [values] edges, NNC_NONE if there is none yet */
    uint32_t *narrow;          /* [values] likewise, of narrow numbers */
    uint32_t *uses;            /* [values] number of readers, outputs count as one */
    uint32_t *reader;          /* [values] a node that reads it */
    uint32_t *chain_head;      /* [nodes] the node whose chain ends here, else itself */
    bool *absorbed;            /* [nodes] part of a chain that ends elsewhere */
    uint32_t edge_room, step_room;
    struct nnc_error *error;
};

/* A chain as it is found. */
struct chain {
    uint32_t last;              /* node */
    uint32_t batch_norm;        /* node or NNC_NONE */
    uint32_t residual, gain;    /* values or NNC_NONE */
    struct nnc_activation activation;
};

static const struct nnc_value *value_of(const struct builder *b, uint32_t value)
{
    return &b->graph->values[value];
}

static bool is_constant(const struct builder *b, uint32_t value)
{
    return value_of(b, value)->kind == NNC_VALUE_TENSOR;
}

static bool same_shape(const struct nnc_shape *a, const struct nnc_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

/* Edges ------------------------------------------------------------------------------- */

static uint32_t add_edge(struct builder *b, enum nnc_edge_kind kind, uint32_t source,
                         uint32_t value, const struct nnc_shape *shape, bool blocked)
{
    struct nnc_program *const p = b->program;
    if (p->n_edges == b->edge_room)
        return NNC_NONE; /* cannot be: the room is counted beforehand */
    struct nnc_edge *const e = &p->edges[p->n_edges];
    const uint64_t elements = nnc_shape_elements(shape);
    e->kind = kind;
    e->source = source;
    e->value = value;
    e->shape = *shape;
    e->channels = shape->rank >= 2 ? shape->dim[1] : (uint32_t)elements;
    e->pixels = e->channels ? elements / e->channels : 0;
    e->blocked = blocked && e->pixels > 1;
    e->alias = NNC_NONE;
    e->constant = kind == NNC_EDGE_TENSOR;
    e->floats = e->blocked
                    ? (uint64_t)nnc_ceil_div(e->channels, NNC_BLOCK) * NNC_BLOCK * e->pixels
                    : nnc_align(elements, NNC_BLOCK);
    return p->n_edges++;
}

static uint32_t add_alias(struct builder *b, uint32_t of, uint64_t offset, uint32_t value,
                          const struct nnc_shape *shape)
{
    const struct nnc_edge *const root = &b->program->edges[of];
    const uint32_t edge =
        add_edge(b, root->kind, root->source, value, shape, root->blocked);
    b->program->edges[edge].alias = of;
    b->program->edges[edge].alias_offset = offset;
    b->program->edges[edge].constant = root->constant;
    return edge;
}

uint32_t nnc_edge_root(const struct nnc_program *p, uint32_t edge, uint64_t *offset)
{
    *offset = 0;
    for (; p->edges[edge].alias != NNC_NONE; edge = p->edges[edge].alias)
        *offset += p->edges[edge].alias_offset;
    return edge;
}

/* Steps ------------------------------------------------------------------------------- */

static struct nnc_step *add_step(struct builder *b, enum nnc_step_kind kind, uint32_t node,
                                 uint32_t out, const uint32_t *in, uint32_t n_in)
{
    struct nnc_program *const p = b->program;
    uint32_t *const copy = nnc_pool_alloc(&p->pool, n_in, sizeof *copy);
    if (!copy || p->n_steps == b->step_room)
        return NULL;
    struct nnc_step *const s = &p->steps[p->n_steps];
    *s = (struct nnc_step){.kind = kind, .node = node, .out = out, .n_in = n_in, .in = copy,
                           .batch_norm = NNC_NONE, .residual = NNC_NONE, .gain = NNC_NONE};
    bool constant = true;
    for (uint32_t i = 0; i < n_in; i++) {
        copy[i] = in[i];
        constant &= p->edges[in[i]].constant;
    }
    p->edges[out].source = p->n_steps++;
    p->edges[out].constant = constant;
    return s;
}

static uint32_t reordered(struct builder *b, uint32_t from, bool blocked)
{
    const struct nnc_edge *const e = &b->program->edges[from];
    const uint32_t edge = add_edge(b, NNC_EDGE_STEP, 0, e->value, &e->shape, blocked);
    return add_step(b, NNC_STEP_REORDER, NNC_NONE, edge, &from, 1) ? edge : NNC_NONE;
}

/* Whether an edge is the same in both layouts. A single number out of the middle of a tensor
 * is not: who asks for blocks reads sixteen floats there. */
static bool same_in_both(const struct builder *b, uint32_t edge)
{
    uint64_t offset;
    nnc_edge_root(b->program, edge, &offset);
    return b->program->edges[edge].pixels <= 1 && offset % NNC_BLOCK == 0;
}

/* The value as an edge in the wanted layout, reordered if need be. */
static uint32_t get(struct builder *b, uint32_t value, bool blocked)
{
    uint32_t *const wanted = blocked ? &b->blocked[value] : &b->plain[value];
    const uint32_t other = blocked ? b->plain[value] : b->blocked[value];
    if (*wanted == NNC_NONE && other != NNC_NONE)
        *wanted = same_in_both(b, other) ? other : reordered(b, other, blocked);
    return *wanted;
}

/* Whichever layout exists. */
static uint32_t get_any(struct builder *b, uint32_t value)
{
    return b->blocked[value] != NNC_NONE ? b->blocked[value] : b->plain[value];
}

/* The value in narrow numbers: made once, for all who read it. `scale` and `zero` are for
 * bytes. */
static uint32_t get_narrow(struct builder *b, uint32_t value, uint32_t from, float scale,
                           int32_t zero)
{
    const enum nnc_precision numbers = b->program->narrow->precision;
    if (b->narrow[value] != NNC_NONE)
        return b->narrow[value];
    const uint32_t edge =
        add_edge(b, NNC_EDGE_STEP, 0, value, &value_of(b, value)->shape, true);
    struct nnc_edge *const e = &b->program->edges[edge];
    e->numbers = numbers;
    e->floats = nnc_ceil_div(e->channels, NNC_BLOCK) * nnc_narrow_words(numbers, NNC_BLOCK) *
                e->pixels;
    struct nnc_step *const step = add_step(b, NNC_STEP_NARROW, NNC_NONE, edge, &from, 1);
    if (!step)
        return NNC_NONE;
    step->scale = scale;
    step->zero = zero;
    return b->narrow[value] = edge;
}

static void put(struct builder *b, uint32_t value, uint32_t edge)
{
    if (b->program->edges[edge].blocked)
        b->blocked[value] = edge;
    else
        b->plain[value] = edge;
}

static uint32_t new_result(struct builder *b, uint32_t value, bool blocked)
{
    const uint32_t edge =
        add_edge(b, NNC_EDGE_STEP, 0, value, &value_of(b, value)->shape, blocked);
    put(b, value, edge);
    return edge;
}

static enum nnc_status unsupported(const struct builder *b, const struct nnc_node *node,
                                   const char *what)
{
    return nnc_fail(b->error, NNC_UNSUPPORTED, node->name, "node '%s': %s", node->name, what);
}

static enum nnc_status done(const struct builder *b, const void *made)
{
    return made ? NNC_OK : nnc_fail_nomem(b->error, sizeof(struct nnc_step));
}

/* Chains ------------------------------------------------------------------------------ */

static uint32_t other_operand(const struct nnc_node *node, uint32_t value)
{
    return node->inputs[node->inputs[0] == value];
}

/* Takes the next node into the chain if it fits what the epilogue can do, in its order. */
static bool extend(const struct builder *b, struct chain *chain, uint32_t value,
                   const struct nnc_node *next, bool convolution)
{
    const bool bare = !chain->activation.kind && chain->gain == NNC_NONE;
    switch (next->op) {
    case NNC_OP_BATCH_NORM:
        if (!convolution || chain->batch_norm != NNC_NONE || chain->residual != NNC_NONE ||
            !bare || next->inputs[0] != value)
            return false;
        chain->batch_norm = (uint32_t)(next - b->graph->nodes);
        return true;
    case NNC_OP_ACTIVATION:
        if (!bare)
            return false;
        chain->activation = next->activation;
        return true;
    case NNC_OP_BINARY: {
        const uint32_t other = other_operand(next, value);
        if (next->inputs[0] == next->inputs[1])
            return false;
        if (next->binary == NNC_MUL && chain->gain == NNC_NONE &&
            nnc_shape_elements(&value_of(b, other)->shape) == 1 &&
            value_of(b, other)->shape.rank <= value_of(b, value)->shape.rank) {
            chain->gain = other;
            return true;
        }
        if (next->binary != NNC_ADD || !convolution || !bare || chain->residual != NNC_NONE ||
            is_constant(b, other) ||
            !same_shape(&value_of(b, other)->shape, &value_of(b, value)->shape))
            return false;
        chain->residual = other;
        return true;
    }
    default:
        return false;
    }
}

static struct chain find_chain(const struct builder *b, uint32_t head)
{
    struct chain chain = {.last = head, .batch_norm = NNC_NONE, .residual = NNC_NONE,
                          .gain = NNC_NONE};
    const bool convolution = b->graph->nodes[head].op == NNC_OP_CONV;
    for (;;) {
        const uint32_t value = b->graph->nodes[chain.last].output;
        if (b->uses[value] != 1 || b->reader[value] == NNC_NONE)
            break;
        const uint32_t next = b->reader[value];
        if (b->absorbed[next] || b->chain_head[next] != next ||
            !extend(b, &chain, value, &b->graph->nodes[next], convolution))
            break;
        chain.last = next;
    }
    return chain;
}

static void note_chains(struct builder *b)
{
    for (uint32_t n = 0; n < b->graph->n_nodes; n++)
        b->chain_head[n] = n;
    for (uint32_t n = 0; n < b->graph->n_nodes; n++) {
        const enum nnc_op op = b->graph->nodes[n].op;
        if (op != NNC_OP_CONV && op != NNC_OP_GEMM)
            continue;
        const struct chain chain = find_chain(b, n);
        if (chain.last == n)
            continue;
        for (uint32_t k = n; k != chain.last; k = b->reader[b->graph->nodes[k].output])
            b->absorbed[k] = true;
        b->chain_head[chain.last] = n;
    }
}

/* One function per operator ------------------------------------------------------------ */

static enum nnc_status check_constants(const struct builder *b, const struct nnc_node *node)
{
    for (uint32_t i = 1; i < node->n_inputs; i++)
        if (node->inputs[i] != NNC_NONE && !is_constant(b, node->inputs[i]))
            return unsupported(b, node, "weights that are computed; they must be initializers");
    return NNC_OK;
}

/* Whether a convolution or product without groups is computed in bf16. Not where a picture
 * comes in: three channels are hardly a word, and the first layer is the most sensitive. */
static bool suits_bf16(const struct builder *b, const struct nnc_node *node)
{
    enum { FEWEST_CHANNELS = 8 };
    const struct nnc_shape *const x = &value_of(b, node->inputs[0])->shape;
    if (!b->program->narrow || b->program->narrow->precision != NNC_PRECISION_BF16)
        return false;
    if (node->op == NNC_OP_GEMM && (node->gemm.transpose_a || x->dim[0] != 1))
        return false;
    return x->dim[1] >= FEWEST_CHANNELS;
}

static const struct nnc_node *made_by(const struct builder *b, uint32_t value,
                                      enum nnc_activation_kind u8, enum nnc_activation_kind s8)
{
    const struct nnc_value *const v = value_of(b, value);
    const struct nnc_node *const node =
        v->kind == NNC_VALUE_NODE ? &b->graph->nodes[v->source] : NULL;
    return node && node->op == NNC_OP_ACTIVATION &&
                   (node->activation.kind == u8 || node->activation.kind == s8)
               ? node
               : NULL;
}

/* Weights as integer kernels multiply them: int8 around zero, with a scale for all or one for
 * each output channel; and few enough that a sum of them cannot overflow. */
static bool has_integer_weights(const struct builder *b, const struct nnc_node *node)
{
    enum { MOST_TERMS = 65536 };
    const struct nnc_value *const w = value_of(b, node->inputs[1]);
    const struct nnc_tensor *const tensor = &b->graph->tensors[w->source];
    const uint32_t rows = node->op == NNC_OP_CONV || node->gemm.transpose_b ? 0 : 1;
    if (w->kind != NNC_VALUE_TENSOR || tensor->dtype != NNC_DTYPE_INT8 || !tensor->scaling ||
        (tensor->scaling->n > 1 && tensor->scaling->axis != rows))
        return false;
    for (uint32_t i = 0; i < tensor->scaling->n; i++)
        if (tensor->scaling->zero[i])
            return false;
    return nnc_shape_elements(&w->shape) / w->shape.dim[rows] <= MOST_TERMS;
}

/* The DequantizeLinear before a convolution or product that is computed in integers, else
 * NULL: between it and a QuantizeLinear are the very bytes. */
static const struct nnc_node *dequantized(const struct builder *b, const struct nnc_node *node)
{
    if (!b->program->narrow || b->program->narrow->precision != NNC_PRECISION_INT8 ||
        !has_integer_weights(b, node))
        return NULL;
    if (node->op == NNC_OP_GEMM && (node->gemm.transpose_a || node->gemm.alpha != 1 ||
                                    value_of(b, node->inputs[0])->shape.dim[0] != 1))
        return NULL;
    const struct nnc_node *const back =
        made_by(b, node->inputs[0], NNC_ACT_DEQUANTIZE_U8, NNC_ACT_DEQUANTIZE_S8);
    return back && made_by(b, back->inputs[0], NNC_ACT_QUANTIZE_U8, NNC_ACT_QUANTIZE_S8)
               ? back
               : NULL;
}

/* Bytes of what a QuantizeLinear makes; signed ones are moved up by 128. If it is part of a
 * chain its result is there as float, else the bytes are made of its operand at once. */
static uint32_t get_bytes(struct builder *b, uint32_t value)
{
    const uint32_t n = value_of(b, value)->source;
    const struct nnc_node *const node = &b->graph->nodes[n];
    const int32_t up = node->activation.kind == NNC_ACT_QUANTIZE_S8 ? 128 : 0;
    if (b->chain_head[n] != n || b->absorbed[n])
        return get_narrow(b, value, get_any(b, value), 1, up);
    return get_narrow(b, value, get_any(b, node->inputs[0]), node->activation.alpha,
                      (int32_t)node->activation.beta + up);
}

/* What a CONV step reads; `back` as of dequantized(). */
static uint32_t get_operand(struct builder *b, const struct nnc_node *node,
                            const struct nnc_node *back)
{
    const uint32_t value = node->inputs[0];
    if (back)
        return get_bytes(b, back->inputs[0]);
    if (suits_bf16(b, node))
        return get_narrow(b, value, get_any(b, value), 1, 0);
    return node->op == NNC_OP_CONV ? get_any(b, value) : get(b, value, false);
}

static enum nnc_status lower_conv(struct builder *b, uint32_t head, uint32_t last)
{
    const struct nnc_node *const node = &b->graph->nodes[head];
    const uint32_t out = b->graph->nodes[last].output;
    enum nnc_status status = check_constants(b, node);
    if (status)
        return status;
    /* The chain that note_chains found, walked again. */
    struct chain chain = {.last = head, .batch_norm = NNC_NONE, .residual = NNC_NONE,
                          .gain = NNC_NONE};
    while (chain.last != last) {
        const uint32_t value = b->graph->nodes[chain.last].output;
        const uint32_t next = b->reader[value];
        extend(b, &chain, value, &b->graph->nodes[next], node->op == NNC_OP_CONV);
        chain.last = next;
    }
    const bool convolution = node->op == NNC_OP_CONV;
    const uint32_t channels = value_of(b, node->inputs[0])->shape.dim[1];
    const uint32_t outs = value_of(b, out)->shape.dim[1];
    const bool grouped = convolution && node->conv.groups > 1;
    const bool depthwise = grouped && node->conv.groups == channels && outs == channels;
    const struct nnc_node *const back = grouped ? NULL : dequantized(b, node);
    const uint32_t x = depthwise || grouped ? get(b, node->inputs[0], true)
                                            : get_operand(b, node, back);
    if (x == NNC_NONE)
        return done(b, NULL);
    const uint32_t residual =
        chain.residual == NNC_NONE ? NNC_NONE : get(b, chain.residual, convolution);
    const uint32_t gain = chain.gain == NNC_NONE ? NNC_NONE : get_any(b, chain.gain);
    struct nnc_step *const step =
        add_step(b,
                 depthwise ? NNC_STEP_DEPTHWISE
                 : grouped ? NNC_STEP_GROUPED
                           : NNC_STEP_CONV,
                 head, new_result(b, out, convolution), &x, 1);
    if (!step)
        return done(b, NULL);
    if (back) {
        const bool is_signed = back->activation.kind == NNC_ACT_DEQUANTIZE_S8;
        step->scale = back->activation.alpha;
        step->zero = (int32_t)back->activation.beta + (is_signed ? 128 : 0);
    }
    b->program->n_narrow += b->program->edges[x].numbers != NNC_PRECISION_FP32;
    step->batch_norm = chain.batch_norm;
    step->residual = residual;
    step->gain = gain;
    step->activation = chain.activation;
    b->program->edges[step->out].constant = false;
    return NNC_OK;
}

static enum nnc_status lower_gemm(struct builder *b, uint32_t head, uint32_t last)
{
    const struct nnc_node *const node = &b->graph->nodes[head];
    if (node->n_inputs > 2 && node->inputs[2] != NNC_NONE) {
        const struct nnc_shape *const bias = &value_of(b, node->inputs[2])->shape;
        const uint64_t n = nnc_shape_elements(bias);
        if (n != 1 && (n != value_of(b, node->output)->shape.dim[1] ||
                       bias->dim[bias->rank - 1] != n))
            return unsupported(b, node, "Gemm with a bias that is not one number per column");
    }
    if (node->gemm.transpose_a && value_of(b, node->inputs[0])->shape.dim[1] != 1)
        return unsupported(b, node, "Gemm with a transposed input of several rows");
    return lower_conv(b, head, last);
}

static enum nnc_status lower_activation(struct builder *b, const struct nnc_node *node)
{
    const uint32_t x = get_any(b, node->inputs[0]);
    const bool blocked = b->program->edges[x].blocked;
    struct nnc_step *const step =
        add_step(b, NNC_STEP_ACTIVATE, (uint32_t)(node - b->graph->nodes),
                 new_result(b, node->output, blocked), &x, 1);
    if (step)
        step->activation = node->activation;
    return done(b, step);
}

/* An operand that has one number per channel of `shape`, or one number in all. */
static bool per_channel(const struct nnc_shape *operand, const struct nnc_shape *shape)
{
    const uint64_t n = nnc_shape_elements(operand);
    if (n == 1)
        return true;
    return shape->rank >= 2 && n == shape->dim[1] && operand->rank + 1 >= shape->rank &&
           operand->dim[operand->rank + 1 - shape->rank] == n;
}

static enum nnc_status lower_binary(struct builder *b, const struct nnc_node *node)
{
    const struct nnc_shape *const out = &value_of(b, node->output)->shape;
    bool any_blocked = false, fits = out->rank == 4;
    for (int i = 0; i < 2; i++) {
        const struct nnc_shape *const s = &value_of(b, node->inputs[i])->shape;
        any_blocked |= b->blocked[node->inputs[i]] != NNC_NONE;
        fits &= same_shape(s, out) || per_channel(s, out);
    }
    const bool blocked = any_blocked && fits;
    uint32_t in[2];
    for (int i = 0; i < 2; i++) {
        const bool full = same_shape(&value_of(b, node->inputs[i])->shape, out);
        in[i] = get(b, node->inputs[i], blocked && full);
    }
    return done(b, add_step(b, NNC_STEP_BINARY, (uint32_t)(node - b->graph->nodes),
                            new_result(b, node->output, blocked), in, 2));
}

static enum nnc_status lower_batch_norm(struct builder *b, const struct nnc_node *node)
{
    const enum nnc_status status = check_constants(b, node);
    if (status)
        return status;
    const uint32_t x = get(b, node->inputs[0], true);
    struct nnc_step *const step =
        add_step(b, NNC_STEP_AFFINE, (uint32_t)(node - b->graph->nodes),
                 new_result(b, node->output, true), &x, 1);
    if (step)
        step->batch_norm = step->node;
    return done(b, step);
}

static enum nnc_status lower_on_blocks(struct builder *b, const struct nnc_node *node,
                                       enum nnc_step_kind kind)
{
    const uint32_t x = get(b, node->inputs[0], true);
    return done(b, add_step(b, kind, (uint32_t)(node - b->graph->nodes),
                            new_result(b, node->output, kind == NNC_STEP_POOL), &x, 1));
}

/* Plain in, plain out. */
static enum nnc_status lower_plainly(struct builder *b, const struct nnc_node *node,
                                     enum nnc_step_kind kind)
{
    uint32_t *const in = nnc_alloc(node->n_inputs, sizeof *in);
    if (!in)
        return done(b, NULL);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        in[i] = get(b, node->inputs[i], false);
    const struct nnc_step *const step =
        add_step(b, kind, (uint32_t)(node - b->graph->nodes),
                 new_result(b, node->output, false), in, node->n_inputs);
    free(in);
    return done(b, step);
}

static enum nnc_status lower_concat(struct builder *b, const struct nnc_node *node)
{
    bool blocked = node->axis == 1 && value_of(b, node->output)->shape.rank == 4;
    uint32_t before = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        blocked &= b->blocked[node->inputs[i]] != NNC_NONE && before % NNC_BLOCK == 0;
        before += value_of(b, node->inputs[i])->shape.dim[blocked ? 1 : 0];
    }
    if (!blocked)
        return lower_plainly(b, node, NNC_STEP_CONCAT);
    uint32_t *const in = nnc_alloc(node->n_inputs, sizeof *in);
    if (!in)
        return done(b, NULL);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        in[i] = b->blocked[node->inputs[i]];
    const struct nnc_step *const step =
        add_step(b, NNC_STEP_CONCAT, (uint32_t)(node - b->graph->nodes),
                 new_result(b, node->output, true), in, node->n_inputs);
    free(in);
    return done(b, step);
}

static enum nnc_status lower_reshape(struct builder *b, const struct nnc_node *node)
{
    const uint32_t x = get(b, node->inputs[0], false);
    put(b, node->output, add_alias(b, x, 0, node->output, &value_of(b, node->output)->shape));
    return NNC_OK;
}

/* Whether the elements of a slice are one contiguous run of its input: then it is an alias.
 * In `unit` floats per step along `axis`, the first axis that is cut. */
static bool is_run(const struct nnc_shape *x, const struct nnc_shape *out,
                   const struct nnc_slice *slice, uint64_t *offset)
{
    uint64_t inner = 1;
    bool whole = true; /* all axes right of here are taken whole */
    *offset = 0;
    for (uint32_t i = x->rank; i-- > 0;) {
        const bool same = out->dim[i] == x->dim[i] && slice->start[i] == 0;
        if (slice->step[i] != 1 && out->dim[i] > 1)
            return false;
        if (!whole && out->dim[i] != 1)
            return false;
        *offset += slice->start[i] * inner;
        whole &= same;
        inner *= x->dim[i];
    }
    return true;
}

static enum nnc_status lower_slice(struct builder *b, const struct nnc_node *node)
{
    const struct nnc_shape *const x = &value_of(b, node->inputs[0])->shape;
    const struct nnc_shape *const out = &value_of(b, node->output)->shape;
    const uint32_t blocked = b->blocked[node->inputs[0]];
    uint64_t offset;
    if (!is_run(x, out, &node->slice, &offset))
        return lower_plainly(b, node, NNC_STEP_PICK);
    const bool channels_only = x->rank == 4 && out->dim[2] == x->dim[2] &&
                               out->dim[3] == x->dim[3];
    if (blocked != NNC_NONE && channels_only && node->slice.start[1] % NNC_BLOCK == 0) {
        put(b, node->output, add_alias(b, blocked, offset, node->output, out));
        return NNC_OK;
    }
    if (offset % NNC_BLOCK && nnc_shape_elements(out) > 1)
        return lower_plainly(b, node, NNC_STEP_PICK); /* kernels may read whole blocks */
    put(b, node->output,
        add_alias(b, get(b, node->inputs[0], false), offset, node->output, out));
    return NNC_OK;
}

static enum nnc_status lower_gather(struct builder *b, const struct nnc_node *node)
{
    const struct nnc_shape *const x = &value_of(b, node->inputs[0])->shape;
    const struct nnc_gather *const g = &node->gather;
    if (g->n_indices != 1 || nnc_shape_elements(x) != x->dim[g->axis])
        return lower_plainly(b, node, NNC_STEP_PICK);
    put(b, node->output,
        add_alias(b, get(b, node->inputs[0], false), g->indices[0], node->output,
                  &value_of(b, node->output)->shape));
    return NNC_OK;
}

static enum nnc_status lower(struct builder *b, uint32_t n)
{
    const struct nnc_node *const node = &b->graph->nodes[n];
    if (b->absorbed[n])
        return NNC_OK;
    if (b->chain_head[n] != n)
        return b->graph->nodes[b->chain_head[n]].op == NNC_OP_GEMM
                   ? lower_gemm(b, b->chain_head[n], n)
                   : lower_conv(b, b->chain_head[n], n);
    const struct nnc_shape *const x = &value_of(b, node->inputs[0])->shape;
    const bool by_channel = node->op == NNC_OP_CONV || node->op == NNC_OP_BATCH_NORM ||
                            node->op == NNC_OP_POOL || node->op == NNC_OP_GLOBAL_AVERAGE;
    if (by_channel && (x->rank < 2 || x->dim[0] != 1))
        return unsupported(b, node, "an input that is not [1, channels, ...]");
    switch (node->op) {
    case NNC_OP_CONV:
        return lower_conv(b, n, n);
    case NNC_OP_GEMM:
        return lower_gemm(b, n, n);
    case NNC_OP_BATCH_NORM:
        return lower_batch_norm(b, node);
    case NNC_OP_ACTIVATION:
        return lower_activation(b, node);
    case NNC_OP_BINARY:
        return lower_binary(b, node);
    case NNC_OP_POOL:
        return lower_on_blocks(b, node, NNC_STEP_POOL);
    case NNC_OP_GLOBAL_AVERAGE:
        return lower_on_blocks(b, node, NNC_STEP_AVERAGE);
    case NNC_OP_MATMUL:
        return lower_plainly(b, node, NNC_STEP_MATMUL);
    case NNC_OP_CONCAT:
        return lower_concat(b, node);
    case NNC_OP_RESHAPE:
        return lower_reshape(b, node);
    case NNC_OP_SLICE:
        return lower_slice(b, node);
    case NNC_OP_GATHER:
        return lower_gather(b, node);
    case NNC_OP_TRANSPOSE:
    case NNC_OP_PAD:
        return lower_plainly(b, node, NNC_STEP_PICK);
    case NNC_OP_SOFTMAX:
        return lower_plainly(b, node, NNC_STEP_SOFTMAX);
    case NNC_OP_IDENTITY:
        b->plain[node->output] = b->plain[node->inputs[0]];
        b->blocked[node->output] = b->blocked[node->inputs[0]];
        return NNC_OK;
    }
    return unsupported(b, node, "an operator the planner does not know");
}

/* The whole ---------------------------------------------------------------------------- */

static void count_readers(struct builder *b)
{
    const struct nnc_graph *const g = b->graph;
    for (uint32_t v = 0; v < g->n_values; v++)
        b->reader[v] = b->plain[v] = b->blocked[v] = b->narrow[v] = NNC_NONE;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t i = 0; i < g->nodes[n].n_inputs; i++)
            if (g->nodes[n].inputs[i] != NNC_NONE) {
                b->uses[g->nodes[n].inputs[i]]++;
                b->reader[g->nodes[n].inputs[i]] = n;
            }
    b->uses[g->logits]++;
    if (g->presence != NNC_NONE)
        b->uses[g->presence]++;
}

static void add_sources(struct builder *b)
{
    const struct nnc_graph *const g = b->graph;
    struct nnc_program *const p = b->program;
    p->attention = NNC_NONE;
    for (uint32_t v = 0; v < g->n_values; v++) {
        const struct nnc_value *const value = &g->values[v];
        if (value->kind == NNC_VALUE_IMAGE)
            put(b, v, p->image = add_edge(b, NNC_EDGE_IMAGE, 0, v, &value->shape, false));
        else if (value->kind == NNC_VALUE_ATTENTION)
            put(b, v,
                p->attention = add_edge(b, NNC_EDGE_ATTENTION, 0, v, &value->shape, false));
        else if (value->kind == NNC_VALUE_TENSOR &&
                 nnc_tensor_has_floats(&g->tensors[value->source]))
            put(b, v, add_edge(b, NNC_EDGE_TENSOR, value->source, v, &value->shape, false));
    }
}

static bool make_room(struct builder *b)
{
    const struct nnc_graph *const g = b->graph;
    uint64_t operands = 0;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        operands += g->nodes[n].n_inputs;
    /* Each node makes one result; each operand and output is reordered at most once, and
     * each value narrowed at most once. */
    b->edge_room = (uint32_t)(2 * (uint64_t)g->n_values + g->n_nodes + operands + 2);
    b->step_room = (uint32_t)((uint64_t)g->n_values + g->n_nodes + operands + 2);
    b->program->pool.limit = SIZE_MAX;
    b->program->edges =
        nnc_pool_alloc(&b->program->pool, b->edge_room, sizeof *b->program->edges);
    b->program->steps =
        nnc_pool_alloc(&b->program->pool, b->step_room, sizeof *b->program->steps);
    uint32_t *const words = nnc_alloc((uint64_t)g->n_values * 5 + g->n_nodes, sizeof *words);
    b->plain = words;
    if (!words)
        return false;
    b->blocked = words + g->n_values;
    b->uses = words + 2 * (size_t)g->n_values;
    b->reader = words + 3 * (size_t)g->n_values;
    b->narrow = words + 4 * (size_t)g->n_values;
    b->chain_head = words + 5 * (size_t)g->n_values;
    b->absorbed = nnc_alloc(g->n_nodes, sizeof *b->absorbed);
    return b->program->edges && b->program->steps && b->absorbed;
}

enum nnc_status nnc_program_create(const struct nnc_graph *graph,
                                   const struct nnc_narrow_kernels *narrow,
                                   struct nnc_program **program, struct nnc_error *error)
{
    struct builder b = {.graph = graph, .error = error};
    enum nnc_status status = NNC_OK;
    b.program = nnc_alloc(1, sizeof *b.program);
    if (!b.program)
        return nnc_fail_nomem(error, sizeof *b.program);
    b.program->graph = graph;
    b.program->narrow = narrow;
    if (!make_room(&b)) {
        status = nnc_fail_nomem(error, b.edge_room * sizeof(struct nnc_edge));
        goto end;
    }
    count_readers(&b);
    add_sources(&b);
    note_chains(&b);
    for (uint32_t n = 0; n < graph->n_nodes && !status; n++)
        status = lower(&b, n);
    if (status)
        goto end;
    b.program->logits = get(&b, graph->logits, false);
    b.program->presence =
        graph->presence == NNC_NONE ? NNC_NONE : get(&b, graph->presence, false);
    if (!nnc_stack_order(b.program))
        status = nnc_fail_nomem(error, b.step_room * sizeof(struct nnc_step));
end:
    free(b.plain);
    free(b.absorbed);
    if (status)
        nnc_program_destroy(b.program);
    else
        *program = b.program;
    return status;
}

void nnc_program_destroy(struct nnc_program *program)
{
    if (!program)
        return;
    nnc_pool_finish(&program->pool);
    free(program);
}
