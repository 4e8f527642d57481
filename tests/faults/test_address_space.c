/* SPDX-License-Identifier: MIT */
/* Loading and running with little address space, step by step from none to enough, on our
 * own kernels and on OpenBLAS, which waits for ever for memory that it does not get. Each
 * step is a process of its own: it must end by itself, with a result or with a reason.
 *
 * OpenBLAS's own threads, which it starts when it is loaded, are left out: they wait for
 * ever too, as would any program that only loads it (SECURITY.md).
 *
 *     test_address_space                the steps
 *     test_address_space BACKEND MIB    one of them */

#include <nnc/nnc.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PIXELS = 8192, WATCHDOG_S = 20 };
enum { FINE = 0, NO_MEMORY = 3, WRONG = 4 };

static uint64_t address_space_bytes(void)
{
    unsigned long pages = 0;
    FILE *const file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu", &pages) != 1)
        exit(WRONG);
    fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit(uint64_t mib)
{
    const rlim_t most = address_space_bytes() + (mib << 20);
    const struct rlimit space = {.rlim_cur = most, .rlim_max = most};
    if (setrlimit(RLIMIT_AS, &space))
        exit(WRONG);
}

static enum nnc_status run(enum nnc_backend backend, struct nnc_error *error)
{
    static float picture[MAX_PIXELS];
    const struct nnc_model_options options = {.backend = backend};
    const struct nnc_session_options threads = {.threads = 2, .least_shared_macs = 1};
    struct nnc_model *model = NULL;
    struct nnc_task *task = NULL;
    struct nnc_session *session = NULL;
    struct nnc_scores scores;
    enum nnc_status status =
        nnc_model_open(NNC_GOLDEN_DIR "/nested_depth_2_presence.onnx", &options, &model, error);
    if (!status)
        status = nnc_task_create(model, "a", NULL, 0, &task, error);
    if (!status)
        status = nnc_session_create(model, &threads, &session, error);
    if (!status)
        status = nnc_session_run_tensor(session, task, picture, &scores, error);
    nnc_session_destroy(session);
    nnc_task_unref(task);
    nnc_model_unref(model);
    return status;
}

static int one_step(const char *backend_name, const char *mib)
{
    enum nnc_backend backend;
    struct nnc_error error = {.message = ""};
    if (!nnc_backend_from_name(backend_name, &backend))
        return WRONG;
    alarm(WATCHDOG_S);
    limit(strtoull(mib, NULL, 10));
    const enum nnc_status status = run(backend, &error);
    if (!status)
        return FINE;
    if (status == NNC_NOMEM && error.message[0])
        return NO_MEMORY;
    fprintf(stderr, "%s\n", error.message);
    return WRONG;
}

static int run_step(const char *program, const char *backend, unsigned mib)
{
    char number[16];
    int status = -1;
    snprintf(number, sizeof number, "%u", mib);
    const pid_t child = fork();
    if (!child) {
        setenv("OPENBLAS_NUM_THREADS", "1", 1);
        execl(program, program, backend, number, (char *)NULL);
        _exit(WRONG);
    }
    waitpid(child, &status, 0);
    return status;
}

/* The steps around where it begins to work are the ones that tell: halves, then single
 * MiB, below what is enough. */
static bool check_backend(const char *program, const char *backend)
{
    static const unsigned steps[] = {0,  1,  2,  3,  4,  6,  8,  12,  16,  20, 24,
                                     28, 32, 33, 34, 36, 40, 48, 64,  96,  128, 129,
                                     130, 132, 136, 144, 160, 192, 256, 512, 1024};
    unsigned n_fine = 0, n_refused = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const int status = run_step(program, backend, steps[i]);
        const int answer = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        n_fine += answer == FINE;
        n_refused += answer == NO_MEMORY;
        if (answer != FINE && answer != NO_MEMORY) {
            printf("%s with %u MiB: ended by %s %d\n", backend, steps[i],
                   WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : answer);
            return false;
        }
    }
    printf("%s: %u steps refused, %u fine\n", backend, n_refused, n_fine);
    return n_fine && n_refused;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return one_step(argv[1], argv[2]);
    const bool native = check_backend(argv[0], "native"), blas = check_backend(argv[0], "blas");
    return !native || !blas;
}
