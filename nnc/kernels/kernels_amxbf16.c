/* SPDX-License-Identifier: MIT */
/* Convolution of bf16 on AMX-BF16: TDPBF16PS multiplies pairs of channels. */
#if !defined(__AMX_BF16__) && !defined(__AMXBF16__) /* GCC, clang */
#error "compile with -mamx-tile -mamx-bf16"
#endif

#include "vec_avx512.h"

#include "amx_tiles.h"
#include "narrow_tables.h"
#include "sums_bf16_avx512.h"

enum { PER_WORD = 2 };

#define TILE_MULTIPLY(sums, pixels, weights) _tile_dpbf16ps(sums, pixels, weights)

#include "amx_body.h"

/* Every processor with AMX has this, too. */
static void narrow(const struct nnc_narrow_args *a)
{
    nnc_narrow_avx512_bf16.narrow(a);
}

const struct nnc_narrow_kernels nnc_narrow_amx_bf16 = {
    .name = "amx-bf16",
    .precision = NNC_PRECISION_BF16,
    .conv_items = amx_items,
    .conv_scratch_floats = conv_scratch_floats,
    .conv = amx_conv,
    .narrow = narrow,
};
