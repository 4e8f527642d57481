// SPDX-License-Identifier: MIT
/* `nnc quantize`: a model whose layers multiply bytes. Shows pictures to the library, which
 * makes and checks the file; this says what came of it. */

#include "cli.h"
#include "dataset.h"
#include "print.h"

#include <glib.h>
#include <stdio.h>

static int print_json(const char *file, const struct nnc_quantized_info *info)
{
    return cli_json_print(json_pack(
        "{s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "file", cli_json_string(file), "bytes",
        (json_int_t)info->bytes, "params", (json_int_t)info->cost.params, "macs",
        (json_int_t)info->cost.macs, "layers", (json_int_t)info->n_layers, "float_layers",
        (json_int_t)info->n_float, "pictures", (json_int_t)info->n_pictures));
}

static void print_for_people(const char *file, const struct nnc_quantized_info *info)
{
    char bytes[32];
    printf("%s%s%s\n", cli_bold(), file, cli_plain());
    printf("  %-11s %10zu   multiply bytes, %zu stay float\n", "layers", info->n_layers,
           info->n_float);
    printf("  %-11s %10zu\n", "pictures", info->n_pictures);
    printf("  %-11s %10s\n", "bytes", cli_count((double)info->bytes, bytes, sizeof bytes));
}

/* One picture; those that cannot be read are said and left out. False: it is no use to go
 * on. */
static bool show(struct nnc_quantizer *quantizer, const struct cli_dataset *dataset,
                 size_t index)
{
    struct cli_picture picture;
    struct nnc_error error;
    g_autofree char *reason = NULL;
    g_autofree char *name = cli_dataset_name(dataset, index);
    if (!cli_dataset_load(dataset, index, &picture, &reason)) {
        cli_error("%s: %s; left out", name, reason);
        return true;
    }
    const enum nnc_status status = nnc_quantizer_show(quantizer, &picture.image, &error);
    cli_picture_finish(&picture);
    if (status)
        cli_error("%s: %s", name, error.message);
    return !status;
}

/* As many as were asked for, spread over the data set, which may be sorted by class. */
static bool show_all(struct nnc_quantizer *quantizer, const struct cli_dataset *dataset,
                     size_t wanted)
{
    const size_t size = cli_dataset_size(dataset), n = wanted < size ? wanted : size;
    bool fine = true;
    for (size_t i = 0; i < n && fine; i++)
        fine = show(quantizer, dataset, i * size / n);
    return fine;
}

static int quantize(struct nnc_quantizer *quantizer, const struct cli_dataset *dataset,
                    const struct cli_options *options)
{
    struct nnc_quantized_info info;
    struct nnc_error error;
    if (!show_all(quantizer, dataset, options->shown))
        return CLI_FAILED;
    if (nnc_quantizer_write(quantizer, options->out, &info, &error)) {
        cli_error("%s", error.message);
        return CLI_FAILED;
    }
    if (options->json)
        return print_json(options->out, &info);
    print_for_people(options->out, &info);
    return CLI_OK;
}

static int run_quantize(const struct cli_options *options)
{
    struct nnc_model *model = NULL;
    struct nnc_quantizer *quantizer = NULL;
    struct cli_dataset *dataset = NULL;
    struct nnc_error error;
    int code = CLI_FAILED;
    if (!options->calibrate || !options->out) {
        cli_error("%s? usage: nnc quantize %s",
                  options->calibrate ? "which file is to be written" : "which pictures",
                  cli_quantize.arguments);
        return CLI_USAGE;
    }
    const bool folder = g_file_test(options->calibrate, G_FILE_TEST_IS_DIR);
    if (nnc_model_open(options->model, NULL, &model, &error) ||
        nnc_quantizer_create(model, &quantizer, &error))
        cli_error("%s", error.message);
    else if ((dataset = cli_dataset_open(nnc_model_taxonomy(model),
                                         folder ? NULL : options->calibrate,
                                         folder ? options->calibrate : NULL, NULL)))
        code = quantize(quantizer, dataset, options);
    cli_dataset_close(dataset);
    nnc_quantizer_destroy(quantizer);
    nnc_model_unref(model);
    return code;
}

const struct cli_command cli_quantize = {
    .name = "quantize",
    .arguments = "MODEL --calibrate DATA --out FILE [--pictures N] [--json]",
    .summary = "the model with layers that multiply bytes (for --precision int8)",
    .details =
        "Shows pictures to the network to learn what numbers go into each layer, and writes "
        "it\n"
        "as standard ONNX with QuantizeLinear and DequantizeLinear, which any engine runs.\n"
        "DATA is a folder of pictures or a CIFAR-100 file, as nnc eval takes them; of more "
        "than\n"
        "--pictures so many are taken, spread over all. They should be such as the network "
        "will\nsee; labels do not matter.",
    .options = "--calibrate --pictures --out --json ",
    .fields = {{"file", "the file, as it was named"},
               {"bytes", "its size"},
               {"params", "parameters, as in the model it is made of"},
               {"macs", "multiply-adds per picture"},
               {"layers", "convolutions and products that multiply bytes"},
               {"float_layers", "those that stay float"},
               {"pictures", "how many were shown"}},
    .run = run_quantize,
};
