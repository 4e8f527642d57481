# SPDX-License-Identifier: MIT
"""Measures an exported model on the validation pictures: what the model card states.

    python3 models/recipes/evaluate.py models/shipped/nest-first.onnx
    python3 models/recipes/evaluate.py MODEL --data DIR --taxonomy FILE

Runs the file itself in ONNX Runtime and prints Markdown. Figures: accuracy at every level of the
tree; cutouts of top categories against the full network restricted to the same classes, with
their presence; attention on the top category with a right and with a wrong signal.
"""
import argparse
import json
import pathlib

import numpy as np
import onnx
import onnxruntime

import dataset
from hush import hushed

ATTENTION = [(1.25, 1.0), (1.5, 1.0), (2.0, 1.0), (1.25, 0.75), (1.5, 0.75), (1.5, 0.5)]
WRONG_OFFSET = 7


def calibrate_threshold(presence, superclass):
    """The sigmoid value that best separates "in" from "out" of a one-superclass cutout.

    `presence` [N, superclasses] holds logits. Maximises the balanced accuracy, averaged over
    the cutouts to each single superclass; a grid of 0.01 is finer than the optimum is sharp.
    """
    score = 1 / (1 + np.exp(-np.asarray(presence, np.float64)))
    inside = np.asarray(superclass)[:, None] == np.arange(score.shape[1])
    grid = np.arange(1, 100) / 100
    balanced = [((score >= t) & inside).sum(0) / inside.sum(0)
                + ((score < t) & ~inside).sum(0) / (~inside).sum(0) for t in grid]
    return float(grid[np.argmax(np.mean(balanced, 1))])


def auroc(score, positive):
    """The chance that a positive scores above a negative."""
    rank = np.empty(len(score))
    rank[np.argsort(score, kind="stable")] = np.arange(1, len(score) + 1)
    n = positive.sum()
    return (rank[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n))


def open_session(model):
    """Path or bytes in ONNX Runtime, on one CPU thread, without its remark on `attention`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    with hushed():
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Model:
    """An exported model in ONNX Runtime, with what its taxonomy says."""

    def __init__(self, path):
        properties = {p.key: p.value for p in onnx.load(path).metadata_props}
        self.taxonomy = json.loads(properties["nnc.taxonomy"])
        self.session = open_session(path)
        self.nested = "attention" in self.taxonomy
        categories = self.taxonomy["categories"]
        self.top = [i for i, c in enumerate(categories) if c["parent"] is None]
        classes = sorted((c["label"], i) for i, c in enumerate(categories) if "label" in c)
        chains = [self.chain(i) for _, i in classes]
        self.depth = max(map(len, chains))
        # ancestor[level][label]; a class above that level stands for itself.
        self.ancestor = np.array([[c[min(level, len(c) - 1)] for c in chains]
                                  for level in range(self.depth)])
        self.top_of_label = np.searchsorted(self.top, self.ancestor[0])

    def chain(self, number):
        """The category and all above it, the top first."""
        parent = self.taxonomy["categories"][number]["parent"]
        return ([] if parent is None else self.chain(parent)) + [number]

    def gains(self, enhanced, enhance, inhibit):
        """An attention vector that favours one top category."""
        gains = np.ones(len(self.taxonomy["categories"]), np.float32)
        gains[self.top] = inhibit
        gains[self.top[enhanced]] = enhance
        return gains

    def predict(self, pictures, gains=None):
        """Logits and presence of the validation pictures, one by one, as a camera would
        deliver them; presence is None if the model has none."""
        mean, std = (np.array(self.taxonomy["input"][key], np.float32).reshape(3, 1, 1)
                     for key in ("mean", "std"))
        outputs = ["logits", "presence"] if self.nested else ["logits"]
        rows = []
        for i, index in enumerate(pictures.validation):
            picture = pictures.pixels[index] / np.float32(255)
            feeds = {"image": ((picture - mean) / std)[None]}
            if gains is not None:
                feeds["attention"] = gains[i]
            rows.append(self.session.run(outputs, feeds))
        columns = [np.concatenate(part) for part in zip(*rows)]
        return columns if self.nested else (columns[0], None)


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
    """Tasks of k top categories: twenty random ones for each k, or all of them for one."""
    random = np.random.RandomState(3)
    lines = ["| top categories in the cutout | top-1 of the cutout | top-1 of the full network "
             "| presence AUROC | presence accuracy (balanced) |", "|---|---|---|---|---|"]
    threshold = model.taxonomy["presence"]["threshold"]
    score = 1 / (1 + np.exp(-presence[:, model.top]))
    superclass = model.top_of_label[label]
    for k in (k for k in (1, 2, 5, 10) if k < len(model.top)):
        chosen = ([[t] for t in range(len(model.top))] if k == 1 else
                  [random.choice(len(model.top), k, replace=False) for _ in range(20)])
        rows = []
        for tops in chosen:
            inside = np.isin(superclass, tops)
            kept = np.where(np.isin(model.top_of_label, tops), logits, -np.inf)
            best = score[:, tops].max(1)
            rows.append([(kept.argmax(1) == label)[inside].mean(),
                         (logits.argmax(1) == label)[inside].mean(),
                         auroc(best, inside),
                         ((best >= threshold)[inside].mean()
                          + (best < threshold)[~inside].mean()) / 2])
        cut, full, area, balanced = np.mean(rows, 0)
        lines.append(f"| {k} | {cut:.2%} | {full:.2%} | {area:.3f} | {balanced:.2%} |")
    return lines


def attention(model, pictures, label):
    """Curves over gains; the wrong signal is always another top category."""
    lines = ["| gain of the signalled category | gain of the others | top-1, right signal "
             "| top-1, wrong signal |", "|---|---|---|---|"]
    n = len(model.top)
    superclass = model.top_of_label[label]
    for enhance, inhibit in ATTENTION:
        figures = []
        for offset in (0, WRONG_OFFSET % n or 1):
            gains = [model.gains(s, enhance, inhibit) for s in (superclass + offset) % n]
            logits, _ = model.predict(pictures, gains)
            figures.append((logits.argmax(1) == label).mean())
        lines.append(f"| {enhance} | {inhibit} | {figures[0]:.2%} | {figures[1]:.2%} |")
    return lines


def report(path, pictures):
    """All tables, as lines of Markdown."""
    model = Model(path)
    label = pictures.label[pictures.validation]
    logits, presence = model.predict(pictures)
    yield accuracy(model, logits, label)
    if model.nested and len(model.top) > 1:
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
