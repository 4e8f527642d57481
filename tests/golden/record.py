# SPDX-License-Identifier: MIT
"""Records the golden files: what ONNX Runtime answers, for the tests of the core to compare.

    python3 tests/golden/record.py ops              tiny models, one operator or demand each
    python3 tests/golden/record.py nest [NAME...]   shipped models on synthetic pictures

`ops` writes the models too. `nest` records all of models/shipped, and removes the recordings
of models that are gone; with names it records these alone. Needs python3-numpy, python3-onnx
and python3-onnxruntime. A recording is JSON:

    {"model": "x.onnx", "producer": "onnxruntime 1.23",
     "cases": [{"input": [floats, C x H x W], "logits": [...], "presence": [...]},
               {"attention": [...], "logits": [...], "presence": [...]},
               {"cutout": "a,b/c", "logits": [...], "presence": [...], "cost": [params, MACs]}]}

`model` is relative to the JSON file. A case without `input` has the input of the case before
it; one without `attention` leaves that input at its default, all ones; one without `cutout`
is the full network. `presence` is there if the model has it. A case with `cost` has null for
every output that its task does not compute. Numbers have nine significant digits.
"""
import pathlib
import sys

import onnx
from onnx.external_data_helper import convert_model_to_external_data

from golden_model import build, picture, record, write
from nested_cases import NESTED_CASES
from op_cases import OP_CASES
from quantised_cases import QUANTISED_CASES
from shipped_cases import Shipped

HERE = pathlib.Path(__file__).resolve().parent
SHIPPED = HERE.parents[1] / "models" / "shipped"
MOST_BYTES = 500_000                # of all recordings of shipped models


def save(case, path):
    """Writes the model, and its weights beside it if the case wants that."""
    model = build(case)
    if case.external:
        side = path.with_suffix(".weights")
        side.unlink(missing_ok=True)
        convert_model_to_external_data(model, location=side.name, size_threshold=64)
    onnx.save(model, path)


def record_cases(name, cases):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for case in cases:
        path = folder / f"{case.name}.onnx"
        save(case, path)
        outputs = ["logits", "presence"] if case.presence else ["logits"]
        write(path.with_suffix(".json"), path.name,
              record(path, [picture(case.size, 1)], case.attentions, outputs))


def record_nest(*names):
    folder = HERE / "nest"
    folder.mkdir(exist_ok=True)
    shipped = sorted(path.stem for path in SHIPPED.glob("*.onnx"))
    for name in names or shipped:
        model = f"../../../models/shipped/{name}.onnx"
        path = folder / f"{name}.json"
        write(path, model, Shipped(folder / model).cases())
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    for path in folder.glob("*.json"):
        if not names and path.stem not in shipped:
            path.unlink()
            print(f"{path.name}: removed")
    n_bytes = sum(path.stat().st_size for path in folder.glob("*.json"))
    if n_bytes > MOST_BYTES:
        sys.exit(f"{n_bytes:,} bytes are recorded in all; the limit is {MOST_BYTES:,}")


if __name__ == "__main__":
    if sys.argv[1:] == ["ops"]:
        record_cases("ops", OP_CASES + NESTED_CASES)
    elif sys.argv[1:] == ["quantised"]:
        record_cases("quantised", QUANTISED_CASES)
    elif sys.argv[1:2] == ["nest"]:
        record_nest(*sys.argv[2:])
    else:
        sys.exit(__doc__)
