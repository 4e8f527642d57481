/* SPDX-License-Identifier: MIT */
/* Precision as an option, and quantising as a whole: who is refused and is told why; what a
 * quantised model keeps of the one it is made of; that its cutouts, experts and threads
 * change no bit; and what becomes of memory that runs out. */

#include "counted_malloc.h"
#include "expert/ranges.h"
#include "kernels/narrow.h"
#include "runtime/model.h"
#include "runtime_fixture.h"
#include "test_directory.h"

#include <string.h>

static const enum nnc_backend BACKENDS[] = {NNC_BACKEND_REFERENCE, NNC_BACKEND_NATIVE};

static enum nnc_status open_on(const char *path, enum nnc_backend backend, enum nnc_isa isa,
                               enum nnc_precision precision, struct nnc_model **model,
                               struct nnc_error *error)
{
    const struct nnc_model_options options = {
        .backend = backend, .isa = isa, .precision = precision};
    *model = NULL;
    return nnc_model_open(path, &options, model, error);
}

static enum nnc_status open_with(const char *path, enum nnc_backend backend,
                                 enum nnc_precision precision, struct nnc_model **model,
                                 struct nnc_error *error)
{
    return open_on(path, backend, NNC_ISA_AUTO, precision, model, error);
}

static const char *recorded(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s.onnx", NNC_GOLDEN_DIR, name);
    return path;
}

static bool has_kernels(enum nnc_backend backend, enum nnc_precision precision)
{
    const char *needs;
    return nnc_narrow_get(nnc_kernels_get(backend, NNC_ISA_AUTO), precision, &needs);
}

/* Precision ---------------------------------------------------------------------------- */

START_TEST(refusals)
{
    static const struct {
        const char *model;
        enum nnc_backend backend;
        enum nnc_isa isa;
        enum nnc_precision precision;
        const char *words[2];
    } rows[] = {
        {"../quantised/quantised_u8", NNC_BACKEND_NATIVE, NNC_ISA_GENERIC, NNC_PRECISION_INT8,
         {"needs a processor with AVX512-VNNI", "(generic)"}},
        {"nested_depth_2", NNC_BACKEND_BLAS, NNC_ISA_AUTO, NNC_PRECISION_BF16,
         {"needs a processor with AVX512-BF16", "'blas'"}},
        {"nested_depth_2", NNC_BACKEND_REFERENCE, NNC_ISA_AUTO, NNC_PRECISION_INT8,
         {"the model has none", "nnc quantize MODEL --calibrate DATA -o OUT.onnx"}},
        {"../quantised/quantised_weights_u8", NNC_BACKEND_REFERENCE, NNC_ISA_AUTO, NNC_PRECISION_INT8,
         {"int8 weights", "nnc quantize"}},
        {"../quantised/quantised_groups", NNC_BACKEND_REFERENCE, NNC_ISA_AUTO, NNC_PRECISION_INT8,
         {"the model has none", "nnc quantize"}},
        {"conv_depthwise", NNC_BACKEND_REFERENCE, NNC_ISA_AUTO, NNC_PRECISION_INT8,
         {"precision 'int8' needs layers", "nnc quantize"}},
    };
    struct nnc_model *model;
    struct nnc_error error;
    ck_assert_int_eq(open_on(recorded(rows[_i].model), rows[_i].backend, rows[_i].isa,
                             rows[_i].precision, &model, &error),
                     NNC_UNSUPPORTED);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(strstr(error.message, rows[_i].words[i]), "%s", error.message);
    ck_assert(!model);
}
END_TEST

START_TEST(says_its_precision)
{
    struct nnc_model *model;
    struct nnc_error error;
    ck_assert(!open_with(recorded("../quantised/quantised_u8"), NNC_BACKEND_REFERENCE,
                         NNC_PRECISION_INT8, &model, &error));
    ck_assert_int_eq(nnc_model_precision(model), NNC_PRECISION_INT8);
    ck_assert_int_eq(nnc_model_backend(model), NNC_BACKEND_REFERENCE);
    nnc_model_unref(model);
    enum nnc_precision precision;
    ck_assert(nnc_precision_from_name("bf16", &precision) && precision == NNC_PRECISION_BF16);
    ck_assert(!nnc_precision_from_name("fp16", &precision));
    ck_assert_str_eq(nnc_precision_name(NNC_PRECISION_INT8), "int8");
}
END_TEST

/* Quantising --------------------------------------------------------------------------- */

/* A nested model with layers wide enough: the smallest that is shipped. */
static const char *float_model(void)
{
    return NNC_SHIPPED_DIR "/nest-tiny.onnx";
}

