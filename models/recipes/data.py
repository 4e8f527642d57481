# SPDX-License-Identifier: MIT
"""CIFAR-100 as arrays, and the one split of it that every figure in this project uses.

The pictures are never part of the project: `NNC_DATA` names the folder that holds
`cifar100/train.bin.xz` and the two label lists. The file is unpacked once into the scratch
folder. There is no test set here; 5,000 of the 50,000 pictures are kept for validation.

    python3 models/recipes/data.py val.bin     writes the validation pictures, in split order
"""
import dataclasses
import lzma
import os
import pathlib
import shutil
import sys

import numpy as np

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
RECORD_BYTES = 2 + 3 * 32 * 32
N_VALIDATION = 5000
SPLIT_SEED = 1

SIZE = 32
MEAN = (0.507, 0.487, 0.441)
STD = (0.267, 0.256, 0.276)


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Raw pictures with their labels; `pixels` is uint8 [N, 3, 32, 32], planes R, G, B."""

    pixels: np.ndarray
    superclass: np.ndarray
    label: np.ndarray


@dataclasses.dataclass(frozen=True)
class Labels:
    """Names in index order, and the labels of the classes of each superclass, ascending."""

    superclasses: list
    classes: list
    members: list


def find(name, files):
    """A folder of `NNC_DATA` with these files, or an exit with a sentence to act on."""
    root = pathlib.Path(os.environ.get("NNC_DATA", REPOSITORY.parent / "shared" / "data"))
    folder = root / name
    for file in files:
        if not (folder / file).exists():
            sys.exit(f"no {name} at {folder}: set NNC_DATA to the folder that holds "
                     + " and ".join(f"{name}/{file}" for file in files))
    return folder


def data_folder():
    """The CIFAR-100 folder."""
    return find("cifar100", ["train.bin.xz", "coarse_label_names.txt", "fine_label_names.txt"])


def scratch_folder():
    """Where unpacked data and checkpoints go: `NNC_SCRATCH`, by default ~/.cache/nnc."""
    folder = pathlib.Path(os.environ.get("NNC_SCRATCH", pathlib.Path.home() / ".cache" / "nnc"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def unpack():
    """Path of the unpacked records; a half-written file never gets the final name."""
    path = scratch_folder() / "cifar100-train.bin"
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}")
        with lzma.open(data_folder() / "train.bin.xz") as packed, open(partial, "wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
        partial.rename(path)
    return path


def shuffled_records():
    """All records as uint8 [50000, 3074], in the order that fixes the split."""
    records = np.fromfile(unpack(), np.uint8).reshape(-1, RECORD_BYTES)
    # RandomState, not default_rng: numpy promises that its stream never changes.
    return records[np.random.RandomState(SPLIT_SEED).permutation(len(records))]


def pictures(records):
    """Splits records into pixels and labels."""
    return Pictures(np.ascontiguousarray(records[:, 2:]).reshape(-1, 3, SIZE, SIZE),
                    records[:, 0].astype(np.int64), records[:, 1].astype(np.int64))


def load():
    """Training pictures, validation pictures."""
    records = shuffled_records()
    return pictures(records[N_VALIDATION:]), pictures(records[:N_VALIDATION])


def load_labels():
    """Names from the two label lists, the hierarchy from the records themselves."""
    def names(file):
        return (data_folder() / file).read_text().split()

    records = np.fromfile(unpack(), np.uint8).reshape(-1, RECORD_BYTES)
    superclasses = names("coarse_label_names.txt")
    members = [np.unique(records[records[:, 0] == s, 1]).tolist()
               for s in range(len(superclasses))]
    return Labels(superclasses, names("fine_label_names.txt"), members)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    shuffled_records()[:N_VALIDATION].tofile(sys.argv[1])
