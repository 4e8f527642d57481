/* SPDX-License-Identifier: MIT */
/* Many streams of nnc as a timing server (see server.h): every stream has a thread and a
 * session of its own on one model, as elements of several pipelines would. A run is
 * BENCH_PICTURES pictures through each.
 *
 * ARGUMENT is `STREAMS;CUTOUT|CUTOUT...`: streams take the cutouts in turn. THREADS work
 * on one picture. */

#include "server.h"

#include <nnc/nnc.h>

#include <pthread.h>
#include <string.h>

enum { MAX_STREAMS = 64, BENCH_PICTURES = 8 };

struct stream {
    pthread_t thread;
    struct nnc_session *session;
    struct nnc_task *task;
    bool good;
    float best; /* logit of its last picture */
};

static struct nnc_model *model;
static struct stream streams[MAX_STREAMS];
static unsigned n_streams;
static const float *input;
static pthread_barrier_t begin, end;

static void *work(void *data)
{
    struct stream *const s = data;
    for (;;) {
        struct nnc_scores scores;
        struct nnc_error error;
        pthread_barrier_wait(&begin);
        s->good = true;
        for (int i = 0; i < BENCH_PICTURES && s->good; i++)
            s->good =
                !nnc_session_run_tensor(s->session, s->task, input, &scores, &error);
        if (s->good)
            s->best = scores.ranked[0].logit;
        pthread_barrier_wait(&end);
    }
    return NULL;
}

static bool open_stream(struct stream *s, const char *cutout, unsigned threads)
{
    struct nnc_error error;
    const struct nnc_session_options options = {.threads = threads};
    if (nnc_task_create(model, cutout, NULL, 0, &s->task, &error) ||
        nnc_session_create(model, &options, &s->session, &error)) {
        fprintf(stderr, "nnc: %s\n", error.message);
        return false;
    }
    return !pthread_create(&s->thread, NULL, work, s);
}

static bool open_streams(const struct bench_job *job)
{
    struct nnc_error error;
    char *const text = strdup(job->argument);
    char *list = text ? strchr(text, ';') : NULL;
    n_streams = (unsigned)atoi(job->argument);
    input = job->input;
    if (!list || n_streams < 1 || n_streams > MAX_STREAMS) {
        fprintf(stderr, "nnc: expected STREAMS;CUTOUT|CUTOUT..., got '%s'\n",
                job->argument);
        free(text);
        return false;
    }
    if (nnc_model_open(job->model, NULL, &model, &error)) {
        fprintf(stderr, "nnc: %s\n", error.message);
        free(text);
        return false;
    }
    pthread_barrier_init(&begin, NULL, n_streams + 1);
    pthread_barrier_init(&end, NULL, n_streams + 1);
    const char *cutouts[MAX_STREAMS] = {0};
    unsigned n = 0;
    for (list++; n < n_streams && list;)
        cutouts[n++] = strsep(&list, "|");
    bool opened = true;
    for (unsigned i = 0; i < n_streams && opened; i++)
        opened = open_stream(&streams[i], cutouts[i % n], job->threads);
    free(text);
    return opened;
}

static bool run_streams(void)
{
    pthread_barrier_wait(&begin);
    pthread_barrier_wait(&end);
    for (unsigned i = 0; i < n_streams; i++)
        if (!streams[i].good)
            return false;
    return true;
}

/* The best logit of each stream. */
static bool output_streams(const float **y, size_t *n)
{
    static float best[MAX_STREAMS];
    for (unsigned i = 0; i < n_streams; i++)
        best[i] = streams[i].best;
    *y = best;
    *n = n_streams;
    return true;
}

static const char *version_streams(void)
{
    return nnc_isa_name(nnc_model_isa(model));
}

static unsigned pictures_of_run(void)
{
    return n_streams * BENCH_PICTURES;
}

/* The threads wait for the next run when the process ends, and go with it. */
int main(int argc, char **argv)
{
    static const struct bench_engine engine = {"nnc-streams",  version_streams,
                                               open_streams,   run_streams,
                                               output_streams, pictures_of_run};
    return bench_serve(&engine, argc, argv);
}
