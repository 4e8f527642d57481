/* SPDX-License-Identifier: MIT */
/* ONNX Runtime as a timing server (see server.h), through its C API and set up as well as
 * it can be: all optimisations, one thread pool of the wanted size that spins, inputs and
 * outputs bound beforehand.
 *
 * The library is loaded from the path in NNC_ONNXRUNTIME, else by the loader's own
 * search. MODEL may be several, separated by commas: a run is then one picture, or one
 * batch where that is what the network takes, through each. */

#include "server.h"

#include <dlfcn.h>
#include <onnxruntime_c_api.h>
#include <string.h>

enum { MAX_MODELS = 64, MAX_INPUTS = 4 };

struct network {
    OrtSession *session;
    OrtIoBinding *binding;
};

static const OrtApi *api;
static const char *version = "";
static OrtAllocator *allocator;
static OrtMemoryInfo *memory;
static struct network networks[MAX_MODELS];
static unsigned n_networks, batch = 1;
static float *result;

static bool good(OrtStatus *status)
{
    if (!status)
        return true;
    fprintf(stderr, "onnxruntime: %s\n", api->GetErrorMessage(status));
    api->ReleaseStatus(status);
    return false;
}

static bool load_library(void)
{
    const char *path = getenv("NNC_ONNXRUNTIME");
    void *library = path && *path ? dlopen(path, RTLD_NOW) : NULL;
    if (!path || !*path) {
        /* A distribution's library has a version in its name and a link only for
         * building. */
        static const char *const names[] = {"libonnxruntime.so", "libonnxruntime.so.1",
                                            "libonnxruntime.so.1.23"};
        for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
            library = dlopen(names[i], RTLD_NOW);
    }
    const OrtApiBase *(*base)(void) = NULL;
    if (library)
        *(void **)&base = dlsym(library, "OrtGetApiBase");
    if (!base) {
        fprintf(stderr, "onnxruntime: %s\n", dlerror());
        return false;
    }
    version = base()->GetVersionString();
    api = base()->GetApi(ORT_API_VERSION);
    if (!api)
        fprintf(stderr, "onnxruntime: version %s is older than this program\n", version);
    return api;
}

static OrtSessionOptions *make_options(unsigned threads)
{
    OrtSessionOptions *options = NULL;
    if (!good(api->CreateSessionOptions(&options)) ||
        !good(api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL)) ||
        !good(api->SetSessionExecutionMode(options, ORT_SEQUENTIAL)) ||
        !good(api->SetIntraOpNumThreads(options, (int)threads)) ||
        !good(api->SetInterOpNumThreads(options, 1)) ||
        !good(api->AddSessionConfigEntry(options, "session.intra_op.allow_spinning",
                                         "1")) ||
        !good(api->AddSessionConfigEntry(options, "session.set_denormal_as_zero", "1")))
        return NULL;
    return options;
}

/* A tensor for the i-th input: the picture if it has four dimensions, else gains of 1. */
static bool bind_input(struct network *network, size_t i, const struct bench_job *job)
{
    OrtTypeInfo *type;
    const OrtTensorTypeAndShapeInfo *shape;
    OrtValue *value;
    char *name;
    size_t rank, n = 1;
    int64_t dims[8];
    if (!good(api->SessionGetInputTypeInfo(network->session, i, &type)) ||
        !good(api->CastTypeInfoToTensorInfo(type, &shape)) ||
        !good(api->GetDimensionsCount(shape, &rank)) || rank > 8 ||
        !good(api->GetDimensions(shape, dims, rank)) ||
        !good(api->SessionGetInputName(network->session, i, allocator, &name)))
        return false;
    api->ReleaseTypeInfo(type);
    for (size_t k = 0; k < rank; k++)
        n *= (size_t)(dims[k] = dims[k] < 1 ? 1 : dims[k]);
    if (rank == 4)
        batch = (unsigned)dims[0];
    float *data = malloc(n * sizeof *data);
    for (size_t k = 0; data && k < n; k++)
        data[k] = rank == 4 ? job->input[k % job->n_input] : 1;
    return data &&
           good(api->CreateTensorWithDataAsOrtValue(
               memory, data, n * sizeof *data, dims, rank,
               ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &value)) &&
           good(api->BindInput(network->binding, name, value));
}

static bool open_network(const char *path, const OrtEnv *env,
                         const OrtSessionOptions *options, const struct bench_job *job)
{
    struct network *const network = &networks[n_networks];
    size_t inputs, outputs;
    char *name;
    if (!good(api->CreateSession(env, path, options, &network->session)) ||
        !good(api->CreateIoBinding(network->session, &network->binding)) ||
        !good(api->SessionGetInputCount(network->session, &inputs)) ||
        !good(api->SessionGetOutputCount(network->session, &outputs)))
        return false;
    for (size_t i = 0; i < inputs; i++)
        if (!bind_input(network, i, job))
            return false;
    /* All outputs: asking for fewer saves it nothing, and nnc computes presences too. */
    for (size_t i = 0; i < outputs; i++)
        if (!good(api->SessionGetOutputName(network->session, i, allocator, &name)) ||
            !good(api->BindOutputToDevice(network->binding, name, memory)))
            return false;
    n_networks++;
    return true;
}

static bool open_onnxruntime(const struct bench_job *job)
{
    OrtEnv *env;
    if (!good(api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "bench", &env)) ||
        !good(api->GetAllocatorWithDefaultOptions(&allocator)) ||
        !good(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory)))
        return false;
    OrtSessionOptions *const options = make_options(job->threads);
    char *const paths = strdup(job->model);
    bool opened = options && paths;
    char *rest = paths;
    for (char *path = NULL; opened && (path = strsep(&rest, ","));)
        opened = n_networks < MAX_MODELS && open_network(path, env, options, job);
    free(paths);
    return opened;
}

static bool run_onnxruntime(void)
{
    for (unsigned i = 0; i < n_networks; i++)
        if (!good(api->RunWithBinding(networks[i].session, NULL, networks[i].binding)))
            return false;
    return true;
}

/* The first output of the first network. */
static bool output_onnxruntime(const float **y, size_t *n)
{
    OrtValue **values;
    OrtTensorTypeAndShapeInfo *shape;
    size_t count;
    float *data;
    if (!good(
            api->GetBoundOutputValues(networks[0].binding, allocator, &values, &count)) ||
        !good(api->GetTensorTypeAndShape(values[0], &shape)) ||
        !good(api->GetTensorShapeElementCount(shape, n)) ||
        !good(api->GetTensorMutableData(values[0], (void **)&data)))
        return false;
    result = malloc(*n * sizeof *result);
    if (!result)
        return false;
    memcpy(result, data, *n * sizeof *result);
    *y = result;
    return true;
}

static const char *version_onnxruntime(void)
{
    return version;
}

static unsigned pictures_of_run(void)
{
    return n_networks * batch;
}

int main(int argc, char **argv)
{
    static const struct bench_engine engine = {"onnxruntime",      version_onnxruntime,
                                               open_onnxruntime,   run_onnxruntime,
                                               output_onnxruntime, pictures_of_run};
    /* Not part of opening a model, as little as the dynamic linking of the others is. */
    return load_library() ? bench_serve(&engine, argc, argv) : 1;
}
