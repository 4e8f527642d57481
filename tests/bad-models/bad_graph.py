# SPDX-License-Identifier: MIT
"""D: nodes, names and inputs that make no network."""
from good_odd import chain
from onnx_bytes import *


def add(corpus):
    def bad(row, change, status, words):
        corpus.model(row, change, status, words)

    def put(row, status, words, **fields):
        bad(row, lambda m: [setattr(m, *pair) for pair in fields.items()] and None, status,
            words)

    bad("D01", lambda m: m.ir_version + data(8, m.opsets[0]) + m.metadata_bytes(), "parse",
        "no graph")
    put("D01", "parse", "no nodes", nodes=[])
    put("D01", "parse", "no inputs", inputs=[])
    put("D01", "parse", "no outputs", outputs=[])
    bad("D02", lambda m: m.nodes.__setitem__(1, node("Relu", ["absent"], ["relu"])),
        "dangling", "node 'relu': nothing produces its input 'absent'")
    bad("D03", lambda m: m.outputs.append(value_info("absent", 1)), "dangling", "'absent'")
    bad("D04", lambda m: m.nodes.__setitem__(1, node("Add", ["conv", "relu"], ["relu"])),
        "cycle", "'relu'")
    bad("D05", lambda m: m.before_head(node("Add", ["gated", "b"], ["a"]),
                                       node("Relu", ["a"], ["b"]), last="b"),
        "cycle", "'b', 'a'")
    bad("D06", large_cycle, "cycle", "\u2026")
    bad("D07", lambda m: m.nodes.insert(0, m.nodes.pop(1)), "dangling",
        "used before it is produced")
    bad("D08", lambda m: m.nodes.append(node("Relu", ["conv"], ["relu"], name="again")),
        "duplicate", "by 'relu' and 'again'")
    bad("D09", lambda m: m.initializers.append(ones("bias", 4)), "duplicate", "'bias'")
    bad("D09", lambda m: m.initializers.append(ones("relu", 4)), "duplicate", "'relu'")
    bad("D09", lambda m: m.inputs.append(value_info("image", 1, 3, 4, 4)), "duplicate",
        "'image'")
    bad("D11", lambda m: m.nodes.__setitem__(0, node("Conv", ["image", "", "bias"],
                                                     ["conv"])), "arity", "input 1")
    bad("D12", lambda m: m.nodes.__setitem__(0, node("Conv", ["image"], ["conv"])), "arity",
        "got 1, expected 2")
    bad("D12", lambda m: m.nodes.__setitem__(0, node("Conv", ["image"] * 4, ["conv"])),
        "arity", "got 4, limit 3")
    bad("D12", lambda m: m.nodes.__setitem__(1, node("Relu", ["conv"], ["relu", "x"])),
        "arity", "got 2, limit 1")
    bad("D14", lambda m: m.before_head(*chain(16385 - 7)), "limit", "nodes")
    for op in ("If", "Loop", "Scan"):
        bad("D15", lambda m, op=op: m.nodes.__setitem__(1, node(op, ["conv"], ["relu"])),
            "unsupported", f"({op})")
    bad("D16", lambda m: m.inputs.append(value_info("second", 1, 3, 4, 4)), "shape",
        "'second'")
    bad("D16", lambda m: m.inputs.__setitem__(0, value_info("image", 3, 4, 4)), "shape",
        "'image': rank; got 3")
    bad("D16", lambda m: m.inputs.__setitem__(0, value_info("image", 1, 2, 4, 4)), "shape",
        "'image': channels; got 2")
    bad("D16", lambda m: m.inputs.__setitem__(0, value_info("image", 1, 3, 4, 5)), "shape",
        "'image': width; got 5")
    bad("D16", lambda m: m.inputs.__setitem__(0, value_info("image", 2, 3, 4, 4)), "shape",
        "'image': batch size; got 2")
    bad("D16", lambda m: m.inputs.__setitem__(0, value_info("image", 1, 3, 4, 4,
                                                            type=INT64)), "type", "'image'")
    bad("D17", lambda m: m.inputs.__setitem__(0, value_info("image", 1, 3, "H", 4)), "shape",
        "symbolic dimension 'H'")
    attention(bad)


def attention(bad):
    """The rules of the attention input (not in the list)."""
    bad("DA1", lambda m: m.initializer("attention", tensor("attention", [3], [1, 2, 1])),
        "value", "default gain 1 is not 1")
    bad("DA2", lambda m: m.initializer("attention", tensor("attention", [2], [1, 1])),
        "shape", "contradicts its default")
    bad("DA3", lambda m: m.inputs.pop(1) and None, "dangling", "no graph input")
    bad("DA4", lambda m: m.inputs.__setitem__(1, value_info("attention", 3, type=INT64)),
        "type", "'attention'")
    bad("DA5", lambda m: m.inputs.__setitem__(1, value_info("attention", 4)) or
        m.initializer("attention", tensor("attention", [4], [1] * 4)), "taxonomy",
        "3 categories have a gain index, expected 4")


def large_cycle(m):
    nodes = chain(10000)
    nodes[0] = node("Add", ["gated", "gated2"], ["c0"])
    m.before_head(*nodes)
