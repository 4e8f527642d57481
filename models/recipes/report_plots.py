# SPDX-License-Identifier: MIT
"""The pictures of the report, each as PNG and SVG, legible at a width of 800 pixels.

Colours are Okabe and Ito's, which people with any colour vision tell apart; markers and kinds of
line say the same once more. The same figures give the same bytes with the same Matplotlib.
"""
import io

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from PIL import Image

import report_figures
from measures import TASK_SIZES

WIDTH = 8.0                         # inches; 100 points a picture of 800 pixels
BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK = ("#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                "#E69F00", "#56B4E9", "#000000")
COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = "os^Dv<>"
GREY = "#606060"
N_COLOURS = 128
OTHER = {"linestyle": "--", "markerfacecolor": "white"}
MARKED = slice(None, None, 20)     # of the points of a ROC curve
STYLE = {"font.family": "DejaVu Sans", "font.size": 10, "axes.titlesize": 11,
         "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
         "grid.color": "#e0e0e0", "grid.linewidth": 0.6, "axes.axisbelow": True,
         "lines.linewidth": 1.6, "lines.markersize": 6, "legend.frameon": False,
         "svg.hashsalt": "nnc", "savefig.dpi": 150}
PAPER_PARAMS, PAPER_MACS = 0.887, 0.8441


def style_of(i):
    return {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}


def panels(n, height, columns=None, legend_rows=1, titles=True, left=0.085, **options):
    """A figure with `n` panels of this height in inches, a legend of so many rows above."""
    columns = min(n, columns or n)
    rows = -(-n // columns)
    above, between, below = 0.16 + 0.22 * legend_rows + 0.25 * titles, 0.6 + 0.25 * titles, 0.5
    total = above + rows * height + (rows - 1) * between + below
    figure = Figure(figsize=(WIDTH, total))
    axes = figure.subplots(rows, columns, squeeze=False, **options).flatten()
    for unused in axes[n:]:
        unused.set_visible(False)
    figure.subplots_adjust(left=left, right=0.975, top=1 - above / total, bottom=below / total,
                           wspace=0.24, hspace=between / height)
    return figure, axes[:n]


def legend(figure, handles, columns):
    figure.legend(handles=handles, loc="upper center", ncol=columns, handlelength=2.8,
                  columnspacing=1.6, borderaxespad=0.2)


def line(label, **style):
    return Line2D([], [], label=label, **style)


def log_ticks(axis, ticks):
    axis.set_xscale("log")
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.set_xticks([], minor=True)


def cost_ticks(axis):
    """A logarithmic axis with ticks at 1, 2, 5, 10, ... and a little room beside the data."""
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.set_xlim(low / 1.1, high * 1.1)
    steps = [m * 10.0 ** e for e in range(-4, 5) for m in (1, 2, 5)]
    log_ticks(axis, [t for t in steps if low / 1.1 <= t <= high * 1.1])


def mean_and_range(values):
    """(mean, distance to the least, distance to the most), in percent."""
    mean = sum(values) / len(values)
    below, above = max(0, mean - min(values)), max(0, max(values) - mean)
    return 100 * mean, 100 * below, 100 * above


def range_line(axis, sizes, groups, offset=0.0, **style):
    """Means with the whole range as bars; models beside each other, not above."""
    means, below, above = zip(*map(mean_and_range, groups))
    x = [size * (1 + offset) for size in sizes]
    axis.errorbar(x, means, (below, above), capsize=3, elinewidth=1, **style)


def offset_of(i, n):
    return 0.035 * (i - (n - 1) / 2)


def cost_picture(nested):
    """What tasks of k top categories leave out, from one to all."""
    figure, axes = panels(2, 2.9, legend_rows=-(-len(nested) // 4), titles=False)
    for place, (axis, paper, what) in enumerate(zip(axes, (PAPER_PARAMS, PAPER_MACS),
                                                    ("parameters", "MACs"))):
        for i, model in enumerate(nested):
            groups = [[model.excluded(t)[place] for t in tasks] for tasks in model.tasks.values()]
            range_line(axis, [*model.tasks, model.n_tops], [*groups, [0.0]],
                       offset_of(i, len(nested)), **style_of(i))
        axis.axhline(100 * paper, color=GREY, linestyle="--", linewidth=1.2)
        axis.text(0.985, 100 * paper + 1.2, f"the papers' best: {100 * paper:g} %", color=GREY,
                  ha="right", transform=axis.get_yaxis_transform())
        log_ticks(axis, sorted({size for m in nested for size in (*m.tasks, m.n_tops)}))
        axis.set(ylim=(-2, 100), xlabel="top categories in the task",
                 ylabel=f"{what} left out, %")
    legend(figure, [line(m.name, **style_of(i)) for i, m in enumerate(nested)], 4)
    return figure


def cutout_picture(nested):
    """Top-1 of cutouts beside that of the full network on the same pictures."""
    figure, axes = panels(len(nested), 2.6, 3, sharey=True)
    kinds = (("cutout", BLUE, "o", "-"), ("full", RED, "s", "--"))
    for axis, model in zip(axes, nested):
        for i, (field, colour, marker, style) in enumerate(kinds):
            groups = [[getattr(t, field) for t in tasks] for tasks in model.tasks.values()]
            range_line(axis, list(model.tasks), groups, offset_of(i, 2), color=colour,
                       marker=marker, linestyle=style)
        log_ticks(axis, list(model.tasks))
        axis.set(title=model.name, xlabel="top categories in the task")
    axes[0].set_ylabel("top-1 on the task's pictures, %")
    names = ("cutout to the task", "full network, all classes competing")
    legend(figure, [line(name, color=colour, marker=marker, linestyle=style)
                    for name, (_, colour, marker, style) in zip(names, kinds)], 2)
    return figure


def attention_picture(nested):
    """Top-1 over the strength of a signal, right and wrong."""
    figure, axes = panels(len(nested), 2.8, 3, legend_rows=2, sharey=True)
    kinds = (("enhance only: signalled \u00d7 s", lambda s: (s, 1.0), BLUE, "o"),
             ("inhibit only: others / s", lambda s: (1.0, 1 / s), GREEN, "^"),
             ("both", lambda s: (s, 1 / s), RED, "s"))
    strengths = report_figures.STRENGTHS
    for axis, model in zip(axes, nested):
        for _, gains, colour, marker in kinds:
            signals = [model.signal(*gains(s)) for s in strengths]
            style = {"color": colour, "marker": marker}
            axis.plot(strengths, [100 * s.right for s in signals], **style)
            axis.plot(strengths, [100 * s.wrong for s in signals], **style, **OTHER)
        log_ticks(axis, strengths)
        axis.set(title=model.name, xlabel="strength s of the signal")
    axes[0].set_ylabel("top-1, %")
    right = line("right signal", color=GREY)
    wrong = line("wrong signal", color=GREY, linestyle="--")
    names = [line(name, color=colour, marker=marker) for name, _, colour, marker in kinds]
    legend(figure, [names[0], right, names[1], wrong, names[2]], 3)
    return figure


def presence_picture(nested):
    """Mean ROC curves: is the object of one of the task's categories?"""
    figure, axes = panels(len(nested), 2.8, 3, legend_rows=2, sharey=True)
    styles = {size: style_of(i) | {"markersize": 5} for i, size in enumerate(TASK_SIZES)}
    for axis, model in zip(axes, nested):
        for size, tasks in model.tasks.items():
            for field, kind in (("roc", {}), ("logits_roc", OTHER)):
                mean = sum(getattr(t.presence, field) for t in tasks) / len(tasks)
                axis.plot(100 * report_figures.FALSE_ALARMS, 100 * mean, markevery=MARKED,
                          **styles[size], **kind)
        log_ticks(axis, (0.1, 1, 10, 100))
        axis.set(title=model.name, xlim=(0.1, 100), ylim=(0, 101),
                 xlabel="others taken for the task's, %")
    axes[0].set_ylabel("task's pictures recognised, %")
    sizes = sorted(set().union(*(m.tasks for m in nested)))
    handles = [line(f"{s} top categor{'y' if s == 1 else 'ies'}", **styles[s])
               for s in sizes]
    handles += [line("presence output", color=GREY),
                line("logits alone (logsumexp)", color=GREY, linestyle="--")]
    legend(figure, handles, 3)
    return figure


def draw_tasks(axis, model, field, **style):
    """The full network, then its tasks of fewer and fewer top categories, each a mean."""
    fill = style["color"] if model.nested else "white"
    x, y = [getattr(model, field) / 1e6], [100 * model.top1]
    for size, tasks in sorted(model.tasks.items(), reverse=True):
        x.append(sum(getattr(t, field) for t in tasks) / len(tasks) / 1e6)
        y.append(100 * sum(t.cutout for t in tasks) / len(tasks))
        if model.nested:
            axis.annotate(size, (x[-1], y[-1]), (5, 4), textcoords="offset points",
                          fontsize=9, color=style["color"])
    axis.plot(x, y, linestyle="-" if model.nested else ":", markersize=5, markerfacecolor=fill,
              **style)
    axis.plot(x[:1], y[:1], markersize=9, markerfacecolor=fill, **style)


def accuracy_legend(models, tasks):
    handles = [line(m.name, linestyle="-" if m.nested else ":", **style_of(i),
                    markerfacecolor=style_of(i)["color"] if m.nested else "white")
               for i, m in enumerate(models)]
    handles.append(line("full networks", color=GREY, marker="o", markersize=9, linestyle=""))
    if tasks:
        handles.append(line("trained for one task", color=GREY, marker="x", linestyle=""))
    return handles


def accuracy_picture(models, tasks):
    """Top-1 against cost, a column for each data set: the full networks and their tasks."""
    sets, handles = sorted({m.data for m in models}), accuracy_legend(models, tasks)
    figure, axes = panels(2 * len(sets), 2.9, max(2, len(sets)),
                          legend_rows=-(-len(handles) // 4))
    for place, axis in enumerate(axes):
        row, data = place // len(sets), sets[place % len(sets)]
        field, unit = (("macs", "MACs, millions"), ("params", "parameters, millions"))[row]
        if tasks and tasks.data == data:
            tried = [t.cost for task in tasks.tasks for t in task.tried]
            axis.plot([getattr(c, field) / 1e6 for c in tried], [100 * c.top1 for c in tried],
                      "x", color="#a0a0a0", markersize=5)
        for i, model in enumerate(models):
            if model.data == data:
                draw_tasks(axis, model, field, **style_of(i))
        axis.margins(y=0.1)
        cost_ticks(axis)
        axis.yaxis.set_major_locator(MaxNLocator(7, integer=True))
        axis.set(title=f"{data}: top-1 against {'MACs' if row == 0 else 'parameters'}",
                 xlabel=unit, ylabel="top-1, %")
    legend(figure, handles, 4)
    return figure


def task_name(task):
    first, *others = task.superclasses
    return f"{first} + {len(others)}" if others else first


def experts_picture(tasks):
    """For each task the cutout and every sequential network that was tried for it."""
    names = [task_name(t) for t in tasks.tasks]
    figure, axes = panels(2, 0.3 + 0.3 * len(names), titles=False, sharey=True,
                          left=0.04 + 0.0095 * max(map(len, names)))
    figure.subplots_adjust(wspace=0.08)
    for axis, (field, unit) in zip(axes, (("params", "parameters, millions"),
                                          ("macs", "MACs, millions"))):
        for row, task in enumerate(tasks.tasks):
            smallest = task.smallest()
            for tried in task.tried:
                reaches = tried.cost.top1 >= task.cutout.top1
                axis.plot(getattr(tried.cost, field) / 1e6, row, "s" if reaches else "x",
                          color=RED, markerfacecolor=RED if tried is smallest else "white")
            axis.plot(getattr(task.cutout, field) / 1e6, row, "o", color=BLUE)
        cost_ticks(axis)
        axis.set(xlabel=unit)
    axes[0].set_yticks(range(len(names)), names, fontsize=9)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    legend(figure, [line("cutout", color=BLUE, marker="o", linestyle=""),
                    line("smallest that reaches it", color=RED, marker="s", linestyle=""),
                    line("reaches it", color=RED, marker="s", markerfacecolor="white",
                         linestyle=""),
                    line("does not", color=RED, marker="x", linestyle="")], 4)
    return figure


def draw(models, tasks):
    """{name: figure} of all pictures that these models and tasks allow."""
    nested = [m for m in models if m.nested]
    with matplotlib.rc_context(STYLE):
        pictures = {"accuracy": accuracy_picture(models, tasks)}
        if nested:
            pictures |= {"cost": cost_picture(nested), "cutouts": cutout_picture(nested),
                         "attention": attention_picture(nested),
                         "presence": presence_picture(nested)}
        if tasks and tasks.tasks:
            pictures["experts"] = experts_picture(tasks)
        return pictures


def save_png(figure, path):
    """With a palette, which a few colours on white need no more than: a third of the bytes."""
    pixels = io.BytesIO()
    figure.savefig(pixels, format="png")
    Image.open(pixels).convert("RGB").quantize(N_COLOURS).save(path, optimize=True)


def save(pictures, folder):
    """Writes every figure twice; the same figures give the same bytes."""
    folder.mkdir(exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for name, figure in pictures.items():
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
            save_png(figure, folder / f"{name}.png")
