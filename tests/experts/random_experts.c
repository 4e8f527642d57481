/* SPDX-License-Identifier: MIT */
/* Experts of random models, by seed; see expert_checks.h and ../fuzz/generator.h:
 *
 *     random_experts                 the seeds that `meson test` runs
 *     random_experts SEED COUNT      others; a failure names its seed */

#include "../fuzz/generator.h"
#include "expert_checks.h"
#include "../kernel_choices.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_COUNT = 300, CUTOUTS = 2, DEPTH = 2 };

/* True for models that nnc refuses, too. */
static bool check_seed(uint64_t seed, struct expert_tally *tally)
{
    struct dice dice = {.state = seed * UINT64_C(0x100000001b3)};
    struct bytes file = {0};
    bool good = true;
    generate_model(&dice, &file);
    for (int k = 0; good && k < N_KERNEL_CHOICES; k++) {
        const struct kernel_choice *const choice = &kernel_choices[k];
        const struct nnc_model_options options = {.backend = choice->backend,
                                                  .isa = choice->isa};
        struct nnc_model *model = NULL;
        if (!has_kernels(choice) ||
            nnc_model_open_memory(file.data, file.size, &options, &model, NULL))
            continue;
        for (uint32_t i = 0; good && i < CUTOUTS; i++) {
            uint32_t number = (uint32_t)seed * CUTOUTS + i;
            char *const cutout = random_cutout(model, &number);
            good = check_expert(model, cutout, number, DEPTH, tally);
            free(cutout);
        }
        nnc_model_unref(model);
    }
    bytes_free(&file);
    return good;
}

int main(int argc, char **argv)
{
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    const uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : DEFAULT_COUNT;
    struct expert_tally tally = {0};
    uint64_t failed = 0;
    for (uint64_t seed = first; seed < first + count; seed++)
        if (!check_seed(seed, &tally)) {
            fprintf(stderr, "seed %llu failed\n", (unsigned long long)seed);
            failed++;
        }
    printf("%llu models, %llu experts, %llu of them with copies, %llu refused, %llu "
           "failed\n",
           (unsigned long long)count, (unsigned long long)tally.experts,
           (unsigned long long)tally.copied, (unsigned long long)tally.refused,
           (unsigned long long)failed);
    return failed || !tally.experts;
}
