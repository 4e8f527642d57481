/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_CLI_H
#define NNC_CLI_CLI_H

/* What the sub-commands of `nnc` share: the options, how a command describes itself, and
 * the exit codes that scripts rely on. Everything in this folder uses public headers
 * only: the command is also the first user of the library. */

#include <nnc/nnc.h>

#include <stdbool.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* Gains that follow from each picture's label; see attention_signal.h. */
struct cli_signal_options {
    bool given; /* --signal */
    float enhance, inhibit;
    bool wrong; /* --signal-from */
    unsigned level, seed;
    const char *detail; /* an option that only goes with --signal, if one was given */
};

struct cli_options {
    const char *model;
    char **pictures; /* positional arguments behind the model */
    int n_pictures;
    const char *cutout, *attention;
    const char *cifar100, *folder, *unknown_folder;
    const char *out, *calibrate;
    struct cli_signal_options signal;
    enum nnc_backend backend;
    enum nnc_isa isa;
    enum nnc_precision precision;
    unsigned threads; /* 0 = one per core */
    unsigned top_k;   /* 0 = all */
    unsigned runs;
    unsigned shown; /* pictures to learn from */
    bool logits, json;
};

/* A field of the JSON that a command prints: the words of its --help, and of the test
 * that compares them with what is really printed. */
struct cli_field {
    const char *name, *meaning;
};

enum { CLI_MAX_FIELDS = 16 };

struct cli_command {
    const char *name, *arguments, *summary, *details;
    const char *options; /* names of the options it takes, each followed by a space */
    bool takes_pictures;
    struct cli_field fields[CLI_MAX_FIELDS];
    int (*run)(const struct cli_options *options);
};

extern const struct cli_command cli_info, cli_run, cli_eval, cli_bench, cli_extract,
    cli_quantize;

/* Reads the arguments behind the command's name. `*options` is complete on CLI_OK.
 * Answers CLI_USAGE, with the error said, for wrong ones; `*help` tells that --help was
 * asked. */
int cli_options_parse(const struct cli_command *command, int argc, char **argv,
                      struct cli_options *options, bool *help);

/* The --help of one command, and its parts. */
void cli_options_help(const struct cli_command *command);
void cli_fields_help(const struct cli_command *command);

/* What every command begins with: a model, a task on it, a session. The first failure is
 * said on stderr and answers CLI_FAILED; cli_work_finish takes half-made ones. */
struct cli_work {
    struct nnc_model *model;
    struct nnc_task *task;
    struct nnc_session *session;
};
int cli_work_init(struct cli_work *work, const struct cli_options *options);
void cli_work_finish(struct cli_work *work);

#endif
