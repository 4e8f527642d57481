/* SPDX-License-Identifier: MIT */
/* Activations, arithmetic with broadcasting, products, and gains in likely and unlikely
 * places. */

#include "generator.h"

#include <math.h>

static const double LARGE = 300;

uint32_t add_activation(struct generator *g, uint32_t x)
{
    uint32_t inputs[3] = {x, NO_VALUE, NO_VALUE};
    switch (below(g->dice, 8)) {
    case 0:
        onnx_float(&g->onnx, "alpha", 0.25f);
        return add_simple(g, "LeakyRelu", x);
    case 1:
        return add_simple(g, "Sigmoid", x);
    case 2:
        if (one_in(g->dice, 2))
            onnx_float(&g->onnx, "beta", 0.25f);
        return add_simple(g, "HardSigmoid", x);
    case 3:
        if (g->onnx.opset >= 14)
            return add_simple(g, "HardSwish", x);
        return add_simple(g, "Relu", x);
    case 4:
    case 5:
        if (one_in(g->dice, 2))
            inputs[1] = random_constant(g, (struct dims){0}, 0.5);
        if (inputs[1] == NO_VALUE || one_in(g->dice, 2))
            inputs[2] = positive_constant(g, (struct dims){0});
        return add_node(g, "Clip", inputs, 3, *dims_of(g, x), g->values[x].size);
    default:
        return add_simple(g, "Relu", x);
    }
}

