# SPDX-License-Identifier: MIT
"""What training minimises: cross entropy over the classes, and for each category a binary cross
entropy "present or not" on all pictures."""
import torch
import torch.nn.functional as F


class Objective:
    """The loss of one batch; knows which categories a picture belongs to."""

    def __init__(self, taxonomy, recipe, device="cpu"):
        self.recipe = recipe
        self.classes = torch.tensor(taxonomy.classes, device=device)
        self.levels = [torch.tensor(level, device=device) for level in taxonomy.inner_levels()]
        self.inside = torch.zeros(len(taxonomy.classes), len(taxonomy), device=device)
        for label, number in enumerate(taxonomy.classes):
            self.inside[label, taxonomy.chain(number)] = 1.0

    def presence(self, presence, present):
        """Level by level, so that a level with few categories weighs as much as another."""
        bce = F.binary_cross_entropy_with_logits
        total = 0.0
        for level in self.levels:
            total = total + self.recipe.level_presence * bce(presence[:, level],
                                                             present[:, level])
        return total + self.recipe.class_presence * bce(presence[:, self.classes],
                                                        present[:, self.classes])

    def cross_entropy(self, logits, label, active=None):
        """Over all classes, or over the `active` ones [N, classes] of each picture."""
        smoothing = self.recipe.label_smoothing
        if active is None:
            return F.cross_entropy(logits, label, label_smoothing=smoothing)
        log = logits.masked_fill(~active, -torch.inf).log_softmax(1)
        right = log.gather(1, label[:, None]).squeeze(1)
        # Smoothing spreads over what is active; 0 * -inf would be no number.
        even = log.masked_fill(~active, 0).sum(1) / active.sum(1)
        return -((1 - smoothing) * right + smoothing * even).mean()

    def __call__(self, logits, presence, label, other=None, share=1.0, active=None):
        """`other` are the labels that a mixed picture has too, from `1 - share` of its area;
        `active` are the classes of each picture's task, None for all."""
        loss, present = self.cross_entropy(logits, label, active), self.inside[label]
        if other is not None:
            loss = share * loss + (1 - share) * self.cross_entropy(logits, other)
            # Half of an object is enough to be seen.
            present = torch.maximum(present * min(1, 2 * share),
                                    self.inside[other] * min(1, 2 * (1 - share)))
        return loss if presence is None else loss + self.presence(presence, present)
