# SPDX-License-Identifier: MIT
"""The report: measures models, then writes its text, its pictures and its figures as JSON.

`models/report` is the command. `report_inputs.py` says what else it reads, `report_outputs.py`
runs the models, `report_figures.py` has the arithmetic, `report_tables.py`, `report_claims.py` and
`report_plots.py` what is shown.
"""
import json

import engine
import report_figures
import report_inputs
import report_plots
import report_text
from data import REPOSITORY
from report_outputs import N_PICTURES_ALONE, Pictures, say, source_of
from report_tables import PICTURES

MODELS = REPOSITORY / "models"
README = MODELS / "README.md"


def measure_all(options):
    """(figures of all models, checks by nnc)"""
    pictures_of, models, checks = Pictures(options.data), [], []
    for path in (*options.models, *options.baselines):
        say(f"{path}")
        source, pictures = source_of(path, pictures_of)
        models.append(report_figures.measure(source))
        if options.nnc:
            from report_nnc import crosscheck
            checks += crosscheck(options.nnc, path, source, pictures)
    return models, checks


def write(options):
    """The whole report; True if both engines agree, or one was not asked."""
    tasks = report_inputs.read_tasks(options.tasks)
    ablations = report_inputs.read_ablations(options.ablations)
    document = README.read_text("utf-8") if options.write else None
    if options.write:
        report_text.between_markers(document, "", README)       # before minutes of work
    models, checks = measure_all(options)
    if tasks and tasks.model.removesuffix(".onnx") not in {m.name.removesuffix(".onnx")
                                                           for m in models}:
        tasks = None                                            # of a model not reported on
    text = report_text.sections(models, tasks, ablations, checks,
                                engine.name(), N_PICTURES_ALONE)
    folder = MODELS if options.write else options.out
    folder.mkdir(parents=True, exist_ok=True)
    report_plots.save(report_plots.draw(models, tasks), folder / PICTURES)
    report_text.replace_file(folder / PICTURES / "figures.json",
                 json.dumps(report_text.figures(models), indent=1) + "\n")
    if options.write:
        report_text.replace_file(README, report_text.between_markers(document, text, README))
    else:
        report_text.replace_file(folder / "report.md", text)
    say(f"written: {README if options.write else folder / 'report.md'}, {folder / PICTURES}/")
    return say_differences(checks)


def say_differences(checks):
    for check in checks:
        if not check.agrees():
            say(f"{check.model}, {check.task}: top-1 {check.top1:.4f} by {engine.name()}, "
                f"{check.nnc:.4f} by nnc eval")
    return all(check.agrees() for check in checks)
