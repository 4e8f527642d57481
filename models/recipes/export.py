# SPDX-License-Identifier: MIT
"""Turns a checkpoint of `train.py` into an ONNX model with an `nnc.taxonomy`.

    python3 models/recipes/export.py DIR/checkpoint.pt models/shipped/nest-small.onnx
    python3 models/recipes/export.py --untrained random.onnx

The stacked class convolutions are taken apart, so that every category is a chain of nodes
of its own. The presence threshold is calibrated on the validation pictures. The file is then
run by ONNX Runtime and must give what PyTorch gives.
"""
import argparse
import json
import os
import pathlib

import numpy as np
import onnx
import torch

import dataset
from archs import ARCHS
from augment import normalise
from converted import ConvertedTrunk
from engine import open_session
from measures import calibrate_threshold
from nest import Nest
from onnx_writer import GraphWriter
from train import load_checkpoint, make_net, predict

TOLERANCE = 1e-4
N_CHECKED = 16
TRUNK_BLOCKS = ("low", "mid", "high", "top", "fifth", "sixth", "seventh", "eighth")
BRANCH_BLOCKS = ("first", "second", "third", "fourth")


def describe_categories(taxonomy, nested):
    """The `categories` of the taxonomy; only those of a nested network have features."""
    described = []
    for number, category in enumerate(taxonomy.categories):
        entry = {"name": category.name, "parent": category.parent}
        if nested:
            entry |= {"gain": number, "presence": number,
                      "features": f"{taxonomy.path(number)}/features"}
        if category.label is not None:
            entry |= {"logit": category.label, "label": category.label}
            if category.folder != category.name:
                entry["aliases"] = [category.folder]
        described.append(entry)
    return described


def describe(shape, taxonomy, threshold):
    """The whole `nnc.taxonomy`; `threshold` is None for a network without presence."""
    described = {"version": 1,
                 "input": {"name": "image", "size": [shape.size] * 2, "channels": "RGB",
                           "mean": list(shape.mean), "std": list(shape.std), "fit": "crop"},
                 "logits": "logits"}
    if threshold is not None:
        described |= {"presence": {"output": "presence", "threshold": threshold},
                      "attention": {"input": "attention"}}
    return described | {"categories": describe_categories(taxonomy, threshold is not None)}


def write_blocks(graph, x, blocks, place, names=BRANCH_BLOCKS):
    for name, block in zip(names, blocks):
        x = graph.block(x, block, f"{place}/{name}")
    return x


class NestWriter:
    """Writes the branches of a network, category by category."""

    def __init__(self, graph, net, taxonomy):
        self.graph, self.net, self.taxonomy = graph, net, taxonomy
        self.logits = [None] * len(taxonomy.classes)
        self.presence = [None] * len(taxonomy)

    def write_nested(self, x, part):
        """The classes and the branches directly under the trunk or one branch."""
        if part.leaves is not None:
            for i, number in enumerate(part.leaves.classes):
                self.write_class(x, part.leaves.conv, i, number)
        for branch in part.branches:
            self.write_branch(x, branch)

    def write_branch(self, x, branch):
        place, number = self.taxonomy.path(branch.number), branch.number
        x = write_blocks(self.graph, x, branch.blocks, place)
        features = self.graph.gain(x, "attention", number, place)
        pooled = self.graph.pooled(features, place)
        level = self.taxonomy.level(number)
        row = self.net.levels[level].index(number)
        self.presence[number] = self.graph.head(pooled, self.net.level_presence[level], row,
                                                f"{place}/presence")
        self.write_nested(features, branch)

    def write_class(self, x, stacked, i, number):
        place, row = self.taxonomy.path(number), self.net.row_of_class[number]
        width = self.net.leaf_width
        x = self.graph.conv_bn(x, stacked, place, rows=slice(i * width, (i + 1) * width))
        x = self.graph.gain(self.graph.relu(x, f"{place}/relu"), "attention", number, place)
        pooled = self.graph.pooled(x, place)
        label = self.taxonomy.categories[number].label
        self.logits[label] = self.graph.head(pooled, self.net.logit, row, f"{place}/logit")
        self.presence[number] = self.graph.head(pooled, self.net.class_presence, row,
                                                f"{place}/presence")


def write_nest(graph, x, net, taxonomy):
    """From the trunk's features `x` to both outputs."""
    graph.add_input("attention", [len(taxonomy)])
    graph.initializer("attention", np.ones(len(taxonomy), np.float32))
    writer = NestWriter(graph, net, taxonomy)
    writer.write_nested(x, net)
    for output, parts in (("logits", writer.logits), ("presence", writer.presence)):
        graph.node("Concat", parts, output, axis=1)
        graph.add_output(output, [1, len(parts)])


def write_sequence(graph, x, net, taxonomy):
    graph.head(graph.pooled(x, "trunk"), net.logit, slice(None), "logits")
    graph.add_output("logits", [1, len(taxonomy.classes)])


def free_place(name, taxonomy):
    """The first word of names that no category has."""
    tops = {taxonomy.categories[n].name for n in taxonomy.top}
    while name in tops:
        name = f"shared_{name}"
    return name


