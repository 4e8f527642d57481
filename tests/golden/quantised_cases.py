# SPDX-License-Identifier: MIT
"""Models with QuantizeLinear and DequantizeLinear, as quantising tools write them.

Scales are powers of two and weights whole numbers of them, so that every sum is exact and no
engine can round a number in the middle between two steps to another one than we do.
"""
import zlib

import numpy as np

from golden_model import Case


def scale(exponent, n=None):
    """2^exponent: one, or one for each of n channels, which differ."""
    if n is None:
        return np.array(2.0 ** exponent, np.float32)
    return np.float32(2.0) ** (exponent + np.arange(n, dtype=np.float32) % 2)


def integers(name, shape, kind=np.int8, most=60):
    """Random whole numbers; their seed is the name."""
    low = 0 if kind == np.uint8 else -most
    random = np.random.RandomState(zlib.crc32(name.encode()))
    return random.randint(low, most + 1, shape).astype(kind)


def zero(kind, value=0, n=None):
    return np.array(value, kind) if n is None else np.full(n, value, kind)


def quantised(x, y, scale_name, zero_name):
    """x rounded to the steps of a scale and made float again."""
    return (f"{y}_q = QuantizeLinear({x}, {scale_name}, {zero_name})\n"
            f"{y} = DequantizeLinear({y}_q, {scale_name}, {zero_name})\n")


FIRST = ("c = Conv<pads = [1, 1, 1, 1]>(image, w0, b0)\nr = Relu(c)\n")
FIRST_WEIGHTS = {"w0": integers("w0", (20, 3, 3, 3)).astype(np.float32) / 64,
                 "b0": integers("b0", 20).astype(np.float32) / 16}


def conv(name, opset, attributes="", w=(18, 20, 3, 3), activation="u8", per_channel=True,
         bias=True, tail="x = Relu(y)", more=None, **others):
    """A float convolution, then one of bytes: what goes in is u8 around 0 or around a zero
    point, or s8; weights have one scale or one for each channel."""
    kind, at, source = {"u8": (np.uint8, 0, "r"), "u8_zero": (np.uint8, 117, "c"),
                        "s8": (np.int8, 0, "c"), "s8_zero": (np.int8, -9, "c")}[activation]
    n = w[0] if per_channel else None
    axis = "<axis = 0>" if per_channel else ""
    settings = f"<{attributes}>" if attributes else ""
    weights = FIRST_WEIGHTS | {
        "xs": scale(-3), "xz": zero(kind, at), "wq": integers(name, w),
        "ws": scale(-7, n), "wz": zero(np.int8, 0, n)}
    body = FIRST + quantised(source, "x1", "xs", "xz")
    body += f"wd = DequantizeLinear{axis}(wq, ws, wz)\n"
    if bias:
        weights |= {"bq": integers(name + "b", w[0], np.int32, 500),
                    "bs": np.asarray(weights["ws"] * weights["xs"], np.float32),
                    "bz": zero(np.int32, 0, n)}
        body += f"bd = DequantizeLinear{axis}(bq, bs, bz)\n"
    body += f"y = Conv{settings}(x1, wd{', bd' if bias else ''})\n{tail}"
    return Case(f"quantised_{name}", opset, body, weights | (more or {}), **others)


SAME = "pads = [1, 1, 1, 1]"

QUANTISED_CASES = [
    conv("u8", 13, SAME),
    conv("u8_zero_point", 14, SAME, activation="u8_zero"),
    conv("s8", 15, SAME, activation="s8"),
    conv("s8_zero_point_stride_2", 16, f"{SAME}, strides = [2, 2]", activation="s8_zero"),
    conv("one_scale", 17, SAME, per_channel=False),
    conv("no_bias_1x1", 18, w=(33, 20, 1, 1), bias=False),
    conv("dilated_zero_point", 19, "pads = [2, 3, 2, 3], dilations = [2, 3]",
         activation="u8_zero"),
    conv("groups", 20, f"{SAME}, group = 2", w=(18, 10, 3, 3)),
    conv("straight_to_bytes", 21, SAME, tail=quantised("y", "x", "ys", "yz"),
         more={"ys": scale(-2), "yz": zero(np.int8, 3)}),
    conv("residual", 13, SAME, w=(20, 20, 3, 3), tail="s = Add(y, x1)\nx = Relu(s)"),
    conv("pooled_between", 14, SAME,
         tail="m = MaxPool<kernel_shape = [2, 2]>(y)\n" + quantised("m", "x", "ys", "yz"),
         more={"ys": scale(-2), "yz": zero(np.uint8, 128)}),
    Case("quantised_gemm", 15, FIRST + """
        p = MaxPool<kernel_shape = [6, 5]>(r)
        x = Flatten(p)
        """ + quantised("x", "x1", "xs", "xz") + """
        wd = DequantizeLinear<axis = 0>(wq, ws, wz)
        y = Gemm<transB = 1>(x1, wd, b)
        logits = Identity(y)""",
         FIRST_WEIGHTS | {"xs": scale(-3), "xz": zero(np.uint8), "wq": integers("gemm", (3, 20)),
                          "ws": scale(-6, 3), "wz": zero(np.int8, 0, 3),
                          "b": integers("gemmb", 3).astype(np.float32) / 8}),
    Case("quantised_matmul_columns", 16, FIRST + """
        p = MaxPool<kernel_shape = [6, 5]>(r)
        x = Flatten(p)
        """ + quantised("x", "x1", "xs", "xz") + """
        wd = DequantizeLinear(wq, ws, wz)
        y = MatMul(x1, wd)
        logits = Add(y, b)""",
         FIRST_WEIGHTS | {"xs": scale(-3), "xz": zero(np.uint8, 4),
                          "wq": integers("matmul", (20, 3)), "ws": scale(-6, 3),
                          "wz": zero(np.int8, 0, 3),
                          "b": integers("matmulb", 3).astype(np.float32) / 8}),
    conv("weights_u8", 17, SAME, more={"wq": integers("u8w", (18, 20, 3, 3), np.uint8, 120),
                                       "wz": zero(np.uint8, 60, 18)}),
    Case("quantised_no_zero_points", 18, FIRST + """
        q = QuantizeLinear(r, xs)
        x1 = DequantizeLinear(q, xs)
        wd = DequantizeLinear(wq, ws)
        y = Conv<pads = [1, 1, 1, 1]>(x1, wd)
        x = Relu(y)""",
         FIRST_WEIGHTS | {"xs": scale(-3), "wq": integers("nozero", (18, 20, 3, 3)),
                          "ws": scale(-7)}),
]
