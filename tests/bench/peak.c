/* SPDX-License-Identifier: MIT */
/* Multiply-adds of registers alone, as many as this instruction set can do: compiled once
 * for each, with PEAK_VEC the vocabulary and PEAK_NAME the function. */

#include PEAK_VEC

#include "peak.h"

enum { CHAINS = 12 }; /* two pipes, four cycles: 8 would do */

float PEAK_NAME(uint64_t repetitions)
{
    vec acc[CHAINS];
    vec a = vec_set1(0.999f), b = vec_set1(1e-3f);
    for (int i = 0; i < CHAINS; i++)
        acc[i] = vec_set1((float)i);
    for (uint64_t n = 0; n < repetitions; n++) {
        /* Hides the factors' values from the compiler, and nothing else. */
        __asm__ volatile("" : "+x"(a), "+x"(b));
        _Pragma("GCC unroll 16") for (int i = 0; i < CHAINS; i++) acc[i] =
            vec_fma(acc[i], a, b);
    }
    float lanes[VEC], sum = 0;
    for (int i = 0; i < CHAINS; i++) {
        vec_store(lanes, acc[i]);
        sum += lanes[0];
    }
    return sum;
}

uint64_t PEAK_FLOPS(uint64_t repetitions)
{
    return repetitions * CHAINS * VEC * 2;
}
