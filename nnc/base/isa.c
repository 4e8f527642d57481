/* SPDX-License-Identifier: MIT */
#include "isa.h"

#include "error.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [NNC_ISA_AUTO] = "auto", [NNC_ISA_GENERIC] = "generic", [NNC_ISA_AVX2] = "avx2",
    [NNC_ISA_AVX512] = "avx512", [NNC_ISA_NEON] = "neon",
};

enum { N_ISAS = sizeof names / sizeof *names };

/* From the slowest to the fastest. */
static const enum nnc_isa by_speed[] = {NNC_ISA_GENERIC, NNC_ISA_NEON, NNC_ISA_AVX2,
                                        NNC_ISA_AVX512};

enum { N_BY_SPEED = sizeof by_speed / sizeof *by_speed };

const char *nnc_isa_name(enum nnc_isa isa)
{
    return (unsigned)isa < N_ISAS ? names[isa] : "unknown";
}

bool nnc_isa_from_name(const char *name, enum nnc_isa *isa)
{
    for (unsigned i = 0; i < N_ISAS; i++)
        if (!strcmp(name, names[i])) {
            *isa = (enum nnc_isa)i;
            return true;
        }
    return false;
}

static bool is_built(enum nnc_isa isa)
{
    switch (isa) {
    case NNC_ISA_GENERIC:
        return true;
#if defined(NNC_HAVE_AVX2)
    case NNC_ISA_AVX2:
        return true;
#endif
#if defined(NNC_HAVE_AVX512)
    case NNC_ISA_AVX512:
        return true;
#endif
#if defined(NNC_HAVE_NEON)
    case NNC_ISA_NEON:
        return true;
#endif
    default:
        return false;
    }
}

/* Of what is built only: the compiler knows no other names. NEON is part of every 64-bit
 * ARM processor. */
static bool processor_runs(enum nnc_isa isa)
{
#if defined(__x86_64__)
    if (isa == NNC_ISA_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == NNC_ISA_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    return true;
}

bool nnc_isa_usable(enum nnc_isa isa)
{
    return is_built(isa) && processor_runs(isa);
}

enum nnc_isa nnc_isa_resolve(enum nnc_isa isa)
{
    if (isa != NNC_ISA_AUTO)
        return isa;
    unsigned best = N_BY_SPEED - 1;
    while (best && !nnc_isa_usable(by_speed[best]))
        best--;
    return by_speed[best];
}

enum nnc_status nnc_isa_check(enum nnc_isa isa, struct nnc_error *error)
{
    char available[64] = "auto";
    if (isa == NNC_ISA_AUTO || nnc_isa_usable(isa))
        return NNC_OK;
    for (unsigned i = 0; i < N_BY_SPEED; i++)
        if (nnc_isa_usable(by_speed[i])) {
            strcat(available, ", ");
            strcat(available, names[by_speed[i]]);
        }
    if ((unsigned)isa >= N_ISAS)
        return nnc_fail(error, NNC_VALUE, "isa",
                        "instruction set %u is unknown; available here: %s", (unsigned)isa,
                        available);
    return nnc_fail(error, NNC_UNSUPPORTED, names[isa],
                    "instruction set '%s' is not in this %s; available here: %s", names[isa],
                    is_built(isa) ? "processor" : "build", available);
}
