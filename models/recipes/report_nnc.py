# SPDX-License-Identifier: MIT
"""The same pictures through the command `nnc`: top-1 must be the same."""
import dataclasses
import json
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image

import measures
from report_outputs import ModelError, say

MOST_DIFFERENCE = 0.001             # a tenth of a point


@dataclasses.dataclass(frozen=True)
class Check:
    """Top-1 of one task by the report's engine and by `nnc eval`."""

    model: str
    task: str
    n_pictures: int
    top1: float
    nnc: float

    def agrees(self):
        return abs(self.nnc - self.top1) <= MOST_DIFFERENCE


def write_folders(root, pictures):
    """The validation pictures as ROOT/class/number.png."""
    folders = pictures.taxonomy.folders()
    for number, index in enumerate(pictures.validation):
        folder = root / folders[pictures.label[index]]
        folder.mkdir(exist_ok=True)
        Image.fromarray(pictures.pixels[index].transpose(1, 2, 0)).save(
            folder / f"{number}.png", compress_level=1)


def write_pictures(root, pictures):
    """Writes the validation pictures; the arguments by which `nnc eval` finds them.

    Records of CIFAR-100 where they fit: one file, and no picture library between."""
    if pictures.name != "cifar100":
        write_folders(root, pictures)
        return ["--folder", root]
    label = pictures.label[pictures.validation]
    pixels = pictures.pixels[pictures.validation].reshape(len(label), -1)
    superclass = np.zeros(len(label))                   # nnc reads the label alone
    np.column_stack([superclass, label, pixels]).astype(np.uint8).tofile(root / "records.bin")
    return ["--cifar100", root / "records.bin"]


def evaluate(nnc, path, where, cutout):
    """(pictures, top-1) by `nnc eval`."""
    command = [nnc, "eval", path, *where, "--threads", "1", "--json"]
    done = subprocess.run([*command, "--cutout", cutout] if cutout else command,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise ModelError(f"{nnc} eval {path} fails: {(done.stderr.splitlines() or ['?'])[0]}")
    result = json.loads(done.stdout)
    return result["images"], result["top1"]


def checked_tasks(tree):
    """The full network and one task of each size, of categories that a name alone finds."""
    names = [c.name for c in tree.categories]
    yield None
    for tasks in measures.tasks_by_size(len(tree.top)).values():
        yield from [task for task in tasks
                    if all(names.count(names[tree.top[t]]) == 1 for t in task)][:1]


def task_text(names):
    """Two names at the most, and how many more."""
    if not names:
        return "full network"
    more = f" + {len(names) - 2}" if len(names) > 2 else ""
    return ", ".join(f"`{name}`" for name in names[:2]) + more


def crosscheck(nnc, path, source, pictures):
    """One Check for each of these tasks."""
    tree, label, logits = source.tree, source.label, source.outputs(1.0)[0]
    top_of_label = np.array([tree.top.index(tree.chain(n)[0]) for n in tree.classes])
    with tempfile.TemporaryDirectory() as root:
        where = write_pictures(pathlib.Path(root), pictures)
        for task in checked_tasks(tree):
            names = [tree.path(tree.top[t]) for t in task or ()]
            inside = np.isin(top_of_label[label], task or range(len(tree.top)))
            right = measures.kept_top1(logits, label, top_of_label,
                                       task or range(len(tree.top)))
            say(f"  {path.name}: nnc eval, {len(names) or 'all'} top categories")
            n, top1 = evaluate(nnc, path, where, ",".join(names))
            check = Check(source.name, task_text(names), n, float(right[inside].mean()), top1)
            if n != inside.sum():
                raise ModelError(f"{path}: nnc eval took {n} pictures of {inside.sum()}")
            yield check
