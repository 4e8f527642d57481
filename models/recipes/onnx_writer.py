# SPDX-License-Identifier: MIT
"""Writes the layers of `layers.py` as ONNX nodes, one plain operator at a time.

Every node has the name of its place in the tree (`vehicles_1/bus/conv`), and so has the
tensor it makes. Batch normalisation stays a node of its own.
"""
import collections

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from layers import Inverted

OPSET = 17
IR_VERSION = 8


class GraphWriter:
    """Collects nodes, initializers and outputs; each method returns the tensor it made."""

    def __init__(self):
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.opset, self.ir_version = OPSET, IR_VERSION

    def initializer(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def parameter(self, name, tensor):
        return self.initializer(name, tensor.detach().numpy().astype(np.float32))

    def node(self, operator, inputs, name, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def add_input(self, name, shape):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def add_output(self, name, shape):
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def conv_bn(self, x, layers, place, suffix="", rows=slice(None)):
        """A convolution and its normalisation; `rows` picks output channels of a stack."""
        conv, norm = layers
        weight = self.parameter(f"{place}/conv{suffix}/weight", conv.weight[rows])
        edge = conv.padding[0]
        x = self.node("Conv", [x, weight], f"{place}/conv{suffix}",
                      kernel_shape=list(conv.kernel_size), strides=list(conv.stride),
                      pads=[edge] * 4, group=conv.groups)
        statistics = {"scale": norm.weight, "bias": norm.bias,
                      "mean": norm.running_mean, "var": norm.running_var}
        names = [self.parameter(f"{place}/bn{suffix}/{name}", values[rows])
                 for name, values in statistics.items()]
        return self.node("BatchNormalization", [x] + names, f"{place}/bn{suffix}",
                         epsilon=norm.eps)

    def relu(self, x, name):
        return self.node("Relu", [x], name)

    def residual(self, x, block, place):
        beside = x
        if block.shortcut is not None:
            beside = self.conv_bn(x, block.shortcut, place, "_shortcut")
        x = self.relu(self.conv_bn(x, block.first, place, "1"), f"{place}/relu1")
        x = self.conv_bn(x, block.second, place, "2")
        return self.relu(self.node("Add", [x, beside], f"{place}/add"), f"{place}/relu2")

    def inverted(self, x, block, place):
        y = self.conv_bn(x, block.widen, place, "_widen")
        y = self.node("HardSwish", [y], f"{place}/hswish_widen")
        y = self.conv_bn(y, block.depthwise, place, "_depthwise")
        y = self.node("HardSwish", [y], f"{place}/hswish_depthwise")
        y = self.conv_bn(y, block.narrow, place, "_narrow")
        return self.node("Add", [y, x], f"{place}/add") if block.is_residual else y

    def block(self, x, block, place):
        write = self.inverted if isinstance(block, Inverted) else self.residual
        return write(x, block, place)

    def gain(self, x, attention, index, place):
        """The features of a category, multiplied by its element of the attention input."""
        at = self.initializer(f"{place}/gain/index", np.array(index, np.int64))
        gain = self.node("Gather", [attention, at], f"{place}/gain", axis=0)
        return self.node("Mul", [x, gain], f"{place}/features")

    def pooled(self, x, place):
        x = self.node("GlobalAveragePool", [x], f"{place}/pool")
        return self.node("Flatten", [x], f"{place}/pool/flat", axis=1)

    def head(self, x, heads, row, name):
        """Logits [1, rows] from pooled features, with row `row`, or a slice, of `heads`."""
        rows = row if isinstance(row, slice) else slice(row, row + 1)
        weight = self.parameter(f"{name}/weight", heads.weight[rows])
        bias = self.parameter(f"{name}/bias", heads.bias[rows])
        return self.node("Gemm", [x, weight, bias], name, transB=1)

    def copy(self, part, image, place):
        """The nodes of another network (backbone.py) as they are, from the picture on; names
        get `place` before them. Our own operators mean the same in all opsets it may have."""
        renamed = Renamed(part, image, place)
        self.nodes += renamed.nodes
        self.initializers += renamed.initializers
        self.opset, self.ir_version = part.opset, part.ir_version
        return renamed.name(part.output)

    def model(self, graph_name, metadata):
        graph = helper.make_graph(self.nodes, graph_name, self.inputs, self.outputs,
                                  self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                  producer_name="nnc models/recipes",
                                  ir_version=self.ir_version)
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        return model


class Renamed:
    """The nodes and weights of a part of a network, under names that nothing else has."""

    def __init__(self, part, image, place):
        tensors = {part.image: image}
        own = [name for node in part.nodes for name in node.output if name]
        own += [filed.name for filed in part.initializers]
        # Parts of our own models have such names already.
        before = "" if all(name.startswith(f"{place}/") for name in own) else f"{place}/"
        self.names = tensors | {name: before + name for name in own}
        taken = collections.Counter(node.name for node in part.nodes)
        self.nodes = [self.node(node, taken[node.name] == 1, before) for node in part.nodes]
        self.initializers = []
        for filed in part.initializers:
            copied = onnx.TensorProto()
            copied.CopyFrom(filed)
            copied.name = self.name(filed.name)
            self.initializers.append(copied)

    def name(self, tensor):
        return self.names.get(tensor, tensor)

    def node(self, node, named, before):
        """Nodes without a name of their own get that of their result."""
        copied = onnx.NodeProto()
        copied.CopyFrom(node)
        copied.input[:] = map(self.name, node.input)
        copied.output[:] = map(self.name, node.output)
        copied.name = before + node.name if named and node.name else copied.output[0]
        return copied
