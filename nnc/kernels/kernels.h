/* SPDX-License-Identifier: MIT */
#ifndef NNC_KERNELS_KERNELS_H
#define NNC_KERNELS_KERNELS_H

/* The contract between plans and arithmetic. A backend is one table of functions
 * per instruction set; plans
 * never ask which processor this is.
 *
 * Layouts. PLAIN is row-major. BLOCKED is [C/16][H][W][16]: sixteen channels of one pixel
 * lie together, the last block is padded (its padding holds anything and is never read
 * into a result). A tensor with one pixel is the same in both.
 *
 * Bits. An output element is computed by the same operations in the same order whatever
 * else is computed beside it: not the other blocks asked for, not the range of items, not
 * the number of threads. This is what makes cutouts exact.
 *
 * Work is split into `items` that are independent of each other; a call computes items
 * [first, last). Threads: shared. Allocates: nothing. Fails: never. */

#include "../graph/graph.h"

enum { NNC_BLOCK = 16 };

/* Where the elements of a tensor lie, in floats from its base. Channel c, row y, column x
 * is at (c / 16) * block + (c % 16) * lane + y * row + x * pixel. */
struct nnc_strides {
    size_t block, lane, row, pixel;
};

/* What follows the sum: y = gain * act(sum + bias + residual). */
struct nnc_epilogue {
    struct nnc_activation activation;
    const float *residual;   /* laid out like the output; or NULL */
    const float *gain;       /* one float; or NULL */
    const uint32_t *gain_at; /* [blocks] a block's own is gain[gain_at[block]]; or NULL */
};

/* The gain of an output block, 1 if there is none. */
static inline float nnc_gain_of_block(const struct nnc_epilogue *e, uint32_t block)
{
    return e->gain ? e->gain[e->gain_at ? e->gain_at[block] : 0] : 1;
}

/* A convolution with groups = 1 (a matrix product is one with a 1x1 kernel and one row).
 *
 * Packed weights of output block b: 16 biases, then for every block of input channels, ky,
 * kx, input channel of that block (only real ones): 16 weights, zero beyond the last
 * output channel. Only the blocks in `active` are computed. */
struct nnc_conv_args {
    const float *x;
    struct nnc_strides xs;
    uint32_t in_channels, in_height, in_width;
    float *y;
    struct nnc_strides ys; /* lane 1 */
    uint32_t out_channels, out_height, out_width;
    bool exact_tail;       /* store only real channels of the last block */
    uint32_t kernel[2], stride[2], dilation[2], pad[2]; /* y, x; padding before */
    uint32_t winograd;      /* m of Winograd's convolution (winograd.h), which has weights of
                             * its own kind; 0: the direct one */
    const uint32_t *active; /* [n_active] rising block numbers */
    uint32_t n_active;
    const float *const *packed; /* [blocks] packed weights; NULL where not active */
    struct nnc_epilogue epilogue;
    bool weights_near;          /* none of them has to be asked for ahead */
    float *scratch;             /* conv_scratch_floats() floats of the calling thread */
};

/* Pooling of one block of 16 channels: x is [in_height][in_width][16], y likewise. */
struct nnc_pool_args {
    const float *x;
    float *y;
    bool average, count_include_pad;
    uint32_t in_height, in_width, out_height, out_width;
    uint32_t kernel[2], stride[2], dilation[2], pad_begin[2], pad_end[2];
};

struct nnc_kernels {
    enum nnc_backend backend; /* never AUTO */
    enum nnc_isa isa;         /* never AUTO */

    /* Called once per process before the first use; NULL if there is nothing to do. */
    void (*warm_up)(void);

    bool winograd; /* `conv` has Winograd's convolution too */

    /* How a convolution is cut into items, what a thread needs for it, and the work. */
    uint32_t (*conv_items)(const struct nnc_conv_args *args);
    size_t (*conv_scratch_floats)(const struct nnc_conv_args *args);
    void (*conv)(const struct nnc_conv_args *args, uint32_t first, uint32_t last);

    /* A depthwise convolution: BLOCKED in and out, channel c reads channel c only. Packed
     * weights of a block: 16 biases, then for ky, kx: 16 weights. Items are the active
     * blocks. */
    void (*depthwise)(const struct nnc_conv_args *args, uint32_t first, uint32_t last);

    /* Elementwise over n floats; y may be x. */
    void (*activate)(const struct nnc_activation *activation, const float *x, float *y,
                     size_t n);
    /* y[i] = a[i * step_a] op b[i * step_b], steps 0 or 1; y may be a or b. */
    void (*binary)(enum nnc_binary_kind kind, const float *a, size_t step_a, const float *b,
                   size_t step_b, float *y, size_t n);
    /* One block of a blocked tensor with a number per channel: y = x op channels for every
     * pixel, or channels op x if `swapped`; y may be x, not channels. */
    void (*binary_channels)(enum nnc_binary_kind kind, bool swapped, const float *x,
                            const float *channels, float *y, size_t pixels);
    /* Blocked only, one block of 16 channels: y = x * scale[16] + shift[16] per pixel. */
    void (*affine)(const float *x, const float *scale, const float *shift, float *y,
                   size_t pixels);
    /* Blocked only, one block of 16 channels per call. */
    void (*pool)(const struct nnc_pool_args *args);
    /* Mean over the pixels of one block: 16 floats from [pixels][16]. */
    void (*average)(const float *x, size_t pixels, float *y);
};

/* The table for a backend and an instruction set. NULL where there is none: not in this
 * build, not on this processor, or not with this backend. */
const struct nnc_kernels *nnc_kernels_get(enum nnc_backend backend, enum nnc_isa isa);

/* The same, with the reason in words. */
enum nnc_status nnc_kernels_choose(enum nnc_backend backend, enum nnc_isa isa,
                                   const struct nnc_kernels **kernels,
                                   struct nnc_error *error);

/* Floats of packed weights per output block. */
static inline uint64_t nnc_conv_packed_floats(uint32_t in_channels, const uint32_t kernel[2])
{
    return NNC_BLOCK * (1 + (uint64_t)in_channels * kernel[0] * kernel[1]);
}

/* The plain-C scalar activation that every backend agrees with. */
float nnc_activation_scalar(const struct nnc_activation *activation, float x);

#endif
