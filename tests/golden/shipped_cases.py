# SPDX-License-Identifier: MIT
"""What is recorded of a shipped model: tasks of every kind, on synthetic pictures.

The tasks are chosen by the place of their categories in the tree, not by name, so that any
nested model will do. What they cost is counted by models/recipes/cost.py, independently of
the core.
"""
import json
import pathlib
import sys

import numpy as np
import onnx

from golden_model import numbers, picture, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models" / "recipes"))
import cost  # noqa: E402

N_PICTURES = 2


class Shipped:
    """A model file: its tree, and what its tasks must give."""

    def __init__(self, path):
        self.path = str(path)
        model = onnx.load(path)
        properties = {p.key: p.value for p in model.metadata_props}
        self.size = json.loads(properties["nnc.taxonomy"])["input"]["size"]
        self.graph = cost.Graph(model)
        self.categories = self.graph.categories
        levels = {}
        for number in range(len(self.categories)):
            levels.setdefault(self.graph.level(number), []).append(number)
        self.levels = [levels[level] for level in sorted(levels)]

    def name(self, number):
        """The full path of a category."""
        chain = cost.parents_of(self.categories, number)
        return "/".join(reversed([self.categories[n]["name"] for n in chain]))

    def cutouts(self):
        """Lists of categories: one of each level alone, then two of different levels."""
        alone = [[level[len(level) // 2]] for level in self.levels]
        return alone + [[self.levels[0][0], self.levels[-1][-1]]]

    def attentions(self):
        """Gains of all categories: a top one against the others; one of each level below
        enhanced and its neighbour inhibited; a top one silenced."""
        top = self.levels[0]
        expected, deeper, silenced = np.ones((3, len(self.categories)))
        expected[top] = 0.5
        expected[top[len(top) // 2]] = 1.5
        for level in self.levels[1:]:
            deeper[level[0]], deeper[level[1]] = 2.0, 0.25
        silenced[top[-1]] = 0
        return [expected, deeper, silenced]

    def tasks(self):
        """(cutout or None, gains or None); what is most different comes first."""
        (first, *cutouts), (expected, *gains) = self.cutouts(), self.attentions()
        yield None, None
        yield None, expected
        yield first, None
        yield cutouts[0], expected
        yield from ((cutout, None) for cutout in cutouts)
        yield from ((None, other) for other in gains)

    def demanded(self, leaves):
        """Which logits and which presences the task with these classes computes."""
        presences = set(self.graph.producer[self.graph.presence].input)
        return ({self.categories[n]["logit"] for n in leaves},
                {self.categories[n]["presence"] for tensor, n in self.graph.demands(leaves)
                 if tensor in presences})

    def case(self, image, cutout, gains):
        """One recorded task; what it does not compute is null."""
        case, feeds = {}, {"image": image}
        leaves = set().union(*map(self.graph.leaves, cutout or [None]))
        if cutout:
            case["cutout"] = ",".join(map(self.name, cutout))
        if gains is not None:
            feeds["attention"] = gains.astype(np.float32)
            case["attention"] = numbers(gains)
        outputs = ["logits", "presence"]
        for name, values, kept in zip(outputs, run(self.path, feeds, outputs),
                                      self.demanded(leaves)):
            case[name] = [value if i in kept else None
                          for i, value in enumerate(numbers(values))]
        return case | {"cost": list(self.graph.cost(leaves))}

    def cases(self):
        for seed in range(N_PICTURES):
            image = picture((3, *self.size), seed)
            for i, (cutout, gains) in enumerate(self.tasks()):
                input_of = {} if i else {"input": numbers(image)}
                yield input_of | self.case(image, cutout, gains)
