/* SPDX-License-Identifier: MIT */
/* Operators that move elements or rename dimensions. */

#include "generator.h"

uint32_t add_reshape(struct generator *g, uint32_t x, struct dims dims)
{
    int64_t target[MAX_RANK];
    for (uint32_t i = 0; i < dims.rank; i++)
        target[i] = dims.dim[i];
    if (dims.rank && one_in(g->dice, 4))
        target[below(g->dice, dims.rank)] = -1;
    const uint32_t list = list_of(g, target, dims.rank);
    return add_node(g, "Reshape", (uint32_t[]){x, list}, 2, dims, g->values[x].size);
}

uint32_t add_matrix(struct generator *g, uint32_t x)
{
    const struct dims *const d = dims_of(g, x);
    const struct dims out = {2, {1, (uint32_t)n_elements(d)}};
    if (d->rank == 2 && d->dim[0] == 1)
        return x;
    if (d->rank && d->dim[0] != 1)
        return add_reshape(g, x, out);
    if (!d->rank || one_in(g->dice, 2)) {
        onnx_int(&g->onnx, "axis", 0);
        return add_node(g, "Flatten", &x, 1, out, g->values[x].size);
    }
    return add_node(g, "Flatten", &x, 1, out, g->values[x].size);
}

static uint32_t factor_of(struct generator *g, uint32_t n, uint32_t most)
{
    uint32_t f = between(g->dice, 1, n < most ? n : most);
    while (n % f)
        f--;
    return f;
}

uint32_t add_picture(struct generator *g, uint32_t x)
{
    if (is_picture(g, x))
        return x;
    const uint32_t n = (uint32_t)n_elements(dims_of(g, x));
    const uint32_t channels = factor_of(g, n, 48), rows = factor_of(g, n / channels, 20);
    return add_reshape(g, x, (struct dims){4, {1, channels, rows, n / channels / rows}});
}

static uint32_t add_squeeze(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    struct dims out = {0};
    int64_t axes[MAX_RANK];
    uint32_t n = 0;
    const bool all = one_in(g->dice, 3);
    for (uint32_t i = 0; i < d.rank; i++)
        if (d.dim[i] == 1 && (all || one_in(g->dice, 2)))
            axes[n++] = one_in(g->dice, 2) ? (int64_t)i - d.rank : (int64_t)i;
        else
            out.dim[out.rank++] = d.dim[i];
    if (!n)
        return x;
    if (all)
        return add_node(g, "Squeeze", &x, 1, out, g->values[x].size);
    const uint32_t list = list_of(g, axes, n);
    return add_node(g, "Squeeze", (uint32_t[]){x, list}, 2, out, g->values[x].size);
}

static uint32_t add_unsqueeze(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    if (d.rank >= MAX_RANK - 1)
        return x;
    const uint32_t at = below(g->dice, d.rank + 1);
    struct dims out = {.rank = d.rank + 1};
    for (uint32_t i = 0; i < out.rank; i++)
        out.dim[i] = i < at ? d.dim[i] : i == at ? 1 : d.dim[i - 1];
    const int64_t axis = one_in(g->dice, 2) ? (int64_t)at - out.rank : (int64_t)at;
    const uint32_t list = list_of(g, &axis, 1);
    return add_node(g, "Unsqueeze", (uint32_t[]){x, list}, 2, out, g->values[x].size);
}

static uint32_t add_flatten(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    const uint32_t axis = below(g->dice, d.rank + 1);
    struct dims out = {2, {1, 1}};
    for (uint32_t i = 0; i < d.rank; i++)
        out.dim[i >= axis] *= d.dim[i];
    onnx_int(&g->onnx, "axis", axis);
    return add_node(g, "Flatten", &x, 1, out, g->values[x].size);
}

uint32_t add_renaming(struct generator *g, uint32_t x)
{
    uint32_t left = (uint32_t)n_elements(dims_of(g, x));
    struct dims out = {.rank = below(g->dice, 6)};
    switch (below(g->dice, 6)) {
    case 0:
        return add_squeeze(g, x);
    case 1:
        return add_unsqueeze(g, x);
    case 2:
        return add_flatten(g, x);
    case 3:
        return add_simple(g, one_in(g->dice, 2) ? "Identity" : "Dropout", x);
    default:
        if (!out.rank && left != 1)
            out.rank = 1;
        for (uint32_t i = 0; i < out.rank; i++) {
            out.dim[i] = i + 1 == out.rank             ? left
                         : i == 0 && below(g->dice, 4) ? 1
                                                       : factor_of(g, left, 48);
            left /= out.dim[i];
        }
        return add_reshape(g, x, out);
    }
}

uint32_t add_transpose(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    int64_t perm[MAX_RANK];
    struct dims out = d;
    for (uint32_t i = 0; i < d.rank; i++)
        perm[i] = i;
    for (uint32_t i = d.rank; i-- > 1;) {
        const uint32_t k = below(g->dice, i + 1);
        const int64_t old = perm[i];
        perm[i] = perm[k];
        perm[k] = old;
    }
    for (uint32_t i = 0; i < d.rank; i++)
        out.dim[i] = d.dim[perm[i]];
    if (d.rank)
        onnx_ints(&g->onnx, "perm", perm, d.rank);
    return add_node(g, "Transpose", &x, 1, out, g->values[x].size);
}

