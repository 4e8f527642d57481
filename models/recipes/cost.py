# SPDX-License-Identifier: MIT
"""Counts what tasks of a model cost, from the file alone, independently of the core.

    python3 models/recipes/cost.py models/shipped/nest-small.onnx

Parameters are float initializer elements as filed, without the attention default; MACs are
those of Conv, Gemm and MatMul, padded taps included. A task demands the logits of its active
classes and the presence of its maximal wholly active categories. A node belongs to the deepest
category that contains every output demanding it, else to the trunk. Knows the concatenation of
single logits that `export.py` writes; any other way of stacking is demanded as a whole.
"""
import json
import math
import sys

import onnx
from onnx import TensorProto, shape_inference


def parents_of(categories, number):
    """The category and everything above it, deepest first."""
    while number is not None:
        yield number
        number = categories[number]["parent"]


class Nodes:
    """A graph as a table of nodes by output, each with its own parameters and MACs."""

    def __init__(self, graph, skipped=None):
        """`graph` has all its shapes; the initializer `skipped` counts nothing."""
        self.shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
                       for v in [*graph.input, *graph.value_info, *graph.output]}
        self.shapes |= {i.name: list(i.dims) for i in graph.initializer}
        self.elements = {i.name: math.prod(i.dims) for i in graph.initializer
                         if i.data_type == TensorProto.FLOAT and i.name != skipped}
        self.producer = {output: node for node in graph.node for output in node.output}

    def macs(self, node):
        if node.op_type == "Conv":
            return math.prod(self.shapes[node.output[0]]) * math.prod(
                self.shapes[node.input[1]][1:])
        if node.op_type == "Gemm":
            rows = self.shapes[node.output[0]][0]
            return rows * math.prod(self.shapes[node.input[1]])
        if node.op_type == "MatMul":
            return math.prod(self.shapes[node.output[0]]) * self.shapes[node.input[0]][-1]
        return 0

    def parameters(self, node):
        return sum(self.elements.get(name, 0) for name in node.input)

    def reached(self, tensors):
        """The nodes that the tensors depend on, each by its first output."""
        seen, waiting = set(), list(tensors)
        while waiting:
            node = self.producer.get(waiting.pop())
            if node is not None and node.output[0] not in seen:
                seen.add(node.output[0])
                waiting += node.input
        return seen

    def cost_of(self, outputs):
        """(parameters, MACs) of the nodes that make these tensors."""
        nodes = [self.producer[output] for output in outputs]
        return sum(map(self.parameters, nodes)), sum(map(self.macs, nodes))


class Graph(Nodes):
    """A model with a taxonomy: what its tasks demand, and who owns what."""

    def __init__(self, model):
        """`model` is a path or an onnx.ModelProto."""
        if not isinstance(model, onnx.ModelProto):
            model = onnx.load(model)
        properties = {p.key: p.value for p in model.metadata_props}
        taxonomy = json.loads(properties["nnc.taxonomy"])
        self.categories = taxonomy["categories"]
        self.logits = taxonomy["logits"]
        self.presence = taxonomy.get("presence", {}).get("output")
        super().__init__(shape_inference.infer_shapes(model, strict_mode=True).graph,
                         skipped=taxonomy.get("attention", {}).get("input"))

    def demands(self, leaves):
        """(tensor, category) for each output of the task with these active leaves."""
        below = {i: set() for i in range(len(self.categories))}
        for number, category in enumerate(self.categories):
            if "logit" in category:
                for above in parents_of(self.categories, number):
                    below[above].add(number)
        if self.producer[self.logits].op_type != "Concat":
            return [(self.logits, n) for n in sorted(leaves)]
        parts = self.producer[self.logits].input
        demanded = [(parts[self.categories[n]["logit"]], n) for n in sorted(leaves)]
        if self.presence is None:
            return demanded
        whole = {n for n in below if below[n] <= leaves}
        maximal = [n for n in sorted(whole) if self.categories[n]["parent"] not in whole]
        parts = self.producer[self.presence].input
        return demanded + [(parts[self.categories[n]["presence"]], n) for n in maximal]

    def leaves(self, of=None):
        """All classes, or those under a category."""
        return {n for n, category in enumerate(self.categories) if "logit" in category
                and (of is None or of in parents_of(self.categories, n))}

    def cost(self, leaves):
        """(parameters, MACs) of a task."""
        return self.cost_of(self.reached(tensor for tensor, _ in self.demands(leaves)))

    def owners(self):
        """(parameters, MACs) of the trunk (key None) and of each category's own nodes."""
        chains = {}
        for tensor, number in self.demands(self.leaves()):
            chain = list(parents_of(self.categories, number))
            for name in self.reached([tensor]):
                known = chains.get(name, chain)
                chains[name] = [above for above in known if above in chain]
        totals = {}
        for name, chain in chains.items():
            node, owner = self.producer[name], chain[0] if chain else None
            parameters, macs = totals.get(owner, (0, 0))
            totals[owner] = (parameters + self.parameters(node), macs + self.macs(node))
        return totals


    def level(self, number):
        return len(list(parents_of(self.categories, number))) - 1


def example_tasks(graph):
    """(name, classes): a few tops, then of each level the category that is cheapest alone."""
    tops = [n for n, c in enumerate(graph.categories) if c["parent"] is None]
    yield "full network", graph.leaves()
    for k in (10, 5, 2):
        if k < len(tops):
            yield f"{k} top categories", set().union(*map(graph.leaves, tops[:k]))
    depth = 1 + max(map(graph.level, range(len(graph.categories))))
    for level in range(depth):
        alone = [(graph.cost(graph.leaves(n)), n) for n in range(len(graph.categories))
                 if graph.level(n) == level]
        for which, (_, number) in (("least", min(alone)), ("most", max(alone))):
            name = graph.categories[number]["name"]
            yield f"level {level + 1}, {which}: {name}", graph.leaves(number)


def owner_lines(graph):
    """What the trunk and the categories of each level own, on average."""
    owners = graph.owners()
    yield "| own nodes of | number | parameters | MACs |"
    yield "|---|---:|---:|---:|"
    yield "| the trunk | 1 | {:,} | {:,} |".format(*owners.get(None, (0, 0)))
    for level in range(1 + max(map(graph.level, range(len(graph.categories))))):
        some = [owners[n] for n in owners if n is not None and graph.level(n) == level]
        if some:
            means = [round(sum(column) / len(some)) for column in zip(*some)]
            yield "| level {}, each (mean) | {} | {:,} | {:,} |".format(
                level + 1, len(some), *means)


def task_lines(graph):
    """What example tasks cost, and what they leave out."""
    full = graph.cost(graph.leaves())
    yield "| task | parameters | MACs | parameters left out | MACs left out |"
    yield "|---|---:|---:|---:|---:|"
    for name, leaves in example_tasks(graph):
        parameters, macs = graph.cost(leaves)
        yield (f"| {name} | {parameters:,} | {macs:,} | {1 - parameters / full[0]:.2%} "
               f"| {1 - macs / full[1]:.2%} |")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    graph = Graph(sys.argv[1])
    print("\n".join([*task_lines(graph), "", *owner_lines(graph)]))


if __name__ == "__main__":
    main()
