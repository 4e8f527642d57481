/* SPDX-License-Identifier: MIT */
/* Gemm and MatMul. A product by a constant becomes NNC_OP_GEMM, which is what the planner
 * can pack; a transposition of the constant before it is taken into the product. All
 * other products become NNC_OP_MATMUL. */

#include "operators.h"

/* One operand: a constant matrix, or anything else. */
struct matrix {
    uint32_t value;
    bool transposed;
    bool constant;          /* a tensor */
    uint32_t rows, columns; /* after transposition */
};

/* Looks through a transposition of a constant matrix. */
static struct matrix look_at(const struct nnc_reading *reading, uint32_t i,
                             bool transposed)
{
    const struct nnc_graph *graph = reading->builder->graph;
    const struct nnc_value *value = &graph->values[reading->inputs[i]];
    struct matrix m = {.value = reading->inputs[i], .transposed = transposed};
    if (value->kind == NNC_VALUE_NODE) {
        const struct nnc_node *node = &graph->nodes[value->source];
        const bool flip = node->op == NNC_OP_TRANSPOSE && node->perm[0] == 1 &&
                          value->shape.rank == 2 &&
                          graph->values[node->inputs[0]].kind == NNC_VALUE_TENSOR;
        if (flip) {
            m.value = node->inputs[0];
            m.transposed = !transposed;
            value = &graph->values[m.value];
        }
    }
    m.constant = value->kind == NNC_VALUE_TENSOR;
    m.rows = value->shape.dim[m.transposed ? 1 : 0];
    m.columns = value->shape.dim[m.transposed ? 0 : 1];
    return m;
}

static enum nnc_status check_inner(const struct nnc_reading *reading, uint32_t a,
                                   uint32_t b)
{
    if (a == b)
        return NNC_OK;
    return nnc_reading_fail(reading, NNC_SHAPE, "inner dimensions differ; got %u and %u",
                            a, b);
}

/* The bias must broadcast to [rows, columns], one way. */
static enum nnc_status check_bias(const struct nnc_reading *reading,
                                  const struct nnc_shape *out)
{
    const struct nnc_shape *bias = nnc_input_shape(reading, 2);
    bool fits = bias->rank <= 2;
    for (uint32_t i = 0; fits && i < bias->rank; i++) {
        const uint32_t want = out->dim[2 - bias->rank + i];
        fits = bias->dim[i] == want || bias->dim[i] == 1;
    }
    if (fits)
        return NNC_OK;
    return nnc_reading_fail(
        reading, NNC_SHAPE,
        "the bias (rank %u, %llu values) does not fit the output %u x %u", bias->rank,
        (unsigned long long)nnc_shape_elements(bias), out->dim[0], out->dim[1]);
}

static enum nnc_status emit_gemm(struct nnc_reading *reading, const struct matrix *b,
                                 bool with_bias, const struct nnc_shape *shape,
                                 const struct nnc_gemm *params)
{
    const uint32_t inputs[3] = {reading->inputs[0], b->value,
                                with_bias ? reading->inputs[2] : NNC_NONE};
    struct nnc_node *node;
    const enum nnc_status status =
        nnc_emit(reading, 0, NNC_OP_GEMM, inputs, 3, shape, &node);
    if (!status)
        node->gemm = *params;
    return status;
}

/* x or its transposition, as a value. */
static enum nnc_status transpose_if(struct nnc_reading *reading, bool transpose,
                                    uint32_t x, uint32_t *out)
{
    *out = x;
    if (!transpose)
        return NNC_OK;
    const struct nnc_shape *shape = &reading->builder->graph->values[x].shape;
    const struct nnc_shape turned = {2, {shape->dim[1], shape->dim[0]}};
    struct nnc_node *node;
    const enum nnc_status status =
        nnc_emit_inner(reading, NNC_OP_TRANSPOSE, &x, 1, &turned, &node);
    if (status)
        return status;
    node->perm[0] = 1;
    node->perm[1] = 0;
    *out = node->output;
    return NNC_OK;
}

/* A Gemm of two computed matrices, without factors: a product and perhaps a sum. */
static enum nnc_status emit_product(struct nnc_reading *reading,
                                    const struct nnc_gemm *params, bool with_bias,
                                    const struct nnc_shape *shape)
{
    uint32_t operands[2];
    if (params->alpha != 1 || (with_bias && params->beta != 1))
        return nnc_reading_unsupported(
            reading, "weights that are not constant, with alpha or beta");
    enum nnc_status status =
        transpose_if(reading, params->transpose_a, reading->inputs[0], &operands[0]);
    if (!status)
        status =
            transpose_if(reading, params->transpose_b, reading->inputs[1], &operands[1]);
    if (status)
        return status;
    struct nnc_node *product, *sum;
    if (!with_bias)
        return nnc_emit(reading, 0, NNC_OP_MATMUL, operands, 2, shape, &product);
    status = nnc_emit_inner(reading, NNC_OP_MATMUL, operands, 2, shape, &product);
    if (status)
        return status;
    const uint32_t terms[2] = {product->output, reading->inputs[2]};
    status = nnc_emit(reading, 0, NNC_OP_BINARY, terms, 2, shape, &sum);
    if (!status)
        sum->binary = NNC_ADD;
    return status;
}

