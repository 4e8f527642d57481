# SPDX-License-Identifier: MIT
"""All figures of one model, from its outputs on the validation pictures and the cost of its tasks.

Needs NumPy alone: where outputs and costs come from is the caller's business, so that tests can
invent them. Accuracies and shares lie in 0..1.
"""
import dataclasses

import numpy as np

import measures

# The curves multiply the signalled category by a strength, divide the others by it, or both.
STRENGTHS = (1.0, 1.25, 1.6, 2.0, 4.0)
# The best default is sought among all pairs of these, which lie closer where it is likely; the
# pairs of the cards (`evaluate.py`) that can be default are among them.
ENHANCEMENTS = (1.0, 1.1, 1.2, 1.25, 1.3, 1.6, 2.0, 4.0)
INHIBITIONS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.625, 0.5, 0.25)
STRONG_GAINS = (2.0, 0.5)
FALSE_ALARMS = np.geomspace(0.001, 1, 101)


@dataclasses.dataclass(frozen=True)
class Source:
    """What a model gave: outputs of the full network at a gain for all top categories.

    `outputs(gain)` returns logits [N, classes] and presence [N, categories] or None; `label` is
    [N]. `cost(leaves)` returns parameters and MACs of the task with these classes, as category
    numbers. `deviation(leaves)` is the largest difference between the outputs of the task run
    alone and the full network's, None if it was not run.
    """

    name: str
    sha256: str
    data: str
    tree: object
    threshold: object
    label: np.ndarray
    outputs: object
    cost: object
    deviation: object


@dataclasses.dataclass(frozen=True)
class CategoryCost:
    """A cutout to one category that is no class."""

    path: str
    level: int
    params: int
    macs: int


@dataclasses.dataclass(frozen=True)
class Presence:
    """Pictures of a task against all others: by the presence output, by the logits alone."""

    auroc: float
    logits_auroc: float
    detection: measures.Detection
    roc: np.ndarray                     # true positive rates at FALSE_ALARMS
    logits_roc: np.ndarray


@dataclasses.dataclass(frozen=True)
class TaskFigures:
    """A task of whole top categories. `cutout` is top-1 among its classes, `full` that of the
    unrestricted network, both on its pictures. A sequential network has no presence."""

    params: int
    macs: int
    cutout: float
    full: float
    deviation: object
    presence: object


@dataclasses.dataclass(frozen=True)
class Signal:
    """Top-1 if one top category has gain `enhance` and all others `inhibit`."""

    enhance: float
    inhibit: float
    right: float
    wrong: float

    def kind(self):
        if self.inhibit == 1:
            return "neutral" if self.enhance == 1 else "enhance only"
        return "inhibit only" if self.enhance == 1 else "both"


@dataclasses.dataclass(frozen=True)
class ModelFigures:
    """Everything that the report says about one model. `tasks` is {number of top categories:
    [TaskFigures]}; `categories` and `signals` are empty for a sequential network."""

    name: str
    sha256: str
    data: str
    n_pictures: int
    n_tops: int
    params: int
    macs: int
    top1: float
    top5: float
    threshold: object
    categories: list
    tasks: dict
    signals: list

    @property
    def nested(self):
        return bool(self.categories)

    def signal(self, enhance, inhibit):
        return next(s for s in self.signals if (s.enhance, s.inhibit) == (enhance, inhibit))

    def excluded(self, cost):
        """(parameters, MACs) that something of this cost leaves out, as shares."""
        return 1 - cost.params / self.params, 1 - cost.macs / self.macs

    def top_categories(self):
        return [c for c in self.categories if c.level == 0]


def leaves_under(tree, numbers):
    """The classes within any of these categories."""
    return {n for n in tree.classes if set(numbers) & set(tree.chain(n))}


def category_costs(source):
    tree = source.tree
    return [CategoryCost(tree.path(n), level, *source.cost(leaves_under(tree, [n])))
            for level, numbers in enumerate(tree.inner_levels()) for n in numbers]


def curve(score, inside):
    return np.interp(FALSE_ALARMS, *measures.roc(score, inside))


def presence_figures(source, best, logits, inside):
    """`best` [N] is the task's presence logit, `logits` those of its classes."""
    baseline = measures.logsumexp(logits)
    return Presence(measures.auroc(best, inside), measures.auroc(baseline, inside),
                    measures.detection(measures.sigmoid(best), inside, source.threshold),
                    curve(best, inside), curve(baseline, inside))