static void show_noise(struct nnc_quantizer *q, uint32_t seed)
{
    uint8_t pixels[40 * 40 * 3];
    struct nnc_image image = {.format = NNC_PIXEL_RGB, .width = 40, .height = 40,
                              .plane = {pixels}, .stride_bytes = {120}};
    struct nnc_error error;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
    ck_assert_msg(!nnc_quantizer_show(q, &image, &error), "%s", error.message);
}

static struct nnc_quantizer *make_quantizer(const char *path)
{
    struct nnc_quantizer *q;
    struct nnc_model *model;
    struct nnc_error error;
    ck_assert(!open_with(path, NNC_BACKEND_AUTO, NNC_PRECISION_FP32, &model, &error));
    ck_assert_msg(!nnc_quantizer_create(model, &q, &error), "%s", error.message);
    nnc_model_unref(model);
    return q;
}

static const char *quantised_file(void)
{
    static char path[128];
    struct nnc_quantizer *const q = make_quantizer(float_model());
    struct nnc_quantized_info info;
    struct nnc_error error;
    for (uint32_t seed = 0; seed < 4; seed++)
        show_noise(q, seed);
    snprintf(path, sizeof path, "%s", in_directory("quantised.onnx"));
    ck_assert_msg(!nnc_quantizer_write(q, path, &info, &error), "%s", error.message);
    ck_assert_uint_eq(info.n_pictures, 4);
    ck_assert_uint_eq(info.n_float, 1 + 220); /* the stem, and heads */
    ck_assert_uint_eq(info.n_layers, 226);
    nnc_quantizer_destroy(q);
    return path;
}

START_TEST(keeps_the_model)
{
    struct nnc_model *before, *after;
    struct nnc_error error;
    ck_assert(!open_with(float_model(), NNC_BACKEND_AUTO, NNC_PRECISION_FP32, &before, &error));
    ck_assert_msg(!open_with(quantised_file(), NNC_BACKEND_AUTO, NNC_PRECISION_FP32, &after,
                             &error),
                  "%s", error.message);
    ck_assert_uint_eq(nnc_model_cost(before).params, nnc_model_cost(after).params);
    ck_assert_uint_eq(nnc_model_cost(before).macs, nnc_model_cost(after).macs);
    ck_assert(nnc_model_has_attention(after) && nnc_model_has_presence(after));
    ck_assert_uint_eq(before->n_presence, after->n_presence);
    for (uint32_t c = 0; c < before->graph->taxonomy->n_categories; c++)
        ck_assert_uint_eq(before->graph->branches[c].presence,
                          after->graph->branches[c].presence);
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(before);
    ck_assert_uint_eq(nnc_taxonomy_n_categories(t),
                      nnc_taxonomy_n_categories(nnc_model_taxonomy(after)));
    nnc_model_unref(before);
    nnc_model_unref(after);
}
END_TEST

static void run_model(struct nnc_model *model, const char *cutout, const char *attention,
                      unsigned threads, float *logits)
{
    struct nnc_task *const task = make_task(model, cutout, attention, 1);
    struct nnc_session *const session = make_session(model, threads);
    float *const input = make_input(model);
    run_logits(session, task, input, logits);
    free(input);
    nnc_session_destroy(session);
    nnc_task_unref(task);
}

/* Integers and floats differ where a number lies in the middle between two steps for one
 * of them: in all, less than the rounding to bytes does. */
START_TEST(integers_mean_what_floats_mean)
{
    const char *const path = quantised_file();
    struct nnc_model *floats, *bytes;
    struct nnc_error error;
    float want[100], got[100], largest = 0;
    if (!has_kernels(BACKENDS[_i], NNC_PRECISION_INT8))
        return;
    ck_assert(!open_with(path, BACKENDS[_i], NNC_PRECISION_FP32, &floats, &error));
    ck_assert(!open_with(path, BACKENDS[_i], NNC_PRECISION_INT8, &bytes, &error));
    run_model(floats, NULL, NULL, 1, want);
    run_model(bytes, NULL, NULL, 1, got);
    for (int k = 0; k < 100; k++)
        largest = fmaxf(largest, fabsf(want[k]));
    for (int k = 0; k < 100; k++)
        ck_assert_msg(fabsf(got[k] - want[k]) <= 0.02f * largest, "logit %d: %g, expected %g",
                      k, (double)got[k], (double)want[k]);
    nnc_model_unref(floats);
    nnc_model_unref(bytes);
}
END_TEST

