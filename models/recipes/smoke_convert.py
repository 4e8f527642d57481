# SPDX-License-Identifier: MIT
"""Half a minute of `models/convert`: does it make a nested network of an ordinary one?

    python3 models/recipes/smoke_convert.py [DIR]       DIR is where it works

Writes a small backbone with random weights and converts it on the pictures of `smoke.py`: bad
input is refused with a sentence, the trunk in the result is the backbone's bit for bit, the
branches know the shapes, a cut run resumes. The functions that stand for ONNX operators are held
against the answers of ONNX Runtime in `tests/golden/ops`. If there is an `nnc` command ($NNC, or in
a build folder), it must load the result. Exit status 0, or a message; 77 if a module is missing.
"""
import contextlib
import io
import json
import os
import pathlib
import runpy
import subprocess
import sys

import command_line

command_line.skip_without("PIL")
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

import layers
import onnx_operators
from backbone import Part, opset_of
from export import randomise_statistics
from onnx_trunk import FrozenPart
from onnx_writer import GraphWriter
from smoke import check_resume, in_folder, require

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZE = 32
N_EPOCHS = 6
LEAST_ACCURACY = 0.6                # six classes: chance is 0.17
CUT = "squeezed"
MIX_PICTURES = {"flatten_axis_2", "slice_all_axes"}     # no trunk may
REFUSED = {"Softmax", "node 'x' (MaxPool): uneven padding with ceil_mode"}


def write_squeeze(graph, x, width):
    """Squeeze and excitation: each channel times a function of all channels' averages."""
    pooled = graph.node("GlobalAveragePool", [x], "squeeze/pool")
    weight = graph.parameter("squeeze/weight", torch.randn(width, width, 1, 1) / width ** 0.5)
    gate = graph.node("HardSigmoid", [graph.node("Conv", [pooled, weight], "squeeze/conv")],
                      "squeeze/gate")
    return graph.node("Mul", [x, gate], CUT)


def make_backbone():
    """A classifier of three classes with random weights and some of the usual blocks."""
    torch.manual_seed(0)
    stem, end = layers.conv_bn(3, 16), torch.nn.Linear(48, 3)
    low, high = layers.Residual(16, 24), layers.Residual(24, 48, 2)
    inverted = layers.Inverted(24, 24)
    for block in (stem, low, inverted, high):
        randomise_statistics(block)
    graph = GraphWriter()
    x = graph.add_input("picture", [1, 3, SIZE, SIZE])
    x = graph.relu(graph.conv_bn(x, stem, "stem"), "stem/relu")
    x = graph.node("MaxPool", [x], "stem/pool", kernel_shape=[2, 2], strides=[2, 2])
    x = graph.block(graph.block(x, low, "low"), inverted, "inverted")
    x = graph.block(write_squeeze(graph, x, 24), high, "high")
    graph.head(graph.pooled(x, "end"), end, slice(None), "scores")
    graph.add_output("scores", [1, 3])
    return graph.model("backbone", {})


