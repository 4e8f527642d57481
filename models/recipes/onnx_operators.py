# SPDX-License-Identifier: MIT
"""The operators of ONNX that trunks are made of, as functions of PyTorch.

Each is a function of a node's attributes and inputs. Exporters write nodes for one picture; these
run on many, and only Reshape has to know.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

MOST_NAMED = 8


class BackboneError(Exception):
    """A sentence that names the file or the node, what was expected and what came."""


class Unsupported(Exception):
    """What a node asks for that is not done here."""


def require(condition, what):
    if not condition:
        raise Unsupported(what)


# Windows: (top, left, bottom, right) of padding, as torch wants it and as ONNX says it.

def axis_padding(size, kernel, stride, dilation, lower):
    """SAME_*: the result has size / stride, rounded up; an odd row goes to one end."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return (total - total // 2, total // 2) if lower else (total // 2, total - total // 2)


def window(a, x, kernel):
    """(padding [left, right, top, bottom], strides, dilations)"""
    require(x.dim() == 4 and len(kernel) == 2, f"{x.dim() - 2} spatial dimensions, expected 2")
    strides, dilations = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
    kind = a.get("auto_pad", "NOTSET")
    if kind.startswith("SAME"):
        (top, bottom), (left, right) = (
            axis_padding(x.shape[2 + i], kernel[i], strides[i], dilations[i],
                         kind == "SAME_LOWER") for i in (0, 1))
    else:
        top, left, bottom, right = a.get("pads", [0] * 4) if kind == "NOTSET" else [0] * 4
    return [left, right, top, bottom], strides, dilations


def pad_outside(a, x, padding, value=0.0):
    """(picture, padding [top, left] that is left to the operator): PyTorch pads both ends alike,
    and only then knows what is padding; anything else is made part of the picture."""
    left, right, top, bottom = padding
    if (left, top) == (right, bottom):
        return x, [top, left]
    require(not a.get("ceil_mode", 0), "uneven padding with ceil_mode")
    return F.pad(x, padding, value=value), [0, 0]


def conv(a, x, weight, bias=None):
    padding, strides, dilations = window(a, x, weight.shape[2:])
    x, inner = pad_outside(a, x, padding)
    return F.conv2d(x, weight, bias, strides, inner, dilations, a.get("group", 1))


def max_pool(a, x):
    padding, strides, dilations = window(a, x, a["kernel_shape"])
    x, inner = pad_outside(a, x, padding, -math.inf)
    return F.max_pool2d(x, a["kernel_shape"], strides, inner, dilations,
                        bool(a.get("ceil_mode", 0)))


def average_pool(a, x):
    padding, strides, dilations = window(a, x, a["kernel_shape"])
    require(list(dilations) == [1, 1], "dilations")
    counted, ceil = bool(a.get("count_include_pad", 0)), bool(a.get("ceil_mode", 0))

    def pooled(x):
        x, inner = pad_outside(a, x, padding)
        return F.avg_pool2d(x, a["kernel_shape"], strides, inner, ceil, counted)

    if counted or padding[::2] == padding[1::2]:
        return pooled(x)
    return pooled(x) / pooled(torch.ones_like(x[:1, :1]))


def batch_norm(a, x, scale, bias, mean, variance):
    require(not a.get("training_mode", 0), "training mode")
    return F.batch_norm(x, mean, variance, scale, bias, False, 0.0, a.get("epsilon", 1e-5))


def reduce_mean(a, x, axes=None):
    axes = a.get("axes") if axes is None else axes.tolist()
    if not axes and a.get("noop_with_empty_axes", 0):
        return x
    return x.mean(axes or list(range(x.dim())), keepdim=bool(a.get("keepdims", 1)))


# Element by element.

def scalar(limit):
    return None if limit is None else limit.reshape(())


def clip(a, x, low=None, high=None):
    if low is None and high is None:
        return x
    return torch.clamp(x, scalar(low), scalar(high))


def hard_sigmoid(a, x):
    return (a.get("alpha", 0.2) * x + a.get("beta", 0.5)).clamp(0, 1)


def divide(a, x, y):
    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def cast(a, x):
    kinds = {TensorProto.FLOAT: torch.float32, TensorProto.INT64: torch.int64,
             TensorProto.INT32: torch.int32}
    require(a["to"] in kinds, f"to {TensorProto.DataType.Name(a['to'])}")
    return x.to(kinds[a["to"]])


# Products.

def gemm(a, x, weight, bias=None):
    x = x.t() if a.get("transA", 0) else x
    product = a.get("alpha", 1.0) * (x @ (weight.t() if a.get("transB", 0) else weight))
    return product if bias is None else product + a.get("beta", 1.0) * bias


# Shapes and places.

def flatten(a, x):
    axis = a.get("axis", 1) % (x.dim() + 1)
    return x.reshape(math.prod(x.shape[:axis]), -1)


def reshape(a, x, shape):
    keep = not a.get("allowzero", 0)
    target = [x.shape[i] if n == 0 and keep else n for i, n in enumerate(shape.tolist())]
    if a["batched"] and x.is_floating_point() and target[0] == 1:
        target[0] = len(x)              # said of one picture, meant of each
    return x.reshape(target)


def concat(a, *parts):
    return torch.cat(parts, a["axis"])


