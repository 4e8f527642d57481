# SPDX-License-Identifier: MIT
"""Nested networks of any number of classes, with random weights: to see how cost, memory and
time follow the size of a taxonomy. Nothing was ever trained."""
import json
import pathlib
import sys

import numpy

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bad-models"))

import onnx_bytes  # noqa: E402
from onnx_bytes import attr_i, attr_ints  # noqa: E402

SIDE, TRUNK = 32, 32  # pixels of the picture, channels of the trunk at a quarter of its side
WIDTHS = [16, 16, 16]  # of the inner levels


def fan_outs(classes, levels):
    """Children at each level, as equal as can be, whose product is `classes`."""
    fans, left = [], classes
    for level in range(levels, 0, -1):
        fan = max(1, round(left ** (1 / level)))
        while left % fan:
            fan -= 1
        fans.insert(0, fan)
        left //= fan
    return fans


class Synthetic:
    """A trunk; for every inner category a convolution (3x3 at the top level, 1x1 below) with
    ReLU; for every class one row of its parent's product."""

    def __init__(self, classes, levels=4):
        self.dice = numpy.random.default_rng(classes)
        self.model = onnx_bytes.Model()
        self.model.nodes, self.model.initializers = [], []
        self.categories, self.n_logits = [], 0
        self.fans = fan_outs(classes, levels)
        self.conv("trunk1", "image", 3, 16, 3, 2)
        self.conv("trunk", "trunk1", 16, TRUNK, 3, 2)
        self.grow("trunk", TRUNK, None, 0)
        self.model.inputs = [onnx_bytes.value_info("image", 1, 3, SIDE, SIDE)]
        self.model.outputs = [onnx_bytes.value_info("logits", 1, self.n_logits)]
        self.model.taxonomy_text = json.dumps({
            "version": 1,
            "input": {"name": "image", "size": [SIDE, SIDE], "channels": "RGB",
                      "mean": [0, 0, 0], "std": [1, 1, 1], "fit": "crop"},
            "logits": "logits", "categories": self.categories}, separators=(",", ":"))

    def weights(self, name, *shape):
        scale = 1 / numpy.sqrt(numpy.prod(shape[1:]))
        values = self.dice.standard_normal(shape).astype("<f4") * numpy.float32(scale)
        self.model.initializers.append(onnx_bytes.tensor(name, shape,
                                                         raw=values.tobytes()))
        return name

    def conv(self, name, x, ins, outs, kernel, stride):
        pad = kernel // 2
        nodes, inputs = self.model.nodes, [x, self.weights(f"{name}/w", outs, ins, kernel,
                                                           kernel)]
        nodes.append(onnx_bytes.node("Conv", inputs, [f"{name}/c"],
                                     attr_ints("kernel_shape", kernel, kernel),
                                     attr_ints("strides", stride, stride),
                                     attr_ints("pads", *[pad] * 4)))
        nodes.append(onnx_bytes.node("Relu", [f"{name}/c"], [name]))

    def grow(self, x, ins, parent, level):
        """The children of a category, their logits joined: a node has 4096 inputs at most."""
        logits, last = [], level == len(self.fans) - 1
        if last:
            self.model.nodes += [
                onnx_bytes.node("GlobalAveragePool", [x], [f"{x}/p"]),
                onnx_bytes.node("Flatten", [f"{x}/p"], [f"{x}/f"], attr_i("axis", 1))]
        for i in range(self.fans[level]):
            # Top names differ by a letter from those below, so that they can be cut by name.
            name = f"{'tabcd'[level]}{i}"
            number = len(self.categories)
            self.categories.append({"name": name, "parent": parent})
            if last:
                self.categories[-1]["logit"] = self.n_logits
                self.n_logits += 1
            else:
                width = WIDTHS[min(level, len(WIDTHS) - 1)]
                self.conv(f"n{number}", x, ins, width, 1 if level else 3, 1)
                logits.append(self.grow(f"n{number}", width, number, level + 1))
        if last:
            return self.heads(f"{x}/heads", f"{x}/f", ins, self.fans[level])
        joined = "logits" if parent is None else f"{x}/logits"
        self.model.nodes.append(onnx_bytes.node("Concat", logits, [joined],
                                                attr_i("axis", 1)))
        return joined

    def heads(self, name, x, ins, rows):
        self.model.nodes.append(onnx_bytes.node(
            "Gemm", [x, self.weights(f"{name}/w", rows, ins), self.weights(f"{name}/b", rows)],
            [name], attr_i("transB", 1)))
        return name

    def write(self, path):
        path.write_bytes(self.model.encode())
        return path
