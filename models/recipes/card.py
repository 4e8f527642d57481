# SPDX-License-Identifier: MIT
"""From a finished run to the model file and its card: the end of `models/train` and
`models/convert`."""
import hashlib
import shlex

import onnx
import torch

import cost
import evaluate
from export import calibrate, save, write_model
from settle import settled

LOCAL_OPTIONS = ("--run", "--threads")
RESEARCH = ("The pictures are for **research use**; so is this model. They are not part of the "
            "project.")


def introduction(run, path, name):
    """What the file is, its inputs and outputs."""
    pictures, taxonomy = run.pictures, run.pictures.taxonomy
    n_classes, n = len(taxonomy.classes), len(taxonomy)
    model = path.read_bytes()
    opset = onnx.load_model_from_string(model).opset_import[0].version
    yield f"# {name}"
    yield ""
    yield (f"A classifier of {pictures.size}x{pictures.size} pictures into {n_classes} classes "
           f"(architecture `{run.options.arch}`), trained on {pictures.name}.")
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| file | `{path.name}`, {len(model):,} bytes, ONNX opset {opset} |"
    yield f"| SHA-256 | `{hashlib.sha256(model).hexdigest()}` |"
    yield (f"| input | `image` [1, 3, {pictures.size}, {pictures.size}], RGB; mean and deviation "
           "in the taxonomy; fit `crop` |")
    if run.is_nested():
        yield f"| attention | `attention` [{n}], one gain for each category, default 1 |"
        yield (f"| outputs | `logits` [1, {n_classes}] in label order; `presence` [1, {n}] |")
    else:
        yield f"| output | `logits` [1, {n_classes}] in label order |"
    yield f"| categories | {n}, depth first |"
    yield from run.origin()


def command(program, arguments):
    """What was typed, without what says only where and how fast it ran."""
    arguments, kept = [str(a) for a in arguments], []
    while arguments:
        argument = arguments.pop(0)
        option, equals, _ = argument.partition("=")
        if option not in LOCAL_OPTIONS:
            kept.append(argument)
        elif not equals:
            arguments.pop(0)
    return f"{program} {shlex.join(kept)}"


def training(run, arguments):
    """The data, the split and the command."""
    pictures, recipe = run.pictures, run.recipe
    yield "## Data and recipe"
    yield ""
    yield (f"{len(pictures.training):,} pictures were trained on, {len(pictures.validation):,} "
           "kept for validation (a seeded choice from each class). The presence threshold was "
           "chosen on the validation pictures, nothing else. "
           + run.terms() + (RESEARCH if pictures.research_only else ""))
    yield ""
    yield "    " + command(run.program, arguments)
    yield ""
    yield (f"PyTorch {torch.__version__}, {'bfloat16' if run.bfloat16 else 'float32'}, "
           f"{run.options.epochs} epochs of batches of {run.batch}, seed {run.options.seed}; one "
           f"cycle up to {recipe.max_rate}, weight decay {recipe.weight_decay}, label smoothing "
           f"{recipe.label_smoothing}"
           + (f", CutMix in {recipe.mix:.0%} of the batches" if recipe.mix else "")
           + (", random gains" if run.random_gains else "")
           + (", average of the weights" if run.average else "") + ".")


def card(run, path, arguments):
    """The whole card, as lines of Markdown."""
    graph = cost.Graph(str(path))
    yield from introduction(run, path, path.stem)
    yield ""
    yield from training(run, arguments)
    yield "\n## Accuracy\n"
    yield "On the validation pictures, by ONNX Runtime from this file.\n"
    yield from evaluate.report(str(path), run.pictures)
    yield "\n## Cost\n"
    yield from cost.task_lines(graph)
    yield ""
    yield from cost.owner_lines(graph)


def write_model_and_card(run, path, arguments):
    """Exports the run, checks the file against PyTorch, measures it."""
    net = settled(run).cpu().eval()
    threshold = calibrate(net, run.pictures)
    model = write_model(net, run.pictures, run.pictures.taxonomy, path.stem, threshold)
    save(model, net, run.pictures, path)
    print(f"{path}: written; measuring it on {len(run.pictures.validation)} pictures", flush=True)
    text = "\n".join(card(run, path, arguments)) + "\n"
    path.with_suffix(".md").write_text(text)
    print(f"{path.with_suffix('.md')}: written\n{text[text.index('## Accuracy'):]}", flush=True)
