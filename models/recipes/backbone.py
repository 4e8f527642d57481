# SPDX-License-Identifier: MIT
"""A trained classifier in an ONNX file, from which `models/convert` takes the trunk.

Reads the file, refuses what is no classifier of one picture, gives every tensor the shape it has
for one picture, and takes out the nodes before a cut. Nodes and weights are never changed, with two
exceptions: arithmetic on shapes is replaced by its results, and three operators that were written
otherwise before opset 13 are written anew.
"""
import copy
import dataclasses
import hashlib
import json
import pathlib

import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from onnx_operators import BackboneError, Step, as_tensor, unsupported

OPSETS = (11, 21)
PARTS_OPSET = 17                    # of what is taken out, unless the backbone's is newer
EXPORT = "models/README.md says how to export it"


@dataclasses.dataclass(frozen=True)
class Backbone:
    """`model` has the shapes of one picture [1, 3, size, size]; `image` is its input. `mean` and
    `std` are None unless the file says how its input is normalised."""

    path: pathlib.Path
    digest: str
    model: onnx.ModelProto
    image: str
    size: int
    mean: object = None
    std: object = None

    @property
    def opset(self):
        return opset_of(self.model)


@dataclasses.dataclass(frozen=True)
class Part:
    """The nodes that make `output` [1, *shape] from the picture `image` [1, 3, size, size]."""

    nodes: list
    initializers: list
    image: str
    output: str
    size: int
    shape: tuple
    opset: int
    ir_version: int

    def __deepcopy__(self, memo):
        return self                     # nothing changes it, and weights are large


def opset_of(model):
    return next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)


def what_it_is(path):
    """A hint for files that are something else."""
    with open(path, "rb") as file:
        start = file.read(8)
    if start.startswith(b"PK") or path.suffix in (".pt", ".pth"):
        return f"it looks like a PyTorch file; {EXPORT}"
    if start.startswith(b"\x89HDF") or path.suffix in (".h5", ".keras"):
        return f"it looks like a Keras file; {EXPORT}"
    return "expected a classifier in the ONNX format"


def load(path):
    """The model as it is filed, weights included."""
    try:
        model = onnx.load(str(path))        # onnx 1.12 finds weights beside strings only
        if not model.graph.node:
            raise BackboneError(f"{path} is no ONNX model: {what_it_is(path)}")
        opset = opset_of(model)
        if not OPSETS[0] <= opset <= OPSETS[1]:
            raise BackboneError(f"{path}: opset {opset}; expected {OPSETS[0]} to {OPSETS[1]}")
        if opset > onnx.defs.onnx_opset_version():
            raise BackboneError(
                f"{path}: opset {opset}, but onnx {onnx.__version__} here knows opsets up to "
                f"{onnx.defs.onnx_opset_version()}; export it with an older one")
        onnx.checker.check_model(model)
    except DecodeError:
        raise BackboneError(f"{path} is no ONNX model: {what_it_is(path)}")
    except onnx.checker.ValidationError as error:
        raise BackboneError(f"{path}: {str(error).strip().splitlines()[0]}")
    return model


def dimension(axis):
    """A number, or None where the file has a symbol."""
    return axis.dim_value if axis.dim_value > 0 else None


def picture_input(model, path):
    """The input that is the picture, and its dimensions."""
    filed = {i.name for i in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in filed]
    if len(inputs) != 1:
        raise BackboneError(f"{path}: {len(inputs)} inputs ({', '.join(i.name for i in inputs)}); "
                            "expected one picture")
    kind = inputs[0].type.tensor_type
    shape = [dimension(axis) for axis in kind.shape.dim]
    said = f"{path}: input '{inputs[0].name}' is " + str(shape).replace("None", "?")
    if kind.elem_type != TensorProto.FLOAT:
        raise BackboneError(f"{path}: input '{inputs[0].name}' is of type "
                            f"{TensorProto.DataType.Name(kind.elem_type)}, expected FLOAT")
    if len(shape) == 4 and shape[3] == 3 and shape[1] != 3:
        raise BackboneError(f"{said}, channels last; expected [1, 3, height, width]: export it "
                            "with tf2onnx --inputs-as-nchw")
    if len(shape) != 4 or shape[0] not in (None, 1) or shape[1] not in (None, 3):
        raise BackboneError(f"{said}, expected one picture [1, 3, height, width]")
    return inputs[0], shape


