# SPDX-License-Identifier: MIT
"""The table of architectures. A block is (width, stride): a pair of convolutions with a residual,
or for `mobile` architectures an inverted residual with a depthwise convolution.

`levels` holds the blocks of a category of the first level, the second, and so on; `leaf` is the
one convolution of a class. Any taxonomy fits any architecture: a taxonomy with fewer levels gives
the blocks of the levels it lacks to the trunk; in a deeper one, further levels repeat the last
block without a stride.

The trunks are slim. With 20 equal superclasses, one alone leaves out 88.7 % of the parameters
and 84.41 % of the MACs only if the trunk has at most 6.6 % and 11.1 % of them. `seq-x` is the
ordinary residual network of about the MACs of `nest-x`, without branches: `models/train --costs`
prints all figures.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Arch:
    """`stem` and `leaf` are (width, stride) of a single 3x3 convolution; without a leaf the
    network is sequential, all of it trunk. `size` is the input it was made for."""

    stem: tuple
    trunk: tuple
    levels: tuple = ()
    leaf: object = None
    size: int = 32
    mobile: bool = False

    def blocks_of(self, level):
        """The blocks of a category at this level."""
        if level < len(self.levels):
            return self.levels[level]
        return ((self.levels[-1][-1][0], 1),)

    def fitted(self, n_levels):
        """The same architecture for a taxonomy with this many levels above its classes."""
        spare = max(0, len(self.levels) - n_levels)
        moved = tuple(block for level in self.levels[:spare] for block in level)
        return dataclasses.replace(self, trunk=self.trunk + moved, levels=self.levels[spare:])


def sequential(stem, width, last):
    """A residual network whose width doubles where its resolution halves."""
    return Arch((stem, 1), ((width, 2), (2 * width, 2), (2 * width, 1), (last, 2), (last, 1)))


TINY = {"stem": (16, 1), "trunk": ((16, 2), (32, 2))}
SMALL = {"stem": (16, 1), "trunk": ((32, 2), (64, 2))}
BASE = {"stem": (24, 1), "trunk": ((48, 2), (96, 2))}

ARCHS = {
    "nest-first": Arch(stem=(16, 1), trunk=((32, 2), (64, 1)),
                       levels=(((32, 2), (32, 1)),), leaf=(16, 2)),
    "nest-tiny": Arch(**TINY, levels=(((16, 1), (32, 2)),), leaf=(16, 1)),
    # Where the trunk ends: earlier, or later and wider (`ablations.py`).
    "nest-tiny-early": Arch(stem=(16, 1), trunk=((16, 2),), levels=(((16, 2), (32, 2)),),
                            leaf=(16, 1)),
    "nest-tiny-wide": Arch(stem=(16, 1), trunk=((32, 2), (64, 2)), levels=(((16, 1), (16, 2)),),
                           leaf=(16, 1)),
    "nest-small": Arch(**SMALL, levels=(((32, 1), (64, 2)),), leaf=(16, 1)),
    "nest-base": Arch(**BASE, levels=(((64, 1), (128, 2)),), leaf=(16, 1)),
    "nest-photo": Arch(stem=(32, 2), trunk=((48, 2), (64, 1)),
                       levels=(((64, 2),), ((64, 2),)), leaf=(16, 1), size=64),
    "nest-mobile": Arch(stem=(16, 1), trunk=((24, 2), (32, 2)),
                        levels=(((48, 1), (64, 2)),), leaf=(16, 1), mobile=True),
    "seq-tiny": sequential(16, 32, 160),
    "seq-small": sequential(16, 64, 256),
    "seq-base": sequential(24, 112, 448),
}
