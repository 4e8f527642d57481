# SPDX-License-Identifier: MIT
"""Trains a network and leaves a checkpoint every few minutes.

    python3 models/recipes/train.py --epochs 16 --seed 0 --run DIR

A run that was interrupted goes on from its last checkpoint when started again with the same
arguments. Random draws come from the seed and the epoch alone and the checkpoint keeps their
state, so it ends where an unbroken run would. `models/train` is the same with the model file and
its card at the end.
"""
import argparse
import copy
import ctypes
import os
import pathlib
import sys
import time

import torch

import augment
import data
import dataset
from archs import ARCHS
from attention import RandomGains
from cutouts import RandomCutouts
from nest import Nest
from objective import Objective
from recipe import RECIPES, adjusted
from sequence import Sequence
from taxonomy import TaxonomyError

CHECKPOINT_SECONDS = 240
LAST_UNMIXED = 0.2
LEAST_STEPS = 20                    # an epoch, of smaller batches if need be


def keep_memory():
    """Tells glibc to keep what it frees: returned to the kernel and faulted in again at every
    step, buffers of some megabytes cost a quarter of the time."""
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    for parameter, value in ((mmap_threshold, 32 << 20), (top_pad, 256 << 20),
                             (trim_threshold, 2 ** 31 - 1)):
        mallopt(parameter, value)


def prepare_process(threads):
    """What a process that trains wants, once."""
    keep_memory()
    torch.set_num_threads(threads)


def has_fast_bfloat16():
    """On processors without it, bfloat16 is emulated and slower than float."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def predict(net, pictures, indices, gains=None, bfloat16=False, batch=250):
    """Logits and presence of raw pictures; `gains` is None or [N, categories]."""
    training = net.training
    net.eval()
    device = next(net.parameters()).device
    logits, presence = [], []
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        for i in range(0, len(indices), batch):
            pixels = torch.from_numpy(pictures.pixels[indices[i:i + batch]]).to(device)
            some = None if gains is None else gains[i:i + batch].to(device)
            outputs = net(augment.normalise(pixels, pictures.mean, pictures.std), some)
            logits.append(outputs[0].float().cpu())
            presence.append(None if outputs[1] is None else outputs[1].float().cpu())
    net.train(training)
    return torch.cat(logits), None if presence[0] is None else torch.cat(presence)


def load_checkpoint(path):
    """The state in a file. Where PyTorch's safe reader does not know plain numbers yet, in 1.x,
    any pickle is read: then only your own checkpoints should be."""
    safe = int(torch.__version__.split(".")[0]) > 1
    return torch.load(path, map_location="cpu", weights_only=safe)


class Average:
    """The exponential average of a network's weights and statistics."""

    def __init__(self, net, decay):
        self.net, self.decay, self.n = copy.deepcopy(net), decay, 0
        self.net.requires_grad_(False)

    @torch.no_grad()
    def update(self, net):
        # Young averages forget faster, else the first weights would linger.
        self.n += 1
        weight = 1 - min(self.decay, self.n / (self.n + 10))
        for mine, theirs in zip(self.net.state_dict().values(), net.state_dict().values()):
            if mine.is_floating_point():
                mine.lerp_(theirs, weight)
            else:
                mine.copy_(theirs)


