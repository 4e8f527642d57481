#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`nnc eval`: presence and signals, against figures computed here from what `nnc run` says
about the same pictures.

    test_eval.py NNC MODEL

MODEL has presence, attention and two levels; models without them, or with a level more, are
made of it by another taxonomy.
"""
import collections
import functools
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from command_line import NNC, nnc, objects, write_png

MODEL = os.path.abspath(sys.argv[2])
SEED = 11
N_PICTURES = 40
SIDE = 32
N_GROUPED = 8  # top categories that lie in "group" in the deeper model
METADATA = 14  # field of a ModelProto

SIGNAL_TEXTS = [  # all wrong usage
    ("", "nothing"),
    ("enhance", "no gain"),
    ("enhance=", "empty gain"),
    ("enhance=x", "no number"),
    ("enhance=2x", "half a number"),
    ("enhance=nan", "not a number"),
    ("enhance=inf", "infinity"),
    ("enhance=0x2", "hexadecimal"),
    ("enhance=-1", "negative"),
    ("enhance=16.001", "over 16"),
    ("enhance=1e99999", "far over 16"),
    ("enhance=2,enhance=2", "twice"),
    ("enhance=2,", "an empty entry"),
    ("enhance=2;inhibit=1", "another separator"),
    ("amplify=2", "unknown word"),
    ("Enhance=2", "capital letter"),
    ("=2", "no word"),
]

WRONG_USAGE = [
    (["--signal-from", "wrong"], "--signal"),
    (["--signal-level", "1"], "--signal"),
    (["--seed", "3"], "--signal"),
    (["--signal", "enhance=2", "--signal-from", "left"], "right or wrong"),
    (["--signal", "enhance=2", "--signal-level", "-1"], "0 or larger"),
    (["--signal", "enhance=2", "--seed", "1.5"], "0 to 1000000"),
    (["--signal", "enhance=2", "--seed", "1000001"], "0 to 1000000"),
    (["--signal"], "argument"),
    (["--unknown-folder"], "argument"),
]


def paint(generator):
    """A picture of a few coloured fields: unlike noise, networks see various things in it."""
    fields = [[generator.randbytes(3) for _ in range(4)] for _ in range(4)]
    return b"".join(fields[y * 4 // SIDE][x * 4 // SIDE]
                    for y in range(SIDE) for x in range(SIDE))


@functools.lru_cache(maxsize=None)
def run(model, files, *arguments):
    result = nnc("run", model, *files, "--json", "--logits", "--top-k", "0", "--threads", "1",
                 *arguments)
    if result.returncode or result.stderr:
        raise AssertionError(result.stderr.decode())
    return objects(result)


def taxonomy_of(model):
    """The taxonomy as it lies in the file."""
    data = pathlib.Path(model).read_bytes()
    text = data[data.index(b'{"version"'):].decode("utf-8", "replace")
    return json.JSONDecoder().raw_decode(text)[0]


def read_varint(data, at):
    """A number, and where the next field begins."""
    end = at
    while data[end] & 128:
        end += 1
    return sum((byte & 127) << 7 * i for i, byte in enumerate(data[at:end + 1])), end + 1


def field(number, body):
    def varint(n):
        return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])

    return varint(number << 3 | 2) + varint(len(body)) + body


def with_taxonomy(taxonomy, path):
    """Writes MODEL with another taxonomy."""
    data, kept, at = pathlib.Path(MODEL).read_bytes(), b"", 0
    while at < len(data):
        start = at
        key, at = read_varint(data, at)
        size, at = read_varint(data, at)
        at += size if key & 7 == 2 else 0
        if key >> 3 != METADATA:
            kept += data[start:at]
    entry = field(1, b"nnc.taxonomy") + field(2, json.dumps(taxonomy).encode())
    path.write_bytes(kept + field(METADATA, entry))
    return str(path)


def taxonomy_without(*parts):
    """MODEL's taxonomy without "presence" or "attention"."""
    taxonomy = taxonomy_of(MODEL)
    members = {"presence": ["presence"], "attention": ["gain", "features"]}
    for part in parts:
        del taxonomy[part]
        for category in taxonomy["categories"]:
            for member in members[part]:
                del category[member]
    return taxonomy


