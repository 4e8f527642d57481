/* SPDX-License-Identifier: MIT */
/* oneDNN 3 as a timing server (see server.h) on what bench_lower writes: one primitive
 * for each layer, formats left to the library, bias, residual and activation fused as
 * post-ops. ARGUMENT `layer` is for a single layer in the middle of a network: its input
 * comes in the format that it likes best. */

#include "server.h"

#include "layers.h"

#include <math.h>
#include <oneapi/dnnl/dnnl.h>

enum { MAX_ARGUMENTS = 8 };

struct call {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
    int n;
};

static struct network net;
static dnnl_engine_t engine;
static dnnl_stream_t stream;
static dnnl_memory_t *values; /* [net.n_values] */
static uint32_t *uses;        /* [net.n_values], by layers not made yet */
static struct call *calls;
static size_t n_calls;
static float *input, *logits;
static bool single;
static const struct layer *output;
static struct part {
    const float *from;
    size_t n;
} * parts; /* of the logits */
static uint32_t n_parts;

static bool good(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success)
        fprintf(stderr, "onednn: %s: status %d\n", what, (int)status);
    return status == dnnl_success;
}

static dnnl_memory_desc_t describe(int rank, const dnnl_dims_t dims,
                                   dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t desc = NULL;
    good(dnnl_memory_desc_create_with_tag(&desc, rank, dims, dnnl_f32, tag),
         "a description");
    return desc;
}

static dnnl_memory_t allocate(const_dnnl_memory_desc_t desc)
{
    dnnl_memory_t memory = NULL;
    good(dnnl_memory_create(&memory, desc, engine, DNNL_MEMORY_ALLOCATE), "memory");
    return memory;
}

static const_dnnl_memory_desc_t desc_of(dnnl_memory_t memory)
{
    const_dnnl_memory_desc_t desc = NULL;
    dnnl_memory_get_memory_desc(memory, &desc);
    return desc;
}

static struct call *add_call(const_dnnl_primitive_desc_t pd)
{
    struct call *const call = &calls[n_calls++];
    return good(dnnl_primitive_create(&call->primitive, pd), "a primitive") ? call : NULL;
}

static void argue(struct call *call, int name, dnnl_memory_t memory)
{
    call->arguments[call->n++] = (dnnl_exec_arg_t){name, memory};
}

/* `memory` in the wanted format: itself, or a copy that is made on every run, or now. */
static dnnl_memory_t reordered(dnnl_memory_t memory, const_dnnl_memory_desc_t wanted,
                               bool now)
{
    if (dnnl_memory_desc_equal(desc_of(memory), wanted))
        return memory;
    dnnl_memory_t copy = allocate(wanted);
    dnnl_primitive_desc_t pd;
    if (!good(dnnl_reorder_primitive_desc_create(&pd, desc_of(memory), engine, wanted,
                                                 engine, NULL),
              "a reorder"))
        return NULL;
    struct call *const call = add_call(pd);
    if (!call)
        return NULL;
    argue(call, DNNL_ARG_FROM, memory);
    argue(call, DNNL_ARG_TO, copy);
    if (now) {
        dnnl_primitive_execute(call->primitive, stream, call->n, call->arguments);
        dnnl_stream_wait(stream);
        memset(call, 0, sizeof *call);
        n_calls--;
    }
    return copy;
}

static dnnl_memory_t constant(int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag,
                              size_t at)
{
    dnnl_memory_t memory = NULL;
    dnnl_memory_create(&memory, describe(rank, dims, tag), engine, net.weights + at);
    return memory;
}

static dnnl_primitive_attr_t attributes(const struct layer *l, bool in_place)
{
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t ops;
    dnnl_primitive_attr_create(&attr);
    dnnl_post_ops_create(&ops);
    if (l->has_residual && in_place)
        dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
    else if (l->has_residual)
        dnnl_post_ops_append_binary(ops, dnnl_binary_add, desc_of(values[l->in[1]]));
    if (l->low == 0 && isinf(l->high))
        dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0, 0);
    else if (!isinf(l->low) || !isinf(l->high))
        dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_clip, l->low, l->high);
    dnnl_primitive_attr_set_post_ops(attr, ops);
    return attr;
}

static dnnl_status_t conv_pd(const struct layer *l, bool in_place,
                             dnnl_primitive_desc_t *pd, dnnl_dims_t weight_dims,
                             int *weight_rank)
{
    const struct layer *const x = network_value(&net, l->in[0]);
    const dnnl_dims_t src = {1, x->dims[0], x->dims[1], x->dims[2]};
    const dnnl_dims_t dst = {1, l->dims[0], l->dims[1], l->dims[2]};
    const dnnl_dims_t bias = {l->dims[0]};
    const dnnl_dims_t stride = {l->stride[0], l->stride[1]};
    const dnnl_dims_t dilation = {l->dilation[0] - 1, l->dilation[1] - 1};
    const dnnl_dims_t begin = {l->pads[0], l->pads[1]}, end = {l->pads[2], l->pads[3]};
    dnnl_dims_t grouped = {l->groups, l->dims[0] / l->groups, x->dims[0] / l->groups,
                           l->kernel[0], l->kernel[1]};
    *weight_rank = l->groups == 1 ? 4 : 5;
    memcpy(weight_dims, grouped + (l->groups == 1), *weight_rank * sizeof *grouped);
    const_dnnl_memory_desc_t to =
        in_place ? desc_of(values[l->in[1]]) : describe(4, dst, dnnl_format_tag_any);
    return dnnl_convolution_forward_primitive_desc_create(
        pd, engine, dnnl_forward_inference, dnnl_convolution_direct,
        describe(4, src, dnnl_format_tag_any),
        describe(*weight_rank, weight_dims, dnnl_format_tag_any),
        describe(1, bias, dnnl_a), to, stride, dilation, begin, end,
        attributes(l, in_place));
}

