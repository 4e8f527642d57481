# SPDX-License-Identifier: MIT
"""The operator cases: each body uses one operator in one way that has gone wrong somewhere.

The picture is 3 x 6 x 5, so that rows and columns cannot be confused. Opsets 13 to 21 are
spread over the cases; where an operator changed its inputs, both forms appear.
"""
import numpy as np

from golden_model import Case

POOL = "c = Conv(image, w)\nx = {}(c)"


def floats(*values, shape=None):
    array = np.array(values, np.float32)
    return array.reshape(shape if shape is not None else array.shape)


def integers(*values):
    return np.array(values, np.int64)


def scalar(value):
    return np.array(value, np.float32)


def conv(name, opset, attributes="", w=(4, 3, 3, 3), **others):
    """A convolution with bias, its weights [out, in / groups, kernel height, width]."""
    settings = f"<{attributes}>" if attributes else ""
    return Case(f"conv_{name}", opset, f"x = Conv{settings}(image, w, b)",
                {"w": w, "b": w[0]}, **others)


def feature_op(name, opset, operation, weights=None, **others):
    """An operation on the 4 x 4 x 3 features `c` of a convolution, which have both signs."""
    return Case(name, opset, f"c = Conv(image, w)\n{operation}",
                {"w": (4, 3, 3, 3)} | (weights or {}), **others)


def vector_op(name, opset, operation, weights=None, **others):
    """An operation on the pooled features `f`, a row [1, 6]."""
    return Case(name, opset, f"c = Conv(image, w)\np = GlobalAveragePool(c)\n"
                f"f = Flatten(p)\n{operation}", {"w": (6, 3, 3, 3)} | (weights or {}),
                **({"classes": 4} | others))


