// SPDX-License-Identifier: MIT
/* `nnc eval`: how often a task is right on labelled pictures. Accuracy is judged on
 * pictures whose class is active: a cutout must know only what it claims to know. The
 * others judge its presence: it ought to say that it does not know them. */

#include "cli.h"
#include "dataset.h"
#include "print.h"
#include "attention_signal.h"
#include "statistics.h"
#include "tally.h"
#include "trial.h"

#include <glib.h>
#include <stdio.h>

enum { BAR_WIDTH = 20, NAME_WIDTH = 44 };

struct evaluation {
    const struct cli_options *options;
    struct cli_work work;
    struct cli_dataset *dataset;
    struct cli_signal *signal; /* NULL: none */
    struct cli_trial *trials;
    size_t n_trials;
    size_t n_inside;  /* trials of active classes */
    size_t n_not_run; /* pictures of other classes that are not shown to the network */
};

static json_t *superclass_json(const struct cli_tally *tally)
{
    json_t *const superclass = json_object();
    const struct nnc_taxonomy *const taxonomy = tally->taxonomy;
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i)) {
        const struct nnc_category *const category = nnc_taxonomy_category(taxonomy, i);
        if (!category->leaf)
            json_object_set_new(superclass, category->path,
                                cli_json_real(cli_share(tally->right_of_category[i],
                                                        tally->of_category[i])));
    }
    return superclass;
}

static int print_json(const struct cli_tally *tally,
                      const struct cli_signal_options *signal)
{
    return cli_json_print(json_pack(
        "{s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "images",
        (json_int_t)tally->images, "top1",
        cli_json_real(cli_share(tally->top1, tally->images)), "top5",
        cli_json_real(cli_share(tally->top5, tally->images)), "superclass",
        superclass_json(tally), "outside", (json_int_t)tally->outside, "presence_auroc",
        cli_json_real(cli_auroc(tally->cases, tally->n_cases)), "unknown_recall",
        cli_json_real(cli_share(tally->outside_called_unknown, tally->outside)),
        "unknown_precision",
        cli_json_real(cli_share(tally->outside_called_unknown, tally->called_unknown)),
        "signal", cli_signal_json(signal)));
}

static void print_category(const struct cli_tally *tally,
                           const struct nnc_category *category)
{
    const size_t images = tally->of_category[category->index];
    if (category->leaf || !images)
        return;
    char bar[3 * BAR_WIDTH + 1];
    const double right = cli_share(tally->right_of_category[category->index], images);
    printf("  ");
    cli_print_padded(category->path, NAME_WIDTH);
    printf("%5.1f %%  %s %7zu\n", 100 * right, cli_bar(right, BAR_WIDTH, bar), images);
}

static void print_share(const char *name, size_t part, size_t whole)
{
    if (whole)
        printf("%s %.2f %%   ", name, 100 * cli_share(part, whole));
    else
        printf("%s -   ", name);
}

static void print_presence(const struct cli_tally *tally)
{
    if (!tally->outside)
        return;
    printf("presence AUROC %.4f   ", cli_auroc(tally->cases, tally->n_cases));
    print_share("unknown recall", tally->outside_called_unknown, tally->outside);
    print_share("precision", tally->outside_called_unknown, tally->called_unknown);
    printf("against %zu pictures outside\n", tally->outside);
}

static void print_for_people(const struct evaluation *evaluation,
                             const struct cli_tally *tally)
{
    const struct nnc_taxonomy *const taxonomy = tally->taxonomy;
    printf("%s", cli_bold());
    print_share("top-1", tally->top1, tally->images);
    print_share("top-5", tally->top5, tally->images);
    printf("%son %zu pictures", cli_plain(), tally->images);
    if (evaluation->n_not_run)
        printf(" (%zu of other classes not shown)", evaluation->n_not_run);
    putchar('\n');
    print_presence(tally);
    cli_signal_print(&evaluation->options->signal);
    puts("\nShare of the pictures of each category whose class is found, and their "
         "number:");
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i))
        print_category(tally, nnc_taxonomy_category(taxonomy, i));
}

/* Pictures of active classes are run; the others if there is a presence to judge by them.
 * A label that the model does not know says nothing: it may be misspelt. */
static void choose_trials(struct evaluation *evaluation)
{
    const struct cli_dataset *const dataset = evaluation->dataset;
    const bool presence = nnc_model_has_presence(evaluation->work.model);
    const size_t n = cli_dataset_size(dataset);
    evaluation->trials = g_new0(struct cli_trial, n);
    for (size_t i = 0; i < n; i++) {
        const uint32_t class = cli_dataset_class(dataset, i);
        const bool known = class != NNC_NO_CATEGORY;
        const bool inside =
            known && nnc_task_category_active(evaluation->work.task, class);
        const bool outside = !inside && (known || cli_dataset_unknown(dataset, i));
        if (inside || (outside && presence))
            evaluation->trials[evaluation->n_trials++] =
                (struct cli_trial){.picture = i, .class = class, .outside = outside};
        else
            evaluation->n_not_run++;
        evaluation->n_inside += inside;
    }
}

