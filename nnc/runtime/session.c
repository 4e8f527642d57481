/* SPDX-License-Identifier: MIT */
/* One stream's working memory, and the run of a frame: preprocess, run the plan's stages
 * with the team, rank. */

#include "foreign_memory.h"
#include "lockstep.h"
#include "rank.h"
#include "task.h"
#include "team.h"

#include <nnc/session.h>

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    /* If nobody says; with more, what they compute pushes the weights out of a cache of
     * the second level. Fewer weights stay in the cache that all cores share. */
    TOGETHER = 4,
    LEAST_WEIGHT_BYTES = 8 * 1024 * 1024
};

/* Memory for the results of one plan or any smaller one. */
struct work {
    uint64_t floats;
    float *memory;
};

struct nnc_session {
    struct nnc_model *model;
    uint32_t threads;
    uint64_t least_shared_macs;
    struct nnc_preprocessor *preprocessor;
    float *input;             /* the network's input, padded to whole blocks */
    struct nnc_rank_buffers rank;
    float *presence;          /* [presence outputs] of the last run */
    struct work *work;        /* in use */
    _Atomic(struct work *) pending; /* reserved, taken over by the next run it is enough for */
    _Atomic(struct work *) retired; /* replaced; freed where memory may be freed */
    pthread_mutex_t reserving; /* never taken by a run that was reserved for */
    uint64_t reserved_floats;  /* of the newest work; under `reserving` */
    struct nnc_frame frame;
    struct nnc_rider rider; /* the frame among those of other sessions */
    uint64_t least_weight_bytes; /* plans with less are never run in lockstep */
    uint8_t *presence_defined; /* [presence outputs] */
    bool has_foreign_memory;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t usable_cores(void)
{
    cpu_set_t set;
    if (!sched_getaffinity(0, sizeof set, &set) && CPU_COUNT(&set) > 0)
        return (uint32_t)CPU_COUNT(&set);
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint32_t)n : 1;
}

/* Working memory ----------------------------------------------------------------------- */

static void free_work(struct work *work)
{
    if (work)
        free(work->memory);
    free(work);
}

/* Shared results, then for each thread its local results and scratch. */
static uint64_t floats_for(const struct nnc_session *session, const struct nnc_plan *plan)
{
    return plan->shared_floats + session->threads * (plan->local_floats + plan->scratch_floats);
}

static struct work *make_work(uint64_t floats)
{
    struct work *const work = nnc_alloc(1, sizeof *work);
    if (!work)
        return NULL;
    work->floats = floats;
    work->memory = nnc_alloc_aligned(floats * sizeof(float));
    if (!work->memory) {
        free(work);
        return NULL;
    }
    memset(work->memory, 0, floats * sizeof(float)); /* resident, and no stray NaN */
    return work;
}

static bool of_this_model(const struct nnc_session *session, const struct nnc_task *task,
                          struct nnc_error *error)
{
    if (task->model == session->model)
        return true;
    nnc_fail(error, NNC_STATE, nnc_model_name(task->model),
             "the task is of model '%s', the session of another one ('%s')",
             nnc_model_name(task->model), nnc_model_name(session->model));
    return false;
}

enum nnc_status nnc_session_reserve(struct nnc_session *session, const struct nnc_task *task,
                                    struct nnc_error *error)
{
    if (!of_this_model(session, task, error))
        return NNC_STATE;
    const uint64_t floats = floats_for(session, task->plan->plan);
    enum nnc_status status = NNC_OK;
    pthread_mutex_lock(&session->reserving);
    free_work(atomic_exchange(&session->retired, NULL));
    /* A much smaller task gives memory back; a somewhat smaller one keeps it. */
    if (floats > session->reserved_floats || floats < session->reserved_floats / 4) {
        struct work *const work = make_work(floats);
        if (work) {
            session->reserved_floats = floats;
            free_work(atomic_exchange(&session->pending, work));
        } else {
            status = nnc_fail_nomem(error, floats * sizeof(float));
        }
    }
    pthread_mutex_unlock(&session->reserving);
    return status;
}

/* Takes over reserved memory where it is enough for this plan. */
static void adopt_pending(struct nnc_session *session, uint64_t floats)
{
    struct work *const pending = atomic_exchange(&session->pending, NULL);
    if (!pending)
        return;
    if (pending->floats < floats) { /* for a task still to come: put it back */
        struct work *expected = NULL;
        if (!atomic_compare_exchange_strong(&session->pending, &expected, pending))
            free_work(pending);
        return;
    }
    struct work *const old = session->work;
    session->work = pending;
    free_work(atomic_exchange(&session->retired, old));
}

static enum nnc_status ensure_work(struct nnc_session *session, const struct nnc_task *task,
                                   struct nnc_error *error)
{
    const uint64_t floats = floats_for(session, task->plan->plan);
    adopt_pending(session, floats);
    if (session->work && session->work->floats >= floats)
        return NNC_OK;
    struct work *const work = make_work(floats);
    if (!work)
        return nnc_fail_nomem(error, floats * sizeof(float));
    free_work(session->work);
    session->work = work;
    return NNC_OK;
}

