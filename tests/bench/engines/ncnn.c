/* SPDX-License-Identifier: MIT */
/* ncnn as a timing server (see server.h) on what bench_lower writes. Its text of layers
 * and its weights are made in memory; activations are fused with their convolution, and
 * every value's shape is told in advance, by which it chooses the size of Winograd's
 * tiles. */

#include "server.h"

#include "layers.h"

#include <float.h>
#include <math.h>
#include <ncnn/c_api.h>

enum { HEAD_BYTES = 64 }; /* at most, of the text */

static struct network net;
static uint32_t *uses, *used; /* [net.n_values]: how often, and so far in the text */
static bool *flat;            /* [net.n_values]: has one dimension, not three */
static FILE *text, *weights;
static uint32_t n_lines, n_blobs; /* of the text */

static ncnn_net_t engine;
static ncnn_mat_t image, logits;

/* A value has one reader in ncnn: where it needs more, a Split makes copies by name. */
static void put_value(uint32_t id)
{
    if (uses[id] > 1)
        fprintf(text, " v%u_%u", id, used[id]++);
    else
        fprintf(text, " v%u", id);
}

static void begin(const char *type, const struct layer *l, uint32_t n_in, uint32_t n_out)
{
    fprintf(text, "%s %s%u %u %u", type, type, l->id, n_in, n_out);
    n_lines++;
    n_blobs += n_out;
}

/* The shape of what the line makes, `copies` times, as parameter 30. */
static void end(const struct layer *l, uint32_t copies)
{
    fprintf(text, " -23330=%u", 4 * copies);
    for (uint32_t i = 0; i < copies; i++)
        if (flat[l->id])
            fprintf(text, ",1,%u,1,1", l->dims[0]);
        else
            fprintf(text, ",3,%u,%u,%u", l->dims[2], l->dims[1], l->dims[0]);
    fprintf(text, "\n");
}

static void split(const struct layer *l)
{
    if (uses[l->id] < 2)
        return;
    begin("Split", l, 1, uses[l->id]);
    fprintf(text, " v%u", l->id);
    for (uint32_t i = 0; i < uses[l->id]; i++)
        fprintf(text, " v%u_%u", l->id, i);
    end(l, uses[l->id]);
}

static bool is_relu(const struct layer *l)
{
    return l->low == 0 && isinf(l->high);
}

static bool is_limited(const struct layer *l)
{
    return !isinf(l->low) || !isinf(l->high);
}

/* ncnn's reader of numbers knows no infinity. */
static double within_floats(float x)
{
    return fmax(fmin(x, FLT_MAX), -FLT_MAX);
}

static void put_activation(const struct layer *l)
{
    if (is_relu(l))
        fprintf(text, " 9=1");
    else if (is_limited(l))
        fprintf(text, " 9=3 -23310=2,%.6e,%.6e", within_floats(l->low),
                within_floats(l->high));
}

static void make_limits(const struct layer *l, const char *from)
{
    begin(is_relu(l) ? "ReLU" : "Clip", l, 1, 1);
    fprintf(text, " %s%u v%u", from, l->id, l->id);
    if (!is_relu(l))
        fprintf(text, " 0=%.6e 1=%.6e", within_floats(l->low), within_floats(l->high));
    end(l, 1);
}

/* Four bytes of zero before weights say that they are floats. */
static void put_weights(const struct layer *l, size_t n)
{
    const uint32_t floats = 0;
    fwrite(&floats, sizeof floats, 1, weights);
    fwrite(net.weights + l->weight, sizeof(float), n, weights);
    fwrite(net.weights + l->bias, sizeof(float), l->dims[0], weights);
}

/* A residual is added by a layer of its own, and its activation is another then. */
static void make_residual(const struct layer *l)
{
    begin("BinaryOp", l, 2, 1);
    fprintf(text, " c%u", l->id);
    put_value(l->in[1]);
    fprintf(text, is_limited(l) ? " s%u 0=0" : " v%u 0=0", l->id);
    end(l, 1);
    if (is_limited(l))
        make_limits(l, "s");
}

