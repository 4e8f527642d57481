# SPDX-License-Identifier: MIT
"""A nested network on the early layers of a trained one: what `models/convert` trains.

The trunk is a part of the backbone and stays as it is, its normalisation statistics too. The
branches are those of an architecture; how they are trained is that architecture's recipe, at the
full size of the backbone's input."""
import argparse
import dataclasses
import hashlib
import pathlib

import backbone
import data
import dataset
import train
import trunk_check
from archs import ARCHS
from backbone import BackboneError
from converted import make_converted
from cuts import Cuts
from recipe import RECIPES

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
LARGEST_SHIFTED = 48                # of larger pictures, crops are scaled: a shift is too little


class Conversion(train.Run):
    """A training run whose trunk is given and frozen."""

    program = "models/convert"

    def __init__(self, options, pictures, source, cut, total_macs, part):
        self.source, self.cut, self.total_macs, self.part = source, cut, total_macs, part
        super().__init__(options, pictures)

    def make_recipe(self):
        recipe = super().make_recipe()
        crop = recipe.crop if self.pictures.size <= LARGEST_SHIFTED else None
        return dataclasses.replace(recipe, crop=crop, sizes=((1.0, 1.0),))

    def make_net(self):
        return make_converted(ARCHS[self.options.arch], self.pictures.taxonomy, self.part)

    def identity(self):
        return super().identity() | {
            "backbone": self.source.digest, "cut": self.cut.tensor, "size": self.source.size,
            "mean": list(self.pictures.mean), "std": list(self.pictures.std)}

    def origin(self):
        """Lines of the card: where the trunk comes from."""
        pool, n_trained = self.net.trunk.pool, len(self.net.trunk.blocks)
        shape = "x".join(map(str, self.cut.shape))
        yield (f"| trunk, frozen | `{self.source.path.name}` from its input to "
               f"`{self.cut.tensor}` ({shape}): {self.cut.parameters:,} parameters, "
               f"{self.cut.macs / self.total_macs:.1%} of its {self.total_macs:,} MACs |")
        yield f"| SHA-256 of `{self.source.path.name}` | `{self.source.digest}` |"
        yield ("| trained | the branches"
               + (f", and {n_trained} blocks that all share" if n_trained else "")
               + (f"; they read averages of {pool}x{pool} features" if pool > 1 else "") + " |")

    def terms(self):
        return (f"The trunk's weights and statistics are those of `{self.source.path.name}`, bit "
                "for bit; its licence holds for them. ")


def triple(text):
    """`0.5`, or three numbers with commas."""
    try:
        numbers = [float(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise argparse.ArgumentTypeError(f"'{text}' is neither one number nor three with commas")
    return tuple(numbers * (3 // len(numbers)))


def add_options(parser):
    train.add_options(parser)
    parser.add_argument("--backbone", type=pathlib.Path, required=True, metavar="ONNX",
                        help="a trained classifier")
    parser.add_argument("--cut", default="auto", metavar="NAME",
                        help="the tensor or node where the trunk ends (default auto)")
    parser.add_argument("--list-cuts", action="store_true",
                        help="train nothing, print where the backbone can be cut")
    parser.add_argument("--mean", type=triple, metavar="R,G,B",
                        help="what the backbone's input is normalised by, for pixels of 0 to 1")
    parser.add_argument("--std", type=triple, metavar="R,G,B")
    parser.set_defaults(data=None, arch="nest-small")


def check_options(parser, options):
    if options.list_cuts:
        return
    if options.data is None:
        parser.error("--data is missing: a folder DIR/class/picture, cifar100 or tiny-imagenet")
    if not ARCHS[options.arch].leaf:
        parser.error(f"--arch {options.arch}: has no branches; choose a nest-*")
    if (options.mean is None) != (options.std is None):
        parser.error("--mean and --std belong together")
    if options.std and min(options.std) <= 0:
        parser.error("--std: must be above 0")


def normalisation(options, source):
    """(mean, deviation) of the backbone's input."""
    if options.mean:
        return options.mean, options.std
    if source.mean:
        return source.mean, source.std
    print(f"note: {source.path} does not say how its input is normalised; taking ImageNet's mean "
          "and deviation (--mean, --std)", flush=True)
    return IMAGENET_MEAN, IMAGENET_STD


def load_pictures(options, source):
    if options.data == "cifar100" and source.size != data.SIZE:
        raise BackboneError(f"{source.path}: takes pictures of {source.size}x{source.size}, those "
                            f"of cifar100 have {data.SIZE}x{data.SIZE}")
    mean, std = normalisation(options, source)
    size = None if options.data == "cifar100" else source.size
    return dataclasses.replace(dataset.load(options.data, options.taxonomy, size),
                               mean=mean, std=std)


def run_folder(options, source, cut, pictures):
    """One for each trunk and data, so that another run is not taken for this one."""
    trunk = f"{source.digest} {cut.tensor} {source.size} {pictures.mean} {pictures.std}"
    key = hashlib.sha256(trunk.encode()).hexdigest()[:8]
    return data.scratch_folder() / "-".join(
        map(str, (options.arch, "on", source.path.stem, key, pictures.name, options.epochs,
                  options.seed)))


def start(options):
    """The run that the options ask for, not yet begun."""
    source = backbone.read(options.backbone, options.size)
    cuts = Cuts(source)
    cut = cuts.chosen(options.cut)
    part = cuts.part(cut)
    print(f"trunk: {source.path} to '{cut.tensor}', {'x'.join(map(str, cut.shape))}, "
          f"{cut.parameters:,} parameters, {cut.macs:,} MACs, {cut.macs / cuts.total:.1%} of all; "
          f"{trunk_check.check(part)}", flush=True)
    pictures = load_pictures(options, source)
    options.epochs = options.epochs or RECIPES[options.arch].epochs
    options.run = options.run or run_folder(options, source, cut, pictures)
    train.complete(options, pictures)
    return Conversion(options, pictures, source, cut, cuts.total, part)


def print_cuts(options):
    for line in Cuts(backbone.read(options.backbone, options.size)).lines():
        print(line)
