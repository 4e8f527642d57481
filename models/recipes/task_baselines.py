# SPDX-License-Identifier: MIT
"""Ordinary networks trained for one task alone, against the cutout of a nested network.

    python3 models/recipes/task_baselines.py MODEL.onnx --out models/baselines/tasks.json

For tasks of 1, 2 and 5 top categories (three random ones each) residual networks are trained on
the pictures of that task alone with the recipe of `seq-small`, to find the narrowest that reaches
the accuracy of the cutout on the same validation pictures. What is trained is written after each
network; a second call goes on from there.

Networks stand on a ladder: each rung has some twice the MACs of the one below. The search begins
at the rung whose MACs are nearest to the cutout's. If that network reaches the cutout, the
rungs below are bisected, as if accuracy never fell with width; if not, the next `--beyond` rungs
are climbed. One rung above the start the cutout already saves more than the papers claim (40 % of
the parameters, 8 % of the MACs): if nothing reaches it there, the question is answered, and how
much more it saves is left open. Every network is trained for the epochs of `seq-small`, and for at
least LEAST_UPDATES updates: small tasks get more epochs than the nested network had. One seed
each; a task of one category has some 250 validation pictures, so a top-1 is good to two or three
points.

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
from ladder import next_rung
from recipe import RECIPES
from settle import settled
from taxonomy import Category, Taxonomy

WIDTHS = (8, 12, 16, 24, 32, 48, 64)
SIZES = (1, 2, 5)
N_TASKS = 3
SEED = 11
LEAST_UPDATES = 800                 # a task of 2,250 pictures has few batches an epoch


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


def arch_of(width):
    """Enters the network of this width into the table; its name there."""
    name = f"task-{width}"
    ARCHS[name], RECIPES[name] = sequential(16, width, 4 * width), RECIPES["seq-small"]
    return name


def network_cost(width, taxonomy, size):
    """(parameters, MACs)"""
    arch = arch_of(width)
    shape = types.SimpleNamespace(size=size, mean=(0.5,) * 3, std=(0.25,) * 3)
    graph = cost.Graph(write_model(untrained(arch, taxonomy), shape, taxonomy, arch, None))
    return graph.cost(graph.leaves())


def top1(run):
    """Of the network as it would be exported."""
    pictures = run.pictures
    logits, _ = train.predict(settled(run), pictures, pictures.validation)
    return float((logits.argmax(1).numpy() == pictures.label[pictures.validation]).mean())


def train_one(pictures, width, epochs, threads):
    """A network of this width on these pictures; its line of `sequential`."""
    options = types.SimpleNamespace(arch=arch_of(width), epochs=epochs, seed=0, steps=0, set=[],
                                    init=None, run=None, threads=threads)
    n_steps = train.Run(options, pictures).n_steps
    options.epochs = max(epochs, -(-LEAST_UPDATES // n_steps))
    run = train.Run(options, pictures)
    run.save = lambda: True         # minutes at most: not worth checkpoints
    run.go()
    params, macs = network_cost(width, pictures.taxonomy, pictures.size)
    return {"arch": "residual", "width": width, "epochs": options.epochs, "params": params,
            "macs": macs, "top1": top1(run)}


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


def in_turn(tasks):
    """One of each size, then the second of each, ...: a broken-off call has tasks of all sizes."""
    return [task for n in range(N_TASKS) for task in tasks[n::N_TASKS]]


def search(task, pictures, options, keep):
    """Trains networks until it is known which rung is the lowest that reaches the cutout."""
    goal = task["cutout"]["top1"]
    macs = [network_cost(width, pictures.taxonomy, pictures.size)[1] for width in WIDTHS]
    distance = np.abs(np.log(np.divide(macs, task["cutout"]["macs"])))
    while True:
        reached = {WIDTHS.index(line["width"]): line["top1"] >= goal
                   for line in task["sequential"]}
        rung = next_rung(reached, len(WIDTHS), int(distance.argmin()), options.beyond)
        if rung is None:
            return
        line = train_one(pictures, WIDTHS[rung], options.epochs, options.threads)
        task["sequential"].append(line)
        keep()
        print(f"{', '.join(task['superclasses'])}: width {line['width']} {line['top1']:.2%}, "
              f"cutout {goal:.2%}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--epochs", type=int, default=RECIPES["seq-small"].epochs)
    parser.add_argument("--beyond", type=int, default=1, metavar="RUNGS",
                        help="how many rungs to climb above the start (default 1)")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    train.prepare_process(options.threads)
    pictures = dataset.load("cifar100")
    model, graph = evaluate.Model(options.model), cost.Graph(options.model)
    results = start(options.out, options, model, graph, pictures)
    names = {model.taxonomy["categories"][n]["name"]: n for n in model.tree.top}
    write(options.out, results)
    for task in in_turn(results["tasks"]):
        some = restricted(pictures, [names[s] for s in task["superclasses"]])
        search(task, some, options, lambda: write(options.out, results))


if __name__ == "__main__":
    main()
