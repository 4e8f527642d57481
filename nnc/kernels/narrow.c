/* SPDX-License-Identifier: MIT */
/* Narrow numbers: which kernels a processor has for them, how they are rounded, and how
 * packed weights become narrow. */

#include "narrow.h"
#include "narrow_tables.h"

#include <math.h>
#include <string.h>
#if defined(NNC_HAVE_NEONDOT)
#include <sys/auxv.h>
#endif
#if defined(NNC_HAVE_AMXBF16)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(NNC_HAVE_AMXBF16) && defined(NNC_HAVE_AMXINT8)
/* Whether processor and system have tile registers, of which the system keeps account: a
 * process asks for them once, and its threads may use them from then on. It says no where
 * a thread's alternative signal stack is too small for them. */
static bool amx_usable(void)
{
    enum {
        EXTENDED_FEATURES = 7,
        AMX_BF16 = 1 << 22,
        AMX_TILE = 1 << 24,
        AMX_INT8 = 1 << 25,
        ALL = AMX_BF16 | AMX_TILE | AMX_INT8,
        REQUEST_PERMISSION = 0x1023, /* ARCH_REQ_XCOMP_PERM */
        TILE_DATA = 18
    };
    unsigned a, b, c, d;
    return __get_cpuid_count(EXTENDED_FEATURES, 0, &a, &b, &c, &d) && (d & ALL) == ALL &&
           !syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
}
#endif

static const struct nnc_narrow_kernels *of_avx512(enum nnc_precision precision)
{
#if defined(NNC_HAVE_AMXBF16) && defined(NNC_HAVE_AMXINT8)
    if (amx_usable())
        return precision == NNC_PRECISION_BF16 ? &nnc_narrow_amx_bf16 : &nnc_narrow_amx_int8;
#endif
#if defined(NNC_HAVE_AVX512BF16)
    if (precision == NNC_PRECISION_BF16 && __builtin_cpu_supports("avx512bf16"))
        return &nnc_narrow_avx512_bf16;
#endif
#if defined(NNC_HAVE_AVX512VNNI)
    if (precision == NNC_PRECISION_INT8 && __builtin_cpu_supports("avx512vnni"))
        return &nnc_narrow_avx512_vnni;
#endif
    (void)precision;
    return NULL;
}