CONVOLUTIONS = [
    conv("plain", 13),
    Case("conv_no_bias", 14, "x = Conv(image, w)", {"w": (4, 3, 3, 3)}),
    conv("stride_2", 15, "strides = [2, 2], pads = [1, 1, 1, 1]"),
    conv("stride_uneven", 16, "strides = [3, 1], pads = [1, 1, 1, 1]"),
    conv("pads_asymmetric", 17, "pads = [0, 1, 2, 3], strides = [2, 1]"),
    conv("dilation", 18, "dilations = [2, 3], pads = [2, 3, 2, 3]"),
    conv("dilation_stride", 19, "dilations = [2, 1], strides = [2, 2], pads = [1, 0, 2, 1]"),
    conv("group_3", 20, "group = 3", w=(6, 1, 3, 3)),
    conv("same_upper", 13, 'auto_pad = "SAME_UPPER", strides = [2, 2]', w=(4, 3, 4, 2)),
    conv("same_lower", 14, 'auto_pad = "SAME_LOWER", strides = [2, 2]', w=(4, 3, 4, 2)),
    conv("same_upper_stride_1", 15, 'auto_pad = "SAME_UPPER"', w=(3, 3, 2, 4)),
    conv("valid", 16, 'auto_pad = "VALID", strides = [2, 1]'),
    conv("notset", 17, 'auto_pad = "NOTSET", pads = [1, 0, 1, 0]'),
    conv("1x1", 21, w=(5, 3, 1, 1)),
    conv("1x1_stride_2", 13, "strides = [2, 2]", w=(5, 3, 1, 1)),
    conv("1x1_padded", 14, "pads = [1, 1, 1, 1]", w=(3, 3, 1, 1)),
    conv("5x5", 15, "pads = [2, 2, 2, 2]", w=(3, 3, 5, 5)),
    conv("1x5", 16, "pads = [0, 2, 0, 2]", w=(3, 3, 1, 5)),
    conv("3x1", 17, "pads = [1, 0, 1, 0], kernel_shape = [3, 1]", w=(4, 3, 3, 1)),
    conv("whole_picture", 18, w=(4, 3, 6, 5)),
    conv("kernel_larger_than_picture", 19, "pads = [2, 2, 2, 2]", w=(2, 3, 5, 5),
         size=(3, 3, 3)),
    conv("one_channel", 20, "pads = [1, 1, 1, 1]", w=(1, 3, 3, 3)),
    conv("17_channels", 21, "strides = [2, 2]", w=(17, 3, 3, 3)),
    Case("conv_depthwise", 13, """
        c = Conv(image, w1, b1)
        x = Conv<group = 5, pads = [1, 1, 1, 1]>(c, w2, b2)""",
         {"w1": (5, 3, 1, 1), "b1": 5, "w2": (5, 1, 3, 3), "b2": 5}),
    Case("conv_depthwise_5x5_stride_2", 14, """
        c = Conv(image, w1)
        x = Conv<group = 6, strides = [2, 2], pads = [2, 2, 2, 2]>(c, w2, b2)""",
         {"w1": (6, 3, 1, 1), "w2": (6, 1, 5, 5), "b2": 6}),
    Case("conv_depthwise_multiplier_2", 15, "x = Conv<group = 3>(image, w, b)",
         {"w": (6, 1, 3, 3), "b": 6}),
    Case("conv_grouped_2", 16, """
        c = Conv(image, w1)
        x = Conv<group = 2, pads = [1, 1, 1, 1]>(c, w2, b2)""",
         {"w1": (4, 3, 1, 1), "w2": (6, 2, 3, 3), "b2": 6}),
    Case("conv_weight_from_constant", 17, """
        w = Constant<value = float[2, 3, 1, 1] {0.5, -1.25, 2, 1, 0.75, -0.5}>()
        x = Conv(image, w)""", {}),
    Case("conv_weight_through_identity", 18, """
        same = Identity(w)
        x = Conv(image, same)""", {"w": (3, 3, 3, 3)}),
    Case("conv_weight_float16", 19, """
        w32 = Cast<to = 1>(w16)
        b32 = Cast<to = 1>(b16)
        x = Conv(image, w32, b32)""",
         {"w16": np.linspace(-1, 1, 108).astype(np.float16).reshape(4, 3, 3, 3),
          "b16": np.array([0.1, -0.2, 3.5, 6e-8], np.float16)}),
    Case("conv_weights_external", 20, "x = Conv(image, w, b)", {"w": (4, 3, 3, 3), "b": 4},
         external=True),
    Case("conv_weights_as_numbers", 21, "x = Conv(image, w, b)", {"w": (4, 3, 3, 3), "b": 4},
         float_data=True),
    Case("conv_batch_symbolic", 13, "x = Conv(image, w, b)", {"w": (4, 3, 3, 3), "b": 4},
         batch="N"),
    Case("conv_shared_by_two", 14, """
        c = Conv(image, w)
        r = Relu(c)
        x = Sub(c, r)""", {"w": (4, 3, 3, 3)}),
    Case("conv_weight_also_sliced", 17, """
        c = Conv(image, w)
        part = Slice(w, i1, i3, i1)
        rows = Reshape(part, shape)
        means = GlobalAveragePool(rows)
        x = Add(c, means)""",
         {"w": (4, 3, 3, 3), "i1": integers(1), "i3": integers(3), "shape": integers(1, 4, 1, 18)}),
]

NORM = {"scale": 4, "shift": 4, "mean": 4, "variance": 4}

NORMALISATION = [
    feature_op("batch_norm", 13, "x = BatchNormalization(c, scale, shift, mean, variance)", NORM),
    feature_op("batch_norm_epsilon", 15,
               "x = BatchNormalization<epsilon = 0.1>(c, scale, shift, mean, variance)", NORM),
    Case("batch_norm_after_biased_conv", 17, """
        c = Conv<pads = [1, 1, 1, 1]>(image, w, b)
        n = BatchNormalization(c, scale, shift, mean, variance)
        x = Relu(n)""", {"w": (4, 3, 3, 3), "b": 4} | NORM),
    Case("batch_norm_after_depthwise", 19, """
        c = Conv<group = 3>(image, w)
        x = BatchNormalization(c, scale, shift, mean, variance)""",
         {"w": (3, 1, 3, 3), "scale": 3, "shift": 3, "mean": 3, "variance": 3}),
    Case("batch_norm_alone", 21, "x = BatchNormalization(image, scale, shift, mean, variance)",
         {"scale": 3, "shift": 3, "mean": 3, "variance": 3}),
    Case("batch_norm_before_conv", 14, """
        n = BatchNormalization(image, scale, shift, mean, variance)
        x = Conv<pads = [1, 1, 1, 1]>(n, w)""",
         {"w": (4, 3, 3, 3), "scale": 3, "shift": 3, "mean": 3, "variance": 3}),
    feature_op("batch_norm_beside_raw", 16, """
        n = BatchNormalization(c, scale, shift, mean, variance)
        x = Add(n, c)""", NORM),
]

