# SPDX-License-Identifier: MIT
"""The early nodes of an ONNX network, run by PyTorch without gradients: a frozen trunk.

What does not depend on the picture is computed once. `trunk_check.py` holds the whole against
another engine.
"""
import torch
from torch import nn

from onnx_operators import Step, as_tensor

CHUNK_PIXELS = 1 << 21              # of pictures run at once: a large batch needs much memory


class FrozenPart(nn.Module):
    """From pictures [N, 3, S, S] to features [N, C, H, W]; its weights are no parameters, and not
    in checkpoints."""

    def __init__(self, part):
        super().__init__()
        self.part, self.width = part, part.shape[0]
        self.steps, known = [], {i.name: as_tensor(i) for i in part.initializers}
        for node in part.nodes:
            free = all(name in known for name in node.input if name)
            step = Step(node, batched=not free)
            if free:
                step(known)
            else:
                self.steps.append(step)
        self.forget_early()
        self.whole = {}
        self.buffer_of = {}
        for name in {name for step in self.steps for name in step.node.input} & set(known):
            if known[name].is_floating_point():
                self.buffer_of[name] = f"constant{len(self.buffer_of)}"
                self.register_buffer(self.buffer_of[name], known[name], persistent=False)
            else:
                self.whole[name] = known[name]

    def forget_early(self):
        """Each step drops what it is the last to read."""
        made = {self.part.image} | {o for step in self.steps for o in step.node.output}
        kept = {self.part.output}
        for step in reversed(self.steps):
            touched = {*step.node.input, *step.node.output} & made
            step.spent = tuple(touched - kept)
            kept |= touched

    @torch.no_grad()
    def run(self, pictures):
        values = {name: getattr(self, buffer) for name, buffer in self.buffer_of.items()}
        values |= self.whole | {self.part.image: pictures}
        for step in self.steps:
            step(values)
        return values[self.part.output]

    def forward(self, pictures):
        n = max(1, CHUNK_PIXELS // self.part.size ** 2)
        return torch.cat([self.run(some) for some in pictures.split(n)])
