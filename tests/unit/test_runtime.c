/* SPDX-License-Identifier: MIT */
/* What models, tasks and sessions promise: costs equal a hand count, memory follows the
 * cutout, switching changes no bit, a frame allocates nothing, bad tasks are refused and
 * leave everything as it was. */

#include "runtime_fixture.h"

#include "counted_malloc.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { CLASSES = 3 }; /* of nested_depth_2_presence */

/* The network, by hand: trunk 3x3 stride 2, 3 -> 3 without bias; a and b: 3x3, 3 -> 2 with
 * bias; a1, a2 (in a), b1 (in b): 3x3, 2 -> 2 with bias, then a head 2 -> 1 with bias; and
 * every category has such a head for its presence. */
static struct nnc_cost trunk_cost(uint64_t pixels)
{
    return (struct nnc_cost){.params = 81, .macs = 81 * pixels};
}

static struct nnc_cost top_cost(uint64_t pixels, bool presence)
{
    return (struct nnc_cost){.params = 54 + 2 + (presence ? 3 : 0),
                             .macs = 54 * pixels + (presence ? 2 : 0)};
}

static struct nnc_cost class_cost(uint64_t pixels, bool presence)
{
    return (struct nnc_cost){.params = 36 + 2 + 3 + (presence ? 3 : 0),
                             .macs = 36 * pixels + 2 + (presence ? 2 : 0)};
}

static void assert_cost(struct nnc_cost got, struct nnc_cost want)
{
    ck_assert_uint_eq(got.params, want.params);
    ck_assert_uint_eq(got.macs, want.macs);
}

static struct nnc_cost sum(struct nnc_cost a, struct nnc_cost b)
{
    return (struct nnc_cost){a.params + b.params, a.macs + b.macs};
}

START_TEST(cost_equals_hand_count)
{
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 0);
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    const uint64_t pixels =
        (uint64_t)((spec->height - 3) / 2 + 1) * ((spec->width - 3) / 2 + 1);
    struct nnc_task *const full = make_task(model, NULL, NULL, 0);
    struct nnc_task *const one = make_task(model, "a1", NULL, 0);
    struct nnc_task *const whole = make_task(model, "a", NULL, 0);
    const uint32_t a = nnc_taxonomy_find(nnc_model_taxonomy(model), "a");
    const uint32_t a1 = nnc_taxonomy_find(nnc_model_taxonomy(model), "a/a1");
    const uint32_t b1 = nnc_taxonomy_find(nnc_model_taxonomy(model), "b/b1");
    const struct nnc_cost branch_a =
        sum(top_cost(pixels, true), sum(class_cost(pixels, false), class_cost(pixels, false)));
    const struct nnc_cost branch_b = sum(top_cost(pixels, true), class_cost(pixels, false));
    assert_cost(nnc_task_trunk_cost(full), trunk_cost(pixels));
    assert_cost(nnc_model_cost(model), sum(trunk_cost(pixels), sum(branch_a, branch_b)));
    assert_cost(nnc_task_cost(full), nnc_model_cost(model));
    assert_cost(nnc_task_cost(whole), sum(trunk_cost(pixels), branch_a));
    /* One class alone: its parent is not wholly active, so its own presence answers. */
    assert_cost(nnc_task_cost(one),
                sum(trunk_cost(pixels), sum(top_cost(pixels, false), class_cost(pixels, true))));
    assert_cost(nnc_task_category_cost(one, a), top_cost(pixels, false));
    assert_cost(nnc_task_category_cost(one, a1), class_cost(pixels, true));
    assert_cost(nnc_task_category_cost(one, b1), class_cost(pixels, false)); /* cut away */
    ck_assert(!nnc_task_category_active(one, b1));
    nnc_task_unref(full);
    nnc_task_unref(one);
    nnc_task_unref(whole);
    nnc_model_unref(model);
}
END_TEST

