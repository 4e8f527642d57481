# SPDX-License-Identifier: MIT
"""The layers that networks are made of; `onnx_writer.py` writes each of them."""
import torch
import torch.nn.functional as F
from torch import nn


EXPANSION = 3


def conv_bn(n_in, n_out, stride=1, kernel=3, groups=1):
    """A convolution without bias and its batch normalisation."""
    return nn.Sequential(nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups,
                                   bias=False),
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
        return (self.second(F.relu_(self.first(x))) + beside).relu_()


class Inverted(nn.Module):
    """MobileNet's block: widen, one 3x3 filter for each channel, narrow; hard-swish between."""

    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        wide = EXPANSION * n_in
        self.widen = conv_bn(n_in, wide, kernel=1)
        self.depthwise = conv_bn(wide, wide, stride, groups=wide)
        self.narrow = conv_bn(wide, n_out, kernel=1)
        self.is_residual = n_in == n_out and stride == 1

    def forward(self, x):
        y = self.narrow(F.hardswish(self.depthwise(F.hardswish(self.widen(x)))))
        return x + y if self.is_residual else y


class Heads(nn.Module):
    """One logit for each of `n` feature vectors, each with its own weights."""

    def __init__(self, n, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n, width).uniform_(-1, 1) / width ** 0.5)
        self.bias = nn.Parameter(torch.full((n,), float(bias)))

    def forward(self, pooled):
        return (pooled * self.weight).sum(-1) + self.bias
