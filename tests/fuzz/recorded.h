/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_RECORDED_H
#define TESTS_FUZZ_RECORDED_H

/* Recorded models (tests/golden/ops) for targets that need one; one that cannot be opened
 * ends the program. The folder is NNC_GOLDEN_DIR. */

#include "target.h"

#include <nnc/model.h>

static inline struct nnc_model *open_recorded(const char *name, size_t max_cached_plans)
{
    const struct nnc_model_options options = {.max_cached_plans = max_cached_plans};
    struct nnc_model *model = NULL;
    struct nnc_error error = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.onnx", NNC_GOLDEN_DIR, name);
    const enum nnc_status status = nnc_model_open(path, &options, &model, &error);
    REQUIRE(!status, "%s", error.message);
    return model;
}

#endif
