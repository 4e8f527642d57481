# SPDX-License-Identifier: MIT
"""Builds the tiny models of `ops/` from a few lines of ONNX text, and runs any model.

A case is a graph body in ONNX's textual syntax, with weights drawn from a seed that is the
case's name. A body that ends in `x` gets a fully connected head; one that needs another end
writes `logits` itself.
"""
import dataclasses
import json
import zlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, parser

N_CLASSES = 3
IR_VERSION = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10}
PRODUCER = f"onnxruntime {onnxruntime.__version__}"


@dataclasses.dataclass
class Case:
    """One model of `ops/`.

    `weights` maps a name to a shape (random), or to an array (as it is). `categories` are
    tuples (name, parent, features[, logit]); without them the classes are flat. `n_gains` and
    `presence` say whether the body uses an input `attention` and makes an output `presence`.
    `attentions` are run after the neutral case on the same picture.
    `presets` are tasks with names, in the taxonomy.
    """

    name: str
    opset: int
    body: str
    weights: dict
    size: tuple = (3, 6, 5)
    classes: int = N_CLASSES
    categories: list = None
    n_gains: int = 0
    presence: bool = False
    attentions: tuple = ()
    presets: dict = None             # by name
    batch: str = "1"
    external: bool = False
    float_data: bool = False


def draw(random, name, shape):
    """Random weights of a size that keeps activations near one; `variance` is positive."""
    if isinstance(shape, np.ndarray):
        return shape
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if name == "variance":
        return random.uniform(0.3, 1.5, shape).astype(np.float32)
    fan_in = max(int(np.prod(shape[1:])), 1)
    return (random.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)


def parse(case, body, output, shape):
    """The graph of `body` with its inputs, one output and no initializers yet."""
    size = ",".join([case.batch, *map(str, case.size)])
    attention = f", float[{case.n_gains}] attention" if case.n_gains else ""
    text = f"{case.name} (float[{size}] image{attention}) => (float{shape} {output}) {{{body}}}"
    graph = parser.parse_graph(text)
    for node in graph.node:
        node.name = node.output[0]
    if case.presence and output == "logits":
        shape = [1, len(case.categories)]
        graph.output.append(
            helper.make_tensor_value_info("presence", TensorProto.FLOAT, shape))
    return graph


def tensor(array, name, float_data):
    """An initializer; exporters file their values as raw bytes or as a list of numbers."""
    if not float_data:
        return numpy_helper.from_array(array, name)
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor(name, kind, array.shape, array.ravel())


def taxonomy(case):
    """A minimal taxonomy: flat classes, or the given categories."""
    rows = case.categories or [(f"c{i}", None, "x", i) for i in range(case.classes)]
    categories = []
    for i, (name, parent, features, *logit) in enumerate(rows):
        category = {"name": name, "parent": parent, "features": features}
        if case.n_gains:
            category["gain"] = i
        if case.presence:
            category["presence"] = i
        if logit:
            category |= {"logit": logit[0], "label": logit[0]}
        categories.append(category)
    described = {"version": 1,
                 "input": {"name": "image", "size": list(case.size[1:]), "channels": "RGB",
                           "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25],
                           "fit": "crop"},
                 "logits": "logits", "categories": categories}
    if case.presence:
        described["presence"] = {"output": "presence", "threshold": 0.5}
    if case.n_gains:
        described["attention"] = {"input": "attention"}
    if case.presets:
        described["presets"] = case.presets
    return described


def wrap(case, graph, weights):
    """A checked model of a parsed graph."""
    graph.initializer.extend(tensor(array, name, case.float_data)
                             for name, array in weights.items())
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", case.opset)],
                              ir_version=IR_VERSION[case.opset], producer_name="nnc golden")
    described = json.dumps(taxonomy(case), separators=(",", ":"))
    helper.set_model_props(model, {"nnc.taxonomy": described})
    return model


def build(case):
    """The model of a case."""
    random = np.random.RandomState(zlib.crc32(case.name.encode()))
    weights = {name: draw(random, name, shape) for name, shape in case.weights.items()}
    if case.n_gains:
        weights["attention"] = np.ones(case.n_gains, np.float32)
    body = case.body
    if "logits =" not in body:
        headless = wrap(case, parse(case, body, "x", "[]"), weights)
        headless.graph.output[0].type.tensor_type.ClearField("shape")
        x, = run(headless.SerializeToString(), {"image": picture(case.size, 0)}, ["x"])
        weights["head_weight"] = draw(random, "head", (case.classes, x.size))
        weights["head_bias"] = draw(random, "head", (case.classes,))
        body += """
            flat = Flatten(x)
            logits = Gemm<transB = 1>(flat, head_weight, head_bias)"""
    graph = parse(case, body, "logits", f"[{case.batch},{case.classes}]")
    model = wrap(case, graph, weights)
    onnx.checker.check_model(model, full_check=True)
    return model


def picture(size, seed):
    """A smooth random pattern: waves of random direction, in steps of 1/16 from -2 to 2.

    The steps keep the filed numbers short and exact.
    """
    random = np.random.RandomState(seed)
    y, x = np.mgrid[0:size[1], 0:size[2]] / max(size[1:])
    planes = []
    for _ in range(size[0]):
        plane = np.zeros(size[1:])
        for octave in (1, 2, 4, 8):
            across, down, phase = random.standard_normal(3)
            wave = np.sin(2 * np.pi * octave * (across * x + down * y) + 2 * np.pi * phase)
            plane += wave / octave
        planes.append(plane)
    return (np.clip(np.round(np.array(planes) * 16) / 16, -2, 2)).astype(np.float32)[None]


def run(model, feeds, outputs):
    """Runs a path or bytes without graph optimisation, on one thread."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(outputs, feeds)


def numbers(array):
    """Plain floats with nine significant digits: enough to name every float exactly."""
    return [int(value) if value == int(value) else float(f"{value:.9g}")
            for value in np.ravel(array)]


def record(model, pictures, attentions, outputs):
    """The cases of a model file: every picture, plain and attended to."""
    cases = []
    for image in pictures:
        for attention in (None, *attentions):
            feeds, case = {"image": image}, {}
            if attention is None:
                case["input"] = numbers(image)
            else:
                feeds["attention"] = np.array(attention, np.float32)
                case["attention"] = numbers(attention)
            results = run(str(model), feeds, outputs)
            cases.append(case | {name: numbers(result)
                                 for name, result in zip(outputs, results)})
    return cases


def write(path, model_name, cases):
    """Writes a golden file, one case a line."""
    head = json.dumps({"model": model_name, "producer": PRODUCER}, separators=(",", ":"))
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    path.write_text(f'{head[:-1]},"cases":[\n{lines}\n]}}\n')
