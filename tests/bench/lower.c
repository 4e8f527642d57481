/* SPDX-License-Identifier: MIT */
/* Writes a network as plainly as an engine could wish for: batch normalisation folded,
 * residual and activation named with their convolution, no attention, no presence
 * outputs, nothing but what the logits need. Engines that read no ONNX are fed from it,
 * and so is everyone else where the file itself would be a handicap.
 *
 *     bench_lower MODEL LAYERS WEIGHTS
 *
 * LAYERS has a line per layer; numbers are values made by earlier layers or offsets into
 * WEIGHTS, in floats:
 *
 *     input ID C H W
 *     conv ID X O KH KW SH SW DH DW TOP LEFT BOTTOM RIGHT GROUPS LOW HIGH RESIDUAL WEIGHT
 * BIAS gemm ID X O LOW HIGH WEIGHT BIAS clip ID X LOW HIGH add ID A B average ID X concat
 * ID N X... output ID
 *
 * LOW and HIGH clip the result (-inf and inf: they do not); RESIDUAL is -1 or a value
 * that is added before. Weights are [O][I / groups][KH][KW] and [O][I]. Fails with the
 * layer's name where a network has more than that. */

#include "plan/program.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    const struct nnc_program *program;
    const struct nnc_graph *graph;
    FILE *layers, *weights;
    uint64_t offset; /* floats written */
    bool *needed;    /* [steps] */
    struct nnc_error error;
};

static bool fail(struct writer *w, const char *name, const char *what)
{
    fprintf(stderr, "bench_lower: '%s': %s\n", name, what);
    return false;
}

static uint32_t root(const struct writer *w, uint32_t edge)
{
    uint64_t offset;
    return nnc_edge_root(w->program, edge, &offset);
}

static void need(struct writer *w, uint32_t edge)
{
    if (edge == NNC_NONE)
        return;
    const struct nnc_edge *const e = &w->program->edges[root(w, edge)];
    if (e->kind != NNC_EDGE_STEP || w->needed[e->source])
        return;
    w->needed[e->source] = true;
    const struct nnc_step *const s = &w->program->steps[e->source];
    for (uint32_t i = 0; i < s->n_in; i++)
        need(w, s->in[i]);
    need(w, s->residual);
}

static float *read_tensor(struct writer *w, uint32_t value)
{
    const struct nnc_value *const v = &w->graph->values[value];
    const uint64_t n = nnc_shape_elements(&v->shape);
    float *const data = malloc(n * sizeof *data);
    if (data && nnc_graph_read_floats(w->graph, v->source, 0, n, data, &w->error)) {
        fail(w, v->name, w->error.message);
        free(data);
        return NULL;
    }
    return data;
}

static bool write_floats(struct writer *w, const float *data, uint64_t n)
{
    w->offset += n;
    return fwrite(data, sizeof *data, n, w->weights) == n;
}

/* Scales rows of weights and their biases by the normalisation that follows. */
static bool fold(struct writer *w, const struct nnc_step *s, float *weights,
                 float *biases, uint64_t rows, uint64_t columns)
{
    if (s->batch_norm == NNC_NONE)
        return true;
    const struct nnc_node *const norm = &w->graph->nodes[s->batch_norm];
    float *of[4]; /* scale, bias, mean, variance */
    bool good = true;
    for (int k = 0; k < 4; k++)
        good &= (of[k] = read_tensor(w, norm->inputs[k + 1])) != NULL;
    for (uint64_t i = 0; i < rows && good; i++) {
        const double scale = of[0][i] / sqrt((double)of[3][i] + norm->epsilon);
        for (uint64_t k = 0; k < columns; k++)
            weights[i * columns + k] *= (float)scale;
        biases[i] = (float)(of[1][i] + (biases[i] - of[2][i]) * scale);
    }
    for (int k = 0; k < 4; k++)
        free(of[k]);
    return good;
}

/* Weights as rows of outputs, then biases. */
static bool write_weights(struct writer *w, const struct nnc_step *s)
{
    const struct nnc_node *const node = &w->graph->nodes[s->node];
    const struct nnc_shape *const shape = &w->graph->values[node->inputs[1]].shape;
    const bool columns_first = node->op == NNC_OP_GEMM && !node->gemm.transpose_b;
    const uint64_t total = nnc_shape_elements(shape);
    const uint64_t rows = shape->dim[columns_first ? 1 : 0], columns = total / rows;
    float *const weights = read_tensor(w, node->inputs[1]);
    float *const turned = malloc(total * sizeof *turned);
    float *const biases = calloc(rows, sizeof *biases);
    float *own = NULL;
    bool good = weights && turned && biases;
    for (uint64_t i = 0; i < total && good; i++)
        turned[i] =
            columns_first ? weights[i % columns * rows + i / columns] : weights[i];
    if (good && node->n_inputs > 2 && node->inputs[2] != NNC_NONE) {
        const uint64_t n = nnc_shape_elements(&w->graph->values[node->inputs[2]].shape);
        good = (own = read_tensor(w, node->inputs[2])) != NULL;
        for (uint64_t i = 0; i < rows && good; i++)
            biases[i] = own[n == 1 ? 0 : i];
    }
    good = good && fold(w, s, turned, biases, rows, columns) &&
           write_floats(w, turned, total) && write_floats(w, biases, rows);
    free(weights);
    free(turned);
    free(biases);
    free(own);
    return good;
}

static bool activation_range(struct writer *w, const struct nnc_step *s, const char *name,
                             float range[2])
{
    range[0] = -INFINITY;
    range[1] = INFINITY;
    if (s->activation.kind == NNC_ACT_CLIP) {
        range[0] = s->activation.alpha;
        range[1] = s->activation.beta;
    }
    return s->activation.kind == NNC_ACT_NONE || s->activation.kind == NNC_ACT_CLIP ||
           fail(w, name, "an activation that is not a clip");
}

