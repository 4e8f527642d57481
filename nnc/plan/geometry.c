/* SPDX-License-Identifier: MIT */
#include "geometry.h"

#include <string.h>

uint32_t nnc_edge_height(const struct nnc_edge *e)
{
    return e->shape.rank == 4 ? e->shape.dim[2] : 1;
}

uint32_t nnc_edge_width(const struct nnc_edge *e)
{
    return e->shape.rank == 4 ? e->shape.dim[3] : (uint32_t)e->pixels;
}

struct nnc_strides nnc_edge_strides(const struct nnc_edge *e)
{
    const size_t pixels = e->pixels;
    if (e->numbers != NNC_PRECISION_FP32) {
        const size_t words = nnc_narrow_words(e->numbers, NNC_BLOCK);
        return (struct nnc_strides){.block = words * pixels, .lane = 0,
                                    .row = words * nnc_edge_width(e), .pixel = words};
    }
    if (e->blocked || pixels == 1)
        return (struct nnc_strides){.block = NNC_BLOCK * pixels, .lane = 1,
                                    .row = (size_t)NNC_BLOCK * nnc_edge_width(e),
                                    .pixel = NNC_BLOCK};
    return (struct nnc_strides){.block = NNC_BLOCK * pixels, .lane = pixels,
                                .row = nnc_edge_width(e), .pixel = 1};
}

static void pair(uint32_t to[2], const uint32_t from[2])
{
    memcpy(to, from, 2 * sizeof *to);
}

/* A 1x1 convolution that reads every pixel once needs no rows: several short ones in one give
 * fuller tiles. */
static void join_rows(struct nnc_conv_args *a)
{
    enum { MAX_JOINED = 64 };
    for (int i = 0; i < 2; i++)
        if (a->kernel[i] != 1 || a->stride[i] != 1 || a->pad[i])
            return;
    if (a->in_height != a->out_height || a->in_width != a->out_width)
        return; /* padding after the last pixel */
    uint32_t rows = a->out_height;
    while (rows > 1 && (a->out_height % rows || rows * a->out_width > MAX_JOINED))
        rows--;
    a->in_height = a->out_height /= rows;
    a->in_width = a->out_width *= rows;
    a->xs.row *= rows;
    a->ys.row *= rows;
}

static void conv_geometry(const struct nnc_edge *in, const struct nnc_edge *out,
                          const struct nnc_conv *c, struct nnc_conv_args *a)
{
    a->xs = nnc_edge_strides(in);
    a->ys = nnc_edge_strides(out);
    a->in_channels = in->channels;
    a->in_height = nnc_edge_height(in);
    a->in_width = nnc_edge_width(in);
    a->out_channels = out->channels;
    a->out_height = nnc_edge_height(out);
    a->out_width = nnc_edge_width(out);
    pair(a->kernel, c->kernel);
    pair(a->stride, c->stride);
    pair(a->dilation, c->dilation);
    pair(a->pad, c->pad_begin);
    join_rows(a);
}

/* A matrix product is a 1x1 convolution over a row of M pixels that lie one after the
 * other with all their channels. */
static void gemm_geometry(const struct nnc_edge *in, const struct nnc_edge *out,
                          bool transposed, struct nnc_conv_args *a)
{
    static const uint32_t one[2] = {1, 1};
    const struct nnc_shape *const x = &in->shape; /* transposed: it has one row, see lowering */
    a->in_channels = transposed ? x->dim[0] : x->dim[1];
    a->in_height = a->out_height = 1;
    a->in_width = a->out_width = transposed ? 1 : x->dim[0];
    a->out_channels = out->shape.dim[1];
    a->xs = (struct nnc_strides){.block = NNC_BLOCK, .lane = 1, .row = 0,
                                 .pixel = a->in_channels};
    a->ys = (struct nnc_strides){.block = NNC_BLOCK, .lane = 1, .row = 0,
                                 .pixel = a->out_channels};
    if (in->numbers != NNC_PRECISION_FP32)
        a->xs = nnc_edge_strides(in); /* of one row, see lowering */
    a->exact_tail = true;
    pair(a->kernel, one);
    pair(a->stride, one);
    pair(a->dilation, one);
}

void nnc_conv_geometry(const struct nnc_program *program, const struct nnc_step *step,
                       struct nnc_conv_args *args)
{
    const struct nnc_node *const node = &program->graph->nodes[step->node];
    const struct nnc_edge *const in = &program->edges[step->in[0]];
    const struct nnc_edge *const out = &program->edges[step->out];
    *args = (struct nnc_conv_args){0};
    if (node->op == NNC_OP_GEMM)
        gemm_geometry(in, out, node->gemm.transpose_a, args);
    else
        conv_geometry(in, out, &node->conv, args);
}
