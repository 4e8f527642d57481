/* SPDX-License-Identifier: MIT */
#include "expert_checks.h"

#include "../fuzz/said.h"
#include "onnx/records.h"
#include "runtime/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 4000 };

static uint32_t below(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

char *random_cutout(const struct nnc_model *model, uint32_t *seed)
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    const uint32_t n = (uint32_t)nnc_taxonomy_n_classes(t), of = 2 + below(seed, 4);
    char *const text = calloc(MAX_TEXT + 512, 1);
    const uint32_t sure = below(seed, n);
    for (uint32_t k = 0; k < n && strlen(text) < MAX_TEXT - 300; k++)
        if (k == sure || !below(seed, of)) {
            strcat(text, *text ? "," : "");
            strcat(text, nnc_taxonomy_class(t, k)->path);
        }
    if (!*text)
        strcpy(text, nnc_taxonomy_class(t, sure)->path);
    return text;
}

/* One model with a task on it and what it answered, by category. */
struct answer {
    struct nnc_task *task;
    float *logit, *presence; /* [categories]; NaN where there is none */
};

static void finish(struct answer *a)
{
    nnc_task_unref(a->task);
    free(a->logit);
    free(a->presence);
}

static bool ask(struct nnc_model *model, const char *cutout, const float *gains,
                const float *input, struct answer *a)
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    const size_t n = nnc_taxonomy_n_categories(t);
    const struct nnc_session_options options = {.threads = 1};
    uint8_t *const active = calloc(nnc_taxonomy_n_classes(t), 1);
    struct nnc_session *session = NULL;
    struct nnc_scores scores;
    struct nnc_error error;
    a->logit = calloc(n, sizeof *a->logit);
    a->presence = calloc(n, sizeof *a->presence);
    const bool made =
        !nnc_cutout_parse(t, cutout, active, &error) &&
        !nnc_task_create_from_arrays(model, active, gains, 0, &a->task, &error) &&
        !nnc_session_create(model, &options, &session, &error);
    free(active);
    CHECK(made && !nnc_session_run_tensor(session, a->task, input, &scores, &error),
          "cutout '%s': %s", cutout, error.message);
    for (uint32_t c = 0; c < n; c++) {
        a->logit[c] = NAN;
        if (!nnc_session_presence_logit(session, c, &a->presence[c]))
            a->presence[c] = NAN;
    }
    for (size_t i = 0; i < scores.n; i++)
        a->logit[scores.ranked[i].category] = scores.ranked[i].logit;
    nnc_session_destroy(session);
    return true;
}

static bool same_bits(float a, float b)
{
    return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a);
}

static bool same_category(const struct nnc_category *a, const struct nnc_category *b)
{
    CHECK(a->label == b->label && a->n_aliases == b->n_aliases && a->leaf == b->leaf,
          "'%s': label %lld, was %lld; %zu aliases, were %zu", b->path,
          (long long)b->label, (long long)a->label, b->n_aliases, a->n_aliases);
    for (size_t i = 0; i < a->n_aliases; i++)
        CHECK(!strcmp(a->aliases[i], b->aliases[i]), "'%s': alias '%s', was '%s'",
              a->path, b->aliases[i], a->aliases[i]);
    return true;
}

/* Everything that both have, and that the expert has just what the cutout keeps. */
static bool same_answers(const struct nnc_model *model, const struct answer *of_cutout,
                         const struct nnc_model *expert, const struct answer *of_expert)
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    const struct nnc_taxonomy *const small = nnc_model_taxonomy(expert);
    size_t n = 0;
    for (uint32_t c = 0; c < nnc_taxonomy_n_categories(t); c++) {
        const char *const path = nnc_taxonomy_category(t, c)->path;
        const uint32_t there = nnc_taxonomy_find(small, path);
        const bool kept = nnc_task_category_active(of_cutout->task, c);
        CHECK(kept == (there != NNC_NO_CATEGORY), "'%s' is %s", path,
              kept ? "gone" : "still there");
        if (!kept)
            continue;
        n++;
        if (!same_category(nnc_taxonomy_category(t, c),
                           nnc_taxonomy_category(small, there)))
            return false;
        CHECK(same_bits(of_cutout->logit[c], of_expert->logit[there]),
              "'%s': logit %.9g, was %.9g", path, (double)of_expert->logit[there],
              (double)of_cutout->logit[c]);
        CHECK(same_bits(of_cutout->presence[c], of_expert->presence[there]),
              "'%s': presence %.9g, was %.9g", path, (double)of_expert->presence[there],
              (double)of_cutout->presence[c]);
    }
    CHECK(n == nnc_taxonomy_n_categories(small), "%zu categories, expected %zu",
          nnc_taxonomy_n_categories(small), n);
    return true;
}

