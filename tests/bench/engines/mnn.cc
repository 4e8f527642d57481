/* SPDX-License-Identifier: MIT */
/* MNN as a timing server (see server.h) on what bench_lower writes. The one file in C++:
 * MNN has no other interface. Its expressions make a model in memory, which its
 * interpreter opens as it does a converted file: channels packed throughout, activations
 * fused with their convolution, all logits made at the end of one session. */

#include "server.h"

#include "layers.h"

#include <MNN/Interpreter.hpp>
#include <MNN/Tensor.hpp>
#include <MNN/expr/ExprCreator.hpp>
#include <cmath>
#include <vector>

using namespace MNN::Express;

static struct network net;
static std::vector<VARP> values;
static MNN::Interpreter *interpreter;
static MNN::Session *session;
static MNN::Tensor *input, *logits;
static const struct bench_job *job;

static std::vector<float> floats(size_t at, size_t n)
{
    return std::vector<float>(net.weights + at, net.weights + at + n);
}

static bool is_limited(const struct layer *l)
{
    return !std::isinf(l->low) || !std::isinf(l->high);
}

static VARP limited(const struct layer *l, VARP x)
{
    if (l->low == 0 && std::isinf(l->high))
        return _Relu(x);
    return is_limited(l) ? _Relu6(x, l->low, l->high) : x;
}

/* _Add would unpack the channels, _Sum takes them as they are. */
static VARP sum(const struct layer *l, VARP a, VARP b)
{
    return limited(l, _Sum(a, b, {}));
}

static VARP conv(const struct layer *l)
{
    const int ins = (int)network_value(&net, l->in[0])->dims[0], outs = (int)l->dims[0];
    const size_t taps = (size_t)l->kernel[0] * l->kernel[1];
    const bool relu = !l->has_residual && l->low == 0 && std::isinf(l->high);
    const bool relu6 = !l->has_residual && l->low == 0 && l->high == 6;
    VARP y =
        _Conv(floats(l->weight, outs * (ins / l->groups) * taps), floats(l->bias, outs),
              values[l->in[0]], {ins, outs}, {(int)l->kernel[1], (int)l->kernel[0]},
              CAFFE, {(int)l->stride[1], (int)l->stride[0]},
              {(int)l->dilation[1], (int)l->dilation[0]}, (int)l->groups,
              {(int)l->pads[0], (int)l->pads[1], (int)l->pads[2], (int)l->pads[3]}, relu,
              relu6);
    if (l->has_residual)
        return sum(l, y, values[l->in[1]]);
    return relu || relu6 ? y : limited(l, y);
}

/* As MNN's converter writes it: a convolution of what has become one pixel. */
static VARP gemm(const struct layer *l)
{
    const int ins = (int)network_value(&net, l->in[0])->dims[0], outs = (int)l->dims[0];
    return limited(l, _Conv(floats(l->weight, (size_t)outs * ins), floats(l->bias, outs),
                            values[l->in[0]], {ins, outs}, {1, 1}));
}

static VARP image(const struct layer *l)
{
    VARP x = _Input({1, (int)l->dims[0], (int)l->dims[1], (int)l->dims[2]}, NCHW);
    x->setName("image");
    return _Convert(x, NC4HW4);
}

static VARP concat(const struct layer *l)
{
    std::vector<VARP> parts;
    for (uint32_t i = 0; i < l->n_in; i++)
        parts.push_back(values[l->in[i]]);
    return _Concat(parts, 1);
}

static VARP make(const struct layer *l)
{
    switch (l->kind) {
    case LAYER_INPUT:
        return image(l);
    case LAYER_CONV:
        return conv(l);
    case LAYER_GEMM:
        return gemm(l);
    case LAYER_AVERAGE:
        return _AvePool(values[l->in[0]], {-1, -1});
    case LAYER_CLIP:
        return limited(l, values[l->in[0]]);
    case LAYER_ADD:
        return sum(l, values[l->in[0]], values[l->in[1]]);
    case LAYER_CONCAT:
        return concat(l);
    case LAYER_OUTPUT:
        values[l->id] = _Convert(values[l->id], NCHW);
        values[l->id]->setName("logits");
    }
    return values[l->id];
}

/* The model as its converter would have written it. */
static std::vector<int8_t> model(void)
{
    values.resize(net.n_values);
    for (size_t i = 0; i < net.n_layers; i++)
        values[net.layers[i].id] = make(&net.layers[i]);
    const std::vector<int8_t> bytes =
        Variable::save({values[net.layers[net.n_layers - 1].id]});
    values.clear();
    return bytes;
}

static bool open_session(const std::vector<int8_t> &bytes, unsigned threads)
{
    MNN::BackendConfig backend;
    backend.precision = MNN::BackendConfig::Precision_High; /* floats of 32 bits */
    backend.power = MNN::BackendConfig::Power_High;
    MNN::ScheduleConfig schedule;
    schedule.numThread = (int)threads;
    schedule.backendConfig = &backend;
    interpreter = MNN::Interpreter::createFromBuffer(bytes.data(), bytes.size());
    if (!interpreter)
        return false;
    interpreter->setSessionMode(MNN::Interpreter::Session_Release);
    session = interpreter->createSession(schedule);
    if (!session)
        return false;
    interpreter->releaseModel();
    input = interpreter->getSessionInput(session, "image");
    logits = interpreter->getSessionOutput(session, "logits");
    return input && logits;
}

static bool open_mnn(const struct bench_job *asked)
{
    job = asked;
    if (!network_open(&net, job->model))
        return false;
    if (!open_session(model(), job->threads)) {
        fprintf(stderr, "mnn: no session\n");
        return false;
    }
    if (input->size() != (int)(job->n_input * sizeof(float))) {
        fprintf(stderr, "mnn: the input has %zu floats, the network wants %d\n",
                job->n_input, input->elementSize());
        return false;
    }
    return true;
}

/* A session may use the memory of its input for something else, so it is filled anew. */
static bool run_mnn(void)
{
    memcpy(input->host<float>(), job->input, job->n_input * sizeof(float));
    if (interpreter->runSession(session) == MNN::NO_ERROR)
        return true;
    fprintf(stderr, "mnn: a run failed\n");
    return false;
}

static bool output_mnn(const float **y, size_t *n)
{
    *y = logits->host<float>();
    *n = (size_t)logits->elementSize();
    return *y;
}

int main(int argc, char **argv)
{
    static const struct bench_engine server = {"mnn",   MNN::getVersion, open_mnn,
                                               run_mnn, output_mnn,      NULL};
    return bench_serve(&server, argc, argv);
}
