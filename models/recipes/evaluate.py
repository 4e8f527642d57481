# SPDX-License-Identifier: MIT
"""Measures an exported model on the validation pictures: what the model card states.

    python3 models/recipes/evaluate.py models/shipped/nest-first.onnx

Runs the file itself in ONNX Runtime and prints Markdown. Figures: top-1, top-5 and superclass
accuracy; presence of one-superclass cutouts; cutouts against the full network restricted to the
same classes; attention with a right and with a wrong signal.
"""
import json
import sys

import numpy as np
import onnx
import onnxruntime

import data

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
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Model:
    """An exported model in ONNX Runtime, with what its taxonomy says."""

    def __init__(self, path):
        properties = {p.key: p.value for p in onnx.load(path).metadata_props}
        self.taxonomy = json.loads(properties["nnc.taxonomy"])
        self.session = open_session(path)
        categories = self.taxonomy["categories"]
        self.top = [i for i, c in enumerate(categories) if c["parent"] is None]
        self.top_of_label = np.zeros(sum("label" in c for c in categories), int)
        for category in categories:
            if "label" in category:
                self.top_of_label[category["label"]] = self.top.index(category["parent"])

    def gains(self, enhanced, enhance, inhibit):
        """An attention vector that favours one superclass."""
        gains = np.ones(len(self.taxonomy["categories"]), np.float32)
        gains[self.top] = inhibit
        gains[self.top[enhanced]] = enhance
        return gains

    def predict(self, pixels, gains=None):
        """Logits and presence of raw pictures, one by one, as a camera would deliver them."""
        mean, std = (np.array(self.taxonomy["input"][key], np.float32).reshape(3, 1, 1)
                     for key in ("mean", "std"))
        rows = []
        for i, picture in enumerate(pixels):
            feeds = {"image": ((picture / np.float32(255) - mean) / std)[None]}
            if gains is not None:
                feeds["attention"] = gains[i]
            rows.append(self.session.run(["logits", "presence"], feeds))
        return tuple(np.concatenate(part) for part in zip(*rows))


def print_accuracy(model, logits, pictures):
    order = np.argsort(-logits, 1, kind="stable")
    exponent = np.exp(logits - logits.max(1, keepdims=True))
    tops = np.stack([exponent[:, model.top_of_label == t].sum(1)
                     for t in range(len(model.top))], 1)
    print(f"top-1 {(order[:, 0] == pictures.label).mean():.2%}, "
          f"top-5 {(order[:, :5] == pictures.label[:, None]).any(1).mean():.2%}, "
          f"superclass {(tops.argmax(1) == pictures.superclass).mean():.2%}\n")


def print_cutouts(model, logits, presence, pictures):
    """Tasks of k superclasses: twenty random ones for each k, or all of them for one."""
    random = np.random.RandomState(3)
    print("| superclasses in the cutout | top-1 of the cutout | top-1 of the full network "
          "| presence AUROC | presence accuracy (balanced) |\n|---|---|---|---|---|")
    threshold = model.taxonomy["presence"]["threshold"]
    score = 1 / (1 + np.exp(-presence[:, model.top]))
    for k in (1, 2, 5, 10):
        chosen = ([[t] for t in range(len(model.top))] if k == 1 else
                  [random.choice(len(model.top), k, replace=False) for _ in range(20)])
        rows = []
        for tops in chosen:
            inside = np.isin(pictures.superclass, tops)
            kept = np.where(np.isin(model.top_of_label, tops), logits, -np.inf)
            best = score[:, tops].max(1)
            rows.append([(kept.argmax(1) == pictures.label)[inside].mean(),
                         (logits.argmax(1) == pictures.label)[inside].mean(),
                         auroc(best, inside),
                         ((best >= threshold)[inside].mean()
                          + (best < threshold)[~inside].mean()) / 2])
        cut, full, area, balanced = np.mean(rows, 0)
        print(f"| {k} | {cut:.2%} | {full:.2%} | {area:.3f} | {balanced:.2%} |")
    print()


def print_attention(model, pictures):
    print("| gain of the signalled superclass | gain of the others | top-1, right signal "
          "| top-1, wrong signal |\n|---|---|---|---|")
    for enhance, inhibit in ATTENTION:
        figures = []
        for offset in (0, WRONG_OFFSET):
            signalled = (pictures.superclass + offset) % len(model.top)
            gains = [model.gains(s, enhance, inhibit) for s in signalled]
            logits, _ = model.predict(pictures.pixels, gains)
            figures.append((logits.argmax(1) == pictures.label).mean())
        print(f"| {enhance} | {inhibit} | {figures[0]:.2%} | {figures[1]:.2%} |")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    model = Model(sys.argv[1])
    _, validation = data.load()
    logits, presence = model.predict(validation.pixels)
    print_accuracy(model, logits, validation)
    print_cutouts(model, logits, presence, validation)
    print_attention(model, validation)


if __name__ == "__main__":
    main()
