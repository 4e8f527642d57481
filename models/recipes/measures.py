# SPDX-License-Identifier: MIT
"""The arithmetic of accuracy, presence and attention: from outputs and labels to figures.

Needs NumPy alone. A *task* is a list of top categories, as places in the list of all of them.
"""
import dataclasses
import itertools
import math

import numpy as np

TASK_SIZES = (1, 2, 5, 10)
N_TASKS = 20
TASK_SEED = 3
MOST_WRONG_COST = 0.01              # of top-1: what a wrong signal may cost default gains


def random_tasks(n_top, size, most=N_TASKS, seed=TASK_SEED):
    """At most `most` different tasks of `size` of `n_top` categories; all if there are no more."""
    if math.comb(n_top, size) <= most:
        return [list(task) for task in itertools.combinations(range(n_top), size)]
    random, tasks = np.random.RandomState(seed + size), set()
    while len(tasks) < most:
        tasks.add(tuple(sorted(random.choice(n_top, size, replace=False).tolist())))
    return [list(task) for task in sorted(tasks)]


def tasks_by_size(n_top):
    """{size: tasks} for the sizes that leave a category out."""
    return {size: random_tasks(n_top, size) for size in TASK_SIZES if size < n_top}


def sigmoid(logit):
    return 1 / (1 + np.exp(-np.asarray(logit, np.float64)))


def logsumexp(logits):
    """[N], of finite logits [N, classes]."""
    largest = logits.max(1, keepdims=True)
    return np.log(np.exp(np.float64(logits - largest)).sum(1)) + largest[:, 0]


def roc(score, positive):
    """(false positive rate, true positive rate) for falling thresholds, from (0, 0) to (1, 1).

    Equal scores are one step, so a score that says nothing is the diagonal."""
    order = np.argsort(-score, kind="stable")
    last_of_equals = np.append(np.diff(score[order]) != 0, True)
    right = np.cumsum(positive[order])[last_of_equals]
    wrong = np.cumsum(~positive[order])[last_of_equals]
    return (np.append(0, wrong / max(1, wrong[-1])), np.append(0, right / max(1, right[-1])))


def auroc(score, positive):
    """The chance that a positive scores above a negative, equal scores counted as half."""
    x, y = roc(score, positive)
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def calibrate_threshold(presence, superclass):
    """The sigmoid value that best tells "in the task" from "unknown".

    `presence` [N, superclasses] holds logits. Maximises the balanced accuracy, averaged over
    the sizes of tasks, so that one threshold does for narrow and wide cutouts; a grid of 0.01 is
    finer than the optimum is sharp.
    """
    grid, superclass = np.arange(1, 100) / 100, np.asarray(superclass)
    score = sigmoid(presence)
    sizes = []
    for tasks in tasks_by_size(score.shape[1]).values():
        balanced = np.zeros(len(grid))
        for task in tasks:
            inside, best = np.isin(superclass, task), score[:, task].max(1)
            known = best[:, None] >= grid
            balanced += known[inside].mean(0) + (~known[~inside]).mean(0)
        sizes.append(balanced / len(tasks))
    return float(grid[np.argmax(np.mean(sizes, 0))]) if sizes else 0.5


@dataclasses.dataclass(frozen=True)
class Detection:
    """How well "in the task" and "unknown" are told apart at one threshold; all are shares."""

    balanced: float                     # the mean of both judged right
    recall: float                       # of the pictures outside, said to be unknown
    precision: float                    # of those said to be unknown, outside


def detection(score, inside, threshold):
    unknown = score < threshold
    recall = unknown[~inside].mean()
    precision = (~inside)[unknown].mean() if unknown.any() else float("nan")
    return Detection(float(((~unknown)[inside].mean() + recall) / 2), float(recall),
                     float(precision))


def kept_top1(logits, label, top_of_label, task):
    """Which of the pictures are right when only the classes of the task compete."""
    kept = np.where(np.isin(top_of_label, task), logits, -np.inf)
    return kept.argmax(1) == label


class SignalledOutputs:
    """What is needed of the logits when every top category has the same gain.

    Siblings do not read each other, so the logits of a category depend on its own gain alone:
    the answer to "this category has gain a, all others gain b" is made of two such outputs.
    Of equal logits the lower label comes first, as with `argmax`.
    """

    def __init__(self, logits, label, top_of_label):
        rows, n_tops = np.arange(len(label)), top_of_label.max() + 1
        members = [np.flatnonzero(top_of_label == t) for t in range(n_tops)]
        self.label, self.top = label, top_of_label[label]
        self.own = logits[rows, label]
        self.first = np.stack([m[logits[:, m].argmax(1)] for m in members], 1)
        self.peak = np.take_along_axis(logits, self.first, 1)
        self.is_own = self.top[:, None] == np.arange(n_tops)
        self.leads_its_top = self.first[rows, self.top] == label

    def loses_to(self, rivals):
        """[N, top categories]: whether the picture's own logit comes after the best of another
        top category, which has the gain of `rivals`."""
        own, label = self.own[:, None], self.label[:, None]
        behind = (rivals.peak > own) | ((rivals.peak == own) & (rivals.first < label))
        return behind & ~self.is_own


def right_signal(enhanced, inhibited):
    """Top-1 if each picture's own top category has the gain of `enhanced`, the others that of
    `inhibited`."""
    lost = enhanced.loses_to(inhibited).any(1)
    return float((enhanced.leads_its_top & ~lost).mean())


def wrong_signal(enhanced, inhibited):
    """The same if another category is enhanced instead: the mean over all others."""
    lost = inhibited.loses_to(inhibited)
    lost_elsewhere = lost.sum(1, keepdims=True) - lost > 0
    right = (inhibited.leads_its_top[:, None] & ~lost_elsewhere
             & ~inhibited.loses_to(enhanced))
    return float(right[~inhibited.is_own].mean())
