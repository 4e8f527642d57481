# SPDX-License-Identifier: MIT
"""What a model file gives on the validation pictures, kept in the scratch folder.

A file of outputs is found again by a digest of the model, the pictures and the engine that ran it,
so that nothing that changed is ever taken for what it was.
"""
import hashlib
import pathlib
import sys
import zipfile

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

import cost
import data
import dataset
import engine
from evaluate import Model
from report_figures import Source

N_PICTURES_ALONE = 8                # on which each cutout is run by itself
CHECKED_GAINS = (0.5, 2.0)


class ModelError(Exception):
    """A sentence about a file that is no model, or has no pictures."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def open_model(path):
    try:
        return Model(path)
    except (DecodeError, onnx.checker.ValidationError):
        raise ModelError(f"{path}: not an ONNX file")
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path}: no model with a taxonomy in its metadata ({error!r})")


def is_made_for(model, source):
    """Does the data set have the model's classes?"""
    if model.data is not None:
        return pathlib.Path(source).name == model.data
    mine, theirs = model.tree.folders(), dataset.taxonomy_of(source).folders()
    return set(mine) <= set(theirs)


class Pictures:
    """The data sets of this report, each loaded once for all models with the same categories."""

    def __init__(self, sources):
        self.sources, self.loaded = sources, []

    def source_for(self, path, model):
        for source in self.sources:
            if is_made_for(model, source):
                return source
        raise ModelError(f"{path}: its classes are those of none of {', '.join(self.sources)}"
                         + (f" (it was made for {model.data})" if model.data else "")
                         + ": name its pictures with --data")

    def of(self, path, model):
        source, size = self.source_for(path, model), model.taxonomy["input"]["size"][0]
        wanted = source, size, model.tree.categories
        for key, pictures in self.loaded:
            if key == wanted:
                return pictures
        pictures = dataset.load(source, None if source == "cifar100" else model.tree, size)
        if pictures.taxonomy.folders() != model.tree.folders():
            raise ModelError(f"{path}: its labels are not those of {source}")
        self.loaded.append((wanted, pictures))
        return pictures


def digest(path, pictures):
    """(SHA-256 of the file, a name for its outputs on these pictures)"""
    model = path.read_bytes()
    together = hashlib.sha256(model + engine.identity().encode())
    together.update(np.ascontiguousarray(pictures.pixels[pictures.validation]))
    together.update(np.ascontiguousarray(pictures.label[pictures.validation]))
    return hashlib.sha256(model).hexdigest(), together.hexdigest()[:24]


class Store:
    """Named arrays in the scratch folder; a missing or spoilt file is made anew."""

    def __init__(self, name):
        self.folder = data.scratch_folder() / "report"
        self.name = name
        self.folder.mkdir(exist_ok=True)

    def get(self, what, make):
        """The arrays {name: array} called `what`, or those that `make()` returns."""
        path = self.folder / f"{self.name}-{what}.npz"
        try:
            with np.load(path) as arrays:
                return dict(arrays)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            say(f"  {path}: {error}; made anew")
        arrays = make()
        self.put(path, arrays)
        return arrays

    def put(self, path, arrays):
        partial = path.with_suffix(".partial")
        try:
            with open(partial, "wb") as file:
                np.savez(file, **arrays)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            say(f"  {path}: {error}; the report goes on, the next one must run the model again")


