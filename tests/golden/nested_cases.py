# SPDX-License-Identifier: MIT
"""Cases with nested categories: demand by channel range, attention, presence, depth 1 to 3.

A cutout of any of these must reach only the channels that its classes need, whatever the
concatenations, slices and reshapes on the way.
"""
import numpy as np

from golden_model import Case
from op_cases import integers

HEAD = """
        {0}_pool = GlobalAveragePool({0})
        {0}_flat = Flatten({0}_pool)
        {0}_{1} = Gemm<transB = 1>({0}_flat, {0}_{1}_w, {0}_{1}_b)"""


def index(i):
    return np.array(i, np.int64)


def branch(name, parent, gain=None):
    """Text of one category: a 3x3 convolution of its parent, a ReLU, its gain if it has one."""
    features = f"{name}_conv"
    text = f"\n        {features} = Conv<pads = [1, 1, 1, 1]>({parent}, {name}_w, {name}_c)"
    if gain is None:
        return f"{text}\n        {name} = Relu({features})"
    return (f"{text}\n        {name}_relu = Relu({features})"
            f"\n        {name}_gain = Gather(attention, i{gain})"
            f"\n        {name} = Mul({name}_relu, {name}_gain)")


def branch_weights(name, n_in, n_out):
    return {f"{name}_w": (n_out, n_in, 3, 3), f"{name}_c": n_out}


def head_weights(name, head, n_in):
    return {f"{name}_{head}_w": (1, n_in), f"{name}_{head}_b": 1}


def tree(name, opset, rows, presence=False, attentions=(), presets=None):
    """A model of plain chains: `rows` are (category, parent row or None, width).

    Leaves get logits in their order; every category has a gain and, if asked, a presence.
    """
    parents = {parent for _, parent, _ in rows}
    body = "\n        trunk_conv = Conv<strides = [2, 2]>(image, trunk_w)"
    body += "\n        trunk = Relu(trunk_conv)"
    weights = {"trunk_w": (3, 3, 3, 3)}
    categories, logits, presences = [], [], []
    for i, (category, parent, width) in enumerate(rows):
        above, n_above = ("trunk", 3) if parent is None else (rows[parent][0], rows[parent][2])
        body += branch(category, above, gain=i)
        weights |= branch_weights(category, n_above, width) | {f"i{i}": index(i)}
        described = [category, parent, category]
        if i not in parents:
            described.append(len(logits))
            body += HEAD.format(category, "logit")
            weights |= head_weights(category, "logit", width)
            logits.append(f"{category}_logit")
        if presence:
            body += HEAD.format(category, "presence").replace(
                "_pool =", "_pool2 =").replace("_pool)", "_pool2)").replace(
                "_flat", "_flat2")
            weights |= head_weights(category, "presence", width)
            presences.append(f"{category}_presence")
        categories.append(tuple(described))
    body += f"\n        logits = Concat<axis = 1>({', '.join(logits)})"
    if presence:
        body += f"\n        presence = Concat<axis = 1>({', '.join(presences)})"
    return Case(name, opset, body, weights, classes=len(logits), categories=categories,
                n_gains=len(rows), presence=presence, attentions=attentions,
                presets=presets)


def stacked(name, opset, body, weights, **others):
    """Two categories `a`, `b` of two classes each, whose features the body stacks."""
    features = others.pop("features", ("a", "a", "a", "b", "b", "b"))
    categories = [("a", None, features[0]), ("a1", 0, features[1], 0), ("a2", 0, features[2], 1),
                  ("b", None, features[3]), ("b1", 3, features[4], 2), ("b2", 3, features[5], 3)]
    return Case(name, opset, body, weights, classes=4, categories=categories, **others)


TWO = branch("a", "image") + branch("b", "image")
TWO_WEIGHTS = branch_weights("a", 3, 4) | branch_weights("b", 3, 4)
PER_CLASS = """
        {0}_logit = Gemm<transB = 1>({0}_row, {0}_w2, {0}_b2)"""
CLASSES = ("a1", "a2", "b1", "b2")
CLASS_LOGITS = "".join(PER_CLASS.format(name) for name in CLASSES)
ALL_LOGITS = "\n        logits = Concat<axis = 1>(a1_logit, a2_logit, b1_logit, b2_logit)"


def class_weights(width):
    return ({f"{name}_w2": (1, width) for name in CLASSES}
            | {f"{name}_b2": 1 for name in CLASSES})


