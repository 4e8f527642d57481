/* SPDX-License-Identifier: MIT */
/* Eight rows in the eight 32-bit lanes of a 256-bit vector: for AVX2, and enough for
 * AVX-512. */
typedef __m256i rows8;

static inline rows8 rows8_zero(void)
{
    return _mm256_setzero_si256();
}

static inline void rows8_store(int32_t *to, rows8 v)
{
    _mm256_storeu_si256((__m256i *)to, v);
}

static inline rows8 rows8_add_products(rows8 sums, const uint16_t *pair, const int16_t weight[2])
{
    int32_t both;
    memcpy(&both, weight, sizeof both);
    return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_loadu_si256((const __m256i *)pair),
                                                    _mm256_set1_epi32(both)));
}

/* Turns 8 x 8 elements of 32 bits in place. */
static inline void turn_8x8(void *elements)
{
    __m256i *const row = elements;
    __m256i a[8], b[8];
    _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++) a[i] = _mm256_loadu_si256(row + i);
    _Pragma("GCC unroll 4") for (int i = 0; i < 8; i += 2)
    {
        b[i] = _mm256_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_epi32(a[i], a[i + 1]);
    }
    _Pragma("GCC unroll 2") for (int i = 0; i < 8; i += 4)
    {
        a[i] = _mm256_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm256_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm256_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
    _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++)
    {
        _mm256_storeu_si256(row + i, _mm256_permute2x128_si256(a[i], a[i + 4], 0x20));
        _mm256_storeu_si256(row + i + 4, _mm256_permute2x128_si256(a[i], a[i + 4], 0x31));
    }
}