LIMITS = {"low": scalar(-0.5), "high": scalar(0.75)}

ACTIVATIONS = [
    feature_op("relu", 13, "x = Relu(c)"),
    feature_op("clip", 14, "x = Clip(c, low, high)", LIMITS),
    feature_op("clip_no_minimum", 15, "x = Clip(c, , high)", {"high": scalar(0.25)}),
    feature_op("clip_no_maximum", 16, "x = Clip(c, low)", {"low": scalar(-0.25)}),
    feature_op("clip_nothing", 17, "x = Clip(c)"),
    feature_op("clip_relu6", 18, """
        low = Constant<value = float {0}>()
        high = Constant<value_float = 6.0>()
        x = Clip(c, low, high)"""),
    feature_op("leaky_relu", 19, "x = LeakyRelu(c)"),
    feature_op("leaky_relu_alpha", 20, "x = LeakyRelu<alpha = 0.3>(c)"),
    feature_op("sigmoid", 21, "x = Sigmoid(c)"),
    feature_op("sigmoid_far", 13, "m = Mul(c, k)\nx = Sigmoid(m)", {"k": scalar(120)}),
    feature_op("hard_sigmoid", 14, "x = HardSigmoid(c)"),
    feature_op("hard_sigmoid_slope", 15, "x = HardSigmoid<alpha = 0.16666667, beta = 0.4>(c)"),
    feature_op("hard_swish", 14, "m = Mul(c, k)\nx = HardSwish(m)", {"k": scalar(4)}),
    feature_op("hard_swish_decomposed", 16, """
        m = Mul(c, k)
        shifted = Add(m, three)
        clipped = Clip(shifted, zero, six)
        product = Mul(m, clipped)
        x = Div(product, six)""",
               {"k": scalar(4), "zero": scalar(0), "three": scalar(3), "six": scalar(6)}),
    feature_op("hard_swish_by_hard_sigmoid", 17, """
        h = HardSigmoid<alpha = 0.16666667, beta = 0.5>(c)
        x = Mul(c, h)"""),
    feature_op("silu", 18, "s = Sigmoid(c)\nx = Mul(c, s)"),
    feature_op("silu_swapped", 19, "s = Sigmoid(c)\nx = Mul(s, c)"),
    feature_op("softmax_channels", 13, "x = Softmax<axis = 1>(c)"),
    vector_op("softmax_last", 20, "s = Softmax(f)\nlogits = Gemm<transB = 1>(s, g, h)",
              {"g": (4, 6), "h": 4}, categories=[(f"c{i}", None, "c", i) for i in range(4)]),
]

ARITHMETIC = [
    Case("add_residual", 13, """
        a = Conv<pads = [1, 1, 1, 1]>(image, w1)
        b = Conv(image, w2)
        x = Add(a, b)""", {"w1": (4, 3, 3, 3), "w2": (4, 3, 1, 1)}),
    Case("add_residual_relu", 14, """
        a = Conv<pads = [1, 1, 1, 1]>(image, w1)
        r = Relu(a)
        b = Conv<pads = [1, 1, 1, 1]>(r, w2)
        s = Add(a, b)
        x = Relu(s)""", {"w1": (4, 3, 3, 3), "w2": (4, 4, 3, 3)}),
    feature_op("add_itself", 15, "x = Add(c, c)"),
    feature_op("add_per_channel", 16, "x = Add(c, k)", {"k": (4, 1, 1)}),
    feature_op("add_per_column", 17, "x = Add(k, c)", {"k": (3,)}),
    feature_op("add_per_row", 18, "x = Add(c, k)", {"k": (4, 1)}),
    feature_op("mul_per_channel", 19, "x = Mul(c, k)", {"k": (1, 4, 1, 1)}),
    feature_op("mul_scalar", 20, "x = Mul(k, c)", {"k": scalar(-1.5)}),
    feature_op("mul_one_element", 21, "x = Mul(c, k)", {"k": floats(0.75)}),
    feature_op("mul_whole", 13, "x = Mul(c, k)", {"k": (1, 4, 4, 3)}),
    feature_op("mul_squeeze_excite", 14, """
        p = GlobalAveragePool(c)
        g = Conv(p, w2, b2)
        s = Sigmoid(g)
        x = Mul(c, s)""", {"w2": (4, 4, 1, 1), "b2": 4}),
    feature_op("mul_one_channel", 15, """
        g = Conv(c, w2)
        s = Sigmoid(g)
        x = Mul(s, c)""", {"w2": (1, 4, 1, 1)}),
    feature_op("mul_outer_product", 16, """
        rows = ReduceMean<axes = [3]>(c)
        columns = ReduceMean<axes = [2]>(c)
        x = Mul(rows, columns)"""),
    feature_op("sub_constant", 17, "x = Sub(c, k)", {"k": (4, 1, 1)}),
    feature_op("sub_from_constant", 18, "x = Sub(k, c)", {"k": scalar(1)}),
    feature_op("sub_features", 19, "r = Relu(c)\nx = Sub(r, c)"),
    feature_op("div_constant", 20, "x = Div(c, k)", {"k": floats(2, -3, 0.7, 11, shape=(4, 1, 1))}),
    feature_op("div_into_constant", 21, """
        s = Sigmoid(c)
        x = Div(k, s)""", {"k": scalar(2)}),
    feature_op("div_features", 13, "s = Sigmoid(c)\nx = Div(c, s)"),
    Case("normalise_in_graph", 14, """
        centred = Sub(image, mean)
        scaled = Div(centred, deviation)
        x = Conv<pads = [1, 1, 1, 1]>(scaled, w)""",
         {"w": (4, 3, 3, 3), "mean": (1, 3, 1, 1), "deviation": floats(0.2, 0.3, 0.4,
                                                                      shape=(1, 3, 1, 1))}),
]