def size_of(shape, size, path):
    """The edge of the picture, from the file and `--size`."""
    height, width = shape[2:]
    if height and width and height != width:
        raise BackboneError(f"{path}: takes pictures of {height}x{width}; the recipes need "
                            "square ones")
    filed = height or width
    if size and filed and size != filed:
        raise BackboneError(f"{path}: takes pictures of {filed}x{filed}, --size says {size}")
    if not size and not filed:
        raise BackboneError(f"{path}: takes pictures of any size; --size N must say which")
    return size or filed


def fold_shapes(graph, image, size):
    """Replaces arithmetic on shapes, all known for one picture of this size, by its results."""
    if all(node.op_type != "Shape" for node in graph.node):
        return
    values = {filed.name: as_tensor(filed) for filed in graph.initializer}
    constant, folded, kept = set(values), set(), []
    values[image] = torch.zeros(1, 3, size, size)
    for node in graph.node:
        inputs = {name for name in node.input if name}
        known = not unsupported([node]) and inputs <= values.keys()
        if known:
            Step(node)(values)
        if known and (node.op_type == "Shape" or inputs <= constant):
            constant.update(node.output)
        if known and (node.op_type == "Shape" or inputs <= constant and inputs & folded):
            folded.update(node.output)
        else:
            kept.append(node)
    graph.initializer.extend(numpy_helper.from_array(values[name].numpy(), name)
                             for name in sorted(folded))
    kept = [copy.deepcopy(node) for node in kept]
    del graph.node[:]
    graph.node.extend(kept)


def with_shapes(model, image, size):
    """The model for one picture of this size, with all shapes that ONNX can infer."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for value in fixed.graph.input:
        if value.name == image:
            value.CopyFrom(helper.make_tensor_value_info(image, TensorProto.FLOAT,
                                                         [1, 3, size, size]))
    fold_shapes(fixed.graph, image, size)
    del fixed.graph.value_info[:]
    for value in fixed.graph.output:
        value.type.tensor_type.ClearField("shape")
    return onnx.shape_inference.infer_shapes(fixed)


def own_normalisation(model, path):
    """(mean, deviation) of a model with a taxonomy, or (None, None)."""
    filed = {p.key: p.value for p in model.metadata_props}.get("nnc.taxonomy")
    if filed is None:
        return None, None
    try:
        spec = json.loads(filed)["input"]
        channels, mean, std = spec.get("channels", "RGB"), tuple(spec["mean"]), tuple(spec["std"])
    except (ValueError, KeyError, TypeError):
        raise BackboneError(f"{path}: its nnc.taxonomy cannot be read")
    if channels != "RGB":
        raise BackboneError(f"{path}: takes {channels}, the recipes have RGB")
    return mean, std


def read(path, size=None):
    """The backbone in a file; `size` where the file leaves it open."""
    path = pathlib.Path(path)
    model = load(path)
    image, shape = picture_input(model, path)
    size = size_of(shape, size, path)
    mean, std = own_normalisation(model, path)
    return Backbone(path, hashlib.sha256(path.read_bytes()).hexdigest(),
                    with_shapes(model, image.name, size), image.name, size, mean, std)


def modern(node, initializers):
    """The node as opset 13 and later write it; new constants go into `initializers`."""
    moved = {"Squeeze": "axes", "Unsqueeze": "axes", "Split": "split"}.get(node.op_type)
    if moved is None and node.op_type != "Dropout":
        return node
    plain = onnx.NodeProto()
    plain.CopyFrom(node)
    kept = [a for a in node.attribute if a.name not in (moved, "ratio")]
    given = [a for a in node.attribute if a.name == moved]
    del plain.attribute[:]
    plain.attribute.extend(kept)
    for attribute in given:
        name = f"{node.output[0]}/{moved}"
        values = helper.make_tensor(name, TensorProto.INT64, [len(attribute.ints)],
                                    list(attribute.ints))
        initializers.append(values)
        plain.input.append(name)
    return plain


def take(backbone, nodes, output, shape):
    """The part of the backbone that consists of these nodes, in the order of the file."""
    initializers = []
    if backbone.opset < 13:
        nodes = [modern(node, initializers) for node in nodes]
    wanted = {name for node in nodes for name in node.input}
    filed = [i for i in backbone.model.graph.initializer if i.name in wanted]
    return Part(nodes, filed + initializers, backbone.image, output, backbone.size, tuple(shape),
                max(PARTS_OPSET, backbone.opset), max(8, backbone.model.ir_version))
