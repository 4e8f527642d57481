/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_WINDOW_H
#define NNC_GRAPH_WINDOW_H

/* The sliding window that convolutions and poolings share: kernel, strides, dilations and
 * pads from the attributes, with auto_pad and ceil_mode resolved. Threads: immutable. */

#include "operators.h"

struct nnc_window { /* y, x */
    uint32_t kernel[2], stride[2], dilation[2], pad_begin[2], pad_end[2];
    uint32_t out[2];
};

/* `kernel` is the size if the weights say it, else NULL and the attribute is required.
 * Fails: NNC_VALUE, NNC_SHAPE. */
enum nnc_status nnc_window_read(struct nnc_reading *reading, const struct nnc_shape *input,
                                const uint32_t *kernel, struct nnc_window *window);

#endif