static void make_conv(const struct layer *l)
{
    const uint32_t ins = network_value(&net, l->in[0])->dims[0] / l->groups;
    const uint32_t n = l->dims[0] * ins * l->kernel[0] * l->kernel[1];
    begin(l->groups > 1 ? "ConvolutionDepthWise" : "Convolution", l, 1, 1);
    put_value(l->in[0]);
    fprintf(text, l->has_residual ? " c%u" : " v%u", l->id);
    fprintf(
        text, " 0=%u 1=%u 11=%u 2=%u 12=%u 3=%u 13=%u 4=%u 14=%u 15=%u 16=%u 5=1 6=%u",
        l->dims[0], l->kernel[1], l->kernel[0], l->dilation[1], l->dilation[0],
        l->stride[1], l->stride[0], l->pads[1], l->pads[0], l->pads[3], l->pads[2], n);
    if (l->groups > 1)
        fprintf(text, " 7=%u", l->groups);
    if (!l->has_residual)
        put_activation(l);
    end(l, 1);
    put_weights(l, n);
    if (l->has_residual)
        make_residual(l);
}

static void make_gemm(const struct layer *l)
{
    const struct layer *const x = network_value(&net, l->in[0]);
    const uint32_t n = l->dims[0] * x->dims[0] * x->dims[1] * x->dims[2];
    begin("InnerProduct", l, 1, 1);
    put_value(l->in[0]);
    fprintf(text, " v%u 0=%u 1=1 2=%u", l->id, l->dims[0], n);
    put_activation(l);
    end(l, 1);
    put_weights(l, n);
}

static void make_simple(const struct layer *l, const char *type, const char *parameters)
{
    begin(type, l, l->n_in, 1);
    for (uint32_t i = 0; i < l->n_in; i++)
        put_value(l->in[i]);
    fprintf(text, " v%u%s", l->id, parameters);
    end(l, 1);
}

static void make_clip(const struct layer *l)
{
    char limits[64] = "";
    if (is_limited(l) && !is_relu(l))
        snprintf(limits, sizeof limits, " 0=%.6e 1=%.6e", within_floats(l->low),
                 within_floats(l->high));
    make_simple(l, is_relu(l) ? "ReLU" : is_limited(l) ? "Clip" : "Noop", limits);
}

static void make(const struct layer *l)
{
    flat[l->id] =
        l->kind == LAYER_GEMM || l->kind == LAYER_AVERAGE || (l->n_in && flat[l->in[0]]);
    switch (l->kind) {
    case LAYER_INPUT:
        make_simple(l, "Input", "");
        break;
    case LAYER_CONV:
        make_conv(l);
        break;
    case LAYER_GEMM:
        make_gemm(l);
        break;
    case LAYER_AVERAGE:
        make_simple(l, "Pooling", " 0=1 4=1");
        break;
    case LAYER_CLIP:
        make_clip(l);
        break;
    case LAYER_ADD:
        make_simple(l, "BinaryOp", " 0=0");
        break;
    case LAYER_CONCAT:
        make_simple(l, "Concat", " 0=0");
        break;
    case LAYER_OUTPUT: /* the one value that nobody reads */
        return;
    }
    split(l);
}

/* The text of all layers behind a head that counts them; the weights in their order. */
static bool write_layers(char **all, char **data)
{
    char *lines = NULL;
    size_t n_text, n_data;
    text = open_memstream(&lines, &n_text);
    weights = open_memstream(data, &n_data);
    if (!text || !weights)
        return false;
    for (size_t i = 0; i < net.n_layers; i++)
        make(&net.layers[i]);
    const bool whole = !fclose(text) && !fclose(weights);
    *all = whole ? malloc(n_text + HEAD_BYTES) : NULL;
    if (*all)
        snprintf(*all, n_text + HEAD_BYTES, "7767517\n%u %u\n%s", n_lines, n_blobs,
                 lines);
    free(lines);
    return *all;
}

