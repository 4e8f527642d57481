/* SPDX-License-Identifier: MIT */
/* A group of a convolution gives, bit for bit, what a convolution gives that has this
 * group alone: on every backend, whatever the numbers of channels, so that parts of a
 * convolution may be cut out. Random shapes, each written as two models. */

#include "../fuzz/dice.h"
#include "../fuzz/onnx_writer.h"
#include "../kernel_choices.h"
#include "runtime_fixture.h"

#include <string.h>

enum { ROUNDS = 60, SIZE = 5, MAX_CHANNELS = 72, MAX_TAPS = 9 };
struct layer {
    uint32_t groups, ins, outs, kernel; /* channels of one group */
    float weights[MAX_CHANNELS * MAX_CHANNELS * MAX_TAPS], bias[MAX_CHANNELS];
    float first[MAX_CHANNELS]; /* 1x1, from the picture's one channel */
};

static struct layer random_layer(struct dice *dice)
{
    static const uint32_t counts[] = {1, 1, 2, 3, 4, 8, 10, 16, 17, 20};
    struct layer l = {.groups = between(dice, 2, 5), .kernel = one_in(dice, 3) ? 1 : 3};
    do {
        l.ins = counts[below(dice, sizeof counts / sizeof *counts)];
        l.outs = counts[below(dice, sizeof counts / sizeof *counts)];
    } while (l.groups * l.ins > MAX_CHANNELS || l.groups * l.outs > MAX_CHANNELS);
    for (size_t i = 0; i < sizeof l.weights / sizeof *l.weights; i++)
        l.weights[i] = ((float)below(dice, 2001) - 1000) / 7000;
    for (uint32_t i = 0; i < MAX_CHANNELS; i++) {
        l.bias[i] = ((float)below(dice, 2001) - 1000) / 999;
        l.first[i] = ((float)below(dice, 2001) - 1000) / 499;
    }
    return l;
}

/* Convolves `x` by the rows [row, row + outs) of the layer's weights. */
static void add_conv(struct onnx *onnx, const struct layer *l, uint32_t x,
                     uint32_t groups, uint32_t row, uint32_t outs, uint32_t *next,
                     uint32_t out)
{
    const int64_t pads[4] = {l->kernel / 2, l->kernel / 2, l->kernel / 2, l->kernel / 2};
    const struct dims shape = {4, {outs, l->ins, l->kernel, l->kernel}};
    const uint32_t inputs[3] = {x, (*next)++, (*next)++};
    onnx_floats(onnx, inputs[1], &shape,
                l->weights + row * l->ins * l->kernel * l->kernel);
    onnx_floats(onnx, inputs[2], &(struct dims){1, {outs}}, l->bias + row);
    onnx_ints(onnx, "pads", pads, 4);
    onnx_int(onnx, "group", groups);
    onnx_node(onnx, "Conv", inputs, 3, &out, 1);
}

static uint32_t add_list(struct onnx *onnx, int64_t number, uint32_t *next)
{
    onnx_integers(onnx, *next, &(struct dims){1, {1}}, &number);
    return (*next)++;
}