uint32_t add_range(struct generator *g, uint32_t x, uint32_t axis, uint32_t start,
                   uint32_t size)
{
    struct dims out = *dims_of(g, x);
    out.dim[axis] = size;
    const int64_t from = start, to = start + size, along = axis;
    const uint32_t inputs[4] = {x, list_of(g, &from, 1), list_of(g, &to, 1),
                                list_of(g, &along, 1)};
    return add_node(g, "Slice", inputs, 4, out, g->values[x].size);
}

/* One or two axes, any step; ends are exact, or beyond the edge. */
uint32_t add_slice(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    struct dims out = d;
    int64_t starts[2], ends[2], axes[2], steps[2];
    const uint32_t n = d.rank < 2 ? d.rank : between(g->dice, 1, 2);
    if (!n)
        return x;
    const uint32_t first = below(g->dice, d.rank);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t axis = (first + i) % d.rank, dim = d.dim[axis];
        const int64_t step = below(g->dice, 3) ? 1 : (int64_t)between(g->dice, 1, 3);
        uint32_t from = below(g->dice, dim);
        if (one_in(g->dice, 3))
            from = 0;
        else if (dim > 16 && one_in(g->dice, 2))
            from = from / 16 * 16;
        const uint32_t size =
            between(g->dice, 1, (dim - from + (uint32_t)step - 1) / (uint32_t)step);
        const int64_t last = from + (int64_t)(size - 1) * step;
        const bool backwards = one_in(g->dice, 4);
        axes[i] = one_in(g->dice, 3) ? (int64_t)axis - d.rank : (int64_t)axis;
        starts[i] = backwards ? last : from;
        steps[i] = backwards ? -step : step;
        ends[i] = backwards ? (int64_t)from - 1 : last + 1;
        if (ends[i] < 0)
            ends[i] = INT64_MIN + 1;
        else if (!backwards && ends[i] == dim && one_in(g->dice, 2))
            ends[i] = INT64_MAX;
        out.dim[axis] = size;
    }
    const uint32_t inputs[5] = {x, list_of(g, starts, n), list_of(g, ends, n),
                                list_of(g, axes, n), list_of(g, steps, n)};
    return add_node(g, "Slice", inputs, 5, out, g->values[x].size);
}

/* Two or three parts, all of them shown. */
uint32_t add_split(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    if (!d.rank)
        return x;
    const uint32_t axis = d.rank > 1 && below(g->dice, 4) ? 1 : below(g->dice, d.rank);
    const uint32_t parts = d.dim[axis] > 2 ? between(g->dice, 2, 3) : d.dim[axis];
    uint32_t outs[3], left = d.dim[axis], list = NO_VALUE;
    int64_t sizes[3];
    for (uint32_t i = 0; i < parts; i++) {
        uint32_t most = left - (parts - 1 - i);
        if (most > 16 && one_in(g->dice, 2))
            most = 16;
        sizes[i] = i + 1 == parts ? left : between(g->dice, 1, most);
        left -= (uint32_t)sizes[i];
    }
    if (d.dim[axis] % parts == 0 && one_in(g->dice, 3)) {
        for (uint32_t i = 0; i < parts; i++)
            sizes[i] = d.dim[axis] / parts;
        if (g->onnx.opset >= 18)
            onnx_int(&g->onnx, "num_outputs", parts);
    } else {
        list = list_of(g, sizes, parts);
    }
    for (uint32_t i = 0; i < parts; i++) {
        struct dims out = d;
        out.dim[axis] = (uint32_t)sizes[i];
        outs[i] = new_value(g, out, g->values[x].size);
        show(g, outs[i]);
    }
    onnx_int(&g->onnx, "axis", axis);
    onnx_node(&g->onnx, "Split", (uint32_t[]){x, list}, list == NO_VALUE ? 1 : 2, outs,
              parts);
    return outs[below(g->dice, parts)];
}

uint32_t add_gather(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    if (!d.rank)
        return x;
    const uint32_t axis = d.rank > 1 && one_in(g->dice, 2) ? 1 : below(g->dice, d.rank);
    const uint32_t dim = d.dim[axis], n = between(g->dice, 1, 20);
    int64_t indices[20];
    struct dims shape = {1, {n}}, out = {0};
    if (one_in(g->dice, 4))
        shape.rank = 0;
    else if (n % 2 == 0 && d.rank < MAX_RANK - 1 && one_in(g->dice, 4))
        shape = (struct dims){2, {2, n / 2}};
    for (uint32_t i = 0; i < n; i++)
        indices[i] = (int64_t)below(g->dice, dim) - (one_in(g->dice, 4) ? dim : 0);
    for (uint32_t i = 0; i < d.rank; i++) {
        if (i != axis)
            out.dim[out.rank++] = d.dim[i];
        for (uint32_t k = 0; i == axis && k < shape.rank; k++)
            out.dim[out.rank++] = shape.dim[k];
    }
    if (n_elements(&out) > MAX_ELEMENTS)
        return x;
    const uint32_t list = new_value(g, shape, 0);
    onnx_integers(&g->onnx, list, &shape, indices);
    onnx_int(&g->onnx, "axis", axis);
    return add_node(g, "Gather", (uint32_t[]){x, list}, 2, out, g->values[x].size);
}