START_TEST(memory_follows_cutout)
{
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 0);
    ck_assert_uint_eq(nnc_model_resident_weight_bytes(model), 0);
    struct nnc_task *const small = make_task(model, "a1", NULL, 0);
    const size_t for_small = nnc_model_resident_weight_bytes(model);
    ck_assert_uint_gt(for_small, 0);
    ck_assert_uint_eq(for_small, nnc_task_weight_bytes(small));
    struct nnc_task *const full = make_task(model, NULL, NULL, 0);
    ck_assert_uint_gt(nnc_model_resident_weight_bytes(model), for_small);
    /* Shared: both together hold no weight twice; a1's presence head is the small one's. */
    ck_assert_uint_lt(nnc_model_resident_weight_bytes(model),
                      for_small + nnc_task_weight_bytes(full));
    nnc_task_unref(full);
    nnc_model_drop_unused_plans(model);
    ck_assert_uint_eq(nnc_model_resident_weight_bytes(model), for_small);
    nnc_task_unref(small);
    nnc_model_drop_unused_plans(model);
    ck_assert_uint_eq(nnc_model_resident_weight_bytes(model), 0);
    nnc_model_unref(model);
}
END_TEST

/* Found: what the cache still has, whoever asked for it first. */
START_TEST(plans_are_counted)
{
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 2);
    static const struct {
        const char *cutout, *attention;
        uint64_t found, made;
    } rows[] = {
        {"a1", NULL, 0, 1}, {"a1", "a=2", 1, 1}, {"b", NULL, 1, 2},
        {"a/a1", NULL, 2, 2}, {"a2", NULL, 2, 3}, {"b", NULL, 2, 4}, /* fell out */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nnc_task_unref(make_task(model, rows[i].cutout, rows[i].attention, i));
        const struct nnc_plan_counts counts = nnc_model_plan_counts(model);
        ck_assert_uint_eq(counts.found, rows[i].found);
        ck_assert_uint_eq(counts.made, rows[i].made);
    }
    nnc_model_unref(model);
}
END_TEST

/* A text that was read before is not read again: it must mean the same, whatever asked for
 * its plan, or for another one, since. */
START_TEST(texts_mean_the_same_again)
{
    static char long_text[400];
    static const char *const texts[] = {"a1",   "a",   "a1,a2", "", "*", "b1", " a1", "a1,a1",
                                        "-b,b1", "-a1", "a2",    long_text};
    enum { TEXTS = sizeof texts / sizeof *texts };
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 4);
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    const size_t n_classes = nnc_taxonomy_n_classes(t);
    struct nnc_error error;
    for (size_t i = 0; i < sizeof long_text - 1; i++)
        long_text[i] = i < sizeof long_text - 3 ? ' ' : "a2"[i - (sizeof long_text - 3)];
    for (unsigned i = 0, seed = 1; i < 500; i++) {
        seed = seed * 1664525u + 1013904223u;
        const char *const text = texts[(seed >> 16) % TEXTS];
        uint8_t active[CLASSES];
        ck_assert(!nnc_cutout_parse(t, text, active, &error));
        struct nnc_task *task = NULL;
        if (seed >> 31)
            task = make_task(model, text, seed >> 30 & 1 ? "a=2" : NULL, i);
        else
            ck_assert(!nnc_task_create_from_arrays(model, active, NULL, i, &task, &error));
        ck_assert_msg(!memcmp(nnc_task_active(task), active, n_classes), "'%s'", text);
        ck_assert_float_eq(nnc_task_gains(task)[nnc_taxonomy_find(t, "a")],
                           seed >> 30 == 3 ? 2 : 1);
        nnc_task_unref(task);
    }
    nnc_model_unref(model);
}
END_TEST

START_TEST(cache_is_bounded)
{
    static const char *const cutouts[] = {"a1", "a2", "b1", "a", "a1,b", "a2,b"};
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 2);
    size_t largest = 0;
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof cutouts / sizeof *cutouts; i++) {
            struct nnc_task *const task = make_task(model, cutouts[i], NULL, i);
            nnc_task_unref(task);
            const size_t bytes = nnc_model_resident_weight_bytes(model);
            largest = bytes > largest ? bytes : largest;
        }
    struct nnc_task *const full = make_task(model, NULL, NULL, 0);
    ck_assert_uint_gt(largest, 0);
    ck_assert_uint_le(nnc_model_resident_weight_bytes(model),
                      nnc_task_weight_bytes(full) * 2);
    nnc_task_unref(full);
    nnc_model_unref(model);
}
END_TEST

