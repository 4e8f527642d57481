/* SPDX-License-Identifier: MIT */
/* Runs the plan of the whole network step by step, on one thread, and notes what goes into
 * each layer that can multiply bytes; then has the network written with these layers
 * quantised. */

#include "quantizer.h"

#include "../onnx/source.h"
#include "../runtime/team.h"
#include "ranges.h"
#include "replace_file.h"
#include <nnc/quantize.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct nnc_quantizer {
    struct nnc_model *model;
    struct nnc_plan *plan; /* of all logits and presences */
    struct nnc_preprocessor *preprocessor;
    float *input, *work, *attention; /* all gains 1 */
    struct nnc_numbers **range; /* [values] of what goes into a layer, else NULL */
    bool *node;               /* [nodes] that multiply bytes */
    float *scale;             /* [values] */
    uint8_t *zero;
    size_t n_layers, n_float, n_pictures;
};

static const struct nnc_graph *graph_of(const struct nnc_quantizer *q)
{
    return q->model->graph;
}

/* Choosing layers ------------------------------------------------------------------------ */

/* Marks values from which a way leads to a convolution or product. */
static void find_inner(const struct nnc_graph *g, bool *inner)
{
    for (uint32_t n = g->n_nodes; n-- > 0;) {
        const struct nnc_node *const node = &g->nodes[n];
        const bool product = node->op == NNC_OP_CONV || node->op == NNC_OP_GEMM ||
                             node->op == NNC_OP_MATMUL;
        for (uint32_t i = 0; i < node->n_inputs; i++)
            if (node->inputs[i] != NNC_NONE && (product || inner[node->output]))
                inner[node->inputs[i]] = true;
    }
}

/* As the program judges in plan/program.c. The first layer and the last ones stay float:
 * with int8 heads nest-photo lost 0.8 points of top-1, with float ones 0.02. */
static bool can_multiply_bytes(const struct nnc_quantizer *q, const struct nnc_plan_step *s,
                               const bool *inner)
{
    enum { FEWEST_CHANNELS = 8, MOST_TERMS = 65536 };
    const struct nnc_graph *const g = graph_of(q);
    if (s->step->kind != NNC_STEP_CONV || s->conv.in_channels < FEWEST_CHANNELS ||
        !inner[s->node->output])
        return false;
    const struct nnc_value *const w = &g->values[s->node->inputs[1]];
    const bool gemm = s->node->op == NNC_OP_GEMM;
    if (gemm && (s->node->gemm.transpose_a || s->node->gemm.alpha != 1 ||
                 g->values[s->node->inputs[0]].shape.dim[0] != 1))
        return false;
    return nnc_shape_elements(&w->shape) / s->conv.out_channels <= MOST_TERMS;
}

static bool is_quantised(const struct nnc_graph *g)
{
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (g->tensors[t].scaling)
            return true;
    return false;
}

static enum nnc_status choose_among(struct nnc_quantizer *q, const bool *inner,
                                    struct nnc_error *error)
{
    const struct nnc_plan *const plan = q->plan;
    for (uint32_t k = plan->n_constant; k < plan->n_steps; k++) {
        const struct nnc_plan_step *const s = &plan->steps[k];
        const bool product = s->step->kind == NNC_STEP_CONV ||
                             s->step->kind == NNC_STEP_GROUPED ||
                             s->step->kind == NNC_STEP_DEPTHWISE ||
                             s->step->kind == NNC_STEP_MATMUL;
        if (!can_multiply_bytes(q, s, inner)) {
            q->n_float += product;
            continue;
        }
        const uint32_t value = s->node->inputs[0];
        if (!q->range[value])
            q->range[value] = nnc_alloc(1, sizeof *q->range[value]);
        if (!q->range[value])
            return nnc_fail_nomem(error, sizeof *q->range[value]);
        q->node[s->step->node] = true;
        q->n_layers++;
    }
    if (q->n_layers)
        return NNC_OK;
    return nnc_fail(error, NNC_UNSUPPORTED, graph_of(q)->name,
                    "no layer of %.200s can be quantised; expected a convolution without "
                    "groups, or a product by a constant, of 8 or more input channels, which "
                    "is neither first nor last",
                    graph_of(q)->name);
}

static enum nnc_status choose_layers(struct nnc_quantizer *q, struct nnc_error *error)
{
    bool *const inner = nnc_alloc(graph_of(q)->n_values, sizeof *inner);
    if (!inner)
        return nnc_fail_nomem(error, graph_of(q)->n_values);
    find_inner(graph_of(q), inner);
    const enum nnc_status status = choose_among(q, inner, error);
    free(inner);
    return status;
}

