// SPDX-License-Identifier: MIT
/* Gains from a picture's label. The categories of a level divide the classes among them:
 * a class that lies above the level stands for itself. */

#include "attention_signal.h"

#include "print.h"
#include "statistics.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define MAX_GAIN 16.0f

struct cli_signal {
    const struct nnc_taxonomy *taxonomy;
    struct cli_signal_options options;
    uint32_t n;
    uint32_t *category;     /* [n] the active ones of the level */
    struct nnc_task **task; /* [n + 1] enhances category[i]; the last one none */
};

static bool parse_gain(const char *text, float *gain)
{
    char *end;
    const size_t length = strlen(text);
    const double number = g_ascii_strtod(text, &end);
    /* strtod alone would take "0x10", "inf" and "nan" too */
    if (!length || strspn(text, "0123456789.eE+-") != length || *end ||
        !(number >= 0 && number <= (double)MAX_GAIN))
        return false;
    *gain = (float)number + 0.0f; /* the sum turns -0 into 0 */
    return true;
}

static bool parse_entry(const char *entry, float gains[2], bool given[2])
{
    static const char *const names[2] = {"enhance", "inhibit"};
    g_auto(GStrv) parts = g_strsplit(entry, "=", 2);
    if (g_strv_length(parts) != 2)
        return false;
    g_strstrip(parts[0]);
    for (unsigned i = 0; i < 2; i++) {
        if (strcmp(parts[0], names[i]) || given[i])
            continue;
        given[i] = true;
        return parse_gain(g_strstrip(parts[1]), &gains[i]);
    }
    return false;
}

bool cli_signal_parse(const char *text, struct cli_signal_options *options)
{
    float gains[2] = {1, 1};
    bool given[2] = {false, false};
    g_auto(GStrv) entries = g_strsplit(text, ",", -1);
    if (!entries[0])
        return false;
    for (guint i = 0; entries[i]; i++) {
        if (!parse_entry(entries[i], gains, given))
            return false;
    }
    options->given = true;
    options->enhance = gains[0];
    options->inhibit = gains[1];
    return true;
}

static bool of_level(const struct nnc_category *category, unsigned level)
{
    return category->depth == level || (category->leaf && category->depth < level);
}

/* The category of the level that `class` is part of; the class may be NNC_NO_CATEGORY. */
static uint32_t ancestor(const struct cli_signal *signal, uint32_t class)
{
    while (
        class != NNC_NO_CATEGORY &&
        !of_level(nnc_taxonomy_category(signal->taxonomy, class), signal->options.level))
        class = nnc_taxonomy_category(signal->taxonomy, class)->parent;
    return class;
}

static void find_categories(struct cli_signal *signal, const struct nnc_task *task)
{
    const struct nnc_taxonomy *const taxonomy = signal->taxonomy;
    signal->category = g_new(uint32_t, nnc_taxonomy_n_categories(taxonomy));
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i)) {
        if (of_level(nnc_taxonomy_category(taxonomy, i), signal->options.level) &&
            nnc_task_category_active(task, i))
            signal->category[signal->n++] = i;
    }
}

/* Multiplies the gains of the level's categories; category[enhanced] is enhanced. */
static bool signal_gains(const struct cli_signal *signal, uint32_t enhanced, float *gains)
{
    for (uint32_t i = 0; i < signal->n; i++) {
        const bool enhance = i == enhanced;
        const float factor = enhance ? signal->options.enhance : signal->options.inhibit;
        const uint32_t category = signal->category[i];
        if (gains[category] * factor > MAX_GAIN) {
            cli_error("--signal: %s %g times the gain %g of '%s' is %g; a gain is at "
                      "most %g",
                      enhance ? "enhance" : "inhibit", (double)factor,
                      (double)gains[category],
                      nnc_taxonomy_category(signal->taxonomy, category)->path,
                      (double)(gains[category] * factor), (double)MAX_GAIN);
            return false;
        }
        gains[category] *= factor;
    }
    return true;
}