/* The dimensions of a result, false if the operands do not fit together. */
static bool broadcast(const struct dims *a, const struct dims *b, struct dims *out)
{
    *out = (struct dims){.rank = a->rank > b->rank ? a->rank : b->rank};
    for (uint32_t i = 0; i < out->rank; i++) {
        const uint32_t x = i < a->rank ? a->dim[a->rank - 1 - i] : 1;
        const uint32_t y = i < b->rank ? b->dim[b->rank - 1 - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        out->dim[out->rank - 1 - i] = x > y ? x : y;
    }
    return n_elements(out) <= MAX_ELEMENTS;
}

uint32_t add_binary(struct generator *g, const char *op, uint32_t a, uint32_t b)
{
    const double x = g->values[a].size, y = g->values[b].size;
    const bool product = op[0] == 'M';
    const uint32_t inputs[2] = {a, b};
    struct dims out;
    if (!broadcast(dims_of(g, a), dims_of(g, b), &out) || (product && x * y > LARGE))
        return a;
    return add_node(g, op, inputs, 2, out,
                    product        ? x * y
                    : op[0] == 'D' ? 2 * x
                                   : x + y);
}

/* A shape that broadcasts to `d`: one number, one per channel, per row, anything. */
static struct dims operand_dims(struct generator *g, const struct dims *d)
{
    struct dims out = *d;
    if (one_in(g->dice, 4))
        return (struct dims){below(g->dice, d->rank + 1), {1, 1, 1, 1, 1, 1}};
    for (uint32_t i = 0; i < out.rank; i++)
        if (i != 1 ? one_in(g->dice, 2) : one_in(g->dice, 4))
            out.dim[i] = 1;
    const uint32_t drop = one_in(g->dice, 2) ? below(g->dice, out.rank + 1) : 0;
    for (uint32_t i = drop; i < out.rank; i++)
        out.dim[i - drop] = out.dim[i];
    out.rank -= drop;
    return out;
}

uint32_t add_binary_constant(struct generator *g, uint32_t x)
{
    static const char *const ops[] = {"Add", "Sub", "Mul", "Div"};
    const uint32_t op = below(g->dice, 4);
    const struct dims dims = operand_dims(g, dims_of(g, x));
    const uint32_t c =
        op == 3 ? positive_constant(g, dims) : random_constant(g, dims, op == 2 ? 2 : 1);
    if (op != 3 && one_in(g->dice, 2))
        return add_binary(g, ops[op], c, x) == c ? x : g->n_values - 1;
    return add_binary(g, ops[op], x, c);
}

uint32_t add_binary_computed(struct generator *g, uint32_t x)
{
    static const char *const ops[] = {"Add", "Add", "Sub", "Mul"};
    const char *const op = ops[below(g->dice, 4)];
    uint32_t y = pick_value(g);
    for (int i = 0; i < 8; i++) { /* one that fits */
        struct dims out;
        if (broadcast(dims_of(g, x), dims_of(g, y), &out))
            break;
        y = g->scope[below(g->dice, g->n_scope)];
    }
    if (is_picture(g, x) && one_in(g->dice, 4)) { /* squeeze and excite */
        y = add_average(g, x);
        if (dims_of(g, y)->rank == 4)
            y = add_activation(g, add_conv_to(g, y, dims_of(g, x)->dim[1]));
    }
    return one_in(g->dice, 2) ? add_binary(g, op, x, y) : add_binary(g, op, y, x);
}

/* Weights that are looked at as numbers too: a part of any constant, its mean added. */
uint32_t add_constant_part(struct generator *g, uint32_t x)
{
    static uint32_t (*const parts[])(struct generator *, uint32_t) = {
        add_slice, add_gather, add_transpose, add_random_concat, add_activation, add_pad};
    uint32_t c = below(g->dice, g->n_values);
    for (int i = 0; i < 16 && !g->values[c].constant; i++)
        c = below(g->dice, g->n_values);
    if (!g->values[c].constant || !dims_of(g, c)->rank)
        return x;
    const uint32_t part = parts[below(g->dice, 6)](g, c);
    const uint32_t row = add_matrix(g, part), n = dims_of(g, row)->dim[1];
    const uint32_t weights = random_constant(g, (struct dims){2, {n, 1}}, 1.0 / n);
    const uint32_t sum =
        add_node(g, "MatMul", (uint32_t[]){row, weights}, 2, (struct dims){2, {1, 1}}, 1);
    return add_binary(g, "Add", x, sum);
}

/* Numbers out of the attention input, as vectors, slices or single ones, reshaped so that
 * they meet a channel, a pixel or everything. */
uint32_t add_gain(struct generator *g, uint32_t x)
{
    if (g->attention == NO_VALUE)
        return x;
    const struct dims *const d = dims_of(g, x);
    uint32_t gain;
    if (one_in(g->dice, 6) && d->rank >= 2 && d->dim[1] <= 64) { /* one per channel */
        int64_t indices[64];
        for (uint32_t i = 0; i < d->dim[1]; i++)
            indices[i] = below(g->dice, g->n_gains);
        const uint32_t list = list_of(g, indices, d->dim[1]);
        gain = add_node(g, "Gather", (uint32_t[]){g->attention, list}, 2,
                        (struct dims){1, {d->dim[1]}}, 1);
        struct dims wanted = {.rank = d->rank - 1};
        for (uint32_t i = 0; i < wanted.rank; i++)
            wanted.dim[i] = i ? 1 : d->dim[1];
        gain = add_reshape(g, gain, wanted);
    } else if (one_in(g->dice, 4)) {
        gain = add_range(g, g->attention, 0, below(g->dice, g->n_gains), 1);
    } else {
        const uint32_t index = index_of(g, below(g->dice, g->n_gains));
        gain = add_node(g, "Gather", (uint32_t[]){g->attention, index}, 2,
                        (struct dims){0}, 1);
    }
    if (one_in(g->dice, 4) && n_elements(dims_of(g, gain)) == 1)
        gain = add_reshape(
            g, gain, (struct dims){below(g->dice, d->rank + 1), {1, 1, 1, 1, 1, 1}});
    return one_in(g->dice, 3)
               ? add_binary(g, "Mul", gain, x) == gain ? x : g->n_values - 1
               : add_binary(g, "Mul", x, gain);
}

static uint32_t gemm_bias(struct generator *g, uint32_t rows, uint32_t columns)
{
    switch (below(g->dice, 6)) {
    case 0:
        return NO_VALUE;
    case 1:
        return random_constant(g, (struct dims){0}, 1);
    case 2:
        return random_constant(g, (struct dims){1, {1}}, 1);
    case 3:
        return random_constant(g, (struct dims){2, {1, columns}}, 1);
    case 4:
        if (rows > 1 && one_in(g->dice, 32)) /* not supported, says the planner */
            return random_constant(g, (struct dims){2, {rows, 1}}, 1);
        /* fall through */
    default:
        return random_constant(g, (struct dims){1, {columns}}, 1);
    }
}

uint32_t add_gemm(struct generator *g, uint32_t x, uint32_t columns)
{
    const struct dims d = *dims_of(g, x);
    const bool trans_a = d.dim[1] == 1 && one_in(g->dice, 2); /* else not supported */
    const bool trans_b = one_in(g->dice, 2);
    const uint32_t rows = d.dim[trans_a ? 1 : 0], inner = d.dim[trans_a ? 0 : 1];
    if ((uint64_t)rows * inner * columns > MAX_MACS || rows * columns > MAX_ELEMENTS)
        return x;
    const struct dims dims = {2, {trans_b ? columns : inner, trans_b ? inner : columns}};
    const double size = 2 / sqrt(inner);
    const struct dims out = {2, {rows, columns}};
    uint32_t weights;
    if (one_in(g->dice, 6)) {
        weights = random_constant(g, (struct dims){2, {dims.dim[1], dims.dim[0]}},
                                  size < 1 ? size : 1);
        weights = add_node(g, "Transpose", &weights, 1, dims, 1);
    } else {
        weights = random_constant(g, dims, size < 1 ? size : 1);
    }
    if (!trans_a && !trans_b && one_in(g->dice, 3))
        return add_node(g, "MatMul", (uint32_t[]){x, weights}, 2, out,
                        g->values[x].size + 1);
    const uint32_t bias = gemm_bias(g, rows, columns);
    if (trans_a)
        onnx_int(&g->onnx, "transA", 1);
    onnx_int(&g->onnx, "transB", trans_b);
    if (one_in(g->dice, 4))
        onnx_float(&g->onnx, "alpha", 0.5f);
    if (one_in(g->dice, 4))
        onnx_float(&g->onnx, "beta", -0.75f);
    return add_node(g, "Gemm", (uint32_t[]){x, weights, bias}, bias == NO_VALUE ? 2 : 3,
                    out, g->values[x].size + 1);
}

/* A product by a constant or of two computed matrices, of any rank from two. */
uint32_t add_product(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    if (d.rank < 2)
        return x;
    const uint32_t inner = d.dim[d.rank - 1];
    if (d.rank == 2 && one_in(g->dice, 4))
        return add_gemm(g, add_reshape(g, x, (struct dims){2, {d.dim[0] * d.dim[1], 1}}),
                        between(g->dice, 1, 40));
    if (d.rank == 2 && below(g->dice, 3))
        return add_gemm(g, x, between(g->dice, 1, 40));
    struct dims out = d, other = {2, {inner, between(g->dice, 1, 12)}};
    uint32_t y = NO_VALUE;
    if (one_in(g->dice, 2) && !one_in(g->dice, 2) &&
        d.rank <= 4) { /* by its transposition */
        int64_t perm[MAX_RANK];
        other = d;
        for (uint32_t i = 0; i < d.rank; i++)
            perm[i] = i;
        perm[d.rank - 1] = d.rank - 2;
        perm[d.rank - 2] = d.rank - 1;
        other.dim[d.rank - 1] = d.dim[d.rank - 2];
        other.dim[d.rank - 2] = inner;
        onnx_ints(&g->onnx, "perm", perm, d.rank);
        y = add_node(g, "Transpose", &x, 1, other, g->values[x].size);
    }
    out.dim[d.rank - 1] = other.dim[other.rank - 1];
    const double size = y == NO_VALUE ? 1 : g->values[y].size * g->values[x].size;
    if (n_elements(&out) > MAX_ELEMENTS || n_elements(&out) * inner > MAX_MACS ||
        size * inner > LARGE)
        return x;
    if (y == NO_VALUE)
        y = random_constant(g, other, 2 / sqrt(inner) < 1 ? 2 / sqrt(inner) : 1);
    return add_node(g, "MatMul", (uint32_t[]){x, y}, 2, out,
                    (g->values[x].size + 1) * (size > 1 ? size * inner : 1));
}

uint32_t add_softmax(struct generator *g, uint32_t x)
{
    const uint32_t rank = dims_of(g, x)->rank;
    if (!rank)
        return x;
    if (one_in(g->dice, 2))
        onnx_int(&g->onnx, "axis", (int64_t)below(g->dice, 2 * rank) - rank);
    return add_node(g, "Softmax", &x, 1, *dims_of(g, x), 1);
}
