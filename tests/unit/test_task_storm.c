/* SPDX-License-Identifier: MIT */
/* Tasks are made and dropped by several threads while several sessions run them, with a
 * plan cache too small for all: every frame's logits must be, bit for bit, those of the
 * task it ran. Made to be run under ThreadSanitizer too. */

#include "runtime_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { SETTERS = 3, STREAMS = 3, MAX_CLASSES = 16 };
static const double SECONDS = 2;

static const struct {
    const char *cutout, *attention;
} texts[] = {
    {NULL, NULL},         {"a", NULL},        {"a1", "a=1.5"}, {"b", "b=0.5,b1=2"},
    {"-a1", NULL},        {"a1,b1", "a=0"},   {"a2", "a2=3"},  {"a2,b1", NULL},
    {NULL, "a=2,b=0.25"}, {"b1", "b1=1.125"},
};

enum { N_TEXTS = sizeof texts / sizeof *texts };

static struct nnc_model *model;
static float *input;
static float golden[N_TEXTS][MAX_CLASSES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct nnc_task *current; /* under the lock */
static atomic_bool stop;
static atomic_ulong n_frames, n_switches, n_wrong;

static struct nnc_task *take_current(void)
{
    pthread_mutex_lock(&lock);
    struct nnc_task *const task = nnc_task_ref(current);
    pthread_mutex_unlock(&lock);
    return task;
}

static void *set_tasks(void *seed_as_pointer)
{
    uint32_t seed = (uint32_t)(uintptr_t)seed_as_pointer;
    while (!atomic_load(&stop)) {
        seed = seed * 1664525u + 1013904223u;
        const uint32_t i = (seed >> 16) % N_TEXTS;
        struct nnc_task *task = make_task(model, texts[i].cutout, texts[i].attention, i);
        pthread_mutex_lock(&lock);
        struct nnc_task *const old = current;
        current = task;
        pthread_mutex_unlock(&lock);
        nnc_task_unref(old);
        atomic_fetch_add(&n_switches, 1);
    }
    return NULL;
}

static void *run_stream(void *threads_as_pointer)
{
    struct nnc_session *const session =
        make_session(model, (unsigned)(uintptr_t)threads_as_pointer);
    const size_t classes = nnc_taxonomy_n_classes(nnc_model_taxonomy(model));
    float logits[MAX_CLASSES];
    while (!atomic_load(&stop)) {
        struct nnc_task *const task = take_current();
        run_logits(session, task, input, logits);
        if (memcmp(logits, golden[nnc_task_id(task)], classes * sizeof *logits))
            atomic_fetch_add(&n_wrong, 1);
        nnc_task_unref(task);
        atomic_fetch_add(&n_frames, 1);
    }
    nnc_session_destroy(session);
    return NULL;
}

START_TEST(every_frame_is_of_its_task)
{
    model = open_recorded("nested_depth_2_presence", 3);
    input = make_input(model);
    struct nnc_session *const session = make_session(model, 1);
    for (uint32_t i = 0; i < N_TEXTS; i++) {
        struct nnc_task *const task = make_task(model, texts[i].cutout, texts[i].attention, i);
        run_logits(session, task, input, golden[i]);
        nnc_task_unref(task);
    }
    nnc_session_destroy(session);
    current = make_task(model, NULL, NULL, 0);
    pthread_t threads[SETTERS + STREAMS];
    for (uintptr_t i = 0; i < SETTERS; i++)
        ck_assert(!pthread_create(&threads[i], NULL, set_tasks, (void *)(i + 1)));
    for (uintptr_t i = 0; i < STREAMS; i++)
        ck_assert(!pthread_create(&threads[SETTERS + i], NULL, run_stream, (void *)(i + 1)));
    const struct timespec duration = {.tv_sec = (time_t)SECONDS};
    nanosleep(&duration, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < SETTERS + STREAMS; i++)
        pthread_join(threads[i], NULL);
    printf("%lu frames, %lu switches, %lu frames not of their task\n", atomic_load(&n_frames),
           atomic_load(&n_switches), atomic_load(&n_wrong));
    ck_assert_uint_eq(atomic_load(&n_wrong), 0);
    ck_assert_uint_gt(atomic_load(&n_frames), 50);
    ck_assert_uint_gt(atomic_load(&n_switches), 50);
    nnc_task_unref(current);
    nnc_model_unref(model);
    free(input);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("task storm");
    TCase *const all = tcase_create("storm");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, every_frame_is_of_its_task);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
