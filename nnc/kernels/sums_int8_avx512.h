/* SPDX-License-Identifier: MIT */
/* How integer sums of bytes begin and end on AVX-512, whoever adds them up. */

/* What a sum begins with. */
static inline const float *start_of(const float *packed)
{
    return packed + 2 * NNC_BLOCK;
}

static const float *skipped_tap(const float *packed, uint32_t tap)
{
    return packed + (size_t)NNC_BLOCK * (3 + tap);
}

static inline vec add_skipped(vec sum, vec skipped)
{
    return (vec)_mm512_add_epi32((__m512i)sum, (__m512i)skipped);
}

static inline vec to_float(vec sum, const float *packed)
{
    return vec_fma(_mm512_cvtepi32_ps((__m512i)sum), vec_load(packed),
                   vec_load(packed + NNC_BLOCK));
}
