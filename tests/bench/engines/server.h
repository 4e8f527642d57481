/* SPDX-License-Identifier: MIT */
#ifndef NNC_BENCH_SERVER_H
#define NNC_BENCH_SERVER_H

/* A timing server: one process that holds one engine with one network, warm, and runs it
 * when told to. A driver starts one for every engine and lets them run in turns, so that
 * whatever disturbs the machine disturbs them alike.
 *
 *     PROGRAM MODEL INPUT OUTPUT THREADS [ARGUMENT]
 *
 * INPUT holds the network's input as raw floats; the result of the first run goes to
 * OUTPUT in the same form. Then a line of JSON on stdout says what was opened and how
 * long that took. From then on every line `run SECONDS` on stdin is answered by a line
 * with the nanoseconds of each run. The end of stdin ends the process. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct bench_job {
    const char *model, *argument; /* "" if none is given */
    unsigned threads;
    const float *input;
    size_t n_input;
};

/* What an engine's file defines. Each says on stderr why it fails. */
struct bench_engine {
    const char *name;
    const char *(*version)(void);              /* after open */
    bool (*open)(const struct bench_job *job); /* ready to run */
    bool (*run)(void);
    bool (*output)(const float **y, size_t *n); /* of the last run; borrowed */
    unsigned (*pictures)(void);                 /* of one run; NULL: one */
};

enum { BENCH_MAX_RUNS = 1 << 18, BENCH_WARM_UP = 5 };

static inline uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline float *bench_read_floats(const char *path, size_t *n)
{
    FILE *const file = fopen(path, "rb");
    float *data = NULL;
    long size = 0;
    if (file && !fseek(file, 0, SEEK_END) && (size = ftell(file)) > 0) {
        rewind(file);
        *n = (size_t)size / sizeof *data;
        data = (float *)aligned_alloc(64, ((size_t)size + 63) / 64 * 64);
        if (data && fread(data, sizeof *data, *n, file) != *n) {
            free(data);
            data = NULL;
        }
    }
    if (file)
        fclose(file);
    if (!data)
        fprintf(stderr, "%s: cannot be read\n", path);
    return data;
}

static inline bool bench_write_output(const struct bench_engine *engine, const char *path)
{
    const float *y;
    size_t n;
    if (!engine->output(&y, &n))
        return false;
    FILE *const file = fopen(path, "wb");
    const bool written = file && fwrite(y, sizeof *y, n, file) == n;
    if ((file && fclose(file)) || !written) {
        fprintf(stderr, "%s: cannot be written\n", path);
        return false;
    }
    return true;
}

static inline bool bench_round(const struct bench_engine *engine, double seconds,
                               uint64_t *times)
{
    size_t n = 0;
    const uint64_t end = bench_now_ns() + (uint64_t)(seconds * 1e9);
    uint64_t before = bench_now_ns();
    do {
        if (!engine->run())
            return false;
        const uint64_t after = bench_now_ns();
        times[n++] = after - before;
        before = after;
    } while (before < end && n < BENCH_MAX_RUNS);
    for (size_t i = 0; i < n; i++)
        printf("%llu ", (unsigned long long)times[i]);
    printf("\n");
    fflush(stdout);
    return true;
}

static inline int bench_serve(const struct bench_engine *engine, int argc, char **argv)
{
    static uint64_t times[BENCH_MAX_RUNS];
    if (argc < 5) {
        fprintf(stderr, "usage: %s MODEL INPUT OUTPUT THREADS [ARGUMENT]\n", argv[0]);
        return 2;
    }
    struct bench_job job = {.model = argv[1],
                            .argument = argc > 5 ? argv[5] : "",
                            .threads = (unsigned)atoi(argv[4])};
    job.input = bench_read_floats(argv[2], &job.n_input);
    if (!job.input)
        return 1;
    const uint64_t start = bench_now_ns();
    if (!engine->open(&job))
        return 1;
    const uint64_t opened = bench_now_ns();
    if (!engine->run())
        return 1;
    const uint64_t answered = bench_now_ns();
    if (!bench_write_output(engine, argv[3]))
        return 1;
    for (int i = 0; i < BENCH_WARM_UP; i++)
        if (!engine->run())
            return 1;
    printf("{\"engine\": \"%s\", \"version\": \"%s\", \"load_ms\": %.4f, "
           "\"first_ms\": %.4f, \"pictures\": %u}\n",
           engine->name, engine->version(), (double)(opened - start) / 1e6,
           (double)(answered - opened) / 1e6, engine->pictures ? engine->pictures() : 1);
    fflush(stdout);
    double seconds;
    char line[64];
    while (fgets(line, sizeof line, stdin))
        if (sscanf(line, "run %lf", &seconds) != 1 ||
            !bench_round(engine, seconds, times))
            return 1;
    free((void *)job.input);
    return 0;
}

#endif
