/* SPDX-License-Identifier: MIT */
/* Bytes on ARM processors, with and without the dot product (the argument says which this one
 * is): taken, or refused with the reason while the same model runs in floats. */

#include "kernels/narrow.h"
#include <nnc/nnc.h>

#include <check.h>
#include <string.h>

static bool has_dot_product;

static enum nnc_status open_quantised(enum nnc_precision precision, enum nnc_isa isa,
                                      struct nnc_model **model, struct nnc_error *error)
{
    const struct nnc_model_options options = {
        .backend = NNC_BACKEND_NATIVE, .isa = isa, .precision = precision};
    *model = NULL;
    return nnc_model_open(NNC_GOLDEN_DIR "/quantised_u8.onnx", &options, model, error);
}

START_TEST(kernels_there_are)
{
    const char *needs;
    const struct nnc_kernels *const floats = nnc_kernels_get(NNC_BACKEND_NATIVE, NNC_ISA_AUTO);
    ck_assert_int_eq(floats->isa, NNC_ISA_NEON);
    const struct nnc_narrow_kernels *const bytes =
        nnc_narrow_get(floats, NNC_PRECISION_INT8, &needs);
    ck_assert(!!bytes == has_dot_product);
    if (bytes)
        ck_assert_str_eq(bytes->name, "neon-dot");
    ck_assert(!nnc_narrow_get(floats, NNC_PRECISION_BF16, &needs));
}
END_TEST

START_TEST(precision_of_a_model)
{
    struct nnc_model *model;
    struct nnc_error error;
    const enum nnc_status status =
        open_quantised(NNC_PRECISION_INT8, NNC_ISA_AUTO, &model, &error);
    if (has_dot_product) {
        ck_assert_msg(!status, "%s", error.message);
        ck_assert_int_eq(nnc_model_precision(model), NNC_PRECISION_INT8);
    } else {
        ck_assert_int_eq(status, NNC_UNSUPPORTED);
        ck_assert_msg(strstr(error.message, "needs a processor with AVX512-VNNI or ARM's dot "
                                            "product") &&
                          strstr(error.message, "(neon) on this processor"),
                      "%s", error.message);
    }
    nnc_model_unref(model);
    ck_assert_msg(!open_quantised(NNC_PRECISION_FP32, NNC_ISA_AUTO, &model, &error), "%s",
                  error.message);
    nnc_model_unref(model);
    ck_assert_int_eq(open_quantised(NNC_PRECISION_INT8, NNC_ISA_GENERIC, &model, &error),
                     NNC_UNSUPPORTED);
    ck_assert_msg(strstr(error.message, "(generic)"), "%s", error.message);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "with") && strcmp(argv[1], "without")))
        return 2;
    has_dot_product = !strcmp(argv[1], "with");
    Suite *const suite = suite_create("dot_product");
    TCase *const all = tcase_create("precision");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, kernels_there_are);
    tcase_add_test(all, precision_of_a_model);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