static const struct nnc_narrow_kernels *of_neon(enum nnc_precision precision)
{
#if defined(NNC_HAVE_NEONDOT)
    if (precision == NNC_PRECISION_INT8 && getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
        return &nnc_narrow_neon_dot;
#endif
    (void)precision;
    return NULL;
}

const struct nnc_narrow_kernels *nnc_narrow_get(const struct nnc_kernels *kernels,
                                                enum nnc_precision precision,
                                                const char **needs)
{
    const bool bf16 = precision == NNC_PRECISION_BF16;
    if (kernels->backend == NNC_BACKEND_REFERENCE)
        return bf16 ? &nnc_narrow_reference_bf16 : &nnc_narrow_reference_int8;
    *needs = bf16 ? "a processor with AVX512-BF16, the backend native and the instruction set avx512"
                  : "a processor with AVX512-VNNI or ARM's dot product, the backend native and the "
                    "instruction set avx512 or neon";
    if (kernels->backend != NNC_BACKEND_NATIVE)
        return NULL;
    return kernels->isa == NNC_ISA_AVX512 ? of_avx512(precision)
           : kernels->isa == NNC_ISA_NEON ? of_neon(precision)
                                          : NULL;
}

static const char *const names[] = {
    [NNC_PRECISION_FP32] = "fp32",
    [NNC_PRECISION_BF16] = "bf16",
    [NNC_PRECISION_INT8] = "int8",
};
enum { N_NAMES = sizeof names / sizeof *names };

const char *nnc_precision_name(enum nnc_precision precision)
{
    return (unsigned)precision < N_NAMES ? names[precision] : "unknown";
}

bool nnc_precision_from_name(const char *name, enum nnc_precision *precision)
{
    for (unsigned i = 0; i < N_NAMES; i++)
        if (!strcmp(name, names[i])) {
            *precision = (enum nnc_precision)i;
            return true;
        }
    return false;
}

/* Rounding ----------------------------------------------------------------------------- */

/* To nearest even; subnormal numbers count as zero, NaN stays NaN: as VCVTNEPS2BF16. */
uint16_t nnc_bf16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (!(bits & 0x7f800000))
        return (uint16_t)(bits >> 16 & 0x8000);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* As QuantizeLinear; NaN becomes the smallest number. */
uint8_t nnc_byte_of(float x, float scale, int32_t zero)
{
    const float steps = x / scale;
    const float low = steps > -1024 ? steps : -1024;
    const int32_t rounded = (int32_t)rintf(low < 1024 ? low : 1024) + zero;
    return (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

/* Packing ------------------------------------------------------------------------------ */

/* Calls `put` for each weight of a packed float block, with its word in `out`: words are
 * counted from behind the head, `part` is its place in the word. */
struct walk {
    enum nnc_precision precision;
    uint32_t in_channels, taps;
    const float *weights; /* behind the biases */
    void *to;
    const float *scale;
};

static void each_weight(const struct walk *walk,
                        void (*put)(const struct walk *walk, float weight, size_t word,
                                    uint32_t part, uint32_t lane, uint32_t tap))
{
    const uint32_t per_word = nnc_narrow_per_word(walk->precision);
    const float *weight = walk->weights;
    size_t word = 0;
    for (uint32_t c0 = 0; c0 < walk->in_channels; c0 += NNC_BLOCK) {
        const uint32_t left = walk->in_channels - c0;
        const uint32_t channels = left < NNC_BLOCK ? left : NNC_BLOCK;
        for (uint32_t tap = 0; tap < walk->taps; tap++) {
            for (uint32_t c = 0; c < channels; c++)
                for (uint32_t lane = 0; lane < NNC_BLOCK; lane++)
                    put(walk, *weight++, (word + c / per_word) * NNC_BLOCK + lane,
                        c % per_word, lane, tap);
            word += nnc_ceil_div(channels, per_word);
        }
    }
}

static void put_bf16(const struct walk *walk, float weight, size_t word, uint32_t part,
                     uint32_t lane, uint32_t tap)
{
    (void)lane, (void)tap;
    const uint16_t bits = nnc_bf16_of(weight);
    memcpy((char *)walk->to + 4 * word + 2 * part, &bits, sizeof bits);
}

void nnc_narrow_pack_bf16(const float *packed, uint32_t in_channels, uint32_t taps, float *out)
{
    const struct walk walk = {NNC_PRECISION_BF16, in_channels, taps, packed + NNC_BLOCK,
                              out + NNC_BLOCK, NULL};
    memset(out, 0, nnc_narrow_packed_words(NNC_PRECISION_BF16, in_channels, taps) * 4);
    memcpy(out, packed, NNC_BLOCK * sizeof *out);
    each_weight(&walk, put_bf16);
}

static int8_t integer_weight(const struct walk *walk, float weight, uint32_t lane)
{
    const float steps = walk->scale[lane] != 0 ? rintf(weight / walk->scale[lane]) : 0;
    return (int8_t)(steps < -128 ? -128 : steps > 127 ? 127 : steps);
}

static void put_int8(const struct walk *walk, float weight, size_t word, uint32_t part,
                     uint32_t lane, uint32_t tap)
{
    (void)tap;
    ((int8_t *)walk->to)[4 * word + part] = integer_weight(walk, weight, lane);
}

/* The sum of the weights of each tap, into the head's integers. */
static void sum_weights(const struct walk *walk, float weight, size_t word, uint32_t part,
                        uint32_t lane, uint32_t tap)
{
    (void)word, (void)part;
    ((int32_t *)walk->to)[(size_t)tap * NNC_BLOCK + lane] +=
        integer_weight(walk, weight, lane);
}

void nnc_narrow_pack_int8(const float *packed, uint32_t in_channels, uint32_t taps,
                          const float scale[NNC_BLOCK], float x_scale, int32_t zero, float *out)
{
    const uint32_t head = nnc_narrow_head(NNC_PRECISION_INT8, taps);
    float *const start = out + 2 * NNC_BLOCK, *const skipped = start + NNC_BLOCK;
    struct walk walk = {NNC_PRECISION_INT8,          in_channels, taps, packed + NNC_BLOCK,
                        out + (size_t)head * NNC_BLOCK, scale};
    memset(out, 0, nnc_narrow_packed_words(NNC_PRECISION_INT8, in_channels, taps) * 4);
    each_weight(&walk, put_int8);
    walk.to = skipped;
    each_weight(&walk, sum_weights);
    for (uint32_t lane = 0; lane < NNC_BLOCK; lane++) {
        int32_t all = 0, one;
        for (uint32_t tap = 0; tap < taps; tap++) {
            memcpy(&one, skipped + (size_t)tap * NNC_BLOCK + lane, sizeof one);
            one *= zero;
            all -= one;
            memcpy(skipped + (size_t)tap * NNC_BLOCK + lane, &one, sizeof one);
        }
        memcpy(start + lane, &all, sizeof all);
        out[lane] = scale[lane] * x_scale;
        out[NNC_BLOCK + lane] = packed[lane];
    }
}
