/* SPDX-License-Identifier: MIT */
/* Operators that put elements side by side, rename their dimensions, or take them from
 * elsewhere: indices and sizes are those of the channels that are left. */

#include "cut_parts.h"

#include <math.h>

enum { AXES = NNC_MAX_RANK };

void nnc_write_concat(const struct nnc_writing *w)
{
    const bool along = w->node->axis == w->axis;
    const char **const inputs = nnc_cut_alloc(w->cut, w->node->n_inputs, sizeof *inputs);
    uint32_t n = 0, before = 0, k = 0;
    for (uint32_t i = 0; inputs && i < w->node->n_inputs; i++) {
        const uint32_t value = w->node->inputs[i];
        const uint32_t size = nnc_writing_shape(w, value)->dim[w->axis];
        struct nnc_channels part = w->needed;
        if (along) { /* those of the needed channels that lie in this input */
            uint32_t *const at = nnc_cut_alloc(w->cut, size, sizeof *at);
            for (part.n = 0; at && k < w->needed.n && w->needed.at[k] < before + size;
                 k++)
                at[part.n++] = w->needed.at[k] - before;
            part.at = at;
            before += size;
        }
        if (part.n)
            inputs[n++] = nnc_cut_pick(w->cut, value, w->axis, part);
    }
    if (!inputs)
        return;
    nnc_cut_begin(w->cut, w->node, "Concat", inputs, n, nnc_writing_name(w));
    nnc_onnx_put_int(&w->cut->writer, "axis", w->node->axis);
    nnc_onnx_end_node(&w->cut->writer);
}

static void write_reshape_to(const struct nnc_writing *w, const char *x,
                             const struct nnc_shape *shape, const char *name)
{
    int64_t dims[AXES];
    for (uint32_t i = 0; i < shape->rank; i++)
        dims[i] = shape->dim[i];
    const char *const inputs[2] = {x, nnc_cut_list(w->cut, "shape", dims, shape->rank)};
    nnc_cut_begin(w->cut, w->node, "Reshape", inputs, 2, name);
    nnc_onnx_end_node(&w->cut->writer);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    return b ? common_divisor(b, a % b) : a;
}

/* The input's channels in which the needed ones of the result lie. */
static struct nnc_channels touched(const struct nnc_writing *w, uint64_t mine,
                                   uint64_t theirs)
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

/* Where, among units of a size that divides both, the needed channels of the result lie
 * in the channels `from` of the input. */
static uint32_t *places_of_units(const struct nnc_writing *w, struct nnc_channels from,
                                 uint64_t mine, uint64_t theirs, uint64_t unit)
{
    uint32_t *const at = nnc_cut_alloc(w->cut, w->needed.n * (mine / unit), sizeof *at);
    uint64_t k = 0, there = 0;
    for (uint32_t i = 0; at && i < w->needed.n; i++)
        for (uint64_t u = 0; u < mine; u += unit) {
            const uint64_t element = w->needed.at[i] * mine + u;
            while (from.at[there] < element / theirs)
                there++;
            at[k++] = (uint32_t)((there * theirs + element % theirs) / unit);
        }
    return at;
}

/* Channels of one size from some of another size. If these have elements that are not
 * needed, they are taken apart into units, and the needed ones picked. */
static void write_regrouped(const struct nnc_writing *w, uint64_t mine, uint64_t theirs)
{
    struct nnc_cut *const cut = w->cut;
    const uint32_t value = w->node->inputs[0];
    const struct nnc_channels from = touched(w, mine, theirs);
    const struct nnc_shape result = nnc_cut_shape(cut, w->node->output);
    const char *x = nnc_cut_pick(cut, value, cut->need->axis[value], from);
    if (from.n * theirs != w->needed.n * mine) {
        const uint64_t unit = common_divisor(mine, theirs);
        const uint64_t units = w->needed.n * (mine / unit);
        const int64_t apart[3] = {1, (int64_t)(from.n * theirs / unit), (int64_t)unit};
        const uint32_t *const at = places_of_units(w, from, mine, theirs, unit);
        const char *const inputs[2] = {x, nnc_cut_list(cut, "units", apart, 3)};
        const char *const split = nnc_cut_make_up(cut, nnc_writing_name(w));
        nnc_cut_begin_helper(cut, "Reshape", inputs, 2, split);
        nnc_onnx_end_node(&cut->writer);
        x = nnc_cut_make_up(cut, nnc_writing_name(w));
        if (at)
            nnc_cut_select(cut, split, 1, at, (uint32_t)units, x);
    }
    write_reshape_to(w, x, &result, nnc_writing_name(w));
}

void nnc_write_reshape(const struct nnc_writing *w)
{
    uint64_t mine, theirs;
    if (nnc_demand_regroups(w->cut->need, w->node, &mine, &theirs)) {
        write_regrouped(w, mine, theirs);
        return;
    }
    const char *const x = nnc_writing_operand(w), *const result = nnc_writing_result(w);
    write_reshape_to(w, x, w->out, result);
    nnc_writing_finish(w, result);
}

static void put_perm(const struct nnc_writing *w)
{
    int64_t perm[AXES];
    for (uint32_t i = 0; i < w->x->rank; i++)
        perm[i] = w->node->perm[i];
    nnc_onnx_put_ints(&w->cut->writer, "perm", perm, w->x->rank);
}

void nnc_write_transpose(const struct nnc_writing *w)
{
    nnc_writing_unary(w, "Transpose", put_perm);
}

/* The input of a Slice or Gather along its channels, and where in it the needed ones are.
 */
static const char *picked(const struct nnc_writing *w, uint32_t *at)
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