def with_input(model, *shape):
    """The same with another input."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changed.graph.input[0].CopyFrom(
        helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape))
    return changed


def convert(*arguments):
    """Runs the command here, which saves starting PyTorch; (exit status, all it said)."""
    said, status = io.StringIO(), 0
    command, sys.argv = sys.argv, ["models/convert", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            runpy.run_path(str(ROOT / "models" / "convert"), run_name="__main__")
    except SystemExit as error:
        status = error.code
    finally:
        sys.argv = command
    if isinstance(status, str):
        return 1, said.getvalue() + status
    return status, said.getvalue()


def bad_backbones(work, model):
    """Files that are refused, as (what it is, path, words of the message)."""
    two = with_input(model, 1, 3, SIZE, SIZE)
    two.graph.input.add().CopyFrom(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    odd = with_input(model, 1, 3, SIZE, SIZE)
    next(node for node in odd.graph.node if node.name == "stem/relu").op_type = "Elu"
    mixing = with_input(model, 1, 3, SIZE, SIZE)
    place = next(node for node in mixing.graph.node if node.name == "stem/relu")
    place.CopyFrom(helper.make_node("ReduceMean", place.input, place.output, place.name, axes=[0]))
    old = with_input(model, 1, 3, SIZE, SIZE)
    old.opset_import[0].version = 9
    side = with_input(model, 1, 3, SIZE, SIZE)
    onnx.external_data_helper.convert_model_to_external_data(side, location="lost.data",
                                                             size_threshold=64)
    models = [("an input of open size", with_input(model, "N", 3, "H", "W"), "--size"),
              ("channels last", with_input(model, 1, SIZE, SIZE, 3), "inputs-as-nchw"),
              ("a batch of eight", with_input(model, 8, 3, SIZE, SIZE), "one picture"),
              ("oblong pictures", with_input(model, 1, 3, SIZE, 64), "square"),
              ("two inputs", two, "2 inputs"), ("an old opset", old, "opset 9"),
              ("an unknown operator", odd, "stem/relu"),
              ("a mean over pictures", mixing, "by itself"), ("lost weights", side, "lost.data")]
    for number, (what, broken, words) in enumerate(models):
        path = work / f"bad{number}.onnx"
        onnx.save(broken, str(path))    # onnx 1.12 puts weights beside strings only
        (work / "lost.data").unlink(missing_ok=True)
        yield what, path, words
    for name, content, words in (("text.onnx", b"layers: 3\n", "is no ONNX model"),
                                 ("empty.onnx", b"", "is no ONNX model"),
                                 ("weights.pt", b"PK\x03\x04 torch", "PyTorch file")):
        (work / name).write_bytes(content)
        yield name, work / name, words
    yield "an absent file", work / "absent.onnx", "No such file"
    yield "a folder", work, "Is a directory"


def check_refusals(work, pictures, model, path):
    """Bad input, and the words that the message must have."""
    (work / "folder.onnx").mkdir()
    enough = ("--data", pictures, "--out", work / "x.onnx")
    cases = [(what, ("--backbone", bad, "--cut", CUT, *enough), words)
             for what, bad, words in bad_backbones(work, model)]
    good = ("--backbone", path)
    cases += [
        ("an unknown cut", (*good, *enough, "--cut", "squeeze/gait"), "near: squeeze/gate"),
        ("a cut beside a residual", (*good, *enough, "--cut", "low/relu1"), "crosses"),
        ("a cut at a row of numbers", (*good, *enough, "--cut", "end/pool/flat"), "has shape"),
        ("another size", (*good, *enough, "--size", 64), "--size says 64"),
        ("no data", (*good, "--out", work / "x.onnx"), "--data is missing"),
        ("a folder as output", (*good, "--data", pictures, "--out", work / "folder.onnx"),
         "is a folder"),
        ("a mean alone", (*good, *enough, "--mean", "0.5"), "belong together"),
        ("a mean of two", (*good, *enough, "--mean", "0.5,0.5", "--std", "1"), "three"),
        ("an architecture without branches", (*good, *enough, "--arch", "seq-tiny"),
         "no branches"),
        ("an absent folder of pictures", (*good, "--data", work / "no", "--cut", CUT, "--out",
                                          work / "x.onnx"), "is no folder")]
    for what, arguments, words in cases:
        status, said = convert(*arguments)
        require(status and words in said, f"refuses {what}", said)


def difference(model, case):
    """Largest difference to the recorded answer, for the picture alone and among others."""
    shape = [axis.dim_value for axis in model.graph.input[0].type.tensor_type.shape.dim[1:]]
    image = torch.tensor(case["input"]).float().reshape(shape)
    part = Part(list(model.graph.node), list(model.graph.initializer), model.graph.input[0].name,
                model.graph.output[0].name, shape[-1], (1,), opset_of(model), model.ir_version)
    expected = torch.tensor(case["logits"]).float()
    rows = FrozenPart(part)(torch.stack([image, image.flip(2), image]))[::2]
    return float((rows - expected).abs().max() / expected.abs().max())


def check_operators():
    """What ONNX Runtime answered for each model of one operator."""
    worst, refused = {}, set()
    for file in sorted((ROOT / "tests" / "golden" / "ops").glob("*.json")):
        golden = json.loads(file.read_text())
        model = onnx.load(str(file.parent / golden["model"]))
        if file.stem in MIX_PICTURES:
            continue
        if onnx_operators.unsupported(model.graph.node):
            refused |= {node.op_type for node in model.graph.node} - set(onnx_operators.OPERATORS)
            continue
        try:
            worst[file.stem] = difference(model, golden["cases"][0])
        except onnx_operators.BackboneError as error:
            refused.add(str(error))
    far = {name for name, error in worst.items() if not error < 1e-4}
    require(refused == REFUSED, "what the operators' functions refuse", str(refused))
    require(len(worst) > 100 and not far, f"{len(worst)} models of one operator each give what "
            "ONNX Runtime gave", str(far))


def check_same_weights(model, path):
    """Nodes and weights before the cut are in the result as they were."""
    result = onnx.load(path).graph
    filed = {i.name: i.raw_data for i in result.initializer}
    nodes = {node.name: node for node in result.node}
    before = [node.name for node in model.graph.node]
    before = before[:before.index(CUT) + 1]
    weights = {i.name: i.raw_data for i in model.graph.initializer}
    used = {name for node in model.graph.node if node.name in before for name in node.input}
    require(all(nodes[f"trunk/{name}"].attribute == node.attribute for name, node in
                zip(before, model.graph.node)), f"the trunk has the backbone's {len(before)} nodes")
    frozen = used & set(weights)
    require(len(frozen) > 20 and all(filed[f"trunk/{name}"] == weights[name] for name in frozen),
            f"its {len(frozen)} weights are the backbone's, bit for bit")


def check_by_nnc(path):
    """The command must load what was made; it is not there in every place."""
    found = [os.environ.get("NNC"), *sorted(ROOT.glob("build*/nnc/cli/nnc"))]
    command = next((str(name) for name in found if name), None)
    if command is None:
        print("skipped: no nnc command; NNC may name it")
        return
    done = subprocess.run([command, "info", str(path), "--cutout", "warm"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 127:
        print(f"skipped: {command} does not run here")
        return
    require(done.returncode == 0 and "warm" in done.stdout, "nnc loads it", done.stdout)


def check_conversion(work, pictures, taxonomy, model, path):
    """From backbone to model and card, twice: the second time it has nothing to do."""
    out = work / "shapes.onnx"
    arguments = ("--backbone", path, "--cut", CUT, "--data", pictures, "--taxonomy", taxonomy,
                 "--arch", "nest-tiny", "--mean", "0.4", "--std", "0.2,0.2,0.25", "--epochs",
                 N_EPOCHS, "--threads", 1, "--run", work / "run", "--out", out)
    status, said = convert(*arguments)
    require(status == 0 and out.exists(), "converts and writes the model", said)
    check_same_weights(model, out)
    card = out.with_suffix(".md").read_text()
    top1 = float(card.split("top-1 ")[1].split("%")[0]) / 100
    require(top1 >= LEAST_ACCURACY, f"top-1 on validation pictures {top1:.1%}", said)
    require(f"`{CUT}`" in card and "SHA-256 of `backbone.onnx`" in card, "the card names the cut")
    check_by_nnc(out)
    status, said = convert(*arguments)
    require(status == 0 and f"resumed after {N_EPOCHS} epochs" in said,
            "a finished run is not repeated", said)
    status, said = convert(*arguments, "--cut", "stem/pool")
    require(status and "name another --run" in said, "another cut is another run", said)


def check_cuts(path):
    status, said = convert("--backbone", path, "--list-cuts")
    names = [line.split()[0] for line in said.splitlines()[1:-1]]
    require(status == 0 and names == ["stem/relu", "stem/pool", "low/relu2", "inverted/add", CUT,
                                      "high/relu2"], "lists the cuts", said)
    require(" auto" in said.splitlines()[2], "the smallest cheap features are the rule's", said)


def check_resumed_conversion(work, pictures, taxonomy, path):
    import argparse

    import convert as recipe
    parser = argparse.ArgumentParser()
    recipe.add_options(parser)

    def make_run(name):
        return recipe.start(parser.parse_args(
            ["--backbone", str(path), "--cut", CUT, "--data", str(pictures), "--taxonomy",
             str(taxonomy), "--arch", "nest-tiny", "--epochs", "2", "--steps", "4", "--run",
             str(work / name)]))

    check_resume(make_run)


def main(work, pictures, taxonomy):
    os.environ["NNC_SCRATCH"] = str(work / "scratch")
    model, path = make_backbone(), work / "backbone.onnx"
    onnx.save(model, path)
    check_operators()
    check_cuts(path)
    check_refusals(work, pictures, model, path)
    check_conversion(work, pictures, taxonomy, model, path)
    check_resumed_conversion(work, pictures, taxonomy, path)


if __name__ == "__main__":
    in_folder(main)