def squeeze(a, x, axes=None):
    axes = ([i for i, n in enumerate(x.shape) if n == 1] if axes is None
            else [i % x.dim() for i in axes.tolist()])
    return x.reshape([n for i, n in enumerate(x.shape) if i not in axes])


def unsqueeze(a, x, axes):
    for axis in sorted(i % (x.dim() + len(axes)) for i in axes.tolist()):
        x = x.unsqueeze(axis)
    return x


def transpose(a, x):
    return x.permute(a.get("perm") or list(range(x.dim()))[::-1])


def split(a, x, sizes=None):
    axis = a.get("axis", 0)
    if sizes is not None:
        return x.split(sizes.tolist(), axis)
    return x.split(-(-x.shape[axis] // a.get("num_outputs", a["n_outputs"])), axis)


def cut_out(a, x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    for axis, start, end, step in zip(axes, starts.tolist(), ends.tolist(), steps):
        places = range(x.shape[axis])[start:end:step]
        x = x.index_select(axis, torch.tensor(list(places), dtype=torch.int64, device=x.device))
    return x


def gather(a, x, indices):
    axis = a.get("axis", 0) % x.dim()
    indices = indices.to(x.device).long() % x.shape[axis]
    shape = [*x.shape[:axis], *indices.shape, *x.shape[axis + 1:]]
    return x.index_select(axis, indices.flatten()).reshape(shape)


def pad(a, x, pads, value=None, axes=None):
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}.get(
        a.get("mode", "constant"))
    require(mode, f"mode {a.get('mode')}")
    n = len(pads) // 2
    axes = range(n) if axes is None else axes.tolist()
    begin, end = [0] * x.dim(), [0] * x.dim()
    for i, axis in enumerate(axes):
        begin[axis], end[axis] = pads.tolist()[i], pads.tolist()[n + i]
    if mode == "constant":
        widths = [w for i in reversed(range(x.dim())) for w in (begin[i], end[i])]
        return F.pad(x, widths, value=0.0 if value is None else float(value))
    require(x.dim() == 4 and not any(begin[:2] + end[:2]), f"mode {mode} of other than pictures")
    return F.pad(x, [begin[3], end[3], begin[2], end[2]], mode)


def shape_of(a, x):
    return torch.tensor(x.shape)[slice(a.get("start", 0), a.get("end"))]


def constant(a):
    value = next(a[key] for key in ("value", "value_float", "value_floats", "value_int",
                                    "value_ints") if key in a)
    return as_tensor(value) if isinstance(value, TensorProto) else torch.tensor(value)


OPERATORS = {
    "Add": lambda a, x, y: x + y,
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Cast": cast,
    "Clip": clip,
    "Concat": concat,
    "Constant": constant,
    "Conv": conv,
    "Div": divide,
    "Dropout": lambda a, x, *rest: x,
    "Flatten": flatten,
    "Gather": gather,
    "Gemm": gemm,
    "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdim=True),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": lambda a, x: F.hardswish(x),
    "Identity": lambda a, x: x,
    "LeakyRelu": lambda a, x: F.leaky_relu(x, a.get("alpha", 0.01)),
    "MatMul": lambda a, x, y: x @ y,
    "MaxPool": max_pool,
    "Mul": lambda a, x, y: x * y,
    "Pad": pad,
    "ReduceMean": reduce_mean,
    "Relu": lambda a, x: F.relu(x),
    "Reshape": reshape,
    "Shape": shape_of,
    "Sigmoid": lambda a, x: x.sigmoid(),
    "Slice": cut_out,
    "Split": split,
    "Squeeze": squeeze,
    "Sub": lambda a, x, y: x - y,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}


def title(node):
    """The name that a reader of the file finds the node by."""
    return f"node '{node.name or node.output[0]}' ({node.op_type})"


def unsupported(nodes):
    """A sentence that names nodes with other operators, or None."""
    odd = [node for node in nodes
           if node.op_type not in OPERATORS or node.domain not in ("", "ai.onnx")]
    if not odd:
        return None
    more = f" and {len(odd) - MOST_NAMED} more" if len(odd) > MOST_NAMED else ""
    return "unsupported: " + ", ".join(map(title, odd[:MOST_NAMED])) + more


def as_tensor(filed):
    return torch.from_numpy(np.array(numpy_helper.to_array(filed)))


def settings(node):
    """The attributes of a node as plain values."""
    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value
            for name, value in values.items()}


class Step:
    """One node, ready to run."""

    def __init__(self, node, batched=False):
        """`batched` says that its inputs may be those of several pictures."""
        self.node, self.spent = node, ()
        self.attributes = settings(node) | {"batched": batched, "n_outputs": len(node.output)}

    def __call__(self, values):
        """Adds its results to `values` [by name], and drops what nobody needs after it."""
        inputs = [values[name] if name else None for name in self.node.input]
        try:
            made = OPERATORS[self.node.op_type](self.attributes, *inputs)
        except (Unsupported, RuntimeError, ValueError, IndexError, TypeError) as error:
            raise BackboneError(f"{title(self.node)}: {str(error).splitlines()[0]}") from error
        values.update(zip(self.node.output, made if isinstance(made, (tuple, list)) else [made]))
        for name in self.spent:
            values.pop(name, None)      # a mask or index that nobody asked for was not made