POOLS = [
    Case(f"{kind}_{name}", opset,
         POOL.format(f"{operator}<kernel_shape = {kernel}{attributes}>"), {"w": (3, 3, 1, 1)})
    for kind, operator, name, opset, kernel, attributes in [
        ("max_pool", "MaxPool", "2x2", 13, [2, 2], ", strides = [2, 2]"),
        ("max_pool", "MaxPool", "3x3_padded", 14, [3, 3],
         ", strides = [2, 2], pads = [1, 1, 1, 1]"),
        ("max_pool", "MaxPool", "ceil", 15, [3, 2], ", strides = [2, 2], ceil_mode = 1"),
        ("max_pool", "MaxPool", "ceil_padded", 16, [3, 3],
         ", strides = [3, 2], pads = [0, 1, 1, 0], ceil_mode = 1"),
        ("max_pool", "MaxPool", "dilated", 17, [2, 3], ", dilations = [3, 2]"),
        ("max_pool", "MaxPool", "same_upper", 18, [3, 2],
         ', strides = [2, 2], auto_pad = "SAME_UPPER"'),
        ("max_pool", "MaxPool", "same_lower", 19, [3, 2],
         ', strides = [2, 2], auto_pad = "SAME_LOWER"'),
        ("average_pool", "AveragePool", "2x2", 13, [2, 2], ", strides = [2, 2]"),
        ("average_pool", "AveragePool", "padding_left_out", 14, [3, 3],
         ", strides = [2, 2], pads = [1, 1, 1, 1]"),
        ("average_pool", "AveragePool", "padding_counted", 15, [3, 3],
         ", strides = [2, 2], pads = [1, 0, 1, 2], count_include_pad = 1"),
        ("average_pool", "AveragePool", "ceil", 16, [3, 2],
         ", strides = [2, 2], ceil_mode = 1"),
        ("average_pool", "AveragePool", "ceil_padding_counted", 19, [3, 3],
         ", strides = [2, 3], pads = [1, 1, 1, 1], ceil_mode = 1, count_include_pad = 1"),
        ("average_pool", "AveragePool", "same_upper", 17, [3, 2],
         ', strides = [2, 2], auto_pad = "SAME_UPPER"'),
        ("average_pool", "AveragePool", "whole", 21, [6, 5], ""),
    ]
] + [
    feature_op("global_average_pool", 13, "x = GlobalAveragePool(c)"),
    feature_op("reduce_mean_keep", 13, "x = ReduceMean<axes = [2, 3], keepdims = 1>(c)"),
    feature_op("reduce_mean_drop", 17, "x = ReduceMean<axes = [-2, -1], keepdims = 0>(c)"),
    feature_op("reduce_mean_axes_input", 18, "x = ReduceMean<keepdims = 1>(c, axes)",
               {"axes": integers(2, 3)}),
    feature_op("reduce_mean_axes_input_drop", 21, """
        axes = Constant<value_ints = [-1, -2]>()
        x = ReduceMean<keepdims = 0>(c, axes)"""),
]