/* Life --------------------------------------------------------------------------------- */

static enum nnc_status allocate(struct nnc_session *s, struct nnc_error *error)
{
    const struct nnc_graph *const g = s->model->graph;
    const uint64_t input = nnc_shape_elements(&g->values[g->image].shape);
    const uint32_t classes = g->taxonomy->n_classes, categories = g->taxonomy->n_categories;
    s->input = nnc_alloc_aligned((input + NNC_BLOCK) * sizeof *s->input);
    s->rank.ranked = nnc_alloc(classes, sizeof *s->rank.ranked);
    s->rank.category_probability = nnc_alloc(categories, sizeof(float));
    s->presence = nnc_alloc(s->model->n_presence, sizeof *s->presence);
    s->presence_defined = nnc_alloc(s->model->n_presence, 1);
    s->frame.runs = nnc_alloc(s->threads, sizeof *s->frame.runs);
    s->frame.slots = s->threads;
    if (!s->input || !s->rank.ranked || !s->rank.category_probability || !s->presence ||
        !s->presence_defined || !s->frame.runs)
        return nnc_fail_nomem(error, input * sizeof *s->input);
    memset(s->input, 0, (input + NNC_BLOCK) * sizeof *s->input);
    return nnc_preprocessor_create_with(&g->input, s->model->image_kernels,
                                        &s->preprocessor, error);
}

/* What one thread does in 0.3 ms or so: to wake another for less takes twice the processor
 * time and saves a tenth of the frame's, if anything (AVX2; elsewhere by the speed alone). */
static uint64_t least_shared_macs(enum nnc_isa isa)
{
    return isa == NNC_ISA_AVX512 || isa == NNC_ISA_AVX2 ? 15000000 : 5000000;
}

enum nnc_status nnc_session_create(struct nnc_model *model,
                                   const struct nnc_session_options *options,
                                   struct nnc_session **session, struct nnc_error *error)
{
    const uint32_t asked = options ? options->threads : 0;
    const uint32_t together = options ? options->together : 0;
    if (asked > 256)
        return nnc_fail(error, NNC_VALUE, "threads",
                        "threads must be in the range 0 (one per core) to 256; got %u", asked);
    if (together > NNC_MOST_TOGETHER)
        return nnc_fail(error, NNC_VALUE, "together",
                        "together must be in the range 0 (automatic) to %u; got %u",
                        NNC_MOST_TOGETHER, together);
    struct nnc_session *const s = nnc_alloc(1, sizeof *s);
    if (!s || pthread_mutex_init(&s->reserving, NULL) || sem_init(&s->rider.turn, 0, 0)) {
        free(s);
        return nnc_fail_nomem(error, sizeof *s);
    }
    s->model = nnc_model_ref(model);
    s->threads = asked ? asked : usable_cores();
    s->threads = s->threads > 256 ? 256 : s->threads;
    s->least_shared_macs = options && options->least_shared_macs
                               ? options->least_shared_macs
                               : least_shared_macs(model->kernels->isa);
    s->rider.most_leaders = usable_cores() + 1; /* one may be kept from running */
    s->rider.most_together = together ? together : TOGETHER;
    s->least_weight_bytes = together ? 0 : LEAST_WEIGHT_BYTES;
    nnc_team_acquire(s->threads);
    enum nnc_status status = nnc_foreign_memory_acquire(model->kernels, s->threads, error);
    s->has_foreign_memory = !status;
    if (!status)
        status = allocate(s, error);
    if (status)
        nnc_session_destroy(s);
    else
        *session = s;
    return status;
}

void nnc_session_destroy(struct nnc_session *s)
{
    if (!s)
        return;
    nnc_team_forget(&s->frame);
    nnc_team_release();
    if (s->has_foreign_memory)
        nnc_foreign_memory_release(s->model->kernels, s->threads);
    free_work(s->work);
    free_work(atomic_load(&s->pending));
    free_work(atomic_load(&s->retired));
    nnc_preprocessor_destroy(s->preprocessor);
    free(s->input);
    free(s->rank.ranked);
    free(s->rank.category_probability);
    free(s->presence);
    free(s->presence_defined);
    free(s->frame.runs);
    sem_destroy(&s->rider.turn);
    pthread_mutex_destroy(&s->reserving);
    nnc_model_unref(s->model);
    free(s);
}

/* Running ------------------------------------------------------------------------------ */