def task_figures(source, top_of_label, logits, presence, task):
    """`task` holds places in the list of top categories."""
    tree, label = source.tree, source.label
    inside = np.isin(top_of_label[label], task)
    leaves = leaves_under(tree, [tree.top[t] for t in task])
    found = None
    if presence is not None:
        found = presence_figures(source, presence[:, [tree.top[t] for t in task]].max(1),
                                 logits[:, np.isin(top_of_label, task)], inside)
    return TaskFigures(*source.cost(leaves),
                       float(measures.kept_top1(logits, label, top_of_label, task)[inside].mean()),
                       float((logits.argmax(1) == label)[inside].mean()),
                       source.deviation(leaves), found)


def signal_figures(source, top_of_label):
    """The whole grid of gains."""
    outputs = {gain: measures.SignalledOutputs(source.outputs(gain)[0], source.label, top_of_label)
               for gain in (*INHIBITIONS, *ENHANCEMENTS[1:])}
    return [Signal(enhance, inhibit,
                   measures.right_signal(outputs[enhance], outputs[inhibit]),
                   measures.wrong_signal(outputs[enhance], outputs[inhibit]))
            for enhance in ENHANCEMENTS for inhibit in INHIBITIONS]


def measure(source):
    """All figures of a model."""
    tree, label = source.tree, source.label
    tops = [tree.top.index(tree.chain(n)[0]) for n in tree.classes]
    top_of_label, n_tops = np.array(tops), len(tree.top)
    logits, presence = source.outputs(1.0)
    order = np.argsort(-logits, 1, kind="stable")
    nested = presence is not None and n_tops > 1
    return ModelFigures(
        source.name, source.sha256, source.data, len(label), n_tops,
        *source.cost(set(tree.classes)),
        float((order[:, 0] == label).mean()),
        float((order[:, :5] == label[:, None]).any(1).mean()), source.threshold,
        category_costs(source) if nested else [],
        {size: [task_figures(source, top_of_label, logits, presence, task) for task in tasks]
         for size, tasks in measures.tasks_by_size(n_tops).items()},
        signal_figures(source, top_of_label) if nested else [])


def best_signal(signals, most_cost=measures.MOST_WRONG_COST):
    """The signal that helps most when right, of those that cost at most this when wrong."""
    neutral = next(s for s in signals if s.kind() == "neutral")
    cheap = [s for s in signals if neutral.wrong - s.wrong <= most_cost + 1e-9]
    return max(cheap, key=lambda s: (s.right, s.wrong))


def common_gains(models, most_cost=measures.MOST_WRONG_COST):
    """(enhance, inhibit) that help most on average and cost no model more than `most_cost`."""
    def of_all(gains):
        return [(m.signal(*gains), m.signal(1.0, 1.0)) for m in models]

    def is_cheap(gains):
        return all(n.wrong - s.wrong <= most_cost + 1e-9 for s, n in of_all(gains))

    pairs = [(s.enhance, s.inhibit) for s in models[0].signals]
    return max(filter(is_cheap, pairs),
               key=lambda gains: np.mean([s.right - n.right for s, n in of_all(gains)]))


def mean_auroc(figures):
    """Of the presence output: the mean over the sizes of tasks of their means."""
    return float(np.mean([np.mean([t.presence.auroc for t in tasks])
                          for tasks in figures.tasks.values()]))


def summary(figures):
    """The main figures of a model, for scripts; shares of 1, null for what it has not."""
    row = dict.fromkeys(("excluded_params", "excluded_macs", "presence_auroc", "threshold",
                         "enhance", "inhibit", "attention_right", "attention_wrong"))
    row = {"name": figures.name, "data": figures.data, "params": figures.params,
           "macs": figures.macs, "top1": figures.top1, "top5": figures.top5,
           "cutout_top1": {size: float(np.mean([t.cutout for t in tasks]))
                           for size, tasks in figures.tasks.items()}} | row
    if figures.nested:
        best = min(figures.top_categories(), key=lambda c: (c.macs, c.params))
        signal = best_signal(figures.signals)
        row["excluded_params"], row["excluded_macs"] = figures.excluded(best)
        row |= {"presence_auroc": mean_auroc(figures), "threshold": figures.threshold,
                "enhance": signal.enhance, "inhibit": signal.inhibit,
                "attention_right": signal.right - figures.top1,
                "attention_wrong": signal.wrong - figures.top1}
    return row
