#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The arithmetic, the text and the pictures of `models/report`, on invented outputs.

Needs NumPy; the pictures Matplotlib. Neither models nor pictures nor PyTorch.
"""
import contextlib
import dataclasses
import itertools
import json
import pathlib
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
SKIPPED = 77
sys.path.insert(0, str(MODELS / "recipes"))
sys.dont_write_bytecode = True

try:
    import numpy as np
except ImportError:
    print("skipped: NumPy is missing (python3-numpy)")
    sys.exit(SKIPPED)

import ladder
import measures
import report_claims
import report_figures
import report_inputs
import report_tables
import report_text
import taxonomy

try:
    import report_plots
except ImportError:
    report_plots = None

SEED = 11
print(f"seed {SEED}")
LEVELS = 4, 3                           # top categories, classes in each


def tree_of(n_tops, n_classes, deep=False):
    """Classes c0.0, c0.1, ... in top categories t0, ...; or in a subcategory of each."""
    return taxonomy.from_paths([((f"t{t}", *(["sub"] if deep else []), f"c{t}.{c}"), f"{t}.{c}")
                                for t in range(n_tops) for c in range(n_classes)])


class Invented:
    """A network whose logits are random, a little larger where they should be, and whose
    categories cost 10,000 parameters and 1 M MACs each beside a trunk of 5,000 and 2 M."""

    def __init__(self, tree, n=400, nested=True, help_by_gain=1.0):
        random = np.random.RandomState(SEED)
        self.tree, self.nested, self.help_by_gain = tree, nested, help_by_gain
        self.label = random.randint(0, len(tree.classes), n)
        self.logits = random.randn(n, len(tree.classes)).astype(np.float32)
        self.logits[np.arange(n), self.label] += 1.5
        inside = np.zeros((n, len(tree)))
        for i, label in enumerate(self.label):
            inside[i, tree.chain(tree.classes[label])] = 1
        self.presence = (random.randn(n, len(tree)) + 2 * inside - 1).astype(np.float32)

    def outputs(self, gain):
        """A gain adds to all logits alike, so a signalled category rises above the others."""
        return (self.logits + np.float32(self.help_by_gain * np.log(gain)),
                self.presence if self.nested else None)

    def cost(self, leaves):
        if not self.nested:
            return 70_000, 9_000_000
        own = {n for leaf in leaves for n in self.tree.chain(leaf)}
        return 5_000 + 10_000 * len(own), 2_000_000 + 1_000_000 * len(own)

    def figures(self, name="invented", data="cifar100", deviation=0.0):
        return report_figures.measure(report_figures.Source(
            name, "ab" * 32, data, self.tree, 0.5 if self.nested else None, self.label,
            self.outputs, self.cost, lambda leaves: deviation if self.nested else None))


NESTED = Invented(tree_of(*LEVELS)).figures()
DEEP = Invented(tree_of(*LEVELS, deep=True)).figures("deep", "tiny-imagenet")
SEQUENTIAL = Invented(tree_of(*LEVELS), nested=False).figures("plain")


class Measures(unittest.TestCase):
    def test_auroc(self):
        cases = [
            ("all above", [3, 4, 1, 2], [1, 1, 0, 0], 1.0),
            ("all below", [1, 2, 3, 4], [1, 1, 0, 0], 0.0),
            ("one pair of four wrong", [1, 3, 2, 0], [0, 1, 1, 0], 1.0),
            ("one of two pairs wrong", [1, 3, 2], [0, 0, 1], 0.5),
            ("all equal", [5, 5, 5, 5], [1, 0, 1, 0], 0.5),
            ("one tie", [2, 2, 1], [1, 0, 0], 0.75),
        ]
        for what, score, positive, wanted in cases:
            with self.subTest(what):
                got = measures.auroc(np.array(score, float), np.array(positive, bool))
                self.assertAlmostEqual(got, wanted)

    def test_auroc_is_the_share_of_ordered_pairs(self):
        random = np.random.RandomState(SEED)
        score, positive = random.randint(0, 9, 200), random.rand(200) < 0.3
        pairs = [(p > n) + (p == n) / 2 for p in score[positive] for n in score[~positive]]
        self.assertAlmostEqual(measures.auroc(score, positive), np.mean(pairs))

    def test_roc_runs_from_corner_to_corner_and_rises(self):
        random = np.random.RandomState(SEED)
        x, y = measures.roc(random.randint(0, 9, 100), random.rand(100) < 0.5)
        self.assertEqual((x[0], y[0], x[-1], y[-1]), (0, 0, 1, 1))
        self.assertLessEqual(len(x), 10)                # one step for each different score
        self.assertTrue((np.diff(x) >= 0).all() and (np.diff(y) >= 0).all())

    def test_random_tasks(self):
        for n_top, size, wanted in ((20, 1, 20), (20, 5, 20), (8, 1, 8), (8, 2, 20), (3, 2, 3)):
            with self.subTest(n_top=n_top, size=size):
                tasks = measures.random_tasks(n_top, size)
                self.assertEqual(len({tuple(t) for t in tasks}), wanted)
                self.assertEqual(len(tasks), wanted)
                self.assertTrue(all(len(set(t)) == size and max(t) < n_top for t in tasks))
                self.assertEqual(tasks, measures.random_tasks(n_top, size))
        self.assertNotEqual(measures.random_tasks(20, 5),
                            measures.random_tasks(20, 5, seed=measures.TASK_SEED + 1))
        self.assertEqual(list(measures.tasks_by_size(8)), [1, 2, 5])

    def test_logsumexp(self):
        logits = np.array([[0, 0], [1000, 1000], [-1000, 0]], np.float32)
        wanted = [np.log(2), 1000 + np.log(2), 0]
        np.testing.assert_allclose(measures.logsumexp(logits), wanted, rtol=1e-12)

    def test_detection(self):
        score, inside = np.array([0.9, 0.4, 0.1, 0.2, 0.8]), np.array([1, 1, 0, 0, 0], bool)
        found = measures.detection(score, inside, 0.5)
        self.assertAlmostEqual(found.recall, 2 / 3)
        self.assertAlmostEqual(found.precision, 2 / 3)
        self.assertAlmostEqual(found.balanced, (1 / 2 + 2 / 3) / 2)
        self.assertTrue(np.isnan(measures.detection(score, inside, 0.0).precision))

    def test_threshold_lies_between_what_it_separates(self):
        superclass = np.array([0, 1, 0, 1])
        presence = np.where(superclass[:, None] == np.arange(2), 2.0, -2.0)
        threshold = measures.calibrate_threshold(presence, superclass)
        self.assertTrue(measures.sigmoid(-2.0) < threshold <= measures.sigmoid(2.0))

    def test_kept_top1_never_loses_what_was_right(self):
        logits, label = NESTED_OUTPUTS.logits, NESTED_OUTPUTS.label
        tops = np.repeat(np.arange(LEVELS[0]), LEVELS[1])
        kept = measures.kept_top1(logits, label, tops, [1, 2])
        inside = np.isin(tops[label], [1, 2])
        self.assertTrue(kept[inside & (logits.argmax(1) == label)].all())
        self.assertGreater(kept[inside].mean(), (logits.argmax(1) == label)[inside].mean())
        self.assertFalse(kept[~inside].any())

    def test_signals_equal_the_network_run_with_mixed_gains(self):
        """Against logits put together picture by picture and category by category; whole numbers
        are often equal, and then argmax takes the lower label."""
        tops, label = np.arange(LEVELS[0] * LEVELS[1]) % LEVELS[0], NESTED_OUTPUTS.label
        random = np.random.RandomState(SEED)
        for what, draw in (("all different", random.randn),
                           ("often equal", lambda *shape: random.randint(0, 4, shape) + 0.0)):
            high, low = (draw(len(label), len(tops)) for _ in range(2))
            outputs = [measures.SignalledOutputs(logits, label, tops) for logits in (high, low)]
            mixed = [np.where(tops == t, high, low).argmax(1) == label for t in range(LEVELS[0])]
            right, is_own = np.stack(mixed, 1), tops[label][:, None] == np.arange(LEVELS[0])
            with self.subTest(what):
                self.assertAlmostEqual(measures.right_signal(*outputs), right[is_own].mean())
                self.assertAlmostEqual(measures.wrong_signal(*outputs), right[~is_own].mean())
                neutral = measures.right_signal(outputs[1], outputs[1])
                self.assertAlmostEqual(neutral, (low.argmax(1) == label).mean())

NESTED_OUTPUTS = Invented(tree_of(*LEVELS))


class Figures(unittest.TestCase):
    def test_costs_of_categories_and_tasks(self):
        n_tops, n_classes = LEVELS
        one = 5_000 + 10_000 * (1 + n_classes), 2_000_000 + 1_000_000 * (1 + n_classes)
        self.assertEqual({(c.params, c.macs) for c in NESTED.categories}, {one})
        self.assertEqual(len(NESTED.categories), n_tops)
        self.assertEqual(NESTED.params, 5_000 + 10_000 * n_tops * (1 + n_classes))
        self.assertAlmostEqual(NESTED.excluded(NESTED.categories[0])[0], 1 - one[0] / NESTED.params)
        self.assertEqual({t.params for t in NESTED.tasks[2]}, {5_000 + 20_000 * (1 + n_classes)})
        self.assertEqual({c.level for c in DEEP.categories}, {0, 1})
        self.assertEqual([len(NESTED.tasks[size]) for size in NESTED.tasks], [4, 6])

    def test_neutral_signal_is_top1(self):
        neutral = NESTED.signal(1.0, 1.0)
        self.assertAlmostEqual(neutral.right, NESTED.top1)
        self.assertAlmostEqual(neutral.wrong, NESTED.top1)
        self.assertEqual(len(NESTED.signals), len(report_figures.ENHANCEMENTS)
                         * len(report_figures.INHIBITIONS))

    def test_curves_are_in_the_grid(self):
        for strength in report_figures.STRENGTHS:
            for gains in ((strength, 1.0), (1.0, 1 / strength), (strength, 1 / strength)):
                self.assertEqual(NESTED.signal(*gains).enhance, gains[0])
        self.assertEqual(NESTED.signal(*report_inputs.ABLATION_GAINS).kind(), "both")

    def test_best_signal(self):
        def signals(*rows):
            return [report_figures.Signal(1.0, 1.0, 0.60, 0.60),
                    *(report_figures.Signal(*row) for row in rows)]

        cases = [
            ("the best within the bound", [(1.6, 1.0, 0.66, 0.595), (2.0, 1.0, 0.70, 0.58)], 1.6),
            ("just at the bound", [(1.6, 1.0, 0.66, 0.595), (2.0, 1.0, 0.70, 0.59)], 2.0),
            ("nothing helps", [(1.6, 1.0, 0.58, 0.6)], 1.0),
            ("equal help: the cheaper", [(1.6, 1.0, 0.66, 0.591), (2.0, 1.0, 0.66, 0.599)], 2.0),
        ]
        for what, rows, wanted in cases:
            with self.subTest(what):
                self.assertEqual(report_figures.best_signal(signals(*rows)).enhance, wanted)

    def test_common_gains_cost_no_model_too_much(self):
        rows = {"careful": [(2.0, 1.0, 0.70, 0.50), (1.6, 1.0, 0.64, 0.595)],
                "bold": [(2.0, 1.0, 0.90, 0.60), (1.6, 1.0, 0.65, 0.60)]}
        models = [dataclasses.replace(NESTED, name=name, signals=[
            report_figures.Signal(1.0, 1.0, 0.6, 0.6), *(report_figures.Signal(*r) for r in some)])
            for name, some in rows.items()]
        self.assertEqual(report_figures.common_gains(models), (1.6, 1.0))
        self.assertEqual(report_figures.common_gains(models[1:]), (2.0, 1.0))

    def test_sequential_network_has_accuracy_of_tasks_and_no_more(self):
        self.assertFalse(SEQUENTIAL.nested)
        self.assertEqual({(t.params, t.macs) for t in SEQUENTIAL.tasks[1]}, {(70_000, 9_000_000)})
        self.assertEqual([t.cutout for t in SEQUENTIAL.tasks[1]],
                         [t.cutout for t in NESTED.tasks[1]])

    def test_summary(self):
        for figures in (NESTED, DEEP, SEQUENTIAL):
            with self.subTest(figures.name):
                summary = json.loads(json.dumps(report_figures.summary(figures)))
                self.assertEqual(summary["macs"], figures.macs)
                lacking = {key for key, value in summary.items() if value is None}
                self.assertEqual(bool(lacking), not figures.nested, lacking)


@contextlib.contextmanager
def written(content):
    """A temporary file with this text, or this as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "file.json"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        yield path