def write_trunk(graph, x, trunk, taxonomy):
    place = free_place("trunk", taxonomy)
    if isinstance(trunk, ConvertedTrunk):
        x, place = graph.copy(trunk.frozen.part, x, place), free_place("neck", taxonomy)
        if trunk.pool > 1:
            window = [trunk.pool] * 2
            x = graph.node("AveragePool", [x], f"{place}/pool", kernel_shape=window,
                           strides=window)
    else:
        x = graph.relu(graph.conv_bn(x, trunk.stem, f"{place}/stem"), f"{place}/stem/relu")
    return write_blocks(graph, x, trunk.blocks, place, TRUNK_BLOCKS)


def write_model(net, shape, taxonomy, name, threshold, graph=None):
    """The network as an ONNX model, by a new writer or the one given."""
    graph = graph or GraphWriter()
    x = graph.add_input("image", [1, 3, shape.size, shape.size])
    x = write_trunk(graph, x, net.trunk, taxonomy)
    nested = isinstance(net, Nest)
    (write_nest if nested else write_sequence)(graph, x, net, taxonomy)
    description = describe(shape, taxonomy, threshold if nested else None)
    metadata = {"nnc.taxonomy": json.dumps(description)}
    if isinstance(shape, dataset.Dataset):
        metadata["nnc.data"] = shape.name
    return graph.model(name, metadata)


def check_against_pytorch(model, net, shape):
    """Runs the file on noise, with and without attention, and compares every output."""
    session = open_session(model.SerializeToString())
    nested = isinstance(net, Nest)
    outputs = ["logits", "presence"] if nested else ["logits"]
    random = np.random.RandomState(0)
    worst = 0.0
    for i in range(N_CHECKED):
        pixels = random.randint(0, 256, (1, 3, shape.size, shape.size)).astype(np.uint8)
        image, gains, feeds = normalise(torch.from_numpy(pixels), shape.mean, shape.std), None, {}
        if i % 2 and nested:
            gains = random.uniform(0, 2, (1, len(net.place_of_category))).astype(np.float32)
            feeds["attention"], gains = gains[0], torch.from_numpy(gains)
        with torch.no_grad():
            expected = [output for output in net(image, gains) if output is not None]
        feeds["image"] = np.ascontiguousarray(image.numpy())
        for want, got in zip(expected, session.run(outputs, feeds)):
            error = np.abs(want.numpy() - got)
            worst = max(worst, float(np.nanmax(error) / np.abs(want.numpy()).max()))
    if worst > TOLERANCE:
        raise SystemExit(f"{session.engine} and PyTorch differ by {worst:.2g} of the largest "
                         "output")
    print(f"{session.engine} and PyTorch agree to {worst:.2g}")


def randomise_statistics(net):
    """Gives an untrained network normalisation statistics worth testing with."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.3, 1.5)
            torch.nn.init.uniform_(module.weight, 0.6, 1.4)
            torch.nn.init.normal_(module.bias, 0, 0.2)


def untrained(arch, taxonomy):
    torch.manual_seed(0)
    net = make_net(arch, taxonomy)
    randomise_statistics(net)
    return net.eval()


def trained(state, taxonomy):
    """The network of a checkpoint: the average of its weights, where one was kept."""
    net = make_net(state["arch"], taxonomy)
    net.load_state_dict(state.get("average", state["net"]))
    return net.eval()


def calibrate(net, pictures):
    """The presence threshold, from the validation pictures and the top categories."""
    taxonomy = pictures.taxonomy
    if not isinstance(net, Nest):
        return None
    _, presence = predict(net, pictures, pictures.validation)
    top_of_label = np.array([taxonomy.top.index(taxonomy.chain(n)[0])
                             for n in taxonomy.classes])
    truth = top_of_label[pictures.label[pictures.validation]]
    return calibrate_threshold(presence[:, taxonomy.top], truth)


def save(model, net, shape, path):
    """Checks the model and writes it whole or not at all."""
    check_against_pytorch(model, net, shape)
    partial = path.with_name(path.name + ".partial")
    try:
        onnx.save(model, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=pathlib.Path, nargs="?")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--untrained", action="store_true", help="random weights, seed 0")
    parser.add_argument("--arch", default="nest-first", choices=ARCHS, help="with --untrained")
    parser.add_argument("--data", default="cifar100")
    parser.add_argument("--taxonomy", type=pathlib.Path)
    parser.add_argument("--size", type=int)
    options = parser.parse_args()
    if options.untrained == bool(options.checkpoint):
        parser.error("give either a checkpoint or --untrained")

    pictures = dataset.load(options.data, options.taxonomy, options.size)
    if options.untrained:
        arch, net, threshold = options.arch, untrained(options.arch, pictures.taxonomy), 0.5
    else:
        state = load_checkpoint(options.checkpoint)
        if state["data"] != pictures.name:
            parser.error(f"the checkpoint is of --data {state['data']}")
        if state.get("backbone"):
            parser.error("a checkpoint of models/convert: the same command goes on from it and "
                         "writes the model")
        arch, net = state["arch"], trained(state, pictures.taxonomy)
        threshold = calibrate(net, pictures)
    model = write_model(net, pictures, pictures.taxonomy, arch, threshold)
    save(model, net, pictures, options.model)
    print(f"{options.model}: {options.model.stat().st_size} bytes, "
          f"presence threshold {threshold}")


if __name__ == "__main__":
    main()
