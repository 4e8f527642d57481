# SPDX-License-Identifier: MIT
"""What every architecture costs for a taxonomy, and what its best cutouts leave out.

Each network is written with random weights and counted from the file, as `cost.py` counts."""
import types

import dataset
from archs import ARCHS
from cost import Graph
from export import untrained, write_model

HEADER = ("| architecture | input | parameters | MACs | trunk, parameters | trunk, MACs "
          "| best cutout of one top category leaves out | of one category below |\n"
          "|---|---:|---:|---:|---:|---:|---:|---:|")


def best_left_out(graph, full, level):
    """The cheapest cutout to one inner category of this level, as text."""
    inner = {c["parent"] for c in graph.categories}
    alone = [graph.cost(graph.leaves(n)) for n in range(len(graph.categories))
             if graph.level(n) == level and n in inner]
    if not alone or graph.presence is None:
        return "-"
    parameters, macs = min(alone)
    return f"{1 - parameters / full[0]:.2%}, {1 - macs / full[1]:.2%}"


def row(arch, taxonomy, size):
    shape = types.SimpleNamespace(size=size, mean=(0.5,) * 3, std=(0.25,) * 3)
    graph = Graph(write_model(untrained(arch, taxonomy), shape, taxonomy, arch, 0.5))
    full, trunk = graph.cost(graph.leaves()), graph.owners().get(None, (0, 0))
    return (f"| {arch} | {size} | {full[0]:,} | {full[1]:,} | {trunk[0] / full[0]:.1%} "
            f"| {trunk[1] / full[1]:.1%} | {best_left_out(graph, full, 0)} "
            f"| {best_left_out(graph, full, 1)} |")


def print_costs(source=None, taxonomy_file=None, size=None):
    """All architectures; without a source, each for the data it was made for."""
    print(HEADER)
    for name, arch in ARCHS.items():
        own = "tiny-imagenet" if name == "nest-photo" else "cifar100"
        taxonomy = dataset.taxonomy_of(source or own, taxonomy_file)
        print(row(name, taxonomy, size or arch.size), flush=True)