START_TEST(switching_there_and_back)
{
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 0);
    struct nnc_session *const session = make_session(model, 2);
    float *const input = make_input(model);
    struct nnc_task *const tasks[] = {
        make_task(model, "a1,b1", "a=1.5", 1), make_task(model, "a2", NULL, 2),
        make_task(model, NULL, "b1=0", 3), make_task(model, "-a2", "b=16,a1=0.5", 4)};
    float first[4][CLASSES], again[CLASSES];
    for (int i = 0; i < 4; i++)
        run_logits(session, tasks[i], input, first[i]);
    for (int round = 0; round < 500; round++) {
        const int i = round * 7 % 4;
        run_logits(session, tasks[i], input, again);
        ck_assert_mem_eq(again, first[i], sizeof again);
    }
    for (int i = 0; i < 4; i++)
        nnc_task_unref(tasks[i]);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    free(input);
}
END_TEST

/* Other gains for the cutout of a task share its plan, whatever became of the cache. */
START_TEST(other_gains_share_the_plan)
{
    struct nnc_model *const model = open_recorded("nested_depth_2", 1);
    struct nnc_session *const session = make_session(model, 1);
    struct nnc_task *const first = make_task(model, "b", "b=2", 1);
    struct nnc_task *const evicts = make_task(model, "a", "", 2);
    struct nnc_task *const expected = make_task(model, "b", "b=3,b1=0.5", 3);
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    float gains[8] = {0}, logits[8], other[8];
    struct nnc_task *task = NULL;
    struct nnc_error error = {0};
    float *const input = make_input(model);

    ck_assert_int_eq(nnc_attention_parse(t, "b=3,b1=0.5", gains, &error), NNC_OK);
    ck_assert_int_eq(nnc_task_create_with_gains(first, gains, 7, &task, &error), NNC_OK);
    ck_assert_uint_eq(nnc_task_id(task), 7);
    run_logits(session, task, input, logits);
    run_logits(session, expected, input, other);
    ck_assert_mem_eq(logits, other, nnc_taxonomy_n_classes(t) * sizeof *logits);
    nnc_task_unref(task);
    gains[0] = 17;
    ck_assert_int_eq(nnc_task_create_with_gains(first, gains, 0, &task, &error), NNC_TASK);
    ck_assert_int_eq(nnc_task_create_with_gains(first, NULL, 0, &task, &error), NNC_OK);
    ck_assert(nnc_task_gains(task)[0] == 1 && nnc_task_n_active(task) == 2);
    nnc_task_unref(task);
    nnc_task_unref(first);
    nnc_task_unref(evicts);
    nnc_task_unref(expected);
    free(input);
    nnc_session_destroy(session);
    nnc_model_unref(model);
}
END_TEST

START_TEST(frames_allocate_nothing)
{
    struct nnc_model *const model = open_recorded("nested_depth_3", 0);
    struct nnc_session *const session = make_session(model, 2);
    float *const input = make_input(model);
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    uint8_t *const pixels = calloc((size_t)spec->width * spec->height, 12);
    const struct nnc_image image = {.format = NNC_PIXEL_RGB, .width = 2 * spec->width,
                                    .height = 2 * spec->height, .plane = {pixels},
                                    .stride_bytes = {6 * (ptrdiff_t)spec->width}};
    struct nnc_task *const tasks[] = {make_task(model, "b", NULL, 1),
                                      make_task(model, NULL, NULL, 2)};
    struct nnc_scores scores;
    ck_assert(!nnc_session_reserve(session, tasks[0], NULL));
    ck_assert(!nnc_session_reserve(session, tasks[1], NULL));
    const unsigned long before = n_allocations;
    int failures = 0; /* ck_assert itself allocates */
    for (int i = 0; i < 200; i++) {
        failures += nnc_session_run_tensor(session, tasks[i & 1], input, &scores, NULL) != 0;
        failures += nnc_session_run_image(session, tasks[i & 1], &image, &scores, NULL) != 0;
    }
    const unsigned long after = n_allocations;
    ck_assert_int_eq(failures, 0);
    ck_assert_uint_eq(after, before);
    for (int i = 0; i < 2; i++)
        nnc_task_unref(tasks[i]);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    free(input);
    free(pixels);
}
END_TEST

