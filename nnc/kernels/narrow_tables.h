/* SPDX-License-Identifier: MIT */
#ifndef NNC_KERNELS_NARROW_TABLES_H
#define NNC_KERNELS_NARROW_TABLES_H

/* The tables that nnc_narrow_get chooses from; which of them exist is the build's decision
 * (NNC_HAVE_*). */

#include "narrow.h"

extern const struct nnc_narrow_kernels nnc_narrow_reference_bf16;
extern const struct nnc_narrow_kernels nnc_narrow_reference_int8;
extern const struct nnc_narrow_kernels nnc_narrow_avx512_bf16;
extern const struct nnc_narrow_kernels nnc_narrow_avx512_vnni;
extern const struct nnc_narrow_kernels nnc_narrow_amx_bf16;
extern const struct nnc_narrow_kernels nnc_narrow_amx_int8;
extern const struct nnc_narrow_kernels nnc_narrow_neon_dot;

#endif