/* Weights take a quarter, beside scales and what padding needs. */
START_TEST(weights_shrink)
{
    static const struct {
        enum nnc_precision precision;
        double most;
    } rows[] = {{NNC_PRECISION_BF16, 0.55}, {NNC_PRECISION_INT8, 0.45}};
    const char *const path = quantised_file();
    size_t bytes[2];
    for (int i = 0; i < 2; i++) {
        struct nnc_model *model;
        struct nnc_error error;
        ck_assert(!open_with(path, NNC_BACKEND_REFERENCE,
                             i ? rows[_i].precision : NNC_PRECISION_FP32, &model, &error));
        struct nnc_task *const task = make_task(model, NULL, NULL, 1);
        bytes[i] = nnc_task_weight_bytes(task);
        ck_assert_uint_eq(nnc_model_resident_weight_bytes(model), bytes[i]);
        nnc_task_unref(task);
        nnc_model_drop_unused_plans(model);
        ck_assert_uint_eq(nnc_model_resident_weight_bytes(model), 0);
        nnc_model_unref(model);
    }
    ck_assert_msg((double)bytes[1] <= rows[_i].most * (double)bytes[0], "%zu of %zu bytes",
                  bytes[1], bytes[0]);
}
END_TEST

static void check_bits(const float *full, const float *part, size_t at_least)
{
    size_t n = 0;
    for (int k = 0; k < 100; k++)
        if (!isnan(part[k])) {
            ck_assert_msg(!memcmp(&full[k], &part[k], sizeof *full), "logit %d: %.9g, %.9g", k,
                          (double)full[k], (double)part[k]);
            n++;
        }
    ck_assert_uint_ge(n, at_least);
}

/* Logits of an expert have other numbers: they are compared by rank. */
static void check_expert(struct nnc_model *model, enum nnc_backend backend,
                         enum nnc_precision precision, const char *cutout, const char *gains)
{
    struct nnc_model *expert;
    struct nnc_error error;
    float cut[100], own[100];
    const char *const path = in_directory("expert.onnx");
    ck_assert_msg(!nnc_expert_write(model, cutout, path, NULL, &error), "%s", error.message);
    ck_assert_msg(!open_with(path, backend, precision, &expert, &error), "%s", error.message);
    run_model(model, cutout, gains, 1, cut);
    run_model(expert, NULL, gains, 2, own);
    size_t n = 0;
    for (int k = 0; k < 100; k++)
        if (!isnan(cut[k]))
            ck_assert_msg(!memcmp(&cut[k], &own[n++], sizeof *cut), "logit %d", k);
    ck_assert_uint_eq(n, nnc_taxonomy_n_classes(nnc_model_taxonomy(expert)));
    nnc_model_unref(expert);
}

START_TEST(no_bit_changes)
{
    static const struct {
        enum nnc_precision precision;
        const char *cutout, *attention;
    } rows[] = {
        {NNC_PRECISION_BF16, "fish,trees", "fish=2"},
        {NNC_PRECISION_BF16, "bee", NULL},
        {NNC_PRECISION_INT8, "fish,trees", "fish=2"},
        {NNC_PRECISION_INT8, "bee", NULL},
        {NNC_PRECISION_INT8, "-people", "trees=0.5"},
    };
    const char *const path = quantised_file();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nnc_model *model;
        struct nnc_error error;
        float full[100], part[100];
        if (!has_kernels(BACKENDS[_i], rows[i].precision))
            continue;
        ck_assert(!open_with(path, BACKENDS[_i], rows[i].precision, &model, &error));
        run_model(model, NULL, rows[i].attention, 1, full);
        run_model(model, NULL, rows[i].attention, 3, part);
        check_bits(full, part, 100);
        run_model(model, rows[i].cutout, rows[i].attention, 3, part);
        check_bits(full, part, 1);
        check_expert(model, BACKENDS[_i], rows[i].precision, rows[i].cutout,
                     rows[i].attention);
        nnc_model_unref(model);
    }
}
END_TEST

START_TEST(refuses_to_quantise)
{
    struct nnc_quantizer *q = NULL;
    struct nnc_model *model;
    struct nnc_error error;
    ck_assert(!open_with(recorded("../quantised/quantised_u8"), NNC_BACKEND_AUTO,
                         NNC_PRECISION_FP32, &model, &error));
    ck_assert_int_eq(nnc_quantizer_create(model, &q, &error), NNC_UNSUPPORTED);
    ck_assert_msg(strstr(error.message, "quantised already"), "%s", error.message);
    nnc_model_unref(model);
    ck_assert(!open_with(recorded("conv_plain"), NNC_BACKEND_AUTO, NNC_PRECISION_FP32, &model,
                         &error));
    ck_assert(nnc_quantizer_create(model, &q, &error) == NNC_OK ||
              strstr(error.message, "can be quantised"));
    nnc_quantizer_destroy(q);
    q = NULL;
    nnc_model_unref(model);
    ck_assert(!open_with(recorded("../quantised/quantised_u8"), NNC_BACKEND_REFERENCE,
                         NNC_PRECISION_INT8, &model, &error));
    ck_assert_int_eq(nnc_quantizer_create(model, &q, &error), NNC_STATE);
    ck_assert_msg(strstr(error.message, "expected 'fp32'"), "%s", error.message);
    nnc_model_unref(model);
    ck_assert(!q);
}
END_TEST

