/* SPDX-License-Identifier: MIT */
/* The table of operators, sorted by name. A row that is not here is an operator that nnc
 * cannot do. */

#include "operators.h"

#include <string.h>

enum { MANY = NNC_ONNX_MAX_NODE_INPUTS };

static const struct nnc_operator operators[] = {
    {"Add", 2, 2, 1, nnc_read_binary, nnc_fold_binary, {NULL}},
    {"AveragePool", 1, 1, 1, nnc_read_average_pool, NULL,
     {"s auto_pad", "i ceil_mode", "i count_include_pad", "I dilations", "I kernel_shape",
      "I pads", "I strides"}},
    {"BatchNormalization", 5, 5, 1, nnc_read_batch_norm, NULL,
     {"f epsilon", "f momentum", "i training_mode"}},
    {"Cast", 1, 1, 1, nnc_read_cast, nnc_fold_cast, {"i to", "i saturate"}},
    {"Clip", 1, 3, 1, nnc_read_clip, NULL, {NULL}},
    {"Concat", 1, MANY, 1, nnc_read_concat, nnc_fold_concat, {"i axis"}},
    {"Constant", 0, 0, 1, nnc_read_constant, NULL,
     {"t value", "f value_float", "F value_floats", "i value_int", "I value_ints"}},
    {"Conv", 2, 3, 1, nnc_read_conv, NULL,
     {"s auto_pad", "I dilations", "i group", "I kernel_shape", "I pads", "I strides"}},
    {"DequantizeLinear", 2, 3, 1, nnc_read_dequantize, NULL, {"i axis", "i block_size"}},
    {"Div", 2, 2, 1, nnc_read_binary, nnc_fold_binary, {NULL}},
    {"Dropout", 1, 3, 2, nnc_read_dropout, NULL, {"i seed"}},
    {"Flatten", 1, 1, 1, nnc_read_flatten, NULL, {"i axis"}},
    {"Gather", 2, 2, 1, nnc_read_gather, nnc_fold_gather, {"i axis"}},
    {"Gemm", 2, 3, 1, nnc_read_gemm, NULL,
     {"f alpha", "f beta", "i transA", "i transB"}},
    {"GlobalAveragePool", 1, 1, 1, nnc_read_global_average, NULL, {NULL}},
    {"HardSigmoid", 1, 1, 1, nnc_read_hard_sigmoid, NULL, {"f alpha", "f beta"}},
    {"HardSwish", 1, 1, 1, nnc_read_hard_swish, NULL, {NULL}},
    {"Identity", 1, 1, 1, nnc_read_identity, NULL, {NULL}},
    {"LeakyRelu", 1, 1, 1, nnc_read_leaky_relu, NULL, {"f alpha"}},
    {"MatMul", 2, 2, 1, nnc_read_matmul, NULL, {NULL}},
    {"MaxPool", 1, 1, 2, nnc_read_max_pool, NULL,
     {"s auto_pad", "i ceil_mode", "I dilations", "I kernel_shape", "I pads",
      "i storage_order", "I strides"}},
    {"Mul", 2, 2, 1, nnc_read_binary, nnc_fold_binary, {NULL}},
    {"Pad", 2, 4, 1, nnc_read_pad, NULL, {"s mode"}},
    {"QuantizeLinear", 2, 3, 1, nnc_read_quantize, NULL,
     {"i axis", "i block_size", "i output_dtype", "i saturate"}},
    {"ReduceMean", 1, 2, 1, nnc_read_reduce_mean, NULL,
     {"I axes", "i keepdims", "i noop_with_empty_axes"}},
    {"Relu", 1, 1, 1, nnc_read_relu, NULL, {NULL}},
    {"Reshape", 2, 2, 1, nnc_read_reshape, NULL, {"i allowzero"}},
    {"Shape", 1, 1, 1, nnc_read_shape, NULL, {"i start", "i end"}},
    {"Sigmoid", 1, 1, 1, nnc_read_sigmoid, NULL, {NULL}},
    {"Slice", 3, 5, 1, nnc_read_slice, nnc_fold_slice, {NULL}},
    {"Softmax", 1, 1, 1, nnc_read_softmax, NULL, {"i axis"}},
    {"Split", 1, 2, MANY, nnc_read_split, NULL, {"i axis", "i num_outputs"}},
    {"Squeeze", 1, 2, 1, nnc_read_squeeze, NULL, {NULL}},
    {"Sub", 2, 2, 1, nnc_read_binary, nnc_fold_binary, {NULL}},
    {"Transpose", 1, 1, 1, nnc_read_transpose, NULL, {"I perm"}},
    {"Unsqueeze", 2, 2, 1, nnc_read_unsqueeze, NULL, {NULL}},
};

const struct nnc_operator *nnc_operator_find(struct nnc_text op_type)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (nnc_text_is(op_type, operators[i].name))
            return &operators[i];
    return NULL;
}
