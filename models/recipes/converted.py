# SPDX-License-Identifier: MIT
"""How branches grow on the frozen trunk of a backbone.

The branches of an architecture were made for features of some height and width. A coarser trunk
costs them their first strides, a finer one is averaged down; so they always work where they are
at their best and cheapest."""
import dataclasses
import math

import torch.nn.functional as F
from torch import nn

from nest import Nest, make_blocks
from onnx_trunk import FrozenPart


def entry_edge(arch):
    """The edge of the features that the branches of an architecture are made for."""
    return arch.size // math.prod(stride for _, stride in (arch.stem, *arch.trunk))


def without_strides(blocks, n):
    """The blocks with their first `n` strides taken away, and how many are still to take."""
    changed = []
    for width, stride in blocks:
        taken = min(n, int(math.log2(stride)))
        n -= taken
        changed.append((width, stride >> taken))
    return tuple(changed), n


class ConvertedTrunk(nn.Module):
    """The frozen part, an average over `pool` x `pool` features, and the blocks of levels that
    the taxonomy lacks, which are trained like the branches."""

    def __init__(self, part, pool, blocks, arch):
        super().__init__()
        self.frozen, self.pool = FrozenPart(part), pool
        self.blocks, self.width = make_blocks(self.frozen.width, blocks, arch)

    def forward(self, image):
        x = self.frozen(image)
        if self.pool > 1:
            x = F.avg_pool2d(x, self.pool)
        for block in self.blocks:
            x = block(x)
        return x


def make_converted(arch, taxonomy, part):
    """A nested network whose trunk is the part, with untrained branches."""
    edge, wanted = min(part.shape[1:]), entry_edge(arch)
    pool = max(1, round(edge / wanted))
    n = max(0, round(math.log2(wanted / edge)))
    fitted = arch.fitted(len(taxonomy.inner_levels()))
    spare, n = without_strides(fitted.trunk[len(arch.trunk):], n)
    levels = []
    for level in fitted.levels:
        level, n = without_strides(level, n)
        levels.append(level)
    (leaf,), n = without_strides((fitted.leaf,), n)
    adapted = dataclasses.replace(fitted, levels=tuple(levels), leaf=leaf)
    return Nest(adapted, taxonomy, ConvertedTrunk(part, pool, spare, arch))
