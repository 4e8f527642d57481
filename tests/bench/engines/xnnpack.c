/* SPDX-License-Identifier: MIT */
/* XNNPACK as a timing server (see server.h) on what bench_lower writes, through the
 * subgraph interface that TensorFlow Lite's delegate uses: channels last, activations
 * fused, a sum of its own for a residual. */

#include "server.h"

#include "layers.h"

#include <math.h>
#include <pthreadpool.h>
#include <xnnpack.h>

static struct network net;
static xnn_subgraph_t graph;
static xnn_runtime_t runtime;
static uint32_t *ids; /* [net.n_values] */
static float *input, *logits;
static size_t n_logits;
static uint32_t n_external = 1; /* the input is value 0 */
static struct xnn_external_value *external;

static bool good(enum xnn_status status, const char *what)
{
    if (status != xnn_status_success)
        fprintf(stderr, "xnnpack: %s: status %d\n", what, (int)status);
    return status == xnn_status_success;
}

/* XNNPACK may read beyond the end of what it is given. */
static float *padded(size_t n)
{
    return calloc(n + XNN_EXTRA_BYTES / sizeof(float) + 1, sizeof(float));
}

static uint32_t define(size_t rank, const size_t *dims, const void *data, uint32_t number,
                       uint32_t flags)
{
    uint32_t id = XNN_INVALID_VALUE_ID;
    good(xnn_define_tensor_value(graph, xnn_datatype_fp32, rank, dims, data, number,
                                 flags, &id),
         "a value");
    return id;
}

static uint32_t define_result(const struct layer *l)
{
    const size_t dims[] = {1, l->dims[1], l->dims[2], l->dims[0]};
    return define(4, dims, NULL, XNN_INVALID_VALUE_ID, 0);
}

/* Is this result one of the logits? Then it is handed out. */
static const struct layer *joined;

static int part_of_logits(uint32_t id)
{
    for (uint32_t i = 0; joined && i < joined->n_in; i++)
        if (joined->in[i] == id)
            return (int)i;
    return -1;
}

static uint32_t define_row(const struct layer *l)
{
    const size_t dims[] = {1, l->dims[0]};
    const int part = part_of_logits(l->id);
    if (part < 0)
        return define(2, dims, NULL, XNN_INVALID_VALUE_ID, 0);
    external[1 + part].id = 1 + (uint32_t)part;
    return define(2, dims, NULL, 1 + (uint32_t)part, XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
}

static uint32_t define_weights(const struct layer *l, uint32_t ins)
{
    const uint32_t taps = l->kernel[0] * l->kernel[1];
    const size_t dims[] = {l->dims[0], l->kernel[0], l->kernel[1], ins};
    const float *const from = net.weights + l->weight;
    float *const turned = padded((size_t)l->dims[0] * taps * ins);
    for (size_t o = 0; o < l->dims[0]; o++)
        for (size_t c = 0; c < ins; c++)
            for (size_t t = 0; t < taps; t++)
                turned[(o * taps + t) * ins + c] = from[(o * ins + c) * taps + t];
    return define(4, dims, turned, XNN_INVALID_VALUE_ID, 0);
}

static uint32_t define_floats(size_t rank, const size_t *dims, size_t n, size_t at)
{
    float *const copy = padded(n);
    memcpy(copy, net.weights + at, n * sizeof *copy);
    return define(rank, dims, copy, XNN_INVALID_VALUE_ID, 0);
}

static bool make_sum(const struct layer *l, uint32_t a, uint32_t b)
{
    const struct xnn_binary_params limits = {l->low, l->high};
    ids[l->id] = define_result(l);
    return good(xnn_define_binary(graph, xnn_binary_add, &limits, a, b, ids[l->id], 0),
                "a sum");
}

static bool make_conv(const struct layer *l)
{
    const struct layer *const x = network_value(&net, l->in[0]);
    const uint32_t ins = x->dims[0] / l->groups, outs = l->dims[0] / l->groups;
    const size_t bias[] = {l->dims[0]};
    const uint32_t y = define_result(l);
    const float low = l->has_residual ? -INFINITY : l->low;
    const float high = l->has_residual ? INFINITY : l->high;
    ids[l->id] = y;
    if (!good(xnn_define_convolution_2d(
                  graph, l->pads[0], l->pads[3], l->pads[2], l->pads[1], l->kernel[0],
                  l->kernel[1], l->stride[0], l->stride[1], l->dilation[0],
                  l->dilation[1], l->groups, ins, outs, low, high, ids[l->in[0]],
                  define_weights(l, ins), define_floats(1, bias, l->dims[0], l->bias), y,
                  0),
              "a convolution"))
        return false;
    return !l->has_residual || make_sum(l, y, ids[l->in[1]]);
}

static bool make_gemm(const struct layer *l)
{
    const size_t ins = network_value(&net, l->in[0])->dims[0], outs = l->dims[0];
    const size_t dims[] = {outs, ins};
    ids[l->id] = define_row(l);
    return good(xnn_define_fully_connected(graph, l->low, l->high, ids[l->in[0]],
                                           define_floats(2, dims, outs * ins, l->weight),
                                           define_floats(1, &outs, outs, l->bias),
                                           ids[l->id], 0),
                "a product");
}

static bool make_average(const struct layer *l)
{
    const size_t axes[] = {1, 2};
    const size_t dims[] = {1, l->dims[0]};
    ids[l->id] = define(2, dims, NULL, XNN_INVALID_VALUE_ID, 0);
    return good(xnn_define_static_reduce(graph, xnn_reduce_mean, 2, axes, ids[l->in[0]],
                                         ids[l->id], 0),
                "an average");
}

static bool make_clip(const struct layer *l)
{
    const union xnn_unary_params limits = {.clamp = {l->low, l->high}};
    ids[l->id] = ids[l->in[0]];
    if (isinf(l->low) && isinf(l->high))
        return true;
    ids[l->id] = define_result(l);
    return good(
        xnn_define_unary(graph, xnn_unary_clamp, &limits, ids[l->in[0]], ids[l->id], 0),
        "a clip");
}

static bool make_input(const struct layer *l, const struct bench_job *job)
{
    const size_t pixels = (size_t)l->dims[1] * l->dims[2], channels = l->dims[0];
    const size_t dims[] = {1, l->dims[1], l->dims[2], channels};
    if (job->n_input != pixels * channels) {
        fprintf(stderr, "xnnpack: the input has %zu floats, the network wants %zu\n",
                job->n_input, pixels * channels);
        return false;
    }
    input = padded(job->n_input);
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++)
            input[p * channels + c] = job->input[c * pixels + p];
    ids[l->id] = define(4, dims, NULL, 0, XNN_VALUE_FLAG_EXTERNAL_INPUT);
    external[0] = (struct xnn_external_value){0, input};
    return true;
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
        return make_clip(l);
    case LAYER_ADD:
        return make_sum(l, ids[l->in[0]], ids[l->in[1]]);
    case LAYER_CONCAT: /* the parts are handed out side by side */
    case LAYER_OUTPUT:
        return true;
    }
    return false;
}