static bool write_conv(struct writer *w, const struct nnc_step *s)
{
    const struct nnc_node *const node = &w->graph->nodes[s->node];
    const struct nnc_conv *const c = &node->conv;
    const uint32_t outs = w->program->edges[s->out].shape.dim[1];
    const int residual = s->residual == NNC_NONE ? -1 : (int)root(w, s->residual);
    float range[2];
    if (!activation_range(w, s, node->name, range))
        return false;
    const uint64_t at = w->offset;
    if (node->op == NNC_OP_GEMM) {
        if (node->gemm.transpose_a || node->gemm.alpha != 1 || node->gemm.beta != 1)
            return fail(w, node->name, "a Gemm with factors or a transposed input");
        if (!write_weights(w, s))
            return false;
        fprintf(w->layers, "gemm %u %u %u %g %g %" PRIu64 " %" PRIu64 "\n", s->out,
                root(w, s->in[0]), outs, (double)range[0], (double)range[1], at,
                w->offset - outs);
        return true;
    }
    if (!write_weights(w, s))
        return false;
    fprintf(w->layers,
            "conv %u %u %u  %u %u %u %u %u %u  %u %u %u %u  %u %g %g %d %" PRIu64
            " %" PRIu64 "\n",
            s->out, root(w, s->in[0]), outs, c->kernel[0], c->kernel[1], c->stride[0],
            c->stride[1], c->dilation[0], c->dilation[1], c->pad_begin[0],
            c->pad_begin[1], c->pad_end[0], c->pad_end[1], c->groups, (double)range[0],
            (double)range[1], residual, at, w->offset - outs);
    return true;
}

static bool write_binary(struct writer *w, const struct nnc_step *s)
{
    const struct nnc_node *const node = &w->graph->nodes[s->node];
    const struct nnc_shape *const a = &w->program->edges[s->in[0]].shape;
    const struct nnc_shape *const b = &w->program->edges[s->in[1]].shape;
    /* A gain of attention: 1 here. */
    if (node->binary == NNC_MUL &&
        w->program->edges[root(w, s->in[1])].kind == NNC_EDGE_ATTENTION) {
        fprintf(w->layers, "clip %u %u -inf inf\n", s->out, root(w, s->in[0]));
        return true;
    }
    if (node->binary != NNC_ADD || nnc_shape_elements(a) != nnc_shape_elements(b))
        return fail(w, node->name, "arithmetic that is not a sum of two like tensors");
    fprintf(w->layers, "add %u %u %u\n", s->out, root(w, s->in[0]), root(w, s->in[1]));
    return true;
}

static bool write_step(struct writer *w, const struct nnc_step *s)
{
    float range[2];
    switch (s->kind) {
    case NNC_STEP_CONV:
    case NNC_STEP_GROUPED:
    case NNC_STEP_DEPTHWISE:
        return write_conv(w, s);
    case NNC_STEP_ACTIVATE:
        if (!activation_range(w, s, w->graph->nodes[s->node].name, range))
            return false;
        fprintf(w->layers, "clip %u %u %g %g\n", s->out, root(w, s->in[0]),
                (double)range[0], (double)range[1]);
        return true;
    case NNC_STEP_REORDER:
        fprintf(w->layers, "clip %u %u -inf inf\n", s->out, root(w, s->in[0]));
        return true;
    case NNC_STEP_BINARY:
        return write_binary(w, s);
    case NNC_STEP_AVERAGE:
        fprintf(w->layers, "average %u %u\n", s->out, root(w, s->in[0]));
        return true;
    case NNC_STEP_CONCAT:
        fprintf(w->layers, "concat %u %u", s->out, s->n_in);
        for (uint32_t i = 0; i < s->n_in; i++)
            fprintf(w->layers, " %u", root(w, s->in[i]));
        fprintf(w->layers, "\n");
        return true;
    default:
        return fail(w, s->node == NNC_NONE ? "?" : w->graph->nodes[s->node].name,
                    "an operator that the plain form does not know");
    }
}

static bool write_network(struct writer *w)
{
    const struct nnc_program *const p = w->program;
    const struct nnc_shape *const image = &p->edges[p->image].shape;
    fprintf(w->layers, "input %u %u %u %u\n", p->image, image->dim[1], image->dim[2],
            image->dim[3]);
    need(w, p->logits);
    for (uint32_t i = 0; i < p->n_steps; i++)
        if (w->needed[i] && !write_step(w, &p->steps[i]))
            return false;
    fprintf(w->layers, "output %u\n", root(w, p->logits));
    return true;
}

int main(int argc, char **argv)
{
    struct writer w = {0};
    struct nnc_graph *graph = NULL;
    struct nnc_program *program = NULL;
    bool good = argc == 4;
    if (!good)
        fprintf(stderr, "usage: bench_lower MODEL LAYERS WEIGHTS\n");
    else if (nnc_graph_read(argv[1], NULL, 0, &graph, &w.error) ||
             nnc_program_create(graph, NULL, &program, &w.error))
        good = fail(&w, argv[1], w.error.message);
    if (good) {
        w.graph = graph;
        w.program = program;
        w.needed = calloc(program->n_steps, sizeof *w.needed);
        w.layers = fopen(argv[2], "w");
        w.weights = fopen(argv[3], "wb");
        good = w.needed && w.layers && w.weights && write_network(&w);
    }
    if (w.layers && fclose(w.layers))
        good = fail(&w, argv[2], "could not be written");
    if (w.weights && fclose(w.weights))
        good = fail(&w, argv[3], "could not be written");
    free(w.needed);
    nnc_program_destroy(program);
    nnc_graph_destroy(graph);
    return !good;
}
