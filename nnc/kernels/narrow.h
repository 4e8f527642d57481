/* SPDX-License-Identifier: MIT */
#ifndef NNC_KERNELS_NARROW_H
#define NNC_KERNELS_NARROW_H

/* Convolutions on numbers narrower than float: bf16, or bytes. What goes in was narrowed by
 * a step of its own, once for all who read it; what comes out is float again, so that
 * residuals, activations and everything between convolutions stay as they are.
 *
 * Layout. A narrow tensor is BLOCKED as in kernels.h, [C/16][H][W][16], of narrow numbers,
 * zero in the lanes beyond the last channel. Kernels read it in words of 32 bits, which
 * hold two channels of bf16 or four bytes. Words travel as floats: the strides and `x` of
 * nnc_conv_args count words here, and so do sizes of packed weights.
 *
 * Meaning. BF16: both factors are rounded to nearest even, products and sums are float.
 * INT8: activations are bytes, (byte - zero) * scale, and signed or not as the kernels have
 * it (lowest_byte); weights are -127 .. 127 times a scale for each output channel; the sum is
 * an exact integer, then made float once.
 *
 * Bits, items and threads: as in kernels.h. */

#include "kernels.h"

/* One block of 16 channels on its way from float. Channel i of pixel p is at
 * x[i * lane + p * pixel]. */
struct nnc_narrow_args {
    const float *x;
    size_t lane, pixel;
    uint32_t lanes;  /* real channels of this block, 1..16 */
    size_t pixels;
    float scale;     /* bytes only: round(x / scale) + zero, held to what a byte holds */
    int32_t zero;
    float *y;        /* [pixels][words] */
};

struct nnc_narrow_kernels {
    const char *name;
    enum nnc_precision precision;
    int32_t lowest_byte; /* 0 or -128; zero points, too, are those of such bytes */
    uint32_t (*conv_items)(const struct nnc_conv_args *args);
    size_t (*conv_scratch_floats)(const struct nnc_conv_args *args); /* NULL: they need none */
    void (*conv)(const struct nnc_conv_args *args, uint32_t first, uint32_t last);
    void (*narrow)(const struct nnc_narrow_args *args);
};

/* Those that go with other kernels. NULL if there are none; `*needs` then says what there
 * would have to be ("a processor with AVX512-BF16"). */
const struct nnc_narrow_kernels *nnc_narrow_get(const struct nnc_kernels *kernels,
                                                enum nnc_precision precision,
                                                const char **needs);

/* Channels in a word, words in a pixel of a block, words of `channels` channels. */
static inline uint32_t nnc_narrow_per_word(enum nnc_precision precision)
{
    return precision == NNC_PRECISION_BF16 ? 2 : 4;
}

static inline uint32_t nnc_narrow_words(enum nnc_precision precision, uint32_t channels)
{
    const uint32_t per_word = nnc_narrow_per_word(precision);
    return channels / NNC_BLOCK * (NNC_BLOCK / per_word) +
           nnc_ceil_div(channels % NNC_BLOCK, per_word);
}

/* Packed weights of an output block, in vectors of 16 words, one for each output channel.
 * First the head. BF16: biases (float). INT8: scales (float), biases (float), what the sum
 * begins with (integer, the part of the zero point), and for each tap what to add where it
 * falls on padding (integer). Then for every block of input channels, ky, kx, word. */
static inline uint32_t nnc_narrow_head(enum nnc_precision precision, uint32_t taps)
{
    return precision == NNC_PRECISION_BF16 ? 1 : 3 + taps;
}

static inline uint64_t nnc_narrow_packed_words(enum nnc_precision precision,
                                               uint32_t in_channels, uint32_t taps)
{
    return NNC_BLOCK * (nnc_narrow_head(precision, taps) +
                        (uint64_t)nnc_narrow_words(precision, in_channels) * taps);
}

/* From a packed block of float weights (kernels.h) to one of bf16. */
void nnc_narrow_pack_bf16(const float *packed, uint32_t in_channels, uint32_t taps, float *out);

/* The same to bytes. Each lane's weights are integers times `scale[lane]`, which may be
 * negative, or 0 if they all are 0; the activations are (byte - zero) * x_scale. */
void nnc_narrow_pack_int8(const float *packed, uint32_t in_channels, uint32_t taps,
                          const float scale[NNC_BLOCK], float x_scale, int32_t zero,
                          float *out);

/* One number, as every backend narrows it; to an unsigned byte. */
uint16_t nnc_bf16_of(float x);
uint8_t nnc_byte_of(float x, float scale, int32_t zero);

#endif
