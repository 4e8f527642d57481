# SPDX-License-Identifier: MIT
"""Random cutouts for training: some pictures are judged among the classes of a random task only.

A softmax over all classes spends its gradient on telling superclasses apart; over the classes of
a few superclasses it learns what a cutout will be asked. The picture's own top category is
always in its task.
"""
import torch


class RandomCutouts:
    """Draws active classes [N, classes], bool, for labels [N]; `share` of the pictures get a
    random task, the others all classes."""

    def __init__(self, taxonomy, share):
        self.share = share
        tops = {number: place for place, number in enumerate(taxonomy.top)}
        self.top_of_label = torch.tensor([tops[taxonomy.chain(n)[0]] for n in taxonomy.classes])
        self.n_tops = len(tops)

    def __call__(self, label, generator):
        n = len(label)
        chance = torch.rand(n, 1, generator=generator)
        kept = torch.rand(n, self.n_tops, generator=generator) < chance
        kept |= torch.rand(n, 1, generator=generator) >= self.share
        kept[torch.arange(n), self.top_of_label[label]] = True
        return kept[:, self.top_of_label]
