/* SPDX-License-Identifier: MIT */
/* nnc as a timing server (see server.h). ARGUMENT is the cutout, cut at run time; after a
 * `;` an instruction set or a backend. */

#include "server.h"

#include <nnc/nnc.h>

#include <string.h>

static struct nnc_model *model;
static struct nnc_task *task;
static struct nnc_session *session;
static struct nnc_scores scores;
static const float *input;
static float *logits;

static bool fail(const struct nnc_error *error)
{
    fprintf(stderr, "nnc: %s\n", error->message);
    return false;
}

static bool open_nnc(const struct bench_job *job)
{
    struct nnc_error error = {0};
    struct nnc_model_options options = {0};
    const struct nnc_session_options session_options = {.threads = job->threads};
    char *const cutout = strdup(job->argument);
    char *const kernels = cutout ? strchr(cutout, ';') : NULL;
    if (kernels) {
        *kernels = '\0';
        if (!nnc_isa_from_name(kernels + 1, &options.isa) &&
            !nnc_backend_from_name(kernels + 1, &options.backend)) {
            fprintf(stderr, "nnc: no kernels are called '%s'\n", kernels + 1);
            free(cutout);
            return false;
        }
    }
    input = job->input;
    const bool opened = cutout && !nnc_model_open(job->model, &options, &model, &error) &&
                        !nnc_task_create(model, cutout, NULL, 0, &task, &error) &&
                        !nnc_session_create(model, &session_options, &session, &error);
    free(cutout);
    if (!opened)
        return fail(&error);
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    const size_t wanted = (size_t)spec->channels * spec->height * spec->width;
    if (job->n_input == wanted)
        return true;
    fprintf(stderr, "nnc: the input has %zu floats, the network wants %zu\n",
            job->n_input, wanted);
    return false;
}

static bool run_nnc(void)
{
    struct nnc_error error;
    return !nnc_session_run_tensor(session, task, input, &scores, &error) || fail(&error);
}

/* The active logits in the order of the network's output, as an expert has them. */
static bool output_nnc(const float **y, size_t *n)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);
    const size_t n_classes = nnc_taxonomy_n_classes(taxonomy);
    const uint8_t *const active = nnc_task_active(task);
    float *const all = calloc(n_classes, sizeof *all);
    logits = realloc(logits, n_classes * sizeof *logits);
    if (!all || !logits)
        return false;
    for (size_t i = 0; i < scores.n; i++)
        all[nnc_taxonomy_category(taxonomy, scores.ranked[i].category)->logit] =
            scores.ranked[i].logit;
    *n = 0;
    for (size_t i = 0; i < n_classes; i++)
        if (active[i])
            logits[(*n)++] = all[i];
    free(all);
    *y = logits;
    return true;
}

static const char *version_nnc(void)
{
    return nnc_isa_name(nnc_model_isa(model));
}

int main(int argc, char **argv)
{
    static const struct bench_engine engine = {"nnc",   version_nnc, open_nnc,
                                               run_nnc, output_nnc,  NULL};
    const int code = bench_serve(&engine, argc, argv);
    free(logits);
    nnc_session_destroy(session);
    nnc_task_unref(task);
    nnc_model_unref(model);
    return code;
}
