# SPDX-License-Identifier: MIT
"""The sections of the report as lines of Markdown, one function each."""
import itertools
import statistics

import measures
import report_figures
import report_inputs

PICTURES = "report-pictures"
NONE = "-"


def table(titles, rows, n_texts=1):
    """The first `n_texts` columns are texts, the others numbers."""
    yield "| " + " | ".join(titles) + " |"
    yield "|---" * n_texts + "|---:" * (len(titles) - n_texts) + "|"
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
    yield ""


def picture(name, says):
    yield f"[![{says}]({PICTURES}/{name}.png)]({PICTURES}/{name}.svg)"
    yield ""


def percent(share):
    return NONE if share is None else f"{100 * share:.2f} %"


def points(difference):
    if difference is None:
        return NONE
    return f"{round(100 * difference, 2) + 0.0:+.2f}"


def spread(shares):
    """Mean, and the range if there is one; of those that exist (no NaN)."""
    shares = [share for share in shares if share == share]
    if not shares:
        return NONE
    least, most = f"{100 * min(shares):.2f}", f"{100 * max(shares):.2f}"
    mean = percent(sum(shares) / len(shares))
    return mean if least == most else f"{mean} ({least} to {most})"


def gains(pair):
    return "{:g} / {:g}".format(*pair)


def both(pair):
    return ", ".join(map(percent, pair))


def models_table(models):
    """What was measured."""
    yield from table(
        ["model", "kind", "data", "parameters", "MACs", "top-1", "top-5", "SHA-256"],
        ([f"`{m.name}`", "nested" if m.nested else "sequential", m.data, f"{m.params:,}",
          f"{m.macs:,}", percent(m.top1), percent(m.top5), f"`{m.sha256[:12]}`"]
         for m in models), n_texts=3)


# 1

LEVELS = ("top categories", "subcategories")


def level_name(level):
    return LEVELS[level] if level < len(LEVELS) else f"categories of level {level + 1}"


def levels_of(model):
    """(level, its categories, the cheapest first)"""
    ordered = sorted(model.categories, key=lambda c: (c.level, c.macs, c.params, c.path))
    return [(level, list(group))
            for level, group in itertools.groupby(ordered, key=lambda c: c.level)]


def extremes_row(model, level, categories):
    cheapest, dearest = categories[0], categories[-1]
    alike = (cheapest.params, cheapest.macs) == (dearest.params, dearest.macs)
    medians = [statistics.median(column) for column in zip(*map(model.excluded, categories))]

    def named(category):
        name = "all alike" if alike else f"`{category.path}`"
        return f"{both(model.excluded(category))} ({name})"

    return [f"`{model.name}`", f"{len(categories)} {level_name(level)}", named(cheapest),
            both(medians), named(dearest)]


def every_category(model):
    """A folded table; categories that cost the same share a row."""
    yield "<details>"
    yield f"<summary>Every category of {model.name}</summary>"
    yield ""
    rows = []
    for level, categories in levels_of(model):
        for (macs, params), group in itertools.groupby(categories, lambda c: (c.macs, c.params)):
            group = list(group)
            rows.append([", ".join(f"`{c.path}`" for c in group), f"{params:,}", f"{macs:,}",
                         *map(percent, model.excluded(group[0]))])
    yield from table(["cutout to one of", "parameters", "MACs", "parameters left out",
                      "MACs left out"], rows)
    yield "</details>"
    yield ""


def cost(nested):
    yield ("What a cutout to one category leaves out of the full network, parameters and MACs. "
           "*Best* is the category with the fewest MACs, *worst* the one with the most.")
    yield ""
    yield from table(["model", "categories", "best", "median", "worst"],
                     (extremes_row(m, *level) for m in nested for level in levels_of(m)),
                     n_texts=2)
    yield "Random tasks of whole top categories: mean, and the range where there is one."
    yield ""
    yield from table(
        ["model", "top categories in the task", "tasks", "parameters left out", "MACs left out"],
        ([f"`{m.name}`", size, len(tasks), *map(spread, zip(*map(m.excluded, tasks)))]
         for m in nested for size, tasks in m.tasks.items()))
    yield from picture("cost", "Share of parameters and MACs that tasks leave out")
    for model in nested:
        yield from every_category(model)


# 2

def cutout_row(model, size, tasks):
    worst = max(t.deviation for t in tasks)
    return [f"`{model.name}`", size, len(tasks), spread([t.cutout for t in tasks]),
            "0 (the same bits)" if worst == 0 else f"{worst:.2g}",
            spread([t.full for t in tasks]),
            points(statistics.mean(t.cutout - t.full for t in tasks)),
            points(min(t.cutout - t.full for t in tasks))]