/* Where each part of the logits goes. Networks without a join at their end are not of
 * ours. */
static bool place_logits(void)
{
    const struct layer *const last = &net.layers[net.n_layers - 1];
    joined = network_value(&net, last->id);
    if (!joined || joined->kind != LAYER_CONCAT) {
        fprintf(stderr, "xnnpack: the network does not end in a concatenation\n");
        return false;
    }
    n_logits = joined->dims[0];
    n_external = 1 + joined->n_in;
    logits = padded(n_logits);
    external = calloc(n_external, sizeof *external);
    size_t at = 0;
    for (uint32_t i = 0; i < joined->n_in && logits && external; i++) {
        external[1 + i].data = logits + at;
        at += network_value(&net, joined->in[i])->dims[0];
    }
    return logits && external;
}

static bool open_xnnpack(const struct bench_job *job)
{
    if (!network_open(&net, job->model) || !place_logits() ||
        !good(xnn_initialize(NULL), "the start") ||
        !good(xnn_create_subgraph(n_external, 0, &graph), "a graph"))
        return false;
    ids = calloc(net.n_values, sizeof *ids);
    for (size_t i = 0; i < net.n_layers && ids; i++)
        if (!make(&net.layers[i], job))
            return false;
    pthreadpool_t const pool = job->threads > 1 ? pthreadpool_create(job->threads) : NULL;
    return ids && good(xnn_create_runtime_v2(graph, pool, 0, &runtime), "a runtime") &&
           good(xnn_reshape_runtime(runtime), "shapes") &&
           good(xnn_setup_runtime_v2(runtime, n_external, external), "a set-up");
}

static bool run_xnnpack(void)
{
    return good(xnn_invoke_runtime(runtime), "a run");
}

static bool output_xnnpack(const float **y, size_t *n)
{
    *y = logits;
    *n = n_logits;
    return true;
}

/* The library does not know its version. */
static const char *version_xnnpack(void)
{
    return "";
}

int main(int argc, char **argv)
{
    static const struct bench_engine engine = {"xnnpack",   version_xnnpack, open_xnnpack,
                                               run_xnnpack, output_xnnpack,  NULL};
    return bench_serve(&engine, argc, argv);
}
