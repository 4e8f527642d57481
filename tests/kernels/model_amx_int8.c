/* SPDX-License-Identifier: MIT */
/* The int8 convolution for AMX on tiles in memory (model_tiles.h), for processors without. */

#include "kernels/vec_avx512.h"

#include "kernels/narrow_tables.h"
#include "kernels/sums_int8_avx512.h"
#include "model_amx.h"
#include "model_tiles.h"

enum { PER_WORD = 4 };

#define TILE_MULTIPLY(sums, pixels, weights) model_multiply_int8(sums, pixels, weights)

#include "kernels/amx_body.h"

static void narrow(const struct nnc_narrow_args *a)
{
    nnc_narrow_avx512_vnni.narrow(a);
}

const struct nnc_narrow_kernels model_amx_int8 = {
    .name = "model of amx-int8",
    .precision = NNC_PRECISION_INT8,
    .conv_items = amx_items,
    .conv_scratch_floats = conv_scratch_floats,
    .conv = amx_conv,
    .narrow = narrow,
};
