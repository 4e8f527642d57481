// SPDX-License-Identifier: MIT
/* `nnc run`: classifies picture files. A picture that cannot be read is said on stderr
 * and makes the exit code 1; the others are classified all the same. */

#include "cli.h"
#include "picture.h"
#include "print.h"

#include <glib.h>
#include <stdio.h>

enum { BAR_WIDTH = 20, NAME_WIDTH = 44 };

static size_t n_shown(const struct nnc_scores *scores, const struct cli_options *options)
{
    return options->top_k && options->top_k < scores->n ? options->top_k : scores->n;
}

static json_t *predictions_json(const struct nnc_taxonomy *taxonomy,
                                const struct nnc_scores *scores, size_t n)
{
    json_t *const predictions = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct nnc_score *const score = &scores->ranked[i];
        const struct nnc_category *const class =
            nnc_taxonomy_category(taxonomy, score->category);
        json_array_append_new(predictions,
                              json_pack("{s:o, s:o, s:o, s:o}", "path",
                                        cli_json_string(class->path), "class",
                                        cli_json_string(class->name), "probability",
                                        cli_json_real((double)score->probability),
                                        "logit", cli_json_real((double)score->logit)));
    }
    return predictions;
}

static json_t *logits_json(const struct nnc_taxonomy *taxonomy,
                           const struct nnc_scores *scores)
{
    json_t *const logits = json_object();
    for (size_t i = 0; i < scores->n; i++) {
        const struct nnc_score *const score = &scores->ranked[i];
        json_object_set_new(logits,
                            nnc_taxonomy_category(taxonomy, score->category)->path,
                            cli_json_real((double)score->logit));
    }
    return logits;
}

static json_t *presence_json(const struct nnc_scores *scores)
{
    return scores->has_presence ? cli_json_real((double)scores->presence) : json_null();
}

static int print_json(const char *name, const struct nnc_taxonomy *taxonomy,
                      const struct nnc_scores *scores, const struct cli_options *options)
{
    json_t *const object =
        json_pack("{s:o, s:I, s:o, s:o, s:b}", "picture", cli_json_string(name),
                  "task_id", (json_int_t)scores->task_id, "predictions",
                  predictions_json(taxonomy, scores, n_shown(scores, options)),
                  "presence", presence_json(scores), "unknown", scores->unknown);
    if (options->logits)
        json_object_set_new(object, "logits", logits_json(taxonomy, scores));
    return cli_json_print(object);
}

static void print_table(const char *name, const struct nnc_image *image,
                        const struct nnc_taxonomy *taxonomy,
                        const struct nnc_scores *scores,
                        const struct cli_options *options)
{
    char bar[3 * BAR_WIDTH + 1];
    printf("%s%s%s   %ux%u, %.2f ms", cli_bold(), name, cli_plain(), image->width,
           image->height, (double)(scores->preprocess_ns + scores->run_ns) / 1e6);
    if (scores->has_presence)
        printf(", presence %.1f %%%s", 100 * (double)scores->presence,
               scores->unknown ? ", unknown: perhaps nothing that this task knows" : "");
    if (!scores->finite)
        printf(", the network's numbers overflowed: no ranking");
    putchar('\n');
    const size_t n = options->logits ? scores->n : n_shown(scores, options);
    for (size_t i = 0; i < n; i++) {
        const struct nnc_score *const score = &scores->ranked[i];
        printf("  %s", i == 0 ? cli_bold() : "");
        cli_print_padded(nnc_taxonomy_category(taxonomy, score->category)->path,
                         NAME_WIDTH);
        printf("%s %5.1f %%  %s", cli_plain(), 100 * (double)score->probability,
               cli_bar((double)score->probability, BAR_WIDTH, bar));
        if (options->logits)
            printf("  %.9g", (double)score->logit);
        putchar('\n');
    }
    putchar('\n');
}

static int run_picture(const struct cli_work *work, const char *name,
                       const struct cli_options *options)
{
    struct cli_picture picture;
    struct nnc_scores scores;
    struct nnc_error error;
    g_autofree char *reason = NULL;
    if (!cli_picture_load(name, &picture, &reason)) {
        cli_error("%s: %s", name, reason);
        return CLI_FAILED;
    }
    int code = CLI_OK;
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(work->model);
    if (nnc_session_run_image(work->session, work->task, &picture.image, &scores,
                              &error)) {
        cli_error("%s: %s", name, error.message);
        code = CLI_FAILED;
    } else if (options->json) {
        code = print_json(name, taxonomy, &scores, options);
    } else {
        print_table(name, &picture.image, taxonomy, &scores, options);
    }
    cli_picture_finish(&picture);
    return code;
}

static int run_run(const struct cli_options *options)
{
    struct cli_work work;
    int code = cli_work_init(&work, options);
    if (code)
        return code;
    for (int i = 0; i < options->n_pictures; i++) {
        if (run_picture(&work, options->pictures[i], options))
            code = CLI_FAILED;
    }
    cli_work_finish(&work);
    return code;
}

const struct cli_command cli_run = {
    .name = "run",
    .arguments =
        "MODEL PICTURE... [--cutout TEXT] [--attention TEXT] [--top-k K] [--logits]",
    .summary = "what pictures show",
    .details = "Classifies pictures of any format that gdk-pixbuf reads, upright as "
               "their camera says;\n"
               "transparent parts lie on mid grey (128).",
    .options = "--cutout --attention --top-k --logits --threads --backend --isa --precision "
               "--json ",
    .takes_pictures = true,
    .fields = {{"picture", "the file, as it was named"},
               {"task_id", "number of the task that made the result: 0 here"},
               {"predictions",
                "array, best first, of objects: path, class (the leaf's name),\n"
                "                    probability (among the active classes), logit"},
               {"presence",
                "how sure the network is that the picture shows something the\n"
                "                    task knows (0..1; null: the model has no presence)"},
               {"unknown", "whether presence is below the model's threshold"},
               {"logits", "with --logits: object, path of each active class -> logit"}},
    .run = run_run,
};
