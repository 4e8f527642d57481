/* SPDX-License-Identifier: MIT */
/* Frames of several sessions that go through a network in lockstep. The test holds the row
 * of a plan (runtime/lockstep.h) until all frames wait in it; how many go together then is
 * the matter of test_lockstep.c. */

#include "counted_malloc.h"
#include "runtime_fixture.h"

#include "runtime/task.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { STREAMS = 16, TOGETHER = 8, MAX_CLASSES = 64, GAINS = 3, CUTOUTS = 4 };

struct stream {
    pthread_t thread;
    struct nnc_session *session;
    struct nnc_task *task;
    const float *input, *expected; /* [classes] */
    struct nnc_scores scores;
    bool as_alone;
};

static struct nnc_session *make_rider(struct nnc_model *model, unsigned together)
{
    const struct nnc_session_options options = {.threads = 2, .together = together};
    struct nnc_session *session = NULL;
    struct nnc_error error;
    ck_assert_msg(!nnc_session_create(model, &options, &session, &error), "%s",
                  error.message);
    return session;
}

/* Runs a frame; allocates nothing, not even in a check. */
static void *run_frame(void *data)
{
    struct stream *const s = data;
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(nnc_task_model(s->task));
    s->as_alone = !nnc_session_run_tensor(s->session, s->task, s->input, &s->scores, NULL);
    for (size_t i = 0; i < s->scores.n && s->as_alone; i++) {
        const struct nnc_score *const score = &s->scores.ranked[i];
        const uint32_t at = nnc_taxonomy_category(t, score->category)->logit;
        s->as_alone = !memcmp(&score->logit, &s->expected[at], sizeof score->logit);
    }
    return NULL;
}

/* As many leaders as one processor has. */
struct holders {
    struct nnc_rider riders[2];
};

static void hold(struct nnc_task *task, struct holders *holders)
{
    for (int i = 0; i < 2; i++) {
        holders->riders[i] = (struct nnc_rider){.most_leaders = 2, .most_together = 1};
        ck_assert(nnc_lockstep_enter(&task->plan->lockstep, &holders->riders[i]));
    }
}

static void await_waiting(struct nnc_task *task, unsigned n)
{
    while ((uint32_t)atomic_load(&task->plan->lockstep.state) != n)
        sched_yield();
}

static void release(struct nnc_task *task, struct holders *holders)
{
    for (int i = 0; i < 2; i++)
        nnc_lockstep_leave(&task->plan->lockstep, &holders->riders[i]);
}

static void start(struct stream *s)
{
    ck_assert(!pthread_create(&s->thread, NULL, run_frame, s));
}

static void check_streams(struct stream *streams, unsigned n, unsigned most)
{
    unsigned n_together = 0;
    for (unsigned i = 0; i < n; i++) {
        pthread_join(streams[i].thread, NULL);
        ck_assert_msg(streams[i].as_alone, "stream %u: not the bits that it has alone", i);
        ck_assert_uint_eq(streams[i].scores.task_id, nnc_task_id(streams[i].task));
        ck_assert_uint_le(streams[i].scores.together, most);
        n_together += streams[i].scores.together > 1;
    }
    ck_assert_uint_gt(n_together, 0);
}

/* As on a machine with one processor, so that one that holds the row makes all others wait. */
static void pretend_one_processor(void)
{
    cpu_set_t set;
    ck_assert(!sched_getaffinity(0, sizeof set, &set));
    for (int cpu = 0, found = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set) && found++)
            CPU_CLR(cpu, &set);
    ck_assert(!sched_setaffinity(0, sizeof set, &set));
}

static const char *const gains[GAINS] = {NULL, "a=1.5,b=0.25", "a=0,b=4"};

static const struct {
    const char *file;
    enum nnc_precision precision;
    enum nnc_backend backend;
    const char *cutouts[CUTOUTS];
} models[] = {
    {NNC_GOLDEN_DIR "/nested_depth_2_presence.onnx", NNC_PRECISION_FP32, NNC_BACKEND_AUTO,
     {NULL, "a", "-a", "a1,b"}},
    {NNC_GOLDEN_DIR "/nested_depth_3.onnx", NNC_PRECISION_FP32, NNC_BACKEND_BLAS,
     {NULL, "a", "aa1,b1", "ab"}},
    {NNC_GOLDEN_DIR "/nested_uneven_depth.onnx", NNC_PRECISION_FP32, NNC_BACKEND_AUTO,
     {NULL, "a", "bb1", "b1,bb"}},
    {NNC_GOLDEN_DIR "/../quantised/quantised_s8.onnx", NNC_PRECISION_BF16,
     NNC_BACKEND_REFERENCE, {NULL, "c0", "-c0", "c1"}},
    {NNC_GOLDEN_DIR "/../quantised/quantised_residual.onnx", NNC_PRECISION_INT8,
     NNC_BACKEND_REFERENCE, {NULL, "c0", "-c0", "c1"}},
};

