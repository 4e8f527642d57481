# SPDX-License-Identifier: MIT
"""The two files that `models/report` reads beside models and pictures. Both may be absent.

`models/baselines/tasks.json`: sequential networks that were trained for one task alone, against
the cutout of a nested network to that task.

    {"version": 1,
     "model": "nest-small.onnx",        the nested network: a file name without its folder
     "sha256": "e87fe2...",             of that file: figures of another file are told apart
     "data": "cifar100",
     "tasks": [
       {"superclasses": ["vehicles_1", "people"],
        "cutout": {"params": 217820, "macs": 25690336, "top1": 0.784},
        "sequential": [                 every network that was tried, in any order
          {"arch": "seq-task", "width": 16, "epochs": 30,
           "params": 104205, "macs": 9120384, "top1": 0.771}, ...]}, ...]}

`top1` is a share, 0..1, on the validation pictures of the task's classes, of the exported file.
`params` and `macs` are what `cost.py` counts. `arch` is any name, `width` its number of channels
or whatever else tells the networks of a row apart. A network *reaches* the cutout if its `top1`
is at least the cutout's; of those that do, the one with the fewest MACs counts (then the fewest
parameters), and of those that do not, where none does, the one with the most. `sequential` may be
empty.

`models/baselines/ablations.json`: networks of which one thing was changed.

    [{"name": "no random gains", "what": "all gains 1 in training", "arch": "nest-tiny",
      "epochs": 5, "params": 626328, "macs": 27330512, "top1": 0.51, "cutout_top1": 0.72,
      "presence_auroc": 0.93, "attention_right": 0.070, "attention_wrong": -0.008,
      "excluded_params": 0.9351, "excluded_macs": 0.8543}, ...]

All figures but `epochs`, `params` and `macs` are shares of 1; null stands for what a network has
not (attention of a sequential one). `cutout_top1`, which may be missing, is the mean over the
tasks of one top category; `presence_auroc` the mean over the sizes of tasks of their means;
`attention_*` the change of top-1 by a right and by a wrong signal with `ABLATION_GAINS`;
`excluded_*` belong to the best cutout of one top category.

Further keys are allowed everywhere and ignored.
"""
import dataclasses
import json

ABLATION_GAINS = 1.25, 0.85         # of the signalled top category, of all others


class FormatError(Exception):
    """A sentence that names the file, the place in it and what was expected there."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a network or a cutout costs, and how well it does; top-1 as a share."""

    params: int
    macs: int
    top1: float


@dataclasses.dataclass(frozen=True)
class Tried:
    """A sequential network that was trained for one task alone."""

    arch: str
    width: object
    epochs: int
    cost: Cost


@dataclasses.dataclass(frozen=True)
class Task:
    """One task: its top categories, the cutout and all that was tried against it."""

    superclasses: tuple
    cutout: Cost
    tried: tuple

    def smallest(self):
        """The cheapest network that reaches the cutout's top-1, or None."""
        reaching = [t for t in self.tried if t.cost.top1 >= self.cutout.top1]
        return min(reaching, key=lambda t: (t.cost.macs, t.cost.params), default=None)

    def rival(self):
        """The smallest, or, where none reaches the cutout, the largest that was tried: one that
        does reach it costs more, unless accuracy falls with size. None if nothing was tried."""
        return self.smallest() or max(
            self.tried, key=lambda t: (t.cost.macs, t.cost.params), default=None)


@dataclasses.dataclass(frozen=True)
class Tasks:
    """The whole of tasks.json."""

    model: str
    sha256: str
    data: str
    tasks: tuple


@dataclasses.dataclass(frozen=True)
class Ablation:
    """One line of ablations.json; None for what the network has not."""

    name: str
    what: str
    arch: str
    epochs: int
    params: int
    macs: int
    top1: float
    cutout_top1: object
    presence_auroc: object
    attention_right: object
    attention_wrong: object
    excluded_params: object
    excluded_macs: object


class Place:
    """A value of the JSON and where it is, so that a complaint can say so."""

    def __init__(self, value, where):
        self.value, self.where = value, where

    def refuse(self, expected):
        raise FormatError(f"{self.where}: expected {expected}, not {json.dumps(self.value)[:60]}")

    def key(self, name):
        if not isinstance(self.value, dict):
            self.refuse("an object")
        if name not in self.value:
            raise FormatError(f"{self.where}: '{name}' is missing")
        return Place(self.value[name], f"{self.where}: {name}")

    def with_default(self, name, value):
        """The same object, with this value where `name` is missing."""
        if not isinstance(self.value, dict):
            self.refuse("an object")
        return Place({name: value} | self.value, self.where)

    def items(self):
        if not isinstance(self.value, list):
            self.refuse("a list")
        return [Place(v, f"{self.where}[{i}]") for i, v in enumerate(self.value)]

    def text(self):
        return self.value if isinstance(self.value, str) else self.refuse("a text")

    def count(self):
        good = isinstance(self.value, int) and not isinstance(self.value, bool)
        return self.value if good and self.value >= 0 else self.refuse("a number of 0 or more")

    def number(self, least, most, what):
        good = isinstance(self.value, (int, float)) and not isinstance(self.value, bool)
        return (float(self.value) if good and least <= self.value <= most
                else self.refuse(what))

    def share(self):
        return self.number(0, 1, "a share of 0 to 1")

    def share_or_none(self):
        return None if self.value is None else self.share()

    def change_or_none(self):
        return None if self.value is None else self.number(-1, 1, "a change of -1 to 1")


def read_json(path):
    """The file as a Place, or None if there is no such file."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: {error}")
    try:
        return Place(json.loads(text), str(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{path}: not JSON: {error}")


def cost_of(place):
    return Cost(place.key("params").count(), place.key("macs").count(), place.key("top1").share())


def tried_of(place):
    width = place.key("width").value
    return Tried(place.key("arch").text(), width, place.key("epochs").count(), cost_of(place))


def task_of(place):
    names = tuple(name.text() for name in place.key("superclasses").items())
    if not names:
        place.key("superclasses").refuse("one name at least")
    return Task(names, cost_of(place.key("cutout")),
                tuple(tried_of(p) for p in place.key("sequential").items()))


def read_tasks(path):
    """tasks.json, or None if it is not there."""
    place = read_json(path)
    if place is None:
        return None
    if place.key("version").value != 1:
        place.key("version").refuse("1")
    return Tasks(place.key("model").text(), place.key("sha256").text(),
                 place.key("data").text(), tuple(map(task_of, place.key("tasks").items())))


READERS = {"name": Place.text, "what": Place.text, "arch": Place.text, "epochs": Place.count,
           "params": Place.count, "macs": Place.count, "top1": Place.share,
           "attention_right": Place.change_or_none, "attention_wrong": Place.change_or_none}


def ablation_of(place):
    place = place.with_default("cutout_top1", None)
    names = [field.name for field in dataclasses.fields(Ablation)]
    return Ablation(**{name: READERS.get(name, Place.share_or_none)(place.key(name))
                       for name in names})


def read_ablations(path):
    """ablations.json as a list, or None if it is not there."""
    place = read_json(path)
    return None if place is None else [ablation_of(p) for p in place.items()]
