// SPDX-License-Identifier: MIT
/* The options of all sub-commands: one table says what each is called, what it takes and
 * what it means; parser and --help both read it, so they cannot disagree. */

#include "cli.h"
#include "print.h"
#include "attention_signal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TOP_K = 5, DEFAULT_RUNS = 200, DEFAULT_SHOWN = 500, MAX_THREADS = 256, MAX_NUMBER = 1000000 };

struct option_row {
    const char *name, *argument, *meaning;
    /* Stores `value` (NULL for options without argument); NULL or what was expected. */
    const char *(*store)(struct cli_options *options, const char *value);
};

static const char *store_cutout(struct cli_options *options, const char *value)
{
    options->cutout = value;
    return NULL;
}

static const char *store_attention(struct cli_options *options, const char *value)
{
    options->attention = value;
    return NULL;
}

static const char *store_out(struct cli_options *options, const char *value)
{
    options->out = value;
    return NULL;
}

static const char *store_calibrate(struct cli_options *options, const char *value)
{
    options->calibrate = value;
    return NULL;
}

static const char *store_cifar100(struct cli_options *options, const char *value)
{
    options->cifar100 = value;
    return NULL;
}

static const char *store_folder(struct cli_options *options, const char *value)
{
    options->folder = value;
    return NULL;
}

static const char *store_unknown_folder(struct cli_options *options, const char *value)
{
    options->unknown_folder = value;
    return NULL;
}

static const char *store_signal(struct cli_options *options, const char *value)
{
    return cli_signal_parse(value, &options->signal)
               ? NULL
               : "enhance=GAIN,inhibit=GAIN (or one of them), gains from 0 to 16";
}

static const char *store_signal_from(struct cli_options *options, const char *value)
{
    options->signal.detail = "--signal-from";
    options->signal.wrong = !strcmp(value, "wrong");
    return options->signal.wrong || !strcmp(value, "right") ? NULL : "right or wrong";
}

static const char *store_backend(struct cli_options *options, const char *value)
{
    return nnc_backend_from_name(value, &options->backend)
               ? NULL
               : "one of auto, native, blas, reference";
}

static const char *store_isa(struct cli_options *options, const char *value)
{
    return nnc_isa_from_name(value, &options->isa)
               ? NULL
               : "one of auto, generic, avx2, avx512, neon";
}

static const char *store_precision(struct cli_options *options, const char *value)
{
    return nnc_precision_from_name(value, &options->precision) ? NULL
                                                               : "one of fp32, bf16, int8";
}

static bool read_number(const char *value, unsigned low, unsigned high, unsigned *number)
{
    char *end;
    errno = 0;
    const unsigned long parsed = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || errno || parsed < low ||
        parsed > high)
        return false;
    *number = (unsigned)parsed;
    return true;
}

static const char *store_threads(struct cli_options *options, const char *value)
{
    return read_number(value, 0, MAX_THREADS, &options->threads)
               ? NULL
               : "a number from 0 to 256";
}

static const char *store_top_k(struct cli_options *options, const char *value)
{
    return read_number(value, 0, MAX_NUMBER, &options->top_k) ? NULL
                                                              : "a number, 0 or larger";
}

static const char *store_runs(struct cli_options *options, const char *value)
{
    return read_number(value, 1, MAX_NUMBER, &options->runs)
               ? NULL
               : "a number from 1 to 1000000";
}

static const char *store_shown(struct cli_options *options, const char *value)
{
    return read_number(value, 1, MAX_NUMBER, &options->shown)
               ? NULL
               : "a number from 1 to 1000000";
}

static const char *store_signal_level(struct cli_options *options, const char *value)
{
    options->signal.detail = "--signal-level";
    return read_number(value, 0, MAX_NUMBER, &options->signal.level)
               ? NULL
               : "a number, 0 or larger";
}

static const char *store_seed(struct cli_options *options, const char *value)
{
    options->signal.detail = "--seed";
    return read_number(value, 0, MAX_NUMBER, &options->signal.seed)
               ? NULL
               : "a number from 0 to 1000000";
}

static const char *store_logits(struct cli_options *options, const char *value)
{
    options->logits = true;
    return NULL;
}

static const char *store_json(struct cli_options *options, const char *value)
{
    options->json = true;
    return NULL;
}

