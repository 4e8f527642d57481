# SPDX-License-Identifier: MIT
"""An ordinary residual network over all classes: the baseline of a nested one."""
from torch import nn

from nest import Trunk


class Sequence(nn.Module):
    """Same interface as `Nest`, but it has no presence and takes no gains."""

    def __init__(self, arch, taxonomy):
        super().__init__()
        self.trunk = Trunk(arch)
        self.logit = nn.Linear(self.trunk.width, len(taxonomy.classes))

    def forward(self, image, gains=None):
        """Logits [N, classes] in label order, and None."""
        assert gains is None, "a sequential network has no categories to enhance"
        return self.logit(self.trunk(image).mean((2, 3))), None
