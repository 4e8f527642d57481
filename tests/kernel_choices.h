/* SPDX-License-Identifier: MIT */
#ifndef NNC_TESTS_KERNEL_CHOICES_H
#define NNC_TESTS_KERNEL_CHOICES_H

/* All kernels that the library knows, for tests that go through them. Those that this build
 * or this processor lacks are passed over: has_kernels. */

#include "kernels/kernels.h"

#include <stdio.h>

struct kernel_choice {
    const char *name;
    enum nnc_backend backend;
    enum nnc_isa isa;
};

static const struct kernel_choice kernel_choices[] = {
    {"reference", NNC_BACKEND_REFERENCE, NNC_ISA_AUTO}, /* first: what others agree with */
    {"blas", NNC_BACKEND_BLAS, NNC_ISA_AUTO},
    {"generic", NNC_BACKEND_NATIVE, NNC_ISA_GENERIC},
    {"avx2", NNC_BACKEND_NATIVE, NNC_ISA_AVX2},
    {"avx512", NNC_BACKEND_NATIVE, NNC_ISA_AVX512},
    {"neon", NNC_BACKEND_NATIVE, NNC_ISA_NEON},
};

enum { N_KERNEL_CHOICES = sizeof kernel_choices / sizeof *kernel_choices };

static inline const struct nnc_kernels *kernels_of(const struct kernel_choice *choice)
{
    return nnc_kernels_get(choice->backend, choice->isa);
}

static inline bool has_kernels(const struct kernel_choice *choice)
{
    return kernels_of(choice) != NULL;
}

/* For the log of a test. */
static inline void name_missing_kernels(void)
{
    for (int i = 0; i < N_KERNEL_CHOICES; i++)
        if (!has_kernels(&kernel_choices[i]))
            printf("kernels '%s': not on this machine, left out\n", kernel_choices[i].name);
}

#endif
