/* SPDX-License-Identifier: MIT */
#ifndef NNC_BENCH_PEAK_H
#define NNC_BENCH_PEAK_H

/* See peak.c: the work, and how many floating-point operations it was. */

#include <stdint.h>

float bench_peak_generic(uint64_t repetitions);
float bench_peak_avx2(uint64_t repetitions);
float bench_peak_avx512(uint64_t repetitions);
float bench_peak_neon(uint64_t repetitions);
uint64_t bench_peak_flops_generic(uint64_t repetitions);
uint64_t bench_peak_flops_avx2(uint64_t repetitions);
uint64_t bench_peak_flops_avx512(uint64_t repetitions);
uint64_t bench_peak_flops_neon(uint64_t repetitions);

#endif
