# SPDX-License-Identifier: MIT
"""Ordinary networks trained for one task alone, against the cutout of a nested network.

    python3 models/recipes/task_baselines.py MODEL.onnx --out models/baselines/tasks.json

For tasks of 1, 2 and 5 top categories (three random ones each) a ladder of residual networks, from
narrow to wide, is trained on the pictures of that task alone with the recipe of `seq-small`, until
one reaches the accuracy of the cutout on the same validation pictures. What is trained is written
after each network; a second call goes on from there.

The format of the file: `report_inputs.py`.
"""
import argparse
import dataclasses
import hashlib
import json
import os
import pathlib
import types

import numpy as np

import cost
import dataset
import evaluate
import train
from archs import ARCHS, sequential
from export import untrained, write_model
from recipe import RECIPES
from taxonomy import Category, Taxonomy

WIDTHS = (8, 16, 24, 32, 48, 64)
SIZES = (1, 2, 5)
N_TASKS = 3
SEED = 11
LEAST_UPDATES = 1500                # a task of 2,250 pictures has few batches an epoch


def random_tasks(n_tops):
    """The numbers of the top categories of each task."""
    random = np.random.RandomState(SEED)
    return [sorted(random.choice(n_tops, k, replace=False).tolist())
            for k in SIZES for _ in range(N_TASKS)]


def restricted(pictures, tops):
    """The pictures of these top categories, their classes numbered anew as plain classes."""
    tree = pictures.taxonomy
    kept = [label for label, n in enumerate(tree.classes) if tree.chain(n)[0] in tops]
    place = np.full(len(tree.classes), -1)
    place[kept] = np.arange(len(kept))
    names = [tree.path(tree.classes[label]).replace("/", ".") for label in kept]
    flat = Taxonomy([Category(name, None, i, name) for i, name in enumerate(names)])

    def inside(indices):
        return indices[place[pictures.label[indices]] >= 0]

    return dataclasses.replace(pictures, label=place[pictures.label], taxonomy=flat,
                               training=inside(pictures.training),
                               validation=inside(pictures.validation))


def cutout_figures(model, graph, outputs, pictures, tops):
    """Top-1 of the cutout on the pictures of its classes, and what it costs."""
    label = pictures.label[pictures.validation]
    numbers = [model.tree.top[t] for t in tops]
    inside = np.isin(model.top_of_label[label], tops)
    kept = np.where(np.isin(model.top_of_label, tops), outputs, -np.inf)
    params, macs = graph.cost(set().union(*map(graph.leaves, numbers)))
    return {"top1": float((kept.argmax(1) == label)[inside].mean()), "params": params,
            "macs": macs}


def network_cost(arch, taxonomy, size):
    shape = types.SimpleNamespace(size=size, mean=(0.5,) * 3, std=(0.25,) * 3)
    graph = cost.Graph(write_model(untrained(arch, taxonomy), shape, taxonomy, arch, None))
    return graph.cost(graph.leaves())


def train_one(pictures, width, epochs, threads):
    """A network of this width on these pictures; its line of `sequential`."""
    arch = f"task-{width}"
    ARCHS[arch], RECIPES[arch] = sequential(16, width, 4 * width), RECIPES["seq-small"]
    n_steps = len(pictures.training) // RECIPES[arch].batch
    epochs = max(epochs, -(-LEAST_UPDATES // max(1, n_steps)))
    options = types.SimpleNamespace(arch=arch, epochs=epochs, seed=0, steps=0, set=[], init=None, run=None,
                                    threads=threads)
    run = train.Run(options, pictures)
    run.save = lambda: True         # minutes at most: not worth checkpoints
    run.go()
    params, macs = network_cost(arch, pictures.taxonomy, pictures.size)
    return {"arch": "residual", "width": width, "epochs": epochs, "params": params, "macs": macs,
            "top1": run.validate()}


def write(path, results):
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n")
    os.replace(partial, path)


def start(path, options, model, graph, pictures):
    """What an earlier call left, or the tasks with their cutouts and nothing tried."""
    if path.exists():
        return json.loads(path.read_text())
    outputs, _ = model.predict(pictures)
    names = [model.taxonomy["categories"][n]["name"] for n in model.tree.top]
    tasks = []
    for tops in random_tasks(len(model.tree.top)):
        numbers = [model.tree.top[t] for t in tops]
        tasks.append({"superclasses": [names[t] for t in tops],
                      "pictures": len(restricted(pictures, numbers).training),
                      "cutout": cutout_figures(model, graph, outputs, pictures, tops),
                      "sequential": []})
    path = pathlib.Path(options.model)
    return {"version": 1, "model": path.name, "data": "cifar100",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "tasks": tasks}


def climb(task, pictures, options, keep):
    """Trains wider and wider networks until one is as good as the cutout."""
    goal = task["cutout"]["top1"]
    for width in WIDTHS[len(task["sequential"]):]:
        if any(line["top1"] >= goal for line in task["sequential"]):
            return
        line = train_one(pictures, width, options.epochs, options.threads)
        task["sequential"].append(line)
        keep()
        print(f"{', '.join(task['superclasses'])}: width {width} {line['top1']:.2%}, cutout "
              f"{goal:.2%}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--epochs", type=int, default=RECIPES["seq-small"].epochs)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    train.prepare_process(options.threads)
    pictures = dataset.load("cifar100")
    model, graph = evaluate.Model(options.model), cost.Graph(options.model)
    results = start(options.out, options, model, graph, pictures)
    names = {model.taxonomy["categories"][n]["name"]: n for n in model.tree.top}
    write(options.out, results)
    for task in results["tasks"]:
        some = restricted(pictures, [names[s] for s in task["superclasses"]])
        climb(task, some, options, lambda: write(options.out, results))


if __name__ == "__main__":
    main()
