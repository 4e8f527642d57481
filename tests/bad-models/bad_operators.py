# SPDX-License-Identifier: MIT
"""E (operators): attributes and shapes that do not fit."""
from onnx_bytes import *

FAR = 1 << 31


def add(corpus):
    def bad(row, change, status, words):
        corpus.model(row, change, status, words)

    def conv(row, status, words, *attributes, weight=None):
        def change(m):
            m.nodes[0] = node("Conv", ["image", "weight", "bias"], ["conv"], *attributes)
            if weight is not None:
                m.initializer("weight", weight)
        bad(row, change, status, words)

    def extra(row, status, words, *nodes, constants=(), opset=17):
        """`nodes` lead from gated [1, 4, 4, 4] to gated2."""
        def change(m):
            m.before_head(*nodes)
            m.initializers += constants
            m.opsets = [data(1, "") + integer(2, opset)]
        bad(row, change, status, words)

    def one(row, status, words, op, *attributes, inputs=("gated",), constants=(), opset=17):
        extra(row, status, words, node(op, inputs, ["gated2"], *attributes),
              constants=constants, opset=opset)

    conv("E14", "shape", "node 'conv' (Conv): weights have rank 3", weight=ones(
        "weight", 4, 3, 1))
    conv("E14", "shape", "weights have rank 5", weight=ones("weight", 4, 3, 1, 1, 1))
    extra("E14", "shape", "input has rank 3", node("Reshape", ["gated", "to"], ["r"]),
          node("Conv", ["r", "w"], ["gated2"]),
          constants=[ints("to", 4, 4, 4), ones("w", 4, 4, 1, 1)])
    conv("E15", "shape", "got 3, expected 2 x group 1", weight=ones("weight", 4, 2, 1, 1))
    for group in (0, -1, 2, 4, 1 << 40):
        conv("E16", "shape", f"group {group} does not divide", attr_i("group", group))
    conv("E17", "shape", "got 3, expected 1", attr_ints("kernel_shape", 3, 3))
    for stride in (0, -1, FAR):
        conv("E18", "value", f"'strides' is out of range; got {stride}",
             attr_ints("strides", 1, stride))
    conv("E18", "value", "'dilations'", attr_ints("dilations", 0, 1))
    conv("E19", "value", "'pads' is out of range; got -1", attr_ints("pads", 0, 0, -1, 0))
    conv("E19", "value", "'pads'", attr_ints("pads", 0, FAR, 0, 0))
    conv("E19", "shape", "'pads' has 3 values", attr_ints("pads", 0, 0, 0))
    conv("E19", "shape", "larger than the padded input; got 5, limit 4",
         weight=ones("weight", 4, 3, 5, 5))
    conv("E20", "type", "'strides' has the wrong type", attr_i("strides", 1))
    conv("E20", "duplicate", "'group' is given twice", attr_i("group", 1), attr_i("group", 1))
    conv("E20", "unsupported", "node 'conv' (Conv): attribute 'axis'", attr_i("axis", 1))
    reshape(one)
    matrices(bad, one)
    for perm in ((0, 1, 2, 2), (0, 1, 2, 4), (0, 1, 2, -1), (0, 1, 2), (0, 1, 2, 1 << 40)):
        one("E23", "value", "perm", "Transpose", attr_ints("perm", *perm))
    for axis in (-5, 4, 1 << 40):
        one("E24", "value", f"axis {axis}", "Softmax", attr_i("axis", axis))
        one("E24", "value", f"axis {axis}", "Concat", attr_i("axis", axis),
            inputs=["gated", "gated"])
    one("E24", "value", "axis 5", "Flatten", attr_i("axis", 5))
    select(one)
    one("E26", "value", "pads of axis 2", "Pad", attr_s("mode", "reflect"),
        inputs=["gated", "pads"], constants=[ints("pads", 0, 0, 4, 0, 0, 0, 0, 0)])
    one("E26", "value", "pad 1000000000", "Pad", inputs=["gated", "pads"],
        constants=[ints("pads", 0, 0, 10 ** 9, 0, 0, 0, 0, 0)])
    one("E26", "value", "pads of axis 3", "Pad", inputs=["gated", "pads"],
        constants=[ints("pads", 0, 0, 0, -2, 0, 0, 0, -2)])
    one("E26", "unsupported", "(Resize)", "Resize")
    one("E27", "shape", "larger than the padded input", "MaxPool",
        attr_ints("kernel_shape", 5, 5))
    one("E27", "shape", "nothing but padding", "AveragePool",
        attr_ints("kernel_shape", 2, 2), attr_ints("pads", 2, 2, 2, 2))
    one("E27", "shape", "nothing but padding", "MaxPool", attr_ints("kernel_shape", 2, 2),
        attr_ints("dilations", 5, 5), attr_ints("pads", 1, 1, 1, 1))
    batch_norm(one)
    bombs(extra, one)
    bad("E32", lambda m: m.outputs.__setitem__(0, value_info("logits", 1, 3)), "shape",
        "declared dimension 1 is 3, but 2")
    bad("E32", lambda m: m.outputs.__setitem__(0, value_info("logits", 2)), "shape",
        "declared rank is 1, but 2")


