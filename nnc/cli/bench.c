// SPDX-License-Identifier: MIT
/* `nnc bench`: how long one picture takes, how long it takes to begin, and to switch.
 * Every figure is measured by the public calls that an application would make. */

#include "cli.h"
#include "print.h"
#include "progress.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WARM_UP_RUNS = 10, MAX_SWITCHES = 40, CAMERA_WIDTH = 640, CAMERA_HEIGHT = 480 };

struct measurement {
    enum nnc_precision precision;
    unsigned threads;
    double median_ms, p10_ms, p90_ms, load_ms, first_ms;
    double switch_cold_us, switch_cached_us;
    double preprocess_us; /* of a camera frame; for people only */
    size_t arena_bytes, weight_bytes, rss_bytes;
};

struct bench {
    struct cli_work work;
    const struct cli_options *options;
    float *tensor;
    struct nnc_error error;
};

static int compare_times(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Nearest rank of a sorted array. */
static double quantile_ns(const uint64_t *sorted, size_t n, double share)
{
    return (double)sorted[(size_t)((double)(n - 1) * share + 0.5)];
}

static size_t resident_bytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *const file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* A fixed pattern with values as an image has after normalisation. */
static float *make_tensor(const struct nnc_input_spec *input)
{
    const size_t n = (size_t)input->channels * input->width * input->height;
    float *const tensor = g_new(float, n);
    for (size_t i = 0; i < n; i++)
        tensor[i] = (float)(i * 7919u % 1009u) / 504.5f - 1.0f;
    return tensor;
}

static bool run_once(struct bench *bench)
{
    struct nnc_scores scores;
    return !nnc_session_run_tensor(bench->work.session, bench->work.task, bench->tensor,
                                   &scores, &bench->error);
}

static bool measure_start(struct bench *bench, struct measurement *result)
{
    struct cli_work *const work = &bench->work;
    const struct nnc_model_options model_options = {.backend = bench->options->backend,
                                                    .isa = bench->options->isa,
                                                    .precision = bench->options->precision};
    const struct nnc_session_options session_options = {.threads = result->threads};
    const uint64_t begin = cli_now_ns();
    if (nnc_model_open(bench->options->model, &model_options, &work->model,
                       &bench->error))
        return false;
    const uint64_t loaded = cli_now_ns();
    bench->tensor = make_tensor(nnc_model_input(work->model));
    if (nnc_task_create(work->model, bench->options->cutout, NULL, 0, &work->task,
                        &bench->error) ||
        nnc_session_create(work->model, &session_options, &work->session,
                           &bench->error) ||
        !run_once(bench))
        return false;
    result->load_ms = (double)(loaded - begin) / 1e6;
    result->first_ms = (double)(cli_now_ns() - loaded) / 1e6;
    return true;
}

static bool measure_runs(struct bench *bench, struct measurement *result)
{
    const size_t n = bench->options->runs;
    g_autofree uint64_t *times = g_new(uint64_t, n);
    struct cli_progress progress;
    for (size_t i = 0; i < WARM_UP_RUNS; i++) {
        if (!run_once(bench))
            return false;
    }
    cli_progress_init(&progress, "bench", n);
    for (size_t i = 0; i < n; i++) {
        const uint64_t begin = cli_now_ns();
        if (!run_once(bench))
            return false;
        times[i] = cli_now_ns() - begin;
        cli_progress_show(&progress, i + 1);
    }
    cli_progress_clear(&progress);
    qsort(times, n, sizeof *times, compare_times);
    result->median_ms = quantile_ns(times, n, 0.5) / 1e6;
    result->p10_ms = quantile_ns(times, n, 0.1) / 1e6;
    result->p90_ms = quantile_ns(times, n, 0.9) / 1e6;
    return true;
}

static bool measure_preprocessing(struct bench *bench, struct measurement *result)
{
    const size_t luma = CAMERA_WIDTH * CAMERA_HEIGHT;
    g_autofree uint8_t *pixels = g_malloc(luma * 3 / 2);
    for (size_t i = 0; i < luma * 3 / 2; i++)
        pixels[i] = (uint8_t)(i * 7919u);
    const struct nnc_image image = {
        .format = NNC_PIXEL_NV12,
        .width = CAMERA_WIDTH,
        .height = CAMERA_HEIGHT,
        .plane = {pixels, pixels + luma},
        .stride_bytes = {CAMERA_WIDTH, CAMERA_WIDTH},
    };
    uint64_t times[WARM_UP_RUNS];
    for (size_t i = 0; i < WARM_UP_RUNS; i++) {
        struct nnc_scores scores;
        if (nnc_session_run_image(bench->work.session, bench->work.task, &image, &scores,
                                  &bench->error))
            return false;
        times[i] = scores.preprocess_ns;
    }
    qsort(times, WARM_UP_RUNS, sizeof *times, compare_times);
    result->preprocess_us = quantile_ns(times, WARM_UP_RUNS, 0.5) / 1e3;
    return true;
}

/* The cutouts that are switched between: the top categories, or the classes if there is
 * one top category only. */
static size_t choose_cutouts(const struct nnc_taxonomy *taxonomy,
                             const char *cutouts[MAX_SWITCHES])
{
    size_t n = 0;
    for (unsigned pass = 0; pass < 2 && n < 2; pass++) {
        n = 0;
        for (uint32_t i = 0; i < nnc_taxonomy_n_categories(taxonomy) && n < MAX_SWITCHES;
             i++) {
            const struct nnc_category *const category =
                nnc_taxonomy_category(taxonomy, i);
            if (pass == 0 ? category->depth == 0 : category->leaf)
                cutouts[n++] = category->path;
        }
    }
    return n;
}

/* Sets one cutout after the other, as a stream would: the old task is held until the new
 * one is ready. Cold means that the plan, and with it the weights of its branches, was
 * not there: unused plans are dropped before. The median in microseconds; negative:
 * failed. */
static double measure_switches(struct bench *bench, const char *const *cutouts, size_t n,
                               bool cold)
{
    struct cli_work *const work = &bench->work;
    uint64_t times[MAX_SWITCHES];
    for (size_t i = 0; i < n; i++) {
        struct nnc_task *next = NULL;
        if (cold)
            nnc_model_drop_unused_plans(work->model);
        const uint64_t begin = cli_now_ns();
        if (nnc_task_create(work->model, cutouts[i], NULL, 0, &next, &bench->error) ||
            nnc_session_reserve(work->session, next, &bench->error)) {
            nnc_task_unref(next);
            return -1;
        }
        times[i] = cli_now_ns() - begin;
        nnc_task_unref(work->task);
        work->task = next;
        if (!run_once(bench))
            return -1;
    }
    qsort(times, n, sizeof *times, compare_times);
    return quantile_ns(times, n, 0.5) / 1e3;
}

static bool measure(struct bench *bench, struct measurement *result)
{
    if (!measure_start(bench, result) || !measure_runs(bench, result))
        return false;
    result->arena_bytes = nnc_task_arena_bytes(bench->work.task);
    result->weight_bytes = nnc_task_weight_bytes(bench->work.task);
    result->rss_bytes = resident_bytes();
    if (!measure_preprocessing(bench, result))
        return false;
    const char *cutouts[MAX_SWITCHES];
    const size_t n = choose_cutouts(nnc_model_taxonomy(bench->work.model), cutouts);
    result->switch_cold_us = measure_switches(bench, cutouts, n, true);
    if (result->switch_cold_us < 0)
        return false;
    /* The first round fills the cache, the second one is the answer. */
    if (measure_switches(bench, cutouts, n, false) < 0)
        return false;
    result->switch_cached_us = measure_switches(bench, cutouts, n, false);
    return result->switch_cached_us >= 0;
}

static int print_json(const struct bench *bench, const struct measurement *result)
{
    const struct nnc_model *const model = bench->work.model;
    return cli_json_print(json_pack(
        "{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "backend",
        nnc_backend_name(nnc_model_backend(model)), "isa", nnc_isa_name(nnc_model_isa(model)),
        "precision", nnc_precision_name(nnc_model_precision(model)), "threads",
        (json_int_t)result->threads, "median_ms", cli_json_real(result->median_ms),
        "p10_ms", cli_json_real(result->p10_ms), "p90_ms", cli_json_real(result->p90_ms),
        "load_ms", cli_json_real(result->load_ms), "first_ms",
        cli_json_real(result->first_ms), "switch_cold_us",
        cli_json_real(result->switch_cold_us), "switch_cached_us",
        cli_json_real(result->switch_cached_us), "arena_bytes",
        (json_int_t)result->arena_bytes, "weight_bytes", (json_int_t)result->weight_bytes,
        "rss_bytes", (json_int_t)result->rss_bytes));
}

static void print_for_people(const struct bench *bench, const struct measurement *result)
{
    const double mib = 1024 * 1024;
    const struct nnc_model *const model = bench->work.model;
    printf("%s%s%s   cutout %s, backend %s (%s), %s, %u thread%s, %u runs\n\n", cli_bold(),
           nnc_model_name(model), cli_plain(),
           bench->options->cutout ? bench->options->cutout : "none (full network)",
           nnc_backend_name(nnc_model_backend(model)), nnc_isa_name(nnc_model_isa(model)),
           nnc_precision_name(nnc_model_precision(model)), result->threads,
           result->threads == 1 ? "" : "s", bench->options->runs);
    printf("  one picture     %s%.3f ms%s   (p10 %.3f, p90 %.3f)\n", cli_bold(),
           result->median_ms, cli_plain(), result->p10_ms, result->p90_ms);
    printf("  preprocessing   %.3f ms   (%dx%d NV12, on top)\n",
           result->preprocess_us / 1e3, CAMERA_WIDTH, CAMERA_HEIGHT);
    printf("  load            %.1f ms, then %.1f ms to the first result\n",
           result->load_ms, result->first_ms);
    printf("  switch          %.0f us to a new plan, %.1f us to a cached one\n",
           result->switch_cold_us, result->switch_cached_us);
    printf(
        "  memory          %.2f MiB arena, %.2f MiB weights, %.1f MiB resident in all\n",
        (double)result->arena_bytes / mib, (double)result->weight_bytes / mib,
        (double)result->rss_bytes / mib);
}

static int run_bench(const struct cli_options *options)
{
    struct bench bench = {.options = options};
    struct measurement result = {.precision = options->precision,
                                 .threads = options->threads ? options->threads
                                                             : g_get_num_processors()};
    int code = CLI_OK;
    if (!measure(&bench, &result)) {
        cli_error("%s", bench.error.message);
        code = CLI_FAILED;
    } else if (options->json) {
        code = print_json(&bench, &result);
    } else {
        print_for_people(&bench, &result);
    }
    cli_work_finish(&bench.work);
    g_free(bench.tensor);
    return code;
}

const struct cli_command cli_bench = {
    .name = "bench",
    .arguments = "MODEL [--cutout TEXT] [--threads N] [--runs N]",
    .summary = "time per picture, to load and to switch; memory",
    .details = "Times the network on a ready input tensor, without preprocessing, after "
               "10 runs to\n"
               "warm up. Switches go from one top category to the next and end when a "
               "frame could\n"
               "run at full speed; the figures are medians.",
    .options = "--cutout --threads --runs --backend --isa --precision --json ",
    .fields = {{"backend", "what does the arithmetic: native, blas or reference"},
               {"isa", "instruction set of our own kernels, e.g. avx512"},
               {"precision", "what convolutions multiply: fp32, bf16, int8"},
               {"threads", "threads that work on one picture"},
               {"median_ms", "time of one run, milliseconds"},
               {"p10_ms", "10th percentile"},
               {"p90_ms", "90th percentile"},
               {"load_ms", "opening and checking the model"},
               {"first_ms",
                "from there to the first result: plan, weights, session, run"},
               {"switch_cold_us", "to a cutout whose plan must be made and weights read"},
               {"switch_cached_us", "to a cutout whose plan is in the cache"},
               {"arena_bytes", "working memory of a session for this cutout"},
               {"weight_bytes", "packed weights of this cutout"},
               {"rss_bytes", "resident memory of the process while it runs this cutout"}},
    .run = run_bench,
};
