/* SPDX-License-Identifier: MIT */
/* Values as operators want them: constants, of which each gets just what it needs, and
 * channels picked out of what was computed. */

#include "cut_parts.h"

/* Constants -------------------------------------------------------------------------- */

/* Elements [at, at + left) of a constant, read and written piece by piece. */
static void write_range(struct nnc_cut *cut, uint32_t tensor, uint64_t at, uint64_t left)
{
    enum { PIECE = 4096 };
    union {
        float floats[PIECE];
        int32_t integers[PIECE];
    } piece;
    const bool scaled = cut->graph->tensors[tensor].scaling;
    for (uint64_t n; left && !cut->status; at += n, left -= n) {
        n = left < PIECE ? left : PIECE;
        cut->status = scaled ? nnc_graph_read_integers(cut->graph, tensor, at, n,
                                                       piece.integers, cut->error)
                             : nnc_graph_read_floats(cut->graph, tensor, at, n,
                                                     piece.floats, cut->error);
        if (!cut->status && scaled)
            nnc_onnx_put_numbers(&cut->writer, piece.integers, n);
        else if (!cut->status)
            nnc_onnx_put_values(&cut->writer, piece.floats, n);
    }
}

/* Channels of one constant. */
static void write_values(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels)
{
    const struct nnc_shape *const shape = &nnc_cut_source(cut, value)->shape;
    uint64_t outer = 1, inner = 1;
    for (uint32_t i = 0; i < shape->rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : shape->dim[i];
    const uint64_t dim = shape->rank ? shape->dim[axis] : 1;
    for (uint64_t o = 0; o < outer; o++)
        for (uint32_t i = 0, run; i < channels.n; i += run) {
            for (run = 1;
                 i + run < channels.n && channels.at[i + run] == channels.at[i] + run;)
                run++;
            write_range(cut, nnc_cut_source(cut, value)->source,
                        (o * dim + channels.at[i]) * inner, run * inner);
        }
}

/* Scales and zero points of a constant of integers, for these channels along `axis`. */
static void write_scaling(struct nnc_cut *cut, const struct nnc_tensor *tensor,
                          enum nnc_onnx_type type, uint32_t axis,
                          struct nnc_channels channels, const char *const names[2])
{
    const struct nnc_scaling *const s = tensor->scaling;
    const bool picked = s->n > 1 && s->axis == axis;
    const uint32_t n = picked ? channels.n : s->n;
    const struct nnc_onnx_dims dims = {s->n > 1, &n};
    nnc_onnx_begin_floats(&cut->writer, names[0], dims);
    for (uint32_t i = 0; i < n; i++)
        nnc_onnx_put_values(&cut->writer, &s->scale[picked ? channels.at[i] : i], 1);
    nnc_onnx_end_floats(&cut->writer);
    nnc_onnx_begin_integers(&cut->writer, names[1], type, dims);
    for (uint32_t i = 0; i < n; i++)
        nnc_onnx_put_numbers(&cut->writer, &s->zero[picked ? channels.at[i] : i], 1);
    nnc_onnx_end_integers(&cut->writer);
}

/* Integers stay integers, behind a DequantizeLinear of the constant's name. */
static void write_scaled(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels, const struct nnc_shape *shape,
                         const char *name)
{
    const struct nnc_tensor *const tensor =
        &cut->graph->tensors[nnc_cut_source(cut, value)->source];
    const enum nnc_onnx_type type = tensor->dtype == NNC_DTYPE_INT8    ? NNC_ONNX_INT8
                                    : tensor->dtype == NNC_DTYPE_UINT8 ? NNC_ONNX_UINT8
                                                                       : NNC_ONNX_INT32;
    const char *const inputs[3] = {nnc_cut_make_up(cut, name), nnc_cut_make_up(cut, name),
                                   nnc_cut_make_up(cut, name)};
    nnc_onnx_begin_integers(&cut->writer, inputs[0], type,
                            (struct nnc_onnx_dims){shape->rank, shape->dim});
    write_values(cut, value, axis, channels);
    nnc_onnx_end_integers(&cut->writer);
    write_scaling(cut, tensor, type, axis, channels, inputs + 1);
    nnc_cut_begin_helper(cut, "DequantizeLinear", inputs, 3, name);
    nnc_onnx_put_int(&cut->writer, "axis", tensor->scaling->axis);
    nnc_onnx_end_node(&cut->writer);
}

static void write_constant(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                           struct nnc_channels channels, const char *name)
{
    const uint32_t tensor = nnc_cut_source(cut, value)->source;
    const bool initializer = cut->graph->tensors[tensor].initializer;
    struct nnc_shape shape = nnc_cut_source(cut, value)->shape;
    if (shape.rank)
        shape.dim[axis] = channels.n;
    if (cut->graph->tensors[tensor].scaling) {
        write_scaled(cut, value, axis, channels, &shape, name);
        cut->written[tensor] += nnc_shape_elements(&shape);
        return;
    }
    if (!initializer)
        nnc_onnx_begin_node(&cut->writer, "Constant", nnc_cut_make_up(cut, name), NULL, 0,
                            name);
    nnc_onnx_begin_floats(&cut->writer, initializer ? name : NULL,
                          (struct nnc_onnx_dims){shape.rank, shape.dim});
    write_values(cut, value, axis, channels);
    nnc_onnx_end_floats(&cut->writer);
    if (!initializer)
        nnc_onnx_end_node(&cut->writer);
    cut->written[tensor] += nnc_shape_elements(&shape);
}

const char *nnc_cut_value(struct nnc_cut *cut, uint32_t value)
{
    const char *const name = cut->name[value];
    cut->read_varying = cut->read_varying || cut->varies[value];
    bool *const shared = nnc_cut_source(cut, value)->kind == NNC_VALUE_TENSOR
                             ? &cut->shared[nnc_cut_source(cut, value)->source]
                             : NULL;
    if (shared && !*shared) {
        *shared = true;
        write_constant(cut, value, cut->need->axis[value], nnc_cut_needed(cut, value),
                       name);
    }
    return name ? name : "";
}

/* What all of it need is written once; who needs less gets a copy of its part. */
static const char *rows_of(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                           struct nnc_channels channels)
{
    const struct nnc_shape *const shape = &nnc_cut_source(cut, value)->shape;
    const bool along = axis == cut->need->axis[value];
    if (!shape->rank || channels.n == (along ? cut->count[value] : shape->dim[axis]))
        return nnc_cut_value(cut, value);
    const char *const name = nnc_cut_make_up(cut, nnc_cut_source(cut, value)->name);
    write_constant(cut, value, axis, channels, name);
    return name;
}

const char *nnc_cut_list(struct nnc_cut *cut, const char *base, const int64_t *values,
                         uint32_t n)
{
    const char *const name = nnc_cut_make_up(cut, base);
    nnc_onnx_put_integers(&cut->writer, name, (struct nnc_onnx_dims){1, &n}, values);
    return name;
}

const char *nnc_cut_number(struct nnc_cut *cut, float value)
{
    const char *const name = nnc_cut_make_up(cut, "number");
    nnc_onnx_begin_floats(&cut->writer, name, (struct nnc_onnx_dims){0});
    nnc_onnx_put_values(&cut->writer, &value, 1);
    nnc_onnx_end_floats(&cut->writer);
    return name;
}

uint64_t nnc_cut_params(const struct nnc_cut *cut)
{
    uint64_t n = 0;
    for (uint32_t t = 0; t < cut->graph->n_tensors; t++)
        if (cut->graph->tensors[t].initializer)
            n += cut->written[t];
    return n;
}

/* Selection -------------------------------------------------------------------------- */

static bool follow_each_other(const uint32_t *at, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (at[i] != at[0] + i)
            return false;
    return true;
}

void nnc_cut_select(struct nnc_cut *cut, const char *from, uint32_t axis,
                    const uint32_t *at, uint32_t n, const char *to)
{
    int64_t *const numbers = nnc_cut_alloc(cut, n, sizeof *numbers);
    if (!numbers)
        return;
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = at[i];
    if (follow_each_other(at, n)) {
        const int64_t end = (int64_t)at[0] + n, along = axis;
        const char *const inputs[] = {from, nnc_cut_list(cut, "start", numbers, 1),
                                      nnc_cut_list(cut, "end", &end, 1),
                                      nnc_cut_list(cut, "axis", &along, 1)};
        nnc_cut_begin_helper(cut, "Slice", inputs, 4, to);
    } else {
        const char *const inputs[] = {from, nnc_cut_list(cut, "channels", numbers, n)};
        nnc_cut_begin_helper(cut, "Gather", inputs, 2, to);
        nnc_onnx_put_int(&cut->writer, "axis", axis);
    }
    nnc_onnx_end_node(&cut->writer);
}

const char *nnc_cut_pick(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels)
{
    if (nnc_cut_source(cut, value)->kind == NNC_VALUE_TENSOR)
        return rows_of(cut, value, axis, channels);
    const bool along = axis == cut->need->axis[value];
    const uint32_t there =
        along ? cut->count[value] : nnc_cut_source(cut, value)->shape.dim[axis];
    const char *const from = nnc_cut_value(cut, value);
    uint32_t *const at = nnc_cut_alloc(cut, channels.n, sizeof *at);
    if (!at)
        return "";
    for (uint32_t i = 0; i < channels.n; i++)
        at[i] = along ? cut->position[value][channels.at[i]] : channels.at[i];
    if (channels.n == there && !at[0] && follow_each_other(at, channels.n))
        return from;
    const char *const to = nnc_cut_make_up(cut, nnc_cut_source(cut, value)->name);
    nnc_cut_select(cut, from, axis, at, channels.n, to);
    return to;
}

const char *nnc_cut_places(struct nnc_cut *cut, uint32_t value, uint32_t *at, uint32_t n)
{
    const uint32_t *place = cut->position[value];
    const char *name;
    if (nnc_cut_source(cut, value)->kind == NNC_VALUE_TENSOR) {
        const uint32_t channels = cut->need->channels[value];
        struct nnc_channels own = {0};
        uint32_t *const listed = nnc_cut_alloc(cut, channels, sizeof *listed);
        uint32_t *const of_own = nnc_cut_alloc(cut, channels, sizeof *of_own);
        if (!listed || !of_own)
            return "";
        for (uint32_t i = 0; i < n; i++)
            of_own[at[i]] = 1;
        for (uint32_t c = 0; c < channels; c++)
            if (of_own[c]) {
                of_own[c] = own.n;
                listed[own.n++] = c;
            }
        own.at = listed;
        place = of_own;
        name = rows_of(cut, value, cut->need->axis[value], own);
    } else {
        name = nnc_cut_value(cut, value);
    }
    for (uint32_t i = 0; i < n; i++)
        at[i] = place[at[i]];
    return name;
}