TREES = [
    tree("nested_depth_1", 13, [("a", None, 2), ("b", None, 3), ("c", None, 2)],
         attentions=([1, 1, 2.5], [0, 1, 1])),
    tree("nested_depth_2", 17, [("a", None, 3), ("a1", 0, 2), ("a2", 0, 2),
                                ("b", None, 2), ("b1", 3, 2), ("b2", 3, 3)],
         attentions=([1.5, 1, 1, 0.5, 1, 1], [1, 0, 1, 1, 1, 2]),
         presets={"only a": {"cutout": "a"}, "loud": {"attention": "a=2,b1=0.5"}}),
    tree("nested_depth_2_presence", 18, [("a", None, 2), ("a1", 0, 2), ("a2", 0, 2),
                                         ("b", None, 2), ("b1", 3, 2)],
         presence=True, attentions=([1.5, 1, 1, 0.5, 1], [0, 1, 1, 1, 3])),
    tree("nested_depth_3", 21, [("a", None, 2), ("aa", 0, 2), ("aa1", 1, 2), ("aa2", 1, 2),
                                ("ab", 0, 2), ("ab1", 4, 2), ("b", None, 2), ("b1", 6, 2)],
         presence=True, attentions=([1, 2, 1, 1, 0.5, 1, 1, 1], [0.5, 1, 1, 3, 1, 1, 0, 1])),
    tree("nested_uneven_depth", 15, [("a", None, 2), ("b", None, 2), ("b1", 1, 2),
                                     ("bb", 1, 2), ("bb1", 3, 2), ("bb2", 3, 2)],
         attentions=([2, 0.25, 1, 1, 1, 4],)),
]