VECTOR = [(f"c{i}", None, "c", i) for i in range(4)]

LINEAR = [
    vector_op("gemm_trans_b", 13, "logits = Gemm<transB = 1>(f, g, h)", {"g": (4, 6), "h": 4},
              categories=VECTOR),
    vector_op("gemm_plain", 14, "logits = Gemm(f, g, h)", {"g": (6, 4), "h": (1, 4)},
              categories=VECTOR),
    vector_op("gemm_scaled", 15, "logits = Gemm<alpha = 0.5, beta = 2.0, transB = 1>(f, g, h)",
              {"g": (4, 6), "h": 4}, categories=VECTOR),
    vector_op("gemm_no_bias", 16, "logits = Gemm<transB = 1>(f, g)", {"g": (4, 6)},
              categories=VECTOR),
    vector_op("gemm_scalar_bias", 17, "logits = Gemm(f, g, h)",
              {"g": (6, 4), "h": scalar(0.75)}, categories=VECTOR),
    vector_op("gemm_trans_a", 18, """
        column = Transpose<perm = [1, 0]>(f)
        logits = Gemm<transA = 1>(column, g, h)""", {"g": (6, 4), "h": 4}, categories=VECTOR),
    vector_op("gemm_two_layers", 19, """
        m = Gemm<transB = 1>(f, g1, h1)
        r = Relu(m)
        logits = Gemm<transB = 1>(r, g2, h2)""",
              {"g1": (7, 6), "h1": 7, "g2": (4, 7), "h2": 4}, categories=VECTOR),
    vector_op("matmul", 20, "logits = MatMul(f, g)", {"g": (6, 4)}, categories=VECTOR),
    vector_op("matmul_bias", 21, "m = MatMul(f, g)\nlogits = Add(m, h)",
              {"g": (6, 4), "h": 4}, categories=VECTOR),
]

