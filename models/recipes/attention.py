# SPDX-License-Identifier: MIT
"""Random gains for training, so that a network meets the signals it will be used with.

Each picture draws a kind of signal and a level of the tree:

    neutral   all gains 1
    right     the picture's category is enhanced, the others of that level inhibited
    wrong     the same for a random category: a signal must not be believed blindly
    silence   some of the wrong categories get gain 0, as if they were cut out; their classes
              learn not to win by what is left of their logits
"""
import torch

RIGHT, WRONG, SILENCE = 0.20, 0.05, 0.10
TOP_SHARE = 0.5                     # of all signals; deeper levels share the rest


class RandomGains:
    """Draws gains [N, categories] for labels [N] of a taxonomy."""

    def __init__(self, taxonomy):
        self.n_categories = len(taxonomy)
        chains = [taxonomy.chain(n) for n in taxonomy.classes]
        depth = max(map(len, chains))
        # A class above the deepest level stands for itself further down.
        self.ancestor = torch.tensor([[c[min(level, len(c) - 1)] for c in chains]
                                      for level in range(depth)])
        self.members = [torch.tensor(sorted(set(row))) for row in self.ancestor.tolist()]
        share = torch.full((depth,), (1 - TOP_SHARE) / max(1, depth - 1))
        share[0] = TOP_SHARE
        self.bounds = share.cumsum(0)

    def signal(self, gains, rows, members, target, generator):
        """Enhances `target` by 1 to 2, inhibits the others of its level by 0.5 to 1."""
        n = len(rows)
        enhance = 1 + torch.rand(n, generator=generator)
        inhibit = 0.5 + 0.5 * torch.rand(n, 1, generator=generator)
        gains[rows[:, None], members] = inhibit.expand(n, len(members))
        gains[rows, target] = enhance

    def silence(self, gains, rows, members, target, generator):
        """Gain 0 for a random share of the level, never for `target`."""
        share = torch.rand(len(rows), 1, generator=generator)
        off = torch.rand(len(rows), len(members), generator=generator) < share
        gains[rows[:, None], members] = (~off).float()
        gains[rows, target] = 1.0

    def __call__(self, label, generator):
        n = len(label)
        gains = torch.ones(n, self.n_categories)
        kind = torch.rand(n, generator=generator)
        level = torch.searchsorted(self.bounds, torch.rand(n, generator=generator))
        for depth, members in enumerate(self.members):
            here = level.clamp(max=len(self.members) - 1) == depth
            right = self.ancestor[depth][label]
            wrong = members[torch.randint(len(members), (n,), generator=generator)]
            low = 0.0
            for share, apply, target in ((RIGHT, self.signal, right), (WRONG, self.signal, wrong),
                                         (SILENCE, self.silence, right)):
                rows = torch.nonzero(here & (kind >= low) & (kind < low + share)).flatten()
                apply(gains, rows, members, target[rows], generator)
                low += share
        return gains
