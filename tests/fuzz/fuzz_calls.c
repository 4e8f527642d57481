/* SPDX-License-Identifier: MIT */
/* Bytes are calls of the interface, in two scripts that two threads run on one model and one
 * task place: opening, tasks, reserving, running, dropping plans, closing. Whatever the
 * order, calls answer as their headers say, and every run is of the task that it names. */

#include "dice.h"
#include "recorded.h"
#include "refusal.h"

#include <nnc/nnc.h>

#include <pthread.h>

enum { MOST_CALLS = 24, MAX_PIXELS = 4096, MAX_CATEGORIES = 128 };

static struct nnc_model *shared_model; /* of the process */
static float picture[MAX_PIXELS];

static struct {
    pthread_mutex_t lock;
    struct nnc_task *task; /* what both threads may take or replace */
} place = {PTHREAD_MUTEX_INITIALIZER, NULL};

struct caller {
    struct dice dice;
    struct nnc_model *model; /* the shared one, or one of its own */
    struct nnc_session *session;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    shared_model = open_recorded("nested_depth_2_presence", 2);
    return 0;
}

static void close_session(struct caller *c)
{
    nnc_session_destroy(c->session);
    c->session = NULL;
}

static void open_session(struct caller *c)
{
    const struct nnc_session_options options = {
        .threads = between(&c->dice, 1, 3), .least_shared_macs = between(&c->dice, 0, 1)};
    struct nnc_error error = {0};
    close_session(c);
    REQUIRE(!nnc_session_create(c->model, &options, &c->session, &error), "%s",
            error.message);
}

static void change_model(struct caller *c)
{
    close_session(c);
    nnc_model_unref(c->model);
    c->model = one_in(&c->dice, 2) ? nnc_model_ref(shared_model)
                                   : open_recorded("nested_depth_2_presence", 1);
}

static void put(struct nnc_task *task)
{
    pthread_mutex_lock(&place.lock);
    struct nnc_task *const old = place.task;
    place.task = task;
    pthread_mutex_unlock(&place.lock);
    nnc_task_unref(old);
}

static struct nnc_task *take(void)
{
    pthread_mutex_lock(&place.lock);
    struct nnc_task *const task = place.task ? nnc_task_ref(place.task) : NULL;
    pthread_mutex_unlock(&place.lock);
    return task;
}

static void make_task(struct caller *c)
{
    static const char *const cutouts[] = {"", "a", "b", "a1", "-a2", "a?,b1", "zzz"};
    static const char *const attentions[] = {"", "a=2", "b1=0.5,a=0", "a=17", "*=1"};
    struct nnc_task *task = NULL;
    struct nnc_error error = {0};
    const enum nnc_status status = nnc_task_create(
        c->model, cutouts[below(&c->dice, 7)], attentions[below(&c->dice, 5)],
        below(&c->dice, 65535), &task, &error);
    check_refusal(status, &error);
    if (!status)
        put(task);
}

static void change_gains(struct caller *c)
{
    struct nnc_task *const of = take();
    struct nnc_task *task = NULL;
    struct nnc_error error = {0};
    float gains[MAX_CATEGORIES];
    for (int i = 0; i < MAX_CATEGORIES; i++)
        gains[i] = (float)below(&c->dice, 80) / 4 - 1; /* some out of their range */
    if (of) {
        const enum nnc_status status =
            nnc_task_create_with_gains(of, gains, 1, &task, &error);
        check_refusal(status, &error);
        if (!status)
            put(task);
    }
    nnc_task_unref(of);
}

/* A task of another model is refused, and the session goes on. */
static void run(struct caller *c, bool reserve_only)
{
    struct nnc_task *const task = take();
    struct nnc_scores scores;
    struct nnc_error error = {0};
    if (task && c->session) {
        const enum nnc_status status =
            reserve_only ? nnc_session_reserve(c->session, task, &error)
                         : nnc_session_run_tensor(c->session, task, picture, &scores, &error);
        REQUIRE(status == (nnc_task_model(task) == c->model ? NNC_OK : NNC_STATE), "%s: %s",
                nnc_status_name(status), error.message);
        REQUIRE(status || reserve_only || scores.task_id == nnc_task_id(task), "task");
        REQUIRE(status || reserve_only || scores.n == nnc_task_n_active(task), "classes");
    }
    nnc_task_unref(task);
}

static void *call(void *data)
{
    struct caller *const c = data;
    c->model = nnc_model_ref(shared_model);
    for (uint32_t n = between(&c->dice, 1, MOST_CALLS); n-- > 0;) {
        switch (below(&c->dice, 8)) {
        case 0: change_model(c); break;
        case 1: open_session(c); break;
        case 2: close_session(c); break;
        case 3: make_task(c); break;
        case 4: change_gains(c); break;
        case 5: run(c, true); break;
        case 6: nnc_model_drop_unused_plans(c->model); break;
        default: run(c, false);
        }
    }
    close_session(c);
    nnc_model_unref(c->model);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const size_t half = size / 2;
    struct caller callers[2] = {
        {.dice = {.bytes = bytes, .n_bytes = half, .state = size}},
        {.dice = {.bytes = bytes + half, .n_bytes = size - half, .state = size + 1}},
    };
    pthread_t other;
    REQUIRE(!pthread_create(&other, NULL, call, &callers[1]), "no thread");
    call(&callers[0]);
    pthread_join(other, NULL);
    put(NULL);
    return 0;
}