static const struct option_row rows[] = {
    {"--cutout", "TEXT", "active categories, e.g. 'vehicles,mammals/cats' or '-places'",
     store_cutout},
    {"--attention", "TEXT", "gains, e.g. 'vehicles=1.5,places=0.5'", store_attention},
    {"--out", "FILE", "the file to write; -o FILE for short", store_out},
    {"--calibrate", "DATA", "pictures to learn from: a folder, or a CIFAR-100 file",
     store_calibrate},
    {"--pictures", "N", "how many of them are shown (default 500)", store_shown},
    {"--cifar100", "FILE", "records of superclass, class, 3x1024 pixels (3074 bytes)",
     store_cifar100},
    {"--folder", "DIR", "pictures as DIR/class/picture; class: name, path or alias",
     store_folder},
    {"--unknown-folder", "DIR", "pictures of nothing the model knows, to judge presence",
     store_unknown_folder},
    {"--signal", "TEXT", "gains by each picture's label: 'enhance=1.5,inhibit=0.5'",
     store_signal},
    {"--signal-from", "WHICH", "right | wrong: the category that is enhanced",
     store_signal_from},
    {"--signal-level", "N", "level of the categories, 0 = top categories (default)",
     store_signal_level},
    {"--seed", "N", "of the choice of wrong categories (default 0)", store_seed},
    {"--top-k", "K", "how many predictions, 0 = all (default 5)", store_top_k},
    {"--logits", NULL, "the logits of all active classes too", store_logits},
    {"--runs", "N", "how many runs are timed (default 200)", store_runs},
    {"--threads", "N", "threads at work (default: one per core)", store_threads},
    {"--backend", "NAME", "auto | native | blas | reference", store_backend},
    {"--isa", "NAME", "auto | generic | avx2 | avx512 | neon, of native", store_isa},
    {"--precision", "NAME", "fp32 | bf16 | int8: what convolutions multiply", store_precision},
    {"--json", NULL, "for scripts: one JSON object per line", store_json},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static bool command_takes(const struct cli_command *command, const struct option_row *row)
{
    char word[32];
    snprintf(word, sizeof word, "%s ", row->name);
    return strstr(command->options, word);
}

/* The row of an argument such as "--top-k" or "--top-k=3". */
static const struct option_row *find_row(const struct cli_command *command,
                                         const char *text)
{
    const bool is_short = !strncmp(text, "-o", 2) && (!text[2] || text[2] == '=');
    if (is_short)
        text = "--out";
    const size_t length = strcspn(text, "=");
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strlen(rows[i].name) == length && !memcmp(rows[i].name, text, length) &&
            command_takes(command, &rows[i]))
            return &rows[i];
    }
    return NULL;
}

/* Reads the option at argv[*at] and steps over its argument. */
static int parse_option(const struct cli_command *command, int argc, char **argv, int *at,
                        struct cli_options *options)
{
    const char *const text = argv[*at];
    const char *const inline_value = strchr(text, '=') ? strchr(text, '=') + 1 : NULL;
    const struct option_row *const row = find_row(command, text);
    if (!row) {
        cli_error("unknown option %s; see nnc %s --help", text, command->name);
        return CLI_USAGE;
    }
    const char *value = inline_value;
    if (row->argument && !value && ++*at < argc)
        value = argv[*at];
    if (row->argument ? !value : !!value) {
        cli_error("option %s takes %s; see nnc %s --help", row->name,
                  row->argument ? "an argument" : "no argument", command->name);
        return CLI_USAGE;
    }
    const char *const expected = row->store(options, value);
    if (expected) {
        cli_error("option %s: \"%s\" is not %s", row->name, value, expected);
        return CLI_USAGE;
    }
    return CLI_OK;
}

static int check_arguments(const struct cli_command *command,
                           const struct cli_options *options)
{
    if (!options->model) {
        cli_error("which model? usage: nnc %s %s", command->name, command->arguments);
        return CLI_USAGE;
    }
    if (command->takes_pictures && !options->n_pictures) {
        cli_error("which picture? usage: nnc %s %s", command->name, command->arguments);
        return CLI_USAGE;
    }
    if (!command->takes_pictures && options->n_pictures) {
        cli_error("unexpected argument \"%s\"; usage: nnc %s %s", options->pictures[0],
                  command->name, command->arguments);
        return CLI_USAGE;
    }
    return CLI_OK;
}

int cli_options_parse(const struct cli_command *command, int argc, char **argv,
                      struct cli_options *options, bool *help)
{
    *options = (struct cli_options){
        .top_k = DEFAULT_TOP_K, .runs = DEFAULT_RUNS, .shown = DEFAULT_SHOWN};
    *help = false;
    options->pictures = argv;
    bool only_names = false; /* behind "--" */
    for (int i = 0; i < argc; i++) {
        char *const text = argv[i];
        if (only_names || text[0] != '-' || !text[1]) {
            /* positional arguments move to the front of argv, behind the model */
            if (!options->model)
                options->model = text;
            else
                options->pictures[options->n_pictures++] = text;
        } else if (!strcmp(text, "--")) {
            only_names = true;
        } else if (!strcmp(text, "--help") || !strcmp(text, "-h")) {
            *help = true;
            return CLI_OK;
        } else if (parse_option(command, argc, argv, &i, options)) {
            return CLI_USAGE;
        }
    }
    return check_arguments(command, options);
}

void cli_fields_help(const struct cli_command *command)
{
    for (const struct cli_field *field = command->fields; field->name; field++)
        printf("  %-17s %s\n", field->name, field->meaning);
}

void cli_options_help(const struct cli_command *command)
{
    printf("usage: nnc %s %s\n\n%s\n\n", command->name, command->arguments,
           command->details);
    for (size_t i = 0; i < N_ROWS; i++) {
        if (!command_takes(command, &rows[i]))
            continue;
        char left[32];
        snprintf(left, sizeof left, "%s %s", rows[i].name,
                 rows[i].argument ? rows[i].argument : "");
        printf("  %-20s %s\n", left, rows[i].meaning);
    }
    printf("  %-20s %s\n\nFields of the JSON:\n", "--help", "this text");
    cli_fields_help(command);
}