STACKS = [
    stacked("stack_concat_slice", 13, TWO + """
        both = Concat<axis = 1>(a, b)
        pooled = GlobalAveragePool(both)
        row = Flatten(pooled)
        a1_row = Slice(row, zero, four, one)
        a2_row = Identity(a1_row)
        b1_row = Slice(row, four, eight, one)
        b2_row = Identity(b1_row)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(4)
            | {"zero": integers(0), "one": integers(1), "four": integers(4),
               "eight": integers(8)}),
    stacked("stack_concat_split", 17, TWO + """
        both = Concat<axis = 1>(b, a)
        pooled = GlobalAveragePool(both)
        row = Flatten(pooled)
        b1_row, b2_row, a1_row, a2_row = Split<axis = 1>(row, sizes)"""
            + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(2) | {"sizes": integers(2, 2, 2, 2)}),
    stacked("stack_conv_split", 18, """
        c = Conv<pads = [1, 1, 1, 1]>(image, w, bias)
        n = BatchNormalization(c, scale, shift, mean, variance)
        both = Relu(n)
        a, b = Split<axis = 1, num_outputs = 2>(both)
        a_pool = GlobalAveragePool(a)
        b_pool = GlobalAveragePool(b)
        a_row = Flatten(a_pool)
        b_row = Flatten(b_pool)
        a1_row, a2_row = Split<axis = 1, num_outputs = 2>(a_row)
        b1_row, b2_row = Split<axis = 1, num_outputs = 2>(b_row)"""
            + CLASS_LOGITS + ALL_LOGITS,
            {"w": (8, 3, 3, 3), "bias": 8, "scale": 8, "shift": 8, "mean": 8, "variance": 8}
            | class_weights(2)),
    stacked("stack_flatten_range", 19, TWO + """
        both = Concat<axis = 1>(a, b)
        small = MaxPool<kernel_shape = [3, 2], strides = [3, 2]>(both)
        row = Flatten(small)
        a1_row = Slice(row, s0, s1, axis)
        a2_row = Slice(row, s1, s2, axis)
        b1_row = Slice(row, s2, s3, axis)
        b2_row = Slice(row, s3, s4, axis)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(8)
            | {f"s{i}": integers(8 * i) for i in range(5)} | {"axis": integers(1)}),
    stacked("stack_reshape_gather", 20, TWO + """
        both = Concat<axis = 1>(a, b)
        small = AveragePool<kernel_shape = [6, 5]>(both)
        rows = Reshape(small, shape)
        a1_row = Gather<axis = 1>(rows, g0)
        a2_row = Gather<axis = 1>(rows, g1)
        b1_row = Gather<axis = 1>(rows, g2)
        b2_row = Gather<axis = 1>(rows, g3)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(2)
            | {"shape": integers(0, 4, -1)} | {f"g{i}": index(i) for i in range(4)}),
    stacked("stack_gather_logits", 21, TWO + """
        both = Concat<axis = 1>(a, b)
        pooled = GlobalAveragePool(both)
        row = Flatten(pooled)
        a_row, b_row = Split<axis = 1, num_outputs = 2>(row)
        a_logits = Gemm<transB = 1>(a_row, a_head, a_bias)
        b_logits = MatMul(b_row, b_head)
        mixed = Concat<axis = 1>(b_logits, a_logits)
        logits = Gather<axis = 1>(mixed, order)""",
            TWO_WEIGHTS | {"a_head": (2, 4), "a_bias": 2, "b_head": (4, 2),
                           "order": integers(3, 2, 0, -3)}),
    stacked("stack_depthwise", 14, TWO + """
        both = Concat<axis = 1>(a, b)
        deep = Conv<group = 8, pads = [1, 1, 1, 1]>(both, w3, c3)
        d = LeakyRelu(deep)
        pooled = GlobalAveragePool(d)
        row = Flatten(pooled)
        a1_row, a2_row, b1_row, b2_row = Split<axis = 1>(row)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(2) | {"w3": (8, 1, 3, 3), "c3": 8}),
    stacked("stack_one_dense_head", 15, TWO + """
        both = Concat<axis = 1>(a, b)
        pooled = GlobalAveragePool(both)
        row = Flatten(pooled)
        logits = Gemm<transB = 1>(row, head, bias)""",
            TWO_WEIGHTS | {"head": (4, 8), "bias": 4}),
    stacked("stack_pad_and_transpose", 16, TWO + """
        both = Concat<axis = 1>(a, b)
        wide = Pad(both, pads)
        turned = Transpose<perm = [0, 1, 3, 2]>(wide)
        pooled = GlobalAveragePool(turned)
        row = Flatten(pooled)
        a1_row, a2_row, b1_row, b2_row = Split<axis = 1>(row)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(2) | {"pads": integers(0, 0, 0, 1, 0, 0, 2, 1)}),
]

GAINS_BY_RANGE = [
    stacked("attention_gather_range", 17, TWO + """
        both = Concat<axis = 1>(a, b)
        gains = Gather(attention, channels)
        columns = Reshape(gains, shape)
        gated = Mul(both, columns)
        pooled = GlobalAveragePool(gated)
        row = Flatten(pooled)
        a1_row, a2_row, b1_row, b2_row = Split<axis = 1>(row)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(2)
            | {"channels": integers(0, 0, 0, 0, 3, 3, 3, 3), "shape": integers(1, 8, 1, 1)},
            n_gains=6, features=("gated",) * 6, attentions=([2, 1, 1, 0.5, 1, 1],)),
    stacked("attention_slice", 13, TWO + """
        a_gain = Slice(attention, i0, i1)
        b_gain = Slice(attention, i3, i4)
        a_gated = Mul(a_gain, a)
        b_gated = Mul(b, b_gain)
        a_pool = GlobalAveragePool(a_gated)
        b_pool = GlobalAveragePool(b_gated)
        a_row = Flatten(a_pool)
        b_row = Flatten(b_pool)
        a1_row, a2_row = Split<axis = 1>(a_row)
        b1_row, b2_row = Split<axis = 1>(b_row)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(2)
            | {f"i{i}": integers(i) for i in (0, 1, 3, 4)},
            n_gains=6, features=("a_gated",) * 3 + ("b_gated",) * 3,
            attentions=([0, 1, 1, 1, 1, 1], [1.25, 1, 1, 0.75, 1, 1])),
]

CONSTANTS = [
    stacked("branch_constant", 17, TWO + """
        a_scaled = Mul(a, a_map)
        b_scaled = Add(b_map, b)
        a_pool = GlobalAveragePool(a_scaled)
        b_pool = GlobalAveragePool(b_scaled)
        a_row = Flatten(a_pool)
        b_row = Flatten(b_pool)
        a1_row, a2_row = Split<axis = 1>(a_row)
        b1_row, b2_row = Split<axis = 1>(b_row)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(2) | {"a_map": (1, 4, 6, 5), "b_map": (1, 4, 6, 5)},
            features=("a_scaled",) * 3 + ("b_scaled",) * 3),
]

ROWS = """
        pooled = GlobalAveragePool({0})
        row = Flatten(pooled)
        a1_row, a2_row, b1_row, b2_row = Split<axis = 1>(row, sizes)""" + CLASS_LOGITS + ALL_LOGITS


