// SPDX-License-Identifier: MIT
/* `nnc info`: the tree of categories, what each branch costs, and what a cutout saves. It
 * makes a task but no session, so nothing is computed. */

#include "cli.h"
#include "print.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_WIDTH = 38, MAX_TREE_DEPTH = 32 };

static json_t *category_json(const struct nnc_task *task,
                             const struct nnc_category *category)
{
    const struct nnc_cost cost = nnc_task_category_cost(task, category->index);
    return json_pack("{s:o, s:I, s:b, s:b, s:I, s:I}", "path",
                     cli_json_string(category->path), "depth",
                     (json_int_t)category->depth, "leaf", category->leaf, "active",
                     nnc_task_category_active(task, category->index), "params",
                     (json_int_t)cost.params, "macs", (json_int_t)cost.macs);
}

static json_t *presets_json(const struct nnc_model *model)
{
    json_t *const presets = json_object();
    const struct nnc_preset *preset;
    for (size_t i = 0; (preset = nnc_model_preset(model, i)); i++)
        json_object_set_new(presets, preset->name,
                            json_pack("{s:s, s:s}", "cutout", preset->cutout, "attention",
                                      preset->attention));
    return presets;
}

static int print_json(const struct nnc_model *model, const struct nnc_task *task)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);
    const struct nnc_cost total = nnc_model_cost(model);
    const struct nnc_cost active = nnc_task_cost(task);
    const struct nnc_cost trunk = nnc_task_trunk_cost(task);
    json_t *const categories = json_array();
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i))
        json_array_append_new(categories,
                              category_json(task, nnc_taxonomy_category(taxonomy, i)));
    return cli_json_print(json_pack(
        "{s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "model",
        cli_json_string(nnc_model_name(model)), "backend",
        nnc_backend_name(nnc_model_backend(model)), "isa", nnc_isa_name(nnc_model_isa(model)),
        "precision", nnc_precision_name(nnc_model_precision(model)),
        "total_params", (json_int_t)total.params, "active_params",
        (json_int_t)active.params, "total_macs", (json_int_t)total.macs, "active_macs",
        (json_int_t)active.macs, "trunk_params", (json_int_t)trunk.params, "trunk_macs",
        (json_int_t)trunk.macs, "presets", presets_json(model), "categories", categories));
}

static void print_cost_line(const char *label, struct nnc_cost cost, const char *note)
{
    char params[32], macs[32];
    cli_print_padded(label, LABEL_WIDTH);
    printf("%10s %10s%s%s\n", cli_count((double)cost.params, params, sizeof params),
           cli_count((double)cost.macs, macs, sizeof macs), *note ? "   " : "", note);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_totals(const struct nnc_model *model, const struct nnc_task *task)
{
    const struct nnc_cost total = nnc_model_cost(model);
    const struct nnc_cost active = nnc_task_cost(task);
    printf("%s", cli_bold());
    cli_print_padded("", LABEL_WIDTH);
    printf("%10s %10s%s\n", "parameters", "MACs", cli_plain());
    print_cost_line("full network", total, "");
    if (nnc_task_n_active(task) < nnc_taxonomy_n_classes(nnc_model_taxonomy(model))) {
        char note[96];
        g_snprintf(note, sizeof note,
                   "%.1f %% of parameters and %.1f %% of MACs excluded",
                   100 - share(active.params, total.params),
                   100 - share(active.macs, total.macs));
        print_cost_line("this cutout", active, note);
    }
    print_cost_line("trunk", nnc_task_trunk_cost(task), "");
}

/* Whether a later category has the same parent: decides between ├ and └. */
static bool has_younger_sibling(const struct nnc_taxonomy *taxonomy, uint32_t index)
{
    const uint32_t parent = nnc_taxonomy_category(taxonomy, index)->parent;
    for (uint32_t i = nnc_taxonomy_next(taxonomy, index); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i)) {
        if (nnc_taxonomy_category(taxonomy, i)->parent == parent)
            return true;
    }
    return false;
}

