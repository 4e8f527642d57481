# SPDX-License-Identifier: MIT
"""How branches grow on the frozen trunk of a backbone.

The branches of an architecture were made for features of some height and width. On finer ones
their first block takes a stride, and what is then still too fine is averaged; on coarser ones
they lose their first strides. So they always work where they are at their best and cheapest."""
import dataclasses
import itertools
import math

import torch.nn.functional as F
from torch import nn

from nest import Nest, make_blocks
from onnx_trunk import FrozenPart


def entry_edge(arch):
    """The edge of the features that the branches of an architecture are made for."""
    return arch.size // math.prod(stride for _, stride in (arch.stem, *arch.trunk))


def restrided(blocks, halvings):
    """(blocks, window of an average before them) for features whose edge is 2 ** `halvings` times
    the one that the blocks are made for."""
    blocks = list(blocks)
    width, stride = blocks[0]
    if halvings >= 0.5 and stride == 1:
        blocks[0], halvings = (width, 2), halvings - 1
    for i, (width, stride) in enumerate(blocks):
        if halvings <= -0.5 and stride == 2:
            blocks[i], halvings = (width, 1), halvings + 1
    return blocks, max(1, round(2 ** halvings))


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
    fitted = arch.fitted(len(taxonomy.inner_levels()))
    groups = [fitted.trunk[len(arch.trunk):], *fitted.levels, (fitted.leaf,)]
    blocks, pool = restrided(itertools.chain(*groups),
                             math.log2(min(part.shape[1:]) / entry_edge(arch)))
    rest = iter(blocks)
    spare, *levels, (leaf,) = [tuple(itertools.islice(rest, len(group))) for group in groups]
    adapted = dataclasses.replace(fitted, levels=tuple(levels), leaf=leaf)
    return Nest(adapted, taxonomy, ConvertedTrunk(part, pool, spare, arch))