def cutouts(nested, n_alone):
    yield (f"Top-1 on the pictures of a task. Each task was also run as a network of its own, of "
           f"just the nodes it needs, on {n_alone} pictures: the largest difference of any "
           "output to the full network's is given. Where it is 0, the top-1 of the cutout *is* "
           "that of the full network restricted to the same classes. The unrestricted full "
           "network lets all classes compete on the same pictures; what it gets right, the "
           "cutout gets right too.")
    yield ""
    yield from table(
        ["model", "top categories", "tasks", "cutout = full network, same classes",
         "largest difference", "full network, all classes", "mean gain, points",
         "least gain, points"],
        (cutout_row(m, size, tasks) for m in nested for size, tasks in m.tasks.items()))
    yield from picture("cutouts", "Top-1 of cutouts and of the full network on their pictures")


# 3

def signal_row(model, name, signal):
    neutral = model.signal(1.0, 1.0)
    return [f"`{model.name}`", name, gains((signal.enhance, signal.inhibit)),
            percent(signal.right), points(signal.right - neutral.right), percent(signal.wrong),
            points(signal.wrong - neutral.wrong)]


def signal_rows(model):
    """Neutral, then the best of each kind within the bound, then the best of all."""
    neutral = model.signal(1.0, 1.0)
    yield signal_row(model, "neutral", neutral)
    for kind in ("enhance only", "inhibit only", "both"):
        some = [neutral] + [s for s in model.signals if s.kind() == kind]
        best = report_figures.best_signal(some)
        if best is not neutral:
            yield signal_row(model, f"best of {kind}", best)
        else:
            yield [f"`{model.name}`", f"best of {kind}", "none within the bound", *[NONE] * 4]
    yield signal_row(model, "**best default**", report_figures.best_signal(model.signals))
    yield signal_row(model, "strongest", model.signal(report_figures.ENHANCEMENTS[-1],
                                                      report_figures.INHIBITIONS[-1]))


def attention(nested):
    bound = 100 * measures.MOST_WRONG_COST
    yield ("Gains without retraining, written *signalled top category / all others*. A right "
           "signal names the picture's own top category; a wrong one another, and the mean over "
           f"all others is given. The **best default** helps most of those that cost at most "
           f"{bound:g} point when the signal is wrong (chosen among "
           f"{len(nested[0].signals)} pairs on the same pictures).")
    yield ""
    yield from table(["model", "gains", "signalled / others", "top-1, right signal",
                      "points", "top-1, wrong signal", "points"],
                     (row for m in nested for row in signal_rows(m)), n_texts=2)
    pair = report_figures.common_gains(nested)
    if len(nested) > 1:
        yield f"By the same rule, the best default for all of them at once is **{gains(pair)}**:"
        yield ""
        yield from table(["model", "gains", "signalled / others", "top-1, right signal",
                          "points", "top-1, wrong signal", "points"],
                         (signal_row(m, "common default", m.signal(*pair)) for m in nested),
                         n_texts=2)
    yield from picture("attention", "Top-1 over the strength of a right and of a wrong signal")


# 4

def presence_row(model, size, tasks):
    found = [t.presence for t in tasks]
    return [f"`{model.name}`", size, len(tasks), area([p.auroc for p in found]),
            area([p.logits_auroc for p in found]),
            percent(statistics.mean(p.detection.balanced for p in found)),
            spread([p.detection.recall for p in found]),
            spread([p.detection.precision for p in found])]


def area(values):
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def presence(nested):
    thresholds = ", ".join(f"{m.threshold:g} in `{m.name}`" for m in nested)
    yield ("Does a picture show an object of the task at all? Random tasks, on all pictures: "
           "the area under the ROC curve (AUROC) of the presence output, the largest over the "
           "task's top categories, beside what the logits of its classes tell alone "
           "(logsumexp). Then, at the threshold stored in the model "
           f"({thresholds}): the mean of *in the task* and *unknown* judged right, how many of "
           "the pictures outside the task are said to be unknown (recall), and how many of "
           "those said to be unknown are outside (precision).")
    yield ""
    yield from table(
        ["model", "top categories", "tasks", "AUROC, presence", "AUROC, logits", "balanced",
         "unknown, recall", "unknown, precision"],
        (presence_row(m, size, tasks) for m in nested for size, tasks in m.tasks.items()))
    yield from picture("presence", "Mean ROC curves of the presence output and of the logits")


# 5

def accuracy(models, tasks):
    yield ("Top-1 against cost. A filled marker is a nested network, an open one a sequential "
           "network. A large marker is the full network on all pictures; a small one the mean "
           "over the random tasks of as many top categories as stands beside it, on their "
           "pictures, only their classes competing. A sequential network pays the same for "
           "every task."
           + (" Crosses are networks trained for one task alone (section 6)." if tasks else ""))
    yield ""
    yield from picture("accuracy", "Top-1 against MACs and parameters")


# 6

def saving(task, field):
    """What the cutout saves against its rival, as a share; the least it saves, if that is not as
    good."""
    return 1 - getattr(task.cutout, field) / getattr(task.rival().cost, field)


