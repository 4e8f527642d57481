// SPDX-License-Identifier: MIT
/* `nnc eval`: how often a task is right on labelled pictures. Only pictures whose class
 * is active are shown to the network and counted: a cutout is judged on what it claims to
 * know. */

#include "cli.h"
#include "dataset.h"
#include "print.h"
#include "progress.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>

enum { TOP = 5, BAR_WIDTH = 20, NAME_WIDTH = 44 };

struct tally {
    const struct nnc_taxonomy *taxonomy;
    size_t images, top1, top5;
    size_t skipped; /* class unknown to the model, or cut away */
    size_t failed;  /* could not be read or run */
    size_t *of_category,
        *right_of_category; /* [n_categories] pictures within, top-1 right */
};

static void tally_init(struct tally *tally, const struct nnc_taxonomy *taxonomy)
{
    const size_t n = nnc_taxonomy_n_categories(taxonomy);
    *tally = (struct tally){
        .taxonomy = taxonomy,
        .of_category = g_new0(size_t, n),
        .right_of_category = g_new0(size_t, n),
    };
}

static void tally_finish(struct tally *tally)
{
    g_free(tally->of_category);
    g_free(tally->right_of_category);
}

static void tally_add(struct tally *tally, const struct nnc_scores *scores,
                      uint32_t class)
{
    size_t rank = 0;
    while (rank < scores->n && rank < TOP && scores->ranked[rank].category != class)
        rank++;
    tally->images++;
    tally->top1 += rank == 0;
    tally->top5 += rank < TOP && rank < scores->n;
    for (uint32_t i = class; i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_category(tally->taxonomy, i)->parent) {
        tally->of_category[i]++;
        tally->right_of_category[i] += rank == 0;
    }
}

/* NAN where nothing was counted, which JSON shows as null. */
static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : (double)NAN;
}

static int print_json(const struct tally *tally)
{
    json_t *const superclass = json_object();
    const struct nnc_taxonomy *const taxonomy = tally->taxonomy;
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i)) {
        const struct nnc_category *const category = nnc_taxonomy_category(taxonomy, i);
        if (!category->leaf)
            json_object_set_new(
                superclass, category->path,
                cli_json_real(share(tally->right_of_category[i], tally->of_category[i])));
    }
    return cli_json_print(json_pack(
        "{s:I, s:o, s:o, s:o}", "images", (json_int_t)tally->images, "top1",
        cli_json_real(share(tally->top1, tally->images)), "top5",
        cli_json_real(share(tally->top5, tally->images)), "superclass", superclass));
}

static void print_category(const struct tally *tally, const struct nnc_category *category)
{
    const size_t images = tally->of_category[category->index];
    if (category->leaf || !images)
        return;
    char bar[3 * BAR_WIDTH + 1];
    const double right = share(tally->right_of_category[category->index], images);
    printf("  ");
    cli_print_padded(category->path, NAME_WIDTH);
    printf("%5.1f %%  %s %7zu\n", 100 * right, cli_bar(right, BAR_WIDTH, bar), images);
}

static void print_for_people(const struct tally *tally)
{
    const struct nnc_taxonomy *const taxonomy = tally->taxonomy;
    printf("%stop-1 %.2f %%   top-5 %.2f %%%s   on %zu pictures", cli_bold(),
           100 * share(tally->top1, tally->images),
           100 * share(tally->top5, tally->images), cli_plain(), tally->images);
    if (tally->skipped)
        printf(" (%zu of other classes not shown)", tally->skipped);
    puts("\n\nShare of the pictures of each category whose class is found, and their "
         "number:");
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i))
        print_category(tally, nnc_taxonomy_category(taxonomy, i));
}

static bool is_active(const struct cli_work *work, uint32_t class)
{
    return class != NNC_NO_CATEGORY && nnc_task_category_active(work->task, class);
}

static bool evaluate_one(const struct cli_work *work, const struct cli_dataset *dataset,
                         size_t index, struct tally *tally)
{
    struct cli_picture picture;
    struct nnc_scores scores;
    struct nnc_error error;
    if (!cli_dataset_load(dataset, index, &picture))
        return false;
    const bool ok = !nnc_session_run_image(work->session, work->task, &picture.image,
                                           &scores, &error);
    if (ok)
        tally_add(tally, &scores, cli_dataset_class(dataset, index));
    else
        cli_error("picture %zu: %s", index, error.message);
    cli_picture_finish(&picture);
    return ok;
}

static void evaluate(const struct cli_work *work, const struct cli_dataset *dataset,
                     struct tally *tally)
{
    struct cli_progress progress;
    const size_t n = cli_dataset_size(dataset);
    cli_progress_init(&progress, "eval", n);
    for (size_t i = 0; i < n; i++) {
        if (!is_active(work, cli_dataset_class(dataset, i))) {
            tally->skipped++;
        } else if (!evaluate_one(work, dataset, i, tally)) {
            tally->failed++;
        }
        cli_progress_show(&progress, i + 1);
    }
    cli_progress_clear(&progress);
}

static int report(const struct tally *tally, const struct cli_options *options)
{
    int code = CLI_OK;
    if (!tally->images) {
        cli_error("no picture of an active class could be read (%zu of other classes)",
                  tally->skipped);
        return CLI_FAILED;
    }
    if (options->json)
        code = print_json(tally);
    else
        print_for_people(tally);
    return tally->failed ? CLI_FAILED : code;
}

static int run_eval(const struct cli_options *options)
{
    if (!options->cifar100 == !options->folder) {
        cli_error(
            "eval takes either --cifar100 FILE or --folder DIR; see nnc eval --help");
        return CLI_USAGE;
    }
    struct cli_work work;
    if (cli_work_init(&work, options))
        return CLI_FAILED;
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(work.model);
    struct cli_dataset *const dataset =
        cli_dataset_open(taxonomy, options->cifar100, options->folder);
    int code = CLI_FAILED;
    if (dataset) {
        struct tally tally;
        tally_init(&tally, taxonomy);
        evaluate(&work, dataset, &tally);
        code = report(&tally, options);
        tally_finish(&tally);
    }
    cli_dataset_close(dataset);
    cli_work_finish(&work);
    return code;
}

const struct cli_command cli_eval = {
    .name = "eval",
    .arguments =
        "MODEL (--cifar100 FILE | --folder DIR) [--cutout TEXT] [--attention TEXT]",
    .summary = "accuracy on labelled pictures",
    .details = "Pictures whose class is active are classified and counted; the others, "
               "and folders\n"
               "that name no class of the model, are left out. A picture that cannot be "
               "read is\n"
               "said, left out, and makes the exit code 1. The class of a CIFAR-100 "
               "record is the\n"
               "leaf whose label is the record's second byte.",
    .options = "--cutout --attention --cifar100 --folder --threads --backend --json ",
    .fields =
        {{"images", "pictures of active classes that were classified"},
         {"top1", "share of them (0..1) whose class came first"},
         {"top5", "share of them (0..1) whose class was among the first five"},
         {"superclass",
          "object, path of every non-leaf category -> share of the pictures\n"
          "                    within it whose class came first (null: no pictures)"}},
    .run = run_eval,
};
