# SPDX-License-Identifier: MIT
"""The nested network: a trunk, a branch for each category, branches nested as the taxonomy is.

A branch reads only its parent's features. For training, the convolutions of the classes of one
parent are stacked into one dense convolution: each of them reads the whole parent, so stacking
changes nothing but the speed. `export.py` takes them apart again. `gains` and presence logits are
in the order of the categories, class logits in the order of the labels.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from layers import Heads, Inverted, Residual, conv_bn


def make_blocks(n_in, blocks, arch):
    """(modules, width of the last)."""
    kind = Inverted if arch.mobile else Residual
    modules = nn.ModuleList()
    for width, stride in blocks:
        modules.append(kind(n_in, width, stride))
        n_in = width
    return modules, n_in


class Trunk(nn.Module):
    """Generic low-level features, read by every top category."""

    def __init__(self, arch):
        super().__init__()
        width, stride = arch.stem
        self.stem = conv_bn(3, width, stride)
        self.blocks, self.width = make_blocks(width, arch.trunk, arch)

    def forward(self, x):
        x = F.relu_(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return x


class Leaves(nn.Module):
    """The classes directly under one parent, stacked; pooled to [N, width * classes]."""

    def __init__(self, n_in, classes, arch):
        super().__init__()
        self.classes = list(classes)
        width, stride = arch.leaf
        self.conv = conv_bn(n_in, len(classes) * width, stride)

    def forward(self, x):
        return F.relu_(self.conv(x)).mean((2, 3))


class Branch(nn.Module):
    """One category that is no class: its blocks, its gain, and all that is nested in it."""

    def __init__(self, n_in, taxonomy, number, arch):
        super().__init__()
        self.number = number
        blocks = arch.blocks_of(taxonomy.level(number))
        self.blocks, self.width = make_blocks(n_in, blocks, arch)
        self.leaves, self.branches = nested(self.width, taxonomy, taxonomy.children[number],
                                            arch)

    def forward(self, x, gains, pooled):
        """Puts the pooled features of categories and of stacked classes into `pooled`."""
        for block in self.blocks:
            x = block(x)
        if gains is not None:
            x = x * gains[:, self.number].view(-1, 1, 1, 1).to(x.dtype)
        pooled[0][self.number] = x.mean((2, 3))
        if self.leaves is not None:
            pooled[1].append(self.leaves(x))
        for branch in self.branches:
            branch(x, gains, pooled)


def nested(n_in, taxonomy, children, arch):
    """(stacked classes or None, branches) for the children of one category, or of the trunk."""
    classes = [n for n in children if taxonomy.is_class(n)]
    leaves = Leaves(n_in, classes, arch) if classes else None
    return leaves, nn.ModuleList(Branch(n_in, taxonomy, n, arch) for n in children
                                 if not taxonomy.is_class(n))


def presence_bias(n):
    """Presence starts at the odds of one category against all others of its level."""
    return -round(math.log(max(n, 2)), 1)


class Nest(nn.Module):
    """The whole network for a taxonomy; its trunk is that of the architecture, or a given one."""

    def __init__(self, arch, taxonomy, trunk=None):
        super().__init__()
        self.levels = taxonomy.inner_levels()
        arch = arch.fitted(len(self.levels))
        self.arch = arch
        self.trunk = Trunk(arch) if trunk is None else trunk
        self.leaves, self.branches = nested(self.trunk.width, taxonomy, taxonomy.top, arch)
        stacked = [n for m in self.modules() if isinstance(m, Leaves) for n in m.classes]
        self.row_of_class = {number: row for row, number in enumerate(stacked)}

        self.leaf_width = arch.leaf[0]
        self.logit = Heads(len(stacked), self.leaf_width, 0.0)
        self.level_presence = nn.ModuleList(
            Heads(len(level), arch.blocks_of(i)[-1][0], presence_bias(len(level)))
            for i, level in enumerate(self.levels))
        self.class_presence = Heads(len(stacked), self.leaf_width, presence_bias(len(stacked)))

        def buffer(name, values):
            self.register_buffer(name, torch.tensor(values), persistent=False)

        buffer("category_of_row", stacked)
        buffer("row_of_label", [self.row_of_class[n] for n in taxonomy.classes])
        order = sum(self.levels, []) + stacked
        buffer("place_of_category", sorted(range(len(order)), key=order.__getitem__))

    def forward(self, image, gains=None):
        """Logits [N, classes] in label order, presence [N, categories].

        `gains` is None (all ones) or [N, categories].
        """
        trunk, pooled = self.trunk(image), ({}, [])
        if self.leaves is not None:
            pooled[1].append(self.leaves(trunk))
        for branch in self.branches:
            branch(trunk, gains, pooled)
        nested = torch.cat(pooled[1], 1).unflatten(1, (-1, self.leaf_width))
        if gains is not None:
            # The gain commutes with the average over positions.
            nested = nested * gains[:, self.category_of_row].unsqueeze(2)
        presence = [heads(torch.stack([pooled[0][n] for n in level], 1))
                    for heads, level in zip(self.level_presence, self.levels)]
        presence.append(self.class_presence(nested))
        return (self.logit(nested)[:, self.row_of_label],
                torch.cat(presence, 1)[:, self.place_of_category])
