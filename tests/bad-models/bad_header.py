# SPDX-License-Identifier: MIT
"""C: the model around the graph."""
from onnx_bytes import *


def opset(version, domain=""):
    return data(1, domain) + integer(2, version)


def add(corpus):
    def bad(row, change, status, words):
        corpus.model(row, change, status, words)

    def put(row, status, words, **fields):
        bad(row, lambda m: [setattr(m, *pair) for pair in fields.items()] and None, status,
            words)

    put("C01", "version", "ir_version", ir_version=b"")
    put("C01", "version", "ir_version", ir_version=integer(1, 0))
    put("C01", "version", "ir_version -1", ir_version=integer(1, -1))
    put("C02", "version", "ir_version 99; expected 3 to 13", ir_version=integer(1, 99))
    put("C03", "version", "no opset", opsets=[])
    put("C03", "version", "no opset", opsets=[opset(17, "ai.onnx.ml")])
    put("C04", "version", "expected 13 to 21", opsets=[opset(12)])
    put("C04", "version", "expected 13 to 21", opsets=[opset(22)])
    put("C05", "duplicate", "''", opsets=[opset(17), opset(17)])
    put("C05", "duplicate", "ai.onnx", opsets=[opset(17), opset(18, "ai.onnx")])
    put("C05", "duplicate", "com.x", opsets=[opset(17), opset(1, "com.x"), opset(2, "com.x")])
    bad("C06", lambda m: m.nodes.__setitem__(1, node(
        "Relu", ["conv"], ["relu"], domain="com.x")), "unsupported",
        "node 'relu' (Relu): operator of the domain 'com.x'")
    bad("C07", lambda m: m.nodes.__setitem__(1, node("Erf", ["conv"], ["relu"])),
        "unsupported", "node 'relu' (Erf): unknown operator")
    bad("C07", two_unknown, "unsupported", "(Erf): unknown operator; node 'mean' (Mean)")
    bad("C07", many_unknown, "unsupported", " more")
    put("C08", "unsupported", "functions", extra=data(25, data(1, "f")))
    put("C10", "duplicate", "'k'", metadata=[("k", "1"), ("k", "2")])
    put("C10", "duplicate", "'nnc.taxonomy'", metadata=[("nnc.taxonomy", "{}")])
    put("C11", "limit", "metadata", metadata=[(f"k{i}", "") for i in range(64)])
    put("C11", "limit", "metadata", metadata=[("k", "v" * ((1 << 20) + 1))])


def two_unknown(m):
    m.nodes[1] = node("Erf", ["conv"], ["relu"])
    m.nodes[4] = node("Mean", ["gated"], ["mean"])


def many_unknown(m):
    names = ["gated"] + [f"e{i}" for i in range(19)] + ["gated2"]
    m.before_head(*[node("Erf", [names[i]], [names[i + 1]]) for i in range(20)])