def tried(top1, macs, params=10):
    """Costs in thousands of parameters, millions of MACs."""
    return {"arch": "seq-task", "width": macs, "epochs": 3, "params": 1000 * params,
            "macs": macs if isinstance(macs, str) else 10**6 * macs, "top1": top1}


def tasks_json(**changes):
    return {"version": 1, "model": "invented.onnx", "sha256": "ab" * 32, "data": "cifar100",
            "tasks": [{"superclasses": ["t0"],
                       "cutout": {"params": 40_000, "macs": 60_000_000, "top1": 0.8},
                       "sequential": [tried(0.79, 50), tried(0.8, 100, 80), tried(0.9, 200, 160)]},
                      {"superclasses": ["t1", "t2"],
                       "cutout": {"params": 80_000, "macs": 90_000_000, "top1": 0.7},
                       "sequential": [tried(0.6, 50)]}]} | changes


class Ladder(unittest.TestCase):
    def climb(self, lowest_good, n_rungs, start, beyond):
        """The rungs that are tried if all from `lowest_good` on are good."""
        reached = {}
        while (rung := ladder.next_rung(reached, n_rungs, start, beyond)) is not None:
            self.assertNotIn(rung, reached)
            self.assertIn(rung, range(n_rungs))
            reached[rung] = rung >= lowest_good
        return reached

    def test_the_lowest_good_rung_is_found_if_it_may_be_climbed_to(self):
        for n_rungs, beyond in itertools.product((1, 2, 7), (0, 1, 9)):
            for start, lowest in itertools.product(range(n_rungs), range(n_rungs + 1)):
                with self.subTest(n_rungs=n_rungs, beyond=beyond, start=start, lowest=lowest):
                    reached = self.climb(lowest, n_rungs, start, beyond)
                    good = [rung for rung, fine in reached.items() if fine]
                    if lowest <= min(start + beyond, n_rungs - 1):
                        self.assertEqual(min(good), lowest)
                    else:
                        self.assertEqual(good, [])
                        self.assertEqual(max(reached), min(start + beyond, n_rungs - 1))

    def test_few_are_tried(self):
        self.assertEqual([list(self.climb(lowest, 7, 3, 1)) for lowest in range(6)],
                         [[3, 1, 0], [3, 1, 0], [3, 1, 2], [3, 1, 2], [3, 4], [3, 4]])


