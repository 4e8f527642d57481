/* SPDX-License-Identifier: MIT */
/* Multiply-adds of registers alone, as many as this instruction set can do: compiled once
 * for each, with PEAK_VEC the vocabulary and PEAK_NAME the function. */

#include PEAK_VEC

#include <stdint.h>

float PEAK_NAME(uint64_t repetitions);
uint64_t PEAK_FLOPS(uint64_t repetitions);

enum { CHAINS = 12 }; /* two pipes, four cycles: 8 would do */

float PEAK_NAME(uint64_t repetitions)
{
    vec acc[CHAINS];
    /* What the compiler does not know it cannot compute beforehand. */
    static volatile float factor = 0.999f, addend = 1e-3f;
    const vec a = vec_set1(factor), b = vec_set1(addend);
    for (int i = 0; i < CHAINS; i++)
        acc[i] = vec_set1((float)i);
    for (uint64_t n = 0; n < repetitions; n++) {
        _Pragma("GCC unroll 16") for (int i = 0; i < CHAINS; i++)
            acc[i] = vec_fma(acc[i], a, b);
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