START_TEST(scores_add_up)
{
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 0);
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    struct nnc_session *const session = make_session(model, 1);
    float *const input = make_input(model);
    struct nnc_task *const task = make_task(model, "a", NULL, 77);
    struct nnc_scores s;
    ck_assert(!nnc_session_run_tensor(session, task, input, &s, NULL));
    ck_assert_uint_eq(s.task_id, 77);
    ck_assert_uint_eq(s.n, 2);
    ck_assert(s.finite);
    ck_assert(s.ranked[0].logit >= s.ranked[1].logit);
    const double e = exp((double)s.ranked[1].logit - s.ranked[0].logit);
    ck_assert_double_eq_tol(s.ranked[0].probability, 1 / (1 + e), 1e-6);
    ck_assert_double_eq_tol(s.ranked[0].probability + s.ranked[1].probability, 1, 1e-6);
    const uint32_t a = nnc_taxonomy_find(t, "a"), b = nnc_taxonomy_find(t, "b");
    ck_assert_double_eq_tol(s.category_probability[a], 1, 1e-6);
    ck_assert(s.category_probability[b] == 0);
    float logit;
    ck_assert(nnc_session_presence_logit(session, a, &logit)); /* the wholly active one */
    ck_assert(!nnc_session_presence_logit(session, b, &logit));
    ck_assert(!nnc_session_presence_logit(session, nnc_taxonomy_find(t, "a/a1"), &logit));
    ck_assert(nnc_session_presence_logit(session, a, &logit));
    ck_assert(s.has_presence);
    ck_assert_double_eq_tol(s.presence, 1 / (1 + exp(-(double)logit)), 1e-6);
    nnc_task_unref(task);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    free(input);
}
END_TEST

static const struct {
    const char *cutout, *attention;
    enum nnc_status status;
    const char *words;
} bad_tasks[] = {
    {"a9", NULL, NNC_TASK, "a1"},
    {"-a,-b", NULL, NNC_TASK, "empty"},
    {"a1,,b", NULL, NNC_TASK, ""},
    {NULL, "a=17", NNC_TASK, "16"},
    {NULL, "a=nan", NNC_TASK, "finite"},
    {NULL, "a=-1", NNC_TASK, "16"},
    {NULL, "aa=1", NNC_TASK, "a"},
    {NULL, "a", NNC_TASK, "="},
};

START_TEST(bad_task_is_refused)
{
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 0);
    struct nnc_task *task = NULL;
    struct nnc_error error = {0};
    ck_assert_int_eq(nnc_task_create(model, bad_tasks[_i].cutout, bad_tasks[_i].attention, 0,
                                     &task, &error),
                     bad_tasks[_i].status);
    ck_assert_ptr_null(task);
    ck_assert_msg(strstr(error.message, bad_tasks[_i].words) != NULL, "%s", error.message);
    ck_assert_uint_eq(nnc_model_resident_weight_bytes(model), 0);
    nnc_model_unref(model);
}
END_TEST

START_TEST(foreign_task_is_refused)
{
    struct nnc_model *const one = open_recorded("nested_depth_1", 0);
    struct nnc_model *const other = open_recorded("nested_depth_2", 0);
    struct nnc_session *const session = make_session(one, 1);
    struct nnc_task *const foreign = make_task(other, NULL, NULL, 1);
    struct nnc_task *const own = make_task(one, NULL, NULL, 2);
    float *const input = make_input(one);
    struct nnc_scores scores;
    struct nnc_error error = {0};
    ck_assert_int_eq(nnc_session_run_tensor(session, foreign, input, &scores, &error),
                     NNC_STATE);
    ck_assert_msg(strstr(error.message, "nested_depth_2") != NULL, "%s", error.message);
    ck_assert(!nnc_session_run_tensor(session, own, input, &scores, &error));
    nnc_task_unref(foreign);
    nnc_task_unref(own);
    nnc_session_destroy(session);
    nnc_model_unref(one);
    nnc_model_unref(other);
    free(input);
}
END_TEST

/* One of sixteen streams, each with a task of its own. */
enum { STREAMS = 16 };

struct stream {
    struct nnc_task *task;
    const float *input, *alone;
    unsigned wrong;
};

static void *run_stream(void *data)
{
    struct stream *const stream = data;
    struct nnc_session *const session = make_session(nnc_task_model(stream->task), 2);
    float logits[CLASSES];
    for (int i = 0; i < 200; i++) {
        run_logits(session, stream->task, stream->input, logits);
        stream->wrong += memcmp(logits, stream->alone, sizeof logits) != 0;
    }
    nnc_session_destroy(session);
    return NULL;
}

