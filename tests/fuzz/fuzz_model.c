/* SPDX-License-Identifier: MIT */
/* Any bytes as a model: refused with a reason, or loaded; what was loaded gives all its
 * weights, and computes if it is small enough to wait for. */

#include "refusal.h"

#include "runtime/model.h"
#include <nnc/nnc.h>

enum { MOST_MACS = 200000, MOST_BYTES = 16 << 20 };

/* Reads all that was promised to be readable. */
static void read_tensors(const struct nnc_graph *graph)
{
    enum { ROOM = 4096 };
    static float values[ROOM];
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        const uint64_t n = nnc_shape_elements(&graph->tensors[i].shape);
        if (graph->tensors[i].dtype == NNC_DTYPE_INT)
            continue;
        const enum nnc_status status =
            nnc_graph_read_floats(graph, i, 0, n < ROOM ? n : ROOM, values, NULL);
        REQUIRE(!status, "tensor %u: %s", i, nnc_status_name(status));
    }
}

static uint64_t size_of_picture(const struct nnc_input_spec *spec)
{
    return (uint64_t)spec->width * spec->height * spec->channels;
}

static void run_once(struct nnc_model *model, struct nnc_task *task)
{
    const struct nnc_session_options options = {.threads = 1};
    struct nnc_session *session = NULL;
    struct nnc_scores scores;
    struct nnc_error error = {0};
    enum nnc_status status = nnc_session_create(model, &options, &session, &error);
    float *const picture = calloc(size_of_picture(nnc_model_input(model)), sizeof *picture);
    if (!status && picture)
        status = nnc_session_run_tensor(session, task, picture, &scores, &error);
    check_refusal(status, &error);
    REQUIRE(status || !picture || scores.n >= 1, "no class");
    free(picture);
    nnc_session_destroy(session);
}

/* The full network, and each class alone of the first few. */
static void run_tasks(struct nnc_model *model)
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    const size_t n = nnc_taxonomy_n_classes(t);
    uint8_t *const active = malloc(n);
    if (!active)
        return;
    for (size_t k = 0; k < n + 1 && k < 4; k++) {
        struct nnc_task *task = NULL;
        struct nnc_error error = {0};
        memset(active, !k, n);
        if (k)
            active[k - 1] = 1;
        const enum nnc_status status =
            nnc_task_create_from_arrays(model, active, NULL, k, &task, &error);
        check_refusal(status, &error);
        if (!status && nnc_task_arena_bytes(task) < MOST_BYTES)
            run_once(model, task);
        nnc_task_unref(task);
    }
    free(active);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct nnc_model_options options = {.isa = NNC_ISA_GENERIC};
    struct nnc_model *model = NULL;
    struct nnc_error error = {0};
    const enum nnc_status status =
        nnc_model_open_memory(bytes, size, &options, &model, &error);
    check_refusal(status, &error);
    if (status)
        return 0;
    read_tensors(model->graph);
    if (nnc_model_cost(model).macs < MOST_MACS &&
        size_of_picture(nnc_model_input(model)) < MOST_BYTES)
        run_tasks(model);
    nnc_model_unref(model);
    return 0;
}