START_TEST(refuses_to_write)
{
    struct nnc_error error;
    copy_file(float_model(), "model.onnx");
    struct nnc_quantizer *const q = make_quantizer(in_directory("model.onnx"));
    ck_assert_int_eq(nnc_quantizer_write(q, in_directory("x.onnx"), NULL, &error), NNC_STATE);
    ck_assert_msg(strstr(error.message, "no picture was shown"), "%s", error.message);
    show_noise(q, 1);
    ck_assert_int_eq(nnc_quantizer_write(q, in_directory("model.onnx"), NULL, &error),
                     NNC_STATE);
    ck_assert_msg(strstr(error.message, "would replace"), "%s", error.message);
    ck_assert_int_eq(nnc_quantizer_write(q, in_directory("none/x.onnx"), NULL, &error),
                     NNC_NOT_FOUND);
    nnc_quantizer_destroy(q);
}
END_TEST

/* Ranges ------------------------------------------------------------------------------- */

START_TEST(ranges)
{
    static struct nnc_numbers r;
    float scale, numbers[1000];
    uint8_t zero;
    nnc_numbers_choose(&r, &scale, &zero); /* nothing seen: anything holds it */
    ck_assert(scale > 0);
    for (int i = 0; i < 1000; i++)
        numbers[i] = (float)i / 1000;
    nnc_numbers_note(&r, numbers, 1000, 1);
    nnc_numbers_choose(&r, &scale, &zero);
    ck_assert_uint_eq(zero, 0);
    ck_assert_msg(fabsf(scale * 255 - 1) < 0.02f, "scale %g", (double)scale);
    numbers[0] = 40; /* one far away is not worth coarser steps for all others */
    numbers[1] = NAN;
    nnc_numbers_note(&r, numbers, 2, 1);
    for (int i = 0; i < 200; i++)
        nnc_numbers_note(&r, numbers + 2, 998, 1);
    nnc_numbers_choose(&r, &scale, &zero);
    ck_assert_msg(scale * 255 < 36 && scale * 255 > 0.9f, "scale %g", (double)scale);
    for (int i = 0; i < 1000; i++)
        numbers[i] = -2 * (float)i / 1000;
    nnc_numbers_note(&r, numbers, 1000, 1);
    nnc_numbers_choose(&r, &scale, &zero);
    ck_assert_uint_gt(zero, 0);
}
END_TEST

/* Memory ------------------------------------------------------------------------------- */

START_TEST(every_allocation_may_fail)
{
    struct nnc_model *model;
    struct nnc_error error;
    ck_assert(!open_with(recorded("../quantised/quantised_residual"), NNC_BACKEND_REFERENCE,
                         NNC_PRECISION_INT8, &model, &error));
    nnc_model_unref(model);
    for (int n = 0;; n++) {
        struct nnc_task *task = NULL;
        allocations_left = n;
        enum nnc_status status =
            open_with(recorded("../quantised/quantised_residual"), NNC_BACKEND_REFERENCE,
                      NNC_PRECISION_INT8, &model, &error);
        if (!status)
            status = nnc_task_create(model, NULL, NULL, 0, &task, &error);
        allocations_left = -1;
        nnc_task_unref(task);
        nnc_model_unref(model);
        if (!status)
            break;
        ck_assert_int_eq(status, NNC_NOMEM);
    }
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("quantize");
    TCase *const all = tcase_create("precision");
    tcase_add_checked_fixture(all, make_directory, remove_directory);
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, refusals, 0, 6);
    tcase_add_test(all, says_its_precision);
    tcase_add_test(all, keeps_the_model);
    tcase_add_loop_test(all, integers_mean_what_floats_mean, 0, 2);
    tcase_add_loop_test(all, weights_shrink, 0, 2);
    tcase_add_loop_test(all, no_bit_changes, 0, 2);
    tcase_add_test(all, refuses_to_quantise);
    tcase_add_test(all, refuses_to_write);
    tcase_add_test(all, ranges);
    tcase_add_test(all, every_allocation_may_fail);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
