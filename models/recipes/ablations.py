# SPDX-License-Identifier: MIT
"""What the choices behind the nested networks are worth: `nest-tiny`, changed in one thing.

    python3 models/recipes/ablations.py --out models/baselines/ablations.json [--epochs N]

Trains every variant of the table below for the same few epochs and measures its file as the
model cards do. Each is written when it is done; a second call goes on with the others. Top-1
after a few epochs is lower than a card's: compare rows, not with cards.
"""
import argparse
import json
import os
import pathlib
import tempfile
import types

import numpy as np

import cost
import dataset
import evaluate
import measures
import train
from export import calibrate, write_model
from report_inputs import ABLATION_GAINS
from settle import settled

DEFAULT_EPOCHS = 5

# (name, what is changed, architecture, figures of the recipe)
VARIANTS = (
    ("as shipped", "trunk to 8x8, random gains", "nest-tiny", ()),
    ("trunk ends earlier", "branches begin at 16x16, one trunk block less", "nest-tiny-early", ()),
    ("wider trunk", "trunk of twice the width, narrower branches", "nest-tiny-wide", ()),
    ("no random gains", "all gains 1 in training", "nest-tiny", ("gains=0",)),
    ("random cutouts", "half of the pictures judged within a random task", "nest-tiny",
     ("cutouts=0.5",)),
)


def trained(variant, pictures, epochs, threads):
    _, _, arch, changes = variant
    options = types.SimpleNamespace(arch=arch, epochs=epochs, seed=0, steps=0, init=None,
                                    set=list(changes), run=None, threads=threads)
    run = train.Run(options, pictures)
    run.save = lambda: True         # minutes: not worth checkpoints
    run.go()
    return run


def presence_auroc(model, presence, label):
    """The mean over the sizes of tasks, as in the report."""
    truth, score = model.top_of_label[label], presence[:, model.tree.top]
    return float(np.mean([np.mean([measures.auroc(score[:, task].max(1), np.isin(truth, task))
                                   for task in tasks])
                          for tasks in measures.tasks_by_size(len(model.tree.top)).values()]))


def one_top_accuracy(model, logits, label):
    """Top-1 of the cutouts to each single top category, on its pictures."""
    truth = model.top_of_label[label]
    return float(np.mean([measures.kept_top1(logits, label, model.top_of_label, [top])
                          [truth == top].mean() for top in range(len(model.tree.top))]))


def measured(variant, run, epochs):
    """The row of one variant."""
    net = settled(run).cpu().eval()
    pictures = run.pictures
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "variant.onnx"
        path.write_bytes(write_model(net, pictures, pictures.taxonomy, "variant",
                                     calibrate(net, pictures)).SerializeToString())
        model, graph = evaluate.Model(path), cost.Graph(str(path))
        label = pictures.label[pictures.validation]
        logits, presence = model.predict(pictures)
        signals = [measures.SignalledOutputs(model.predict(pictures, model.gains(gain))[0], label,
                                             model.top_of_label) for gain in ABLATION_GAINS]
    full = graph.cost(graph.leaves())
    one = min(graph.cost(graph.leaves(n)) for n in model.tree.top)
    neutral = float((logits.argmax(1) == label).mean())
    name, what, arch, _ = variant
    return {"name": name, "what": what, "arch": arch, "epochs": epochs, "params": full[0],
            "macs": full[1], "top1": neutral,
            "cutout_top1": one_top_accuracy(model, logits, label),
            "presence_auroc": presence_auroc(model, presence, label),
            "attention_right": measures.right_signal(*signals) - neutral,
            "attention_wrong": measures.wrong_signal(*signals) - neutral,
            "excluded_params": 1 - one[0] / full[0], "excluded_macs": 1 - one[1] / full[1]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--epochs", type=int, default=DEFAULT_EPOCHS)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    train.prepare_process(options.threads)
    pictures = dataset.load("cifar100")
    rows = json.loads(options.out.read_text()) if options.out.exists() else []
    done = {row["name"] for row in rows}
    for variant in VARIANTS:
        if variant[0] not in done:
            run = trained(variant, pictures, options.epochs, options.threads)
            rows.append(measured(variant, run, options.epochs))
            partial = options.out.with_suffix(".partial")
            partial.write_text(json.dumps(rows, indent=1) + "\n")
            os.replace(partial, options.out)
            print(json.dumps(rows[-1]), flush=True)


if __name__ == "__main__":
    main()