uint32_t add_concat(struct generator *g, const uint32_t *parts, uint32_t n, uint32_t axis)
{
    struct dims out = *dims_of(g, parts[0]);
    double size = 0;
    out.dim[axis] = 0;
    for (uint32_t i = 0; i < n; i++) {
        out.dim[axis] += dims_of(g, parts[i])->dim[axis];
        if (g->values[parts[i]].size > size)
            size = g->values[parts[i]].size;
    }
    onnx_int(&g->onnx, "axis",
             one_in(g->dice, 3) ? (int64_t)axis - out.rank : (int64_t)axis);
    return add_node(g, "Concat", parts, n, out, size);
}

static bool fits_beside(const struct dims *a, const struct dims *b, uint32_t axis)
{
    bool fits = a->rank == b->rank;
    for (uint32_t i = 0; fits && i < a->rank; i++)
        fits = i == axis || a->dim[i] == b->dim[i];
    return fits;
}

/* With other values of the scope that fit, with itself, with constants. */
uint32_t add_random_concat(struct generator *g, uint32_t x)
{
    const struct dims d = *dims_of(g, x);
    if (!d.rank)
        return x;
    const uint32_t axis = d.rank > 1 && below(g->dice, 3) ? 1 : below(g->dice, d.rank);
    uint32_t parts[4] = {x}, n = 1;
    size_t size = n_elements(&d);
    for (uint32_t tries = 0; tries < 12 && n < 4; tries++) {
        uint32_t y = g->scope[below(g->dice, g->n_scope)];
        if (one_in(g->dice, 10) && g->n_values)
            y = below(g->dice, g->n_values);
        const bool usable =
            g->values[y].size > 0 && (g->values[y].constant || y < g->n_values);
        bool visible = g->values[y].constant;
        for (uint32_t i = 0; i < g->n_scope && !visible; i++)
            visible = g->scope[i] == y;
        if (!usable || !visible || !fits_beside(&d, dims_of(g, y), axis) ||
            (y == x && below(g->dice, 4)))
            continue;
        size += n_elements(dims_of(g, y));
        if (size <= MAX_ELEMENTS)
            parts[n++] = y;
        else
            break;
    }
    if (n == 1) {
        struct dims beside = d;
        beside.dim[axis] = between(g->dice, 1, 16);
        if (n_elements(&beside) + size <= MAX_ELEMENTS)
            parts[n++] = random_constant(g, beside, 1);
    }
    const uint32_t k = below(g->dice, n), moved = parts[k];
    parts[k] = parts[0];
    parts[0] = moved;
    return add_concat(g, parts, n, axis);
}

uint32_t add_pad(struct generator *g, uint32_t x)
{
    static const char *const modes[] = {"constant", "reflect", "edge"};
    const struct dims d = *dims_of(g, x);
    const uint32_t mode = below(g->dice, 3);
    struct dims out = d;
    int64_t pads[2 * MAX_RANK];
    if (!d.rank)
        return x;
    for (uint32_t i = 0; i < d.rank; i++) {
        int64_t *const begin = &pads[i], *const end = &pads[i + d.rank];
        const bool left_alone =
            i == 0 || (i == 1 ? below(g->dice, 4) : below(g->dice, 3)) != 0;
        const uint32_t most = mode == 1 ? d.dim[i] - 1 : 3;
        *begin = left_alone ? 0 : below(g->dice, (most < 3 ? most : 3) + 1);
        *end = left_alone ? 0 : below(g->dice, (most < 3 ? most : 3) + 1);
        if (!left_alone && mode != 1 && d.dim[i] > 2 && one_in(g->dice, 4))
            *begin = -1;
        if (!left_alone && mode != 1 && d.dim[i] > 3 && one_in(g->dice, 4))
            *end = -2;
        out.dim[i] = (uint32_t)(d.dim[i] + *begin + *end);
    }
    if (n_elements(&out) > MAX_ELEMENTS)
        return x;
    uint32_t inputs[3] = {x, list_of(g, pads, 2 * d.rank), NO_VALUE};
    if (mode == 0 && one_in(g->dice, 2))
        inputs[2] = random_constant(g, (struct dims){0}, 1);
    onnx_text(&g->onnx, "mode", modes[mode]);
    return add_node(g, "Pad", inputs, inputs[2] == NO_VALUE ? 2 : 3, out,
                    g->values[x].size + 1);
}
