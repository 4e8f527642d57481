/* SPDX-License-Identifier: MIT */
/* Convolution kernels of every backend against the plain-C reference, over random shapes,
 * layouts and epilogues (conv_layers.h). */

#include "conv_layers.h"

#include <check.h>

enum { ROUNDS = 250 };

START_TEST(agrees_with_reference)
{
    const struct nnc_kernels *const k = kernels_of(&kernel_choices[_i]);
    if (!k)
        return;
    if (k->warm_up)
        k->warm_up();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct dice dice = {.state = round};
        ck_assert_msg(check_conv_layer(&dice, &kernel_choices[_i]), "seed %u", round);
    }
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("conv");
    TCase *const all = tcase_create("kernels");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, agrees_with_reference, 1, N_KERNEL_CHOICES);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