static bool make_task(struct cli_signal *signal, const struct cli_work *work,
                      uint32_t enhanced)
{
    const size_t n = nnc_taxonomy_n_categories(signal->taxonomy);
    g_autofree float *gains = g_memdup2(nnc_task_gains(work->task), n * sizeof(float));
    struct nnc_error error;
    if (!signal_gains(signal, enhanced, gains))
        return false;
    if (nnc_task_create_with_gains(work->task, gains, 0, &signal->task[enhanced], &error)) {
        cli_error("--signal: %s", error.message);
        return false;
    }
    return true;
}

static bool make_tasks(struct cli_signal *signal, const struct cli_work *work)
{
    signal->task = g_new0(struct nnc_task *, signal->n + 1);
    for (uint32_t i = 0; i <= signal->n; i++) {
        if (!make_task(signal, work, i))
            return false;
    }
    return true;
}

static unsigned deepest_level(const struct nnc_taxonomy *taxonomy)
{
    unsigned deepest = 0;
    for (uint32_t i = 0; i < nnc_taxonomy_n_categories(taxonomy); i++)
        deepest = MAX(deepest, nnc_taxonomy_category(taxonomy, i)->depth);
    return deepest;
}

static bool check_model(const struct cli_signal *signal, const struct nnc_model *model)
{
    const unsigned deepest = deepest_level(signal->taxonomy);
    if (!nnc_model_has_attention(model)) {
        cli_error("--signal: %s has no attention input, so no gain can be set",
                  nnc_model_name(model));
        return false;
    }
    if (signal->options.level > deepest) {
        cli_error("--signal-level %u: the categories of %s have the levels 0 to %u",
                  signal->options.level, nnc_model_name(model), deepest);
        return false;
    }
    return true;
}

static bool check_choice(const struct cli_signal *signal)
{
    if (!signal->options.wrong || signal->n > 1)
        return true;
    cli_error("--signal-from wrong: '%s' is the only active category of level %u, so "
              "there is no wrong one",
              nnc_taxonomy_category(signal->taxonomy, signal->category[0])->path,
              signal->options.level);
    return false;
}

struct cli_signal *cli_signal_create(const struct cli_work *work,
                                     const struct cli_signal_options *options)
{
    struct cli_signal *const signal = g_new0(struct cli_signal, 1);
    signal->taxonomy = nnc_model_taxonomy(work->model);
    signal->options = *options;
    find_categories(signal, work->task);
    if (check_model(signal, work->model) && check_choice(signal) &&
        make_tasks(signal, work))
        return signal;
    cli_signal_destroy(signal);
    return NULL;
}

void cli_signal_destroy(struct cli_signal *signal)
{
    if (!signal)
        return;
    for (uint32_t i = 0; signal->task && i <= signal->n; i++)
        nnc_task_unref(signal->task[i]);
    g_free(signal->task);
    g_free(signal->category);
    g_free(signal);
}

/* Index in `category`, n if it is not among them. */
static uint32_t place_of(const struct cli_signal *signal, uint32_t category)
{
    uint32_t place = 0;
    while (place < signal->n && signal->category[place] != category)
        place++;
    return place;
}

const struct nnc_task *cli_signal_task(const struct cli_signal *signal, size_t picture,
                                       uint32_t class)
{
    const uint32_t true_place = place_of(signal, ancestor(signal, class));
    if (!signal->options.wrong)
        return signal->task[true_place];
    const uint32_t n_others = signal->n - (true_place < signal->n);
    uint32_t place = cli_random_below(signal->options.seed, picture, n_others);
    place += place >= true_place;
    return signal->task[place];
}

static const char *source(const struct cli_signal_options *options)
{
    return options->wrong ? "wrong" : "right";
}

json_t *cli_signal_json(const struct cli_signal_options *options)
{
    if (!options->given)
        return json_null();
    return json_pack("{s:s, s:o, s:o, s:i, s:i}", "from", source(options), "enhance",
                     cli_json_real((double)options->enhance), "inhibit",
                     cli_json_real((double)options->inhibit), "level",
                     (int)options->level, "seed", (int)options->seed);
}

void cli_signal_print(const struct cli_signal_options *options)
{
    if (!options->given)
        return;
    printf("signal %s   enhance %g   inhibit %g   level %u", source(options),
           (double)options->enhance, (double)options->inhibit, options->level);
    if (options->wrong)
        printf("   seed %u", options->seed);
    putchar('\n');
}
