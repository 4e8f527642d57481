// SPDX-License-Identifier: MIT
/* `nnc extract`: a cutout as a model of its own. The library makes and checks the file;
 * this says what came of it. */

#include "cli.h"
#include "print.h"

#include <stdio.h>

static double excluded(uint64_t kept, uint64_t of)
{
    return of ? 1 - (double)kept / (double)of : 0;
}

static int print_json(const char *file, const struct nnc_expert_info *info,
                      struct nnc_cost full)
{
    return cli_json_print(json_pack(
        "{s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "file", cli_json_string(file),
        "bytes", (json_int_t)info->bytes, "params", (json_int_t)info->cost.params, "macs",
        (json_int_t)info->cost.macs, "classes", (json_int_t)info->n_classes, "categories",
        (json_int_t)info->n_categories, "excluded_params",
        cli_json_real(excluded(info->cost.params, full.params)), "excluded_macs",
        cli_json_real(excluded(info->cost.macs, full.macs))));
}

static void print_count(const char *label, uint64_t kept, uint64_t of)
{
    char text[32];
    printf("  %-11s %10s   %.1f %% excluded\n", label,
           cli_count((double)kept, text, sizeof text), 100 * excluded(kept, of));
}

static void print_for_people(const char *file, const struct nnc_expert_info *info,
                             struct nnc_cost full)
{
    char bytes[32];
    printf("%s%s%s\n", cli_bold(), file, cli_plain());
    print_count("parameters", info->cost.params, full.params);
    print_count("MACs", info->cost.macs, full.macs);
    printf("  %-11s %10zu   in %zu categories\n", "classes", info->n_classes,
           info->n_categories);
    printf("  %-11s %10s\n", "bytes",
           cli_count((double)info->bytes, bytes, sizeof bytes));
}

static int run_extract(const struct cli_options *options)
{
    struct nnc_model *model = NULL;
    struct nnc_expert_info info;
    struct nnc_error error;
    int code = CLI_OK;
    if (!options->cutout || !options->out) {
        cli_error("%s? usage: nnc extract %s",
                  options->cutout ? "which file is to be written" : "which cutout",
                  cli_extract.arguments);
        return CLI_USAGE;
    }
    if (nnc_model_open(options->model, NULL, &model, &error) ||
        nnc_expert_write(model, options->cutout, options->out, &info, &error)) {
        cli_error("%s", error.message);
        code = CLI_FAILED;
    } else if (options->json) {
        code = print_json(options->out, &info, nnc_model_cost(model));
    } else {
        print_for_people(options->out, &info, nnc_model_cost(model));
    }
    nnc_model_unref(model);
    return code;
}

const struct cli_command cli_extract = {
    .name = "extract",
    .arguments = "MODEL --cutout TEXT --out FILE [--json]",
    .summary = "a cutout as a model of its own (an expert)",
    .details =
        "Writes what the cutout needs, and nothing else, as standard ONNX that any "
        "engine runs,\n"
        "with a taxonomy of its own. Its logits are bit for bit those of the cutout "
        "in nnc.\n"
        "A cutout of '' is the whole network. A file of that name is replaced once "
        "the new\n"
        "one is complete.",
    .options = "--cutout --out --json ",
    .fields = {{"file", "the file, as it was named"},
               {"bytes", "its size"},
               {"params", "parameters of the expert"},
               {"macs", "multiply-adds per picture of the expert"},
               {"classes", "how many classes it tells apart"},
               {"categories", "how many categories it has, classes included"},
               {"excluded_params", "share (0..1) of the model's parameters left out"},
               {"excluded_macs", "share (0..1) of the model's multiply-adds left out"}},
    .run = run_extract,
};
