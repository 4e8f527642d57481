# SPDX-License-Identifier: MIT
"""Turns a checkpoint of `train.py` into an ONNX model with an `nnc.taxonomy`.

    python3 models/recipes/export.py DIR/checkpoint.pt models/shipped/nest-first.onnx
    python3 models/recipes/export.py --untrained random.onnx

The stacked class convolutions are taken apart, so that every category is a chain of nodes
of its own. The presence threshold is calibrated on the validation pictures. The file is then
run by ONNX Runtime and must give what PyTorch gives.
"""
import argparse
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch

import data
from evaluate import calibrate_threshold, open_session
from nest import CLASS_WIDTH, Nest
from onnx_writer import GraphWriter
from train import normalise, predict

TOLERANCE = 1e-4
N_CHECKED = 16


def describe_categories(net, labels):
    """The `categories` of the taxonomy: depth first, a superclass followed by its classes."""
    categories = []

    def add(name, parent, place):
        number = len(categories)
        categories.append({"name": name, "parent": parent, "gain": number,
                           "presence": number, "features": f"{place}/features"})
        return number

    for superclass, members in zip(labels.superclasses, net.members):
        parent = add(superclass, None, superclass)
        for label in members:
            name = labels.classes[label]
            number = add(name, parent, f"{superclass}/{name}")
            categories[number] |= {"logit": label, "label": label}
    return categories


def describe(net, labels, threshold):
    """The taxonomy, as the model file carries it."""
    return {"version": 1,
            "input": {"name": "image", "size": [data.SIZE, data.SIZE], "channels": "RGB",
                      "mean": list(data.MEAN), "std": list(data.STD), "fit": "crop"},
            "logits": "logits",
            "presence": {"output": "presence", "threshold": threshold},
            "attention": {"input": "attention"},
            "categories": describe_categories(net, labels)}


def write_superclass(graph, trunk, net, number, names, outputs):
    """Nodes of one superclass and its classes; `outputs` gets their logits and presence."""
    superclass, class_names = names
    branch = net.branches[number]
    category = net.category_of_superclass[number].item()
    x = graph.residual(trunk, branch.first, f"{superclass}/first")
    x = graph.residual(x, branch.second, f"{superclass}/second")
    features = graph.gain(x, "attention", category, superclass)
    pooled = graph.pooled(features, superclass)
    outputs["presence"].append(graph.head(pooled, net.superclass_presence, number,
                                          f"{superclass}/presence"))

    for i, (label, name) in enumerate(zip(net.members[number], class_names)):
        place, row = f"{superclass}/{name}", net.position_of_label[label].item()
        channels = slice(i * CLASS_WIDTH, (i + 1) * CLASS_WIDTH)
        x = graph.conv_bn(features, branch.classes, place, rows=channels)
        x = graph.gain(graph.relu(x, f"{place}/relu"), "attention", category + 1 + i, place)
        pooled = graph.pooled(x, place)
        outputs["logits"][label] = graph.head(pooled, net.logit, row, f"{place}/logit")
        outputs["presence"].append(graph.head(pooled, net.class_presence, row,
                                              f"{place}/presence"))


def write_model(net, labels, threshold):
    """The network as an ONNX model."""
    graph = GraphWriter()
    taxonomy = describe(net, labels, threshold)
    n_classes, n_categories = len(labels.classes), len(taxonomy["categories"])

    x = graph.add_input("image", [1, 3, data.SIZE, data.SIZE])
    graph.add_input("attention", [n_categories])
    graph.initializer("attention", np.ones(n_categories, np.float32))

    x = graph.relu(graph.conv_bn(x, net.trunk.stem, "trunk/stem"), "trunk/stem/relu")
    x = graph.residual(x, net.trunk.low, "trunk/low")
    trunk = graph.residual(x, net.trunk.mid, "trunk/mid")

    outputs = {"logits": [None] * n_classes, "presence": []}
    for number, superclass in enumerate(labels.superclasses):
        class_names = [labels.classes[label] for label in net.members[number]]
        write_superclass(graph, trunk, net, number, (superclass, class_names), outputs)
    for name, parts in outputs.items():
        graph.node("Concat", parts, name, axis=1)
        graph.add_output(name, [1, len(parts)])
    return graph.model("nest-first", {"nnc.taxonomy": json.dumps(taxonomy)})


def check_against_pytorch(model, net):
    """Runs the file on noise, with and without attention, and compares every output."""
    session = open_session(model.SerializeToString())
    random = np.random.RandomState(0)
    n_categories = len(net.position_of_category)
    worst = 0.0
    for i in range(N_CHECKED):
        pixels = random.randint(0, 256, (1, 3, data.SIZE, data.SIZE)).astype(np.uint8)
        image, gains, feeds = normalise(torch.from_numpy(pixels)), None, {}
        if i % 2:
            gains = torch.from_numpy(random.uniform(0, 2, (1, n_categories)).astype(np.float32))
            feeds["attention"] = gains[0].numpy()
        with torch.no_grad():
            expected = net(image, gains)
        feeds["image"] = np.ascontiguousarray(image.numpy())
        for want, got in zip(expected, session.run(["logits", "presence"], feeds)):
            error = np.abs(want.numpy() - got).max() / np.abs(want.numpy()).max()
            worst = max(worst, float(error))
    if worst > TOLERANCE:
        raise SystemExit(f"ONNX Runtime and PyTorch differ by {worst:.2g} of the largest output")
    print(f"ONNX Runtime {onnxruntime.__version__} and PyTorch agree to {worst:.2g}")


def randomise_statistics(net):
    """Gives an untrained network normalisation statistics worth testing with."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.3, 1.5)
            torch.nn.init.uniform_(module.weight, 0.6, 1.4)
            torch.nn.init.normal_(module.bias, 0, 0.2)


def load_checkpoint(path, members):
    net = Nest(members)
    net.load_state_dict(torch.load(path, weights_only=True)["net"])
    return net


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=pathlib.Path, nargs="?")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--untrained", action="store_true", help="random weights, seed 0")
    options = parser.parse_args()
    if options.untrained == bool(options.checkpoint):
        parser.error("give either a checkpoint or --untrained")

    labels = data.load_labels()
    if options.untrained:
        torch.manual_seed(0)
        net = Nest(labels.members)
        randomise_statistics(net)
        threshold = 0.5
    else:
        net = load_checkpoint(options.checkpoint, labels.members)
        validation = data.load()[1]
        _, presence = predict(net, validation.pixels)
        threshold = calibrate_threshold(presence[:, net.category_of_superclass],
                                        validation.superclass)
    net.eval()
    model = write_model(net, labels, threshold)
    check_against_pytorch(model, net)
    onnx.save(model, options.model)
    print(f"{options.model}: {options.model.stat().st_size} bytes, "
          f"presence threshold {threshold}")


if __name__ == "__main__":
    main()