def widths(*counts):
    """Heads on `counts` channels each, split off a row of all of them."""
    weights = {"sizes": integers(*counts)}
    for name, width in zip(CLASSES, counts):
        weights |= {f"{name}_w2": (1, width), f"{name}_b2": 1}
    return weights


# What is left when parts are cut out of one layer, or readers away from it, must be computed
# in the way in which the whole was.
PARTS = [
    stacked("part_norm_without_raw", 17, TWO + """
        raw = Conv(a, w3)
        norm = BatchNormalization(raw, scale, shift, mean, variance)
        n_pool = GlobalAveragePool(norm)
        r_pool = GlobalAveragePool(raw)
        b_pool = GlobalAveragePool(b)
        a1_row = Flatten(n_pool)
        a2_row = Flatten(r_pool)
        b1_row = Flatten(b_pool)
        b2_row = Identity(b1_row)""" + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | class_weights(4)
            | {"w3": (4, 4, 3, 3), "scale": 4, "shift": 4, "mean": 4, "variance": 4}),
    stacked("part_gemm_computed_bias", 14, TWO + """
        both = Concat<axis = 1>(a, b)
        pooled = GlobalAveragePool(both)
        row = Flatten(pooled)
        other = Gemm(row, w3, b3)
        logits = Gemm<transB = 1>(row, head, other)""",
            TWO_WEIGHTS | {"w3": (8, 4), "b3": 4, "head": (4, 8)}),
    stacked("part_groups_uneven", 16, TWO + """
        both = Concat<axis = 1>(a, b)
        c = Conv<group = 2, pads = [1, 1, 1, 1]>(both, w3, c3)
        n = BatchNormalization(c, scale, shift, mean, variance)
        r = Relu(n)""" + ROWS.format("r"),
            TWO_WEIGHTS | widths(1, 2, 1, 2)
            | {"w3": (6, 4, 3, 3), "c3": 6, "scale": 6, "shift": 6, "mean": 6, "variance": 6}),
    stacked("part_group_across_blocks", 19, """
        c = Conv<pads = [1, 1, 1, 1]>(image, w, b)
        r = Relu(c)
        d = Conv<group = 2, pads = [1, 1, 1, 1]>(r, w3, c3)""" + ROWS.format("d"),
            widths(2, 2, 2, 2) | {"w": (20, 3, 3, 3), "b": 20, "w3": (8, 10, 3, 3), "c3": 8},
            features=("r",) * 6),
    stacked("part_depthwise_one_channel", 20, TWO + """
        both = Concat<axis = 1>(a, b)
        deep = Conv<group = 8, pads = [1, 1, 1, 1]>(both, w3, c3)""" + ROWS.format("deep"),
            TWO_WEIGHTS | widths(1, 3, 1, 3) | {"w3": (8, 1, 3, 3), "c3": 8}),
    stacked("part_per_channel", 15, TWO + """
        both = Concat<axis = 1>(a, b)
        shifted = Add(both, k)
        scaled = Mul(m, shifted)""" + ROWS.format("scaled"),
            TWO_WEIGHTS | widths(2, 2, 2, 2) | {"k": (8, 1, 1), "m": (1, 8, 1, 1)}),
    stacked("part_regrouped", 18, TWO + """
        both = Concat<axis = 1>(a, b)
        units = Reshape(both, thirds)
        r = Relu(units)
        means = ReduceMean<keepdims = 0>(r, last)
        a1_row, a2_row, b1_row, b2_row = Split<axis = 1>(means, sizes)"""
            + CLASS_LOGITS + ALL_LOGITS,
            TWO_WEIGHTS | widths(1, 2, 2, 1)
            | {"thirds": integers(1, 6, 40), "last": integers(2)}),
    stacked("part_gain_of_another", 21, TWO + """
        a_gain = Gather(attention, i0)
        b_gain = Gather(attention, i3)
        a_gated = Mul(a, a_gain)
        b_half = Mul(b, b_gain)
        b_gated = Mul(b_half, a_gain)
        both = Concat<axis = 1>(a_gated, b_gated)""" + ROWS.format("both"),
            TWO_WEIGHTS | widths(2, 2, 2, 2) | {"i0": index(0), "i3": index(3)},
            n_gains=6, features=("a_gated",) * 3 + ("b_gated",) * 3,
            attentions=([2, 1, 1, 0.5, 1, 1],)),
]

NESTED_CASES = CONSTANTS + TREES + STACKS + GAINS_BY_RANGE + PARTS
