#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The small programs of pipelines/ do what the README says of them, and the README, the demo
and its table name categories that the demo's model has.

    test_programs.py NNC SWITCH_TASK MODEL DEMO_MODEL PLUGIN_DIR TYPELIB_DIR
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import unittest

NNC, SWITCH_TASK, MODEL, DEMO_MODEL, PLUGIN_DIR, TYPELIB_DIR = map(os.path.abspath,
                                                                   sys.argv[1:7])
ROOT = pathlib.Path(__file__).resolve().parents[2]
PIPELINES = ROOT / "pipelines"
ENVIRONMENT = dict(os.environ, GST_PLUGIN_PATH=PLUGIN_DIR, GI_TYPELIB_PATH=TYPELIB_DIR,
                   LD_LIBRARY_PATH=TYPELIB_DIR, PYTHONUNBUFFERED="1",
                   GST_REGISTRY=os.path.join(PLUGIN_DIR, "programs-registry.bin"))
PLAIN_MODEL = ROOT / "tests" / "golden" / "ops" / "nested_depth_2.onnx"  # never unknown
DEADLINE = 90  # seconds
SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's python3-gi belongs to


def tasks_and_paths(output):
    """Pairs of (task id, path) of the lines that describe frames."""
    return [(int(task), path) for task, path in
            re.findall(r"^task (\d+): ([^\s,]+)", output, re.M)]


def categories_of(model):
    """What `nnc info` says of each category."""
    result = subprocess.run([NNC, "info", model, "--json"], check=True, capture_output=True)
    return json.loads(result.stdout)["categories"]


def documented_tasks():
    """(where, cutout or the categories of an attention) in the README and the demo."""
    readme = (ROOT / "README.md").read_text()
    for text in re.findall(r"\bcutout=([^\s`]+)|--cutout ([^\s`\]]+)`", readme):
        yield "README.md", "".join(text).rstrip(",;")  # the next field of a structure follows
    for text in re.findall(r"`attention=([^`]+)`", readme):
        yield "README.md", re.sub(r"=[0-9.]+", "", text)
    demo = (PIPELINES / "demo.c").read_text()
    for text in re.findall(r'^#define (?:ANIMALS|FRUIT) "(.+)"', demo, re.M):
        yield "demo.c", text
    for text in re.findall(r"^#define EXPECT_\w+ +\\\n((?: .*\n)+)", demo, re.M):
        yield "demo.c", ",".join(re.findall(r"(\w+)=[0-9.]+", text))


def has_gi():
    probe = "import gi; gi.require_version('GstNnc', '1.0'); from gi.repository import GstNnc"
    return subprocess.run([SYSTEM_PYTHON, "-c", probe], env=ENVIRONMENT,
                          capture_output=True).returncode == 0


@unittest.skipUnless(os.path.exists(DEMO_MODEL), f"there is no {DEMO_MODEL}")
class Documented(unittest.TestCase):
    def test_stamps_name_classes_of_the_model(self):
        classes = {c["path"] for c in categories_of(DEMO_MODEL) if c["leaf"]}
        rows = [line.split("\t") for line in (PIPELINES / "stamps.tsv").read_text().splitlines()
                if line and not line.startswith("#")]
        self.assertGreater(len(rows), 30)
        for row in rows:
            self.assertEqual(len(row), 2, row)
            self.assertIn(row[1], classes)
        self.assertEqual(len({row[0] for row in rows}), len(rows))

    def test_documented_tasks_are_understood(self):
        tasks = list(documented_tasks())
        self.assertGreater(sum(where == "README.md" for where, _ in tasks), 5)
        self.assertEqual(sum(where == "demo.c" for where, _ in tasks), 3)
        for where, text in tasks:
            with self.subTest(where, text=text):
                result = subprocess.run([NNC, "info", DEMO_MODEL, "--cutout", text],
                                        capture_output=True)
                self.assertEqual((result.returncode, result.stderr), (0, b""))


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.category = next(c["path"] for c in categories_of(MODEL) if not c["leaf"])

    def start(self, *command):
        """A program that plays; it is killed if the test takes too long."""
        self.said = ""  # by it so far, the last line first
        program = subprocess.Popen(command, text=True, env=ENVIRONMENT, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        timer = threading.Timer(DEADLINE, program.kill)
        timer.start()
        self.addCleanup(timer.cancel)
        return program

    def read_until(self, program, wanted):
        """Reads what frames are said to show until `wanted(task, path)` holds; all of it."""
        seen = []
        while not seen or not wanted(*seen[-1]):
            self.said = self.line_of(program.stdout) + self.said
            seen += tasks_and_paths(self.said.partition("\n")[0])
        return seen

    def line_of(self, stream):
        line = stream.readline()
        self.assertTrue(line, "the program ended, or was killed after its time")
        return line

    def test_switch_task_in_c(self):
        program = self.start(SWITCH_TASK, MODEL, "test", "", self.category, "nosuchthing")
        first = self.read_until(program, lambda task, path: True)[0][0]
        for text in (self.category, "nosuchthing"):
            program.stdin.write("\n")
            program.stdin.flush()
            if text == self.category:
                seen = self.read_until(program, lambda task, path: task == first + 1)
        while "nosuchthing" not in self.line_of(program.stderr):
            pass
        seen += self.read_until(program, lambda task, path: task != first)
        output, _ = program.communicate()
        seen += tasks_and_paths(output)
        self.assertEqual(program.returncode, 0)
        self.assertEqual([task for task, _ in seen], sorted(task for task, _ in seen))
        self.assertEqual(seen[-1][0], first + 1, "a refused task must not count")
        self.assertTrue(all(path.startswith(f"{self.category}/")
                            for task, path in seen if task > first), seen)

    @unittest.skipUnless(has_gi(), "python3-gi or the typelib of GstNnc is missing")
    def test_switch_task_in_python(self):
        program = self.start(SYSTEM_PYTHON, PIPELINES / "switch-task.py", MODEL, "test", "",
                             f"{self.category};{self.category}=1.5")
        first = self.read_until(program, lambda task, path: True)[0][0]
        seen = self.read_until(program, lambda task, path: task > first)
        self.assertTrue(seen[-1][1].startswith(f"{self.category}/"), seen[-1])
        self.assertIn("changed: ", self.said)
        program.send_signal(signal.SIGINT)
        program.communicate()

    @unittest.skipUnless(has_gi(), "python3-gi or the typelib of GstNnc is missing")
    def test_read_predictions(self):
        """Down to the best category, and back to everything after its frames."""
        program = self.start(SYSTEM_PYTHON, PIPELINES / "read_predictions.py", PLAIN_MODEL,
                             "test", "0")
        first = self.read_until(program, lambda task, path: True)[0][0]
        self.read_until(program, lambda task, path: task == first + 2)
        program.send_signal(signal.SIGINT)
        output, errors = program.communicate()
        seen = re.findall(r"^task (\d+): (\w+)/.*, cutout '(\w*)'$", self.said + output, re.M)
        by_task = {int(task): cutout for task, _, cutout in seen}
        self.assertEqual(by_task[first], "")
        self.assertIn(by_task[first + 1], ("a", "b"))
        self.assertEqual(by_task[first + 2], "")
        self.assertTrue(all(path == cutout for _, path, cutout in seen if cutout), seen)
        self.assertEqual((program.returncode, errors), (0, ""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
