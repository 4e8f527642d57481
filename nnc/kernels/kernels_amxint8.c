/* SPDX-License-Identifier: MIT */
/* Convolution of bytes on AMX-INT8: TDPBUSD multiplies four channels, an unsigned activation
 * by a signed weight, and adds without saturation. */
#if !defined(__AMX_INT8__) && !defined(__AMXINT8__) /* GCC, clang */
#error "compile with -mamx-tile -mamx-int8"
#endif

#include "vec_avx512.h"

#include "amx_tiles.h"
#include "narrow_tables.h"
#include "sums_int8_avx512.h"

enum { PER_WORD = 4 };

#define TILE_MULTIPLY(sums, pixels, weights) _tile_dpbusd(sums, pixels, weights)

#include "amx_body.h"

/* To gather the taps takes as long as VNNI, which every processor with AMX has, needs for some
 * blocks. Sums of bytes are exact, so either way has the same bits. */
static bool few_blocks(const struct nnc_conv_args *a)
{
    enum { LEAST_BLOCKS = 6 };
    return a->n_active < LEAST_BLOCKS;
}

static uint32_t conv_items(const struct nnc_conv_args *a)
{
    return few_blocks(a) ? nnc_narrow_avx512_vnni.conv_items(a) : amx_items(a);
}

static void conv(const struct nnc_conv_args *a, uint32_t first, uint32_t last)
{
    if (few_blocks(a))
        nnc_narrow_avx512_vnni.conv(a, first, last);
    else
        amx_conv(a, first, last);
}

static void narrow(const struct nnc_narrow_args *a)
{
    nnc_narrow_avx512_vnni.narrow(a);
}

const struct nnc_narrow_kernels nnc_narrow_amx_int8 = {
    .name = "amx-int8",
    .precision = NNC_PRECISION_INT8,
    .conv_items = conv_items,
    .conv_scratch_floats = conv_scratch_floats,
    .conv = conv,
    .narrow = narrow,
};
