# SPDX-License-Identifier: MIT
"""E (initializers) and F: what constants claim, hold and contain."""
from onnx_bytes import *

NAN, INF = float("nan"), float("inf")


def add(corpus):
    def bad(row, change, status, words):
        corpus.model(row, change, status, words)

    def weight(row, message, status, words):
        bad(row, lambda m: m.initializer("weight", message), status, words)

    for dim in (-1, -(1 << 63)):
        weight("E01", tensor("weight", [dim, 3, 1, 1], [1] * 12), "shape", "negative")
    weight("E02", tensor("weight", [0, 3, 1, 1], []), "shape", "zero")
    weight("E03", tensor("weight", [1 << 32, 1 << 32], [1]), "limit", "dims")
    weight("E03", tensor("weight", [1 << 24, 1 << 24], [1]), "limit", "dims")
    weight("E04", tensor("weight", [1 << 62], [1]), "limit", "dims")
    weight("E05", tensor("weight", [(1 << 63) - 1, 2], [1]), "limit", "dims")
    weight("E07", tensor("weight", [1 << 24, 1 << 6, 1 << 6], [1]), "limit", "dims")
    weight("E08", tensor("weight", [1 << 24, 1, 1, 1], [1]), "truncated",
           "got 4, expected 67108864")
    weight("E09", tensor("weight", [4, 3, 1, 1], raw=bytes(47)), "truncated",
           "got 47, expected 48")
    weight("E09", tensor("weight", [4, 3, 1, 1], [1] * 11), "truncated",
           "got 44, expected 48")
    weight("E09", tensor("weight", [4, 3, 1, 1], extra=data(4, floats([1] * 11))),
           "truncated", "got 11, expected 12")
    weight("E10", tensor("weight", [4, 3, 1, 1], [1] * 13), "shape", "got 52, expected 48")
    weight("E10", tensor("weight", [4, 3, 1, 1], extra=data(4, floats([1] * 13))), "shape",
           "got 13, expected 12")
    weight("E11", tensor("weight", [4, 3, 1, 1], [1] * 12,
                         extra=data(4, floats([1] * 12))), "duplicate", "'weight'")
    weight("E12", tensor("weight", [4, 3, 1, 1]), "truncated", "'weight'")
    for number in (0, 99, STRING, 14, 16):
        weight("E13", tensor("weight", [4, 3, 1, 1], raw=bytes(48), type=number), "type",
               f"'weight': data type {number}")
    weight("E13", tensor("weight", [4, 3, 1, 1], extra=data(10, bytes(96))), "type",
           "'weight': values in the field of another type")
    weight("E13", tensor("weight", [4, 3, 1, 1], [1] * 12, type=INT64), "type",
           "is integer, expected float")
    weight("E13", tensor("weight", [4, 3, 1, 1], raw=bytes(24), type=FLOAT16), "type",
           "float16")
    bad("E33", lambda m: setattr(m, "graph_extra", data(15, b"")), "unsupported", "sparse")
    bad("E33", lambda m: m.initializer("zero", tensor(
        "zero", [], type=INT64, extra=integer(14, 1) + data(13, data(1, "location") +
                                                            data(2, "x")))),
        "unsupported", "'zero'")
    values(bad, weight)


def values(bad, weight):
    for at in (0, 5, 11):
        numbers = [1.0] * 12
        numbers[at] = NAN
        weight("F01", tensor("weight", [4, 3, 1, 1], numbers), "value",
               f"'weight': NaN at index {at}")
        numbers[at] = INF if at else -INF
        weight("F02", tensor("weight", [4, 3, 1, 1], numbers), "value",
               f"infinite value at index {at}")
    large = [1.0] * 65536
    large[65535] = NAN
    bad("F01", lambda m: wide(m, large), "value", "NaN at index 65535")
    bad("F06", lambda m: m.before_head(node("Mul", ["gated", "scale"], ["gated2"])) or
        m.initializers.append(tensor("scale", [], [NAN])), "value", "'scale': NaN")
    bad("F06", lambda m: m.initializer("attention", tensor("attention", [3], [1, NAN, 1])),
        "value", "'attention'")


def wide(m, numbers):
    m.before_head(node("Conv", ["gated", "wide"], ["w"]),
                  node("Conv", ["w", "narrow"], ["gated2"]))
    m.initializers += [tensor("wide", [16384, 4, 1, 1], numbers),
                       ones("narrow", 4, 16384, 1, 1)]