def mean_savings(tasks):
    """(parameters, MACs) over the tasks for which anything was tried, or None."""
    measured = [t for t in tasks.tasks if t.tried]
    if not measured:
        return None
    return tuple(statistics.mean(saving(t, f) for t in measured) for f in ("params", "macs"))


def at_least(tasks):
    """"at least " if some saving is only known to be no smaller."""
    return "at least " if any(t.tried and not t.smallest() for t in tasks) else ""


def tried_text(tried):
    c = tried.cost
    return (f"`{tried.arch}` {tried.width}, {tried.epochs} epochs: {percent(c.top1)}, "
            f"{c.params:,}, {c.macs:,}")


def expert_row(task):
    cutout, rival = task.cutout, task.rival()
    row = [", ".join(f"`{name}`" for name in task.superclasses), percent(cutout.top1),
           f"{cutout.params:,}", f"{cutout.macs:,}", len(task.tried)]
    if not rival:
        return row + [NONE, NONE, NONE]
    saved = [at_least([task]) + percent(saving(task, field)) for field in ("params", "macs")]
    return row + [tried_text(rival) if task.smallest() else f"none; {tried_text(rival)}", *saved]


def summary(tasks):
    """What the table comes to, in sentences."""
    measured = [t for t in tasks.tasks if t.tried]
    if not measured:
        yield "No network was tried for any task."
        return
    reached = sum(t.smallest() is not None for t in measured)
    params, macs = mean_savings(tasks)
    yield (f"Over {len(measured)} of {len(tasks.tasks)} tasks, the cutout saves "
           f"{at_least(measured)}**{percent(params)} of the parameters and {percent(macs)} of the "
           f"MACs** on average. In {reached} of them a network that was tried reaches the cutout."
           + ("" if reached == len(measured) else " In the others the largest that was tried "
              "stands in the table, which is not as good: what is saved against one that is would "
              "be more."))


def every_tried(tasks):
    yield "<details>"
    yield "<summary>Every network that was tried</summary>"
    yield ""
    yield from table(["task", "network", "epochs", "parameters", "MACs", "top-1", "reaches"],
                     ([", ".join(f"`{n}`" for n in task.superclasses), f"`{t.arch}` {t.width}",
                       t.epochs, f"{t.cost.params:,}", f"{t.cost.macs:,}", percent(t.cost.top1),
                       "yes" if t.cost.top1 >= task.cutout.top1 else "no"]
                      for task in tasks.tasks for t in task.tried), n_texts=2)
    yield "</details>"
    yield ""


def experts(tasks, models):
    """`tasks` is the content of tasks.json, or None."""
    if tasks is None or not tasks.tasks:
        yield "Not measured: there is no `models/baselines/tasks.json`."
        yield ""
        return
    yield (f"Cutouts of `{tasks.model}` ({tasks.data}) against sequential networks that were "
           "trained for one task alone. Of those that reach the cutout's top-1, the one with "
           "the fewest MACs counts.")
    yield ""
    current = [m for m in models if f"{m.name}.onnx" == tasks.model]
    if any(m.sha256 != tasks.sha256 for m in current):
        yield f"These figures were made with another file of `{tasks.model}` than the one above."
        yield ""
    yield from table(["task", "top-1 of the cutout", "parameters", "MACs", "tried",
                      "smallest that reaches it: top-1, parameters, MACs",
                      "the cutout saves, parameters", "MACs"], map(expert_row, tasks.tasks))
    yield from summary(tasks)
    yield ""
    yield from picture("experts", "Cost of cutouts and of networks trained for one task")
    yield from every_tried(tasks)


# 7

def ablations(rows):
    """`rows` is the content of ablations.json, or None."""
    if not rows:
        yield "Not measured: there is no `models/baselines/ablations.json`."
        yield ""
        return
    yield ("Networks of which one thing was changed. Cutout is the mean top-1 of the tasks of one "
           "top category, presence the mean AUROC over the sizes of tasks, attention the change "
           f"of top-1 in points with gains {gains(report_inputs.ABLATION_GAINS)}; left out is "
           "what the best cutout to one top category leaves out.")
    yield ""
    yield from table(
        ["network", "what is different", "architecture", "epochs", "parameters", "MACs", "top-1",
         "cutout", "presence", "right signal", "wrong signal", "parameters left out",
         "MACs left out"],
        ([a.name, a.what, f"`{a.arch}`", a.epochs, f"{a.params:,}", f"{a.macs:,}",
          percent(a.top1), percent(a.cutout_top1),
          NONE if a.presence_auroc is None else f"{a.presence_auroc:.3f}",
          points(a.attention_right), points(a.attention_wrong), percent(a.excluded_params),
          percent(a.excluded_macs)] for a in rows), n_texts=3)
