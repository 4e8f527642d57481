# SPDX-License-Identifier: MIT
"""Trains `nest-first` on CIFAR-100 and leaves a checkpoint after each epoch.

    python3 models/recipes/train.py --epochs 10 --seed 0 --run DIR

A run that was interrupted goes on from its last checkpoint when started again with the same
arguments. Every epoch draws from its own seed, so it ends where an unbroken run would.
Two objectives share the features: cross entropy over the classes, and for each category a
binary cross entropy "present or not" on all training pictures.
"""
import argparse
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

import data
from nest import Nest

BATCH = 128
MAX_RATE = 0.15
WEIGHT_DECAY = 5e-4
LABEL_SMOOTHING = 0.1
SUPERCLASS_PRESENCE_WEIGHT = 2.0
CLASS_PRESENCE_WEIGHT = 4.0
CROP_MARGIN = 4


def normalise(pixels):
    """uint8 [N, 3, H, W] to float, as the exported model expects it."""
    mean = torch.tensor(data.MEAN).view(1, 3, 1, 1) * 255
    std = torch.tensor(data.STD).view(1, 3, 1, 1) * 255
    return ((pixels.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def pad(pixels):
    """Mirrors the borders outwards, once, so that a crop is a plain gather."""
    margin = (CROP_MARGIN, CROP_MARGIN)
    return torch.from_numpy(np.pad(pixels, ((0, 0), (0, 0), margin, margin), mode="reflect"))


def augment(padded, generator):
    """A random crop and a random mirror image for each picture of the batch."""
    n = len(padded)
    span = torch.arange(data.SIZE)
    top = torch.randint(0, 2 * CROP_MARGIN + 1, (n, 1), generator=generator)
    left = torch.randint(0, 2 * CROP_MARGIN + 1, (n, 1), generator=generator)
    mirrored = torch.rand(n, 1, generator=generator) < 0.5
    rows = top + span
    columns = left + torch.where(mirrored, span.flip(0), span)
    pictures, planes = torch.arange(n).view(n, 1, 1, 1), torch.arange(3).view(1, 3, 1, 1)
    return padded[pictures, planes, rows.view(n, 1, -1, 1), columns.view(n, 1, 1, -1)]


class Objective:
    """The loss of one batch; knows which categories a picture belongs to."""

    def __init__(self, net):
        self.superclass = net.category_of_superclass
        self.label = net.category_of_position[net.position_of_label]

    def __call__(self, logits, presence, superclass, label):
        inside = F.one_hot(superclass, len(self.superclass)).float()
        exact = F.one_hot(label, len(self.label)).float()
        bce = F.binary_cross_entropy_with_logits
        return (F.cross_entropy(logits, label, label_smoothing=LABEL_SMOOTHING)
                + SUPERCLASS_PRESENCE_WEIGHT * bce(presence[:, self.superclass], inside)
                + CLASS_PRESENCE_WEIGHT * bce(presence[:, self.label], exact))


def predict(net, pixels, gains=None, bfloat16=False, batch=250):
    """Logits and presence of raw pictures; `gains` is None or [N, categories]."""
    net.eval()
    logits, presence = [], []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        for i in range(0, len(pixels), batch):
            some = None if gains is None else gains[i:i + batch]
            outputs = net(normalise(torch.from_numpy(pixels[i:i + batch])), some)
            logits.append(outputs[0].float())
            presence.append(outputs[1].float())
    net.train()
    return torch.cat(logits), torch.cat(presence)


class Run:
    """A training run: what a checkpoint holds, and the step from one epoch to the next."""

    def __init__(self, options, members):
        torch.manual_seed(options.seed)
        self.options = options
        self.net = Nest(members).to(memory_format=torch.channels_last)
        self.objective = Objective(self.net)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=MAX_RATE, momentum=0.9,
                                         nesterov=True, weight_decay=WEIGHT_DECAY)
        n_training = 50000 - data.N_VALIDATION
        self.n_steps = options.steps or n_training // BATCH
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, MAX_RATE, options.epochs * self.n_steps, pct_start=0.2)
        self.epoch = 0

    def checkpoint(self):
        return self.options.run / "checkpoint.pt"

    def save(self):
        """Writes beside and renames: an interruption never costs the last checkpoint."""
        state = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
                 "schedule": self.schedule.state_dict(), "epoch": self.epoch,
                 "epochs": self.options.epochs, "seed": self.options.seed}
        partial = self.checkpoint().with_suffix(".partial")
        torch.save(state, partial)
        partial.rename(self.checkpoint())

    def resume(self):
        """Takes up the last checkpoint of the same run, if there is one."""
        if not self.checkpoint().exists():
            return
        state = torch.load(self.checkpoint(), weights_only=True)
        if (state["epochs"], state["seed"]) != (self.options.epochs, self.options.seed):
            raise SystemExit(f"{self.checkpoint()} is of a run with other --epochs or --seed")
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.epoch = state["epoch"]
        print(f"resumed after {self.epoch} epochs", flush=True)

    def train_epoch(self, padded, superclass, label):
        """One pass over the shuffled training pictures."""
        generator = torch.Generator().manual_seed(self.options.seed * 1000 + self.epoch)
        order = torch.randperm(len(padded), generator=generator)
        total, start = 0.0, time.time()
        for step in range(self.n_steps):
            chosen = order[step * BATCH:(step + 1) * BATCH]
            image = normalise(augment(padded[chosen], generator))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits, presence = self.net(image)
            loss = self.objective(logits.float(), presence.float(),
                                  superclass[chosen], label[chosen])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            total += loss.item()
            if step % 50 == 49:
                print(f"  {self.epoch} {step + 1}/{self.n_steps} loss {total / (step + 1):.3f} "
                      f"{time.time() - start:.0f} s", flush=True)
        self.epoch += 1


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=pathlib.Path, default=None,
                        help="folder of the checkpoint (default: one in the scratch folder)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=0, help="steps an epoch, for a quick try")
    options = parser.parse_args()
    name = f"nest-first-{options.epochs}-{options.seed}"
    options.run = options.run or data.scratch_folder() / name
    options.run.mkdir(parents=True, exist_ok=True)
    return options


def main():
    options = parse_options()
    torch.set_num_threads(options.threads)
    training, validation = data.load()
    run = Run(options, data.load_labels().members)
    run.resume()
    padded = pad(training.pixels)
    superclass = torch.from_numpy(training.superclass)
    label = torch.from_numpy(training.label)
    truth = torch.from_numpy(validation.label)
    while run.epoch < options.epochs:
        run.train_epoch(padded, superclass, label)
        run.save()
        logits, _ = predict(run.net, validation.pixels, bfloat16=True)
        top1 = (logits.argmax(1) == truth).float().mean()
        print(f"epoch {run.epoch} validation top-1 {top1:.4f}", flush=True)


if __name__ == "__main__":
    main()
