# SPDX-License-Identifier: MIT
"""E34 (quantised): scales, zero points and types that do not fit."""
from onnx_bytes import *

UINT8, INT8 = 2, 3


def scale(name, *values):
    return tensor(name, [len(values)], list(values))


def zero(name, type, *values):
    return tensor(name, [len(values)], type=type, raw=bytes(v & 255 for v in values))


NAN, INFINITE = float("nan"), float("inf")


def add(corpus):
    def extra(status, words, *nodes, constants=()):
        """`nodes` lead from gated [1, 4, 4, 4] to gated2."""
        def change(m):
            m.before_head(*nodes)
            m.initializers += constants
        corpus.model("E34", change, status, words)

    def computed(status, words, s=scale("s", 0.5), q=zero("q", UINT8, 3), s2=None, q2=None,
                 attributes=(), back=("s2", "q2")):
        """What is computed, quantised and back."""
        constants = [s, q, s2 or s.replace(data(8, "s"), data(8, "s2")),
                     q2 or q.replace(data(8, "q"), data(8, "q2"))]
        extra(status, words, node("QuantizeLinear", ["gated", "s", "q"], ["b"], *attributes),
              node("DequantizeLinear", ["b", *back], ["gated2"]), constants=constants)

    def weights(status, words, w=None, s=scale("s", 0.5), q=None, *attributes):
        """A constant that is read by a scale."""
        w = w or tensor("w", [4, 4, 1, 1], type=INT8, raw=bytes(16))
        extra(status, words,
              node("DequantizeLinear", ["w", "s"] + (["q"] if q else []), ["f"], *attributes),
              node("Conv", ["gated", "f"], ["gated2"]),
              constants=[w, s] + ([q] if q else []))

    computed("ok", "-")
    weights("ok", "-")
    weights("ok", "-", None, scale("s", 1, 2, 3, 4), zero("q", INT8, 0, 1, -1, 2),
            attr_i("axis", -4))
    for value in (0, -0.5, NAN, INFINITE, 1e30, 1e-40):
        computed("value", "at index 0; expected a number from 2^-126", s=scale("s", value))
        weights("value", "at index 1; expected a number", None,
                scale("s", 1, value, 1, 1), None, attr_i("axis", 0))
    computed("shape", "2 scales for axis 1, which has 4 elements", s=scale("s", 1, 2))
    computed("shape", "the scale has rank 2",
             s=tensor("s", [1, 4], [1, 1, 1, 1]))
    computed("shape", "2 zero points for 1 scales", q=zero("q", UINT8, 0, 0))
    computed("unsupported", "a scale for each channel of what is computed",
             s=scale("s", 1, 2, 3, 4), q=zero("q", UINT8, 0, 0, 0, 0))
    computed("unsupported", "scales for blocks", attributes=[attr_i("block_size", 2)])
    computed("type", "zero points are float", q=scale("q", 0))
    computed("type", "expected int8 or uint8", q=tensor("q", [1], [0], INT64))
    computed("type", "output_dtype 3 is not the type", attributes=[attr_i("output_dtype", 3)])
    computed("type", "input 0 is uint8, its zero point int8", q2=zero("q2", INT8, 3))
    computed("type", "input 1 is quantised, expected float", back=("q2", "q2"))
    extra("type", "input 0 is not quantised", node("DequantizeLinear", ["gated", "s"],
          ["gated2"]), constants=[scale("s", 1)])
    extra("type", "input 0 is quantised, expected float",
          node("QuantizeLinear", ["gated", "s"], ["b"]), node("Relu", ["b"], ["gated2"]),
          constants=[scale("s", 1)])
    extra("unsupported", "a scale that is computed", node("Gather", ["attention", "zero"], ["s"]),
          node("QuantizeLinear", ["gated", "s"], ["b"]),
          node("DequantizeLinear", ["b", "one"], ["gated2"]), constants=[scale("one", 1)])
    weights("type", "input 0 is int8, its zero point uint8", q=zero("q", UINT8, 0))
    weights("type", "input 0 is not quantised", tensor("w", [4, 4, 1, 1], [0] * 16, INT64))
    weights("type", "input 0 is not quantised", ones("w", 4, 4, 1, 1))
    weights("value", "axis 4 is out of range", None, scale("s", 1, 2, 3, 4), None,
            attr_i("axis", 4))
    weights("shape", "3 scales for axis 0", None, scale("s", 1, 2, 3), None, attr_i("axis", 0))
    weights("truncated", "bytes of raw_data",
            tensor("w", [4, 4, 1, 1], type=INT8, raw=bytes(15)))

    def quantised_logits(m):
        m.nodes[-1] = node("Gemm", ["flat", "head", "head_bias"], ["l"], attr_i("transB", 1))
        m.nodes.append(node("QuantizeLinear", ["l", "s"], ["logits"]))
        m.initializers.append(scale("s", 1))
    corpus.model("E34", quantised_logits, "type", "it is quantised, expected float")