/* Life ----------------------------------------------------------------------------------- */

static enum nnc_status make_plan(struct nnc_quantizer *q, struct nnc_error *error)
{
    const struct nnc_model *const m = q->model;
    const uint32_t classes = m->graph->taxonomy->n_classes;
    uint8_t *const all = nnc_alloc((uint64_t)classes + m->n_presence, 1);
    if (!all)
        return nnc_fail_nomem(error, classes);
    memset(all, 1, classes + m->n_presence);
    const enum nnc_status status =
        nnc_plan_create(m->program, m->weights, m->kernels, m->owners, &m->full, all,
                        m->n_presence ? all + classes : NULL, &q->plan, error);
    free(all);
    return status;
}

static enum nnc_status allocate(struct nnc_quantizer *q, struct nnc_error *error)
{
    const struct nnc_graph *const g = graph_of(q);
    const struct nnc_plan *const plan = q->plan;
    const uint64_t input = nnc_shape_elements(&g->values[g->image].shape) + NNC_BLOCK;
    const uint64_t work = plan->shared_floats + plan->local_floats + plan->scratch_floats;
    q->input = nnc_alloc_aligned(input * sizeof *q->input);
    q->work = nnc_alloc_aligned(work * sizeof *q->work);
    q->attention = nnc_alloc(q->model->n_attention + NNC_BLOCK, sizeof *q->attention);
    q->range = nnc_alloc(g->n_values, sizeof *q->range);
    q->node = nnc_alloc(g->n_nodes, sizeof *q->node);
    q->scale = nnc_alloc(g->n_values, sizeof *q->scale);
    q->zero = nnc_alloc(g->n_values, sizeof *q->zero);
    if (!q->input || !q->work || !q->attention || !q->range || !q->node || !q->scale || !q->zero)
        return nnc_fail_nomem(error, (input + work) * sizeof(float));
    for (uint32_t i = 0; i < q->model->n_attention; i++)
        q->attention[i] = 1;
    memset(q->input, 0, input * sizeof *q->input);
    memset(q->work, 0, work * sizeof *q->work);
    return nnc_preprocessor_create(&g->input, &q->preprocessor, error);
}

static enum nnc_status check_model(const struct nnc_model *model, struct nnc_error *error)
{
    if (model->narrow)
        return nnc_fail(error, NNC_STATE, model->graph->name,
                        "%.200s was opened with precision '%s'; expected 'fp32', which is "
                        "what bytes are measured by",
                        model->graph->name, nnc_precision_name(model->narrow->precision));
    if (is_quantised(model->graph))
        return nnc_fail(error, NNC_UNSUPPORTED, model->graph->name,
                        "%.200s is quantised already; expected the model in float that it was "
                        "made of",
                        model->graph->name);
    return NNC_OK;
}

enum nnc_status nnc_quantizer_create(struct nnc_model *model, struct nnc_quantizer **quantizer,
                                     struct nnc_error *error)
{
    enum nnc_status status = check_model(model, error);
    if (status)
        return status;
    struct nnc_quantizer *const q = nnc_alloc(1, sizeof *q);
    if (!q)
        return nnc_fail_nomem(error, sizeof *q);
    q->model = nnc_model_ref(model);
    status = make_plan(q, error);
    if (!status)
        status = allocate(q, error);
    if (!status)
        status = choose_layers(q, error);
    if (status)
        nnc_quantizer_destroy(q);
    else
        *quantizer = q;
    return status;
}

void nnc_quantizer_destroy(struct nnc_quantizer *q)
{
    if (!q)
        return;
    for (uint32_t v = 0; q->range && v < graph_of(q)->n_values; v++)
        free(q->range[v]);
    nnc_preprocessor_destroy(q->preprocessor);
    free(q->input);
    free(q->work);
    free(q->range);
    free(q->node);
    free(q->scale);
    free(q->zero);
    free(q->attention);
    nnc_plan_destroy(q->plan);
    nnc_model_unref(q->model);
    free(q);
}

/* Showing pictures ----------------------------------------------------------------------- */

