# SPDX-License-Identifier: MIT
"""Records the golden files: what ONNX Runtime answers, for the tests of the core to compare.

    python3 tests/golden/record.py ops       tiny models, one operator or demand each
    python3 tests/golden/record.py nest      the shipped model on synthetic pictures

`ops` writes the models too. Needs python3-numpy, python3-onnx and python3-onnxruntime. Beside
each `x.onnx` lies `x.json`:

    {"model": "x.onnx", "producer": "onnxruntime 1.23",
     "cases": [{"input": [floats, C x H x W], "logits": [...], "presence": [...]},
               {"attention": [...], "logits": [...], "presence": [...]}]}

`model` is relative to the JSON file. A case without `input` has the input of the case before
it; one without `attention` leaves that input at its default, all ones. `presence` is there if
the model has it. Numbers have nine significant digits.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx.external_data_helper import convert_model_to_external_data

from golden_model import build, picture, record
from nested_cases import NESTED_CASES
from op_cases import OP_CASES

HERE = pathlib.Path(__file__).resolve().parent
SHIPPED = "../../../models/shipped/nest-first.onnx"
N_PICTURES = 8


def save(case, path):
    """Writes the model, and its weights beside it if the case wants that."""
    model = build(case)
    if case.external:
        side = path.with_suffix(".weights")
        side.unlink(missing_ok=True)
        convert_model_to_external_data(model, location=side.name, size_threshold=64)
    onnx.save(model, path)


def record_ops():
    folder = HERE / "ops"
    folder.mkdir(exist_ok=True)
    for case in OP_CASES + NESTED_CASES:
        path = folder / f"{case.name}.onnx"
        save(case, path)
        outputs = ["logits", "presence"] if case.presence else ["logits"]
        record(path.with_suffix(".json"), path.name, [picture(case.size, 1)],
               case.attentions, outputs)


def nest_attentions():
    """Gains of the 120 categories of the shipped model; each superclass has five classes."""
    enhanced = np.ones(120)
    enhanced[::6] = 0.5
    enhanced[18 * 6] = 1.5              # vehicles_1 against all other superclasses
    silenced = np.ones(120)
    silenced[14 * 6] = 0                # people: a zero gain
    classes = np.ones(120)
    classes[18 * 6 + 2] = 2.0           # one class enhanced, another inhibited
    classes[3] = 0.25
    return [enhanced, silenced, classes]


def record_nest():
    folder = HERE / "nest"
    folder.mkdir(exist_ok=True)
    pictures = [picture((3, 32, 32), seed) for seed in range(N_PICTURES)]
    record(folder / "nest-first.json", SHIPPED, pictures, nest_attentions(),
           ["logits", "presence"])


if __name__ == "__main__":
    actions = {"ops": record_ops, "nest": record_nest}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        sys.exit(__doc__)
    actions[sys.argv[1]]()