class Outputs:
    """One model on its pictures."""

    def __init__(self, path, model, pictures):
        self.path, self.model, self.pictures = path, model, pictures
        self.graph = cost.Graph(str(path))
        self.sha256, name = digest(path, pictures)
        self.store = Store(name)

    def at(self, gain):
        """Logits and presence with this gain for every top category; presence may be None."""
        def make():
            say(f"  {self.path.name}: {len(self.pictures.validation):,} pictures, gain {gain:g}")
            logits, presence = self.model.predict(
                self.pictures, self.model.gains(gain) if self.model.nested else None)
            return {"logits": logits} | ({} if presence is None else {"presence": presence})

        arrays = self.store.get(f"{gain:g}", make)
        return arrays["logits"], arrays.get("presence")

    def check_siblings(self):
        """That the logits of a category depend on its own gain alone, which the figures of
        attention rely on: a mixture of gains must give a mixture of outputs, bit for bit."""
        low, high = CHECKED_GAINS
        tops = self.model.tree.top
        gains = self.model.gains(high)
        gains[tops[1::2]] = low
        few = self.pictures.pixels[self.pictures.validation[:N_PICTURES_ALONE]]
        logits, _ = self.model.run(self.model.session, few, gains, 1)
        lowered = self.model.top_of_label % 2 == 1
        mixed = np.where(lowered, self.at(low)[0][:len(few)], self.at(high)[0][:len(few)])
        if not np.array_equal(logits, mixed):
            raise ModelError(f"{self.path}: the gain of a top category changes the logits of "
                             "another; the report is for networks whose branches are separate")

    def cut_out(self, demands):
        """The nodes that these (tensor, category) need, as a model of their own."""
        model = onnx.load(self.path)
        tensors = [tensor for tensor, _ in demands]
        reached = self.graph.reached(tensors)
        nodes = [node for node in model.graph.node if node.name in reached]
        used = {name for node in nodes for name in node.input}
        graph = helper.make_graph(
            nodes, "cutout", [v for v in model.graph.input if v.name in used],
            [helper.make_tensor_value_info(t, TensorProto.FLOAT, None) for t in tensors],
            [i for i in model.graph.initializer if i.name in used])
        return helper.make_model(graph, opset_imports=model.opset_import,
                                 ir_version=model.ir_version)

    def alone(self, leaves, demands):
        """A function that runs one picture in the task by itself: its outputs as one row."""
        if engine.onnxruntime is not None:
            session = engine.open_session(self.cut_out(demands).SerializeToString())
            return lambda feeds: np.concatenate(session.run(None, feeds), 1)[0]
        active = np.zeros(len(self.model.tree.classes))
        active[[self.graph.categories[n]["logit"] for n in leaves]] = 1

        def run(feeds):
            logits, presence = self.model.session.run(["logits", "presence"], feeds, active)
            return self.demanded(leaves, demands, logits, presence)[0]

        return run

    def demanded(self, leaves, demands, logits, presence):
        """Of full outputs the columns that a task demands: its logits, then presence."""
        categories, n = self.graph.categories, len(leaves)
        return np.concatenate([
            logits[:, [categories[number]["logit"] for _, number in demands[:n]]],
            presence[:, [categories[number]["presence"] for _, number in demands[n:]]]], 1)

    def deviation(self, leaves):
        """Runs the task alone: its largest difference to the full network on a few pictures."""
        if not self.model.nested:
            return None

        def make():
            demands = self.graph.demands(leaves)
            few = self.pictures.pixels[self.pictures.validation[:N_PICTURES_ALONE]]
            run = self.alone(leaves, demands)
            alone = [run(self.model.feeds(few[i:i + 1], None)) for i in range(len(few))]
            full = self.demanded(leaves, demands, *self.at(1.0))[:len(few)]
            return {"worst": np.abs(np.stack(alone) - full).max()}

        task = hashlib.sha256(repr(sorted(leaves)).encode()).hexdigest()[:12]
        return float(self.store.get(f"task-{task}", make)["worst"])


def source_of(path, pictures_of):
    """(the file as a Source of figures, its pictures)"""
    model = open_model(path)
    pictures = pictures_of.of(path, model)
    outputs = Outputs(path, model, pictures)
    threshold = model.taxonomy["presence"]["threshold"] if model.nested else None
    if model.nested:
        outputs.check_siblings()
    source = Source(path.stem, outputs.sha256, pictures.name, model.tree, threshold,
                    pictures.label[pictures.validation], outputs.at, outputs.graph.cost,
                    outputs.deviation)
    return source, pictures