static void note_operand(struct nnc_quantizer *q, const struct nnc_run *run,
                         const struct nnc_plan_step *s)
{
    const struct nnc_edge *const e = s->in_edge[0];
    struct nnc_numbers *const range = q->range[s->node->inputs[0]];
    const float *const x = run->base[s->in[0].space] + s->in[0].offset;
    if (!e->blocked) {
        nnc_numbers_note(range, x, nnc_shape_elements(&e->shape), 1);
        return;
    }
    for (uint32_t c = 0; c < e->channels; c++)
        nnc_numbers_note(range,
                       x + c / NNC_BLOCK * NNC_BLOCK * e->pixels + c % NNC_BLOCK, e->pixels,
                       NNC_BLOCK);
}

static void run_step(struct nnc_quantizer *q, const struct nnc_run *run, bool *noted,
                     const struct nnc_plan_step *s)
{
    if (s->step->node != NNC_NONE && q->node[s->step->node] && !noted[s->node->inputs[0]]) {
        noted[s->node->inputs[0]] = true;
        note_operand(q, run, s);
    }
    nnc_plan_step_run(run, s, 0, s->n_items);
}

static void run_stages(struct nnc_quantizer *q, const struct nnc_run *run, bool *noted)
{
    const struct nnc_plan *const plan = run->plan;
    for (uint32_t n = 0; n < plan->n_stages; n++) {
        const struct nnc_stage *const stage = &plan->stages[n];
        if (!stage->units)
            run_step(q, run, noted, &plan->steps[stage->first]);
        for (uint32_t u = 0; stage->units && u < stage->n_items; u++)
            for (uint32_t k = plan->units[u].first; k < plan->units[u].last; k++)
                run_step(q, run, noted, &plan->steps[k]);
    }
}

enum nnc_status nnc_quantizer_show(struct nnc_quantizer *q, const struct nnc_image *image,
                                   struct nnc_error *error)
{
    const struct nnc_plan *const plan = q->plan;
    struct nnc_run run = {.plan = plan};
    run.base[NNC_SPACE_SHARED] = q->work;
    run.base[NNC_SPACE_LOCAL] = q->work + plan->shared_floats;
    run.base[NNC_SPACE_CONSTANT] = plan->constants;
    run.base[NNC_SPACE_IMAGE] = q->input;
    run.base[NNC_SPACE_ATTENTION] = q->attention;
    run.scratch = q->work + plan->shared_floats + plan->local_floats;
    const enum nnc_status status = nnc_preprocess(q->preprocessor, image, q->input, error);
    if (status)
        return status;
    bool *const noted = nnc_alloc(graph_of(q)->n_values, sizeof *noted);
    if (!noted)
        return nnc_fail_nomem(error, graph_of(q)->n_values);
    const uint32_t mode = nnc_float_mode_enter();
    run_stages(q, &run, noted);
    nnc_float_mode_leave(mode);
    free(noted);
    q->n_pictures++;
    return NNC_OK;
}

/* Writing -------------------------------------------------------------------------------- */

static enum nnc_status check_place(const struct nnc_quantizer *q, const char *path,
                                   struct nnc_error *error)
{
    struct stat there;
    const char *const name = graph_of(q)->name;
    if (!q->n_pictures)
        return nnc_fail(error, NNC_STATE, name,
                        "no picture was shown to %.200s; expected some hundred", name);
    if (!stat(path, &there) && nnc_source_is_file(graph_of(q)->sources, &there))
        return nnc_fail(error, NNC_STATE, name,
                        "%.200s: the quantised model would replace the one it is made of, or "
                        "its data; expected another file",
                        name);
    return NNC_OK;
}

enum nnc_status nnc_quantizer_write(struct nnc_quantizer *q, const char *path,
                                    struct nnc_quantized_info *info, struct nnc_error *error)
{
    const struct nnc_quantisation quantisation = {q->node, q->scale, q->zero};
    struct nnc_expert_info made;
    void *bytes;
    size_t size;
    enum nnc_status status = check_place(q, path, error);
    if (status)
        return status;
    for (uint32_t v = 0; v < graph_of(q)->n_values; v++)
        if (q->range[v])
            nnc_numbers_choose(q->range[v], &q->scale[v], &q->zero[v]);
    status = nnc_expert_quantise(q->model, &quantisation, &bytes, &size, &made, error);
    if (status)
        return status;
    status = nnc_replace_file(path, bytes, size, error);
    free(bytes);
    if (!status && info)
        *info = (struct nnc_quantized_info){made.cost, made.bytes, q->n_layers, q->n_float,
                                            q->n_pictures};
    return status;
}
