# SPDX-License-Identifier: MIT
"""Models that are unusual and right: what a reader that is too strict would refuse."""
import struct

from onnx_bytes import *  # the vocabulary of all cases


def weight_values():
    return [1.0 / (1 + i % 7) for i in range(12)]


def add(corpus):
    def good(row, change):
        corpus.model(row, change, "ok")

    good("X00", lambda m: None)
    good("X01", lambda m: b"\x88\x80\x80\x00\x08" + m.encode()[2:])  # overlong tag
    good("X02", lambda m: setattr(m, "extra", data(500, "unknown") + integer(501, 3)))
    good("X03", lambda m: m.metadata_bytes() + data(7, m.graph()) +
         data(8, m.opsets[0]) + m.ir_version)
    good("X04", lambda m: m.initializer("weight", tensor(
        "weight", [4, 3, 1, 1], weight_values(), packed_dims=True)))
    good("X05", lambda m: setattr(m, "graph_extra", data(10, "d" * 65536)))
    good("X06", lambda m: m.initializers.append(ones("unused", 10)))
    good("X07", lambda m: m.before_head(
        node("Identity", ["gated"], ["i"]), node("Dropout", ["i"], ["d"]),
        node("Constant", [], ["c"], attr_f("value_float", 2.0)),
        node("Mul", ["d", "c"], ["gated2"])))
    good("X08", half_weights)
    good("X09", lambda m: m.before_head(node("Mul", ["gated", "two"], ["gated2"])) or
         m.initializers.append(tensor("two", [], [2.0])))
    good("X10", same_names)
    good("X11", initializers_as_inputs)
    good("X12", typed_data)
    good("X13", unpacked_data)
    good("X14", symbolic_batch)
    good("X15", lambda m: setattr(m, "nodes", m.nodes[:5] + [
        node("Shape", ["mean"], ["s"]), node("Gather", ["s", "zero"], ["n"]),
        node("Unsqueeze", ["n", "axis"], ["n1"]),
        node("Concat", ["n1", "rest"], ["target"], attr_i("axis", 0)),
        node("Reshape", ["mean", "target"], ["flat"])] + m.nodes[6:]) or
         m.initializers.extend([ints("axis", 0), ints("rest", -1)]))
    # rows whose outcome is "loads"
    good("B07", lambda m: setattr(m, "graph_extra", data(13, sequences(11))))
    good("B11", lambda m: setattr(m, "extra", integer(19, 1) * 333333))
    good("C09", lambda m: setattr(m, "extra", data(20, b"\x0a\x00")) or setattr(
        m, "graph_extra", data(14, data(1, "conv"))))
    good("D10", lambda m: m.inputs.append(value_info("weight", 4, 3, 1, 1)))
    good("D13", diamonds)
    good("D14", lambda m: m.before_head(*chain(16384 - 7)))
    good("D18", unreached_external)
    good("D19", lambda m: m.outputs.append(value_info("relu", 1, 4, 4, 4)))
    good("F03", lambda m: m.initializer("weight", tensor(
        "weight", [4, 3, 1, 1], [1e-40] * 12)))
    good("H04", lambda m: m.taxonomy.update(extra=deep(15)))
    good("H22", lambda m: m.taxonomy["categories"][1].update(name="<b>cup & \u00fcber"))


def half_weights(m):
    halves = struct.pack("<12e", *weight_values())
    m.initializer("weight", tensor("weight16", [4, 3, 1, 1], type=FLOAT16, raw=halves))
    m.nodes.insert(0, node("Cast", ["weight16"], ["weight"], attr_i("to", FLOAT)))


def same_names(m):
    m.nodes[0] = node("Conv", ["image", "weight", "bias"], ["conv"], name="relu")
    m.nodes[1] = node("Relu", ["conv"], ["relu"], name="conv")


def initializers_as_inputs(m):
    m.ir_version = integer(1, 3)
    m.inputs += [value_info("weight", 4, 3, 1, 1), value_info("bias", 4),
                 value_info("head", 2, 4), value_info("zero", type=INT64)]


def typed_data(m):
    m.initializer("weight", tensor("weight", [4, 3, 1, 1],
                                   extra=data(4, floats(weight_values()))))
    m.initializer("zero", tensor("zero", [], type=INT64, extra=data(7, varint(0))))


def unpacked_data(m):
    m.initializer("weight", tensor("weight", [4, 3, 1, 1], extra=b"".join(
        fixed32(4, value) for value in weight_values())))
    m.initializer("zero", tensor("zero", [], type=INT32, extra=integer(5, 0)))


def symbolic_batch(m):
    m.inputs[0] = value_info("image", "N", 3, 4, 4)
    m.outputs[0] = value_info("logits", "N", 2)


def sequences(depth):
    """A value_info whose type is nested so that the whole file nests 4 + depth levels."""
    type = data(1, integer(1, 1))
    for _ in range(depth // 2):
        type = data(4, data(1, type))
    return data(1, "nested") + data(2, type)


def chain(n, x="gated", last="gated2"):
    names = [x] + [f"c{i}" for i in range(n - 1)] + [last]
    return [node("Relu", [names[i]], [names[i + 1]]) for i in range(n)]


def diamonds(m):
    nodes, x = [], "gated"
    for i in range(40):
        y = "gated2" if i == 39 else f"d{i}"
        nodes += [node("Relu", [x], [f"r{i}"]), node("Add", [x, f"r{i}"], [y])]
        x = y
    m.before_head(*nodes)


def unreached_external(m):
    m.initializers.append(external("huge", [1 << 24, 16], [("location", "absent.bin")]))


def deep(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value
