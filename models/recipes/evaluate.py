# SPDX-License-Identifier: MIT
"""Measures an exported model on the validation pictures: what the model card states.

    python3 models/recipes/evaluate.py models/shipped/nest-small.onnx
    python3 models/recipes/evaluate.py MODEL --data DIR --taxonomy FILE

Runs the file itself in ONNX Runtime and prints Markdown. Figures: accuracy at every level of the
tree; cutouts of top categories against the full network restricted to the same classes, with
their presence; attention on the top category with a right and with a wrong signal.
"""
import argparse
import functools
import json
import pathlib

import numpy as np
import onnx

import dataset
import measures
import taxonomy
from engine import open_session, takes_batches

ATTENTION = [(1.1, 1.0), (1.1, 0.9), (1.1, 0.8), (1.2, 1.0), (1.2, 0.85), (1.3, 1.0), (1.3, 0.95),
             (1.5, 1.0), (2.0, 1.0), (1.25, 0.75), (1.5, 0.75), (1.5, 0.5)]
BATCH = 50
N_COMPARED = 8
# Operators that, as export.py and exporters of trunks use them, treat each picture of a batch by
# itself.
PICTURE_BY_PICTURE = {"Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv",
                      "Flatten", "Gather", "Gemm", "GlobalAveragePool", "HardSigmoid",
                      "HardSwish", "LeakyRelu", "MaxPool", "Mul", "Relu", "Sigmoid"}


