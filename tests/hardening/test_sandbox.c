/* SPDX-License-Identifier: MIT */
/* Loading, planning and running need no network, no other program and no file written; once
 * a model is there, tasks and frames need no file opened either, though their weights are
 * read when they are wanted. Each case is a child whose filter of system calls ends it where
 * it does more than that. */

#include "sandbox.h"

#include <nnc/nnc.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODEL NNC_GOLDEN_DIR "/nested_depth_2_presence.onnx"
#define EXTERNAL NNC_GOLDEN_DIR "/conv_weights_external.onnx"

enum { N_FRAMES = 2000, FRAMES_OF_A_TASK = 2, MAX_PIXELS = 8192 };
enum { FINE = 0, WRONG = 1, NO_FILTERS = 77 };

static const char *const cutouts[] = {NULL, "a", "b1", "-a1", "a2,b"};
enum { N_CUTOUTS = sizeof cutouts / sizeof *cutouts };

static float picture[MAX_PIXELS];

static void enter(enum sandbox kind)
{
    if (!sandbox_enter(kind))
        _exit(NO_FILTERS);
}

static void need(enum nnc_status status, const struct nnc_error *error)
{
    if (!status)
        return;
    fprintf(stderr, "%s\n", error->message);
    _exit(WRONG);
}

static void run_task(struct nnc_model *model, struct nnc_session *session, const char *cutout)
{
    struct nnc_task *task = NULL;
    struct nnc_scores scores;
    struct nnc_error error;
    nnc_model_drop_unused_plans(model); /* so that weights are read anew */
    need(nnc_task_create(model, cutout, NULL, 0, &task, &error), &error);
    for (int i = 0; i < FRAMES_OF_A_TASK; i++)
        need(nnc_session_run_tensor(session, task, picture, &scores, &error), &error);
    nnc_task_unref(task);
}

static void load_and_run(const char *path, bool close_after_loading, int frames)
{
    const struct nnc_session_options options = {.threads = 2, .least_shared_macs = 1};
    struct nnc_model *model = NULL;
    struct nnc_session *session = NULL;
    struct nnc_error error;
    bool writable;
    enter(SANDBOX_READING);
    need(nnc_model_open(path, NULL, &model, &error), &error);
    const unsigned code = sandbox_count_code(&writable);
    if (close_after_loading)
        enter(SANDBOX_CLOSED);
    need(nnc_session_create(model, &options, &session, &error), &error);
    for (int i = 0; i < frames / FRAMES_OF_A_TASK; i++)
        run_task(model, session, path == (const char *)MODEL ? cutouts[i % N_CUTOUTS] : NULL);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    if (!close_after_loading && (sandbox_count_code(&writable) != code || writable)) {
        fprintf(stderr, "other code than at the start, or code that can be written\n");
        _exit(WRONG);
    }
}

static void load_plan_run(void)
{
    load_and_run(MODEL, false, N_FRAMES);
}

static void external_data(void)
{
    load_and_run(EXTERNAL, false, 10);
}

static void no_file_after_loading(void)
{
    load_and_run(MODEL, true, N_FRAMES);
}

static void external_after_loading(void)
{
    load_and_run(EXTERNAL, true, 10);
}

/* That the filters see what they are for. */
static void a_socket(void)
{
    enter(SANDBOX_READING);
    close(socket(AF_INET, SOCK_STREAM, 0));
}

static void a_file_for_writing(void)
{
    enter(SANDBOX_READING);
    close(open("/dev/null", O_WRONLY));
}

static void any_file(void)
{
    enter(SANDBOX_CLOSED);
    close(open("/dev/null", O_RDONLY));
}

static void a_process(void)
{
    enter(SANDBOX_READING);
    if (!fork())
        _exit(0);
}

static const struct {
    const char *name;
    void (*run)(void);
    bool forbidden;
} cases[] = {
    {"load, plan, run", load_plan_run, false},
    {"external data", external_data, false},
    {"no file opened after loading", no_file_after_loading, false},
    {"external data, no file opened after loading", external_after_loading, false},
    {"a socket", a_socket, true},
    {"a file for writing", a_file_for_writing, true},
    {"any file", any_file, true},
    {"a process", a_process, true},
};

static int run_child(void (*run)(void))
{
    const pid_t child = fork();
    int status = -1;
    if (!child) {
        run();
        _exit(FINE);
    }
    waitpid(child, &status, 0);
    return status;
}

int main(void)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int status = run_child(cases[i].run);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTERS) {
            printf("this kernel, or what we run in, has no filters of system calls\n");
            return NO_FILTERS;
        }
        const bool good = cases[i].forbidden
                              ? WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS
                              : WIFEXITED(status) && WEXITSTATUS(status) == FINE;
        printf("%s: %s (status %#x)\n", cases[i].name, good ? "as it should be" : "WRONG",
               (unsigned)status);
        failed += !good;
    }
    return failed != 0;
}