static bool make_conv(const struct layer *l)
{
    /* Nobody else reads the residual any more: the sum may take its place. */
    const bool in_place = l->has_residual && uses[l->in[1]] == 1 && l->in[1] != l->in[0];
    dnnl_primitive_desc_t pd;
    dnnl_dims_t weight_dims, bias_dims = {l->dims[0]};
    int rank;
    if (!good(conv_pd(l, in_place, &pd, weight_dims, &rank), "a convolution"))
        return false;
    dnnl_memory_t weights = reordered(
        constant(rank, weight_dims, rank == 4 ? dnnl_abcd : dnnl_abcde, l->weight),
        dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), true);
    dnnl_memory_t x = reordered(
        values[l->in[0]], dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0), single);
    struct call *const call = add_call(pd);
    if (!call || !weights || !x)
        return false;
    values[l->id] =
        in_place ? values[l->in[1]]
                 : allocate(dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0));
    argue(call, DNNL_ARG_SRC, x);
    argue(call, DNNL_ARG_WEIGHTS, weights);
    argue(call, DNNL_ARG_BIAS, constant(1, bias_dims, dnnl_a, l->bias));
    argue(call, DNNL_ARG_DST, values[l->id]);
    if (l->has_residual && !in_place)
        argue(call, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, values[l->in[1]]);
    return true;
}

/* The pooled value is as flat as it gets: [1, C, 1, 1] in memory is [1, C]. */
static bool make_gemm(const struct layer *l)
{
    const struct layer *const x = network_value(&net, l->in[0]);
    const dnnl_dims_t src = {1, x->dims[0]}, weight = {l->dims[0], x->dims[0]};
    const dnnl_dims_t dst = {1, l->dims[0]}, bias = {l->dims[0]};
    dnnl_primitive_desc_t pd;
    if (!good(dnnl_inner_product_forward_primitive_desc_create(
                  &pd, engine, dnnl_forward_inference, describe(2, src, dnnl_ab),
                  describe(2, weight, dnnl_format_tag_any), describe(1, bias, dnnl_a),
                  describe(2, dst, dnnl_ab), attributes(l, false)),
              "a product"))
        return false;
    void *handle;
    dnnl_memory_get_data_handle(values[l->in[0]], &handle);
    dnnl_memory_t flat = NULL;
    dnnl_memory_create(&flat, describe(2, src, dnnl_ab), engine, handle);
    dnnl_memory_t weights =
        reordered(constant(2, weight, dnnl_ab, l->weight),
                  dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), true);
    struct call *const call = add_call(pd);
    if (!call || !weights)
        return false;
    values[l->id] = allocate(dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0));
    argue(call, DNNL_ARG_SRC, flat);
    argue(call, DNNL_ARG_WEIGHTS, weights);
    argue(call, DNNL_ARG_BIAS, constant(1, bias, dnnl_a, l->bias));
    argue(call, DNNL_ARG_DST, values[l->id]);
    return true;
}

static bool make_average(const struct layer *l)
{
    const struct layer *const x = network_value(&net, l->in[0]);
    const dnnl_dims_t dst = {1, x->dims[0], 1, 1}, window = {x->dims[1], x->dims[2]};
    const dnnl_dims_t zero = {0, 0};
    dnnl_primitive_desc_t pd;
    if (!good(dnnl_pooling_forward_primitive_desc_create(
                  &pd, engine, dnnl_forward_inference, dnnl_pooling_avg_exclude_padding,
                  desc_of(values[l->in[0]]), describe(4, dst, dnnl_format_tag_any),
                  window, window, zero, zero, zero, NULL),
              "an average"))
        return false;
    struct call *const call = add_call(pd);
    if (!call)
        return false;
    dnnl_memory_t pooled =
        allocate(dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0));
    argue(call, DNNL_ARG_SRC, values[l->in[0]]);
    argue(call, DNNL_ARG_DST, pooled);
    values[l->id] = pooled;
    /* Blocks of channels that are not full are the only case where it would differ. */
    if (x->dims[0] % 16)
        values[l->id] = reordered(pooled, describe(4, dst, dnnl_abcd), false);
    return values[l->id];
}

