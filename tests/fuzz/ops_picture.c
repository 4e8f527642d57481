/* SPDX-License-Identifier: MIT */
/* Operators on pictures of features. Channel counts lie around multiples of the block of
 * 16, where layouts change. */

#include "generator.h"

#include <math.h>

bool is_picture(const struct generator *g, uint32_t x)
{
    const struct dims *const d = dims_of(g, x);
    return d->rank == 4 && d->dim[0] == 1;
}

struct window {
    uint32_t kernel[2], stride[2], dilation[2], begin[2], end[2], out[2];
    const char *auto_pad;
};

static uint32_t extent(const struct window *w, int i)
{
    return (w->kernel[i] - 1) * w->dilation[i] + 1;
}

static void write_window(struct generator *g, const struct window *w, bool dilations)
{
    const int64_t pads[4] = {w->begin[0], w->begin[1], w->end[0], w->end[1]};
    const int64_t kernel[2] = {w->kernel[0], w->kernel[1]};
    const int64_t stride[2] = {w->stride[0], w->stride[1]};
    const int64_t dilation[2] = {w->dilation[0], w->dilation[1]};
    onnx_ints(&g->onnx, "kernel_shape", kernel, 2);
    onnx_ints(&g->onnx, "strides", stride, 2);
    if (w->auto_pad)
        onnx_text(&g->onnx, "auto_pad", w->auto_pad);
    else
        onnx_ints(&g->onnx, "pads", pads, 4);
    if (dilations)
        onnx_ints(&g->onnx, "dilations", dilation, 2);
}

/* A window that fits: every pad is smaller than the window, so none sees padding alone.
 */
static struct window random_window(struct generator *g, const struct dims *x,
                                   bool dilations, bool pads, bool up)
{
    static const uint32_t kernels[] = {1, 1, 2, 3, 3, 3, 4, 5};
    struct window w = {.auto_pad = NULL};
    const bool automatic = pads && !up && one_in(g->dice, 8);
    if (automatic)
        w.auto_pad = one_in(g->dice, 2) ? "SAME_UPPER" : "SAME_LOWER";
    for (int i = 0; i < 2; i++) {
        const uint32_t in = x->dim[2 + i];
        w.kernel[i] = kernels[below(g->dice, sizeof kernels / sizeof *kernels)];
        w.stride[i] = one_in(g->dice, 3) ? between(g->dice, 2, 3) : 1;
        w.dilation[i] = dilations && one_in(g->dice, 4) ? 2 : 1;
        if (w.kernel[i] > in && !pads)
            w.kernel[i] = in;
        if (w.dilation[i] > in || (!pads && extent(&w, i) > in) || automatic)
            w.dilation[i] = 1;
        if (automatic && w.kernel[i] > in)
            w.kernel[i] = 1;
        const uint32_t most = extent(&w, i) - 1;
        w.begin[i] = pads && below(g->dice, 4) ? below(g->dice, most + 1) : 0;
        w.end[i] = pads && below(g->dice, 4) ? below(g->dice, most + 1) : 0;
        if (one_in(g->dice, 2) && pads)
            w.begin[i] = w.end[i] = most / 2;
        while (in + w.begin[i] + w.end[i] < extent(&w, i))
            w.begin[i] < most ? w.begin[i]++ : w.end[i]++;
        const uint32_t room = in + w.begin[i] + w.end[i] - extent(&w, i);
        w.out[i] = (up ? room + w.stride[i] - 1 : room) / w.stride[i] + 1;
        if (up && (w.out[i] - 1) * w.stride[i] >= in + w.begin[i])
            w.out[i]--;
        if (automatic)
            w.out[i] = (in + w.stride[i] - 1) / w.stride[i];
    }
    return w;
}

static uint32_t random_channels(struct generator *g)
{
    static const uint32_t counts[] = {1, 2, 3, 5, 8, 15, 16, 16, 17, 31, 32, 33, 48};
    return counts[below(g->dice, sizeof counts / sizeof *counts)];
}

static uint32_t divisor_of(struct generator *g, uint32_t n)
{
    uint32_t d = between(g->dice, 1, n);
    while (n % d)
        d--;
    return d;
}

static uint32_t conv(struct generator *g, uint32_t x, uint32_t outs, uint32_t groups,
                     const struct window *w)
{
    const struct dims *const d = dims_of(g, x);
    const uint32_t ins = d->dim[1] / groups, taps = w->kernel[0] * w->kernel[1];
    const struct dims out = {4, {1, outs, w->out[0], w->out[1]}};
    if (n_elements(&out) > MAX_ELEMENTS || n_elements(&out) * ins * taps > MAX_MACS)
        return x;
    const double size = 2 / sqrt((double)ins * taps);
    const struct dims weights = {4, {outs, ins, w->kernel[0], w->kernel[1]}};
    const uint32_t inputs[3] = {x, random_constant(g, weights, size < 1 ? size : 1),
                                random_constant(g, (struct dims){1, {outs}}, 0.5)};
    write_window(g, w, true);
    if (groups > 1 || one_in(g->dice, 3))
        onnx_int(&g->onnx, "group", groups);
    return add_node(g, "Conv", inputs, 3u - one_in(g->dice, 4), out,
                    g->values[x].size + 0.5);
}

uint32_t add_conv(struct generator *g, uint32_t x)
{
    x = add_picture(g, x);
    const uint32_t ins = dims_of(g, x)->dim[1];
    uint32_t groups = 1, outs = random_channels(g);
    if (one_in(g->dice, 3)) {
        groups = divisor_of(g, ins);
        outs = groups * between(g->dice, 1, outs / groups + 1);
    }
    const struct window w = random_window(g, dims_of(g, x), true, true, false);
    return conv(g, x, outs, groups, &w);
}

