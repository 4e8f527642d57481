# SPDX-License-Identifier: MIT
"""B: bytes that are no protobuf, or too much of it."""
from onnx_bytes import *
from good_odd import sequences


def add(corpus):
    def bad(row, change, status, words):
        corpus.model(row, change, status, words)

    def tail(row, extra, status, words):
        bad(row, lambda m: setattr(m, "extra", extra), status, words)

    tail("B01", tag(5, 0) + b"\xff" * 10 + b"\x01", "parse", "varint")
    tail("B01", tag(5, 0) + b"\xff\xff", "parse", "varint")
    tail("B01", tag(5, 0) + b"\xff" * 9 + b"\x02", "parse", "varint")
    tail("B01", b"\x80" * 10 + b"\x01", "parse", "varint")
    tail("B02", tag(6, 2) + varint(5) + b"1234", "truncated", "length 5, 4 bytes left")
    for size in (1 << 31, (1 << 32) - 1, 1 << 63, (1 << 64) - 1):
        tail("B03", tag(6, 2) + varint(size), "truncated", f"length {size}")
    bad("B03", lambda m: m.initializers.append(tag(9, 2) + varint((1 << 64) - 1)),
        "truncated", "length")
    tail("B04", b"\x02\x00", "parse", "field number 0")
    for wire_type in (3, 4, 6, 7):
        tail("B05", tag(99, wire_type), "parse", "wire type")
    bad("B06", lambda m: m.ir_version + integer(7, 1), "type", "'graph'")
    bad("B06", lambda m: m.initializers.append(tag(1, 5) + b"1234"), "type", "'dims'")
    bad("B06", lambda m: m.nodes.append(integer(4, 1)), "type", "'op_type'")
    bad("B07", lambda m: setattr(m, "graph_extra", data(13, sequences(14))), "limit",
        "nesting 17, limit 16")
    bad("B08", lambda m: m.nodes.append(subgraphs(3000)), "limit", "nesting 17, limit 16")
    bad("B08", lambda m: m.nodes.append(deep_subgraphs(200000)), "limit",
        "nesting 17, limit 16")
    bad("B09", lambda m: setattr(m, "graph_extra", data(1, "") * 1000000), "limit", "nodes")
    bad("B10", lambda m: m.nodes.append(data(1, "") * 1000000), "limit", "inputs")
    bad("B10", lambda m: m.nodes.append(data(5, "") * 65), "limit", "attributes")
    bad("B10", lambda m: setattr(m, "graph_extra", data(5, "") * 16385), "limit",
        "initializers")
    bad("B10", lambda m: m.nodes.append(node("Identity", [], ["x"], attr_ints(
        "axes", *range(5000)))), "limit", "attribute values")
    bad("B12", lambda m: m.initializer("weight", tensor(
        "weight", [4, 3, 1, 1], extra=data(4, floats([1] * 12) + b"123"))), "parse", "packed")
    bad("B13", lambda m: m.initializer("weight", data(8, "weight") + data(
        1, varint(1) * 1000000)), "limit", "rank")
    bad("B13", lambda m: m.initializer("weight", ones("weight", *[1] * 7)), "limit", "rank")
    for name in (b"\xc3\x28", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"a\0b",
                 b"\x1b[31m", b"line\nbreak", b"\xc2\x85"):
        bad("B14", lambda m, n=name: m.nodes.append(node("Relu", ["conv"], [n])), "value",
            "name")
    bad("B14", lambda m: m.nodes.append(node("Relu", ["conv"], ["n" * 257])), "limit", "name")
    bad("B15", lambda m: m.ir_version + m.encode(), "duplicate", "'ir_version'")
    bad("B15", lambda m: m.nodes.append(node("Relu", ["conv"], ["x"]) + data(4, "Relu")),
        "duplicate", "'op_type'")
    bad("B15", lambda m: m.initializers.append(ones("x", 1) + integer(2, 1)), "duplicate",
        "'data_type'")


def subgraphs(depth):
    """A node with a graph with a node with a graph ..., about ten bytes a level."""
    inner = data(4, "If")
    for _ in range(depth):
        inner = data(4, "If") + data(5, data(6, data(1, inner)))
    return inner


def deep_subgraphs(depth):
    """The same from the inside out in linear time; lengths are all that grows."""
    parts, size = [], 0
    for _ in range(depth):
        for number in (1, 6, 5):
            head = tag(number, 2) + varint(size)
            parts.append(head)
            size += len(head)
    return b"".join(reversed(parts))
