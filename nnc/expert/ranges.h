/* SPDX-License-Identifier: MIT */
#ifndef NNC_EXPERT_RANGES_H
#define NNC_EXPERT_RANGES_H

/* What numbers a value takes: a histogram that widens as it must, and the bytes that
 * represent them best. Zero-initialise. Threads: single. */

#include <stddef.h>
#include <stdint.h>

enum { NNC_NUMBER_BINS = 2048 }; /* half of them below zero */

struct nnc_numbers {
    float low, high;   /* the smallest and the largest number so far, or 0 */
    float bin_width;   /* a power of two; 0 before the first number that is not zero */
    uint64_t bins[NNC_NUMBER_BINS];
};

/* Notes `n` numbers. Zeros count for nothing: every choice of bytes holds them exactly.
 * What is not finite is left out. */
void nnc_numbers_note(struct nnc_numbers *range, const float *numbers, size_t n, size_t step);

/* Chooses (byte - zero) * scale with the smallest mean square of the error, of rounding
 * within the range of the bytes and of clipping outside. */
void nnc_numbers_choose(const struct nnc_numbers *range, float *scale, uint8_t *zero);

#endif
