// SPDX-License-Identifier: MIT
/* The demo: real photographs through a playing pipeline, under four tasks of one network.
 * First everything it knows; then a cutout to its two categories of animals; then a
 * cutout one level below, to fruit and vegetables; then attention: the whole network,
 * told to expect animals. At the end a table of what each task got right and what it
 * cost. Options for a film or a camera play that instead. */

#include "demo_live.h"
#include "demo_pictures.h"
#include "demo_stream.h"
#include "demo_strip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRIP_NAME "demo-strip.png"

#define ANIMALS "mammals,other_animals"
#define FRUIT "food/fruit_and_vegetables"

/* Not tuned on these pictures: the default gains of models/README.md. */
#define EXPECT_ANIMALS                                                                   \
    "food=0.85,clothing=0.85,vehicles=0.85,places=0.85,home=0.85,things=0.85"

static const struct demo_task tasks[] = {
    {"full network", "", ""},
    {"cutout: animals", ANIMALS, ""},
    {"cutout: fruit, vegetables", FRUIT, ""},
    {"attention: animals", "", EXPECT_ANIMALS},
};
enum { N_TASKS = G_N_ELEMENTS(tasks) };

/* The photographs by what the tasks are about; the last group is all others. */
static const struct group {
    const char *title, *entries;
} groups[] = {{"animals", ANIMALS}, {"fruit, veg.", FRUIT}, {"others", NULL}};
enum { N_GROUPS = G_N_ELEMENTS(groups) };

struct score {
    guint n, n_right; /* of the photographs whose class is part of the task */
};

/* What one task did on all pictures. */
struct outcome {
    struct demo_answer *answers; /* one per picture */
    GArray *times;               /* of gint64: nanoseconds of network and preprocessing */
    struct score all, groups[N_GROUPS];
    guint64 params, macs;
};

struct settings {
    char *model, *input, *camera, *table, *stamps;
};

/* Whether `path` lies under one of the comma-separated full paths. */
static gboolean is_under(const char *path, const char *entries)
{
    g_auto(GStrv) names = g_strsplit(entries, ",", -1);
    for (char **name = names; *name; name++) {
        const gsize length = strlen(*name);
        if (!strncmp(path, *name, length) && path[length] == '/')
            return TRUE;
    }
    return FALSE;
}

static guint group_of(const char *path)
{
    guint group = 0;
    while (groups[group].entries && !is_under(path, groups[group].entries))
        group++;
    return group;
}

static void count(struct score *score, const struct demo_answer *answer)
{
    score->n += answer->active;
    score->n_right += answer->right;
}

static void remember(struct outcome *outcome, guint at,
                     const struct demo_picture *picture, const struct demo_task *task,
                     const GstNncPrediction *prediction)
{
    struct demo_answer *const answer = &outcome->answers[at];
    const guint n = MIN(DEMO_TOP, gst_nnc_prediction_get_n_classes(prediction));
    for (guint rank = 0; rank < n; rank++) {
        answer->paths[rank] =
            g_strdup(gst_nnc_prediction_get_class_path(prediction, rank));
        answer->probabilities[rank] =
            gst_nnc_prediction_get_class_probability(prediction, rank);
    }
    answer->active = !*task->cutout || is_under(picture->path, task->cutout);
    answer->right = answer->active && !strcmp(answer->paths[0], picture->path);
    count(&outcome->all, answer);
    count(&outcome->groups[group_of(picture->path)], answer);
    outcome->params = gst_nnc_prediction_get_params(prediction);
    outcome->macs = gst_nnc_prediction_get_macs(prediction);
    const gint64 time = (gint64)(gst_nnc_prediction_get_inference_time(prediction) +
                                 gst_nnc_prediction_get_preprocess_time(prediction));
    g_array_append_val(outcome->times, time);
}