static bool make_eltwise(const struct layer *l)
{
    dnnl_primitive_desc_t pd;
    const_dnnl_memory_desc_t desc = desc_of(values[l->in[0]]);
    values[l->id] = values[l->in[0]];
    if (l->kind == LAYER_CLIP && isinf(l->low) && isinf(l->high)) {
        uses[l->in[0]] += 2; /* it has two names now: no sum may take its place */
        return true;
    }
    values[l->id] = allocate(desc);
    if (l->kind == LAYER_ADD
            ? !good(dnnl_binary_primitive_desc_create(&pd, engine, dnnl_binary_add, desc,
                                                      desc_of(values[l->in[1]]), desc,
                                                      NULL),
                    "a sum")
            : !good(dnnl_eltwise_forward_primitive_desc_create(
                        &pd, engine, dnnl_forward_inference, dnnl_eltwise_clip, desc,
                        desc, l->low, l->high, NULL),
                    "a clip"))
        return false;
    struct call *const call = add_call(pd);
    if (!call)
        return false;
    argue(call, l->kind == LAYER_ADD ? DNNL_ARG_SRC_0 : DNNL_ARG_SRC, values[l->in[0]]);
    if (l->kind == LAYER_ADD)
        argue(call, DNNL_ARG_SRC_1, values[l->in[1]]);
    argue(call, DNNL_ARG_DST, values[l->id]);
    return true;
}

static bool make_input(const struct layer *l, const struct bench_job *job)
{
    const dnnl_dims_t dims = {1, l->dims[0], l->dims[1], l->dims[2]};
    const size_t n = (size_t)l->dims[0] * l->dims[1] * l->dims[2];
    if (job->n_input != n) {
        fprintf(stderr, "onednn: the input has %zu floats, the network wants %zu\n",
                job->n_input, n);
        return false;
    }
    input = (float *)job->input;
    return good(
        dnnl_memory_create(&values[l->id], describe(4, dims, dnnl_abcd), engine, input),
        "the input");
}

static bool make(const struct layer *l, const struct bench_job *job)
{
    switch (l->kind) {
    case LAYER_INPUT:
        return make_input(l, job);
    case LAYER_CONV:
        return make_conv(l);
    case LAYER_GEMM:
        return make_gemm(l);
    case LAYER_AVERAGE:
        return make_average(l);
    case LAYER_CLIP:
    case LAYER_ADD:
        return make_eltwise(l);
    case LAYER_CONCAT: /* of logits: copied together after a run */
        output = l;
        return true;
    case LAYER_OUTPUT:
        if (!output)
            output = network_value(&net, l->id);
        return output;
    }
    return false;
}

static bool note_parts(void)
{
    const bool several = output->kind == LAYER_CONCAT;
    n_parts = several ? output->n_in : 1;
    parts = calloc(n_parts, sizeof *parts);
    logits = calloc(output->dims[0] + 1, sizeof *logits);
    for (uint32_t i = 0; i < n_parts && parts; i++) {
        const uint32_t id = several ? output->in[i] : output->id;
        void *from;
        dnnl_memory_get_data_handle(values[id], &from);
        parts[i] = (struct part){from, network_value(&net, id)->dims[0]};
    }
    return parts && logits;
}

static bool open_onednn(const struct bench_job *job)
{
    if (!network_open(&net, job->model) ||
        !good(dnnl_engine_create(&engine, dnnl_cpu, 0), "an engine") ||
        !good(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "a stream"))
        return false;
    single = !strcmp(job->argument, "layer");
    dnnl_set_default_fpmath_mode(dnnl_fpmath_mode_strict);
    values = calloc(net.n_values, sizeof *values);
    uses = calloc(net.n_values, sizeof *uses);
    calls = calloc(net.n_layers * 3, sizeof *calls);
    if (!values || !uses || !calls)
        return false;
    for (size_t i = 0; i < net.n_layers; i++)
        for (uint32_t k = 0; k < net.layers[i].n_in; k++)
            uses[net.layers[i].in[k]]++;
    for (size_t i = 0; i < net.n_layers; i++) {
        const struct layer *const l = &net.layers[i];
        if (!make(l, job))
            return false;
        for (uint32_t k = 0; k < l->n_in; k++)
            uses[l->in[k]]--;
    }
    return note_parts();
}

static bool run_onednn(void)
{
    for (size_t i = 0; i < n_calls; i++)
        if (dnnl_primitive_execute(calls[i].primitive, stream, calls[i].n,
                                   calls[i].arguments) != dnnl_success)
            return good(dnnl_runtime_error, "a run");
    dnnl_stream_wait(stream);
    float *to = logits;
    for (uint32_t i = 0; i < n_parts; to += parts[i++].n)
        memcpy(to, parts[i].from, parts[i].n * sizeof *to);
    return true;
}

static bool output_onednn(const float **y, size_t *n)
{
    *y = logits;
    *n = output->dims[0];
    return true;
}

static const char *version_onednn(void)
{
    static char text[32];
    const dnnl_version_t *const v = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

int main(int argc, char **argv)
{
    static const struct bench_engine server = {"onednn",   version_onednn, open_onednn,
                                               run_onednn, output_onednn,  NULL};
    return bench_serve(&server, argc, argv);
}
