# SPDX-License-Identifier: MIT
"""Markdown tables, pictures, and the places of both in README.md."""
import pathlib
import platform
import re

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
# Okabe and Ito's colours, told apart by colour-blind people too.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#999999",
           "#F0E442", "#000000"]


def table(head, rows):
    """Markdown; the first column to the left, numbers to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    lines = ["| " + " | ".join(head) + " |",
             "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def number(value, digits=3):
    """Three digits that count."""
    if value is None:
        return "-"
    if value >= 10 ** digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def goal_table(goals):
    """`goals` has (what, goal, measured, met or None if it could not be measured)."""
    words = {True: "yes", False: "**no**", None: "not measured"}
    return table(["goal", "at least", "measured", "met"],
                 [(what, goal, measured if met is not None else "-", words[met])
                  for what, goal, measured, met in goals])


def processor():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
        return re.search(r"model name\s*:\s*(.*)", text).group(1)
    except (OSError, AttributeError):
        return platform.machine()


def machine():
    import os
    load = os.getloadavg()[0]
    return f"{processor()}, {len(os.sched_getaffinity(0))} processors, load {load:.1f}"


def write_section(name, text):
    """Replaces what README.md has between `<!-- name -->` and `<!-- /name -->`."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    whole = README.read_text()
    if begin not in whole or end not in whole:
        raise SystemExit(f"{README} has no place for '{name}'")
    head, rest = whole.split(begin, 1)
    README.write_text(f"{head}{begin}\n\n{text.strip()}\n\n{end}{rest.split(end, 1)[1]}")


def figure(columns=1, height=4.0):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    pyplot.rcParams.update({"font.size": 9, "axes.spines.top": False,
                            "axes.spines.right": False, "axes.grid": True,
                            "grid.alpha": 0.3, "axes.axisbelow": True})
    return pyplot.subplots(1, columns, figsize=(4.8 * columns, height), squeeze=False,
                           layout="constrained")


def save(fig, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(path, dpi=110, metadata={"Software": None})