static void print_answer(const struct demo_picture *picture,
                         const struct demo_answer *answer)
{
    const char *const mark = !answer->active ? "·" : answer->right ? "✔" : "✘";
    printf("  %s %-18s %-50s %5.1f %%", mark, picture->name, answer->paths[0],
           100 * (double)answer->probabilities[0]);
    if (!answer->active)
        printf("   %s: not part of this task\n", picture->path);
    else if (!answer->right)
        printf("   is %s\n", picture->path);
    else
        printf("\n");
}

static gboolean play_task(struct demo_stream *stream, const GPtrArray *pictures,
                          const struct demo_task *task, struct outcome *outcome,
                          GError **error)
{
    outcome->answers = g_new0(struct demo_answer, pictures->len);
    outcome->times = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < pictures->len; i++) {
        const struct demo_picture *const picture = pictures->pdata[i];
        g_autoptr(GstNncPrediction) prediction =
            demo_stream_show(stream, picture->pixels, error);
        if (!prediction)
            return FALSE;
        remember(outcome, i, picture, task, prediction);
        print_answer(picture, &outcome->answers[i]);
    }
    return TRUE;
}

static gboolean announce(struct demo_stream *stream, const GPtrArray *pictures,
                         const struct demo_task *task, GError **error)
{
    const struct demo_picture *const first = pictures->pdata[0];
    guint n_frames;
    double wait_ms;
    if (!demo_stream_switch(stream, task, first->pixels, &n_frames, &wait_ms, error))
        return FALSE;
    printf("\n%s\n  (switched while playing: %u more frames under the old task, %.1f ms, "
           "none lost)\n",
           task->title, n_frames, wait_ms);
    return TRUE;
}

static int compare_times(const void *a, const void *b)
{
    const gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return x < y ? -1 : x > y;
}

static double median_ms(GArray *times)
{
    g_array_sort(times, compare_times);
    return (double)g_array_index(times, gint64, times->len / 2) / 1e6;
}

static void print_score(const struct score *score)
{
    g_autofree char *text =
        score->n ? g_strdup_printf("%u of %u", score->n_right, score->n) : g_strdup("-");
    printf(" %11s", text);
}

static void print_row(const char *title, const struct outcome *outcome)
{
    printf("%-26s", title);
    print_score(&outcome->all);
    for (guint i = 0; i < N_GROUPS; i++)
        print_score(&outcome->groups[i]);
    printf(" %8.1f M %8.3f M %7.2f ms\n", (double)outcome->macs / 1e6,
           (double)outcome->params / 1e6, median_ms(outcome->times));
}

static void print_table(const struct outcome outcomes[N_TASKS])
{
    printf("\n%-26s %11s", "right answers", "all");
    for (guint i = 0; i < N_GROUPS; i++)
        printf(" %11s", groups[i].title);
    printf(" %10s %10s %10s\n", "MACs", "parameters", "median");
    for (guint i = 0; i < N_TASKS; i++)
        print_row(tasks[i].title, &outcomes[i]);
    printf("\nCounted are the photographs whose class is part of the task. nest-photo "
           "learned from\n"
           "other pictures, those of Tiny ImageNet: 64x64 pixels, nearly all on natural\n"
           "backgrounds. Here each photograph is cut out and lies on white, in %dx%d "
           "pixels.\n",
           DEMO_SIDE, DEMO_SIDE);
}

static gboolean write_strip(const GPtrArray *pictures,
                            const struct outcome outcomes[N_TASKS], GError **error)
{
    struct demo_strip_row rows[N_TASKS];
    for (guint i = 0; i < N_TASKS; i++) {
        const struct outcome *const outcome = &outcomes[i];
        rows[i].title = (char *)tasks[i].title;
        rows[i].answers = outcome->answers;
        rows[i].subtitle = g_strdup_printf(
            "%u of %u right\n%.1f M MACs\n%.2f M parameters", outcome->all.n_right,
            outcome->all.n, (double)outcome->macs / 1e6, (double)outcome->params / 1e6);
    }
    const gboolean ok = demo_strip_write(STRIP_NAME, pictures, rows, N_TASKS, error);
    for (guint i = 0; i < N_TASKS; i++)
        g_free(rows[i].subtitle);
    if (ok)
        printf("\nPicture strip: %s\n", STRIP_NAME);
    return ok;
}

