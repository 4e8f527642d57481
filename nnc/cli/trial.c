// SPDX-License-Identifier: MIT
/* Threads that take trials from one counter until none is left. */

#include "trial.h"

#include "progress.h"

#include <glib.h>
#include <stdatomic.h>

struct crew {
    const struct cli_trial_room *room;
    struct cli_trial *trials;
    size_t n;
    atomic_size_t next, done;
};

static uint32_t rank_of(const struct nnc_scores *scores, uint32_t class)
{
    for (uint32_t i = 0; scores->finite && i < scores->n; i++) {
        if (scores->ranked[i].category == class)
            return i;
    }
    return UINT32_MAX;
}

static void take_scores(struct cli_trial *trial, const struct nnc_scores *scores)
{
    trial->rank = rank_of(scores, trial->class);
    trial->has_presence = scores->has_presence;
    trial->presence = scores->presence;
    trial->unknown = scores->unknown;
}

static void fail(struct cli_trial *trial, const struct cli_dataset *dataset,
                 const char *reason)
{
    g_autofree char *name = cli_dataset_name(dataset, trial->picture);
    trial->failure = g_strdup_printf("%s: %s", name, reason);
}

static void run_trial(struct cli_trial *trial, const struct cli_trial_room *room,
                      struct nnc_session *session)
{
    const struct nnc_task *const task =
        room->signal ? cli_signal_task(room->signal, trial->picture, trial->class)
                     : room->work->task;
    struct cli_picture picture;
    struct nnc_scores scores;
    struct nnc_error error;
    g_autofree char *reason = NULL;
    if (!cli_dataset_load(room->dataset, trial->picture, &picture, &reason)) {
        fail(trial, room->dataset, reason);
        return;
    }
    if (nnc_session_run_image(session, task, &picture.image, &scores, &error))
        fail(trial, room->dataset, error.message);
    else
        take_scores(trial, &scores);
    cli_picture_finish(&picture);
}

/* One trial; false if none is left. */
static bool take_trial(struct crew *crew, struct nnc_session *session)
{
    const size_t i = atomic_fetch_add(&crew->next, 1);
    if (i >= crew->n)
        return false;
    run_trial(&crew->trials[i], crew->room, session);
    atomic_fetch_add(&crew->done, 1);
    return true;
}

/* A thread that gets no session leaves its share to the others. */
static void *help(void *data)
{
    struct crew *const crew = data;
    const struct nnc_session_options options = {.threads = 1};
    struct nnc_session *session;
    if (nnc_session_create(crew->room->work->model, &options, &session, NULL))
        return NULL;
    while (take_trial(crew, session))
        ;
    nnc_session_destroy(session);
    return NULL;
}

void cli_trials_run(struct cli_trial *trials, size_t n, const struct cli_trial_room *room,
                    unsigned threads)
{
    struct crew crew = {.room = room, .trials = trials, .n = n};
    const unsigned wanted = threads ? threads : g_get_num_processors();
    const unsigned n_helpers = (unsigned)MIN(wanted, MAX(n, 1)) - 1;
    g_autofree GThread **helpers = g_new(GThread *, n_helpers);
    for (unsigned i = 0; i < n_helpers; i++)
        helpers[i] = g_thread_try_new("eval", help, &crew, NULL);
    struct cli_progress progress;
    cli_progress_init(&progress, "eval", n);
    while (take_trial(&crew, room->work->session))
        cli_progress_show(&progress, atomic_load(&crew.done));
    for (unsigned i = 0; i < n_helpers; i++) {
        if (helpers[i])
            g_thread_join(helpers[i]);
    }
    cli_progress_clear(&progress);
}
