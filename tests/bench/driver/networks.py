# SPDX-License-Identifier: MIT
"""The forms in which engines get a network: the model file or the expert of a cutout, the
plain form of bench_lower, and ONNX made from that for any batch."""
import hashlib
import json
import pathlib
import random
import subprocess
import sys

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "engines"), str(HERE.parents[1] / "bad-models")]

import onnx_bytes  # noqa: E402
from layers import Network  # noqa: E402


class Build:
    """The programs of a build folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.nnc = self.folder / "nnc" / "cli" / "nnc"
        self.bench = self.folder / "tests" / "bench"
        if not self.nnc.exists():
            sys.exit(f"{self.folder} has no nnc command: expected a build folder, made by "
                     "`meson setup build && meson compile -C build`; name it by --build")

    def json(self, *arguments):
        result = subprocess.run([str(self.nnc), *map(str, arguments), "--json"], text=True,
                                capture_output=True)
        if result.returncode:
            sys.exit(f"nnc {' '.join(map(str, arguments))}: {result.stderr.strip()}")
        return json.loads(result.stdout)


def top_categories(info):
    return [c["path"] for c in info["categories"] if "/" not in c["path"]]


def cutouts_of(info, sizes):
    """{label: cutout}: the full network, then cutouts of as many top categories, the same ones
    in every run."""
    names = top_categories(info)
    chosen = {"full": ""}
    for n in sizes:
        if n < len(names):
            picked = sorted(random.Random(n).sample(names, n))
            chosen[f"{n} of {len(names)}"] = ",".join(picked)
    return chosen


class Forms:
    """Files of one model and cutout, made when first asked for."""

    def __init__(self, build, model, cutout, folder, label):
        self.build, self.model, self.cutout = build, pathlib.Path(model), cutout
        # What was made of another model or cutout must not be taken for this one.
        state = f"{cutout} {self.model.stat().st_mtime_ns} {build.nnc.stat().st_mtime_ns}"
        key = hashlib.sha256(state.encode()).hexdigest()[:8]
        self.stem = folder / f"{self.model.stem}-{label.replace(' ', '-')}-{key}"
        folder.mkdir(parents=True, exist_ok=True)

    def made(self, suffix, make):
        path = pathlib.Path(f"{self.stem}{suffix}")
        if not path.exists():
            make(path)
        return path

    def expert(self, path):
        if self.cutout:
            self.build.json("extract", self.model, "--cutout", self.cutout, "--out", path)
        else:
            path.write_bytes(self.model.read_bytes())

    def onnx(self):
        return self.made(".onnx", self.expert)

    def layers(self):
        def lower(path):
            subprocess.run([str(self.build.bench / "bench_lower"), str(self.onnx()), str(path),
                            f"{path}.weights"], check=True)
        return self.made(".layers", lower)

    def plain(self, batch=1):
        return self.made(f"-plain-{batch}.onnx", lambda path: path.write_bytes(
            plain_onnx(Network(str(self.layers())), batch)))

    def image(self):
        """One picture as the network wants it, and its shape."""
        network = Network(str(self.layers()))
        shape = (1, *network.shapes[network.layers[0].id])
        path = self.made(".input", lambda path: numpy.random.default_rng(7)
                         .standard_normal(shape).astype(numpy.float32).tofile(path))
        return path, shape

    def argument(self, form):
        return "x".join(map(str, self.image()[1])) if form == "plain" else ""

    def file(self, form):
        return {"onnx": self.onnx, "plain": self.plain, "layers": self.layers}[form]()


def plain_onnx(network, batch=1):
    """ONNX of the plain form, for pictures `batch` at a time."""
    model = onnx_bytes.Model()
    model.nodes, model.initializers, model.taxonomy = [], [], None
    model.inputs = [onnx_bytes.value_info("image", batch, *network.shapes[
        network.layers[0].id])]
    names = {network.layers[0].id: "image"}
    for layer in network.layers[1:]:
        if layer.kind == "output":
            model.outputs = [onnx_bytes.value_info(names[layer.id], batch,
                                                   network.shapes[layer.id][0])]
        else:
            names[layer.id] = add_layer(model, layer, names)
    return model.encode()


def add_layer(model, layer, names):
    attr_ints, name = onnx_bytes.attr_ints, f"v{layer.id}"

    def node(operator, inputs, *attributes, suffix=""):
        model.nodes.append(onnx_bytes.node(operator, inputs, [name + suffix], *attributes))
        return name + suffix

    x = names[layer.inputs[0]]
    if layer.kind in ("conv", "gemm"):
        for part in ("weight", "bias"):
            array = getattr(layer, part)
            model.initializers.append(onnx_bytes.tensor(
                f"{name}/{part}", array.shape, raw=array.astype("<f4").tobytes()))
        operands = [x, f"{name}/weight", f"{name}/bias"]
    last = layer.low == -float("inf") and layer.high == float("inf")
    if layer.kind == "conv":
        x = node("Conv", operands, attr_ints("kernel_shape", *layer.kernel),
                 attr_ints("strides", *layer.stride), attr_ints("pads", *layer.pads),
                 attr_ints("dilations", *layer.dilation),
                 onnx_bytes.attr_i("group", layer.groups),
                 suffix="" if last and layer.residual is None else "/conv")
        if layer.residual is not None:
            x = node("Add", [x, names[layer.residual]], suffix="" if last else "/sum")
    elif layer.kind == "gemm":
        x = node("Gemm", operands, onnx_bytes.attr_i("transB", 1), suffix="" if last else "/g")
    elif layer.kind == "add":
        x = node("Add", [names[i] for i in layer.inputs])
    elif layer.kind == "average":
        x = node("GlobalAveragePool", [x], suffix="/pooled")
        x = node("Flatten", [x], onnx_bytes.attr_i("axis", 1))
    elif layer.kind == "concat":
        x = node("Concat", [names[i] for i in layer.inputs], onnx_bytes.attr_i("axis", 1))
    if last:
        return x
    if layer.low == 0 and layer.high == float("inf"):
        return node("Relu", [x])
    limits = []
    for part, value in (("low", layer.low), ("high", layer.high)):
        model.initializers.append(onnx_bytes.tensor(f"{name}/{part}", [], [value]))
        limits.append(f"{name}/{part}")
    return node("Clip", [x, *limits])