class Run:
    """A training run: what a checkpoint holds, and the step from one epoch to the next."""

    program = "models/train"

    def __init__(self, options, pictures):
        torch.manual_seed(options.seed)
        self.options, self.pictures = options, pictures
        self.recipe = self.make_recipe()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.net = self.make_net()
        if options.init:
            self.warm_start(options.init)
        self.net = self.net.to(self.device, memory_format=torch.channels_last)
        self.objective = Objective(pictures.taxonomy, self.recipe, self.device)
        self.random_gains = RandomGains(pictures.taxonomy) if self.recipe.gains else None
        self.random_cutouts = (RandomCutouts(pictures.taxonomy, self.recipe.cutouts)
                               if self.recipe.cutouts else None)
        self.average = Average(self.net, self.recipe.average) if self.recipe.average else None
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=self.recipe.max_rate, momentum=0.9, nesterov=True,
            weight_decay=self.recipe.weight_decay)
        n = len(pictures.training)
        self.batch = min(self.recipe.batch, n, max(16, n // LEAST_STEPS))
        self.n_steps = options.steps or len(pictures.training) // self.batch
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, self.recipe.max_rate, options.epochs * self.n_steps,
            pct_start=self.recipe.warm_up)
        self.generator = torch.Generator()
        self.label = torch.from_numpy(pictures.label)
        self.bfloat16 = has_fast_bfloat16()
        self.epoch = self.step = 0
        self.saved, self.saved_at = True, time.time()

    def make_recipe(self):
        return adjusted(RECIPES[self.options.arch], self.options.set)

    def make_net(self):
        return make_net(self.options.arch, self.pictures.taxonomy)

    def warm_start(self, path):
        """Takes over the weights of a model file; a checkpoint, if there is one, comes later."""
        import warm_start                # needs the writer, which needs this file
        filled, fresh = warm_start.fill(self.net, path, self.pictures)
        print(f"{path}: {filled} tensors taken over, {fresh} start anew", flush=True)

    def best_net(self):
        """What is validated and exported."""
        return self.average.net if self.average else self.net

    def is_nested(self):
        return isinstance(self.net, Nest)

    def origin(self):
        """Lines of the card: where weights come from that were not trained."""
        return ()

    def terms(self):
        """What the card says of the use of such weights."""
        return ""

    def checkpoint(self):
        return self.options.run / "checkpoint.pt"

    def identity(self):
        """What must be the same for a run to go on."""
        return {"arch": self.options.arch, "data": self.pictures.name,
                "epochs": self.options.epochs, "seed": self.options.seed,
                "n_steps": self.n_steps, "n_classes": len(self.pictures.taxonomy.classes),
                "set": sorted(self.options.set), "backbone": None}

    def save(self):
        """Writes beside and renames: an interruption never costs the last checkpoint."""
        state = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
                 "schedule": self.schedule.state_dict(), "epoch": self.epoch,
                 "step": self.step, "generator": self.generator.get_state(),
                 **self.identity()}
        if self.average:
            state |= {"average": self.average.net.state_dict(), "average_n": self.average.n}
        partial = self.checkpoint().with_suffix(".partial")
        self.saved_at = time.time()
        try:
            torch.save(state, partial)
            os.replace(partial, self.checkpoint())
            return True
        except (OSError, RuntimeError) as error:
            partial.unlink(missing_ok=True)
            print(f"cannot write {self.checkpoint()}: {error}\n  the last checkpoint is kept and "
                  "training goes on; make room before it ends", file=sys.stderr, flush=True)
            return False

    def resume(self):
        """Takes up the last checkpoint of the same run, if there is one."""
        if not self.checkpoint().exists():
            return
        state = load_checkpoint(self.checkpoint())
        for key, value in self.identity().items():
            if state.setdefault(key, [] if key == "set" else None) != value:
                raise SystemExit(f"{self.checkpoint()} is of a run with {key} {state[key]}, not "
                                 f"{value}: name another --run, or remove it")
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        if self.average:
            self.average.net.load_state_dict(state["average"])
            self.average.n = state["average_n"]
        self.epoch, self.step = state["epoch"], state["step"]
        self.generator.set_state(state["generator"])
        print(f"resumed after {self.epoch} epochs and {self.step} steps", flush=True)

    def input_size(self):
        """Small pictures first: cheaper, and as good a start."""
        done, size = self.epoch / self.options.epochs, self.pictures.size
        for share, scale in self.recipe.sizes:
            if done < share - 1e-9:
                return int(round(size * scale / 8)) * 8
            done -= share
        return size

    def prepare(self, chosen):
        """(normalised batch, labels mixed in or None, share of the first label)"""
        pixels = self.pictures.pixels[self.pictures.training[chosen.numpy()]]
        if self.recipe.crop is None:
            image = augment.crop_and_scale(pixels, self.input_size(), self.generator,
                                           self.device)
        else:
            image = augment.shift_and_flip(pixels, self.recipe.crop, self.generator)
        image = augment.normalise(image.to(self.device), self.pictures.mean, self.pictures.std)
        if self.recipe.mix and self.epoch < self.options.epochs * (1 - LAST_UNMIXED):
            if torch.rand(1, generator=self.generator).item() < self.recipe.mix:
                return augment.cut_and_mix(image, self.generator)
        return image, None, 1.0

    def train_step(self, chosen):
        """One update; the loss."""
        image, order, share = self.prepare(chosen)
        label = self.label[self.pictures.training[chosen.numpy()]]
        gains = None
        if self.random_gains and order is None:
            gains = self.random_gains(label, self.generator).to(self.device)
        active = None
        if self.random_cutouts and order is None:
            active = self.random_cutouts(label, self.generator).to(self.device)
        label = label.to(self.device)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
            logits, presence = self.net(image, gains)
        loss = self.objective(logits.float(), None if presence is None else presence.float(),
                              label, None if order is None else label[order], share, active)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        if self.average:
            self.average.update(self.net)
        return loss.item()

    def train_epoch(self):
        """One pass over the shuffled training pictures, or the rest of one."""
        seed = self.options.seed * 1000 + self.epoch
        shuffle = self.generator if self.step == 0 else torch.Generator()
        order = torch.randperm(len(self.pictures.training),
                               generator=shuffle.manual_seed(seed))
        total, first, start = 0.0, self.step, time.time()
        while self.step < self.n_steps:
            total += self.train_step(order[self.step * self.batch:(self.step + 1) * self.batch])
            self.step += 1
            if self.step % 50 == 0:
                spent = time.time() - start
                rate = (self.step - first) * self.batch / spent
                print(f"  {self.epoch} {self.step}/{self.n_steps} "
                      f"loss {total / (self.step - first):.3f} {spent:.0f} s "
                      f"{rate:.0f} pictures/s", flush=True)
            if time.time() - self.saved_at > CHECKPOINT_SECONDS and self.step < self.n_steps:
                self.save()
        self.epoch, self.step = self.epoch + 1, 0

    def validate(self):
        """Top-1 on the validation pictures."""
        logits, _ = predict(self.best_net(), self.pictures, self.pictures.validation,
                            bfloat16=self.bfloat16)
        truth = self.label[self.pictures.validation]
        return (logits.argmax(1) == truth).float().mean().item()

    def go(self):
        """From where it is to the end."""
        while self.epoch < self.options.epochs:
            start = time.time()
            self.train_epoch()
            self.saved = self.save()
            print(f"epoch {self.epoch} validation top-1 {self.validate():.4f} "
                  f"{time.time() - start:.0f} s", flush=True)


