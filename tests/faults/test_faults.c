/* SPDX-License-Identifier: MIT */
/* Whatever the core asks the system for is refused, call by call: once, and from there on.
 * Then it says so with a reason, or manages without; nothing leaks, what ran before runs
 * on, and the next attempt succeeds. What succeeds has the bits that it always has.
 * Prints how many there were. */

#include "injected.h"

#include <nnc/nnc.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL(name) NNC_GOLDEN_DIR "/" name ".onnx"

enum { MAX_CLASSES = 64, MAX_PIXELS = 8192, MOST_CALLS = 100000 };

static float picture[MAX_PIXELS];

/* One way through the interface. Runs leave their logits in `logits`, one after the other.
 * Everything is closed again, whatever comes. */
struct scenario {
    const char *name, *path;
    enum nnc_status expected; /* without a fault */
    enum nnc_status (*run)(const struct scenario *s, float *logits, struct nnc_error *error);
    unsigned threads;
};

enum { MAX_LOGITS = 4 * MAX_CLASSES };

static enum nnc_status run_task(struct nnc_session *session, const struct nnc_task *task,
                                float *logits, struct nnc_error *error)
{
    struct nnc_scores scores;
    const enum nnc_status status =
        nnc_session_run_tensor(session, task, picture, &scores, error);
    for (size_t i = 0; i < scores.n && !status; i++)
        logits[i] = scores.ranked[i].logit;
    return status;
}

/* A switch failed: what ran before runs on. Not by check, whose own memory would be counted. */
static void check_runs_on(struct nnc_session *session, const struct nnc_task *task,
                          const float *logits)
{
    float again[MAX_CLASSES] = {0};
    struct nnc_error error = {.message = "other bits"};
    if (run_task(session, task, again, &error) || memcmp(again, logits, sizeof again)) {
        fprintf(stderr, "after a failed switch: %s\n", error.message);
        abort();
    }
}

/* A task for all, one for a category, one with other gains. */
static enum nnc_status switch_tasks(struct nnc_model *model, struct nnc_session *session,
                                    float *logits, struct nnc_error *error)
{
    static const char *const cutouts[] = {NULL, "a", "b1"};
    struct nnc_task *running = NULL;
    enum nnc_status status = NNC_OK;
    for (uint32_t i = 0; i < 3 && !status; i++) {
        struct nnc_task *task = NULL;
        status = nnc_task_create(model, cutouts[i], NULL, i, &task, error);
        if (!status)
            status = nnc_session_reserve(session, task, error);
        if (!status)
            status = run_task(session, task, logits + i * MAX_CLASSES, error);
        if (status && running)
            check_runs_on(session, running, logits + (i - 1) * MAX_CLASSES);
        nnc_task_unref(status ? task : running);
        running = status ? running : task;
    }
    struct nnc_task *gains = NULL;
    if (!status)
        status = nnc_task_create_with_gains(running, NULL, 4, &gains, error);
    if (!status)
        status = run_task(session, gains, logits + 3 * MAX_CLASSES, error);
    nnc_task_unref(running);
    nnc_task_unref(gains);
    return status;
}

static enum nnc_status open_session(const struct scenario *s, struct nnc_model *model,
                                    struct nnc_session **session, struct nnc_error *error)
{
    const struct nnc_session_options options = {.threads = s->threads,
                                                .least_shared_macs = 1};
    return nnc_session_create(model, &options, session, error);
}

static enum nnc_status one_stream(const struct scenario *s, float *logits,
                                  struct nnc_error *error)
{
    struct nnc_model *model = NULL;
    struct nnc_session *session = NULL;
    enum nnc_status status = nnc_model_open(s->path, NULL, &model, error);
    if (!status)
        status = open_session(s, model, &session, error);
    if (!status)
        status = switch_tasks(model, session, logits, error);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    return status;
}