/* Winograd, packed layouts and the release of values that nobody needs any more are what
 * ncnn does anyway; so are 16-bit floats, which the others do not use. The allocators are
 * those of its own benchmark. */
static void set_options(unsigned threads)
{
    ncnn_option_t const opt = ncnn_net_get_option(engine);
    ncnn_option_set_num_threads(opt, (int)threads);
    ncnn_option_set_use_fp16_packed(opt, 0);
    ncnn_option_set_use_fp16_storage(opt, 0);
    ncnn_option_set_use_fp16_arithmetic(opt, 0);
    ncnn_option_set_use_bf16_storage(opt, 0);
    ncnn_option_set_blob_allocator(opt, ncnn_allocator_create_unlocked_pool_allocator());
    ncnn_option_set_workspace_allocator(opt, ncnn_allocator_create_pool_allocator());
}

/* Each channel of an image begins at an aligned place. */
static bool copy_image(const struct layer *l, const struct bench_job *job)
{
    const size_t pixels = (size_t)l->dims[1] * l->dims[2];
    if (job->n_input != l->dims[0] * pixels) {
        fprintf(stderr, "ncnn: the input has %zu floats, the network wants %zu\n",
                job->n_input, l->dims[0] * pixels);
        return false;
    }
    image = ncnn_mat_create_3d((int)l->dims[2], (int)l->dims[1], (int)l->dims[0], NULL);
    for (uint32_t c = 0; image && c < l->dims[0]; c++)
        memcpy(ncnn_mat_get_channel_data(image, (int)c), job->input + c * pixels,
               pixels * sizeof(float));
    return image;
}

static bool open_ncnn(const struct bench_job *job)
{
    char *layers, *data;
    if (!network_open(&net, job->model))
        return false;
    uses = calloc(net.n_values, sizeof *uses);
    used = calloc(net.n_values, sizeof *used);
    flat = calloc(net.n_values, sizeof *flat);
    engine = ncnn_net_create();
    if (!uses || !used || !flat || !engine)
        return false;
    for (size_t i = 0; i < net.n_layers; i++)
        for (uint32_t k = 0; k < net.layers[i].n_in; k++)
            uses[net.layers[i].in[k]]++;
    set_options(job->threads);
    /* The weights stay where they are: some layers point to them. */
    if (!write_layers(&layers, &data) || ncnn_net_load_param_memory(engine, layers) ||
        !ncnn_net_load_model_memory(engine, (const unsigned char *)data)) {
        fprintf(stderr, "ncnn: the network cannot be loaded\n");
        return false;
    }
    free(layers);
    return copy_image(&net.layers[0], job);
}

static bool run_ncnn(void)
{
    if (logits)
        ncnn_mat_destroy(logits);
    ncnn_extractor_t const run = ncnn_extractor_create(engine);
    const bool good =
        !ncnn_extractor_input_index(run, ncnn_net_get_input_index(engine, 0), image) &&
        !ncnn_extractor_extract_index(run, ncnn_net_get_output_index(engine, 0), &logits);
    ncnn_extractor_destroy(run);
    if (!good)
        fprintf(stderr, "ncnn: a run failed\n");
    return good;
}

static bool output_ncnn(const float **y, size_t *n)
{
    *y = ncnn_mat_get_data(logits);
    *n = (size_t)ncnn_mat_get_w(logits);
    if (ncnn_mat_get_dims(logits) != 1)
        fprintf(stderr, "ncnn: the logits are not in a row\n");
    return ncnn_mat_get_dims(logits) == 1;
}

int main(int argc, char **argv)
{
    static const struct bench_engine server = {"ncnn",   ncnn_version, open_ncnn,
                                               run_ncnn, output_ncnn,  NULL};
    return bench_serve(&server, argc, argv);
}