static enum nnc_status check_matrices(struct nnc_reading *reading)
{
    for (uint32_t i = 0; i < 2; i++) {
        const enum nnc_status status = nnc_input_float(reading, i);
        if (status)
            return status;
        if (nnc_input_shape(reading, i)->rank != 2)
            return nnc_reading_fail(reading, NNC_SHAPE,
                                    "input %u has rank %u, expected 2", i,
                                    nnc_input_shape(reading, i)->rank);
    }
    return nnc_input_has(reading, 2) ? nnc_input_float(reading, 2) : NNC_OK;
}

enum nnc_status nnc_read_gemm(struct nnc_reading *reading)
{
    struct nnc_gemm params = {.transpose_a = nnc_attribute_int(reading, "transA", 0) != 0,
                              .transpose_b =
                                  nnc_attribute_int(reading, "transB", 0) != 0};
    enum nnc_status status = check_matrices(reading);
    if (!status)
        status = nnc_attribute_float(reading, "alpha", 1, &params.alpha);
    if (!status)
        status = nnc_attribute_float(reading, "beta", 1, &params.beta);
    if (status)
        return status;
    const struct nnc_shape *a = nnc_input_shape(reading, 0);
    const struct matrix b = look_at(reading, 1, params.transpose_b);
    const struct nnc_shape shape = {2, {a->dim[params.transpose_a ? 1 : 0], b.columns}};
    status = check_inner(reading, a->dim[params.transpose_a ? 0 : 1], b.rows);
    const bool with_bias = nnc_input_has(reading, 2);
    if (!status && with_bias)
        status = check_bias(reading, &shape);
    if (status)
        return status;
    if (!b.constant || (with_bias && !nnc_input_tensor(reading, 2)))
        return emit_product(reading, &params, with_bias, &shape);
    params.transpose_b = b.transposed;
    return emit_gemm(reading, &b, with_bias, &shape, &params);
}

/* Shape of numpy's matmul for ranks of two and more. */
static enum nnc_status product_shape(const struct nnc_reading *reading,
                                     const struct nnc_shape *a, const struct nnc_shape *b,
                                     struct nnc_shape *out)
{
    const uint32_t rank = a->rank > b->rank ? a->rank : b->rank;
    *out = (struct nnc_shape){.rank = rank};
    for (uint32_t i = 0; i + 2 < rank; i++) {
        const uint32_t x = i + a->rank < rank ? 1 : a->dim[i + a->rank - rank];
        const uint32_t y = i + b->rank < rank ? 1 : b->dim[i + b->rank - rank];
        if (x != y && x != 1 && y != 1)
            return nnc_reading_fail(
                reading, NNC_SHAPE,
                "inputs do not fit together in dimension %u; got %u and "
                "%u",
                i, x, y);
        out->dim[i] = x > y ? x : y;
    }
    out->dim[rank - 2] = a->dim[a->rank - 2];
    out->dim[rank - 1] = b->dim[b->rank - 1];
    return check_inner(reading, a->dim[a->rank - 1], b->dim[b->rank - 2]);
}

enum nnc_status nnc_read_matmul(struct nnc_reading *reading)
{
    enum nnc_status status = nnc_input_float(reading, 0);
    if (!status)
        status = nnc_input_float(reading, 1);
    if (status)
        return status;
    const struct nnc_shape *a = nnc_input_shape(reading, 0),
                           *b = nnc_input_shape(reading, 1);
    if (a->rank < 2 || b->rank < 2)
        return nnc_reading_unsupported(reading, "inputs of rank 0 or 1");
    struct nnc_shape shape;
    status = product_shape(reading, a, b, &shape);
    if (status)
        return status;
    if (a->rank == 2 && b->rank == 2) {
        const struct matrix weights = look_at(reading, 1, false);
        const struct nnc_gemm params = {
            .transpose_b = weights.transposed, .alpha = 1, .beta = 1};
        if (weights.constant)
            return emit_gemm(reading, &weights, false, &shape, &params);
    }
    struct nnc_node *node;
    return nnc_emit(reading, 0, NNC_OP_MATMUL, reading->inputs, 2, &shape, &node);
}
