# SPDX-License-Identifier: MIT
"""The text of the report, and its place in a document."""
import os

import report_claims
import report_figures
import report_tables as tables

BEGIN, END = "<!-- report:begin -->", "<!-- report:end -->"


class MarkerError(Exception):
    """A document without the place for the report."""


def between_markers(document, text, name="the document"):
    """`document` with what lies between its markers replaced by `text`."""
    if document.count(BEGIN) != 1 or document.count(END) != 1:
        raise MarkerError(f"{name} must hold one line '{BEGIN}' and one line '{END}'")
    before, rest = document.split(BEGIN)
    if END not in rest:
        raise MarkerError(f"{name}: '{END}' stands before '{BEGIN}'")
    return f"{before}{BEGIN}\n{text.strip()}\n{END}{rest.split(END)[1]}"


def replace_file(path, text):
    """Writes it whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, "utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def introduction(models, engine):
    n = sorted({(m.data, m.n_pictures) for m in models})
    pictures = " and ".join(f"{count:,} of {name}" for name, count in n)
    return (f"Made by `models/report` from the model files, by {engine}, on the validation "
            f"pictures ({pictures}), which the recipes keep out of training. Parameters and MACs "
            "are counted by `recipes/cost.py`.")


def engines(checks, engine):
    """The same figures by the command `nnc`; `checks` is empty if it was not asked."""
    if not checks:
        yield "Not checked: `models/report --nnc FILE` compares with the command `nnc`."
        yield ""
        return
    yield from tables.table(
        ["model", "task", "pictures", f"top-1, {engine}", "top-1, `nnc eval`", "points"],
        ([f"`{c.model}`", c.task, f"{c.n_pictures:,}", tables.percent(c.top1),
          tables.percent(c.nnc), tables.points(c.nnc - c.top1)] for c in checks),
        n_texts=2)


def sections(models, tasks, ablations, checks, engine, n_alone):
    """The whole report as Markdown; `tasks` and `ablations` may be None."""
    nested = [m for m in models if m.nested]
    parts = [("What was measured", tables.models_table(models))]
    if nested:
        parts += [("1. Cost left out", tables.cost(nested)),
                  ("2. Accuracy of cutouts", tables.cutouts(nested, n_alone)),
                  ("3. Attention", tables.attention(nested)),
                  ("4. Presence", tables.presence(nested))]
    parts += [("5. Accuracy and cost", tables.accuracy(models, tasks)),
              ("6. Against networks for one task", tables.experts(tasks, models)),
              ("7. Ablations", tables.ablations(ablations)),
              ("8. Two engines", engines(checks, engine))]
    lines = [introduction(models, engine), "",
             *report_claims.claims_table(nested, tasks)]
    for title, part in parts:
        lines += [f"### {title}", "", *part]
    return "\n".join(lines).rstrip() + "\n"


def figures(models):
    """What is written as JSON beside the text."""
    return [report_figures.summary(model) for model in models]