static void print_branch(const struct nnc_task *task, const struct nnc_taxonomy *taxonomy,
                         const struct nnc_category *category, bool open[MAX_TREE_DEPTH])
{
    char label[256] = "";
    const uint32_t depth = MIN(category->depth, MAX_TREE_DEPTH - 1);
    open[depth] = has_younger_sibling(taxonomy, category->index);
    for (uint32_t level = 0; level < depth; level++)
        g_strlcat(label, open[level] ? "│  " : "   ", sizeof label);
    g_strlcat(label, open[depth] ? "├─ " : "└─ ", sizeof label);
    g_strlcat(label, category->name, sizeof label);
    const bool active = nnc_task_category_active(task, category->index);
    printf("%s", !active ? cli_dim() : category->leaf ? "" : cli_bold());
    print_cost_line(label, nnc_task_category_cost(task, category->index),
                    active ? "" : "cut away");
    printf("%s", cli_plain());
}

static const char *fit_name(enum nnc_fit fit)
{
    return fit == NNC_FIT_CROP        ? "crop"
           : fit == NNC_FIT_LETTERBOX ? "letterbox"
                                      : "stretch";
}

static void print_presets(const struct nnc_model *model)
{
    const struct nnc_preset *preset;
    for (size_t i = 0; (preset = nnc_model_preset(model, i)); i++)
        printf("%spreset %s: cutout '%s', attention '%s'\n", i ? "" : "\n", preset->name,
               preset->cutout, preset->attention);
}

static void print_for_people(const struct nnc_model *model, const struct nnc_task *task)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);
    const struct nnc_input_spec *const input = nnc_model_input(model);
    printf("%s%s%s   %zu of %zu classes active, input %ux%u %s (%s), backend %s (%s), %s%s%s\n\n",
           cli_bold(), nnc_model_name(model), cli_plain(), nnc_task_n_active(task),
           nnc_taxonomy_n_classes(taxonomy), input->width, input->height,
           input->channels == 1 ? "grey"
           : input->bgr         ? "BGR"
                                : "RGB",
           fit_name(input->fit), nnc_backend_name(nnc_model_backend(model)),
           nnc_isa_name(nnc_model_isa(model)),
           nnc_precision_name(nnc_model_precision(model)),
           nnc_model_has_attention(model) ? ", attention" : "",
           nnc_model_has_presence(model) ? ", presence" : "");
    print_totals(model, task);
    print_presets(model);
    puts("\nEach branch with its own cost, nested branches not included:");
    bool open[MAX_TREE_DEPTH] = {false};
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i))
        print_branch(task, taxonomy, nnc_taxonomy_category(taxonomy, i), open);
}

static int run_info(const struct cli_options *options)
{
    struct nnc_model *model = NULL;
    struct nnc_task *task = NULL;
    struct nnc_error error;
    const struct nnc_model_options model_options = {.backend = options->backend,
                                                    .isa = options->isa,
                                                    .precision = options->precision};
    int code = CLI_OK;
    if (nnc_model_open(options->model, &model_options, &model, &error) ||
        nnc_task_create(model, options->cutout, NULL, 0, &task, &error)) {
        cli_error("%s", error.message);
        code = CLI_FAILED;
    } else if (options->json) {
        code = print_json(model, task);
    } else {
        print_for_people(model, task);
    }
    nnc_task_unref(task);
    nnc_model_unref(model);
    return code;
}

const struct cli_command cli_info = {
    .name = "info",
    .arguments = "MODEL [--cutout TEXT] [--json]",
    .summary = "the tree of categories with the cost of every branch",
    .details = "Prints the taxonomy of a model as a tree, with parameters and MACs "
               "(multiply-adds)\n"
               "per branch, and what a cutout excludes.",
    .options = "--cutout --backend --isa --precision --json ",
    .fields = {{"model", "file name without its folder"},
               {"backend", "what does the arithmetic: native, blas or reference"},
               {"isa", "instruction set of our own kernels, e.g. avx512"},
               {"precision", "what convolutions multiply: fp32, bf16, int8"},
               {"total_params", "parameters of the full network"},
               {"active_params", "parameters that the cutout uses"},
               {"total_macs", "multiply-adds per picture of the full network"},
               {"active_macs", "multiply-adds per picture of the cutout"},
               {"trunk_params", "the part of active_params that belongs to no category"},
               {"trunk_macs", "the part of active_macs that belongs to no category"},
               {"presets", "object of name to \"cutout\" and \"attention\": tasks of the model"},
               {"categories",
                "array, depth first, of objects: path, depth (from 0), leaf,\n"
                "                    active, params, macs (the branch's own)"}},
    .run = run_info,
};
