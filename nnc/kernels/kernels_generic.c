/* SPDX-License-Identifier: MIT */
/* The kernels compiled for the baseline of the architecture. */

#include "vec_generic.h"

#include "conv_body.h"
#include "winograd_body.h"
#include "depthwise_body.h"
#include "elementwise_body.h"
#include "tables.h"

const struct nnc_kernels nnc_kernels_generic = {
    .backend = NNC_BACKEND_NATIVE,
    .isa = NNC_ISA_GENERIC,
    .winograd = true,
    NNC_KERNEL_FUNCTIONS,
};