static enum nnc_status one_run(const struct scenario *s, float *logits,
                               struct nnc_error *error)
{
    struct nnc_model *model = NULL;
    struct nnc_session *session = NULL;
    struct nnc_task *task = NULL;
    enum nnc_status status = nnc_model_open(s->path, NULL, &model, error);
    if (!status)
        status = open_session(s, model, &session, error);
    if (!status)
        status = nnc_task_create(model, NULL, NULL, 1, &task, error);
    if (!status)
        status = run_task(session, task, logits, error);
    nnc_task_unref(task);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    return status;
}

static enum nnc_status several_streams(const struct scenario *s, float *logits,
                                       struct nnc_error *error)
{
    enum { STREAMS = 4 };
    struct nnc_session *sessions[STREAMS] = {NULL};
    struct nnc_model *model = NULL;
    struct nnc_task *task = NULL;
    enum nnc_status status = nnc_model_open(s->path, NULL, &model, error);
    if (!status)
        status = nnc_task_create(model, NULL, NULL, 1, &task, error);
    for (int i = 0; i < STREAMS && !status; i++)
        status = open_session(s, model, &sessions[i], error);
    for (int i = 0; i < STREAMS && !status; i++)
        status = run_task(sessions[i], task, logits, error);
    for (int i = 0; i < STREAMS; i++)
        nnc_session_destroy(sessions[i]);
    nnc_task_unref(task);
    nnc_model_unref(model);
    return status;
}

static const struct scenario scenarios[] = {
    {"load, switch, run, close", MODEL("nested_depth_2_presence"), NNC_OK, one_stream, 1},
    {"the same on three threads", MODEL("nested_depth_2"), NNC_OK, one_stream, 3},
    {"external data", MODEL("conv_weights_external"), NNC_OK, one_run, 1},
    {"float16", MODEL("conv_weight_float16"), NNC_OK, one_run, 1},
    {"several streams", MODEL("nested_depth_1"), NNC_OK, several_streams, 1},
    {"no such file", MODEL("absent"), NNC_NOT_FOUND, one_run, 1},
    {"no model", NNC_GOLDEN_DIR "/relu.json", NNC_PARSE, one_run, 1},
};
enum { N_SCENARIOS = sizeof scenarios / sizeof *scenarios };

static unsigned count_descriptors(void)
{
    unsigned n = 0;
    DIR *const directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        n++;
    if (directory)
        closedir(directory);
    return n;
}

/* What a scenario does where nothing fails. */
struct normal {
    float logits[MAX_LOGITS];
    unsigned descriptors;
};

static void check_normal(const struct scenario *s, const struct normal *normal)
{
    float logits[MAX_LOGITS] = {0};
    struct nnc_error error = {0};
    const enum nnc_status status = s->run(s, logits, &error);
    ck_assert_msg(status == s->expected, "%s: %s", s->name, error.message);
    ck_assert_msg(!normal || !memcmp(logits, normal->logits, sizeof logits), "%s: other bits",
                  s->name);
}

static void find_normal(const struct scenario *s, struct normal *normal)
{
    struct nnc_error error = {0};
    memset(normal, 0, sizeof *normal);
    check_normal(s, NULL); /* libraries keep what they allocate once */
    ck_assert(s->run(s, normal->logits, &error) == s->expected);
    normal->descriptors = count_descriptors();
}

static const char *last_message;

/* One run with faults; answers whether one struck. */
static bool run_with(const struct scenario *s, const struct normal *normal,
                     enum fault_kind kind, unsigned long at, bool always, int number,
                     enum nnc_status *status)
{
    float logits[MAX_LOGITS] = {0};
    static struct nnc_error error;
    error = (struct nnc_error){.message = ""};
    last_message = error.message;
    const long blocks = fault_live_blocks();
    fault_begin(kind, at, always, number);
    *status = s->run(s, logits, &error);
    const bool struck = fault_end() > at;
    const long left = fault_live_blocks() - blocks;
    ck_assert_msg(!*status || error.message[0], "%s: %lu: no reason", s->name, at);
    ck_assert_msg(*status != NNC_INTERNAL, "%s: %lu: %s", s->name, at, error.message);
    ck_assert_msg(*status || !memcmp(logits, normal->logits, sizeof logits),
                  "%s: fault at call %lu: other bits", s->name, at);
    ck_assert_msg(!left, "%s: %lu: %ld blocks are left", s->name, at, left);
    ck_assert_msg(count_descriptors() == normal->descriptors, "%s: %lu: descriptors", s->name,
                  at);
    return struck;
}