def for_batches(model):
    """The same graph, only its declared shapes changed to any number of pictures."""
    image = [value for value in model.graph.input if value.name == "image"]
    for value in (*image, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "pictures"
    return model.SerializeToString()


class Model:
    """An exported model and its engine, with what its taxonomy says."""

    def __init__(self, path):
        model = onnx.load(path)
        properties = {p.key: p.value for p in model.metadata_props}
        self.taxonomy = json.loads(properties["nnc.taxonomy"])
        self.data = properties.get("nnc.data")
        self.nested = "attention" in self.taxonomy
        self.tree = tree = taxonomy.of_model(self.taxonomy["categories"])
        chains = [tree.chain(number) for number in tree.classes]
        self.depth = max(map(len, chains))
        # ancestor[level][label]; a class above that level stands for itself.
        self.ancestor = np.array([[c[min(level, len(c) - 1)] for c in chains]
                                  for level in range(self.depth)])
        self.top_of_label = np.searchsorted(tree.top, self.ancestor[0])
        self.path = path

    @functools.cached_property
    def session(self):
        return open_session(self.path)

    @functools.cached_property
    def batched(self):
        """The file for many pictures at once, or None if its operators may mix them."""
        if not takes_batches():
            return None
        model = onnx.load(self.path)
        separate = all(node.op_type in PICTURE_BY_PICTURE for node in model.graph.node)
        return open_session(for_batches(model)) if separate else None

    def gains(self, gain):
        """An attention vector with the same gain for every top category."""
        gains = np.ones(len(self.tree), np.float32)
        gains[self.tree.top] = gain
        return gains

    def feeds(self, pixels, gains):
        """The inputs for uint8 pictures [N, 3, S, S]."""
        mean, std = (np.array(self.taxonomy["input"][key], np.float32).reshape(3, 1, 1)
                     for key in ("mean", "std"))
        feeds = {"image": (pixels / np.float32(255) - mean) / std}
        return feeds if gains is None else feeds | {"attention": gains}

    def run(self, session, pixels, gains, batch):
        """Logits and presence, `batch` pictures at a time."""
        outputs = ["logits", "presence"] if self.nested else ["logits"]
        rows = [session.run(outputs, self.feeds(pixels[i:i + batch], gains))
                for i in range(0, len(pixels), batch)]
        columns = [np.concatenate(part) for part in zip(*rows)]
        return columns if self.nested else (columns[0], None)

    def predict(self, pictures, gains=None):
        """Logits and presence of the validation pictures; presence is None if the model has none.

        Runs in batches if the first pictures get the same bits so as they get one by one."""
        pixels = pictures.pixels[pictures.validation]
        if self.batched:
            few = pixels[:N_COMPARED]
            logits, _ = self.run(self.batched, few, gains, N_COMPARED)
            if not np.array_equal(logits, self.run(self.session, few, gains, 1)[0]):
                self.batched = None
        return (self.run(self.batched, pixels, gains, BATCH) if self.batched
                else self.run(self.session, pixels, gains, 1))


def accuracy(model, logits, label):
    """One line: top-1, top-5, and each level above the classes."""
    order = np.argsort(-logits, 1, kind="stable")
    figures = [f"top-1 {(order[:, 0] == label).mean():.2%}",
               f"top-5 {(order[:, :5] == label[:, None]).any(1).mean():.2%}"]
    exponent = np.exp(logits - logits.max(1, keepdims=True))
    for level in range(model.depth - 1):
        groups, place = np.unique(model.ancestor[level], return_inverse=True)
        sums = np.stack([exponent[:, place == g].sum(1) for g in range(len(groups))], 1)
        name = "superclass" if model.depth == 2 else f"level {level + 1}"
        figures.append(f"{name} {(sums.argmax(1) == place[label]).mean():.2%}")
    return ", ".join(figures)


def cutouts(model, logits, presence, label):
    """Tasks of k top categories: twenty random ones for each k, or all if there are no more."""
    lines = ["| top categories in the cutout | top-1 of the cutout | top-1 of the full network "
             "| presence AUROC | presence accuracy (balanced) |", "|---|---|---|---|---|"]
    threshold = model.taxonomy["presence"]["threshold"]
    superclass = model.top_of_label[label]
    presence = presence[:, model.tree.top]
    for k, tasks in measures.tasks_by_size(len(model.tree.top)).items():
        rows = []
        for task in tasks:
            inside, best = np.isin(superclass, task), presence[:, task].max(1)
            kept = measures.kept_top1(logits, label, model.top_of_label, task)
            found = measures.detection(measures.sigmoid(best), inside, threshold)
            rows.append([kept[inside].mean(), (logits.argmax(1) == label)[inside].mean(),
                         measures.auroc(best, inside), found.balanced])
        cut, full, area, balanced = np.mean(rows, 0)
        lines.append(f"| {k} | {cut:.2%} | {full:.2%} | {area:.3f} | {balanced:.2%} |")
    return lines


def attention(model, pictures, label):
    """Curves over gains; a wrong signal is the mean over all other top categories."""
    lines = ["| gain of the signalled category | gain of the others | top-1, right signal "
             "| top-1, wrong signal |", "|---|---|---|---|"]
    outputs = {gain: measures.SignalledOutputs(model.predict(pictures, model.gains(gain))[0],
                                               label, model.top_of_label)
               for gain in sorted({1.0, *sum(ATTENTION, ())})}
    neutral = measures.right_signal(outputs[1.0], outputs[1.0])
    best = (neutral, neutral, 1.0, 1.0)
    for enhance, inhibit in ATTENTION:
        pair = outputs[enhance], outputs[inhibit]
        right, wrong = measures.right_signal(*pair), measures.wrong_signal(*pair)
        lines.append(f"| {enhance} | {inhibit} | {right:.2%} | {wrong:.2%} |")
        if neutral - wrong <= measures.MOST_WRONG_COST:
            best = max(best, (right, wrong, enhance, inhibit))
    right, wrong, enhance, inhibit = best
    return lines + [
        "", f"Default gains: {enhance} for the category that is expected, {inhibit} for the others. "
        f"A right signal raises top-1 by {100 * (right - neutral):.1f} points, a wrong one costs "
        f"{100 * (neutral - wrong):.1f}; of the pairs above that cost at most "
        f"{100 * measures.MOST_WRONG_COST:.0f} point it is the one that helps most."]


def report(path, pictures):
    """All tables, as lines of Markdown."""
    model = Model(path)
    label = pictures.label[pictures.validation]
    logits, presence = model.predict(pictures)
    yield accuracy(model, logits, label)
    if model.nested and len(model.tree.top) > 1:
        yield ""
        yield from cutouts(model, logits, presence, label)
        yield ""
        yield from attention(model, pictures, label)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--data", default="cifar100")
    parser.add_argument("--taxonomy", type=pathlib.Path)
    options = parser.parse_args()
    size = Model(options.model).taxonomy["input"]["size"][0]
    for line in report(options.model, dataset.load(options.data, options.taxonomy, size)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
