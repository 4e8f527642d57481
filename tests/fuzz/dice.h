/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_DICE_H
#define TESTS_FUZZ_DICE_H

/* Where choices come from: bytes as long as there are any, then a generator (splitmix64).
 * So one program serves seeds and libFuzzer. Threads: single. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    const uint8_t *bytes; /* borrowed */
    size_t n_bytes;
    uint64_t state;
};

static inline uint64_t dice_mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 .. n - 1; n below 65536. */
static inline uint32_t below(struct dice *dice, uint32_t n)
{
    if (n <= 1)
        return 0;
    if (!dice->n_bytes)
        return (uint32_t)(dice_mix(&dice->state) % n);
    const size_t take = n > 256 && dice->n_bytes > 1 ? 2 : 1;
    const uint32_t drawn =
        take == 2 ? dice->bytes[0] << 8 | dice->bytes[1] : dice->bytes[0];
    dice->bytes += take;
    dice->n_bytes -= take;
    return drawn % n;
}

/* first .. last */
static inline uint32_t between(struct dice *dice, uint32_t first, uint32_t last)
{
    return first + below(dice, last - first + 1);
}

static inline bool one_in(struct dice *dice, uint32_t n)
{
    return below(dice, n) == n - 1;
}

#endif