class Inputs(unittest.TestCase):
    def test_absent_files_are_none(self):
        absent = pathlib.Path("/nonexistent/file.json")
        self.assertIsNone(report_inputs.read_tasks(absent))
        self.assertIsNone(report_inputs.read_ablations(absent))

    def test_smallest_that_reaches(self):
        with written(tasks_json()) as path:
            first, second = report_inputs.read_tasks(path).tasks
        self.assertEqual(first.smallest().cost.macs, 100_000_000)
        self.assertIsNone(second.smallest())

    def test_rival_is_the_largest_where_none_reaches(self):
        task = tasks_json()["tasks"][0]
        worse = [tried(0.79, 50), tried(0.78, 70), tried(0.7, 60)]
        with written(tasks_json(tasks=[task, task | {"sequential": worse},
                                       task | {"sequential": []}])) as path:
            first, second, third = report_inputs.read_tasks(path).tasks
        self.assertEqual(first.rival(), first.smallest())
        self.assertEqual(second.rival().cost.macs, 70_000_000)
        self.assertIsNone(third.rival())

    def test_refusals(self):
        task = tasks_json()["tasks"][0]
        cases = [
            ("not JSON", "{", "not JSON"),
            ("not UTF-8", b"\xff\xfe", "utf-8"),
            ("cut off", json.dumps(tasks_json())[:80], "not JSON"),
            ("nested without end", "[" * 100000, "not JSON"),
            ("a list", [], "an object"),
            ("another version", tasks_json(version=2), "version: expected 1"),
            ("no model", {"version": 1}, "'model' is missing"),
            ("tasks that are no list", tasks_json(tasks={}), "tasks: expected a list"),
            ("a task of nothing", tasks_json(tasks=[task | {"superclasses": []}]),
             "tasks[0]: superclasses: expected one name at least"),
            ("top-1 in percent", tasks_json(tasks=[task | {"sequential": [tried(79.0, 5)]}]),
             "tasks[0]: sequential[0]: top1: expected a share of 0 to 1, not 79.0"),
            ("MACs as text", tasks_json(tasks=[task | {"sequential": [tried(0.7, "5")]}]),
             "macs: expected a number of 0 or more"),
            ("no number", json.dumps(tasks_json()).replace("0.79", "NaN"), "a share of 0 to 1"),
        ]
        for what, content, words in cases:
            with self.subTest(what), written(content) as path:
                with self.assertRaises(report_inputs.FormatError) as raised:
                    report_inputs.read_tasks(path)
                self.assertIn(words, str(raised.exception))
                self.assertIn(str(path), str(raised.exception))

    def test_ablations_may_lack_what_a_network_has_not(self):
        row = {"name": "a", "what": "", "arch": "x", "epochs": 1, "params": 2, "macs": 3,
               "top1": 0.5, "presence_auroc": 0.9, "attention_right": 0.1,
               "attention_wrong": -0.1, "excluded_params": None, "excluded_macs": 0.8}
        with written([row, row | {"attention_right": None, "cutout_top1": 0.7}]) as path:
            first, second = report_inputs.read_ablations(path)
        self.assertEqual((first.attention_wrong, first.cutout_top1), (-0.1, None))
        self.assertEqual((second.attention_right, second.cutout_top1), (None, 0.7))
        for changed, words in (({"top1": None}, "[1]: top1: expected a share"),
                               ({"attention_wrong": -3}, "[1]: attention_wrong: expected a change"),
                               ({"cutout_top1": 70}, "[1]: cutout_top1: expected a share")):
            with self.subTest(words), written([row, row | changed]) as path:
                with self.assertRaises(report_inputs.FormatError) as raised:
                    report_inputs.read_ablations(path)
                self.assertIn(words, str(raised.exception))
        with written(["row"]) as path, self.assertRaises(report_inputs.FormatError):
            report_inputs.read_ablations(path)

    def test_examples_of_the_description_are_right(self):
        text = report_inputs.__doc__
        tasks = re.search(r'(\{"version".*?\]\})\n\n', text, re.S).group(1)
        tasks = re.sub(r'", {2,}[a-z].*|\[ {2,}[a-z].*', lambda m: m.group()[:2].rstrip(), tasks)
        with written(tasks.replace(", ...", "")) as path:
            self.assertEqual(len(report_inputs.read_tasks(path).tasks), 1)
        ablations = re.search(r'(\[\{"name".*?\])\n\n', text, re.S).group(1)
        with written(ablations.replace(", ...", "")) as path:
            self.assertEqual(report_inputs.read_ablations(path)[0].arch, "nest-tiny")