/* As one convolution, or as one for every group beside each other. */
static void write_model(const struct layer *l, bool apart, struct bytes *file)
{
    enum { IMAGE, FIRST, WEIGHTS, RESULT, LOGITS, NEXT };
    struct onnx onnx = {.opset = 17};
    const uint32_t channels = l->groups * l->ins,
                   classes = l->groups * l->outs * SIZE * SIZE;
    uint32_t next = NEXT, parts[8];
    onnx_input(&onnx, IMAGE, &(struct dims){4, {1, 1, SIZE, SIZE}});
    onnx_floats(&onnx, WEIGHTS, &(struct dims){4, {channels, 1, 1, 1}}, l->first);
    onnx_node(&onnx, "Conv", (uint32_t[]){IMAGE, WEIGHTS}, 2, (uint32_t[]){FIRST}, 1);
    for (uint32_t g = 0; apart && g < l->groups; g++) {
        uint32_t inputs[4] = {FIRST}, slice = next++;
        inputs[1] = add_list(&onnx, g * l->ins, &next);
        inputs[2] = add_list(&onnx, (g + 1) * l->ins, &next);
        inputs[3] = add_list(&onnx, 1, &next);
        onnx_node(&onnx, "Slice", inputs, 4, &slice, 1);
        parts[g] = next++;
        add_conv(&onnx, l, slice, 1, g * l->outs, l->outs, &next, parts[g]);
    }
    if (apart) {
        onnx_int(&onnx, "axis", 1);
        onnx_node(&onnx, "Concat", parts, l->groups, (uint32_t[]){RESULT}, 1);
    } else {
        add_conv(&onnx, l, FIRST, l->groups, 0, l->groups * l->outs, &next, RESULT);
    }
    onnx_node(&onnx, "Flatten", (uint32_t[]){RESULT}, 1, (uint32_t[]){LOGITS}, 1);
    onnx_output(&onnx, LOGITS, &(struct dims){2, {1, classes}});
    bytes_print(&onnx.taxonomy,
                "{\"version\":1,\"input\":{\"size\":[%d,%d],\"channels\":\"GRAY\","
                "\"mean\":[0],\"std\":[1]},\"logits\":\"v%d\",\"categories\":[",
                SIZE, SIZE, LOGITS);
    for (uint32_t k = 0; k < classes; k++)
        bytes_print(&onnx.taxonomy, "%s{\"name\":\"c%u\",\"logit\":%u}", k ? "," : "", k,
                    k);
    bytes_print(&onnx.taxonomy, "]}");
    onnx_encode(&onnx, file);
    onnx_free(&onnx);
}

static float *run_model(const struct layer *l, bool apart, const struct kernel_choice *choice,
                        size_t *n)
{
    struct bytes file = {0};
    struct nnc_model *model = NULL;
    struct nnc_error error;
    const struct nnc_model_options options = {.backend = choice->backend,
                                              .isa = choice->isa};
    write_model(l, apart, &file);
    ck_assert_msg(!nnc_model_open_memory(file.data, file.size, &options, &model, &error),
                  "%s", error.message);
    struct nnc_task *const task = make_task(model, NULL, NULL, 0);
    struct nnc_session *const session = make_session(model, 1);
    float *const input = make_input(model);
    *n = nnc_taxonomy_n_classes(nnc_model_taxonomy(model));
    float *const logits = malloc(*n * sizeof *logits);
    run_logits(session, task, input, logits);
    free(input);
    nnc_session_destroy(session);
    nnc_task_unref(task);
    nnc_model_unref(model);
    bytes_free(&file);
    return logits;
}

START_TEST(a_group_is_a_convolution_of_its_own)
{
    const struct kernel_choice *const choice = &kernel_choices[_i];
    if (!has_kernels(choice))
        return; /* not on this processor */
    struct dice dice = {.state = 7};
    for (int round = 0; round < ROUNDS; round++) {
        size_t n, m;
        struct layer *const l = malloc(sizeof *l);
        *l = random_layer(&dice);
        float *const together = run_model(l, false, choice, &n);
        float *const apart = run_model(l, true, choice, &m);
        ck_assert_uint_eq(n, m);
        for (size_t k = 0; k < n; k++)
            ck_assert_msg(
                !memcmp(&together[k], &apart[k], sizeof *apart),
                "%s, round %d, %u groups of %u to %u channels, kernel %u: number "
                "%zu is %.9g, alone %.9g",
                choice->name, round, l->groups, l->ins, l->outs,
                l->kernel, k, (double)together[k], (double)apart[k]);
        free(together);
        free(apart);
        free(l);
    }
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("groups");
    TCase *const all = tcase_create("bits");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, a_group_is_a_convolution_of_its_own, 0,
                        N_KERNEL_CHOICES);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