static void add_range(struct ranges *r, uint32_t axis, uint32_t start, int64_t step,
                      uint32_t n)
{
    const int64_t end = (int64_t)start + step * n;
    r->axis[r->n] = axis;
    r->start[r->n] = start;
    r->end[r->n] = end < 0 ? INT32_MIN : end; /* -1 would be the last element */
    r->step[r->n++] = step;
}

static void write_ranges(const struct nnc_writing *w, const struct ranges *r,
                         const char *x, const char *name)
{
    const char *const inputs[5] = {x, nnc_cut_list(w->cut, "starts", r->start, r->n),
                                   nnc_cut_list(w->cut, "ends", r->end, r->n),
                                   nnc_cut_list(w->cut, "axes", r->axis, r->n),
                                   nnc_cut_list(w->cut, "steps", r->step, r->n)};
    nnc_cut_begin(w->cut, w->node, "Slice", inputs, 5, name);
    nnc_onnx_end_node(&w->cut->writer);
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
static struct ranges other_ranges(const struct nnc_writing *w, uint32_t channels)
{
    const struct nnc_slice *const s = &w->node->slice;
    struct ranges r = {.n = 0};
    for (uint32_t i = 0; i < w->x->rank; i++)
        if (i != channels && (w->out->dim[i] != w->x->dim[i] || s->start[i]))
            add_range(&r, i, s->start[i], w->out->dim[i] > 1 ? s->step[i] : 1,
                      w->out->dim[i]);
    return r;
}

void nnc_write_slice(const struct nnc_writing *w)
{
    int64_t step;
    if (!w->x->rank) { /* of a single number: no axis to name */
        nnc_writing_unary(w, "Identity", NULL);
        return;
    }
    if (!nnc_demand_picks(w->cut->need, w->node)) {
        const char *const result = nnc_writing_result(w);
        struct ranges all = other_ranges(w, NNC_NONE);
        if (!all.n)
            add_range(&all, 0, 0, 1, w->x->dim[0]);
        write_ranges(w, &all, nnc_writing_whole(w, 0), result);
        nnc_writing_finish(w, result);
        return;
    }
    uint32_t *const at = nnc_cut_alloc(w->cut, w->needed.n, sizeof *at);
    const char *const x = picked(w, at);
    struct ranges others = other_ranges(w, w->axis);
    if (!at)
        return;
    if (are_even(at, w->needed.n, &step)) {
        add_range(&others, w->axis, at[0], step, w->needed.n);
        write_ranges(w, &others, x, nnc_writing_name(w));
        return;
    }
    const char *const gathered =
        others.n ? nnc_cut_make_up(w->cut, nnc_writing_name(w)) : nnc_writing_name(w);
    nnc_cut_select(w->cut, x, w->axis, at, w->needed.n, gathered);
    if (others.n)
        write_ranges(w, &others, gathered, nnc_writing_name(w));
}

/* Indices of the given shape along the node's axis. */
static void write_gather_of(const struct nnc_writing *w, const char *x,
                            const uint32_t *at, struct nnc_onnx_dims dims,
                            const char *name)
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
    nnc_cut_begin(w->cut, w->node, "Gather", inputs, 2, name);
    nnc_onnx_put_int(&w->cut->writer, "axis", w->node->gather.axis);
    nnc_onnx_end_node(&w->cut->writer);
}

void nnc_write_gather(const struct nnc_writing *w)
{
    const struct nnc_gather *const g = &w->node->gather;
    const uint32_t x = w->node->inputs[0];
    const struct nnc_onnx_dims dims = {w->out->rank + 1 - w->x->rank,
                                       w->out->dim + g->axis};
    if (nnc_demand_picks(w->cut->need, w->node)) {
        uint32_t *const at = nnc_cut_alloc(w->cut, w->needed.n, sizeof *at);
        const char *const from = picked(w, at);
        write_gather_of(w, from, at, (struct nnc_onnx_dims){1, &w->needed.n},
                        nnc_writing_name(w));
        return;
    }
    /* The input has what the indices name, if they go along its channels. */
    const char *const result = nnc_writing_result(w);
    const bool along = g->axis == w->cut->need->axis[x];
    uint32_t *const at = nnc_cut_alloc(w->cut, g->n_indices, sizeof *at);
    for (uint32_t i = 0; at && i < g->n_indices; i++)
        at[i] = g->indices[i];
    const char *const from = along && at ? nnc_cut_places(w->cut, x, at, g->n_indices)
                                         : nnc_writing_operand(w);
    write_gather_of(w, from, at, dims, result);
    nnc_writing_finish(w, result);
}

void nnc_write_pad(const struct nnc_writing *w)
{
    static const char *const modes[] = {[NNC_PAD_CONSTANT] = "constant",
                                        [NNC_PAD_REFLECT] = "reflect",
                                        [NNC_PAD_EDGE] = "edge"};
    const struct nnc_pad *const pad = &w->node->pad;
    const uint32_t rank = w->x->rank;
    int64_t pads[2 * AXES];
    for (uint32_t i = 0; i < rank; i++) {
        pads[i] = pad->begin[i];
        pads[rank + i] = pad->end[i];
    }
    const bool valued =
        pad->mode == NNC_PAD_CONSTANT && (pad->value != 0 || signbit(pad->value));
    const char *const inputs[3] = {nnc_writing_operand(w),
                                   nnc_cut_list(w->cut, "pads", pads, 2 * rank),
                                   valued ? nnc_cut_number(w->cut, pad->value) : NULL};
    const char *const result = nnc_writing_result(w);
    nnc_cut_begin(w->cut, w->node, "Pad", inputs, valued ? 3 : 2, result);
    nnc_onnx_put_text(&w->cut->writer, "mode", modes[pad->mode]);
    nnc_onnx_end_node(&w->cut->writer);
    nnc_writing_finish(w, result);
}