START_TEST(streams_do_not_disturb_each_other)
{
    static const char *const cutouts[] = {"", "a", "b", "a1", "a2", "b1", "-a1", "a2,b1"};
    struct nnc_model *const model = open_recorded("nested_depth_2_presence", 0);
    float *const input = make_input(model);
    float alone[STREAMS][CLASSES];
    struct stream streams[STREAMS] = {0};
    struct nnc_session *const session = make_session(model, 1);
    for (int i = 0; i < STREAMS; i++) {
        char attention[32];
        snprintf(attention, sizeof attention, "a=%d.5", i / 8 + 1);
        streams[i].task = make_task(model, cutouts[i % 8], attention, (uint64_t)i);
        streams[i].input = input;
        streams[i].alone = alone[i];
        run_logits(session, streams[i].task, input, alone[i]);
    }
    nnc_session_destroy(session);
    const size_t weights = nnc_model_resident_weight_bytes(model);
    pthread_t threads[STREAMS];
    for (int i = 0; i < STREAMS; i++)
        ck_assert(!pthread_create(&threads[i], NULL, run_stream, &streams[i]));
    for (int i = 0; i < STREAMS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_msg(!streams[i].wrong, "stream %d: %u frames differ", i, streams[i].wrong);
        nnc_task_unref(streams[i].task);
    }
    ck_assert_uint_eq(nnc_model_resident_weight_bytes(model), weights); /* one copy */
    nnc_model_unref(model);
    free(input);
}
END_TEST

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *const in = fopen(from, "rb"), *const out = fopen(to, "wb");
    ck_assert(in && out);
    const size_t n = fread(bytes, 1, sizeof bytes, in);
    ck_assert_uint_lt(n, sizeof bytes);
    ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
}

/* A file that changes under a running model: what runs goes on, bit for bit; a task that
 * would have to read it is refused. */
START_TEST(changed_file_is_noticed)
{
    char original[1024], copy[] = "/tmp/nnc-changed-XXXXXX";
    snprintf(original, sizeof original, "%s/nested_depth_2.onnx", NNC_GOLDEN_DIR);
    close(mkstemp(copy));
    copy_file(original, copy);
    struct nnc_model *model = NULL;
    struct nnc_task *task = NULL;
    struct nnc_error error = {0};
    ck_assert_msg(!nnc_model_open(copy, NULL, &model, &error), "%s", error.message);
    struct nnc_task *const old = make_task(model, "a", NULL, 1);
    struct nnc_session *const session = make_session(model, 1);
    float *const input = make_input(model);
    float before[16], after[16];
    run_logits(session, old, input, before);
    ck_assert(!truncate(copy, 100));
    ck_assert_int_eq(nnc_task_create(model, "b", NULL, 2, &task, &error), NNC_CHANGED);
    ck_assert_ptr_null(task);
    run_logits(session, old, input, after);
    ck_assert_mem_eq(before, after,
                     nnc_taxonomy_n_classes(nnc_model_taxonomy(model)) * sizeof *before);
    unlink(copy);
    nnc_task_unref(old);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    free(input);
}
END_TEST

/* Every allocation of load, plan and run fails, and all after it. */
START_TEST(survives_short_memory)
{
    for (int n = 0; n < 5000; n++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/nested_depth_2_presence.onnx", NNC_GOLDEN_DIR);
        struct nnc_model *model = NULL;
        struct nnc_task *task = NULL;
        struct nnc_session *session = NULL;
        struct nnc_scores scores;
        float input[4096] = {0};
        struct nnc_error error = {0};
        const unsigned long first = n_allocations;
        allocations_left = n;
        const struct nnc_session_options options = {.threads = 1};
        enum nnc_status status = nnc_model_open(path, NULL, &model, &error);
        if (!status)
            status = nnc_task_create(model, "a", NULL, 1, &task, &error);
        if (!status)
            status = nnc_session_create(model, &options, &session, &error);
        if (!status)
            status = nnc_session_run_tensor(session, task, input, &scores, &error);
        allocations_left = -1;
        const bool reached = n_allocations - first > (unsigned long)n;
        nnc_session_destroy(session);
        nnc_task_unref(task);
        nnc_model_unref(model);
        if (!reached) {
            ck_assert_msg(!status, "%s", error.message);
            ck_assert_int_gt(n, 20);
            return;
        }
        ck_assert_msg(status == NNC_NOMEM, "allocation %d: %s", n, error.message);
    }
    ck_abort_msg("never got through");
}
END_TEST

