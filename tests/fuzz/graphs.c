/* SPDX-License-Identifier: MIT */
/* Random models by seed, and what must hold for each of them:
 *
 *     graphs                 the seeds that `meson test` runs
 *     graphs SEED COUNT      others; a failure names its seed
 *     graphs SEED COUNT why  and why models were refused
 *     graphs SEED FILE.onnx  writes the model of one seed
 *
 * A seed means the same model to one compiler only: C leaves open in which order
 * arguments are computed. */

#include "checks.h"
#include "generator.h"

#include <nnc/status.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_COUNT = 1200, MOST_REFUSED_PERCENT = 5 };
static const struct extent everything = {.kernels = ALL_KERNELS, .n_cutouts = 6};

static void write_file(const char *path, const struct bytes *model)
{
    FILE *const file = fopen(path, "wb");
    if (!file || fwrite(model->data, 1, model->size, file) != model->size ||
        fclose(file)) {
        perror(path);
        exit(1);
    }
}

static void generate(uint64_t seed, struct bytes *model)
{
    struct dice dice = {.state = seed * UINT64_C(0x100000001b3)};
    generate_model(&dice, model);
}

static void print_tally(const struct tally *tally)
{
    printf("%llu models, %llu refused, %llu with logits too large\n",
           (unsigned long long)tally->models, (unsigned long long)tally->refused,
           (unsigned long long)tally->too_large);
    for (int i = 0; i < MAX_STATUS; i++)
        if (tally->by_status[i])
            printf("  refused, %s: %llu\n", nnc_status_name((enum nnc_status)i),
                   (unsigned long long)tally->by_status[i]);
}

int main(int argc, char **argv)
{
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    const uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : DEFAULT_COUNT;
    struct tally tally = {.list_refused = argc > 3};
    uint64_t failed = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct bytes model = {0};
        generate(seed, &model);
        if (!check_model(model.data, model.size, seed, &everything, &tally)) {
            fprintf(stderr, "seed %llu failed\n", (unsigned long long)seed);
            failed++;
        }
        bytes_free(&model);
    }
    if (argc > 2 && strstr(argv[2], ".onnx")) {
        struct bytes model = {0};
        generate(first, &model);
        write_file(argv[2], &model);
        bytes_free(&model);
        return 0;
    }
    print_tally(&tally);
    const bool too_many = tally.refused * 100 > tally.models * MOST_REFUSED_PERCENT;
    if (too_many)
        fprintf(stderr, "too many models were refused\n");
    return failed || (too_many && argc == 1);
}
