# SPDX-License-Identifier: MIT
"""How each architecture is trained: the figures, in one table."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One cycle of stochastic gradient descent with Nesterov momentum.

    `crop` is the margin of a shifted crop, or None for crops that are scaled too (with which
    pictures are also jittered). `mix` is the share of batches with CutMix, none in the last
    fifth. `sizes` are (share of the epochs, scale of the input): small pictures first.
    `gains` draws random gains, `cutouts` is the share of the pictures with a random cutout.
    `average` is the decay of the average of the weights, 0 for the last weights.
    """

    epochs: int = 30
    batch: int = 128
    max_rate: float = 0.15
    warm_up: float = 0.2
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    level_presence: float = 2.0
    class_presence: float = 4.0
    crop: object = 4
    mix: float = 0.0
    gains: bool = False
    cutouts: float = 0.0
    average: float = 0.0
    sizes: tuple = ((1.0, 1.0),)


def adjusted(recipe, changes):
    """The recipe with other figures, given as "name=value"; ValueError for unknown ones."""
    values = {}
    for change in changes:
        name, _, text = change.partition("=")
        kind = type(getattr(recipe, name, None))
        if kind not in (int, float, bool):
            names = [f.name for f in dataclasses.fields(recipe)
                     if type(getattr(recipe, f.name)) in (int, float, bool)]
            raise ValueError(f"--set {change}: the names are {', '.join(names)}")
        try:
            values[name] = kind(float(text))
        except ValueError:
            raise ValueError(f"--set {change}: {text!r} is no number")
    return dataclasses.replace(recipe, **values)


TREE = Recipe(epochs=16, gains=True, average=0.999)
SEQUENCE = dataclasses.replace(TREE, gains=False)

RECIPES = {
    "nest-first": Recipe(epochs=16),
    "nest-tiny": TREE,
    "nest-tiny-early": TREE,
    "nest-tiny-wide": TREE,
    "nest-small": TREE,
    "nest-base": dataclasses.replace(TREE, epochs=60),
    "nest-photo": dataclasses.replace(TREE, epochs=12, crop=None,
                                      sizes=((11 / 12, 0.75), (1 / 12, 1.0))),
    "nest-mobile": TREE,
    "seq-tiny": SEQUENCE,
    "seq-small": SEQUENCE,
    "seq-base": dataclasses.replace(SEQUENCE, epochs=60),
}
