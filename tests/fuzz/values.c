/* SPDX-License-Identifier: MIT */
/* Numbers of values, and their shapes. Constants are multiples of 1/16, scaled by the
 * caller; some are used again where their shape fits, as a file may do. */

#include "generator.h"

#include <stdlib.h>

size_t n_elements(const struct dims *dims)
{
    size_t n = 1;
    for (uint32_t i = 0; i < dims->rank; i++)
        n *= dims->dim[i];
    return n;
}

const struct dims *dims_of(const struct generator *g, uint32_t value)
{
    return &g->values[value].dims;
}

uint32_t new_value(struct generator *g, struct dims dims, double size)
{
    if (g->n_values == MAX_VALUES)
        abort(); /* the tree and the operators per branch are bounded far below */
    g->values[g->n_values] = (struct value){.dims = dims, .size = size};
    return g->n_values++;
}

void show(struct generator *g, uint32_t value)
{
    if (g->n_scope < MAX_SCOPE)
        g->scope[g->n_scope++] = value;
}

uint32_t pick_value(struct generator *g)
{
    const uint32_t newest = g->n_scope < 4 ? g->n_scope : 4;
    if (one_in(g->dice, 2))
        return g->scope[g->n_scope - 1];
    if (below(g->dice, 3))
        return g->scope[g->n_scope - 1 - below(g->dice, newest)];
    return g->scope[below(g->dice, g->n_scope)];
}

static bool same(const struct dims *a, const struct dims *b)
{
    bool equal = a->rank == b->rank;
    for (uint32_t i = 0; equal && i < a->rank; i++)
        equal = a->dim[i] == b->dim[i];
    return equal;
}

static uint32_t find_constant(const struct generator *g, const struct dims *dims)
{
    for (uint32_t v = g->n_values; v-- > 0;)
        if (g->values[v].constant && same(&g->values[v].dims, dims))
            return v;
    return NO_VALUE;
}

static uint32_t make_constant(struct generator *g, const struct dims *dims, double offset,
                              double size)
{
    const size_t n = n_elements(dims);
    float *const values = malloc((n + 1) * sizeof *values);
    uint64_t state = below(g->dice, 65535) + (uint64_t)g->n_values * 65536;
    if (!values)
        abort();
    for (size_t i = 0; i < n; i++)
        values[i] = (float)(offset + size * ((double)(dice_mix(&state) % 33) - 16) / 16);
    const uint32_t value = new_value(g, *dims, offset + size);
    if (below(g->dice, 12)) {
        onnx_floats(&g->onnx, value, dims, values);
    } else {
        onnx_tensor(&g->onnx, "value", dims, values);
        onnx_node(&g->onnx, "Constant", NULL, 0, &value, 1);
    }
    free(values);
    return value;
}

uint32_t random_constant(struct generator *g, struct dims dims, double size)
{
    const uint32_t old = one_in(g->dice, 6) ? find_constant(g, &dims) : NO_VALUE;
    if (old != NO_VALUE)
        return old;
    const uint32_t value = make_constant(g, &dims, 0, size);
    g->values[value].constant = true;
    return value;
}

/* 0.5 to 1.5; never used again, as others may not be positive. */
uint32_t positive_constant(struct generator *g, struct dims dims)
{
    return make_constant(g, &dims, 1, 0.5);
}

uint32_t list_of(struct generator *g, const int64_t *values, uint32_t n)
{
    const struct dims dims = {1, {n}};
    const uint32_t value = new_value(g, dims, 0);
    onnx_integers(&g->onnx, value, &dims, values);
    return value;
}

uint32_t index_of(struct generator *g, int64_t index)
{
    const struct dims scalar = {0};
    const uint32_t value = new_value(g, scalar, 0);
    onnx_integers(&g->onnx, value, &scalar, &index);
    return value;
}

uint32_t add_node(struct generator *g, const char *op, const uint32_t *inputs, size_t n,
                  struct dims dims, double size)
{
    const uint32_t out = new_value(g, dims, size);
    onnx_node(&g->onnx, op, inputs, n, &out, 1);
    return out;
}

uint32_t add_simple(struct generator *g, const char *op, uint32_t x)
{
    return add_node(g, op, &x, 1, *dims_of(g, x), g->values[x].size);
}
