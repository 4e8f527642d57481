# SPDX-License-Identifier: MIT
"""The topology `nest-first`: a trunk, a branch per superclass, a branch per class nested in it.

For training, the convolutions of the classes of one superclass are stacked into one dense
convolution: each of them reads the whole parent, so stacking changes nothing but the speed.
`export.py` takes them apart again. Categories are numbered depth first: a superclass, then
its classes; `gains` and presence logits are in this order, class logits in label order.
"""
import torch
import torch.nn.functional as F
from torch import nn

STEM_WIDTH, LOW_WIDTH, TRUNK_WIDTH = 16, 32, 64
SUPERCLASS_WIDTH = 32
CLASS_WIDTH = 16


def conv_bn(n_in, n_out, stride=1, kernel=3):
    """A convolution without bias and its batch normalisation."""
    return nn.Sequential(nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False),
                         nn.BatchNorm2d(n_out))


class Residual(nn.Module):
    """Two 3x3 convolutions beside an identity, or a 1x1 projection where the shape changes."""

    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.first = conv_bn(n_in, n_out, stride)
        self.second = conv_bn(n_out, n_out)
        same = n_in == n_out and stride == 1
        self.shortcut = None if same else conv_bn(n_in, n_out, stride, kernel=1)

    def forward(self, x):
        beside = x if self.shortcut is None else self.shortcut(x)
        return F.relu(self.second(F.relu(self.first(x))) + beside)


class Trunk(nn.Module):
    """Generic low-level features, 64 channels at 16x16."""

    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, STEM_WIDTH)
        self.low = Residual(STEM_WIDTH, LOW_WIDTH, 2)
        self.mid = Residual(LOW_WIDTH, TRUNK_WIDTH)

    def forward(self, x):
        return self.mid(self.low(F.relu(self.stem(x))))


class Superclass(nn.Module):
    """The features of one superclass at 8x8, and its classes' features at 4x4, stacked."""

    def __init__(self, n_classes):
        super().__init__()
        self.first = Residual(TRUNK_WIDTH, SUPERCLASS_WIDTH, 2)
        self.second = Residual(SUPERCLASS_WIDTH, SUPERCLASS_WIDTH)
        self.classes = conv_bn(SUPERCLASS_WIDTH, n_classes * CLASS_WIDTH, 2)

    def forward(self, trunk, gain):
        """Pooled features: [N, 32] of the superclass after its gain, [N, 16 * classes]."""
        features = self.second(self.first(trunk))
        if gain is not None:
            features = features * gain.view(-1, 1, 1, 1)
        return features.mean((2, 3)), F.relu(self.classes(features)).mean((2, 3))


class Heads(nn.Module):
    """One logit for each of `n` feature vectors, each with its own weights."""

    def __init__(self, n, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n, width).uniform_(-1, 1) / width ** 0.5)
        self.bias = nn.Parameter(torch.full((n,), float(bias)))

    def forward(self, pooled):
        return (pooled * self.weight).sum(-1) + self.bias


class Nest(nn.Module):
    """The whole network. `members` holds, for each superclass, the labels of its classes."""

    def __init__(self, members):
        super().__init__()
        self.members = [list(labels) for labels in members]
        order = [label for labels in self.members for label in labels]
        n_superclasses, n_classes = len(self.members), len(order)

        self.trunk = Trunk()
        self.branches = nn.ModuleList(Superclass(len(labels)) for labels in self.members)
        self.logit = Heads(n_classes, CLASS_WIDTH, 0.0)
        # Presence starts at the odds of one category against all others.
        self.superclass_presence = Heads(n_superclasses, SUPERCLASS_WIDTH, -3.0)
        self.class_presence = Heads(n_classes, CLASS_WIDTH, -4.6)

        self.register_buffer("position_of_label", torch.tensor(order).argsort(),
                             persistent=False)
        superclasses, classes = self.category_numbers()
        self.register_buffer("category_of_superclass", torch.tensor(superclasses),
                             persistent=False)
        self.register_buffer("category_of_position", torch.tensor(classes), persistent=False)
        both = self.category_of_superclass.tolist() + self.category_of_position.tolist()
        self.register_buffer("position_of_category", torch.tensor(both).argsort(),
                             persistent=False)

    def category_numbers(self):
        """Category number of each superclass, and of each class in depth-first order."""
        superclasses, classes, number = [], [], 0
        for labels in self.members:
            superclasses.append(number)
            classes += range(number + 1, number + 1 + len(labels))
            number += 1 + len(labels)
        return superclasses, classes

    def forward(self, image, gains=None):
        """Logits [N, classes] in label order, presence [N, categories].

        `gains` is None (all ones) or [N, categories].
        """
        trunk = self.trunk(image)
        own, nested = [], []
        for branch, number in zip(self.branches, self.category_of_superclass.tolist()):
            pooled, classes = branch(trunk, None if gains is None else gains[:, number])
            own.append(pooled)
            nested.append(classes)
        own = torch.stack(own, 1)
        nested = torch.cat(nested, 1).unflatten(1, (-1, CLASS_WIDTH))
        if gains is not None:
            # The gain commutes with the average over positions.
            nested = nested * gains[:, self.category_of_position].unsqueeze(2)
        presence = torch.cat([self.superclass_presence(own), self.class_presence(nested)], 1)
        return (self.logit(nested)[:, self.position_of_label],
                presence[:, self.position_of_category])
