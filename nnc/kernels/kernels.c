/* SPDX-License-Identifier: MIT */
/* Chooses a backend's table, once per model. */

#include "tables.h"

#include <math.h>
#include <string.h>

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

static bool cpu_has_avx2(void)
{
#if defined(NNC_HAVE_AVX2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

static bool cpu_has_avx512(void)
{
#if defined(NNC_HAVE_AVX512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

const struct nnc_kernels *nnc_kernels_get(enum nnc_backend backend)
{
    switch (backend) {
    case NNC_BACKEND_REFERENCE:
        return &nnc_kernels_reference;
    case NNC_BACKEND_BLAS:
        return &nnc_kernels_blas;
    case NNC_BACKEND_GENERIC:
        return &nnc_kernels_generic;
    case NNC_BACKEND_AVX2:
#if defined(NNC_HAVE_AVX2)
        return cpu_has_avx2() ? &nnc_kernels_avx2 : NULL;
#else
        return NULL;
#endif
    case NNC_BACKEND_AVX512:
#if defined(NNC_HAVE_AVX512)
        return cpu_has_avx512() ? &nnc_kernels_avx512 : NULL;
#else
        return NULL;
#endif
    case NNC_BACKEND_AUTO:
        break;
    }
    return nnc_kernels_get(cpu_has_avx512() ? NNC_BACKEND_AVX512
                           : cpu_has_avx2() ? NNC_BACKEND_AVX2
                                            : NNC_BACKEND_GENERIC);
}

static const char *const backend_names[] = {
    [NNC_BACKEND_AUTO] = "auto",       [NNC_BACKEND_REFERENCE] = "reference",
    [NNC_BACKEND_BLAS] = "blas",       [NNC_BACKEND_GENERIC] = "generic",
    [NNC_BACKEND_AVX2] = "avx2",       [NNC_BACKEND_AVX512] = "avx512",
};

enum { N_BACKENDS = sizeof backend_names / sizeof *backend_names };

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
