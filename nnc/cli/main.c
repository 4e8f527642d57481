// SPDX-License-Identifier: MIT
/* The command `nnc`: picks the sub-command, and holds what all of them begin with. Exit
 * codes are a contract: 0 done, 2 wrong usage, 1 everything else. */

#include "cli.h"
#include "print.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command *const commands[] = {&cli_info, &cli_run, &cli_eval,
                                                     &cli_bench, &cli_extract,
                                                     &cli_quantize};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

int cli_work_init(struct cli_work *work, const struct cli_options *options)
{
    struct nnc_error error;
    *work = (struct cli_work){0};
    const struct nnc_model_options model_options = {.backend = options->backend,
                                                    .isa = options->isa,
                                                    .precision = options->precision};
    const struct nnc_session_options session_options = {.threads = options->threads};
    if (nnc_model_open(options->model, &model_options, &work->model, &error) ||
        nnc_task_create(work->model, options->cutout, options->attention, 0, &work->task,
                        &error) ||
        nnc_session_create(work->model, &session_options, &work->session, &error)) {
        cli_error("%s", error.message);
        cli_work_finish(work);
        return CLI_FAILED;
    }
    return CLI_OK;
}

void cli_work_finish(struct cli_work *work)
{
    nnc_session_destroy(work->session);
    nnc_task_unref(work->task);
    nnc_model_unref(work->model);
    *work = (struct cli_work){0};
}

static void print_help(void)
{
    puts("usage: nnc COMMAND MODEL ... (nnc COMMAND --help says more)\n\n"
         "Runs nested networks: any part of the tree of categories alone, at its own "
         "cost.\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        printf("  nnc %-8s %s\n", commands[i]->name, commands[i]->summary);
    puts(
        "\nWith --json every line on stdout is one JSON object. Floats have 9 "
        "significant\n"
        "digits, so that they read back to the same bits; null stands for a number that\n"
        "does not exist. Errors are one line each on stderr.\n"
        "Exit codes: 0 done, 2 wrong usage, 1 everything else.");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        printf("\nnnc %s --json:\n", commands[i]->name);
        cli_fields_help(commands[i]);
    }
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options;
    bool help;
    const int usage = cli_options_parse(command, argc, argv, &options, &help);
    if (usage)
        return usage;
    if (help) {
        cli_options_help(command);
        return CLI_OK;
    }
    return command->run(&options);
}

static int choose_command(int argc, char **argv)
{
    if (argc < 2) {
        cli_error("which command? info, run, eval, bench or extract; see nnc --help");
        return CLI_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        print_help();
        return CLI_OK;
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!strcmp(argv[1], commands[i]->name))
            return run_command(commands[i], argc - 2, argv + 2);
    }
    cli_error("unknown command \"%s\"; there are info, run, eval, bench and extract", argv[1]);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    const int code = choose_command(argc, argv);
    /* A full disk shows only when the buffer is written. */
    if (fflush(stdout) || ferror(stdout)) {
        cli_error("writing to stdout failed");
        return code ? code : CLI_FAILED;
    }
    return code;
}