def read(content):
    with written(content) as path:
        return report_inputs.read_tasks(path)


class Text(unittest.TestCase):
    def text(self, models=(NESTED, DEEP, SEQUENTIAL), tasks=None, ablations=None):
        return report_text.sections(list(models), tasks, ablations, [], "an engine", 8)

    def test_tables_are_even(self):
        """Every row of a table has as many cells as its head."""
        ablations = [report_inputs.Ablation("a", "b", "c", 1, 2, 3, 0.5, *[None] * 4, 0.9, 1)]
        lines = self.text(tasks=read(tasks_json()), ablations=ablations).splitlines()
        n_tables = 0
        for starts, group in itertools.groupby(lines, lambda line: line.startswith("|")):
            if starts:
                n_tables += 1
                self.assertEqual(len({line.count("|") for line in group}), 1)
        self.assertGreater(n_tables, 9)

    def test_sections_say_what_is_not_measured(self):
        text = self.text()
        self.assertIn("no `models/baselines/tasks.json`", text)
        self.assertIn("no `models/baselines/ablations.json`", text)
        for title in ("1. Cost", "2. Accuracy", "3. Attention", "4. Presence", "5. ", "6. ", "7. "):
            self.assertIn(f"### {title}", text)

    def test_sequential_networks_alone(self):
        text = self.text([SEQUENTIAL])
        self.assertNotIn("### 3.", text)
        self.assertIn("`plain`", text)

    def test_pictures_that_are_shown_are_drawn(self):
        if report_plots is None:
            self.skipTest("Matplotlib is missing (python3-matplotlib)")
        tasks = read(tasks_json())
        shown = re.findall(r"\(report-pictures/(\w+)\.png\)", self.text(tasks=tasks))
        self.assertEqual(sorted(shown), sorted(report_plots.draw(
            [NESTED, DEEP, SEQUENTIAL], tasks)))

    def test_experts(self):
        text = self.text(tasks=read(tasks_json()))
        # half of the parameters in the first task, at least -700 % in the second: 80,000 of 10,000
        self.assertIn("Over 2 of 2 tasks, the cutout saves at least **-325.00 % of the parameters "
                      "and -20.00 % of the MACs** on average. In 1 of them a network that was "
                      "tried reaches the cutout. In the others", text)
        self.assertNotIn("another file", text)
        self.assertIn("another file", self.text(tasks=read(tasks_json(sha256="00"))))
        first, second = tasks_json()["tasks"]
        fine = self.text(tasks=read(tasks_json(tasks=[first])))
        self.assertIn("saves **50.00 % of the parameters and 40.00 % of the MACs**", fine)
        self.assertNotIn("at least", fine[fine.index("Over 1 of 1"):fine.index("![Cost of cut")])
        none = self.text(tasks=read(tasks_json(tasks=[second])))
        self.assertIn("| none; `seq-task` 50, 3 epochs: 60.00 %, 10,000, 50,000,000 | at least ",
                      none)
        begun = self.text(tasks=read(tasks_json(tasks=[first, second | {"sequential": []}])))
        self.assertIn("Over 1 of 2 tasks", begun)
        nothing = tasks_json(tasks=[second | {"sequential": []}])
        self.assertIn("No network was tried for any task.", self.text(tasks=read(nothing)))

    def test_points_have_no_negative_zero(self):
        self.assertEqual([report_tables.points(v) for v in (-1e-9, 0.0, 0.012, -0.5)],
                         ["+0.00", "+0.00", "+1.20", "-50.00"])

    def test_spread_leaves_out_what_does_not_exist(self):
        nan = float("nan")
        self.assertEqual([report_tables.spread(v) for v in ([0.5, nan], [0.4, 0.6], [nan])],
                         ["50.00 %", "50.00 % (40.00 to 60.00)", "-"])

    def met(self, models, tasks=None):
        return {c.text + c.paper: c.met for c in report_claims.claims(models, tasks)}

    def test_claims_are_judged_by_the_figures(self):
        def with_best(params, macs):
            best = report_figures.CategoryCost("t0", 0, round(1e6 * (1 - params)),
                                               round(1e6 * (1 - macs)))
            return [dataclasses.replace(NESTED, params=10**6, macs=10**6, categories=[best])]

        cases = [((0.887, 0.8441), [True] * 4), ((0.9, 0.84), [True, False, True, False]),
                 ((0.75, 0.85), [True, True, False, False]), ((0.7, 0.9), [False] * 4)]
        for shares, wanted in cases:
            with self.subTest(shares):
                claims = list(report_claims.cost_claims(with_best(*shares)))
                self.assertEqual([claim.met for claim in claims], wanted)

    def test_claims_of_cutouts_and_attention(self):
        def judge(models, words):
            return next(met for text, met in self.met(models).items() if words in text)

        unequal = Invented(tree_of(*LEVELS)).figures(deviation=1e-6)
        harmful = Invented(tree_of(*LEVELS), help_by_gain=-1.0).figures()
        self.assertTrue(judge([NESTED], "no retraining"))
        self.assertFalse(judge([NESTED, unequal], "no retraining"))
        self.assertTrue(judge([NESTED], "right signal"))
        self.assertFalse(judge([NESTED, harmful], "right signal"))
        self.assertIsNone(judge([NESTED], "wrong signal"))

    def test_claims_against_baselines(self):
        def judge(tasks):
            return [c.met for c in report_claims.average_claims(tasks)]

        self.assertEqual(judge(None), [None, None])
        self.assertEqual(judge(read(tasks_json())), [False, False])
        task = tasks_json()["tasks"][0]
        for sequential, met in (([tried(0.8, 100, 80)], True), ([tried(0.8, 62, 80)], False),
                                ([tried(0.1, 100, 80)], True), ([tried(0.1, 62, 80)], False),
                                ([], None)):
            with self.subTest(sequential):
                one = tasks_json(tasks=[task | {"sequential": sequential}])
                self.assertEqual(judge(read(one)), [met, met])
        begun = tasks_json(tasks=[task, task | {"sequential": []}])
        self.assertEqual(judge(read(begun)), [None, None])