def grouped_taxonomy(mute):
    """MODEL's taxonomy with some top categories in one more, which has no gain or presence
    of its own, and without the presence of the class `mute`."""
    taxonomy = taxonomy_of(MODEL)
    categories = taxonomy["categories"]
    for category in [c for c in categories if c["parent"] is None][:N_GROUPED]:
        category["parent"] = len(categories)
    del next(c for c in categories if c["name"] == mute)["presence"]
    categories.append({"name": "group", "parent": None})
    return taxonomy


def mean(values):
    return sum(values) / len(values) if values else None


def ancestor(path, level):
    """The category of that level; a class above it stands for itself."""
    return "/".join(path.split("/")[:level + 1])


def chance_above(positive, negative):
    """The area under the ROC by its definition: all pairs, ties a half."""
    return mean([(p > n) + (p == n) / 2 for p in positive for n in negative])


def report_of(inner, shown, others=()):
    """What `nnc eval` must say. `shown`: pairs of a class and what `nnc run` said about a
    picture of it; `others`: what it said about pictures of nothing; `inner`: paths of the
    categories that are no classes."""
    inside = [(path, result) for path, result in shown if path in result["logits"]]
    outside = [result for path, result in shown if path not in result["logits"]]
    outside = [r for r in [*outside, *others] if r["presence"] is not None]
    known = [result for _, result in inside if result["presence"] is not None]
    called = [result for result in known + outside if result["unknown"]]
    rank = [(path, [p["path"] for p in result["predictions"]].index(path))
            for path, result in inside]
    return {
        "images": len(inside),
        "top1": mean([r == 0 for _, r in rank]),
        "top5": mean([r < 5 for _, r in rank]),
        "superclass": {c: mean([r == 0 for path, r in rank if path.startswith(c + "/")])
                       for c in inner},
        "outside": len(outside),
        "presence_auroc": chance_above([r["presence"] for r in known],
                                       [r["presence"] for r in outside]),
        "unknown_recall": mean([r["unknown"] for r in outside]),
        "unknown_precision": mean([r in outside for r in called]),
    }


class Scene:
    """Labelled pictures for one model: each lies in the folder of a class that the model
    ranks first, second, third or fourth. The first two are the same picture in two
    classes."""

    def __init__(self, model, pictures, root):
        self.model, self.root = model, root
        categories = objects(nnc("info", model, "--json"))[0]["categories"]
        self.inner = [c["path"] for c in categories if not c["leaf"]]
        entries = []
        for i, result in enumerate(run(model, (pictures[0], *pictures))):
            path = result["predictions"][i % 4]["path"]
            folder = root / path.split("/")[-1]
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(result["picture"], folder / f"{i:02}.png")
            entries.append((str(folder / f"{i:02}.png"), path))
        self.files, self.labels = zip(*sorted(entries))

    def common(self, level=0):
        """Categories of a level, the one with most pictures first."""
        count = collections.Counter(ancestor(path, level) for path in self.labels)
        return [category for category, _ in count.most_common()]

    def run(self, *arguments):
        """Pairs of each picture's class and what `nnc run` says about it."""
        return list(zip(self.labels, run(self.model, self.files, *arguments)))

    @functools.lru_cache(maxsize=None)
    def eval(self, *arguments):
        result = nnc("eval", self.model, "--folder", str(self.root), "--json", *arguments)
        if result.returncode or result.stderr:
            raise AssertionError(f"{result.returncode}: {result.stderr.decode()}")
        return objects(result)[0]