SHAPES = [
    Case("concat_channels", 13, """
        a = Conv(image, w1)
        b = Conv<pads = [1, 1, 1, 1]>(image, w2)
        x = Concat<axis = 1>(a, image, b)""", {"w1": (2, 3, 1, 1), "w2": (3, 3, 3, 3)}),
    feature_op("concat_rows", 14, "r = Relu(c)\nx = Concat<axis = -2>(c, r)"),
    feature_op("flatten_axis_2", 15, "s = Flatten<axis = 2>(c)\nx = Reshape(s, shape)",
               {"shape": integers(1, -1)}),
    feature_op("reshape_rest", 16, "x = Reshape(c, shape)", {"shape": integers(1, -1)}),
    feature_op("reshape_copy", 17, "x = Reshape(c, shape)", {"shape": integers(0, 0, -1)}),
    feature_op("reshape_split_channels", 18, """
        s = Reshape(c, shape)
        x = ReduceMean<keepdims = 0>(s, axes)""",
               {"shape": integers(0, 2, -1, 3), "axes": integers(2, 3)}),
    feature_op("squeeze_axes", 19, """
        p = GlobalAveragePool(c)
        x = Squeeze(p, axes)""", {"axes": integers(-1, 2)}),
    vector_op("unsqueeze", 20, """
        u = Unsqueeze(f, axes)
        x = Conv(u, w2)""", {"axes": integers(2, 3), "w2": (4, 6, 1, 1)}),
    feature_op("transpose", 21, "x = Transpose<perm = [0, 2, 3, 1]>(c)"),
    feature_op("transpose_columns_first", 13, "x = Transpose<perm = [0, 1, 3, 2]>(c)"),
    Case("channel_shuffle", 14, """
        c = Conv(image, w)
        g = Reshape(c, split)
        t = Transpose<perm = [0, 2, 1, 3, 4]>(g)
        s = Reshape(t, join)
        x = Conv<group = 2>(s, w2)""",
         {"w": (4, 3, 3, 3), "split": integers(1, 2, 2, 4, 3), "join": integers(1, 4, 4, 3),
          "w2": (4, 2, 3, 3)}),
    feature_op("slice_channels", 15, "x = Slice(c, starts, ends, axes)",
               {"starts": integers(1), "ends": integers(3), "axes": integers(1)}),
    feature_op("slice_negative", 16, "x = Slice(c, starts, ends, axes)",
               {"starts": integers(-3, -4), "ends": integers(-1, 1000),
                "axes": integers(1, -1)}),
    feature_op("slice_steps", 17, "x = Slice(c, starts, ends, axes, steps)",
               {"starts": integers(0, 0), "ends": integers(4, 2**62), "axes": integers(2, 3),
                "steps": integers(3, 2)}),
    feature_op("slice_backwards", 18, "x = Slice(c, starts, ends, axes, steps)",
               {"starts": integers(-1), "ends": integers(-2**62), "axes": integers(3),
                "steps": integers(-2)}),
    feature_op("slice_all_axes", 19, "x = Slice(c, starts, ends)",
               {"starts": integers(0, 1, 2, 0), "ends": integers(1, 4, 5, 4)}),
    Case("slice_space_to_depth", 20, """
        a = Slice(image, s00, end, axes, two)
        b = Slice(image, s01, end, axes, two)
        d = Concat<axis = 1>(a, b)
        x = Conv(d, w)""",
         {"s00": integers(0, 0), "s01": integers(1, 0), "end": integers(6, 6),
          "axes": integers(2, 3), "two": integers(2, 2), "w": (4, 6, 2, 2)}, size=(3, 6, 6)),
    feature_op("split_equal", 13, """
        a, b = Split<axis = 1>(c)
        x = Sub(a, b)"""),
    feature_op("split_sizes", 17, """
        a, b, d = Split<axis = 1>(c, sizes)
        m = Mul(a, d)
        x = Concat<axis = 1>(m, b)""", {"sizes": integers(1, 2, 1)}),
    feature_op("split_num_outputs", 18, """
        a, b = Split<axis = 1, num_outputs = 2>(c)
        x = Concat<axis = 1>(b, a)"""),
    feature_op("split_num_outputs_uneven", 21, """
        a, b = Split<axis = 3, num_outputs = 2>(c)
        x = Concat<axis = 3>(b, a)"""),
    feature_op("gather_channels", 14, "x = Gather<axis = 1>(c, indices)",
               {"indices": integers(3, 0, 0, -2)}),
    feature_op("gather_scalar", 15, "x = Gather<axis = 2>(c, index)",
               {"index": np.array(-1, np.int64)}),
    feature_op("gather_int32", 16, "x = Gather<axis = 1>(c, indices)",
               {"indices": np.array([2, 1], np.int32)}),
    Case("pad_constant", 13, """
        p = Pad(image, pads)
        x = Conv(p, w)""", {"w": (4, 3, 3, 3), "pads": integers(0, 0, 1, 2, 0, 0, 0, 1)}),
    Case("pad_constant_value", 15, """
        p = Pad<mode = "constant">(image, pads, value)
        x = Conv(p, w)""",
         {"w": (4, 3, 3, 3), "pads": integers(0, 0, 1, 2, 0, 0, 0, 1), "value": scalar(-0.75)}),
    Case("pad_channels", 17, "x = Pad(image, pads)", {"pads": integers(0, 1, 0, 0, 0, 2, 0, 0)}),
    Case("pad_axes", 18, """
        p = Pad(image, pads, , axes)
        x = Conv(p, w)""",
         {"w": (4, 3, 3, 3), "pads": integers(2, 1, 0, 1), "axes": integers(3, 2)}),
    Case("pad_edge", 19, """
        p = Pad<mode = "edge">(image, pads)
        x = Conv(p, w)""", {"w": (4, 3, 3, 3), "pads": integers(0, 0, 1, 2, 0, 0, 0, 1)}),
    Case("pad_reflect", 20, """
        p = Pad<mode = "reflect">(image, pads)
        x = Conv(p, w)""", {"w": (4, 3, 3, 3), "pads": integers(0, 0, 2, 3, 0, 0, 1, 2)}),
    feature_op("identity", 13, "i = Identity(c)\nr = Relu(i)\nx = Identity(r)"),
    feature_op("dropout", 14, "d = Dropout(c)\nx = Relu(d)"),
    feature_op("dropout_ratio", 15, "x = Dropout(c, ratio)", {"ratio": scalar(0.3)}),
    feature_op("constant_vector", 16, """
        k = Constant<value_floats = [0.5, -1.5, 2.0]>()
        x = Add(c, k)"""),
    feature_op("cast_to_float", 17, "f = Cast<to = 1>(c)\nx = Relu(f)"),
]

OP_CASES = (CONVOLUTIONS + NORMALISATION + ACTIVATIONS + ARITHMETIC + POOLS + LINEAR + SHAPES)