static void prepare_runs(struct nnc_session *s, const struct nnc_task *task)
{
    const struct nnc_plan *const plan = task->plan->plan;
    float *local = s->work->memory + plan->shared_floats;
    for (uint32_t i = 0; i < s->threads; i++) {
        struct nnc_run *const run = &s->frame.runs[i];
        run->plan = plan;
        run->base[NNC_SPACE_SHARED] = s->work->memory;
        run->base[NNC_SPACE_LOCAL] = local;
        run->base[NNC_SPACE_CONSTANT] = plan->constants;
        run->base[NNC_SPACE_IMAGE] = s->input;
        run->base[NNC_SPACE_ATTENTION] = task->attention;
        run->scratch = local + plan->local_floats;
        local += plan->local_floats + plan->scratch_floats;
    }
    s->frame.plan = plan;
    s->rider.run = &s->frame.runs[0];
}

static const float *output(const struct nnc_session *s, const struct nnc_place *place)
{
    return s->frame.runs[0].base[place->space] + place->offset;
}

static void keep_presence(struct nnc_session *s, const struct nnc_plan *plan)
{
    if (!s->model->n_presence)
        return;
    memcpy(s->presence_defined, plan->presence_needed, s->model->n_presence);
    memcpy(s->presence, output(s, &plan->presence),
           s->model->n_presence * sizeof *s->presence);
}

static void run_alone(struct nnc_session *s)
{
    if (s->frame.plan->cost.total.macs >= s->least_shared_macs)
        nnc_team_call(&s->frame);
    nnc_team_run(&s->frame);
    nnc_team_dismiss(&s->frame);
}

/* On this thread alone: where frames wait, others have something to do. */
static void run_group(const struct nnc_rider *leader)
{
    const struct nnc_run *runs[NNC_MOST_TOGETHER];
    uint32_t n = 0;
    for (const struct nnc_rider *r = leader; r; r = r->next)
        runs[n++] = r->run;
    nnc_plan_run_together(runs, n);
}

static void lead(struct nnc_session *s)
{
    const uint32_t mode = nnc_float_mode_enter();
    if (s->rider.n == 1)
        run_alone(s);
    else
        run_group(&s->rider);
    nnc_float_mode_leave(mode);
}

/* Weights that stay in a cache from frame to frame are not worth waiting. */
static bool goes_in_lockstep(const struct nnc_session *s, const struct nnc_plan *plan)
{
    return s->rider.most_together > 1 && plan->weight_bytes >= s->least_weight_bytes;
}

static void run_network(struct nnc_session *s, struct nnc_shared_plan *plan)
{
    if (!goes_in_lockstep(s, plan->plan)) {
        s->rider.n = 1;
        lead(s);
    } else if (nnc_lockstep_enter(&plan->lockstep, &s->rider)) {
        lead(s);
        nnc_lockstep_leave(&plan->lockstep, &s->rider);
    }
}

/* The network on what lies in `input`. */
static void infer(struct nnc_session *s, const struct nnc_task *task, struct nnc_scores *scores)
{
    const struct nnc_plan *const plan = task->plan->plan;
    const uint64_t start = now_ns();
    prepare_runs(s, task);
    run_network(s, task->plan);
    keep_presence(s, plan);
    nnc_rank(s->model->graph, output(s, &plan->logits), plan->active, s->presence,
             plan->presence_needed, &s->rank, scores);
    scores->task_id = task->id;
    scores->together = s->rider.n;
    scores->run_ns = now_ns() - start;
}

enum nnc_status nnc_session_run_tensor(struct nnc_session *session, const struct nnc_task *task,
                                       const float *tensor, struct nnc_scores *scores,
                                       struct nnc_error *error)
{
    if (!of_this_model(session, task, error))
        return NNC_STATE;
    const enum nnc_status status = ensure_work(session, task, error);
    if (status)
        return status;
    const struct nnc_graph *const g = session->model->graph;
    memcpy(session->input, tensor,
           nnc_shape_elements(&g->values[g->image].shape) * sizeof *tensor);
    infer(session, task, scores);
    return NNC_OK;
}

enum nnc_status nnc_session_run_image(struct nnc_session *session, const struct nnc_task *task,
                                      const struct nnc_image *image, struct nnc_scores *scores,
                                      struct nnc_error *error)
{
    if (!of_this_model(session, task, error))
        return NNC_STATE;
    const uint64_t start = now_ns();
    enum nnc_status status = ensure_work(session, task, error);
    if (!status)
        status = nnc_preprocess(session->preprocessor, image, session->input, error);
    if (status)
        return status;
    const uint64_t preprocess_ns = now_ns() - start;
    infer(session, task, scores);
    scores->preprocess_ns = preprocess_ns;
    return NNC_OK;
}

bool nnc_session_presence_logit(const struct nnc_session *session, uint32_t category,
                                float *logit)
{
    const struct nnc_graph *const g = session->model->graph;
    if (category >= g->taxonomy->n_categories)
        return false;
    const uint32_t k = g->branches[category].presence;
    if (k == NNC_NONE || k >= session->model->n_presence || !session->presence_defined[k])
        return false;
    *logit = session->presence[k];
    return true;
}