/* The file --------------------------------------------------------------------------- */

static bool is_read(const struct nnc_onnx_model *file, struct nnc_text name)
{
    for (uint32_t i = 0; i < file->n_outputs; i++)
        if (nnc_text_equal(file->outputs[i].name, name))
            return true;
    for (uint32_t k = 0; k < file->n_nodes; k++)
        for (uint32_t i = 0; i < file->nodes[k].n_inputs; i++)
            if (nnc_text_equal(file->nodes[k].inputs[i], name))
                return true;
    return false;
}

static bool nothing_unused(const struct nnc_onnx_model *file)
{
    for (uint32_t k = 0; k < file->n_nodes; k++) {
        CHECK(is_read(file, file->nodes[k].outputs[0]), "nobody reads node '%.*s'",
              NNC_TEXT(file->nodes[k].name));
        for (uint32_t i = 0; i < k; i++)
            CHECK(!nnc_text_equal(file->nodes[i].name, file->nodes[k].name),
                  "two nodes are called '%.*s'", NNC_TEXT(file->nodes[k].name));
    }
    for (uint32_t k = 0; k < file->n_initializers; k++) {
        const struct nnc_text name = file->initializers[k].name;
        bool is_input = false;
        for (uint32_t i = 0; i < file->n_inputs; i++)
            is_input = is_input || nnc_text_equal(file->inputs[i].name, name);
        CHECK(is_input || is_read(file, name), "nobody reads initializer '%.*s'",
              NNC_TEXT(name));
    }
    return true;
}

/* Every node and initializer of the file is read, every row of a constant needed. */
static bool lean(const struct nnc_model *expert, const void *bytes, size_t size)
{
    struct nnc_pool pool = {.limit = 1 << 28};
    struct nnc_onnx_model file;
    const bool read = !nnc_onnx_read_model(bytes, size, &pool, &file, NULL);
    const bool good = read && nothing_unused(&file);
    nnc_pool_finish(&pool);
    CHECK(good, "the expert has more than it needs");
    const struct nnc_graph *const g = expert->graph;
    for (uint32_t v = 0; v < g->n_values; v++)
        CHECK(g->values[v].kind != NNC_VALUE_TENSOR ||
                  nnc_demand_count(expert->owners, v) == expert->owners->channels[v],
              "'%s': only %u of %u rows are needed", g->values[v].name,
              nnc_demand_count(expert->owners, v), expert->owners->channels[v]);
    return true;
}

/* `*copied`: another number of parameters, since parts of shared initializers were
 * copied. */
static bool same_cost(struct nnc_cost of_cutout, const struct nnc_model *expert,
                      const struct nnc_expert_info *info, bool *copied)
{
    const struct nnc_cost cost = nnc_model_cost(expert);
    CHECK(cost.params == info->cost.params && cost.macs == info->cost.macs,
          "the expert is said to cost something else");
    CHECK(cost.macs == of_cutout.macs, "%llu MACs, the cutout has %llu",
          (unsigned long long)cost.macs, (unsigned long long)of_cutout.macs);
    *copied = cost.params != of_cutout.params;
    return true;
}

/* The whole -------------------------------------------------------------------------- */

static struct nnc_model *reopened(const struct nnc_model *model)
{
    nnc_model_ref((struct nnc_model *)model); /* tasks count their model's users */
    return (struct nnc_model *)model;
}

static float *random_input(const struct nnc_model *model, uint32_t *seed)
{
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    const size_t n = (size_t)spec->width * spec->height * spec->channels;
    float *const input = calloc(n, sizeof *input);
    for (size_t i = 0; i < n; i++)
        input[i] = ((float)below(seed, 33) - 16) / 16;
    return input;
}

