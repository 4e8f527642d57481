# SPDX-License-Identifier: MIT
"""Reads what bench_lower writes; the head of lower.c describes it."""
import types

import numpy


class Network:
    """`layers` in the order they run; `shapes` by value: (channels, height, width)."""

    def __init__(self, path):
        self.weights = numpy.fromfile(f"{path}.weights", numpy.float32)
        self.layers, self.shapes = [], {}
        for line in open(path):
            self.layers.append(self.read(*line.split()))

    def read(self, kind, *words):
        layer = types.SimpleNamespace(kind=kind, id=int(words[0]), inputs=[],
                                      low=-float("inf"), high=float("inf"))
        if kind == "input":
            self.shapes[layer.id] = tuple(map(int, words[1:4]))
        elif kind == "concat":
            layer.inputs = list(map(int, words[2:]))
            self.shapes[layer.id] = (sum(self.shapes[i][0] for i in layer.inputs), 1, 1)
        elif kind != "output":
            getattr(self, kind)(layer, *words[1:])
        return layer

    def conv(self, layer, x, outs, *words):
        layer.inputs, outs = [int(x)], int(outs)
        layer.kernel, layer.stride, layer.dilation, begin, end = (
            tuple(map(int, words[i:i + 2])) for i in range(0, 10, 2))
        layer.pads = begin + end
        layer.groups, residual = int(words[10]), int(words[13])
        layer.low, layer.high = float(words[11]), float(words[12])
        layer.residual = residual if residual >= 0 else None
        channels, *size = self.shapes[layer.inputs[0]]
        size = [(n + begin[i] + end[i] - (layer.kernel[i] - 1) * layer.dilation[i] - 1)
                // layer.stride[i] + 1 for i, n in enumerate(size)]
        self.shapes[layer.id] = (outs, *size)
        shape = (outs, channels // layer.groups, *layer.kernel)
        self.take(layer, shape, int(words[14]), int(words[15]))

    def gemm(self, layer, x, outs, low, high, weight, bias):
        layer.inputs, outs = [int(x)], int(outs)
        layer.low, layer.high = float(low), float(high)
        ins = int(numpy.prod(self.shapes[layer.inputs[0]]))
        self.shapes[layer.id] = (outs, 1, 1)
        self.take(layer, (outs, ins), int(weight), int(bias))

    def take(self, layer, shape, weight, bias):
        n = int(numpy.prod(shape))
        layer.weight = self.weights[weight:weight + n].reshape(shape)
        layer.bias = self.weights[bias:bias + shape[0]]

    def clip(self, layer, x, low, high):
        layer.inputs = [int(x)]
        layer.low, layer.high = float(low), float(high)
        self.shapes[layer.id] = self.shapes[layer.inputs[0]]

    def add(self, layer, a, b):
        layer.inputs = [int(a), int(b)]
        self.shapes[layer.id] = self.shapes[layer.inputs[0]]

    def average(self, layer, x):
        layer.inputs = [int(x)]
        self.shapes[layer.id] = (self.shapes[layer.inputs[0]][0], 1, 1)
