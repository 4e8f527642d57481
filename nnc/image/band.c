/* SPDX-License-Identifier: MIT */
/* Chooses the loops of an instruction set. */

#include "band.h"
#include "preprocess.h"

unsigned nnc_band_bits(uint32_t rows)
{
    unsigned bits = NNC_SPAN_BITS;
    while (((uint64_t)rows * 255) << bits > INT32_MAX)
        bits--;
    return bits;
}

const struct nnc_image_kernels *nnc_image_kernels_get(enum nnc_isa isa)
{
    switch (isa) {
#if defined(NNC_HAVE_AVX2)
    case NNC_ISA_AVX2:
        return &nnc_image_kernels_avx2;
#endif
#if defined(NNC_HAVE_AVX512)
    case NNC_ISA_AVX512:
        return &nnc_image_kernels_avx512;
#endif
#if defined(NNC_HAVE_NEON)
    case NNC_ISA_NEON:
        return &nnc_image_kernels_neon;
#endif
    default:
#if defined(__SSE2__)
        return &nnc_image_kernels_generic;
#else
        return &nnc_image_kernels_plain;
#endif
    }
}