def reshape(one):
    def target(status, words, *dims):
        one("E21", status, words, "Reshape", inputs=["gated", "to"],
            constants=[ints("to", *dims)])

    target("shape", "more than one -1", -1, -1)
    target("shape", "wrong number of elements; got 65, expected 64", 5, 13)
    target("shape", "out of range; got -2", -2, 32)
    target("shape", "-1 does not come out", -1, 5)
    target("shape", "too many elements", 1 << 24, 1 << 24)
    target("shape", "out of range", 1 << 62, 4)
    target("limit", "rank 7", 1, 1, 1, 1, 1, 1, 64)
    one("E21", "shape", "input 1 must be constant", "Reshape", inputs=["gated", "gated"])
    one("E21", "type", "expected integers", "Reshape", inputs=["gated", "bias"])


def matrices(bad, one):
    bad("E22", lambda m: m.initializer("head", ones("head", 2, 5)), "shape", "got 4 and 5")
    one("E22", "shape", "inner dimensions differ; got 4 and 5", "MatMul",
        inputs=["gated", "w"], constants=[ones("w", 5, 4)])
    bad("E22", lambda m: m.initializer("head", tensor("head", [2, 0], [])), "shape", "zero")
    bad("E22", lambda m: m.initializer("head_bias", ones("head_bias", 3)), "shape", "bias")
    bad("E31", lambda m: m.initializer("bias", ones("bias", 3)), "shape",
        "3 values, expected 4")


def select(one):
    def gather(*indices):
        one("E25", "value", "index out of range", "Gather", attr_i("axis", 1),
            inputs=["gated", "at"], constants=[ints("at", *indices)])

    def slice(status, words, start, end, axis, step):
        one("E25", status, words, "Slice", inputs=["gated", "s", "e", "a", "t"],
            constants=[ints("s", start), ints("e", end), ints("a", axis), ints("t", step)])

    gather(4)
    gather(0, -5)
    gather(1 << 62)
    slice("value", "step is 0", 0, 1, 1, 0)
    slice("value", "is empty", 4, 9, 1, 1)
    slice("value", "is empty", -(1 << 63), -(1 << 63), 1, 1)
    slice("value", "step", 0, 4, 1, -(1 << 63))
    slice("value", "axis 4", 0, 1, 4, 1)
    one("E25", "shape", "the parts sum to 3, expected 4", "Split", attr_i("axis", 1),
        inputs=["gated", "parts"], constants=[ints("parts", 3)])
    one("E25", "arity", "got 2 parts for 1 outputs", "Split", attr_i("axis", 1),
        inputs=["gated", "parts"], constants=[ints("parts", 2, 2)])
    one("E25", "shape", "part 0 has size 5", "Split", attr_i("axis", 1),
        inputs=["gated", "parts"], constants=[ints("parts", 5)])


def batch_norm(one):
    def norm(status, words, *attributes, variance=(1, 1, 1, 1), mean=4):
        one("E28", status, words, "BatchNormalization", *attributes,
            inputs=["gated", "scale", "shift", "mean0", "var"],
            constants=[ones("scale", 4), ones("shift", 4), ones("mean0", mean),
                       tensor("var", [len(variance)], variance)])

    norm("value", "'var': variance -1", variance=(1, 1, -1, 1))
    norm("value", "'var': variance 0", attr_f("epsilon", 0), variance=(1, 0, 1, 1))
    norm("value", "epsilon is negative", attr_f("epsilon", -1))
    norm("value", "'epsilon' is NaN", attr_f("epsilon", float("nan")))
    norm("shape", "expected 4", mean=5)
    norm("shape", "expected 4", variance=(1, 1, 1))


def bombs(extra, one):
    def pads(n):
        return ints("pads", 0, 0, n, n, 0, 0, n, n)

    back = node("Conv", ["big", "back"], ["gated2"])
    extra("E29", "limit", "activations", node("Pad", ["gated", "pads"], ["p"]),
          node("Conv", ["p", "w"], ["gated2"]), constants=[pads(2000), ones("w", 4096, 4, 1, 1)])
    extra("E29", "limit", "node 'big': activations too large",
          node("Pad", ["gated", "pads"], ["p"]),
          node("Concat", ["p", "p", "p"], ["big"], attr_i("axis", 1)), back,
          constants=[pads(2000), ones("back", 4, 12, 1, 1)])
    names = ["gated"] + [f"x{i}" for i in range(39)] + ["gated2"]
    extra("E29", "limit", "activations", *[
        node("Concat", [names[i]] * 2, [names[i + 1]], attr_i("axis", 1 + i % 3))
        for i in range(40)])
    extra("E30", "limit", "node 'big': too many multiply-adds",
          node("Pad", ["gated", "pads"], ["p"]),
          node("Conv", ["p", "w"], ["big"], attr_ints("pads", 100, 100, 100, 100)), back,
          constants=[pads(1000), ones("w", 16, 4, 80, 80), ones("back", 4, 16, 1, 1)])
    extra("E30", "limit", "too many multiply-adds", node("Pad", ["gated", "pads"], ["p"]),
          node("MaxPool", ["p"], ["gated2"], attr_ints("kernel_shape", 2000, 2000)),
          constants=[pads(2000)])
    squares = [f"n{i}" for i in range(9)]
    extra("E30", "overflow", "integer overflow",
          *[node("Mul", [squares[i]] * 2, [squares[i + 1]]) for i in range(8)],
          node("Reshape", ["gated", "n8"], ["gated2"]), constants=[ints("n0", 1 << 20)])
