#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The contract of the command `nnc` with scripts: fields, exit codes, one JSON object per
line, floats that read back to the same bits, and a --help that names what is printed.

    test_cli.py NNC MODEL
"""
import hashlib
import math
import os
import pathlib
import random
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

from command_line import NNC, nnc, objects, write_png

MODEL = os.path.abspath(sys.argv[2])
SEED = 7

USAGE_ERRORS = [
    ([], "no command"),
    (["nosuch"], "unknown command"),
    (["info"], "no model"),
    (["info", MODEL, "extra"], "argument too many"),
    (["info", MODEL, "--nosuch"], "unknown option"),
    (["info", MODEL, "--logits"], "option of another command"),
    (["info", MODEL, "--cutout"], "missing argument"),
    (["info", MODEL, "--json=1"], "argument for a flag"),
    (["info", MODEL, "--backend", "abacus"], "unknown backend"),
    (["info", MODEL, "--backend", "avx2"], "an instruction set is no backend"),
    (["info", MODEL, "--isa", "sse9"], "unknown instruction set"),
    (["run", MODEL], "no picture"),
    (["run", MODEL, "x.png", "--top-k", "-1"], "negative number"),
    (["run", MODEL, "x.png", "--top-k", "3x"], "half a number"),
    (["eval", MODEL], "no data"),
    (["eval", MODEL, "--cifar100", "a", "--folder", "b"], "two kinds of data"),
    (["bench", MODEL, "--threads", "many"], "no number"),
    (["bench", MODEL, "--threads", "257"], "too many threads"),
    (["bench", MODEL, "--runs", "0"], "no runs"),
    (["extract", MODEL, "--cutout", "x"], "no file to write"),
    (["extract", MODEL, "--out", "x.onnx"], "no cutout"),
    (["extract", MODEL, "--cutout", "x", "-o"], "missing argument of a short option"),
    (["info", MODEL, "-o", "x.onnx"], "short option of another command"),
    (["info", MODEL, "--precision", "fp16"], "unknown precision"),
    (["extract", MODEL, "--cutout", "x", "-o", "x", "--precision", "int8"],
     "precision of a command that computes nothing"),
    (["quantize", MODEL, "-o", "x.onnx"], "no pictures to learn from"),
    (["quantize", MODEL, "--calibrate", "x"], "no file to write"),
    (["quantize", MODEL, "--calibrate", "x", "-o", "y", "--pictures", "0"], "no picture"),
]


def is_float32(text):
    """Whether a number is a float32 with nine significant digits: its bits come back."""
    value = struct.unpack("f", struct.pack("f", float(text)))[0]
    return float("%.9g" % value) == float(text)


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.random = random.Random(SEED)
        cls.pixels = [cls.random.randbytes(32 * 32 * 3) for _ in range(6)]
        cls.pictures = []
        for i, pixels in enumerate(cls.pixels):
            path = cls.folder / f"picture-{i}.png"
            write_png(path, 32, 32, pixels, 3)
            cls.pictures.append(str(path))
        cls.info = objects(nnc("info", MODEL, "--json"))[0]
        cls.leaves = [c["path"] for c in cls.info["categories"] if c["leaf"]]
        cls.inner = [c["path"] for c in cls.info["categories"] if not c["leaf"]]

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def assert_one_error_line(self, result, code):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertRegex(result.stderr.decode(), r"\Annc: [^\n]+\n\Z")
        self.assertEqual(result.stdout, b"")

    def run_json(self, *arguments):
        result = nnc("run", MODEL, *arguments, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, b"")
        return objects(result)

    # exit codes

    def test_wrong_usage_is_2(self):
        for arguments, reason in USAGE_ERRORS:
            with self.subTest(reason):
                self.assert_one_error_line(nnc(*arguments), 2)

    def test_everything_else_is_1(self):
        broken = self.folder / "broken.png"
        broken.write_bytes(pathlib.Path(self.pictures[0]).read_bytes()[:60])
        half = self.folder / "half.bin"
        half.write_bytes(bytes(3074 + 100))
        empty = self.folder / "empty"
        empty.mkdir()
        for arguments, reason in [
                (["info", "/nonexistent.onnx"], "no such model"),
                (["info", str(self.folder)], "a folder for a model"),
                (["info", __file__], "no model at all"),
                (["info", MODEL, "--cutout", "nosuchthing"], "unknown category"),
                (["info", MODEL, "--cutout", f"{self.leaves[0]},-*"], "nothing is left"),
                (["run", MODEL, "/nonexistent.png"], "no such picture"),
                (["run", MODEL, str(broken)], "broken picture"),
                (["run", MODEL, __file__], "no picture"),
                (["run", MODEL, self.pictures[0], "--attention", "x=2"], "unknown gain"),
                (["run", MODEL, self.pictures[0], "--attention", f"{self.leaves[0]}=17"],
                 "gain over 16"),
                (["eval", MODEL, "--cifar100", str(half)], "half a record"),
                (["eval", MODEL, "--cifar100", "/nonexistent"], "no such records"),
                (["eval", MODEL, "--folder", str(empty)], "no pictures"),
                (["bench", "/nonexistent.onnx"], "no such model"),
                (["extract", "/nonexistent.onnx", "--cutout", "", "-o", "x"], "no such model"),
                (["extract", MODEL, "--cutout", "nosuch", "-o", "x"], "unknown category"),
                (["extract", MODEL, "--cutout", "", "-o", str(self.folder)], "a folder"),
                (["extract", MODEL, "--cutout", "", "-o", "/nonexistent/x"], "no folder"),
                (["info", MODEL, "--precision", "int8", "--backend", "reference"],
                 "no bytes in the model"),
                (["info", MODEL, "--precision", "bf16", "--isa", "generic"],
                 "no kernels for it"),
                (["quantize", MODEL, "--calibrate", "/nonexistent", "-o", "x"], "no pictures"),
                (["quantize", MODEL, "--calibrate", str(empty), "-o", "x"], "none inside"),
                (["quantize", "/nonexistent.onnx", "--calibrate", str(empty), "-o", "x"],
                 "no such model")]:
            with self.subTest(reason):
                self.assert_one_error_line(nnc(*arguments, "--json"), 1)

    def test_full_disk_is_1(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([NNC, "info", MODEL], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"stdout", result.stderr)

    # help

    def test_help_names_every_field(self):
        printed = {
            "info": self.info,
            "run": self.run_json(self.pictures[0], "--logits")[0],
            "eval": self.eval_records(range(3)),
            "bench": objects(nnc("bench", MODEL, "--runs", "2", "--json"))[0],
            "extract": self.extract(self.leaves[0], "help.onnx"),
            "quantize": self.quantize("help8.onnx"),
        }
        everything = nnc("--help").stdout.decode()
        for command, fields in printed.items():
            with self.subTest(command):
                result = nnc(command, "--help")
                self.assertEqual((result.returncode, result.stderr), (0, b""))
                text = result.stdout.decode()
                documented = text.split("Fields of the JSON:\n")[1]
                self.assertEqual(re.findall(r"^  (\w+) ", documented, re.M), list(fields))
                self.assertIn(f"nnc {command} --json:\n{documented}", everything)
                self.assertIn(f"usage: nnc {command} ", text)

    # info

    def test_info_fields(self):
        self.assertEqual(
            list(self.info),
            ["model", "backend", "isa", "precision", "total_params", "active_params",
             "total_macs", "active_macs",
             "trunk_params", "trunk_macs", "presets", "categories"])
        for category in self.info["categories"]:
            self.assertEqual(list(category),
                             ["path", "depth", "leaf", "active", "params", "macs"])
            self.assertEqual(category["depth"], category["path"].count("/"))

    def test_info_names_presets(self):
        model = pathlib.Path(__file__).parents[1] / "golden/ops/nested_depth_2.onnx"
        self.assertEqual(objects(nnc("info", model, "--json"))[0]["presets"],
                         {"only a": {"cutout": "a", "attention": ""},
                          "loud": {"cutout": "", "attention": "a=2,b1=0.5"}})
        self.assertIn("preset only a: cutout 'a', attention ''",
                      nnc("info", model).stdout.decode())

    def test_costs_add_up(self):
        for cutout in ["", self.inner[0], f"-{self.inner[0]}", self.leaves[-1]]:
            with self.subTest(cutout):
                info = objects(nnc("info", MODEL, "--cutout", cutout, "--json"))[0]
                for unit in ("params", "macs"):
                    active = sum(c[unit] for c in info["categories"] if c["active"])
                    self.assertEqual(info[f"trunk_{unit}"] + active, info[f"active_{unit}"])
                    self.assertEqual(info[f"total_{unit}"], self.info[f"active_{unit}"])

    def test_backend_and_instruction_set_in_use(self):
        self.assertEqual(self.info["backend"], "native")
        for arguments, backend, isa in [
                (["--isa=generic"], "native", "generic"),
                ([f"--isa={self.info['isa']}"], "native", self.info["isa"]),
                (["--backend=blas"], "blas", "generic"),
                (["--backend=reference", "--isa=generic"], "reference", "generic")]:
            with self.subTest(arguments):
                info = objects(nnc("info", MODEL, *arguments, "--json"))[0]
                self.assertEqual((info["backend"], info["isa"]), (backend, isa))

    def test_an_instruction_set_that_is_not_here(self):
        other = "neon" if self.info["isa"] != "neon" else "avx2"
        for command in (["info", MODEL], ["run", MODEL, self.pictures[0]], ["bench", MODEL]):
            with self.subTest(command):
                result = nnc(*command, "--isa", other)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr.decode(),
                                 rf"'{other}' is not in this build; "
                                 rf"available here: auto, generic.*\b{self.info['isa']}\n\Z")

    def test_info_for_people(self):
        text = nnc("info", MODEL, "--cutout", self.inner[0]).stdout.decode()
        for name in ("full network", "trunk", "cut away", "excluded"):
            self.assertIn(name, text)
        for category in self.info["categories"]:
            self.assertIn("─ " + category["path"].split("/")[-1], text)

    # run

    def test_run_fields(self):
        results = self.run_json(*self.pictures[:3], "--logits")
        self.assertEqual([r["picture"] for r in results], self.pictures[:3])
        for result in results:
            self.assertEqual(list(result), ["picture", "task_id", "predictions", "presence",
                                            "unknown", "logits"])
            self.assertEqual(result["task_id"], 0)
            self.assertEqual(len(result["predictions"]), 5)
            self.assertEqual(sorted(result["logits"]), sorted(self.leaves))
            for prediction in result["predictions"]:
                self.assertEqual(list(prediction), ["path", "class", "probability", "logit"])
                self.assertEqual(prediction["class"], prediction["path"].split("/")[-1])
                self.assertEqual(prediction["logit"], result["logits"][prediction["path"]])

    def test_no_logits_unless_asked(self):
        self.assertEqual(list(self.run_json(self.pictures[0])[0]),
                         ["picture", "task_id", "predictions", "presence", "unknown"])

    def test_floats_read_back_to_the_same_bits(self):
        text = nnc("run", MODEL, *self.pictures, "--logits", "--json").stdout.decode()
        numbers = re.findall(r":(-?\d[^,}\]]*)", text)
        self.assertGreater(len(numbers), 6 * len(self.leaves))
        for number in numbers:
            self.assertTrue(is_float32(number), number)

    def test_top_k(self):
        for k, n in [(1, 1), (7, 7), (0, len(self.leaves)), (1000, len(self.leaves))]:
            predictions = self.run_json(self.pictures[0], "--top-k", str(k))[0]["predictions"]
            self.assertEqual(len(predictions), n)
            logits = [p["logit"] for p in predictions]
            self.assertEqual(logits, sorted(logits, reverse=True))

    def test_probability_is_softmax_of_active_logits(self):
        result = self.run_json(self.pictures[1], "--top-k", "0", "--cutout", self.inner[1])[0]
        weights = [math.exp(p["logit"]) for p in result["predictions"]]
        for prediction, weight in zip(result["predictions"], weights):
            self.assertAlmostEqual(prediction["probability"], weight / sum(weights), places=5)

    def test_cutout_keeps_logits(self):
        full = self.run_json(*self.pictures, "--logits")
        for cutout in [self.inner[0], f"-{self.inner[0]}", self.leaves[-1]]:
            for all_of, part in zip(full, self.run_json(*self.pictures, "--logits",
                                                        "--cutout", cutout)):
                self.assertLess(len(part["logits"]), len(all_of["logits"]))
                for path, logit in part["logits"].items():
                    self.assertEqual(logit, all_of["logits"][path], (cutout, path))

    def test_gain_1_is_no_attention(self):
        plain, gained = (self.run_json(self.pictures[2], "--logits", *more)[0]["logits"]
                         for more in ([], ["--attention", f"{self.inner[0]}=1"]))
        self.assertEqual(plain, gained)

    def test_attention_reaches_its_branch_only(self):
        branch = self.inner[0]
        plain, gained = (self.run_json(self.pictures[2], "--logits", *more)[0]["logits"]
                         for more in ([], ["--attention", f"{branch}=2"]))
        for path in plain:
            self.assertEqual(plain[path] != gained[path], path.startswith(branch + "/"), path)

    def test_transparent_is_mid_grey(self):
        clear, half = self.folder / "clear.png", self.folder / "half.png"
        grey, mixed = self.folder / "grey.png", self.folder / "mixed.png"
        write_png(clear, 40, 30, bytes([255, 0, 0, 0]) * 1200, 4)
        write_png(grey, 40, 30, bytes([128, 128, 128]) * 1200, 3)
        write_png(half, 40, 30, bytes([255, 0, 0, 51]) * 1200, 4)  # 51 / 255 is a fifth
        write_png(mixed, 40, 30, bytes([153, 102, 102]) * 1200, 3)
        results = self.run_json(str(clear), str(grey), str(half), str(mixed), "--logits")
        self.assertEqual(results[0]["logits"], results[1]["logits"])
        self.assertEqual(results[2]["logits"], results[3]["logits"])

    def test_one_broken_picture_does_not_stop_the_others(self):
        result = nnc("run", MODEL, self.pictures[0], "/nonexistent.png", self.pictures[1],
                     "--json")
        self.assertEqual(result.returncode, 1)
        self.assertEqual([o["picture"] for o in objects(result)],
                         [self.pictures[0], self.pictures[1]])
        self.assertRegex(result.stderr.decode(), r"\Annc: [^\n]*/nonexistent.png[^\n]*\n\Z")

    def test_any_file_name_is_valid_json(self):
        name = os.fsencode(self.folder) + b'/\xff"\n\\.png'
        with open(name, "wb") as copy:
            copy.write(pathlib.Path(self.pictures[0]).read_bytes())
        self.assertEqual(len(self.run_json(name)), 1)

    def test_names_behind_double_dash(self):
        write_png(self.folder / "--json.png", 4, 4, bytes(48), 3)
        result = nnc("run", MODEL, "--json", "--", "--json.png", cwd=self.folder)
        self.assertEqual(objects(result)[0]["picture"], "--json.png")

    def test_backends_agree(self):
        names = ["auto", "native", "reference", "blas", "isa=generic"]
        chosen = [["--isa=generic"] if "=" in n else ["--backend", n] for n in names]
        results = [self.run_json(self.pictures[0], *c, "--logits")[0]["logits"]
                   for c in chosen]
        largest = max(abs(v) for v in results[0].values())
        for name, logits in zip(names, results):
            for path, logit in logits.items():
                self.assertAlmostEqual(logit, results[0][path], delta=1e-4 * largest, msg=name)

    # eval

    def records(self, which):
        """A file of records whose pixels are pictures of ours, labelled 0, 1, 2, ..."""
        path = self.folder / "records.bin"
        records = b""
        for label in which:
            pixels = self.pixels[label]
            records += bytes([0, label]) + pixels[0::3] + pixels[1::3] + pixels[2::3]
        path.write_bytes(records)
        return str(path)

    def eval_records(self, which, *arguments):
        """Evaluates those records."""
        result = nnc("eval", MODEL, "--cifar100", self.records(which), *arguments, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return objects(result)[0]

    def folders_with_right_answers(self, *arguments):
        """A folder in which every picture lies under what the model says it shows."""
        root = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for i, result in enumerate(self.run_json(*self.pictures, *arguments)):
            best = result["predictions"][0]
            place = root / (best["path"] if i % 2 else best["class"])
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{i}.png").write_bytes(pathlib.Path(self.pictures[i]).read_bytes())
        return root

    def test_eval_counts_as_run_does(self):
        labels = range(len(self.pixels))
        report = self.eval_records(labels)
        self.assertEqual(list(report), ["images", "top1", "top5", "superclass", "outside",
                                        "presence_auroc", "unknown_recall",
                                        "unknown_precision", "signal"])
        self.assertEqual(report["images"], len(self.pixels))
        self.assertEqual(list(report["superclass"]), self.inner)
        self.assertGreaterEqual(report["top5"], report["top1"])

    def test_eval_folders_by_name_and_path(self):
        root = self.folders_with_right_answers()
        (root / "no such class").mkdir()
        (root / "README").write_text("no folder")
        result = nnc("eval", MODEL, "--folder", str(root), "--json")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stderr.decode(), r"\Annc: warning: 1 folder [^\n]*\n\Z")
        report = objects(result)[0]
        self.assertEqual(report["images"], len(self.pictures))
        self.assertEqual((report["top1"], report["top5"]), (1, 1))
        for share in report["superclass"].values():
            self.assertIn(share, (None, 1))

    def test_eval_counts_active_classes_only(self):
        root = self.folders_with_right_answers("--cutout", self.inner[0])
        kept = objects(nnc("eval", MODEL, "--folder", str(root), "--cutout", self.inner[0],
                           "--json"))[0]
        self.assertEqual((kept["images"], kept["top1"]), (len(self.pictures), 1))
        self.assertEqual(kept["superclass"][self.inner[0]], 1)
        self.assertIsNone(kept["superclass"][self.inner[1]])
        self.assert_one_error_line(
            nnc("eval", MODEL, "--folder", str(root), "--cutout", self.inner[1], "--json"), 1)

    def test_eval_names_broken_pictures(self):
        root = self.folders_with_right_answers()
        next(root.glob("**/*.png")).write_bytes(b"nothing")
        result = nnc("eval", MODEL, "--folder", str(root), "--json")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(objects(result)[0]["images"], len(self.pictures) - 1)
        self.assertEqual(result.stderr.count(b"\n"), 1)

    # bench

    def test_bench(self):
        for cutout in ([], ["--cutout", self.inner[0]]):
            report = objects(nnc("bench", MODEL, "--runs", "5", "--threads", "1", *cutout,
                                 "--json"))[0]
            self.assertEqual(
                list(report),
                ["backend", "isa", "precision", "threads", "median_ms", "p10_ms", "p90_ms",
                 "load_ms", "first_ms", "switch_cold_us", "switch_cached_us", "arena_bytes",
                 "weight_bytes", "rss_bytes"])
            self.assertEqual(report.pop("precision"), "fp32")
            self.assertEqual(report["threads"], 1)
            self.assertLessEqual(report["p10_ms"], report["median_ms"])
            self.assertLessEqual(report["median_ms"], report["p90_ms"])
            self.assertEqual([report.pop("backend"), report.pop("isa")],
                             [self.info["backend"], self.info["isa"]])
            for field, value in report.items():
                self.assertGreater(value, 0, field)

    # extract

    def extract(self, cutout, name):
        path = self.folder / name
        result = nnc("extract", MODEL, "--cutout", cutout, "--out", str(path), "--json")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return objects(result)[0]

    def test_extract_says_what_it_wrote(self):
        cutout = self.inner[0]
        report = self.extract(cutout, "numbers.onnx")
        info = objects(nnc("info", MODEL, "--cutout", cutout, "--json"))[0]
        expert = objects(nnc("info", report["file"], "--json"))[0]
        self.assertEqual(report["bytes"], os.path.getsize(report["file"]))
        for unit in ("params", "macs"):
            self.assertEqual(report[unit], info[f"active_{unit}"])
            self.assertEqual(report[unit], expert[f"total_{unit}"])
            self.assertAlmostEqual(report[f"excluded_{unit}"],
                                   1 - report[unit] / info[f"total_{unit}"], places=8)
        self.assertEqual(report["classes"], sum(c["leaf"] for c in expert["categories"]))
        self.assertEqual(report["categories"], len(expert["categories"]))
        self.assertEqual([c["path"] for c in expert["categories"]],
                         [c["path"] for c in info["categories"] if c["active"]])

    def test_extract_computes_what_the_cutout_computes(self):
        for cutout in (self.inner[0], f"{self.inner[1]},{self.leaves[-1]}"):
            expert = self.extract(cutout, "same.onnx")["file"]
            attention = f"{self.inner[1]}=1.5" if "," in cutout else f"{self.inner[0]}=0.5"
            for more in ([], ["--attention", attention]):
                arguments = [*self.pictures, "--logits", "--json", *more]
                whole = objects(nnc("run", MODEL, *arguments, "--cutout", cutout))
                self.assertEqual(objects(nnc("run", expert, *arguments)), whole)

    def test_extract_names_its_origin(self):
        model = pathlib.Path(MODEL).read_bytes()
        expert = pathlib.Path(self.extract(self.leaves[0], "origin.onnx")["file"]).read_bytes()
        for text in (f'"model":"{pathlib.Path(MODEL).name}"', f'"bytes":{len(model)}',
                     f'"sha256":"{hashlib.sha256(model).hexdigest()}"',
                     f'"cutout":"{self.leaves[0]}"'):
            self.assertIn(text.encode(), expert)

    def test_extract_for_people(self):
        path = self.folder / "people.onnx"
        result = nnc("extract", MODEL, "--cutout", self.inner[0], f"-o={path}")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        for word in (str(path), "parameters", "MACs", "excluded", "classes", "bytes"):
            self.assertIn(word, result.stdout.decode())

    def test_extract_to_a_full_disk(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))

        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        path = folder / "expert.onnx"
        path.write_bytes(b"old")
        result = nnc("extract", MODEL, "--cutout", self.inner[0], "-o", str(path),
                     preexec_fn=limit)
        self.assert_one_error_line(result, 1)
        self.assertIn(b"cannot be written", result.stderr)
        self.assertEqual([p.read_bytes() for p in folder.iterdir()], [b"old"])

    def test_extract_leaves_the_model_alone(self):
        copy = self.folder / "copy.onnx"
        copy.write_bytes(pathlib.Path(MODEL).read_bytes())
        self.assert_one_error_line(
            nnc("extract", str(copy), "--cutout", self.inner[0], "-o", str(copy)), 1)
        self.assertEqual(copy.read_bytes(), pathlib.Path(MODEL).read_bytes())

    # quantize

    def quantize(self, name, *more):
        path = self.folder / name
        result = nnc("quantize", MODEL, "--calibrate", self.records(range(6)), "--out",
                     str(path), "--json", *more)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return objects(result)[0]

    def test_quantize_says_what_it_wrote(self):
        report = self.quantize("numbers8.onnx", "--pictures", "4")
        info = objects(nnc("info", report["file"], "--json", "--precision", "int8",
                           "--backend", "reference"))[0]
        self.assertEqual(report["bytes"], os.path.getsize(report["file"]))
        self.assertLess(report["bytes"], os.path.getsize(MODEL) / 2)
        self.assertEqual((report["pictures"], info["precision"]), (4, "int8"))
        for unit in ("params", "macs"):
            self.assertEqual(report[unit], self.info[f"total_{unit}"])
            self.assertEqual(report[unit], info[f"total_{unit}"])
        self.assertEqual(info["categories"], self.info["categories"])

    def test_quantize_computes_nearly_the_same(self):
        path = self.quantize("near8.onnx")["file"]
        arguments = ["--logits", "--json", "--backend", "reference", self.pictures[0]]
        wanted = objects(nnc("run", MODEL, *arguments))[0]["logits"]
        for precision in ("fp32", "int8"):
            got = objects(nnc("run", path, *arguments, "--precision", precision))[0]["logits"]
            values = wanted.values() if isinstance(wanted, dict) else wanted
            found = got.values() if isinstance(got, dict) else got
            off = max(abs(a - b) for a, b in zip(values, found))
            self.assertLess(off, 0.2 * max(map(abs, values)), precision)

    def test_a_refusal_says_what_to_do(self):
        result = nnc("info", MODEL, "--precision", "int8", "--backend", "reference")
        self.assertIn(b"nnc quantize MODEL --calibrate DATA -o OUT.onnx", result.stderr)

    def test_quantize_for_people(self):
        result = nnc("quantize", MODEL, "--calibrate", self.records(range(3)),
                     f"-o={self.folder / 'people8.onnx'}")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        for word in ("people8.onnx", "multiply bytes", "stay float", "pictures", "bytes"):
            self.assertIn(word, result.stdout.decode())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