uint32_t add_conv_to(struct generator *g, uint32_t x, uint32_t channels)
{
    struct window w = {{1, 1}, {1, 1}, {1, 1}, {0}, {0}, {0}, NULL};
    for (int i = 0; i < 2; i++) {
        w.kernel[i] = one_in(g->dice, 2) ? 3 : 1;
        w.begin[i] = w.end[i] = w.kernel[i] / 2;
        w.out[i] = dims_of(g, x)->dim[2 + i];
    }
    return conv(g, x, channels, 1, &w);
}

uint32_t add_depthwise(struct generator *g, uint32_t x)
{
    x = add_picture(g, x);
    const uint32_t channels = dims_of(g, x)->dim[1];
    const struct window w = random_window(g, dims_of(g, x), true, true, false);
    return conv(g, x, channels * (one_in(g->dice, 3) ? between(g->dice, 2, 3) : 1),
                channels, &w);
}

uint32_t add_batch_norm(struct generator *g, uint32_t x)
{
    if (dims_of(g, x)->rank < 2 || dims_of(g, x)->dim[0] != 1)
        x = add_picture(g, x);
    const struct dims vector = {1, {dims_of(g, x)->dim[1]}};
    const uint32_t inputs[5] = {
        x, random_constant(g, vector, 1), random_constant(g, vector, 1),
        random_constant(g, vector, 1), positive_constant(g, vector)};
    if (one_in(g->dice, 2))
        onnx_float(&g->onnx, "epsilon", 0.001f);
    return add_node(g, "BatchNormalization", inputs, 5, *dims_of(g, x),
                    1.5 * g->values[x].size + 2);
}

uint32_t add_pool(struct generator *g, uint32_t x)
{
    x = add_picture(g, x);
    const bool average = one_in(g->dice, 2), up = one_in(g->dice, 3);
    const struct window w =
        random_window(g, dims_of(g, x), !average, below(g->dice, 2), up);
    const struct dims out = {4, {1, dims_of(g, x)->dim[1], w.out[0], w.out[1]}};
    if (n_elements(&out) > MAX_ELEMENTS)
        return x;
    write_window(g, &w, !average);
    if (up)
        onnx_int(&g->onnx, "ceil_mode", 1);
    if (average && one_in(g->dice, 2))
        onnx_int(&g->onnx, "count_include_pad", 1);
    return add_node(g, average ? "AveragePool" : "MaxPool", &x, 1, out,
                    g->values[x].size);
}

static uint32_t add_mean(struct generator *g, uint32_t x, uint32_t mask, bool keep)
{
    const struct dims d = *dims_of(g, x);
    struct dims out = {0};
    int64_t axes[MAX_RANK];
    uint32_t n = 0;
    for (uint32_t i = 0; i < d.rank; i++) {
        const bool reduced = mask >> i & 1;
        if (!reduced || keep)
            out.dim[out.rank++] = reduced ? 1 : d.dim[i];
        if (reduced)
            axes[n++] = one_in(g->dice, 2) ? (int64_t)i - d.rank : (int64_t)i;
    }
    uint32_t inputs[2] = {x, NO_VALUE};
    if (g->onnx.opset < 18)
        onnx_ints(&g->onnx, "axes", axes, n);
    else
        inputs[1] = list_of(g, axes, n);
    onnx_int(&g->onnx, "keepdims", keep);
    return add_node(g, "ReduceMean", inputs, g->onnx.opset < 18 ? 1 : 2, out,
                    g->values[x].size);
}

uint32_t add_average(struct generator *g, uint32_t x)
{
    x = add_picture(g, x);
    if (one_in(g->dice, 3))
        return add_mean(g, x, 1 << 2 | 1 << 3, one_in(g->dice, 2));
    const struct dims out = {4, {1, dims_of(g, x)->dim[1], 1, 1}};
    return add_node(g, "GlobalAveragePool", &x, 1, out, g->values[x].size);
}

uint32_t add_other_mean(struct generator *g, uint32_t x)
{
    const uint32_t rank = dims_of(g, x)->rank;
    if (!rank)
        return x;
    return add_mean(g, x, between(g->dice, 1, (1u << rank) - 1), one_in(g->dice, 2));
}

/* Conv -> BatchNormalization -> Add -> activation -> Mul, with links missing, doubled or
 * read by others too: what the planner fuses, and what it must not. */
uint32_t add_chain(struct generator *g, uint32_t x)
{
    x = add_picture(g, x);
    const uint32_t channels =
        one_in(g->dice, 2) ? dims_of(g, x)->dim[1] : random_channels(g);
    uint32_t y = add_conv_to(g, x, channels);
    for (uint32_t links = between(g->dice, 1, 5); links-- > 0;) {
        const uint32_t before = y;
        switch (below(g->dice, 8)) {
        case 0:
            y = add_batch_norm(g, y);
            break;
        case 1: /* the operand may be the chain's own start, or another convolution */
            if (channels == dims_of(g, x)->dim[1])
                y = one_in(g->dice, 2) ? add_binary(g, "Add", x, y)
                                       : add_binary(g, "Add", y, x);
            break;
        case 2:
            y = add_binary(g, "Add", y, add_conv_to(g, x, channels));
            break;
        case 3:
            y = add_binary(
                g, "Mul", y,
                random_constant(g, (struct dims){below(g->dice, 5), {1, 1, 1, 1}}, 2));
            break;
        case 4:
            y = add_gain(g, y);
            break;
        case 5:
            y = add_binary(g, "Add", y, y);
            break;
        default:
            y = add_activation(g, y);
            break;
        }
        if (one_in(g->dice, 6))
            show(g, before); /* somebody else may read this link */
    }
    return y;
}
