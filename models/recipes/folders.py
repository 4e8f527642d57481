# SPDX-License-Identifier: MIT
"""Folders of pictures as one array: `DIR/class/picture`, decoded once, kept in the scratch folder.

A picture is fitted as the exported model fits a frame: the largest centred square, scaled to
the size of the input. The array is found again by a digest of the file names, sizes and times,
so that a changed folder is decoded anew. Unreadable files are named and left out.
"""
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tarfile

import numpy as np
from PIL import Image

import data
import taxonomy
from dataset import Dataset

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff"}
LEAST_PICTURES = 2                  # one to train on, one for validation
VALIDATION_SHARE = 10               # a tenth of each class ...
MOST_VALIDATION = 25                # ... but no more pictures than this
MOST_UNREADABLE = 0.1
N_NAMED = 10

TINY_IMAGENET_MEAN = (0.480, 0.448, 0.398)
TINY_IMAGENET_STD = (0.277, 0.269, 0.282)


def existing(root):
    """`root` as a path, if it is a folder."""
    root = pathlib.Path(root)
    if not root.is_dir():
        raise taxonomy.TaxonomyError(f"{root} is no folder of pictures")
    return root


def taxonomy_of_folders(root):
    """Without a taxonomy every folder is a class at the top."""
    names = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(names) < 2:
        raise taxonomy.TaxonomyError(
            f"{root} holds {len(names)} folder{'s' * (len(names) != 1)}; two at least are "
            "needed, one for each class")
    return taxonomy.from_paths([((name,), name) for name in names], str(root))


def list_pictures(root, tree):
    """[(path, label)] in label order, then by name."""
    absent = [f for f in tree.folders() if not (root / f).is_dir()]
    if absent:
        more = f" and {len(absent) - N_NAMED} more" if len(absent) > N_NAMED else ""
        raise taxonomy.TaxonomyError(f"the taxonomy names folders that {root} lacks: "
                                     f"{', '.join(absent[:N_NAMED])}{more}")
    listed = []
    for label, folder in enumerate(tree.folders()):
        found = sorted(p for p in (root / folder).rglob("*") if p.suffix.lower() in ENDINGS)
        if len(found) < LEAST_PICTURES:
            raise taxonomy.TaxonomyError(f"{root / folder} holds {len(found)} pictures, fewer "
                                         f"than {LEAST_PICTURES}")
        listed += [(path, label) for path in found]
    unused = {p.name for p in root.iterdir() if p.is_dir()} - {
        pathlib.PurePath(folder).parts[0] for folder in tree.folders()}
    if unused:
        print(f"note: not in the taxonomy, left out: {', '.join(sorted(unused)[:N_NAMED])}",
              file=sys.stderr)
    return listed


def decode(path, size):
    """uint8 [3, size, size]; grey-scale pictures become colour."""
    with Image.open(path) as picture:
        picture = picture.convert("RGB")
    if picture.size != (size, size):
        edge = min(picture.size)
        left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
        picture = picture.resize((size, size), Image.BILINEAR,
                                 (left, top, left + edge, top + edge))
    return np.asarray(picture).transpose(2, 0, 1)


def digest(listed, size):
    """A name for these files as they are now."""
    text = [str(size)]
    for path, label in listed:
        status = path.stat()
        text.append(f"{path}\t{label}\t{status.st_size}\t{status.st_mtime_ns}")
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


def refuse_bad_classes(unreadable, listed, tree):
    total = np.bincount([label for _, label in listed], minlength=len(tree.classes))
    bad = np.bincount([label for _, label in unreadable], minlength=len(tree.classes))
    for label, number in enumerate(tree.classes):
        if bad[label] > MOST_UNREADABLE * total[label]:
            raise taxonomy.TaxonomyError(
                f"class '{tree.path(number)}': {bad[label]} of {total[label]} pictures are "
                f"unreadable, for example {[p for p, l in unreadable if l == label][0]}")


