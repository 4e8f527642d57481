/* SPDX-License-Identifier: MIT */
/* The kernels compiled for NEON of 64-bit ARM. */

#include "vec_neon.h"

#include "conv_body.h"
#include "winograd_body.h"
#include "depthwise_body.h"
#include "elementwise_body.h"
#include "tables.h"

const struct nnc_kernels nnc_kernels_neon = {
    .backend = NNC_BACKEND_NATIVE,
    .isa = NNC_ISA_NEON,
    .winograd = true,
    NNC_KERNEL_FUNCTIONS,
};