START_TEST(allocations_fail)
{
    const struct scenario *const s = &scenarios[_i / 2];
    const bool always = _i % 2;
    struct normal normal;
    enum nnc_status status;
    unsigned long at = 0;
    find_normal(s, &normal);
    for (; run_with(s, &normal, FAULT_MEMORY, at, always, ENOMEM, &status); at++) {
        /* jansson calls a lack of memory a mistake in the text at times. */
        ck_assert_msg(status == NNC_NOMEM || status == s->expected ||
                          (status == NNC_TAXONOMY && fault_struck_library()),
                      "%s: allocation %lu: %s",
                      s->name, at, last_message);
        ck_assert_uint_lt(at, MOST_CALLS);
    }
    check_normal(s, &normal);
    printf("%s: %lu allocations failed %s\n", s->name, at, always ? "from there on" : "once");
}
END_TEST

static const struct file_fault {
    const char *name;
    int number;
    bool harmless; /* it is tried again */
} file_faults[] = {
    {"EIO", EIO, false},       {"EINTR", EINTR, true},   {"EAGAIN", EAGAIN, false},
    {"ENOSPC", ENOSPC, false}, {"EMFILE", EMFILE, false}, {"ENFILE", ENFILE, false},
    {"ESTALE", ESTALE, false}, {"EACCES", EACCES, false}, {"short", FAULT_SHORT, true},
};
enum { N_FILE_FAULTS = sizeof file_faults / sizeof *file_faults };

START_TEST(file_calls_fail)
{
    const struct scenario *const s = &scenarios[_i / N_FILE_FAULTS];
    const struct file_fault *const f = &file_faults[_i % N_FILE_FAULTS];
    struct normal normal;
    enum nnc_status status;
    unsigned long at = 0;
    find_normal(s, &normal);
    for (; run_with(s, &normal, FAULT_FILE, at, false, f->number, &status); at++) {
        ck_assert_msg(!f->harmless || status == s->expected, "%s: %s at file call %lu: %s",
                      s->name, f->name, at, last_message);
        ck_assert_uint_lt(at, MOST_CALLS);
    }
    run_with(s, &normal, FAULT_FILE, 0, f->number != EINTR, f->number, &status);
    check_normal(s, &normal);
    printf("%s: %lu file calls with %s\n", s->name, at, f->name);
}
END_TEST

/* The caller can do everything alone. */
START_TEST(threads_fail)
{
    const struct scenario *const s = &scenarios[1];
    struct normal normal;
    enum nnc_status status;
    unsigned long n = 0;
    find_normal(s, &normal);
    for (int always = 0; always < 2; always++)
        for (unsigned long at = 0;
             run_with(s, &normal, FAULT_THREAD, at, always, EAGAIN, &status); at++, n++)
            ck_assert_msg(!status, "thread %lu: %s", at, nnc_status_name(status));
    ck_assert_uint_gt(n, 0);
    printf("%s: %lu threads were not made\n", s->name, n);
}
END_TEST

int main(void)
{
    json_set_alloc_funcs(fault_malloc, fault_free);
    for (int i = 0; i < MAX_PIXELS; i++)
        picture[i] = (float)(i * 7919 % 255) / 128 - 1;
    Suite *const suite = suite_create("faults");
    TCase *const all = tcase_create("faults");
    tcase_set_timeout(all, 120); /* a call that hangs is one that failed */
    tcase_add_loop_test(all, allocations_fail, 0, 2 * N_SCENARIOS);
    tcase_add_loop_test(all, file_calls_fail, 0, N_FILE_FAULTS * N_SCENARIOS);
    tcase_add_test(all, threads_fail);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