static struct nnc_model *open_model(int i)
{
    const struct nnc_model_options options = {.precision = models[i].precision,
                                              .backend = models[i].backend};
    struct nnc_model *model = NULL;
    struct nnc_error error;
    ck_assert_msg(!nnc_model_open(models[i].file, &options, &model, &error), "%s",
                  error.message);
    ck_assert_uint_le(nnc_taxonomy_n_classes(nnc_model_taxonomy(model)), MAX_CLASSES);
    return model;
}

/* Every stream has a picture of its own; gains differ within a group. */
START_TEST(frames_are_as_alone)
{
    struct nnc_model *const model = open_model(_i);
    const struct nnc_input_spec *const spec = nnc_model_input(model);
    const size_t n_input = (size_t)spec->width * spec->height * spec->channels;
    float *const inputs = malloc(STREAMS * n_input * sizeof *inputs);
    static float expected[STREAMS][MAX_CLASSES];
    struct stream streams[STREAMS] = {0};
    for (size_t i = 0; i < STREAMS * n_input; i++)
        inputs[i] = (float)(i * 7919 % 1021) / 512 - 1;
    pretend_one_processor();
    for (unsigned i = 0; i < STREAMS; i++)
        streams[i].session = make_rider(model, TOGETHER);
    for (unsigned c = 0; c < CUTOUTS; c++) {
        for (unsigned i = 0; i < STREAMS; i++) {
            const char *const attention =
                nnc_model_has_attention(model) ? gains[i % GAINS] : NULL;
            streams[i].task = make_task(model, models[_i].cutouts[c], attention, c * 100 + i);
            streams[i].input = inputs + i * n_input;
            streams[i].expected = expected[i];
            run_logits(streams[i].session, streams[i].task, streams[i].input, expected[i]);
        }
        struct holders holders;
        hold(streams[0].task, &holders);
        for (unsigned i = 0; i < STREAMS; i++)
            start(&streams[i]);
        await_waiting(streams[0].task, STREAMS);
        release(streams[0].task, &holders);
        check_streams(streams, STREAMS, TOGETHER);
        for (unsigned i = 0; i < STREAMS; i++)
            nnc_task_unref(streams[i].task);
    }
    for (unsigned i = 0; i < STREAMS; i++)
        nnc_session_destroy(streams[i].session);
    nnc_model_unref(model);
    free(inputs);
}
END_TEST

/* Sessions and tasks of one model, all with the same picture. */
struct scene {
    struct nnc_model *model;
    struct nnc_task *task, *other;
    float *input, alone[MAX_CLASSES], other_alone[MAX_CLASSES];
    struct stream streams[STREAMS];
};

static void set_scene(struct scene *scene, unsigned together)
{
    *scene = (struct scene){.model = open_model(0)};
    pretend_one_processor();
    scene->task = make_task(scene->model, "a", "a=1.5", 1);
    scene->other = make_task(scene->model, NULL, NULL, 2);
    scene->input = make_input(scene->model);
    for (unsigned i = 0; i < STREAMS; i++) {
        struct stream *const s = &scene->streams[i];
        s->session = make_rider(scene->model, together);
        s->task = scene->task;
        s->input = scene->input;
        s->expected = scene->alone;
        run_logits(s->session, scene->task, scene->input, scene->alone);
    }
    run_logits(scene->streams[0].session, scene->other, scene->input, scene->other_alone);
}

static void clear_scene(struct scene *scene)
{
    for (unsigned i = 0; i < STREAMS; i++)
        nnc_session_destroy(scene->streams[i].session);
    nnc_task_unref(scene->task);
    nnc_task_unref(scene->other);
    nnc_model_unref(scene->model);
    free(scene->input);
}

/* While frames wait, the stream's next task is made, reserved for and put in place, what the
 * cache holds is dropped, and another stream ends. */
