/* SPDX-License-Identifier: MIT */
/* The kernels compiled for AVX2 with FMA. */

#include "vec_avx2.h"

#include "conv_body.h"
#include "winograd_body.h"
#include "depthwise_body.h"
#include "elementwise_body.h"
#include "tables.h"

const struct nnc_kernels nnc_kernels_avx2 = {
    .backend = NNC_BACKEND_NATIVE,
    .isa = NNC_ISA_AVX2,
    .winograd = true,
    NNC_KERNEL_FUNCTIONS,
};