/* Random ones for what the cutout keeps and 1 for all else, and those of the expert. */
static void random_gains(const struct nnc_model *model, const struct nnc_model *expert,
                         uint32_t *seed, float *gains, float *of_expert)
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    const struct nnc_taxonomy *const small = nnc_model_taxonomy(expert);
    for (uint32_t c = 0; c < nnc_taxonomy_n_categories(t); c++) {
        const uint32_t there =
            nnc_taxonomy_find(small, nnc_taxonomy_category(t, c)->path);
        gains[c] = 1;
        if (there == NNC_NO_CATEGORY)
            continue;
        if (model->graph->branches[c].gain != NNC_NONE && below(seed, 2))
            gains[c] = (float)below(seed, 9) / 4;
        of_expert[there] = gains[c];
    }
}

static bool check_answers(const struct nnc_model *model, const char *cutout,
                          struct nnc_model *expert, const char *further, uint32_t seed)
{
    const size_t n = nnc_taxonomy_n_categories(nnc_model_taxonomy(model));
    struct answer of_cutout = {0}, of_expert = {0};
    struct nnc_model *const source = reopened(model);
    float *const input = random_input(model, &seed);
    float *const gains = calloc(n, sizeof *gains), *const small =
                                                       calloc(n, sizeof *small);
    random_gains(model, expert, &seed, gains, small);
    bool good = ask(source, cutout, gains, input, &of_cutout) &&
                ask(expert, "", small, input, &of_expert) &&
                same_answers(model, &of_cutout, expert, &of_expert);
    /* A cutout of the expert keeps its bits, too. */
    struct answer part = {0};
    good = good && ask(expert, further, small, input, &part);
    for (uint32_t c = 0;
         good && c < nnc_taxonomy_n_categories(nnc_model_taxonomy(expert)); c++)
        if (!isnan(part.logit[c]) && !same_bits(part.logit[c], of_expert.logit[c])) {
            fprintf(stderr, "cutout '%s' of the expert changes a logit\n", further);
            good = false;
        }
    finish(&part);
    finish(&of_cutout);
    finish(&of_expert);
    nnc_model_unref(source);
    free(input);
    free(gains);
    free(small);
    return good;
}

static bool check_cost(const struct nnc_model *model, const char *cutout,
                       const struct nnc_model *expert, const struct nnc_expert_info *info,
                       struct expert_tally *tally)
{
    bool copied = false;
    struct nnc_model *const source = reopened(model);
    struct nnc_task *task = NULL;
    const bool made = !nnc_task_create(source, cutout, NULL, 0, &task, NULL);
    const bool good = made && same_cost(nnc_task_cost(task), expert, info, &copied);
    tally->copied += copied;
    nnc_task_unref(task);
    nnc_model_unref(source);
    return good;
}

bool check_expert(const struct nnc_model *model, const char *cutout, uint32_t seed,
                  int depth, struct expert_tally *tally)
{
    const struct nnc_model_options options = {.backend = nnc_model_backend(model),
                                              .isa = nnc_model_isa(model),
                                              .precision = nnc_model_precision(model)};
    struct nnc_expert_info info;
    struct nnc_model *expert = NULL;
    struct nnc_error error;
    void *bytes;
    size_t size;
    const enum nnc_status status =
        nnc_expert_make(model, cutout, &bytes, &size, &info, &error);
    CHECK(!status || status == NNC_UNSUPPORTED, "%s, expert '%s': %s",
          nnc_model_name(model), cutout, error.message);
    if (status) {
        CHECK(strstr(error.message, "does not depend on the picture"), "%s",
              error.message);
        tally->refused++;
        return true;
    }
    tally->experts++;
    bool good = !nnc_model_open_memory(bytes, size, &options, &expert, &error);
    char *const further = good ? random_cutout(expert, &seed) : NULL;
    good = good && lean(expert, bytes, size) &&
           check_cost(model, cutout, expert, &info, tally) &&
           check_answers(model, cutout, expert, further, seed) &&
           (depth < 2 || check_expert(expert, further, seed, depth - 1, tally));
    if (!good)
        fprintf(stderr, "%s on %s: expert '%s' (depth %d) failed\n",
                nnc_model_name(model), nnc_backend_name(options.backend), cutout, depth);
    free(further);
    nnc_model_unref(expert);
    free(bytes);
    return good;
}
