/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_OPERATORS_H
#define NNC_GRAPH_OPERATORS_H

/* One table row per ONNX operator: what it may have, and who reads it. A reader judges
 * attributes and shapes of one node and emits what it means. Threads: immutable. */

#include "builder.h"

typedef enum nnc_status (*nnc_read_function)(struct nnc_reading *reading);

enum { NNC_MAX_OPERATOR_ATTRIBUTES = 8 };

struct nnc_operator {
    const char *name;
    uint32_t min_inputs, max_inputs;
    uint32_t max_outputs;
    nnc_read_function read; /* NULL: only on constants */
    nnc_read_function fold; /* when all inputs are constant integers; NULL: as read */
    /* Type letter of nnc_onnx_attribute, then the name: "I pads". */
    const char *attributes[NNC_MAX_OPERATOR_ATTRIBUTES];
};

/* NULL if nnc does not know it. */
const struct nnc_operator *nnc_operator_find(struct nnc_text op_type);

enum nnc_status nnc_read_conv(struct nnc_reading *reading);
enum nnc_status nnc_read_batch_norm(struct nnc_reading *reading);
enum nnc_status nnc_read_max_pool(struct nnc_reading *reading);
enum nnc_status nnc_read_average_pool(struct nnc_reading *reading);
enum nnc_status nnc_read_global_average(struct nnc_reading *reading);
enum nnc_status nnc_read_reduce_mean(struct nnc_reading *reading);

enum nnc_status nnc_read_relu(struct nnc_reading *reading);
enum nnc_status nnc_read_clip(struct nnc_reading *reading);
enum nnc_status nnc_read_leaky_relu(struct nnc_reading *reading);
enum nnc_status nnc_read_sigmoid(struct nnc_reading *reading);
enum nnc_status nnc_read_hard_sigmoid(struct nnc_reading *reading);
enum nnc_status nnc_read_hard_swish(struct nnc_reading *reading);
enum nnc_status nnc_read_binary(struct nnc_reading *reading);
enum nnc_status nnc_read_softmax(struct nnc_reading *reading);
enum nnc_status nnc_read_identity(struct nnc_reading *reading);
enum nnc_status nnc_read_dropout(struct nnc_reading *reading);
enum nnc_status nnc_read_cast(struct nnc_reading *reading);

enum nnc_status nnc_read_quantize(struct nnc_reading *reading);
enum nnc_status nnc_read_dequantize(struct nnc_reading *reading);

enum nnc_status nnc_read_gemm(struct nnc_reading *reading);
enum nnc_status nnc_read_matmul(struct nnc_reading *reading);

enum nnc_status nnc_read_flatten(struct nnc_reading *reading);
enum nnc_status nnc_read_reshape(struct nnc_reading *reading);
enum nnc_status nnc_read_squeeze(struct nnc_reading *reading);
enum nnc_status nnc_read_unsqueeze(struct nnc_reading *reading);

enum nnc_status nnc_read_concat(struct nnc_reading *reading);
enum nnc_status nnc_read_transpose(struct nnc_reading *reading);
enum nnc_status nnc_read_slice(struct nnc_reading *reading);
enum nnc_status nnc_read_split(struct nnc_reading *reading);
enum nnc_status nnc_read_gather(struct nnc_reading *reading);
enum nnc_status nnc_read_pad(struct nnc_reading *reading);

enum nnc_status nnc_read_constant(struct nnc_reading *reading);
enum nnc_status nnc_read_shape(struct nnc_reading *reading);
enum nnc_status nnc_fold_binary(struct nnc_reading *reading);
enum nnc_status nnc_fold_gather(struct nnc_reading *reading);
enum nnc_status nnc_fold_concat(struct nnc_reading *reading);
enum nnc_status nnc_fold_slice(struct nnc_reading *reading);
enum nnc_status nnc_fold_cast(struct nnc_reading *reading);

/* What slice readers share: the normalised start, step and output shape. */
enum nnc_status nnc_slice_resolve(struct nnc_reading *reading, struct nnc_slice *slice,
                                  struct nnc_shape *shape);

#endif