static enum nnc_status open_with(enum nnc_backend backend, enum nnc_isa isa,
                                 struct nnc_model **model, struct nnc_error *error)
{
    const struct nnc_model_options options = {.backend = backend, .isa = isa};
    *model = NULL;
    return nnc_model_open(NNC_GOLDEN_DIR "/nested_depth_1.onnx", &options, model, error);
}

START_TEST(backend_and_isa_are_as_asked)
{
    static const struct {
        enum nnc_backend backend;
        enum nnc_isa isa;
    } here[] = {{NNC_BACKEND_NATIVE, NNC_ISA_GENERIC},
                {NNC_BACKEND_BLAS, NNC_ISA_GENERIC},
                {NNC_BACKEND_REFERENCE, NNC_ISA_GENERIC}};
    struct nnc_model *model;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        ck_assert(!open_with(here[i].backend, here[i].isa, &model, NULL));
        ck_assert_int_eq(nnc_model_backend(model), here[i].backend);
        ck_assert_int_eq(nnc_model_isa(model), here[i].isa);
        nnc_model_unref(model);
    }
    ck_assert(!open_with(NNC_BACKEND_AUTO, NNC_ISA_AUTO, &model, NULL));
    ck_assert_int_eq(nnc_model_backend(model), NNC_BACKEND_NATIVE);
    const enum nnc_isa best = nnc_model_isa(model);
    ck_assert_int_ne(best, NNC_ISA_AUTO);
    nnc_model_unref(model);
    ck_assert(!open_with(NNC_BACKEND_AUTO, best, &model, NULL));
    ck_assert_int_eq(nnc_model_isa(model), best);
    nnc_model_unref(model);
}
END_TEST

START_TEST(kernels_that_are_not_here_are_refused)
{
#if defined(__aarch64__)
    const enum nnc_isa other = NNC_ISA_AVX512;
#else
    const enum nnc_isa other = NNC_ISA_NEON;
#endif
    const struct {
        enum nnc_backend backend;
        enum nnc_isa isa;
        enum nnc_status status;
        const char *words[2];
    } refused[] = {
        {NNC_BACKEND_AUTO, other, NNC_UNSUPPORTED,
         {nnc_isa_name(other), "not in this build; available here: auto, generic"}},
        {NNC_BACKEND_BLAS, other, NNC_UNSUPPORTED, {nnc_isa_name(other), "available here"}},
        {NNC_BACKEND_AUTO, (enum nnc_isa)77, NNC_VALUE,
         {"instruction set 77 is unknown", "available here: auto, generic"}},
        {(enum nnc_backend)77, NNC_ISA_AUTO, NNC_VALUE, {"backend 77 is unknown", ""}},
    };
    struct nnc_model *model;
    struct nnc_error error;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ck_assert_int_eq(open_with(refused[i].backend, refused[i].isa, &model, &error),
                         refused[i].status);
        ck_assert_ptr_null(model);
        for (size_t k = 0; k < 2; k++)
            ck_assert_msg(strstr(error.message, refused[i].words[k]) != NULL, "%s",
                          error.message);
    }
    /* what this processor has, but not with this backend */
    ck_assert(!open_with(NNC_BACKEND_AUTO, NNC_ISA_AUTO, &model, NULL));
    const enum nnc_isa best = nnc_model_isa(model);
    nnc_model_unref(model);
    if (best == NNC_ISA_GENERIC)
        return;
    ck_assert_int_eq(open_with(NNC_BACKEND_BLAS, best, &model, &error), NNC_UNSUPPORTED);
    ck_assert_msg(strstr(error.message, "'blas' has no kernels for") != NULL, "%s",
                  error.message);
}
END_TEST

