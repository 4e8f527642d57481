# SPDX-License-Identifier: MIT
"""ONNX files written byte by byte, so that they can be wrong in every way.

`Model` is a small good model; a case changes its lists and takes `encode()`. Nothing here
checks anything: the helpers write what they are told.
"""
import copy
import json
import struct

FLOAT, INT32, INT64, STRING, FLOAT16, DOUBLE = 1, 6, 7, 8, 10, 11


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number, wire_type):
    return varint(number << 3 | wire_type)


def integer(number, value):
    return tag(number, 0) + varint(value)


def data(number, payload):
    payload = payload.encode() if isinstance(payload, str) else payload
    return tag(number, 2) + varint(len(payload)) + payload


def fixed32(number, value):
    return tag(number, 5) + struct.pack("<f", value)


def floats(values):
    return struct.pack(f"<{len(values)}f", *values)


def tensor(name, dims, values=None, type=FLOAT, raw=None, extra=b"", packed_dims=False):
    """TensorProto; `values` are floats or int64 as raw_data unless `raw` is given."""
    out = data(1, b"".join(map(varint, dims))) if packed_dims and dims else b"".join(
        integer(1, dim) for dim in dims)
    out += integer(2, type) + data(8, name)
    if raw is None and values is not None:
        raw = floats(values) if type == FLOAT else struct.pack(f"<{len(values)}q", *values)
    return out + (data(9, raw) if raw is not None else b"") + extra


def ones(name, *dims):
    n = 1
    for dim in dims:
        n *= dim
    return tensor(name, dims, [1.0 / (1 + i % 7) for i in range(n)])


def ints(name, *values):
    return tensor(name, [len(values)], list(values), INT64)


def scalar(name, value):
    return tensor(name, [], [value], INT64)


def external(name, dims, entries, type=FLOAT):
    out = b"".join(integer(1, dim) for dim in dims) + integer(2, type) + data(8, name)
    for key, value in entries:
        out += data(13, data(1, key) + data(2, value))
    return out + integer(14, 1)


def attr_i(name, value):
    return data(5, data(1, name) + integer(3, value) + integer(20, 2))


def attr_f(name, value):
    return data(5, data(1, name) + fixed32(2, value) + integer(20, 1))


def attr_s(name, value):
    return data(5, data(1, name) + data(4, value) + integer(20, 3))


def attr_t(name, value):
    return data(5, data(1, name) + data(5, value) + integer(20, 4))


def attr_ints(name, *values):
    return data(5, data(1, name) + b"".join(integer(8, v) for v in values) + integer(20, 7))


def attr_floats(name, *values):
    return data(5, data(1, name) + b"".join(fixed32(7, v) for v in values) + integer(20, 6))


def node(op, inputs, outputs, *attributes, name=None, domain=None, extra=b""):
    out = b"".join(data(1, x) for x in inputs) + b"".join(data(2, x) for x in outputs)
    out += data(3, name if name is not None else outputs[0]) + data(4, op)
    out += data(7, domain) if domain is not None else b""
    return out + b"".join(attributes) + extra


def shape(*dims):
    out = b""
    for dim in dims:
        out += data(1, data(2, dim) if isinstance(dim, str) else integer(1, dim))
    return out


def value_info(name, *dims, type=FLOAT):
    return data(1, name) + data(2, data(1, integer(1, type) + data(2, shape(*dims))))


TAXONOMY = {
    "version": 1,
    "input": {"name": "image", "size": [4, 4], "channels": "RGB", "mean": [0, 0, 0],
              "std": [1, 1, 1], "fit": "crop"},
    "logits": "logits",
    "attention": {"input": "attention"},
    "categories": [
        {"name": "things", "parent": None, "gain": 0, "features": "gated"},
        {"name": "cup", "parent": 0, "gain": 1, "logit": 0, "label": 0},
        {"name": "pen", "parent": 0, "gain": 2, "logit": 1, "label": 1, "aliases": ["p"]}],
}


class Model:
    """image -> Conv -> Relu -> x gain -> mean -> Gemm -> logits [1, 2]."""

    def __init__(self):
        self.ir_version, self.opsets = integer(1, 8), [data(2 - 1, "") + integer(2, 17)]
        self.nodes = [
            node("Conv", ["image", "weight", "bias"], ["conv"]),
            node("Relu", ["conv"], ["relu"]),
            node("Gather", ["attention", "zero"], ["gain"]),
            node("Mul", ["relu", "gain"], ["gated"]),
            node("GlobalAveragePool", ["gated"], ["mean"]),
            node("Flatten", ["mean"], ["flat"]),
            node("Gemm", ["flat", "head", "head_bias"], ["logits"], attr_i("transB", 1))]
        self.initializers = [
            ones("weight", 4, 3, 1, 1), ones("bias", 4), scalar("zero", 0),
            ones("head", 2, 4), ones("head_bias", 2), tensor("attention", [3], [1, 1, 1])]
        self.inputs = [value_info("image", 1, 3, 4, 4), value_info("attention", 3)]
        self.outputs = [value_info("logits", 1, 2)]
        self.taxonomy = copy.deepcopy(TAXONOMY)
        self.taxonomy_text = None
        self.metadata = []
        self.graph_extra = self.extra = b""

    def initializer(self, name, message):
        """Replaces an initializer by name, or adds one."""
        kept = [t for t in self.initializers if data(8, name) not in t]
        self.initializers = kept + [message]

    def before_head(self, *nodes, x="gated", last="gated2"):
        """Puts nodes between the gated features and the mean."""
        self.nodes[4:5] = list(nodes) + [node("GlobalAveragePool", [last], ["mean"])]

    def graph(self):
        out = b"".join(data(1, n) for n in self.nodes) + data(2, "graph")
        out += b"".join(data(5, t) for t in self.initializers)
        out += b"".join(data(11, v) for v in self.inputs)
        out += b"".join(data(12, v) for v in self.outputs)
        return out + self.graph_extra

    def metadata_bytes(self):
        text = self.taxonomy_text
        if text is None:
            text = json.dumps(self.taxonomy)
        pairs = list(self.metadata)
        if self.taxonomy is not None:
            pairs.append(("nnc.taxonomy", text))
        return b"".join(data(14, data(1, k) + data(2, v)) for k, v in pairs)

    def encode(self):
        return (self.ir_version + b"".join(data(8, o) for o in self.opsets) +
                data(7, self.graph()) + self.metadata_bytes() + self.extra)
