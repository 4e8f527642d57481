# SPDX-License-Identifier: MIT
"""The claims of the papers beside our own figures, and whether they are met.

The papers are arXiv 2308.05128 (three versions) and 2403.05601 by Kelm, Hannemann, Heberle and
others; their figures are those of the abstracts. "Best" is one cutout to one top category.
"""
import dataclasses
import statistics

import report_figures
import report_tables as tables
from report_tables import both, percent, points

FIRST, NESTED, EXPERTS = ("arXiv 2308.05128 v1", "arXiv 2308.05128 v2, v3", "arXiv 2403.05601")
BEST = ((FIRST, 0.75, 0.35), (NESTED, 0.7348, 0.8441), (EXPERTS, 0.887, 0.734))
AVERAGE = ((NESTED, 0.40, 0.08), (EXPERTS, 0.476, 0.058))
NOT_MEASURED = "not measured"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A row; `met` is None where the papers give nothing to meet or we have no figure."""

    text: str
    paper: str
    ours: str
    model: str
    section: int
    met: object

    def row(self):
        met = {True: "met", False: "**not met**", None: tables.NONE}[self.met]
        return [self.text, self.paper, self.ours, self.model, self.section, met]


def all_of(nested, which=None):
    """All models, and the one of them that a figure belongs to."""
    if len(nested) == 1:
        return f"`{nested[0].name}`"
    return f"all {len(nested)}" + (f"; {which[0]} `{which[1]}`" if which else "")


def best_cutout(nested, params, macs):
    """(model, excluded shares) of the top category that comes closest to both or exceeds them
    most."""
    candidates = [(m, m.excluded(c)) for m in nested for c in m.top_categories()]
    return max(candidates, key=lambda c: min(c[1][0] - params, c[1][1] - macs))


def meets(shares, wanted):
    """As printed: to a hundredth of a percent."""
    return all(round(s, 4) >= w for s, w in zip(shares, wanted))


def cost_claim(nested, text, paper, wanted):
    model, shares = best_cutout(nested, *wanted)
    return Claim(text, paper, both(shares), f"`{model.name}`", 1, meets(shares, wanted))


def cost_claims(nested):
    for source, *wanted in BEST:
        yield cost_claim(nested, "the best cutout leaves out parameters, MACs",
                         f"up to {both(wanted)} ({source})", wanted)
    most = [max(column) for column in list(zip(*BEST))[1:]]
    yield cost_claim(nested, "both of the papers' best figures in one cutout",
                     f"{both(most)}, in different texts", most)


def cutout_claims(nested):
    tasks = [(m, t) for m in nested for of_size in m.tasks.values() for t in of_size]
    worst = max(t.deviation for _, t in tasks)
    yield Claim("a cutout needs no retraining: its outputs are the full network's",
                "cutouts without re-training", f"largest difference {worst:g} in "
                f"{len(tasks)} tasks", all_of(nested), 2, worst == 0)
    model, task = min(tasks, key=lambda pair: pair[1].cutout - pair[1].full)
    gain = statistics.mean(t.cutout - t.full for _, t in tasks)
    yield Claim("no loss of top-1 on the task by cutting",
                f"without compromising predictive performance ({EXPERTS})",
                f"{points(gain)} points on average, {points(task.cutout - task.full)} in the "
                f"worst of {len(tasks)} tasks", all_of(nested, ("worst", model.name)), 2,
                task.cutout >= task.full)


def average_claims(tasks):
    for source, *wanted in AVERAGE:
        claim = ("on average over tasks, parameters and MACs saved against baselines of the "
                 "same accuracy", f"{both(wanted)} ({source})")
        savings = tables.mean_savings(tasks) if tasks else None
        if savings is None:
            yield Claim(*claim, NOT_MEASURED, tables.NONE, 6, None)
        else:
            measured = [t for t in tasks.tasks if t.tried]
            reached = sum(t.smallest() is not None for t in measured)
            complete = len(measured) == len(tasks.tasks)
            yield Claim(*claim, f"{tables.at_least(measured)}{both(savings)} over {len(measured)} "
                        f"of {len(tasks.tasks)} tasks; a baseline reaches the cutout in {reached}",
                        f"`{tasks.model}`", 6, meets(savings, wanted) if complete else None)


def attention_claims(nested):
    pair = report_figures.common_gains(nested)
    if pair == (1.0, 1.0):              # every pair costs one of them too much
        pair = report_figures.STRONG_GAINS
    changes = [(m.signal(*pair).right - m.signal(1.0, 1.0).right,
                m.signal(*pair).wrong - m.signal(1.0, 1.0).wrong, m.name) for m in nested]
    least = min(changes)
    yield Claim("attention by a right signal improves top-1 in every model",
                f"improved across all tested models ({NESTED})",
                f"{points(least[0])} points at least, with gains {tables.gains(pair)}",
                all_of(nested, ("least", least[2])), 3, least[0] > 0)
    dearest = min(changes, key=lambda change: change[1])
    yield Claim("what a wrong signal costs", "no figure",
                f"{points(dearest[1])} points at most, with the same gains",
                all_of(nested, ("most", dearest[2])), 3, None)


def presence_claim(nested):
    found = [t.presence for m in nested for of_size in m.tasks.values() for t in of_size]
    ours, logits = (statistics.mean(getattr(p, f) for p in found)
                    for f in ("auroc", "logits_auroc"))
    return Claim("knowing that an object belongs to none of the task's categories", "no figure",
                 f"AUROC {ours:.3f}; {logits:.3f} by the logits alone", all_of(nested), 4, None)


def claims(nested, tasks):
    """All rows, in the order of the sections."""
    rows = []
    if nested:
        rows += [*cost_claims(nested), *cutout_claims(nested), *attention_claims(nested),
                 presence_claim(nested)]
    rows += average_claims(tasks)
    return sorted(rows, key=lambda claim: claim.section)


def claims_table(nested, tasks):
    yield from tables.table(["claim", "the papers", "ours", "model", "section", ""],
                            (claim.row() for claim in claims(nested, tasks)), n_texts=6)