START_TEST(names_read_back)
{
    for (int i = NNC_BACKEND_AUTO; i <= NNC_BACKEND_REFERENCE; i++) {
        enum nnc_backend backend = (enum nnc_backend)77;
        ck_assert(nnc_backend_from_name(nnc_backend_name((enum nnc_backend)i), &backend));
        ck_assert_int_eq((int)backend, i);
    }
    for (int i = NNC_ISA_AUTO; i <= NNC_ISA_NEON; i++) {
        enum nnc_isa isa = (enum nnc_isa)77;
        ck_assert(nnc_isa_from_name(nnc_isa_name((enum nnc_isa)i), &isa));
        ck_assert_int_eq((int)isa, i);
    }
    enum nnc_isa isa;
    enum nnc_backend backend;
    ck_assert(!nnc_isa_from_name("unknown", &isa) && !nnc_isa_from_name("", &isa));
    ck_assert(!nnc_backend_from_name("unknown", &backend));
    ck_assert_str_eq(nnc_isa_name((enum nnc_isa)77), "unknown");
    ck_assert_str_eq(nnc_backend_name((enum nnc_backend)77), "unknown");
}
END_TEST

/* F04: what is too large says so and is no class's probability; the next picture has the bits
 * that it had before. */
START_TEST(results_that_are_not_finite)
{
    struct nnc_model *const model = open_recorded("nested_depth_1", 0);
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    struct nnc_session *const session = make_session(model, 1);
    struct nnc_task *const task = make_task(model, NULL, NULL, 1);
    const size_t n = (size_t)spec->width * spec->height * spec->channels;
    float *const input = make_input(model), *const huge = malloc(n * sizeof *huge);
    struct nnc_scores scores;
    ck_assert(huge && !nnc_session_run_tensor(session, task, input, &scores, NULL));
    ck_assert(scores.finite);
    const struct nnc_score before = scores.ranked[0];
    for (size_t i = 0; i < n; i++)
        huge[i] = i % 2 ? FLT_MAX : -FLT_MAX;
    ck_assert(!nnc_session_run_tensor(session, task, huge, &scores, NULL));
    ck_assert(!scores.finite);
    ck_assert(!nnc_session_run_tensor(session, task, input, &scores, NULL));
    ck_assert(scores.finite && !memcmp(&scores.ranked[0], &before, sizeof before));
    nnc_task_unref(task);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    free(huge);
    free(input);
}
END_TEST

#if defined(__x86_64__)
/* F05: subnormal numbers are zero while a network runs, and only then. */
START_TEST(float_mode_is_restored)
{
    struct nnc_model *const model = open_recorded("nested_depth_1", 0);
    struct nnc_session *const session = make_session(model, 1);
    struct nnc_task *const task = make_task(model, NULL, NULL, 1);
    float *const input = make_input(model);
    struct nnc_scores scores;
    const unsigned before = _mm_getcsr() & ~0x3fu; /* without the sticky flags */
    ck_assert(!nnc_session_run_tensor(session, task, input, &scores, NULL));
    ck_assert_uint_eq(_mm_getcsr() & ~0x3fu, before);
    nnc_task_unref(task);
    nnc_session_destroy(session);
    nnc_model_unref(model);
    free(input);
}
END_TEST
#endif

int main(void)
{
    Suite *const suite = suite_create("runtime");
    TCase *const all = tcase_create("runtime");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, cost_equals_hand_count);
    tcase_add_test(all, memory_follows_cutout);
    tcase_add_test(all, cache_is_bounded);
    tcase_add_test(all, plans_are_counted);
    tcase_add_test(all, texts_mean_the_same_again);
    tcase_add_test(all, switching_there_and_back);
    tcase_add_test(all, other_gains_share_the_plan);
    tcase_add_test(all, frames_allocate_nothing);
    tcase_add_test(all, scores_add_up);
    tcase_add_loop_test(all, bad_task_is_refused, 0, sizeof bad_tasks / sizeof *bad_tasks);
    tcase_add_test(all, foreign_task_is_refused);
    tcase_add_test(all, streams_do_not_disturb_each_other);
    tcase_add_test(all, changed_file_is_noticed);
    tcase_add_test(all, survives_short_memory);
    tcase_add_test(all, backend_and_isa_are_as_asked);
    tcase_add_test(all, kernels_that_are_not_here_are_refused);
    tcase_add_test(all, names_read_back);
    tcase_add_test(all, results_that_are_not_finite);
#if defined(__x86_64__)
    tcase_add_test(all, float_mode_is_restored);
#endif
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