class Markers(unittest.TestCase):
    BEGIN, END = report_text.BEGIN, report_text.END

    def test_only_what_lies_between_is_replaced(self):
        document = f"before\n{self.BEGIN}\nold\n{self.END}\nafter\n"
        once = report_text.between_markers(document, "new\n\ntext\n")
        self.assertEqual(once, f"before\n{self.BEGIN}\nnew\n\ntext\n{self.END}\nafter\n")
        self.assertEqual(report_text.between_markers(once, "new\n\ntext\n"), once)

    def test_refusals(self):
        for what, document in (("no marker", "text"), ("no end", self.BEGIN),
                               ("twice", f"{self.BEGIN}{self.END}" * 2),
                               ("the wrong way round", f"{self.END}{self.BEGIN}")):
            with self.subTest(what), self.assertRaises(report_text.MarkerError) as raised:
                report_text.between_markers(document, "new", "README.md")
            self.assertIn("README.md", str(raised.exception))

    def test_the_readme_of_models_has_its_place(self):
        text = (MODELS / "README.md").read_text("utf-8")
        self.assertIn("new", report_text.between_markers(text, "new"))

    def test_a_full_disk_leaves_the_old_file(self):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with written("old") as path:
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
                with self.assertRaises(OSError):
                    report_text.replace_file(path, "new" * 1000)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
                signal.signal(signal.SIGXFSZ, ignored)
            self.assertEqual(path.read_text(), "old")
            self.assertEqual(list(path.parent.iterdir()), [path])


