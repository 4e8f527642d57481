/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_AMX_H
#define TESTS_MODEL_AMX_H

/* The convolutions for AMX (kernels/amx_body.h) on tiles in memory: everything but the
 * instructions themselves, for machines that do not have them. They need AVX-512. One
 * thread at a time. */

#include "kernels/narrow.h"

extern const struct nnc_narrow_kernels model_amx_bf16, model_amx_int8;

#endif
