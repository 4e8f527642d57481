/* SPDX-License-Identifier: MIT */
/* Experts of every model in a folder, on all kernels that this machine has: see
 * expert_checks.h.
 *
 *     test_experts FOLDER [CUTOUTS] */

#include "expert_checks.h"
#include "../kernel_choices.h"
#include "kernels/narrow.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 1024, MAX_PATH = 1024, CUTOUTS = 4, DEPTH = 2, FEW = 6 };

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t find_models(const char *folder, char (*paths)[MAX_PATH])
{
    size_t n = 0;
    DIR *const dir = opendir(folder);
    for (const struct dirent *entry; dir && n < MAX_FILES && (entry = readdir(dir));) {
        const char *const end = strrchr(entry->d_name, '.');
        if (end && !strcmp(end, ".onnx"))
            snprintf(paths[n++], MAX_PATH, "%.500s/%.500s", folder, entry->d_name);
    }
    if (dir)
        closedir(dir);
    qsort(paths, n, sizeof *paths, by_name);
    return n;
}

/* Cutouts of few classes are numbered: each bit is one of them. */
static char *numbered_cutout(const struct nnc_taxonomy *taxonomy, uint32_t number)
{
    char *const text = calloc(FEW, 600);
    for (uint32_t k = 0; k < nnc_taxonomy_n_classes(taxonomy); k++)
        if (number >> k & 1) {
            strcat(text, *text ? "," : "");
            strcat(text, nnc_taxonomy_class(taxonomy, k)->path);
        }
    return text;
}

/* The whole network and one top category; of few classes every cutout, of many some. */
static bool check_model(const struct nnc_model *model, int cutouts,
                        struct expert_tally *tally)
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    const uint32_t top = nnc_taxonomy_next(t, NNC_NO_CATEGORY);
    const bool few = nnc_taxonomy_n_classes(t) <= FEW;
    const uint32_t n = few ? (1u << nnc_taxonomy_n_classes(t)) - 1 : (uint32_t)cutouts;
    bool good = check_expert(model, "", 1, 1, tally) &&
                check_expert(model, nnc_taxonomy_category(t, top)->path, 2, DEPTH, tally);
    for (uint32_t i = 1; good && i < n; i++) {
        uint32_t seed = i;
        char *const cutout = few ? numbered_cutout(t, i) : random_cutout(model, &seed);
        good = check_expert(model, cutout, i, DEPTH, tally);
        free(cutout);
    }
    return good;
}

static bool check_file(const char *path, const struct kernel_choice *choice, int cutouts,
                       enum nnc_precision precision, struct expert_tally *tally)
{
    const struct nnc_model_options options = {
        .backend = choice->backend, .isa = choice->isa, .precision = precision};
    struct nnc_model *model;
    struct nnc_error error;
    const enum nnc_status status = nnc_model_open(path, &options, &model, &error);
    if (status == NNC_UNSUPPORTED && precision != NNC_PRECISION_FP32)
        return true; /* no kernels, or no layer for it */
    if (status) {
        fprintf(stderr, "%s\n", error.message);
        return false;
    }
    const bool good = check_model(model, cutouts, tally);
    nnc_model_unref(model);
    return good;
}

/* Sanitizers are after the writer of experts, and see the kernels in other tests: the
 * fastest are enough, or the reference for a precision that this processor lacks. */
static bool is_worth_it(const struct kernel_choice *choice, enum nnc_precision precision)
{
#if defined(__SANITIZE_ADDRESS__)
    const struct nnc_kernels *const fastest =
        nnc_kernels_get(NNC_BACKEND_AUTO, NNC_ISA_AUTO);
    const char *needs;
    const bool lacks =
        precision != NNC_PRECISION_FP32 && !nnc_narrow_get(fastest, precision, &needs);
    return lacks ? choice->backend == NNC_BACKEND_REFERENCE : kernels_of(choice) == fastest;
#else
    return has_kernels(choice);
#endif
}

int main(int argc, char **argv)
{
    static char paths[MAX_FILES][MAX_PATH];
    struct expert_tally tally = {0};
    int failed = 0;
    enum nnc_precision precision = NNC_PRECISION_FP32;
    if (argc < 2 || (argc > 3 && !nnc_precision_from_name(argv[3], &precision))) {
        fprintf(stderr, "usage: test_experts FOLDER [CUTOUTS [PRECISION]]\n");
        return 2;
    }
    const size_t n = find_models(argv[1], paths);
    const int cutouts = argc > 2 ? atoi(argv[2]) : CUTOUTS;
    name_missing_kernels();
    for (int k = 0; k < N_KERNEL_CHOICES; k++)
        for (size_t i = 0; i < n && is_worth_it(&kernel_choices[k], precision); i++)
            failed += !check_file(paths[i], &kernel_choices[k], cutouts, precision, &tally);
    printf(
        "%zu models, %llu experts, %llu of them with copies, %llu refused, %d failed\n",
        n, (unsigned long long)tally.experts, (unsigned long long)tally.copied,
        (unsigned long long)tally.refused, failed);
    return failed || tally.copied || tally.refused || !tally.experts;
}