static void outcome_clear(struct outcome *outcome, guint n_pictures)
{
    for (guint i = 0; outcome->answers && i < n_pictures; i++) {
        for (guint rank = 0; rank < DEMO_TOP; rank++)
            g_free(outcome->answers[i].paths[rank]);
    }
    g_free(outcome->answers);
    if (outcome->times)
        g_array_unref(outcome->times);
}

static gboolean play_all(struct demo_stream *stream, const GPtrArray *pictures,
                         struct outcome outcomes[N_TASKS], GError **error)
{
    for (guint i = 0; i < N_TASKS; i++) {
        if (i == 0)
            printf("\n%s\n", tasks[i].title);
        else if (!announce(stream, pictures, &tasks[i], error))
            return FALSE;
        if (!play_task(stream, pictures, &tasks[i], &outcomes[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean play_stamps(const struct settings *settings, GError **error)
{
    g_autoptr(GPtrArray) pictures =
        demo_pictures_load(settings->table, settings->stamps, error);
    if (!pictures) {
        g_prefix_error(error,
                       "the photographs of Debian's package tuxpaint-stamps-default "
                       "are needed (apt install tuxpaint-stamps-default): ");
        return FALSE;
    }
    struct demo_stream *const stream = demo_stream_start(settings->model, error);
    if (!stream)
        return FALSE;
    printf("%u photographs through appsrc ! nncclassify ! appsink\n", pictures->len);
    struct outcome outcomes[N_TASKS] = {{0}};
    gboolean ok = play_all(stream, pictures, outcomes, error);
    demo_stream_stop(stream);
    if (ok) {
        print_table(outcomes);
        ok = write_strip(pictures, outcomes, error);
    }
    for (guint i = 0; i < N_TASKS; i++)
        outcome_clear(&outcomes[i], pictures->len);
    return ok;
}

static gboolean play(const struct settings *settings, GError **error)
{
    if (!settings->input && !settings->camera)
        return play_stamps(settings, error);
    /* Quoted for the launch line's own parser, which knows " and \ as a shell does. */
    g_autofree char *escaped =
        g_strescape(settings->input ? settings->input : settings->camera, NULL);
    g_autofree char *source = g_strdup_printf(
        settings->input ? "filesrc location=\"%s\"" : "v4l2src device=\"%s\"", escaped);
    const gboolean ok = demo_live_play(source, settings->model, tasks, N_TASKS, error);
    if (!ok)
        g_prefix_error(error,
                       "%s: ", settings->input ? settings->input : settings->camera);
    return ok;
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    /* printf and not g_print, which shows "?" for the marks where no locale is set. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    const GOptionEntry entries[] = {
        {"model", 0, 0, G_OPTION_ARG_FILENAME, &settings.model, "the network", "FILE"},
        {"input", 0, 0, G_OPTION_ARG_FILENAME, &settings.input, "play a film or picture",
         "FILE"},
        {"camera", 0, 0, G_OPTION_ARG_FILENAME, &settings.camera, "play a camera",
         "DEVICE"},
        {"table", 0, 0, G_OPTION_ARG_FILENAME, &settings.table,
         "stamps and their classes", "FILE"},
        {"stamps", 0, 0, G_OPTION_ARG_FILENAME, &settings.stamps, "where the stamps lie",
         "DIR"},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_group(context, gst_init_get_option_group());
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1) {
        g_printerr("demo: %s\n", error ? error->message : "unexpected argument");
        return 2;
    }
    if (!settings.model || !settings.table || !settings.stamps ||
        (settings.input && settings.camera)) {
        g_printerr(
            "demo: --model, --table and --stamps are needed, and one source at most\n");
        return 2;
    }
    const gboolean ok = play(&settings, &error);
    if (!ok)
        g_printerr("demo: %s\n", error->message);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