def make_net(arch, taxonomy):
    """An untrained network of this name for the categories."""
    kind = Nest if ARCHS[arch].leaf else Sequence
    return kind(ARCHS[arch], taxonomy)


def add_options(parser):
    parser.add_argument("--data", default="cifar100",
                        help="cifar100, tiny-imagenet or a folder DIR/class/picture")
    parser.add_argument("--taxonomy", type=pathlib.Path, help=".tsv, .toml or .yaml")
    parser.add_argument("--size", type=int, help="edge of the input")
    parser.add_argument("--arch", default="nest-first", choices=ARCHS)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=pathlib.Path,
                        help="folder of the checkpoint (default: one in the scratch folder)")
    # With two and more, oneDNN spins at barriers: ten times slower when processors are shared.
    parser.add_argument("--threads", type=int, default=2,
                        help="1 if other programs keep the processors busy (default 2)")
    parser.add_argument("--steps", type=int, default=0, help="steps an epoch, for a quick try")
    parser.add_argument("--init", type=pathlib.Path, metavar="MODEL.onnx",
                        help="begin with the weights of a model that models/train wrote; a "
                             "network for other categories takes over what fits, the trunk at least")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                        help="another figure for the recipe, e.g. gains=0 (see recipes/recipe.py)")


def wanted_size(options):
    return options.size or (None if options.data == "cifar100" else ARCHS[options.arch].size)


def complete(options, pictures):
    """Fills in what depends on the architecture and the data."""
    options.epochs = options.epochs or RECIPES[options.arch].epochs
    name = f"{options.arch}-{pictures.name}-{options.epochs}-{options.seed}"
    options.run = options.run or data.scratch_folder() / name
    options.run.mkdir(parents=True, exist_ok=True)


def start(options):
    """The run that the options ask for, not yet begun."""
    pictures = dataset.load(options.data, options.taxonomy, wanted_size(options))
    complete(options, pictures)
    return Run(options, pictures)


def run(options, start=start):
    """Trains as the options say; returns the finished run."""
    prepare_process(options.threads)
    training = start(options)
    training.resume()
    training.go()
    return training


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    try:
        if not run(parser.parse_args()).saved:
            sys.exit("the end of the training could not be saved")
    except (TaxonomyError, OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