@unittest.skipIf(report_plots is None, "Matplotlib is missing (python3-matplotlib)")
class Pictures(unittest.TestCase):
    MODELS = [NESTED, DEEP, SEQUENTIAL]

    def test_same_figures_give_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            saved = []
            for name in ("once", "again"):
                path = pathlib.Path(folder) / name
                report_plots.save(report_plots.draw(self.MODELS, read(tasks_json())), path)
                saved.append({p.name: p.read_bytes() for p in path.iterdir()})
        self.assertEqual(len(saved[0]), 12)
        self.assertEqual(saved[0], saved[1])
        for name, content in saved[0].items():
            with self.subTest(name):
                if name.endswith(".svg"):
                    self.assertLess(len(content), 200_000)
                    self.assertNotIn(b"<dc:date>", content)
                else:
                    self.assertLess(len(content), 100_000)
                    self.assertGreaterEqual(struct.unpack(">I", content[16:20])[0], 800)

    def test_legends_and_panels_stand_apart(self):
        """Also with one model and with six, whose legend has more rows."""
        six = [dataclasses.replace(m, name=f"a-long-name-{i}")
               for i, m in enumerate([NESTED] * 4 + [SEQUENTIAL] * 2)]
        for models in ([NESTED], self.MODELS, six):
            for name, figure in report_plots.draw(models, read(tasks_json())).items():
                with self.subTest(name, models=len(models)):
                    figure.draw_without_rendering()
                    legend = figure.legends[0].get_window_extent()
                    panels = [a.get_tightbbox() for a in figure.axes if a.get_visible()]
                    self.assertFalse(any(legend.overlaps(panel) for panel in panels))
                    self.assertFalse(any(a.overlaps(b)
                                         for a, b in itertools.combinations(panels, 2)))
                    inside = figure.bbox.padded(1)
                    for box in (legend, *panels):
                        self.assertTrue(inside.x0 <= box.x0 and box.x1 <= inside.x1
                                        and inside.y0 <= box.y0 and box.y1 <= inside.y1, box)


class Command(unittest.TestCase):
    def report(self, *arguments, flags=()):
        return subprocess.run([sys.executable, *flags, str(MODELS / "report"), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_usage(self):
        cases = [(["--help"], 0, "--baselines"), (["--nosuch"], 2, "--nosuch"),
                 (["--models", "--baselines"], 2, "name some with --models"),
                 (["--out", "x", "--write"], 2, "either")]
        for arguments, status, words in cases:
            with self.subTest(arguments):
                done = self.report(*arguments)
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertIn(words, done.stdout)

    def test_missing_packages_are_named(self):
        done = self.report(flags=["-S"])                # a Python without its packages
        self.assertEqual(done.returncode, 1)
        self.assertIn("python3-matplotlib", done.stdout)
        self.assertNotIn("Traceback", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