def decode_all(listed, size, tree, partial):
    """Writes the pictures to `partial`; returns the entries that could be read."""
    pixels = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(listed), 3, size, size))
    kept, unreadable = [], []
    for path, label in listed:
        try:
            pixels[len(kept)] = decode(path, size)
            kept.append((path, label))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            unreadable.append((path, label))
            if len(unreadable) <= N_NAMED:
                print(f"unreadable, left out: {path}: {error}", file=sys.stderr)
        done = len(kept) + len(unreadable)
        if done % 5000 == 0:
            print(f"  decoded {done} of {len(listed)} pictures", flush=True)
    pixels.flush()
    if unreadable:
        refuse_bad_classes(unreadable, listed, tree)
    return kept


def cached(listed, size, tree):
    """Pixels [N or more, 3, size, size], read only, and the labels [N] of those in use."""
    stem = data.scratch_folder() / f"pictures-{digest(listed, size)}"
    array, index = stem.with_suffix(".npy"), stem.with_suffix(".json")
    if not index.exists():
        room = shutil.disk_usage(stem.parent).free
        need = len(listed) * 3 * size * size
        if need > room:
            raise OSError(28, f"{need >> 20} MB are needed for decoded pictures, "
                              f"{room >> 20} MB are free", str(stem.parent))
        partial = stem.with_suffix(f".{os.getpid()}")
        try:
            kept = decode_all(listed, size, tree, partial)
            partial.rename(array)
        finally:
            partial.unlink(missing_ok=True)
        written = index.with_suffix(f".json.{os.getpid()}")
        written.write_text(json.dumps([label for _, label in kept]))
        written.rename(index)
    label = np.array(json.loads(index.read_text()), np.int64)
    if len(label) < len(listed):
        print(f"left out as unreadable: {len(listed) - len(label)} of {len(listed)} pictures",
              file=sys.stderr)
    return np.load(array, mmap_mode="r"), label


def split(label, seed=data.SPLIT_SEED):
    """(training, validation): from every class a seeded tenth, at most 25 pictures."""
    training, validation = [], []
    random = np.random.RandomState(seed)
    for number in range(label.max() + 1):
        indices = np.flatnonzero(label == number)
        indices = indices[random.permutation(len(indices))]
        n = min(MOST_VALIDATION, max(1, len(indices) // VALIDATION_SHARE))
        validation.append(indices[:n])
        training.append(indices[n:])
    return np.sort(np.concatenate(training)), np.sort(np.concatenate(validation))


def statistics(pixels, chosen):
    """Mean and deviation of each plane, in 0..1, from at most 2,000 of the pictures."""
    some = pixels[chosen[::max(1, len(chosen) // 2000)]].astype(np.float32) / 255
    deviation = np.maximum(some.std((0, 2, 3)), 0.01)
    return (tuple(round(float(v), 3) for v in some.mean((0, 2, 3))),
            tuple(round(float(v), 3) for v in deviation))


def load(root, categories, size, normalisation=None, name=None, research_only=False):
    """The pictures under `root`; `categories` is a Taxonomy, the file of one, or None."""
    root = existing(root)
    tree = taxonomy.wanted(categories) or taxonomy_of_folders(root)
    pixels, label = cached(list_pictures(root, tree), size, tree)
    training, validation = split(label)
    mean, std = normalisation or statistics(pixels, training)
    return Dataset(name or root.resolve().name, pixels, label, tree, training, validation,
                   mean, std, research_only)


def load_tiny_imagenet(categories, size):
    """Tiny ImageNet as in `$NNC_DATA/tiny-imagenet`, unpacked once into the scratch folder."""
    packed = data.find("tiny-imagenet", ["train.tar.xz", "taxonomy.tsv"])
    root = data.scratch_folder() / "tiny-imagenet"
    if not root.exists():
        partial = root.with_name(f"tiny-imagenet.{os.getpid()}")
        try:
            with tarfile.open(packed / "train.tar.xz") as archive:
                archive.extractall(partial)
            (partial / "tiny-imagenet").rename(root)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return load(root, categories or packed / "taxonomy.tsv", size,
                (TINY_IMAGENET_MEAN, TINY_IMAGENET_STD), "tiny-imagenet", research_only=True)
