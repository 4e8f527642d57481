/* SPDX-License-Identifier: MIT */
/* Chooses the table of a backend and an instruction set, once per model. */

#include "tables.h"

#include "../base/error.h"
#include "../base/isa.h"

#include <math.h>
#include <string.h>

static const char *const backend_names[] = {
    [NNC_BACKEND_AUTO] = "auto",
    [NNC_BACKEND_NATIVE] = "native",
    [NNC_BACKEND_BLAS] = "blas",
    [NNC_BACKEND_REFERENCE] = "reference",
};

enum { N_BACKENDS = sizeof backend_names / sizeof *backend_names };
/* As QuantizeLinear; what lies far outside, and NaN, goes to the ends. */
static float quantize(float x, float scale, float zero, float low)
{
    const float steps = x / scale;
    const float near = steps > -1024 ? steps : -1024;
    const float v = rintf(near < 1024 ? near : 1024) + zero;
    const float above = v > low ? v : low;
    return above < low + 255 ? above : low + 255;
}

float nnc_activation_scalar(const struct nnc_activation *a, float x)
{
    switch (a->kind) {
    case NNC_ACT_NONE:
        return x;
    case NNC_ACT_CLIP: {
        const float low = x > a->alpha ? x : a->alpha;
        return low < a->beta ? low : a->beta;
    }
    case NNC_ACT_LEAKY_RELU:
        return x < 0 ? a->alpha * x : x;
    case NNC_ACT_SIGMOID:
        return 1 / (1 + expf(-x));
    case NNC_ACT_HARD_SIGMOID: {
        const float v = a->alpha * x + a->beta;
        return v < 0 ? 0 : v > 1 ? 1 : v;
    }
    case NNC_ACT_HARD_SWISH: {
        const float v = x / 6 + 0.5f;
        return x * (v < 0 ? 0 : v > 1 ? 1 : v);
    }
    case NNC_ACT_QUANTIZE_U8:
        return quantize(x, a->alpha, a->beta, 0);
    case NNC_ACT_QUANTIZE_S8:
        return quantize(x, a->alpha, a->beta, -128);
    case NNC_ACT_DEQUANTIZE_U8:
    case NNC_ACT_DEQUANTIZE_S8:
        return (x - a->beta) * a->alpha;
    }
    return x;
}

static const struct nnc_kernels *native(enum nnc_isa isa)
{
    isa = nnc_isa_resolve(isa);
    if (!nnc_isa_usable(isa))
        return NULL;
    switch (isa) {
#if defined(NNC_HAVE_AVX2)
    case NNC_ISA_AVX2:
        return &nnc_kernels_avx2;
#endif
#if defined(NNC_HAVE_AVX512)
    case NNC_ISA_AVX512:
        return &nnc_kernels_avx512;
#endif
#if defined(NNC_HAVE_NEON)
    case NNC_ISA_NEON:
        return &nnc_kernels_neon;
#endif
    default:
        return &nnc_kernels_generic;
    }
}

const struct nnc_kernels *nnc_kernels_get(enum nnc_backend backend, enum nnc_isa isa)
{
    const bool baseline = isa == NNC_ISA_AUTO || isa == NNC_ISA_GENERIC;
    switch (backend) {
    case NNC_BACKEND_AUTO:
    case NNC_BACKEND_NATIVE:
        return native(isa);
    case NNC_BACKEND_BLAS:
        return baseline ? &nnc_kernels_blas : NULL;
    case NNC_BACKEND_REFERENCE:
        return baseline ? &nnc_kernels_reference : NULL;
    }
    return NULL;
}

enum nnc_status nnc_kernels_choose(enum nnc_backend backend, enum nnc_isa isa,
                                   const struct nnc_kernels **kernels,
                                   struct nnc_error *error)
{
    const char *const name = nnc_backend_name(backend);
    if ((unsigned)backend >= N_BACKENDS)
        return nnc_fail(error, NNC_VALUE, "backend", "backend %u is unknown",
                        (unsigned)backend);
    const enum nnc_status status = nnc_isa_check(isa, error);
    if (status)
        return status;
    const struct nnc_kernels *const found = nnc_kernels_get(backend, isa);
    if (!found)
        return nnc_fail(error, NNC_UNSUPPORTED, name,
                        "backend '%s' has no kernels for '%s'; it takes auto or generic", name,
                        nnc_isa_name(isa));
    *kernels = found;
    return NNC_OK;
}

const char *nnc_backend_name(enum nnc_backend backend)
{
    return (unsigned)backend < N_BACKENDS ? backend_names[backend] : "unknown";
}

bool nnc_backend_from_name(const char *name, enum nnc_backend *backend)
{
    for (unsigned i = 0; i < N_BACKENDS; i++)
        if (!strcmp(name, backend_names[i])) {
            *backend = (enum nnc_backend)i;
            return true;
        }
    return false;
}
