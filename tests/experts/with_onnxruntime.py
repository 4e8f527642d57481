#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Experts in another engine: ONNX Runtime runs model and expert on the same random pictures,
and the kept logits and presences must agree, with random gains too.

    with_onnxruntime.py NNC MODEL...             cuts experts and compares them
    with_onnxruntime.py --cut DIR NNC MODEL...   cuts them into DIR, for another machine
    with_onnxruntime.py --compare DIR            compares those

MODEL is a file or a folder. Without the Python packages onnxruntime and numpy the comparison
is skipped (exit code 77). Where the package onnx is there, it checks every expert as well.
"""
import importlib.util
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

TOLERANCE = 1e-4  # of the largest logit
N_PICTURES = 2
N_CUTOUTS = 5
SKIPPED = 77


def models_of(arguments):
    for argument in map(pathlib.Path, arguments):
        yield from sorted(argument.glob("*.onnx")) if argument.is_dir() else [argument]


def choose_cutouts(nnc, model):
    """Everything, every top category, some sets of classes; at most N_CUTOUTS."""
    info = json.loads(subprocess.check_output([nnc, "info", model, "--json"]))
    paths = [c["path"] for c in info["categories"]]
    tops = [path for path in paths if "/" not in path]
    leaves = [c["path"] for c in info["categories"] if c["leaf"]]
    dice = random.Random(model.name)
    sets = [",".join(sorted(dice.sample(leaves, dice.randint(1, len(leaves)))))[:4000]
            .rsplit(",", 1)[0] for _ in range(20)]
    return list(dict.fromkeys(itertools.chain([""], tops[:2], sets)))[:N_CUTOUTS]


def cut(nnc, models, folder):
    """Writes experts into the folder, and a list of them."""
    experts = []
    for model in models:
        for cutout in choose_cutouts(nnc, model):
            name = f"{model.stem}-{len(experts)}.onnx"
            subprocess.check_call([nnc, "extract", model, "--cutout", cutout, "--out",
                                   folder / name, "--json"], stdout=subprocess.DEVNULL)
            experts.append({"model": os.path.relpath(model, folder), "expert": name,
                            "cutout": cutout})
    (folder / "experts.json").write_text(json.dumps(experts, indent=1))


class Engine:
    """A model in ONNX Runtime, whose answers are named by categories."""

    def __init__(self, path):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options,
                                                    providers=["CPUExecutionProvider"])
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.taxonomy = json.loads(metadata["nnc.taxonomy"])
        self.categories = self.taxonomy["categories"]
        self.paths = []
        for category in self.categories:
            names = [category["name"]]
            while category.get("parent") is not None:
                category = self.categories[category["parent"]]
                names.insert(0, category["name"])
            self.paths.append("/".join(names))

    def picture(self, dice):
        shape = [d if isinstance(d, int) else 1 for d in self.session.get_inputs()[0].shape]
        return dice.standard_normal(shape).astype("float32")

    def run(self, picture, gains):
        """Logits and presences by path; `gains` by path, 1 where nothing is said."""
        import numpy
        image = self.taxonomy["input"].get("name", self.session.get_inputs()[0].name)
        feeds = {image: picture}
        wanted = self.taxonomy.get("attention", {}).get("input")
        if wanted and (gains or wanted in [i.name for i in self.session.get_inputs()]):
            attention = numpy.ones(sum("gain" in c for c in self.categories), "float32")
            for path, category in zip(self.paths, self.categories):
                if "gain" in category:
                    attention[category["gain"]] = gains.get(path, 1)
            feeds[wanted] = attention
        outputs = {"logit": self.taxonomy["logits"]}
        if "presence" in self.taxonomy:
            outputs["presence"] = self.taxonomy["presence"]["output"]
        results = dict(zip(outputs, self.session.run(list(outputs.values()), feeds)))
        return {key: {path: float(results[key][0, category[key]])
                      for path, category in zip(self.paths, self.categories)
                      if category.get(key) is not None}
                for key in outputs}


def compare(model, expert):
    """The largest difference, by the largest number of its kind in the whole network."""
    import numpy
    dice = numpy.random.RandomState(1)
    worst = 0.0
    for turn in range(2 * N_PICTURES):
        gains = {path: float(dice.uniform(0, 2)) for path in expert.paths} if turn % 2 else {}
        picture = model.picture(dice)
        whole, part = model.run(picture, gains), expert.run(picture, gains)
        for key, answers in part.items():
            largest = max(map(abs, whole[key].values())) or 1.0
            worst = max([worst] + [abs(whole[key][path] - value) / largest
                                   for path, value in answers.items()])
    return worst


def compare_all(folder):
    experts = json.loads((folder / "experts.json").read_text())
    checker = importlib.util.find_spec("onnx") is not None
    worst, failed, model, opened = 0.0, 0, None, None
    for entry in experts:
        if entry["model"] != opened:
            model, opened = Engine(folder / entry["model"]), entry["model"]
        path = folder / entry["expert"]
        if checker:
            import onnx
            onnx.checker.check_model(str(path), full_check=True)
        difference = compare(model, Engine(path))
        worst = max(worst, difference)
        if not difference <= TOLERANCE:
            print(f"{entry['model']}, cutout '{entry['cutout']}': off by {difference:.2g}")
            failed += 1
    models = len({entry["model"] for entry in experts})
    print(f"{models} models, {len(experts)} experts{', checked by onnx' if checker else ''}: "
          f"largest difference {worst:.2g} of the largest number, {failed} failed")
    return 1 if failed or not experts else 0


def main(arguments):
    if len(arguments) < 2 or arguments[0].startswith("-") and arguments[0] not in ("--cut",
                                                                                 "--compare"):
        sys.exit(__doc__)
    if arguments[0] == "--cut":
        folder = pathlib.Path(arguments[1])
        folder.mkdir(parents=True, exist_ok=True)
        cut(arguments[2], models_of(arguments[3:]), folder)
        return 0
    missing = [name for name in ("onnxruntime", "numpy") if not importlib.util.find_spec(name)]
    if missing:
        print(f"skipped: the Python package {' and '.join(missing)} is not installed")
        return SKIPPED
    if arguments[0] == "--compare":
        return compare_all(pathlib.Path(arguments[1]))
    with tempfile.TemporaryDirectory() as folder:
        cut(arguments[0], models_of(arguments[1:]), pathlib.Path(folder))
        return compare_all(pathlib.Path(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