class Eval(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.temporary.name)
        generator = random.Random(SEED)
        print("seed", SEED)
        pictures = []
        for i in range(N_PICTURES):
            path = folder / f"{i:02}.png"
            write_png(path, SIDE, SIDE, paint(generator), 3)
            pictures.append(str(path))
        cls.unknown = folder / "unknown"
        (cls.unknown / "things").mkdir(parents=True)
        cls.others = [cls.unknown / "1.png", cls.unknown / "things" / "2.png",
                      cls.unknown / "things" / "3.png"]
        for path in cls.others:
            write_png(path, SIDE, SIDE, generator.randbytes(SIDE * SIDE * 3), 3)
        cls.plain = with_taxonomy(taxonomy_without("attention", "presence"),
                                  folder / "plain.onnx")
        cls.scene = Scene(MODEL, pictures, folder / "classes")
        cls.gains_only = Scene(with_taxonomy(taxonomy_without("presence"), folder / "gains.onnx"),
                               pictures, folder / "gains")
        cls.mute = cls.scene.labels[0].split("/")[-1]
        cls.deep = Scene(with_taxonomy(grouped_taxonomy(cls.mute), folder / "deep.onnx"),
                         pictures, folder / "deep")
        cls.folder = folder

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def assert_report(self, report, expected):
        for name, value in expected.items():
            if isinstance(value, float):
                self.assertAlmostEqual(report[name], value, delta=1e-8, msg=name)
            elif isinstance(value, dict):
                self.assert_report(report[name], value)
            else:
                self.assertEqual(report[name], value, name)

    def assert_refused(self, result, code, words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertRegex(result.stderr.decode(), r"\Annc: [^\n]+\n\Z")
        self.assertIn(words, result.stderr.decode())
        self.assertEqual(result.stdout, b"")

    # presence

    def test_unknown_is_presence_below_the_threshold_of_the_model(self):
        threshold = taxonomy_of(MODEL)["presence"]["threshold"]
        seen = set()
        for arguments in ([], ["--cutout", self.scene.common()[0]]):
            for _, result in self.scene.run(*arguments):
                self.assertEqual(result["unknown"], result["presence"] < threshold)
                seen.add(result["unknown"])
        self.assertEqual(seen, {True, False})

    def test_no_presence_is_null_and_never_unknown(self):
        for _, result in self.gains_only.run():
            self.assertIs(result["presence"], None)
            self.assertIs(result["unknown"], False)

    def test_run_tells_people(self):
        files = self.scene.files[:8]
        cutout = ["--cutout", self.scene.common()[0]]
        text = nnc("run", MODEL, *files, *cutout).stdout.decode()
        lines = [line for line in text.splitlines() if "presence" in line]
        for line, result in zip(lines, run(MODEL, files, *cutout), strict=True):
            self.assertIn(f"presence {100 * result['presence']:.1f} %", line)
            self.assertEqual(", unknown: " in line, result["unknown"])
        self.assertNotIn("presence", nnc("run", self.plain, *files).stdout.decode())

    def test_figures_of_cutouts(self):
        first, second = self.scene.common()[:2]
        leaf = next(path for path in self.scene.labels if path.startswith(first + "/"))
        for scene, cutout in [(self.scene, first), (self.scene, f"-{first}"),
                              (self.scene, f"{leaf},{second}"),
                              (self.deep, f"group,-{self.deep.common(1)[0]}")]:
            with self.subTest(cutout):
                report = scene.eval("--cutout", cutout)
                self.assert_report(report, report_of(scene.inner,
                                                     scene.run("--cutout", cutout)))
                self.assertIs(report["signal"], None)
                self.assertEqual(report["images"] + report["outside"], len(scene.files))
                self.assertNotIn(report["presence_auroc"], (None, 0, 1))

    def test_a_task_without_presence_has_no_figures(self):
        """The deeper model has presence, but not for this class."""
        report = self.deep.eval("--cutout", self.mute)
        self.assert_report(report, report_of(self.deep.inner,
                                             self.deep.run("--cutout", self.mute)))
        self.assertEqual((report["outside"], report["presence_auroc"]), (0, None))

    def test_the_full_network_has_nothing_outside(self):
        report = self.scene.eval()
        self.assert_report(report, report_of(self.scene.inner, self.scene.run()))
        for name in ("presence_auroc", "unknown_recall"):
            self.assertIs(report[name], None)

    def test_unknown_folder_is_outside(self):
        files = tuple(str(path) for path in self.others)
        for cutout in ("", self.scene.common()[0]):
            with self.subTest(cutout):
                expected = report_of(self.scene.inner, self.scene.run("--cutout", cutout),
                                     run(MODEL, files, "--cutout", cutout))
                report = self.scene.eval("--unknown-folder", str(self.unknown), "--cutout",
                                         cutout)
                self.assert_report(report, expected)
                self.assertGreaterEqual(report["outside"], len(files))

    def test_unknown_folder_goes_with_records(self):
        labels = {name["name"]: name["label"] for name in taxonomy_of(MODEL)["categories"]
                  if "label" in name}
        records = b""
        generator = random.Random(SEED)
        pixels = [paint(generator) for _ in range(N_PICTURES)]
        for file, path in zip(self.scene.files, self.scene.labels):
            rgb = pixels[max(int(file[-6:-4]) - 1, 0)]
            records += bytes([0, labels[path.split("/")[-1]]]) + rgb[0::3] + rgb[1::3] + rgb[2::3]
        place = self.folder / "records.bin"
        # a label that the model does not know is left out, whatever it shows
        place.write_bytes(records + bytes([0, 200]) + bytes(3072))
        arguments = ["--unknown-folder", str(self.unknown), "--cutout", self.scene.common()[0],
                     "--json"]
        result = nnc("eval", MODEL, "--cifar100", str(place), *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(objects(result)[0], self.scene.eval(*arguments))

    def test_without_presence_nothing_outside_is_run(self):
        cutout = ["--cutout", self.gains_only.common()[0]]
        report = self.gains_only.eval(*cutout, "--unknown-folder", str(self.unknown))
        self.assert_report(report, report_of(self.gains_only.inner,
                                             self.gains_only.run(*cutout)))
        self.assertEqual(report["outside"], 0)
        for name in ("presence_auroc", "unknown_recall", "unknown_precision"):
            self.assertIs(report[name], None)

    def test_eval_tells_people(self):
        top = self.scene.common()[0]
        report = self.scene.eval("--cutout", top)
        text = nnc("eval", MODEL, "--folder", str(self.scene.root), "--cutout",
                   top).stdout.decode()
        for words in (f"top-1 {100 * report['top1']:.2f} %",
                      f"AUROC {report['presence_auroc']:.4f}",
                      f"unknown recall {100 * report['unknown_recall']:.2f} %",
                      f"precision {100 * report['unknown_precision']:.2f} %",
                      f"against {report['outside']} pictures outside"):
            self.assertIn(words, text)

    def test_bad_unknown_folders(self):
        empty = self.folder / "empty"
        empty.mkdir()
        for path, words in [("/nonexistent", "nonexistent"), (str(empty), "no pictures"),
                            (__file__, os.path.basename(__file__))]:
            self.assert_refused(nnc("eval", MODEL, "--folder", str(self.scene.root),
                                    "--unknown-folder", path, "--json"), 1, words)

    # signals

    def signalled(self, scene, cutout, attention, gains, level, wrong):
        """What eval must say, by one `nnc run` for each category that a signal names. Which
        one is wrong is known only if there are two; pictures outside must not count then."""
        active = run(scene.model, scene.files[:1], "--cutout", cutout)[0]["logits"]
        groups = sorted({ancestor(path, level) for path in active})
        named = [ancestor(path, level) for path in scene.labels]
        named = [group if group in groups else None for group in named]
        if wrong:
            self.assertEqual(len(groups), 2)
            named = [groups[groups[0] == group] for group in named]
        shown = [None] * len(named)
        for group in set(named):
            product = {g: attention.get(g, 1) * gains[g != group] for g in groups}
            text = ",".join(f"{g}={gain!r}" for g, gain in {**attention, **product}.items())
            which = [i for i, g in enumerate(named) if g == group]
            results = run(scene.model, tuple(scene.files[i] for i in which), "--cutout", cutout,
                          "--attention", text)
            for i, result in zip(which, results, strict=True):
                shown[i] = (scene.labels[i], result)
        return report_of(scene.inner, shown)

    def test_signals(self):
        first, second, third = self.scene.common()[:3]
        few, two = f"{first},{second},{third}", f"{first},{second}"
        grouped = [c for c in self.deep.common(1) if c.startswith("group/")]
        leaf = next(path for path in self.scene.labels if path.startswith(first + "/"))
        leaves = ",".join(self.gains_only.common(1)[:2])
        cases = [
            # scene, cutout, attention, (enhance, inhibit), level, wrong
            (self.scene, few, {}, (1.5, 0.5), 0, False),
            (self.scene, few, {first: 2.0, second: 0.5, leaf: 3.0}, (1, 0.25), 0, False),
            (self.scene, first, {}, (2, 1), 1, False),
            (self.deep, f"{grouped[0]},{grouped[1]}", {}, (1.5, 0.5), 1, False),
            (self.gains_only, few, {}, (2, 0), 0, False),
            (self.gains_only, two, {}, (1.5, 0.5), 0, True),
            (self.gains_only, two, {first: 2.0}, (2, 0), 0, True),
            (self.gains_only, leaves, {}, (2, 0), 1, True),
        ]
        for scene, cutout, attention, gains, level, wrong in cases:
            enhance, inhibit = gains
            text = ",".join(f"{word}={gain}" for word, gain in
                            (("enhance", enhance), ("inhibit", inhibit)) if gain != 1)
            neutral = ["--cutout", cutout, "--attention",
                       ",".join(f"{path}={gain}" for path, gain in attention.items())]
            arguments = [*neutral, "--signal", text, "--signal-level", str(level)]
            arguments += ["--signal-from", "wrong"] if wrong else []
            with self.subTest(os.path.basename(scene.model), arguments=arguments):
                report = scene.eval(*arguments)
                self.assert_report(report, self.signalled(scene, cutout, attention, gains,
                                                          level, wrong))
                self.assertEqual(report["signal"],
                                 {"from": "wrong" if wrong else "right", "enhance": enhance,
                                  "inhibit": inhibit, "level": level, "seed": 0})
                self.assertNotEqual({**report, "signal": None}, scene.eval(*neutral))

    def test_a_wrong_signal_to_a_picture_outside_names_an_active_category(self):
        """One picture inside, one outside: one of two figures, and with some seed the other."""
        groups = self.scene.common()[:2]
        inside, *outside = sorted(zip(self.scene.labels, self.scene.files),
                                  key=lambda entry: ancestor(entry[0], 0) not in groups)
        outside = [entry for entry in outside if ancestor(entry[0], 0) not in groups]
        cutout = ["--cutout", ",".join(groups)]

        def shown(entry, group):
            text = ",".join(f"{g}={3 if g == group else 0}" for g in groups)
            return entry[0], run(MODEL, entry[1:], *cutout, "--attention", text)[0]

        wrong = groups[groups[0] == ancestor(inside[0], 0)]
        for entry in outside:
            either = [report_of(self.scene.inner, [shown(inside, wrong), shown(entry, group)])
                      for group in groups]
            if either[0] != either[1]:
                break
        root = self.folder / "two"
        for path, file in (inside, entry):
            (root / path.split("/")[-1]).mkdir(parents=True)
            shutil.copy(file, root / path.split("/")[-1])
        seen = []
        for seed in range(12):
            report = objects(nnc("eval", MODEL, "--folder", str(root), *cutout, "--signal",
                                 "enhance=3,inhibit=0", "--signal-from", "wrong", "--seed",
                                 str(seed), "--json"))[0]
            seen.append({name: report[name] for name in either[0]})
            self.assertIn(seen[-1], either)
            if seen[-1] != seen[0]:
                break
        self.assertNotEqual(seen[-1], seen[0])

    def test_wrong_signals_follow_the_seed(self):
        first, *others = self.scene.common()
        arguments = ["--cutout", ",".join(others), "--signal", "enhance=2,inhibit=0.5",
                     "--signal-from", "wrong"]
        reports = [dict(self.scene.eval(*arguments, "--seed", str(seed))) for seed in range(3)]
        self.assertEqual(reports[0], self.scene.eval(*arguments))
        self.assertEqual([r.pop("signal")["seed"] for r in reports], [0, 1, 2])
        self.assertEqual(len({json.dumps(r) for r in reports}), 3)

    def test_signal_1_is_no_signal(self):
        for source in ("right", "wrong"):
            report = self.scene.eval("--signal", "enhance=1", "--signal-from", source)
            self.assertEqual({**report, "signal": None}, self.scene.eval())

    def test_signal_text_may_have_spaces_and_any_order(self):
        expected = self.scene.eval("--signal", "enhance=2,inhibit=0.5")
        self.assertEqual(expected, self.scene.eval("--signal= inhibit = 5e-1 , enhance=+2.0"))

    def test_signal_tells_people(self):
        text = nnc("eval", MODEL, "--folder", str(self.scene.root), "--signal",
                   "enhance=2", "--signal-from", "wrong", "--seed", "7").stdout.decode()
        self.assertIn("signal wrong   enhance 2   inhibit 1   level 0   seed 7\n", text)

    def test_wrong_usage_is_2(self):
        data = ["eval", MODEL, "--folder", str(self.scene.root)]
        for text, reason in SIGNAL_TEXTS:
            with self.subTest(reason):
                self.assert_refused(nnc(*data, "--signal", text), 2, "from 0 to 16")
        for arguments, words in WRONG_USAGE:
            with self.subTest(arguments):
                self.assert_refused(nnc(*data, *arguments), 2, words)

    def test_signals_that_no_task_can_follow_are_1(self):
        top, leaf = self.scene.common()[0], self.scene.labels[0]
        wrong = ["--signal-from", "wrong"]
        for model, arguments, words in [
                (self.plain, [], "no attention"),
                (MODEL, ["--cutout", top, *wrong], f"'{top}' is the only active"),
                (MODEL, ["--cutout", leaf, "--signal-level", "1", *wrong], f"'{leaf}' is the only"),
                (self.deep.model, [], "'group': the model has no gain"),
                (MODEL, ["--attention", f"{top}=9"], f"'{top}' is 18"),
                (MODEL, ["--signal-level", "2"], "levels 0 to 1"),
                (self.deep.model, ["--signal-level", "3"], "levels 0 to 2")]:
            with self.subTest(arguments, model=os.path.basename(model)):
                self.assert_refused(nnc("eval", model, "--folder", str(self.scene.root),
                                        "--signal", "enhance=2", *arguments, "--json"), 1, words)

    def test_gains_of_what_is_cut_away_cannot_be_too_large(self):
        first, second = self.scene.common()[:2]
        self.assertEqual(
            self.scene.eval("--cutout", second, "--attention", f"{first}=16", "--signal",
                            "enhance=2"),
            self.scene.eval("--cutout", second, "--signal", "enhance=2"))

    # threads

    def test_any_number_of_threads_says_the_same(self):
        root = self.folder / "some broken"
        shutil.copytree(self.scene.root, root)
        broken = sorted(str(path) for path in root.glob("*/*.png"))[::9]
        for path in broken:
            pathlib.Path(path).write_bytes(b"nothing")
        unreadable = self.folder / "unreadable"
        unreadable.mkdir()
        (unreadable / "half.png").write_bytes(self.others[0].read_bytes()[:200])
        results = [nnc("eval", MODEL, "--folder", str(root), "--cutout", self.scene.common()[0],
                       "--unknown-folder", str(unreadable), "--json", "--threads", threads)
                   for threads in ("1", "2", "7", "256")]
        for result in results:
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stdout, results[0].stdout)
            self.assertEqual(result.stderr, results[0].stderr)
        report = objects(results[0])[0]
        self.assertEqual(report["images"] + report["outside"],
                         len(self.scene.files) - len(broken))
        named = results[0].stderr.decode().splitlines()
        for line, path in zip(named, [*broken, str(unreadable / "half.png")], strict=True):
            self.assertTrue(line.startswith(f"nnc: {path}: "), line)

    def test_full_disk_is_1(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([NNC, "eval", MODEL, "--folder", str(self.scene.root)],
                                    stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"stdout", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