static int report(const struct evaluation *evaluation, const struct cli_tally *tally)
{
    int code = CLI_OK;
    if (evaluation->options->json)
        code = print_json(tally, &evaluation->options->signal);
    else
        print_for_people(evaluation, tally);
    return tally->failed ? CLI_FAILED : code;
}

static int nothing_to_judge(const struct evaluation *evaluation)
{
    cli_error("no picture of an active class could be read (%zu of other classes)",
              cli_dataset_size(evaluation->dataset) - evaluation->n_inside);
    return CLI_FAILED;
}

static int evaluate(struct evaluation *evaluation)
{
    const struct cli_trial_room room = {&evaluation->work, evaluation->dataset,
                                        evaluation->signal};
    struct cli_tally tally;
    choose_trials(evaluation);
    if (!evaluation->n_inside)
        return nothing_to_judge(evaluation);
    cli_trials_run(evaluation->trials, evaluation->n_trials, &room,
                   evaluation->options->threads);
    cli_tally_init(&tally, nnc_model_taxonomy(evaluation->work.model), evaluation->trials,
                   evaluation->n_trials);
    const int code =
        tally.images ? report(evaluation, &tally) : nothing_to_judge(evaluation);
    cli_tally_finish(&tally);
    return code;
}

static bool prepare(struct evaluation *evaluation)
{
    const struct cli_options *const options = evaluation->options;
    struct cli_options alone = *options;
    alone.threads = 1; /* threads take pictures, not parts of one */
    if (cli_work_init(&evaluation->work, &alone))
        return false;
    if (options->signal.given) {
        evaluation->signal = cli_signal_create(&evaluation->work, &options->signal);
        if (!evaluation->signal)
            return false;
    }
    evaluation->dataset =
        cli_dataset_open(nnc_model_taxonomy(evaluation->work.model), options->cifar100,
                         options->folder, options->unknown_folder);
    return evaluation->dataset != NULL;
}

static void finish(struct evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->n_trials; i++)
        g_free(evaluation->trials[i].failure);
    g_free(evaluation->trials);
    cli_dataset_close(evaluation->dataset);
    cli_signal_destroy(evaluation->signal);
    cli_work_finish(&evaluation->work);
}

static int check_options(const struct cli_options *options)
{
    if (!options->cifar100 == !options->folder) {
        cli_error(
            "eval takes either --cifar100 FILE or --folder DIR; see nnc eval --help");
        return CLI_USAGE;
    }
    if (options->signal.detail && !options->signal.given) {
        cli_error("%s goes with --signal, which is missing; see nnc eval --help",
                  options->signal.detail);
        return CLI_USAGE;
    }
    return CLI_OK;
}

static int run_eval(const struct cli_options *options)
{
    struct evaluation evaluation = {.options = options};
    int code = check_options(options);
    if (code)
        return code;
    code = prepare(&evaluation) ? evaluate(&evaluation) : CLI_FAILED;
    finish(&evaluation);
    return code;
}

const struct cli_command cli_eval = {
    .name = "eval",
    .arguments =
        "MODEL (--cifar100 FILE | --folder DIR) [--unknown-folder DIR] [--cutout TEXT]\n"
        "                [--attention TEXT] [--signal TEXT [--signal-from WHICH]]",
    .summary = "accuracy on labelled pictures, presence, attention by label",
    .details =
        "Accuracy counts the pictures whose class is active. If the model has presence, "
        "its other\n"
        "classes and --unknown-folder (DIR/picture or DIR/any/picture) are classified "
        "too: they are\n"
        "outside, and the task should call them unknown. Folders of --folder that name "
        "no class are\n"
        "left out. A picture that cannot be read is said, left out, and makes the exit "
        "code 1. The\n"
        "class of a CIFAR-100 record is the leaf whose label is the record's second "
        "byte.\n\n"
        "--signal multiplies the gains of --attention, for each picture by its label: "
        "the top category\n"
        "it belongs to by enhance, all other active ones by inhibit (if its own is cut "
        "away, all are\n"
        "inhibited). --signal-from wrong enhances another active one instead, chosen at "
        "random. At\n"
        "another level than 0 a class above that level stands for itself.\n\n"
        "Threads work on pictures side by side; the result does not depend on their "
        "number.",
    .options = "--cutout --attention --cifar100 --folder --unknown-folder --signal "
               "--signal-from --signal-level --seed --threads --backend --isa --precision "
               "--json ",
    .fields =
        {{"images", "pictures of active classes that were classified"},
         {"top1", "share of them (0..1) whose class came first"},
         {"top5", "share of them (0..1) whose class was among the first five"},
         {"superclass",
          "object, path of every non-leaf category -> share of the pictures\n"
          "                    within it whose class came first (null: no pictures)"},
         {"outside", "pictures outside that were classified: of classes that are not "
                     "active,\n"
                     "                    and of --unknown-folder"},
         {"presence_auroc",
          "chance (0..1) that presence is higher for a picture of an active\n"
          "                    class than for one outside, ties counting half (null: no "
          "such pair)"},
         {"unknown_recall", "share of the pictures outside that were called unknown"},
         {"unknown_precision", "share of the pictures called unknown that are outside"},
         {"signal", "null, or object: from (right, wrong), enhance, inhibit, level, "
                    "seed"}},
    .run = run_eval,
};
