/* SPDX-License-Identifier: MIT */
#ifndef NNC_RUNTIME_TASK_H
#define NNC_RUNTIME_TASK_H

#include "model.h"
#include <nnc/task.h>

struct nnc_task {
    atomic_uint refs;
    struct nnc_model *model;
    struct nnc_shared_plan *plan;
    uint64_t id;
    float *gains;     /* [categories]; the task's own, or the model's ones */
    float *attention; /* the attention input, padded to whole blocks; likewise */
};

#endif