START_TEST(tasks_change_while_frames_wait)
{
    struct scene scene;
    struct holders holders;
    set_scene(&scene, 3);
    hold(scene.task, &holders);
    for (unsigned i = 0; i < 6; i++)
        start(&scene.streams[i]);
    await_waiting(scene.task, 6);
    for (unsigned i = 0; i < 6; i++)
        ck_assert(!nnc_session_reserve(scene.streams[i].session, scene.other, NULL));
    nnc_model_drop_unused_plans(scene.model);
    nnc_session_destroy(scene.streams[STREAMS - 1].session);
    scene.streams[STREAMS - 1].session = NULL;
    release(scene.task, &holders);
    check_streams(scene.streams, 6, 3);
    for (unsigned i = 0; i < 6; i++) {
        scene.streams[i].task = scene.other;
        scene.streams[i].expected = scene.other_alone;
        start(&scene.streams[i]);
        pthread_join(scene.streams[i].thread, NULL);
        ck_assert(scene.streams[i].as_alone);
    }
    clear_scene(&scene);
}
END_TEST

/* Frames of another plan do not care who waits. */
START_TEST(other_plans_pass)
{
    struct scene scene;
    struct holders holders;
    set_scene(&scene, 0);
    for (unsigned i = 1; i < 3; i++) {
        nnc_session_destroy(scene.streams[i].session);
        scene.streams[i].session = make_rider(scene.model, i);
    }
    hold(scene.task, &holders);
    run_frame(&scene.streams[0]); /* its weights are too small to wait for */
    run_frame(&scene.streams[1]); /* it never waits */
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(scene.streams[i].as_alone);
        ck_assert_uint_eq(scene.streams[i].scores.together, 1);
    }
    scene.streams[2].task = scene.other;
    scene.streams[2].expected = scene.other_alone;
    run_frame(&scene.streams[2]);
    ck_assert(scene.streams[2].as_alone);
    release(scene.task, &holders);
    clear_scene(&scene);
}
END_TEST

START_TEST(waiting_allocates_nothing)
{
    struct scene scene;
    struct holders holders;
    set_scene(&scene, TOGETHER);
    hold(scene.task, &holders);
    const unsigned long before = n_allocations;
    for (unsigned i = 0; i < STREAMS; i++)
        pthread_create(&scene.streams[i].thread, NULL, run_frame, &scene.streams[i]);
    await_waiting(scene.task, STREAMS);
    release(scene.task, &holders);
    for (unsigned i = 0; i < STREAMS; i++)
        pthread_join(scene.streams[i].thread, NULL);
    const unsigned long after = n_allocations;
    ck_assert_uint_eq(after, before);
    for (unsigned i = 0; i < STREAMS; i++)
        ck_assert(scene.streams[i].as_alone);
    clear_scene(&scene);
}
END_TEST

static void *run_frames(void *data)
{
    struct stream *const s = data;
    struct nnc_model *const model = nnc_task_model(s->task);
    bool right = true;
    for (unsigned i = 0; i < 100 && right; i++) {
        run_frame(s);
        right = s->as_alone;
        if (i % 10 == 9) { /* streams come and go */
            nnc_session_destroy(s->session);
            s->session = make_rider(model, 1 + i % 7);
        }
    }
    return NULL;
}

/* No order is forced here, and every frame may meet every other. */
START_TEST(streams_come_and_go)
{
    struct scene scene;
    set_scene(&scene, 5);
    for (unsigned i = 0; i < STREAMS; i++) {
        struct stream *const s = &scene.streams[i];
        s->task = i % 4 ? scene.task : scene.other;
        s->expected = i % 4 ? scene.alone : scene.other_alone;
        ck_assert(!pthread_create(&s->thread, NULL, run_frames, s));
    }
    for (unsigned i = 0; i < STREAMS; i++) {
        pthread_join(scene.streams[i].thread, NULL);
        ck_assert_msg(scene.streams[i].as_alone, "stream %u", i);
    }
    clear_scene(&scene);
}
END_TEST

START_TEST(too_many_together_are_refused)
{
    struct nnc_model *const model = open_model(0);
    const struct nnc_session_options options = {.together = 17};
    struct nnc_session *session = NULL;
    struct nnc_error error;
    ck_assert_int_eq(nnc_session_create(model, &options, &session, &error), NNC_VALUE);
    ck_assert_ptr_null(session);
    ck_assert_ptr_nonnull(strstr(error.message, "0 (automatic) to 16; got 17"));
    nnc_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("together");
    TCase *const all = tcase_create("streams");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, frames_are_as_alone, 0, sizeof models / sizeof *models);
    tcase_add_test(all, tasks_change_while_frames_wait);
    tcase_add_test(all, other_plans_pass);
    tcase_add_test(all, waiting_allocates_nothing);
    tcase_add_test(all, streams_come_and_go);
    tcase_add_test(all, too_many_together_are_refused);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
